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
    let actor = visitor.actor(caller);
    let mut mine = match visitor.account() {
        Some(_) => rooms::all(door, &actor).await?,
        None => vec![],
    };
    let unread: HashMap<RoomId, u64> = mine.iter().map(|room| (room.id, room.page.unread)).collect();
    let you = visitor.account().map(|account| You { unread: unread.values().sum(), ..You::of(&account) });
    // Those that everybody sees stand below, with what is new in them.
    mine.retain(|room| !room.listed);
    mine.truncate(limits::SHOWN_DIRECT_ROOMS);
    let listed = http.chat.listed_rooms(&actor).await.map_err(|error| http.refuse(error))?;
    let mut rooms = Vec::with_capacity(listed.len());
    for (room, people) in &listed {
        let last = door.last_times.of(&http.chat, &actor, (room.id, room.key), room.head).await;
        let last = last.map_err(|error| http.refuse(error))?;
        let listed = ListedRoom {
            key: room.key.as_str(),
            subject: room.subject.as_str(),
            people: *people,
            unread: unread.get(&room.id).copied().unwrap_or(0),
            last: last.map(|at| Moment::from_us(at.0)),
        };
        rooms.push((last.unwrap_or(room.created), listed));
    }
    rooms.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let rooms = rooms.into_iter().map(|(_, listed)| listed).collect();
    let mine = mine.into_iter().map(|room| room.page).collect();
    let index = IndexPage { you, mine, rooms, subject_bytes_max: http.chat.limits().subject_bytes };
    let mut response = super::page(index.render())?;
    visitor.settle(response.headers_mut(), caller);
    Ok(response)
}
