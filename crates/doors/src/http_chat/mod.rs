//! HTTP long-poll chat (protocols/http-chat.md): rooms by key, numbered messages that one waits for, a page around them.

mod chat_page;
mod create;
mod identity;
mod index;
pub mod pages;
mod poll;
mod send;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use parlor_core::ids::{Number, RoomKey};
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Refusal};
use parlor_wire::http_chat::parse_number;

use crate::http::pages::CONTENT_SECURITY_POLICY;
use crate::http::{Answer, Face, Http, assets};

/// A message's number in an answer's head.
const CHAT_NUMBER: HeaderName = HeaderName::from_static("chat-number");

/// The routes of this door.
pub fn routes(http: Arc<Http>) -> Router {
    let mut routes = Router::new()
        .route("/", get(index::show))
        .route("/chat_create", get(create::by_link).post(create::by_form).head(create::only_get_or_post))
        .route("/chat/{room}", get(chat_page::show))
        .route("/msg/{room}/{number}", get(poll::message))
        .route("/send/{room}", post(send::message))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready));
    for asset in assets::ASSETS {
        routes = routes.route(asset.path, get(move |request: Parts| async move { send_asset(asset, &request) }));
    }
    routes.with_state(http)
}

/// Whether posts are taken: `200`, or `503` with the reason, whatever a post itself would be told.
async fn ready(State(http): State<Arc<Http>>, request: Parts) -> Response {
    match http.chat.ready().await {
        Ok(()) => Response::new("ready\n".into()),
        Err(fault) => {
            let answer = http.refuse(fault.into());
            Answer { status: StatusCode::SERVICE_UNAVAILABLE, ..answer }.render(Face::of(&request.headers), None)
        }
    }
}

fn send_asset(asset: &'static assets::Asset, request: &Parts) -> Response {
    let etag = asset.etag();
    let known = request.headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = Response::new(if known { Body::empty() } else { asset.bytes.into() });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(asset.cache_control(request.uri.query())));
    // An entity tag is hex in quotes.
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    response
}

/// A page with its policy.
fn page(html: Result<String, askama::Error>) -> Result<Response, Answer> {
    let html = html.map_err(|error| parlor_core::Fault::Internal(format!("a page could not be rendered: {error}")));
    let html = html.map_err(|fault| crate::http::refuse(fault.into(), || "page".into()))?;
    let mut response = Response::new(html.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, crate::http::NO_STORE);
    headers.insert("content-security-policy", HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    Ok(response)
}

/// The path's parts after the first, as they came: nothing here needs an escape, so one form of each address is enough.
fn parts(request: &Parts) -> (&str, &str) {
    let mut parts = request.uri.path().split('/').skip(2);
    (parts.next().unwrap_or(""), parts.next().unwrap_or(""))
}

/// The room with this key.
async fn room(http: &Http, actor: &Actor, key: &str) -> Result<Arc<RoomLog>, Answer> {
    let key = RoomKey::parse(key).ok_or(Refusal::NotFound).map_err(|refusal| http.refuse(refusal.into()))?;
    http.chat.find(actor, RoomRef::Key(key)).await.map_err(|error| http.refuse(error))
}

/// A message number in an address.
fn number(text: &str) -> Result<Number, Answer> {
    let bad = |error: parlor_wire::http_chat::NumberError| {
        Answer::new(StatusCode::BAD_REQUEST, "bad_number", error.to_string())
    };
    parse_number(text).map(Number).map_err(bad)
}

/// The value of a parameter in an address; an empty one counts as none.
fn parameter(query: Option<&str>, name: &str) -> Result<Option<String>, Answer> {
    let fields = parlor_wire::http_chat::FormFields::parse(query.unwrap_or("").as_bytes());
    let fields = fields.map_err(|error| Answer::new(StatusCode::BAD_REQUEST, "bad_query", error.to_string()))?;
    Ok(fields.get(name).filter(|value| !value.is_empty()).map(str::to_owned))
}
