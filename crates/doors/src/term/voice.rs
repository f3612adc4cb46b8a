//! What everybody hears of what happens, put into bytes once.

use std::sync::Arc;

use bytes::Bytes;
use parlor_core::Chat;
use parlor_core::connections::News;
use parlor_core::event::Body;
use parlor_core::ids::ConnectionId;
use parlor_core::pulse::Change;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;

use super::drawing;
use crate::formats;
use crate::live::{Dialect, Voice};

/// Updates of the screen, each with a prompt behind it.
pub(super) struct Drawn {
    pub(super) chat: Arc<Chat>,
}

impl Voice for Drawn {
    fn slot(&self, log: &RoomLog, slot: &Slot, _: Dialect) -> Option<Bytes> {
        let draw = |event: &_| drawing::event(&self.chat, log, event).map(|lines| drawing::update(&lines));
        slot.encoded(formats::TERM, draw).cloned()
    }

    fn own_slot(&self, log: &RoomLog, slot: &Slot, dialect: Dialect) -> Option<Bytes> {
        match slot.event().body {
            // Who said it has it on the screen, and learns by the prompt that everybody has.
            Body::Message { .. } => Some(drawing::PROMPT_BYTES),
            _ => self.slot(log, slot, dialect),
        }
    }

    fn changes(
        &self,
        log: &RoomLog,
        changes: &[Arc<Change>],
        listener: Option<ConnectionId>,
        _: Dialect,
        out: &mut Vec<u8>,
    ) {
        if let Some(lines) = drawing::changes(log, changes.iter().map(Arc::as_ref), listener) {
            out.extend_from_slice(&drawing::update(&lines));
        }
    }

    fn news(&self, news: &News, _: Option<ConnectionId>, _: Dialect, out: &mut Vec<u8>) {
        // Rooms that come and go are in the list of rooms.
        if let News::Announcement { from, text, .. } = news {
            let header = format!("{} to everybody on this server", drawing::person(from));
            out.extend_from_slice(&drawing::update(&drawing::said(&header, text.as_str())));
        }
    }
}
