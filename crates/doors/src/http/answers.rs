//! Refusals and faults in HTTP's words: as a page, as a problem document, or as a plain sentence, by what the client accepts.

use askama::Template;
use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY as POLICY, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use parlor_core::refusal::What;
use parlor_core::{Error, Fault, Refusal};

use super::pages::{CONTENT_SECURITY_POLICY, ErrorPage};

/// The value of `Cache-Control` for whatever may be different the next time, or for somebody else.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Anything but yes.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable code for programs.
    pub code: &'static str,
    /// A sentence for people, without a full stop: what happened.
    pub happened: String,
    /// A sentence for people, without a full stop: what to do; may be empty.
    pub advice: &'static str,
    /// Headers that belong to it.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The address by which somebody logs in whom that might help.
    pub log_in: Option<String>,
}

/// What a client wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// A page, for a browser.
    Html,
    /// JSON, for a program.
    Json,
    /// Text, for `curl` and everything else.
    Plain,
}

impl Face {
    /// By the `Accept` header; of what it names, a page is preferred, then JSON.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Face {
        let accepted = || {
            headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
        };
        let accepts = |wanted: &str| {
            accepted().any(|part| part.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted))
        };
        if accepts("text/html") {
            Face::Html
        } else if accepts("application/json") || accepts("application/problem+json") {
            Face::Json
        } else {
            Face::Plain
        }
    }
}

