//! The methods about messages: to say something, and to read what was said.

use std::borrow::Cow;
use std::sync::Arc;

use parlor_core::chat::Place;
use parlor_core::event::Author;
use parlor_core::ids::{MessageKey, Number};
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;
use parlor_core::slot::Slot;
use parlor_core::text::Text;
use parlor_core::{Actor, Chat, Error, Refusal};
use parlor_wire::chat1::{Fault, MessageJson, MessagesJson, Request};
use parlor_wire::http_chat::EventTime;

use super::limits::{HISTORY_MESSAGES, PAGE_MESSAGES};
use super::names::Names;
use super::replies::{No, Reply};
use super::sending::Posting;
use super::session::Session;
use super::voice::{group, message_id, said};

/// Whom a connection wrote to last, so that who writes on to the same costs no look-up.
pub(super) struct Addressed {
    name: Box<str>,
    me: Author,
    log: Arc<RoomLog>,
}

impl Addressed {
    /// Whether the name still means this. The right to write is looked at in any case.
    fn is(&self, me: Author, name: &str) -> bool {
        let room = self.log.room();
        let means_it = match room.direct {
            // It is none any more once one of the two is. A guest's name is anybody's as soon as the guest is gone.
            Some(_) => matches!(room.other(me), Some(Author::Account(_))),
            None => room.name.as_ref().is_some_and(|own| own.as_str().eq_ignore_ascii_case(name)),
        };
        *self.name == *name && self.me == me && means_it && !self.log.head().closed
    }
}

impl Session {
    pub(super) async fn send(&mut self, request: &Request) -> Result<Reply, No> {
        self.submit(request).await?.await?;
        Ok(Reply::ok())
    }

    /// Hands a message in; what is answered is durable.
    pub(super) async fn submit(&mut self, request: &Request) -> Result<Posting, No> {
        let name = request.required_argument()?;
        let key = request.message_id()?.and_then(MessageKey::parse);
        let actor = self.member(request).await?;
        let log = self.addressed(&actor, name, request.body()).await?;
        let options = PostOptions { key, source: Some(self.connection.source(0)), ..PostOptions::default() };
        match self.door.chat.submit(&actor, &log, request.body(), options).await {
            Ok(ticket) => Ok(Box::pin(ticket.posted())),
            // Where one may not write is nowhere.
            Err(Error::Refused(Refusal::Forbidden)) => Err(Refusal::NotFound.into()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn receive(&mut self, request: &Request) -> Result<Reply, No> {
        let actor = self.member(request).await?;
        let account = self.session()?.account().id;
        let _turn = self.door.notes.turn(account).await;
        self.door.notes.note(account).await;
        let received = self.door.chat.receive(&actor, request.argument(), PAGE_MESSAGES).await?;
        let json = messages(&self.door.names, &received.messages, Some(received.cursor)).await?;
        Ok(Reply::ok().saying(json))
    }

    pub(super) async fn history(&mut self, request: &Request) -> Result<Reply, No> {
        let name = request.required_argument()?;
        let limit = request.limit()?.map_or(HISTORY_MESSAGES, |limit| usize::try_from(limit).unwrap_or(PAGE_MESSAGES));
        let before = request.before()?;
        let actor = self.member(request).await?;
        let log = match place(&self.door.chat, &actor, name).await? {
            Place::Room(log) => Some(log),
            Place::Person(other) => self.room_with(&actor, other),
        };
        let before = before.map(|before| read_before(before, log.as_deref())).transpose()?;
        let mut said = Vec::new();
        if let Some(log) = log {
            let slots = self.door.chat.history(&actor, &log, before, limit.min(PAGE_MESSAGES)).await?;
            said.extend(slots.into_iter().map(|slot| (log.clone(), slot)));
        }
        Ok(Reply::ok().saying(messages(&self.door.names, &said, None).await?))
    }

    async fn addressed(&mut self, actor: &Actor, name: &str, body: &[u8]) -> Result<Arc<RoomLog>, No> {
        let me = actor.author().ok_or(Refusal::NotLoggedIn)?;
        if let Some(addressed) = self.addressed.as_ref().filter(|addressed| addressed.is(me, name)) {
            return Ok(addressed.log.clone());
        }
        let chat = &self.door.chat;
        let log = match place(chat, actor, name).await? {
            Place::Room(log) => log,
            Place::Person(other) => {
                // Before a room is made for nothing.
                Text::new(body, chat.limits().message_bytes)?;
                chat.direct_room(actor, other).await?
            }
        };
        self.addressed = Some(Addressed { name: name.into(), me, log: log.clone() });
        Ok(log)
    }

    /// The room of two with somebody, if there is one: to look at what was said makes none.
    fn room_with(&self, actor: &Actor, other: Author) -> Option<Arc<RoomLog>> {
        let me = actor.author()?;
        self.connection.inbox().rooms().into_iter().find(|log| log.room().other(me) == Some(other))
    }
}

/// What a name means: behind `~`, as messages name them, a guest, who is nobody's namesake.
async fn place(chat: &Chat, actor: &Actor, name: &str) -> Result<Place, Error> {
    let Some(guest) = name.strip_prefix('~') else { return chat.find_named(actor, name).await };
    let person = chat.person_named(guest).await?.filter(|person| person.is_guest());
    person.map(Place::Person).ok_or_else(|| Refusal::NotFound.into())
}

/// The message before which a page ends: by its id, or its number alone.
fn read_before(before: &str, log: Option<&RoomLog>) -> Result<Number, Fault> {
    let number = match before.split_once('.') {
        Some((key, number)) if log.is_some_and(|log| key == log.key().as_str()) => number,
        Some(_) => return Err(Fault::BadBefore),
        None => before,
    };
    let is_number = (1..=19).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { number.parse().ok() } else { None };
    number.filter(|number| *number > 0).map(Number).ok_or(Fault::BadBefore)
}

/// Messages as JSON, in the order given; those that were deleted are left out.
async fn messages(names: &Names, said_in: &[(Arc<RoomLog>, Arc<Slot>)], cursor: Option<String>) -> Result<String, No> {
    let slots: Vec<Arc<Slot>> = said_in.iter().map(|(_, slot)| slot.clone()).collect();
    if let Some(preparing) = names.prepare(&slots) {
        preparing.await?;
    }
    let messages = said_in.iter().filter_map(|(log, slot)| {
        let event = slot.event();
        let speaker = names.speaker(event);
        Some(MessageJson {
            id: message_id(log, event).into(),
            from: if speaker.is_guest { Cow::Owned(format!("~{}", speaker.name)) } else { speaker.name },
            group: group(log).map(Cow::Owned),
            time: EventTime::from_unix_us(event.at.0),
            text: Cow::Borrowed(said(event)?),
        })
    });
    let json = MessagesJson { messages: messages.collect(), cursor: cursor.map(Cow::Owned) };
    Ok(serde_json::to_string(&json)
        .map_err(|error| parlor_core::Fault::Internal(error.to_string()))
        .map_err(Error::from)?)
}
