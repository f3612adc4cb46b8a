//! `/invite/TOKEN`: what an invitation says, and coming in by it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::room::{Access, RoomRef};
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Error, Refusal};

use super::pages::InvitedPage;
use crate::http::{Answer, Caller, Face, Http};
use crate::http_chat::create::see_other;
use crate::http_chat::pages::You;
use crate::http_chat::visitor::Visitor;
use crate::http_chat::{page, parts};

pub(super) async fn show(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = answer(&http, caller, &request).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let (token, _) = parts(request);
    let visitor = Visitor::of(http, &request.headers).await?;
    let invited = http.chat.invitation(token).await.map_err(|error| refuse(http, error))?;
    if is_in(http, &visitor.actor(caller), &invited.log).await? {
        return Ok(see_other(&format!("/chat/{}", invited.log.key())));
    }
    let (room, you) = (invited.log.room(), visitor.account().map(|account| You::of(&account)));
    let invited = InvitedPage { you, token, subject: room.subject.as_str(), by: &invited.by };
    let mut response = page(invited.render())?;
    visitor.settle(response.headers_mut(), caller);
    Ok(response)
}

pub(super) async fn accept(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(come_in(&http, caller, &request)).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn come_in(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let (token, _) = parts(request);
    let visitor = Visitor::of(http, &request.headers).await?;
    if visitor.grant.is_none() {
        // The address is a page, too: whoever has logged in sees it once more.
        return Ok(see_other(&format!("/login?next={}", request.uri.path())));
    }
    let entered = http.chat.accept_invitation(&visitor.actor(caller), token).await;
    let log = entered.map_err(|error| refuse(http, error))?;
    Ok(see_other(&format!("/chat/{}", log.key())))
}

/// Whether somebody who looks at an invitation belongs to its room: only members find one that is theirs alone.
async fn is_in(http: &Http, actor: &Actor, log: &RoomLog) -> Result<bool, Answer> {
    if log.room().access != Access::Members {
        return Ok(false);
    }
    match http.chat.find(actor, RoomRef::Key(log.key())).await {
        Ok(_) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(http.refuse(error)),
    }
}

fn refuse(http: &Http, error: Error) -> Answer {
    match error {
        Error::Refused(Refusal::NotFound) => {
            Answer::new(StatusCode::NOT_FOUND, "not_found", "this invitation does not work, or not any more").advising(
                "if you came in by it before, the room is among your rooms; else ask whoever sent it for a new one",
            )
        }
        error => http.refuse(error),
    }
}
