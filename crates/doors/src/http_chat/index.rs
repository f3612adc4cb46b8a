//! `GET /`: the listed rooms, and a form that makes one.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::ids::RoomId;
use parlor_core::limits;

use super::pages::{IndexPage, ListedRoom, Moment, You};
use super::visitor::Visitor;
use super::{Door, rooms};
use crate::http::{Answer, Caller, Face};

pub(super) async fn show(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    answer(&door, caller, &request).await.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(door: &Door, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let http = &*door.http;
    let visitor = Visitor::of(http, &request.headers).await?;
    let mut mine = match visitor.account() {
        Some(_) => rooms::all(door, &visitor.actor(caller)).await?,
        None => vec![],
    };
    let unread: HashMap<RoomId, u64> = mine.iter().map(|room| (room.id, room.page.unread)).collect();
    let you = visitor.account().map(|account| You { unread: unread.values().sum(), ..You::of(&account) });
    // Those that everybody sees stand below, with what is new in them.
    mine.retain(|room| !room.listed);
    mine.truncate(limits::SHOWN_DIRECT_ROOMS);
    let listed = http.chat.listed_rooms().await.map_err(|error| http.refuse(error))?;
    let listed = listed
        .iter()
        .map(|(room, people)| ListedRoom {
            key: room.key.as_str(),
            subject: room.subject.as_str(),
            people: *people,
            unread: unread.get(&room.id).copied().unwrap_or(0),
            last: (room.head.number.0 > 0).then(|| Moment::from_us(room.head.at.0)),
        })
        .collect();
    let mine = mine.into_iter().map(|room| room.page).collect();
    let index = IndexPage { you, mine, rooms: listed, subject_bytes_max: http.chat.limits().subject_bytes };
    let mut response = super::page(index.render())?;
    visitor.settle(response.headers_mut(), caller);
    Ok(response)
}
