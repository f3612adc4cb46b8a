//! HTTP long-poll chat (protocols/http-chat.md): rooms by key, numbered messages that one waits for, a page around them.

pub mod assets;
mod chat_page;
mod create;
mod identity;
mod index;
pub mod pages;
mod poll;
mod send;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use axum::routing::{get, post};
use parlor_core::ids::{Number, RoomKey};
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Refusal};
use parlor_wire::http_chat::parse_number;

use crate::http::{Answer, Face, Http};

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
        routes =
            routes.route(asset.path, get(move |request: Parts| async move { send_asset(asset, request.uri.query()) }));
    }
    routes.with_state(http)
}

/// Whether posts are taken: `200`, or `503` with the reason.
async fn ready(State(http): State<Arc<Http>>, request: Parts) -> Response {
    match http.chat.ready().await {
        Ok(()) => Response::new("ready\n".into()),
        Err(fault) => http.refuse(fault.into()).render(Face::of(&request.headers), None),
    }
}

fn send_asset(asset: &'static assets::Asset, query: Option<&str>) -> Response {
    let mut response = Response::new(asset.bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(asset.cache_control(query)));
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
    headers.insert("content-security-policy", HeaderValue::from_static(pages::CONTENT_SECURITY_POLICY));
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
        Answer::new(axum::http::StatusCode::BAD_REQUEST, "bad_number", error.to_string())
    };
    parse_number(text).map(Number).map_err(bad)
}

/// The value of a parameter in an address; an empty one counts as none.
fn parameter(query: Option<&str>, name: &str) -> Result<Option<String>, Answer> {
    let fields = parlor_wire::http_chat::FormFields::parse(query.unwrap_or("").as_bytes());
    let fields =
        fields.map_err(|error| Answer::new(axum::http::StatusCode::BAD_REQUEST, "bad_query", error.to_string()))?;
    Ok(fields.get(name).filter(|value| !value.is_empty()).map(str::to_owned))
}
