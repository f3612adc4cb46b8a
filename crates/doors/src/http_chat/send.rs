//! `POST /send/KEY`: says something; `200` when it is durable.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use parlor_core::ids::MessageKey;
use parlor_core::refusal::{Refusal, What};
use parlor_core::sequencer::PostOptions;
use parlor_core::slot::Source;
use parlor_core::text::DisplayName;
use parlor_wire::http_chat::{FIELDS_MAX, FormError, SendBody};

use super::people::People;
use super::visitor::Visitor;
use super::{CHAT_NUMBER, create, parts};
use crate::http::{Answer, Caller, Face, Http, NO_STORE, WholeBody};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CHAT_DUPLICATE: HeaderName = HeaderName::from_static("chat-duplicate");

/// What a request says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    text: Vec<u8>,
    nick: Option<Vec<u8>>,
    /// The idempotency key of the page's form, for browsers without JavaScript.
    once: Option<String>,
    /// That form wants to see the room again, not an empty page.
    wants_page: bool,
}

pub(super) async fn message(
    State(http): State<Arc<Http>>,
    State(people): State<Arc<People>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let back = format!("/chat/{}", parts(&request).0);
    let face = Face::of(&request.headers);
    let answered = Box::pin(answer(&http, &people, caller, &request)).await;
    answered.unwrap_or_else(|answer| answer.render(face, Some(&back)))
}

async fn answer(http: &Http, people: &People, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let headers = &request.headers;
    let visitor = Visitor::acting(http, headers).await?;
    let cookies = &visitor.cookies;
    let log = super::room(http, &visitor.actor(caller), parts(request).0).await?;
    let body = request.extensions.get::<WholeBody>().map(|body| body.0.clone()).unwrap_or_default();
    let said = read(headers.get(CONTENT_TYPE), body).await?;
    let options = PostOptions {
        key: key(headers, &said)?,
        nick: nick(http, &said)?,
        fallback_nick: cookies.nickname.clone(),
        reply_to: None,
        newcomer: visitor.is_new(),
        source: cookies.connection.map(|connection| Source { connection, tag: 0, door: "http-chat" }),
    };
    let somebody = visitor.somebody(http, caller).await?;
    let posted = http.chat.post(&somebody.actor, &log, &said.text, options).await;
    let posted = posted.map_err(|error| super::refuse(http, &log, error))?;
    let number = posted.slot.event().number;
    if !posted.duplicate {
        people.named(&http.chat, &somebody.actor, &log, cookies, &posted.slot.event().name);
    }
    let mut response =
        if said.wants_page { create::see_other(&format!("/chat/{}", log.key())) } else { Response::default() };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(CHAT_NUMBER, HeaderValue::from(number.0));
    if posted.duplicate {
        headers.insert(CHAT_DUPLICATE, HeaderValue::from_static("true"));
    }
    somebody.welcome(http, headers, caller);
    Ok(response)
}

fn bad(code: &'static str, sentence: impl Into<String>) -> Answer {
    Answer::new(StatusCode::BAD_REQUEST, code, sentence)
}

fn nick(http: &Http, said: &Said) -> Result<Option<DisplayName>, Answer> {
    let given = said.nick.as_deref().filter(|nick| !nick.trim_ascii().is_empty());
    given.map(DisplayName::new).transpose().map_err(|refusal| http.refuse(refusal.into()))
}

fn key(headers: &HeaderMap, said: &Said) -> Result<Option<MessageKey>, Answer> {
    let rule = || bad("bad_key", "an Idempotency-Key is 1 to 64 characters of A-Z, a-z, 0-9 and . _ ~ -");
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let text = match (values.next(), values.next()) {
        (Some(_), Some(_)) => return Err(bad("bad_key", "there are two Idempotency-Key headers")),
        (Some(value), None) => Some(value.to_str().map_err(|_| rule())?),
        (None, _) => said.once.as_deref(),
    };
    text.map(|text| MessageKey::parse(text).ok_or_else(rule)).transpose()
}

/// Reads a body by its type.
async fn read(content_type: Option<&HeaderValue>, body: Bytes) -> Result<Said, Answer> {
    let Some(content_type) = content_type else { return Ok(Said { text: body.to_vec(), ..Said::default() }) };
    let unsupported = || {
        Answer::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", "a message is text/plain or a form")
            .advising("send it as text/plain; charset=utf-8")
    };
    let content_type = content_type.to_str().map_err(|_| unsupported())?;
    let kind: mime::Mime = content_type.parse().map_err(|_| unsupported())?;
    match (kind.type_(), kind.subtype()) {
        (mime::TEXT, mime::PLAIN) if kind.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8) => {
            Ok(Said { text: body.to_vec(), ..Said::default() })
        }
        (mime::APPLICATION, mime::WWW_FORM_URLENCODED) => urlencoded(&body),
        (mime::MULTIPART, mime::FORM_DATA) => multipart(content_type, body).await,
        _ => Err(unsupported()),
    }
}

fn urlencoded(body: &[u8]) -> Result<Said, Answer> {
    let fields = match SendBody::parse(body) {
        Ok(SendBody::Message(text)) => return Ok(Said { text: text.into(), ..Said::default() }),
        Ok(SendBody::Form(fields)) => fields,
        Err(FormError::NotUtf8 { offset }) => {
            return Err(bad("bad_encoding", format!("bad_encoding: the form is not UTF-8, at byte {offset}")));
        }
        Err(error) => return Err(bad("bad_form", error.to_string())),
    };
    said(|name| fields.get(name).map(|value| value.as_bytes().to_vec()))
}

async fn multipart(content_type: &str, body: Bytes) -> Result<Said, Answer> {
    let bad_form = |error: multer::Error| bad("bad_form", format!("the form can't be read: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(bad_form)?;
    // Some programs send a line break before the first boundary (protocols/chaton.md).
    let start = body.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let stream = BodyDataStream::new(Full::new(body.slice(start..)));
    let mut form = multer::Multipart::new(stream, boundary);
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    while let Some(field) = form.next_field().await.map_err(bad_form)? {
        let name = field.name().unwrap_or("").to_owned();
        if fields.len() == FIELDS_MAX {
            return Err(bad("bad_form", FormError::TooManyFields.to_string()));
        }
        if fields.iter().any(|(earlier, _)| *earlier == name) {
            return Err(bad("bad_form", FormError::DuplicateField { name }.to_string()));
        }
        fields.push((name, field.bytes().await.map_err(bad_form)?.to_vec()));
    }
    said(|name| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()))
}

/// The fields that mean something here.
fn said(field: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Said, Answer> {
    let Some(text) = field("text") else {
        return Err(
            bad("no_text", "the form has no field \"text\"").advising("put the message into a field of that name")
        );
    };
    let once = field("once").filter(|once| !once.is_empty());
    let once = once
        .map(String::from_utf8)
        .transpose()
        .map_err(|_| bad("bad_key", Refusal::BadEncoding { what: What::Message, at: 0 }.to_string()))?;
    Ok(Said { text, nick: field("nick"), once, wants_page: field("return").is_some_and(|value| value == b"1") })
}
