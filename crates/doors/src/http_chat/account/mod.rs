//! Accounts on pages: making one, logging in and out, what one may change of it, keeping what one wrote as a guest.

mod claim;
mod device;
mod log_in;
mod next;
pub(super) mod pages;
mod register;
mod settings;

use axum::Router;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use parlor_core::account::Account;
use parlor_core::refusal::What;
use parlor_core::{Error, Refusal};

use super::cookies;
use super::create::see_other;
use super::visitor::Visitor;
use super::{Door, account::next::query};
use crate::http::{Answer, Caller, Http};

/// The addresses of this part.
pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/login", get(log_in::ask).post(log_in::log_in))
        .route("/logout", post(log_in::log_out).get(|| to_page(next::HOME)))
        .route("/register", get(register::ask).post(register::register))
        .route("/setup/{token}", get(register::ask_operator).post(register::register_operator))
        .route("/account", get(settings::show))
        .route("/account/name", post(settings::name).get(|| to_page(SETTINGS)))
        .route("/account/password", post(settings::password).get(|| to_page(SETTINGS)))
        .route("/account/end", post(settings::end).get(|| to_page(SETTINGS)))
        .route("/account/claim", get(claim::ask).post(claim::claim))
}

const SETTINGS: &str = "/account";

/// The page whose form goes to an address that shows nothing itself: whoever loads that address again, after a form that was
/// not taken, is to see the page and not a riddle. Nothing is done by it.
pub(super) async fn to_page(path: &str) -> Response {
    see_other(path)
}

/// Who is logged in and looks at a page that is nobody else's.
///
/// # Errors
/// A way to the page that logs in, and from there back to this one.
pub(super) async fn member(http: &Http, caller: Caller, request: &Parts) -> Result<Visitor, Turned> {
    let visitor = Visitor::of(http, &request.headers).await?;
    if visitor.grant.is_some() {
        return Ok(visitor);
    }
    // Who sent a form would come back to an address that shows nothing.
    let back = if request.method == axum::http::Method::GET { request.uri.path() } else { next::HOME };
    let mut response = see_other(&format!("/login?next={}", query(back)));
    visitor.settle(response.headers_mut(), caller);
    Err(Turned::Elsewhere(Box::new(response)))
}

/// Why a page is not shown.
pub(super) enum Turned {
    /// Something else is.
    Elsewhere(Box<Response>),
    /// It was refused.
    Refused(Answer),
}

impl From<Answer> for Turned {
    fn from(answer: Answer) -> Turned {
        Turned::Refused(answer)
    }
}

impl Turned {
    /// What is answered.
    pub(super) fn render(self, face: crate::http::Face, back: Option<&str>) -> Response {
        match self {
            Turned::Elsewhere(response) => *response,
            Turned::Refused(answer) => answer.render(face, back),
        }
    }
}

/// What a page says beside its HTML: the status of a refusal, and the headers that belong to that.
pub(super) type Status = (StatusCode, HeaderMap);

/// Begins a session for who has proved to be this account, and leads on; past the question whose the words of the guest are
/// who wrote here before from the same browser.
async fn admit(
    http: &Http,
    caller: Caller,
    visitor: &Visitor,
    headers: &HeaderMap,
    account: &Account,
    next: &str,
) -> Result<Response, Answer> {
    let refuse = |error| http.refuse(error);
    let wrote = claim::guest_who_wrote(http, visitor).await?;
    let token = http.chat.begin_session(account, &device::label(headers)).await.map_err(refuse)?;
    // Whoever knew the old token, or put it into this browser, has nothing of the new log-in.
    if let Some(grant) = &visitor.grant {
        http.chat.end_session(grant).await.map_err(refuse)?;
    }
    let mut response = match &wrote {
        Some(_) => see_other(&format!("/account/claim?next={}", query(next))),
        None => see_other(next),
    };
    cookies::set_session(response.headers_mut(), &token, caller.secure);
    if wrote.is_none() {
        cookies::drop_guest(response.headers_mut(), caller.secure);
    }
    Ok(response)
}

/// What core refused, as a page with the form once more; `None`: it is nothing that another input would mend.
pub(super) fn asked_again(refusal: &Refusal) -> Option<Status> {
    let answer = crate::http::refuse(Error::Refused(refusal.clone()), String::new);
    let asks = answer.status.is_client_error() && answer.status != StatusCode::NOT_FOUND;
    asks.then(|| (answer.status, answer.headers.into_iter().collect()))
}

/// A page with the status of what was refused.
pub(super) fn refused(mut page: Response, (status, headers): Status) -> Response {
    *page.status_mut() = status;
    if let Some(after) = headers.get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::clone(after));
    }
    page
}

/// What is wrong with a handle or a display name, in a sentence, and with which of the two.
fn about_name(refusal: &Refusal) -> Option<(&'static str, String)> {
    let name = "name";
    Some(match refusal {
        Refusal::NameTaken => {
            (name, "This name is somebody's, or looks too much like one that is. Choose another.".into())
        }
        Refusal::BadName(rule) => (name, format!("This can't be a name: {rule}.")),
        Refusal::Empty(What::Name) => ("display", "Write a name, or leave it empty.".into()),
        Refusal::TooLong { what: What::Name, .. }
        | Refusal::BadCharacter { what: What::Name, .. }
        | Refusal::BadEncoding { what: What::Name, .. } => ("display", pages::sentence(refusal)),
        _ => return None,
    })
}