impl Answer {
    /// An answer with a status, a code and a sentence.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, happened: impl Into<String>) -> Answer {
        Answer { status, code, happened: happened.into(), advice: "", headers: vec![], log_in: None }
    }

    /// The server stops, and will be back.
    #[must_use]
    pub fn restarting() -> Answer {
        Answer::new(StatusCode::SERVICE_UNAVAILABLE, "restarting", "the server is restarting")
            .advising("ask again in a moment")
            .with(RETRY_AFTER, 1)
    }

    /// Says what to do.
    #[must_use]
    pub fn advising(self, advice: &'static str) -> Answer {
        Answer { advice, ..self }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// Writes it down for a client. `back` is where a person could go from the page.
    #[must_use]
    pub fn render(self, face: Face, back: Option<&str>) -> Response {
        let (content_type, body) = match face {
            Face::Html => ("text/html; charset=utf-8", self.page(back)),
            Face::Json => ("application/problem+json", self.problem()),
            Face::Plain if self.advice.is_empty() => ("text/plain; charset=utf-8", format!("{}\n", self.happened)),
            Face::Plain => ("text/plain; charset=utf-8", format!("{}; {}\n", self.happened, self.advice)),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, NO_STORE);
        if face == Face::Html {
            headers.insert(POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
        }
        headers.extend(self.headers);
        response
    }

    fn page(&self, back: Option<&str>) -> String {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let advice = if self.advice.is_empty() { "Go back and try something else" } else { self.advice };
        let page = ErrorPage {
            status: self.status.as_u16(),
            title,
            happened: &sentence(&self.happened),
            advice: &sentence(advice),
            back,
            log_in: self.log_in.as_deref(),
        };
        // Rendering plain text into a fixed page fails only if formatting into a String does, which it can't.
        page.render().unwrap_or_else(|_| self.happened.clone())
    }

    /// RFC 9457.
    fn problem(&self) -> String {
        let title = self.status.canonical_reason().unwrap_or("Error");
        serde_json::json!({ "title": title, "status": self.status.as_u16(), "code": self.code, "detail": self.happened, "advice": self.advice })
            .to_string()
    }
}

/// Begins with a capital and ends with a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// What core refused or failed at, in HTTP's words. `id` names a fault in the log and in the answer.
#[must_use]
pub fn refuse(error: Error, id: impl FnOnce() -> String) -> Answer {
    match error {
        Error::Refused(refusal) => refused(&refusal),
        Error::Failed(fault) => failed(&fault, &id()),
    }
}

fn refused(refusal: &Refusal) -> Answer {
    let status = match refusal {
        Refusal::NotFound | Refusal::NoSuchMessage | Refusal::NoSuchPerson | Refusal::Unknown(_) => {
            StatusCode::NOT_FOUND
        }
        Refusal::RoomClosed | Refusal::Deleted => StatusCode::GONE,
        Refusal::Forbidden | Refusal::WrongAnswer | Refusal::WrongServerPassword => StatusCode::FORBIDDEN,
        Refusal::BadLogin | Refusal::NotLoggedIn => StatusCode::UNAUTHORIZED,
        Refusal::TooLong { what: What::Message, .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Empty(_)
        | Refusal::TooLong { .. }
        | Refusal::BadCharacter { .. }
        | Refusal::BadEncoding { .. }
        | Refusal::BadName(_)
        | Refusal::BadPassword
        | Refusal::NoPassword
        | Refusal::BadCursor
        | Refusal::BadQuery(_)
        | Refusal::BadTimeZone
        | Refusal::ToOneself => StatusCode::BAD_REQUEST,
        Refusal::NameTaken
        | Refusal::NumberTaken
        | Refusal::LoggedIn
        | Refusal::Away
        | Refusal::AlreadyHere
        | Refusal::NotHere
        | Refusal::AlreadyMember
        | Refusal::LastOwner
        | Refusal::KeyConflict
        | Refusal::Reset { .. } => StatusCode::CONFLICT,
        Refusal::TooFast { .. } | Refusal::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
    };
    let answer = Answer::new(status, refusal.code(), refusal.to_string());
    match refusal {
        Refusal::TooFast { retry_after } => answer.with(RETRY_AFTER, retry_after.as_secs_f64().ceil().max(1.0) as u64),
        Refusal::TooMany { .. } => answer.with(RETRY_AFTER, 5).advising("close one of them, or wait"),
        Refusal::NotFound => answer.advising("check the address, or make a room of your own"),
        _ => answer,
    }
}

fn failed(fault: &Fault, id: &str) -> Answer {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    match fault {
        Fault::DiskFull => {
            Answer::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", "the server's disk is full: nothing was stored")
                .advising("try again later; reading still works")
                .with(RETRY_AFTER, 5)
        }
        Fault::Unavailable(_) => Answer::new(
            unavailable,
            "store_unavailable",
            "the server can't store anything right now: nothing was stored",
        )
        .advising("try again in a moment")
        .with(RETRY_AFTER, 1),
        Fault::OutcomeUnknown(_) => {
            Answer::new(unavailable, "outcome_unknown", "the server does not know whether this was stored")
                .advising("repeat it with the same Idempotency-Key and cookie, which is always safe")
                .with(RETRY_AFTER, 1)
        }
        Fault::Corrupt(_) | Fault::Internal(_) => {
            tracing::error!(%fault, id, "a request failed");
            let code = if matches!(fault, Fault::Corrupt(_)) { "store_corrupt" } else { "internal" };
            Answer::new(StatusCode::INTERNAL_SERVER_ERROR, code, format!("something is wrong at the server ({id})"))
                .advising("tell whoever runs it, with the number in brackets")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(accept: &str) -> Face {
        Face::of(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn a_browser_gets_a_page_and_a_program_what_it_asks_for() {
        assert_eq!(face("text/html,application/xhtml+xml,*/*;q=0.8"), Face::Html);
        assert_eq!(face("application/json"), Face::Json);
        assert_eq!(face("application/JSON; q=1"), Face::Json);
        assert_eq!(face("*/*"), Face::Plain);
        assert_eq!(Face::of(&HeaderMap::new()), Face::Plain);
    }

    #[test]
    fn a_page_escapes_what_it_quotes() {
        let answer = Answer::new(StatusCode::BAD_REQUEST, "x", "<script>alert(1)</script>");
        assert!(!answer.page(None).contains("<script>alert"));
    }
}
