//! What all HTML pages share: their policy, and the page that says no.

use askama::Template;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;

use super::answers::{Answer, NO_STORE, refuse};

/// The value of `Content-Security-Policy` on every page. The pages have no inline script and no
/// inline style, so that text which slips through escaping still cannot run.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page with its policy.
///
/// # Errors
/// It could not be rendered, which is a fault of ours.
pub fn page(html: Result<String, askama::Error>) -> Result<Response, Answer> {
    let html = html.map_err(|error| parlor_core::Fault::Internal(format!("a page could not be rendered: {error}")));
    let html = html.map_err(|fault| refuse(fault.into(), || "page".into()))?;
    let mut response = Response::new(html.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert("content-security-policy", HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    Ok(response)
}

/// An answer that is not what was asked for, as a page.
#[derive(Template)]
#[template(path = "http/error.html")]
pub struct ErrorPage<'a> {
    /// The HTTP status.
    pub status: u16,
    /// A few words: `No such room`.
    pub title: &'a str,
    /// One sentence: what happened.
    pub happened: &'a str,
    /// One sentence: what to do.
    pub advice: &'a str,
    /// The address of the room that the person came from, if there is one to go back to.
    pub back: Option<&'a str>,
    /// The address by which somebody logs in whom that might help.
    pub log_in: Option<&'a str>,
}
