//! Rooms that ask a question: the page that asks it, and `POST /answer/KEY`, which takes the answer.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::room_log::RoomLog;
use parlor_core::{Error, Refusal, limits};

use super::create::see_other;
use super::pages::QuestionPage;
use super::parts;
use super::visitor::Visitor;
use crate::http::{Answer, Caller, Face, Http};

pub(super) async fn answer(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let back = format!("/chat/{}", parts(&request).0);
    let answered = enter(&http, caller, &request, face).await;
    answered.unwrap_or_else(|answer| answer.render(face, Some(&back)))
}

async fn enter(http: &Http, caller: Caller, request: &Parts, face: Face) -> Result<Response, Answer> {
    let fields = super::form(request)?;
    let no_answer = || Answer::new(StatusCode::BAD_REQUEST, "no_answer", "the form has no answer");
    let answer = fields.get("answer").ok_or_else(no_answer)?;
    let visitor = Visitor::acting(http, &request.headers).await?;
    let log = super::room(http, &visitor.actor(caller), parts(request).0).await?;
    let somebody = visitor.somebody(http, caller).await?;
    let mut response = match http.chat.enter(&somebody.actor, &log, Some(answer)).await {
        Ok(()) => see_other(&format!("/chat/{}", log.key())),
        // Who asks with a page gets the question once more.
        Err(Error::Refused(Refusal::WrongAnswer)) if face == Face::Html => page(&log, true)?,
        Err(error) => return Err(http.refuse(error)),
    };
    somebody.welcome(http, response.headers_mut(), caller);
    Ok(response)
}

/// The page that asks a room's question.
///
/// # Errors
/// `404` if it asks none.
pub(super) fn page(log: &RoomLog, was_wrong: bool) -> Result<Response, Answer> {
    let (room, key) = (log.room(), log.key());
    let Some(gate) = room.gate() else {
        return Err(Answer::new(StatusCode::NOT_FOUND, "no_question", "this room asks no question"));
    };
    let page = QuestionPage {
        key: key.as_str(),
        subject: room.subject.as_str(),
        question: &gate.question,
        was_wrong,
        answer_bytes_max: limits::ANSWER_BYTES,
    };
    let mut response = super::page(page.render())?;
    if was_wrong {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(response)
}
