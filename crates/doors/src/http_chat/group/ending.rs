//! Leaving a room, and closing it for everybody.

use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::Refusal;

use super::At;
use super::members::{Said, finish};
use crate::http::{Caller, Face};
use crate::http_chat::Door;
use crate::http_chat::account::Turned;
use crate::http_chat::account::pages::Problems;

pub(super) async fn leave(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(go(&door, caller, &request, face)).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn go(door: &Door, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let at = At::of(door, caller, request).await?;
    let left = door.http.chat.leave(&at.actor, &at.log).await;
    let again = |refusal: &Refusal| {
        let problem = match refusal {
            Refusal::LastOwner => Problems::one(
                "leave",
                "You are its last owner, so the others would be left without one. You can close it.",
            ),
            refusal => Problems::refused("leave", refusal),
        };
        Said { problems: problem, ..Said::default() }
    };
    finish(door, &at, face, left.map(drop), "/rooms?done=left", again).await
}

pub(super) async fn close(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(end(&door, caller, &request, face)).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn end(door: &Door, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let at = At::of(door, caller, request).await?;
    let closed = door.http.chat.close(&at.actor, &at.log, None).await;
    let again = |refusal: &Refusal| Said { problems: Problems::refused("close", refusal), ..Said::default() };
    finish(door, &at, face, closed.map(drop), "/rooms?done=closed", again).await
}
