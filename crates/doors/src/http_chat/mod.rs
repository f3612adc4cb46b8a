//! HTTP long-poll chat (protocols/http-chat.md): rooms by key, numbered messages that one waits for, a page around them.

mod account;
mod chat_page;
mod cookies;
mod create;
mod direct;
mod group;
mod here;
mod index;
mod last;
mod mine;
pub mod pages;
mod people;
mod poll;
mod question;
mod rooms;
mod seen;
mod send;
mod sidebar;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use parlor_core::ids::{Number, RoomKey};
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Error, Refusal};
use parlor_wire::http_chat::{FormFields, parse_number};

use self::here::Lists;
use self::last::LastTimes;
use self::mine::Belongings;
use self::people::People;
use self::poll::Polls;
use crate::http::pages::page;
use crate::http::{Answer, Face, Http, Routes, WholeBody, assets};

/// A message's number in an answer's head.
const CHAT_NUMBER: HeaderName = HeaderName::from_static("chat-number");

/// What the routes share.
#[derive(Clone)]
struct Door {
    http: Arc<Http>,
    people: Arc<People>,
    lists: Arc<Lists>,
    belongings: Arc<Belongings>,
    last_times: Arc<LastTimes>,
}

impl FromRef<Door> for Arc<Http> {
    fn from_ref(door: &Door) -> Arc<Http> {
        door.http.clone()
    }
}

impl FromRef<Door> for Arc<People> {
    fn from_ref(door: &Door) -> Arc<People> {
        door.people.clone()
    }
}

/// The routes of this door.
pub fn routes(http: Arc<Http>) -> Routes {
    let make_room = get(create::by_link).post(create::by_form).head(create::only_get_or_post);
    let make_room = make_room.fallback(create::only_get_or_post);
    let mut routes = Router::new()
        .route("/", get(index::show))
        .route("/chat_create", make_room)
        .route("/chat/{room}", get(chat_page::show))
        .route("/msg/{room}/{number}", get(poll::routed))
        .route("/send/{room}", post(send::message))
        .route("/here/{room}", get(here::show))
        .route("/answer/{room}", post(question::answer))
        .route("/direct", post(direct::open).get(|| account::to_page("/rooms")))
        .route("/rooms", get(rooms::show))
        .route("/seen/{room}", post(seen::mark))
        .merge(account::routes())
        .merge(group::routes())
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready));
    for asset in assets::ASSETS {
        routes = routes.route(asset.path, get(move |request: Parts| async move { send_asset(asset, &request) }));
    }
    let lists = Arc::new(Lists::new(&http.chat));
    let people = Arc::new(People::new());
    let belongings = Arc::new(Belongings::new());
    let last_times = Arc::new(LastTimes::new());
    let polls = Polls { http: http.clone(), people: people.clone() };
    Routes {
        router: routes.with_state(Door { http, people, lists, belongings, last_times }),
        shortcut: Some(Arc::new(polls)),
    }
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

/// The fields of a form that came as a body.
fn form(request: &Parts) -> Result<FormFields, Answer> {
    let body = request.extensions.get::<WholeBody>().map(|body| body.0.clone()).unwrap_or_default();
    FormFields::parse(&body).map_err(|error| Answer::new(StatusCode::BAD_REQUEST, "bad_form", error.to_string()))
}

/// What core refused in a room, in HTTP's words: whoever has not answered its question is told so.
fn refuse(http: &Http, log: &RoomLog, error: Error) -> Answer {
    if error == Error::Refused(Refusal::Forbidden) && log.room().gate().is_some() {
        let answer = Answer::new(StatusCode::FORBIDDEN, "question", "this room asks a question first");
        return answer.advising("open its page and answer it");
    }
    http.refuse(error)
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
    let fields = FormFields::parse(query.unwrap_or("").as_bytes());
    let fields = fields.map_err(|error| Answer::new(StatusCode::BAD_REQUEST, "bad_query", error.to_string()))?;
    Ok(fields.get(name).filter(|value| !value.is_empty()).map(str::to_owned))
}
