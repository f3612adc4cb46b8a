//! `POST /seen/KEY`: how far somebody has seen a room. It moves forward only, and only accounts have it.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;

use super::visitor::Visitor;
use super::{number, parts, poll};
use crate::http::{Answer, Caller, Face, Http};

pub(super) async fn mark(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = answer(&http, caller, &request).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let seen = number(super::form(request)?.get("number").unwrap_or_default())?;
    let actor = Visitor::acting(http, &request.headers).await?.actor(caller);
    let log = super::room(http, &actor, parts(request).0).await?;
    let marked = http.chat.mark_seen(&actor, &log, seen).await;
    marked.map_err(|error| super::refuse(http, &log, error))?;
    Ok(poll::nothing_yet())
}
