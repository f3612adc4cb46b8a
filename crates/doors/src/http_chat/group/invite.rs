//! `POST /chat/KEY/invite`: makes a link that invites, or ends one.

use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::{Refusal, limits};

use super::At;
use super::members::{Said, bad, finish, render};
use crate::http::{Caller, Face};
use crate::http_chat::account::Turned;
use crate::http_chat::account::pages::Problems;
use crate::http_chat::{Door, chat_page, form};

const DAY_SECONDS: u64 = 24 * 3_600;

/// Days that a link works at most: core would cut more than that without a word.
#[allow(clippy::cast_possible_truncation, reason = "a year has few days")]
const DAYS_MAX: u32 = (limits::INVITATION_SECONDS_MAX / DAY_SECONDS) as u32;

pub(super) async fn invite(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(answer(&door, caller, &request, face)).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn answer(door: &Door, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let at = At::of(door, caller, request).await?;
    let fields = form(request)?;
    let chat = &door.http.chat;
    let again = |refusal: &Refusal| Said { problems: Problems::refused("", refusal), ..Said::default() };
    if let Some(id) = fields.get("end") {
        let ended = chat.end_invitation(&at.actor, &at.log, id).await;
        let done = format!("{}?done=ended", at.members_page());
        return finish(door, &at, face, ended.map(drop), &done, again).await;
    }
    let number = |name: &str| fields.get(name).and_then(|text| text.parse::<u32>().ok());
    let uses = number("uses").ok_or_else(|| bad("uses is a number, 0 for any"))?;
    let days = number("days").filter(|days| (1..=DAYS_MAX).contains(days));
    let days = days.ok_or_else(|| bad(&format!("days is a number from 1 to {DAYS_MAX}")))?;
    let ttl = Duration::from_secs(u64::from(days) * DAY_SECONDS);
    match chat.invite(&at.actor, &at.log, Some(uses).filter(|uses| *uses > 0), ttl).await {
        Ok(token) => {
            let link = chat_page::address(request, &format!("invite/{token}"));
            // Not led on to: the link is nowhere else, and in no address that a browser keeps.
            Ok(render(door, &at, Said { link: Some(&link), ..Said::default() }).await?)
        }
        Err(error) => finish(door, &at, face, Err(error), "", again).await,
    }
}
