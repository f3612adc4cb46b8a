//! What is pushed, put into bytes once for everybody.

use std::sync::Arc;

use bytes::Bytes;
use parlor_core::connections::News;
use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::ConnectionId;
use parlor_core::pulse::Change;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_wire::chat1::{Push, Sender};
use parlor_wire::http_chat::EventTime;

use super::names::Names;
use crate::formats;
use crate::live::{Dialect, Preparing, Voice};

/// Messages, and what the operator says to everybody: this protocol has no word for who comes and goes.
pub(super) struct Pushes {
    pub(super) names: Arc<Names>,
}

impl Voice for Pushes {
    fn prepare<'a>(&'a self, slots: &'a [Arc<Slot>]) -> Option<Preparing<'a>> {
        self.names.prepare(slots)
    }

    fn knows_its_people(&self) -> bool {
        true
    }

    fn slot(&self, log: &RoomLog, slot: &Slot, _: Dialect) -> Option<Bytes> {
        slot.encoded(formats::CHAT1, |event| push(&self.names, log, event)).cloned()
    }

    fn own_slot(&self, _: &RoomLog, _: &Slot, _: Dialect) -> Option<Bytes> {
        None
    }

    fn changes(&self, _: &RoomLog, _: &[Arc<Change>], _: Option<ConnectionId>, _: Dialect, _: &mut Vec<u8>) {}

    fn news(&self, news: &News, _: Option<ConnectionId>, _: Dialect, out: &mut Vec<u8>) {
        let News::Announcement { from, text, .. } = news else { return };
        // No room has it, so it has no number; no two come in the same microsecond.
        let now = self.names.chat().clock().wall();
        let push = Push {
            sender: Sender { name: from.name.as_str(), is_guest: from.who.is_none_or(Author::is_guest) },
            group: None,
            id: &format!("announcement.{now}"),
            time: EventTime::from_unix_us(now.0),
            text: text.as_str(),
        };
        push.write(out);
    }
}

fn push(names: &Names, log: &RoomLog, event: &Event) -> Option<Bytes> {
    let text = said(event)?;
    let speaker = names.speaker(event);
    let group = group(log);
    let push = Push {
        sender: Sender { name: &speaker.name, is_guest: speaker.is_guest },
        group: group.as_deref(),
        id: &message_id(log, event),
        time: EventTime::from_unix_us(event.at.0),
        text,
    };
    let mut out = Vec::new();
    push.write(&mut out);
    Some(out.into())
}

/// The text of a message that is still there.
pub(super) fn said(event: &Event) -> Option<&str> {
    match &event.body {
        Body::Message { text, state, .. } if *state != MessageState::Redacted => Some(text.as_str()),
        _ => None,
    }
}

/// What a message is known by: unlike its number, nobody else's anywhere.
pub(super) fn message_id(log: &RoomLog, event: &Event) -> String {
    format!("{}.{}", log.key(), event.number)
}

/// The group that a room is; `None`: what two say to each other. A room without a name of its own is named by its key.
pub(super) fn group(log: &RoomLog) -> Option<String> {
    let room = log.room();
    if room.direct.is_some() {
        return None;
    }
    Some(room.name.as_ref().map_or_else(|| log.key().to_string(), |name| name.as_str().to_owned()))
}
