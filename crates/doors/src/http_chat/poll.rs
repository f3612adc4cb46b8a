//! `GET /msg/KEY/N`: a message by its number, as soon as there is one.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use parlor_core::event::{Body, Event};
use parlor_core::ids::Number;
use parlor_core::room_log::RoomLog;
use parlor_core::sessions::Grant;
use parlor_core::slot::Slot;
use parlor_core::{Actor, Error, Fault, Refusal};
use parlor_wire::http_chat::{EventTime, encode_ext_value, message_line};

use super::people::People;
use super::visitor::{self, Visitor};
use super::{CHAT_NUMBER, Door, number, parameter, parts};
use crate::accept::stopped;
use crate::http::{Answer, Answering, Caller, Face, Http, NO_STORE, Shortcut};
use crate::{formats, json};

const CHAT_AUTHOR: HeaderName = HeaderName::from_static("chat-author");
const CHAT_TIME: HeaderName = HeaderName::from_static("chat-time");

/// Answers `GET /msg/KEY/N` before the router looks.
pub(super) struct Polls {
    pub(super) http: Arc<Http>,
    pub(super) people: Arc<People>,
}

impl Shortcut for Polls {
    fn takes(&self, method: &Method, path: &str) -> bool {
        let Some(rest) = path.strip_prefix("/msg/").filter(|_| method == Method::GET) else { return false };
        let mut parts = rest.split('/');
        let (key, number, more) = (parts.next(), parts.next(), parts.next());
        key.is_some_and(|key| !key.is_empty()) && number.is_some_and(|number| !number.is_empty()) && more.is_none()
    }

    fn answer(&self, request: Parts) -> Answering {
        Box::pin(message(self.http.clone(), self.people.clone(), request))
    }
}

/// The same by the router, which knows of `HEAD` and of methods that are not allowed.
pub(super) async fn routed(State(door): State<Door>, request: Parts) -> Response {
    message(door.http, door.people, request).await
}

async fn message(http: Arc<Http>, people: Arc<People>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = match request.extensions.get::<Caller>() {
        Some(caller) => {
            let caller = *caller;
            answer(&http, &people, caller, face, request).await
        }
        None => Err(http.refuse(Fault::Internal("a request did not come by the front".into()).into())),
    };
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(http: &Http, people: &People, caller: Caller, face: Face, request: Parts) -> Result<Response, Answer> {
    let visitor = Visitor::acting(http, &request.headers).await?;
    let actor = visitor.actor(caller);
    let (key, wanted) = parts(&request);
    let log = super::room(http, &actor, key).await?;
    let wanted = number(wanted)?;
    let wait = wait(http, request.uri.query())?;
    // Ten thousand of these may hang: what is not needed any more goes first.
    drop(request);
    // Whoever asks is here, also when there is an answer at once.
    let here = people.attend(&http.chat, &actor, &log, &visitor).await;
    let _here = here.map_err(|error| super::refuse(http, &log, error))?;
    let Visitor { cookies, grant, .. } = visitor;
    drop(cookies);
    if log.head().number < wanted && !wait.is_zero() {
        let _hold = http.polls.hold(caller.origin).map_err(|refusal| http.refuse(refusal.into()))?;
        // Boxed, so that requests that need not hang don't carry its room.
        return Box::pin(hang(http, (&actor, grant.as_ref()), &log, wanted, wait, face)).await;
    }
    if log.head().number < wanted {
        return Ok(nothing_yet());
    }
    let found = http.chat.message(&actor, &log, wanted).await;
    found.map(|slot| show(&slot, &log, face)).map_err(|error| refuse(http, error, wanted))
}

/// Waits for the message, the end of patience, of the session, or of the server.
async fn hang(
    http: &Http,
    (actor, grant): (&Actor, Option<&Grant>),
    log: &Arc<RoomLog>,
    wanted: Number,
    wait: Duration,
    face: Face,
) -> Result<Response, Answer> {
    let mut stopping = http.stopping.clone();
    // Each arm only waits, so whichever is dropped has lost nothing.
    tokio::select! {
        biased;
        // First: what is said after the end is not told.
        () = visitor::ended(grant) => Err(visitor::logged_out()),
        found = http.chat.message(actor, log, wanted) => {
            found.map(|slot| show(&slot, log, face)).map_err(|error| refuse(http, error, wanted))
        }
        () = tokio::time::sleep(wait) => Ok(nothing_yet()),
        () = stopped(&mut stopping) => Err(Answer::restarting()),
    }
}

/// How long the client wants to wait: at most what the server allows.
pub(super) fn wait(http: &Http, query: Option<&str>) -> Result<Duration, Answer> {
    let longest = http.options.long_poll_timeout;
    let Some(text) = parameter(query, "wait")? else { return Ok(longest) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(Answer::new(StatusCode::BAD_REQUEST, "bad_wait", "wait is a number of seconds, in digits"));
    }
    // Digits that don't fit are a number all the same, and more than enough.
    Ok(text.parse().map_or(longest, |seconds| Duration::from_secs(seconds).min(longest)))
}

pub(super) fn nothing_yet() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// A deleted message keeps its number, by which the client goes on; without it, `410` means that the room is gone.
fn refuse(http: &Http, error: Error, wanted: Number) -> Answer {
    let deleted = error == Error::Refused(Refusal::Deleted);
    let answer = http.refuse(error);
    if deleted { answer.with(CHAT_NUMBER, wanted.0) } else { answer }
}

fn show(slot: &Slot, log: &RoomLog, face: Face) -> Response {
    let (content_type, body) = match face {
        Face::Json => {
            ("application/json", slot.encoded(formats::JSON, |event| Some(json::event(event, log.key()).into())))
        }
        _ => ("text/plain; charset=utf-8", slot.encoded(formats::LINE, line)),
    };
    let mut response = Response::new(body.cloned().unwrap_or_default().into());
    let headers = response.headers_mut();
    headers.reserve(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(CHAT_NUMBER, HeaderValue::from(slot.event().number.0));
    for (name, format, render) in
        [(CHAT_AUTHOR, formats::AUTHOR, author as fn(&Event) -> Option<Bytes>), (CHAT_TIME, formats::TIME, time)]
    {
        // Both are visible ASCII by their encoders, so they are always a header's value.
        if let Some(Ok(value)) = slot.encoded(format, render).map(|bytes| HeaderValue::from_maybe_shared(bytes.clone()))
        {
            headers.insert(name, value);
        }
    }
    response
}

fn line(event: &Event) -> Option<Bytes> {
    let Body::Message { text, .. } = &event.body else { return None };
    Some(message_line(&shown_name(event), text.as_str()).into())
}

fn author(event: &Event) -> Option<Bytes> {
    Some(encode_ext_value(&shown_name(event)).into_owned().into())
}

fn time(event: &Event) -> Option<Bytes> {
    Some(EventTime::from_unix_us(event.at.0).to_string().into())
}

/// A guest never passes for an account.
fn shown_name(event: &Event) -> String {
    format!("{}{}", if event.author.is_guest() { "~" } else { "" }, event.name.as_str())
}
