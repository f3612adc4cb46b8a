//! What all HTML pages share: their policy, and the page that says no.

use askama::Template;

/// The value of `Content-Security-Policy` on every page. The pages have no inline script and no
/// inline style, so that text which slips through escaping still cannot run.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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
}
