//! What happens in rooms and on the server, as this door says it.

use std::sync::Arc;

use bytes::Bytes;
use parlor_core::connections::{Identity, News};
use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::ConnectionId;
use parlor_core::pulse::{Change, ChangeKind};
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_wire::wscmd::{Info, Message};

use super::replies;
use crate::formats;
use crate::live::{Dialect, Voice};

/// This door's words.
pub(super) struct Words;

impl Voice for Words {
    fn slot(&self, log: &RoomLog, slot: &Slot, dialect: Dialect) -> Option<Bytes> {
        let format = if dialect == 0 { formats::WSCMD_UTF16 } else { formats::WSCMD_UTF8 };
        slot.encoded(format, |_| event(log, slot, dialect)).cloned()
    }

    fn own_slot(&self, log: &RoomLog, slot: &Slot, dialect: Dialect) -> Option<Bytes> {
        // In a room the message is also the acknowledgement; a private one was acknowledged with `success`.
        if log.room().direct.is_some() { None } else { self.slot(log, slot, dialect) }
    }

    fn changes(
        &self,
        log: &RoomLog,
        changes: &[Arc<Change>],
        listener: Option<ConnectionId>,
        dialect: Dialect,
        out: &mut Vec<u8>,
    ) {
        // Two who write to each other in private are not "in a room".
        if log.room().direct.is_some() {
            return;
        }
        for change in changes {
            let own = listener == Some(change.attendant.connection);
            // Who came was told so as the answer to the command.
            if !(own && change.kind == ChangeKind::Came || is_renamed(change)) {
                replies::append(&presence(log, change), dialect, out);
            }
        }
    }

    fn news(&self, news: &News, listener: Option<ConnectionId>, dialect: Dialect, out: &mut Vec<u8>) {
        match news {
            // Who made it was told so as the answer to the command.
            News::RoomOpened { .. } if listener.is_some() => {}
            News::RoomOpened { log, by } => {
                let by_command = by.filter(|by| by.door == super::NAME);
                let room = log.room();
                let clients = log.presence().connections().max(usize::from(by_command.is_some()));
                let created = Message::ChatroomCreated {
                    messageid: by_command.map_or(0, |by| by.tag),
                    chatroomid: log.id().0,
                    room_name: room.subject.as_str(),
                    info: info(log, false),
                    number_of_clients: clients as u64,
                };
                replies::append(&created, dialect, out);
            }
            News::RoomClosed { log, by } if log.room().is_announced() => {
                let messageid = by.filter(|by| by.door == super::NAME).map_or(0, |by| by.tag);
                replies::append(&Message::ChatroomWasDeleted { messageid, chatroomid: log.id().0 }, dialect, out);
            }
            // Those who were in it are told by its log.
            News::RoomClosed { .. } => {}
            News::Announcement { from, by, text } => {
                let announcement = Message::PrivateMessage {
                    chatclientid: by.connection.0,
                    userid: userid(from),
                    username: username(from),
                    message: text.as_str(),
                };
                replies::append(&announcement, dialect, out);
            }
        }
    }
}

/// What a room is to somebody who is in it or not.
pub(super) fn info(log: &RoomLog, joined: bool) -> Info {
    let room = log.room();
    Info { joined, asks: room.gate().is_some(), vanishes: room.vanishes }
}

/// An account's number; 0 for everybody else.
pub(super) fn userid(identity: &Identity) -> u64 {
    match identity.who {
        Some(Author::Account(id)) => id.0,
        _ => 0,
    }
}

/// An account's name; empty for everybody else.
pub(super) fn username(identity: &Identity) -> &str {
    identity.handle.as_ref().map_or("", |handle| handle.as_str())
}

/// Whether an account is shown under another name now, for which there is no word here.
fn is_renamed(change: &Change) -> bool {
    let now = userid(&change.attendant.identity);
    matches!(&change.kind, ChangeKind::Became { before } if now != 0 && userid(before) == now)
}

/// A coming or going.
fn presence<'a>(log: &RoomLog, change: &'a Change) -> Message<'a> {
    let identity = &change.attendant.identity;
    let (messageid, chatroomid) = (change.tag, log.id().0);
    let (chatclientid, userid, username) = (change.attendant.connection.0, userid(identity), username(identity));
    let number_of_clients = change.connections as u64;
    match change.kind {
        ChangeKind::Came | ChangeKind::Became { .. } => {
            Message::UserJoinedChatroom { messageid, chatroomid, chatclientid, userid, username, number_of_clients }
        }
        ChangeKind::Left | ChangeKind::Broke => {
            Message::UserLeftChatroom { messageid, chatroomid, chatclientid, userid, username, number_of_clients }
        }
    }
}

/// An event for all who are in the room; of what is no message only its end has a word here.
fn event(log: &RoomLog, slot: &Slot, dialect: Dialect) -> Option<Bytes> {
    let event = slot.event();
    let source = slot.source();
    let messageid = source.filter(|source| source.door == super::NAME).map_or(0, |source| source.tag);
    let room = log.room();
    let message = match &event.body {
        Body::Message { text, state, .. } if *state != MessageState::Redacted => text,
        // The end of a room that everybody may know of is news for everybody.
        Body::Closed if !room.is_announced() => {
            let deleted = Message::ChatroomWasDeleted { messageid, chatroomid: log.id().0 };
            return Some(replies::frame(&deleted, dialect));
        }
        _ => return None,
    };
    let message = said(event, message.as_str(), source.is_some_and(|source| source.door == super::NAME));
    let chatclientid = source.map_or(0, |source| source.connection.0);
    let userid = match event.author {
        Author::Account(id) => id.0,
        Author::Guest(_) | Author::System => 0,
    };
    let said = match room.direct {
        Some(_) => Message::Msg { messageid, chatclientid, userid, message: &message },
        None => Message::Chat { messageid, chatroomid: log.id().0, chatclientid, userid, message: &message },
    };
    Some(replies::frame(&said, dialect))
}

/// Guests of other doors have no name in this protocol, so it stands before what they say.
fn said<'a>(event: &Event, text: &'a str, from_here: bool) -> std::borrow::Cow<'a, str> {
    if event.author.is_guest() && !from_here { format!("~{}: {text}", event.name.as_str()).into() } else { text.into() }
}
