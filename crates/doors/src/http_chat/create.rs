//! `GET` and `POST /chat_create`: makes a room and leads to its page.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header::{ALLOW, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use parlor_core::chat::{Named, RoomPlan};
use parlor_wire::http_chat::FormFields;

use super::visitor::Visitor;
use crate::http::{Answer, Caller, Face, Http, WholeBody, check_same_site};

/// A link makes a room too, as old clients expect; but not a link on somebody else's page.
pub(super) async fn by_link(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let form = request.uri.query().unwrap_or("").as_bytes().to_vec();
    let answered = match check_same_site(&request.headers) {
        Ok(()) => create(&http, caller, &request, &form).await,
        Err(answer) => Err(answer),
    };
    answered.unwrap_or_else(|answer| answer.render(Face::of(&request.headers), None))
}

pub(super) async fn by_form(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let body = request.extensions.get::<WholeBody>().cloned();
    let form = body.map(|body| body.0).unwrap_or_default();
    let answered = create(&http, caller, &request, &form).await;
    answered.unwrap_or_else(|answer| answer.render(Face::of(&request.headers), None))
}

/// Who only asks what a `GET` would say shall not make a room by it.
pub(super) async fn only_get_or_post(headers: HeaderMap) -> Response {
    let sentence = "this address makes a room: use GET or POST";
    let answer = Answer::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", sentence);
    answer.with(ALLOW, HeaderValue::from_static("GET, POST")).render(Face::of(&headers), None)
}

async fn create(http: &Http, caller: Caller, request: &Parts, form: &[u8]) -> Result<Response, Answer> {
    let bad =
        |error: parlor_wire::http_chat::FormError| Answer::new(StatusCode::BAD_REQUEST, "bad_form", error.to_string());
    let fields = FormFields::parse(form).map_err(bad)?;
    let is_on = |name: &str| fields.get(name).is_some_and(|value| !matches!(value, "" | "0"));
    let listed = is_on("listed") || is_on("public");
    let actor = Visitor::acting(http, &request.headers).await?.actor(caller);
    let subject = fields.get("subject").unwrap_or("").as_bytes();
    let named = fields.get("name").filter(|name| !name.is_empty()).map_or(Named::No, Named::Asked);
    let plan = RoomPlan { subject, named, listed, members_only: is_on("members"), ..RoomPlan::default() };
    let room = http.chat.open_room(&actor, plan).await.map_err(|error| http.refuse(error))?;
    Ok(see_other(&format!("/chat/{}", room.key())))
}

/// `303`: the answer is at this path of ours.
pub(super) fn see_other(path: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(axum::http::header::CACHE_CONTROL, crate::http::NO_STORE);
    // Paths are made of keys and of what `account::next` lets through: always a header's value.
    if let Ok(value) = HeaderValue::try_from(path) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}
