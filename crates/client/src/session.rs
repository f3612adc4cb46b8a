//! One client's dealings with one server: requests, cookies, and what answers mean in general.

use std::collections::BTreeMap;
use std::time::Duration;

use parlor_wire::http_chat::{CHAT_NUMBER, is_key};
use ureq::http::{HeaderMap, Method, Request, Uri};
use ureq::{Agent, AsSendBody};

use crate::room::RoomAddress;
use crate::{ClientError, shown};

const CONNECT_SECONDS_MAX: u64 = 5;
/// From the sent request to the head of its answer, besides what a poll waits on purpose.
const ANSWER_SECONDS_MAX: u64 = 30;
/// An answer's body; the longest message and its JSON are far below.
const BODY_BYTES_MAX: u64 = 1 << 20;
/// A refusal's sentence is cut here before it is shown.
const REASON_CHARACTERS_MAX: usize = 300;

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// No answer came: refused, cut, or not in time. It is unknown whether the request was heard.
#[derive(Debug)]
pub(crate) struct NoAnswer(pub(crate) String);

pub(crate) struct Session {
    agent: Agent,
    pub(crate) server: String,
    /// The server gives `client` once for each path with the same value, so name alone is enough.
    cookies: BTreeMap<String, String>,
}

impl Session {
    pub(crate) fn new(server: &str) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // The answer of a named room's page is a redirect that we want to read.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(CONNECT_SECONDS_MAX)))
            .user_agent(concat!("parlor/", env!("CARGO_PKG_VERSION")));
        if is_loopback(server) {
            // A proxy cannot reach this machine's own loopback for us.
            config = config.proxy(None);
        }
        Self { agent: config.build().into(), server: server.to_owned(), cookies: BTreeMap::new() }
    }

    pub(crate) fn get(&mut self, path: &str, accept: &str, hang_seconds: u64) -> Result<Answer, NoAnswer> {
        self.request(Method::GET, path, &[("accept", accept)], (), hang_seconds)
    }

    pub(crate) fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer, NoAnswer> {
        self.request(Method::POST, path, headers, body, 0)
    }

    /// Opens a room's page: finds the key of a named room, makes us somebody (the server gives
    /// the cookies by which a repeated post is recognised), and tells the newest number.
    pub(crate) fn enter(&mut self, address: &RoomAddress) -> Result<Entered, NoAnswer> {
        let answer = self.head(&address.room)?;
        if address.is_key() || answer.status != 303 {
            return Ok(Entered { key: address.room.clone(), answer });
        }
        let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
        let key = location.and_then(|location| location.rsplit('/').next()).filter(|key| is_key(key));
        match key.map(str::to_owned) {
            Some(key) => Ok(Entered { answer: self.head(&key)?, key }),
            None => Ok(Entered { key: address.room.clone(), answer }),
        }
    }

    fn head(&mut self, room: &str) -> Result<Answer, NoAnswer> {
        self.request(Method::HEAD, &format!("/chat/{room}"), &[], (), 0)
    }

    fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsSendBody,
        hang_seconds: u64,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        let request = request.body(body).map_err(|error| NoAnswer(error.to_string()))?;
        let patience = Duration::from_secs(ANSWER_SECONDS_MAX + hang_seconds);
        let request = self.agent.configure_request(request).timeout_per_call(Some(patience)).build();
        let mut response = self.agent.run(request).map_err(no_answer)?;
        // A body that breaks off is no answer either: the connection died under it.
        let body = response.body_mut().with_config().limit(BODY_BYTES_MAX).lossy_utf8(true).read_to_string();
        let (head, _) = response.into_parts();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, body: body.map_err(no_answer)? };
        self.keep_cookies(&answer.headers);
        Ok(answer)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }

    pub(crate) fn unreachable(&self, reason: String) -> ClientError {
        ClientError::Unreachable { server: self.server.clone(), reason }
    }

    pub(crate) fn not_parlor(&self, reason: impl Into<String>) -> ClientError {
        ClientError::NotParlor { server: self.server.clone(), reason: reason.into() }
    }

    /// The error for an answer that is a final no.
    pub(crate) fn refused(&self, answer: &Answer) -> ClientError {
        ClientError::Refused { server: self.server.clone(), reason: answer.reason() }
    }
}

/// What [`Session::enter`] found.
pub(crate) struct Entered {
    pub(crate) key: String,
    pub(crate) answer: Answer,
}

impl Answer {
    /// The number in `Chat-Number`, if the answer has one that fits.
    pub(crate) fn chat_number(&self) -> Option<u64> {
        self.headers.get(CHAT_NUMBER)?.to_str().ok()?.parse().ok()
    }

    /// What the server asks us to wait, in whole seconds; the form with a date is not used here.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get("retry-after")?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// Whether the same request may well be answered later: too fast, or not now.
    pub(crate) fn asks_for_patience(&self) -> bool {
        matches!(self.status, 429 | 502 | 503 | 504)
    }

    /// The server's sentence, made safe to show.
    pub(crate) fn reason(&self) -> String {
        let text = self.body.trim();
        if text.is_empty() || text.starts_with('<') {
            return format!("status {}", self.status);
        }
        let start: String = text.chars().take(REASON_CHARACTERS_MAX).collect();
        shown::line(&start.replace('\n', " "))
    }
}

fn no_answer(error: ureq::Error) -> NoAnswer {
    NoAnswer(match error {
        // What the TLS library makes of a server that answers in plain text; it has no kind of error for that alone.
        ureq::Error::Io(error) if error.to_string().contains("InvalidContentType") => {
            "what answers there speaks no TLS; write http:// instead of https://".to_owned()
        }
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "there is no host of that name".to_owned(),
        other => other.to_string(),
    })
}

fn is_loopback(server: &str) -> bool {
    let host = server.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
