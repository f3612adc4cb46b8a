//! `GET /rooms`: the rooms of whoever is logged in, with what is new in each.

use std::cmp::Reverse;
use std::collections::HashMap;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::chat::PersonRoom;
use parlor_core::ids::{LOBBY, RoomId};
use parlor_core::room::{Access, Role, Room};
use parlor_core::{Actor, Chat, Error, limits};

use super::account::pages::Problems;
use super::account::{Turned, member};
use super::here::Person;
use super::pages::{Moment, MyRoom, RoomsPage, You};
use super::people::People;
use super::visitor::Visitor;
use super::{Door, here, page, parameter};
use crate::http::{Answer, Caller, Face};

/// What can have been done that leads here, as the address says it and as the page does.
const DONE: [(&str, &str); 2] = [("left", "You have left."), ("closed", "It is closed for everybody.")];

pub(super) async fn show(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = answer(&door, caller, &request).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn answer(door: &Door, caller: Caller, request: &Parts) -> Result<Response, Turned> {
    let visitor = member(&door.http, caller, request).await?;
    let done = parameter(request.uri.query(), "done")?;
    let done = DONE.iter().find(|(key, _)| Some(*key) == done.as_deref()).map(|(_, sentence)| *sentence);
    Ok(render(door, caller, &visitor, Typed { done, ..Typed::default() }).await?)
}

/// What the page says beside the rooms.
#[derive(Default)]
pub(super) struct Typed<'a> {
    /// What was just done.
    pub(super) done: Option<&'static str>,
    /// Whom to write to, as typed and not taken.
    pub(super) name: &'a str,
    /// A group's name, as typed and not taken.
    pub(super) group: &'a str,
    /// What was not taken.
    pub(super) problems: Problems,
}

/// The page of somebody's rooms.
pub(super) async fn render(
    door: &Door,
    caller: Caller,
    visitor: &Visitor,
    typed: Typed<'_>,
) -> Result<Response, Answer> {
    let rooms = all(door, &visitor.actor(caller)).await?;
    let unread = rooms.iter().map(|room| room.page.unread).sum();
    let you = visitor.account().map(|account| You { unread, ..You::of(&account) });
    let rooms = RoomsPage {
        you,
        rooms: rooms.into_iter().map(|room| room.page).collect(),
        done: typed.done,
        name: typed.name,
        group: typed.group,
        problems: typed.problems,
        handle_chars_max: limits::HANDLE_CHARS,
        room_name_chars_max: limits::ROOM_NAME_CHARS,
    };
    page(rooms.render())
}

/// A room of somebody's.
pub(super) struct Mine {
    pub(super) id: RoomId,
    pub(super) listed: bool,
    /// The other one of a room of two.
    pub(super) with: Option<Person>,
    /// Its newest message; 0: none.
    pub(super) number: u64,
    /// What pages show of it.
    pub(super) page: MyRoom,
}

/// All rooms of a person as pages show them, those first in which something was said last.
pub(super) async fn all(door: &Door, actor: &Actor) -> Result<Vec<Mine>, Answer> {
    by_last_message(door, actor).await.map_err(|error| door.http.refuse(error))
}

async fn by_last_message(door: &Door, actor: &Actor) -> Result<Vec<Mine>, Error> {
    let chat = &door.http.chat;
    let found = chat.rooms_of_person(actor).await?;
    let mut times = HashMap::with_capacity(found.len());
    for PersonRoom { log, .. } in &found {
        let last = door.last_times.of(chat, actor, (log.id(), log.key()), log.head()).await?;
        times.insert(log.id(), (last, log.room().created));
    }
    let mut rooms = shown(chat, &door.people, found).await?;
    let of = |room: &Mine| times.get(&room.id).copied().unwrap_or_default();
    rooms.sort_by_key(|room| {
        let (last, created) = of(room);
        Reverse(last.unwrap_or(created))
    });
    for room in &mut rooms {
        room.page.last = of(room).0.map(|at| Moment::from_us(at.0));
    }
    Ok(rooms)
}

/// Rooms of a person as pages show them, without rooms of two in which nothing was said, or whose other one is no more.
pub(super) async fn shown(
    chat: &Chat,
    people: &People,
    rooms: impl IntoIterator<Item = PersonRoom>,
) -> Result<Vec<Mine>, Error> {
    let mut shown = Vec::new();
    for mine in rooms {
        let head = mine.log.head();
        let with = match mine.with {
            Some(_) if head.number.0 == 0 => continue,
            Some(with) => match here::person(chat, people, with).await? {
                Some(with) => Some(with),
                None => continue,
            },
            None => None,
        };
        let room = mine.log.room();
        let page = MyRoom {
            key: mine.log.key().to_string(),
            subject: with.as_ref().map_or_else(|| room.subject.as_str().to_owned(), Person::shown),
            kind: kind(&mine, &room),
            unread: mine.unread,
            last: (head.number.0 > 0).then(|| Moment::from_us(head.at.0)),
        };
        shown.push(Mine { id: mine.log.id(), listed: room.listed, with, number: head.number.0, page });
    }
    Ok(shown)
}

fn kind(mine: &PersonRoom, room: &Room) -> &'static str {
    match (mine.with, room.access, mine.role) {
        (Some(_), ..) => "Only the two of you",
        (None, Access::Members, Some(Role::Owner)) => "Members only, yours",
        (None, Access::Members, Some(Role::Admin)) => "Members only, you are an admin",
        (None, Access::Members, _) => "Members only",
        (None, Access::Question, _) => "Asks a question",
        (None, Access::Open, _) if room.listed || room.id == LOBBY => "Open to everybody",
        (None, Access::Open, _) => "Open to who has the link",
    }
}
