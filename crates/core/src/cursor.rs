//! A reader of a room: a position, and the wish to know what follows it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::actor::Actor;
use crate::chat::Chat;
use crate::event::Body;
use crate::ids::{Epoch, RoomId, Seq};
use crate::policy::Verb;
use crate::refusal::{Error, Refusal};
use crate::room::Head;
use crate::room_log::RoomLog;
use crate::slot::Slot;

/// A position at a door: opaque to clients, valid for as long as the log has this epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The room.
    pub room: RoomId,
    /// The life of its log.
    pub epoch: Epoch,
    /// The last event that was seen; 0: none.
    pub seq: Seq,
}

/// Follows a room's log from a position on, for as long as the reader may read it. Holds no queue:
/// a reader that is slow is a number that stays.
pub struct Cursor {
    pub(crate) chat: Arc<Chat>,
    pub(crate) log: Arc<RoomLog>,
    pub(crate) actor: Actor,
    pub(crate) seen: Seq,
    pub(crate) head: watch::Receiver<Head>,
    pub(crate) end: Option<End>,
}

/// What follows.
#[derive(Debug)]
pub enum Next {
    /// Events, in order, without a gap, at least one.
    Events(Vec<Arc<Slot>>),
    /// Nothing will follow.
    End(End),
}

/// Why a cursor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The room was closed; the event that says so was delivered.
    Closed,
    /// The reader may not read it any more; the event that made it so was delivered.
    Removed,
}

impl Cursor {
    /// What follows what was delivered, at most `max` events; waits while there is nothing.
    ///
    /// Cancel safe: what was not answered was not delivered.
    ///
    /// # Errors
    /// A `Fault` of the store; the cursor stays where it is and may be asked again.
    pub async fn next(&mut self, max: usize) -> Result<Next, Error> {
        loop {
            if let Some(end) = self.end {
                return Ok(Next::End(end));
            }
            // Seen first, then read, then sleep: a move between the read and the sleep ends the sleep at once.
            let head = *self.head.borrow_and_update();
            if self.seen < head.seq {
                let slots = self.chat.logs().slots(&self.log, self.seen.next(), max.max(1)).await?;
                return self.deliver(slots).await;
            }
            if head.closed {
                self.end = Some(End::Closed);
            } else if self.head.changed().await.is_err() {
                // The sender lives in `self.log`, so this can't be; ending is right all the same.
                self.end = Some(End::Closed);
            }
        }
    }

    /// Where it stands: what was delivered.
    #[must_use]
    pub fn position(&self) -> Position {
        let room = self.log.room();
        Position { room: room.id, epoch: room.epoch, seq: self.seen }
    }

    async fn deliver(&mut self, mut slots: Vec<Arc<Slot>>) -> Result<Next, Error> {
        let concerns = |slot: &Arc<Slot>| match &slot.event().body {
            Body::Settings(change) => change.access.is_some(),
            Body::Member { who, .. } => self.actor.author() == Some(*who),
            _ => false,
        };
        if let Some(at) = slots.iter().position(concerns) {
            // Rights as they are now; if they are gone, what follows the event that took them is not delivered.
            match self.chat.authorize(&self.actor, &self.log, Verb::Read).await {
                Ok(()) => {}
                Err(Error::Refused(_)) => {
                    slots.truncate(at + 1);
                    self.end = Some(End::Removed);
                }
                // Nobody can say now: nothing is delivered, and the next call asks again.
                Err(fault) => return Err(fault),
            }
        }
        if let Some(last) = slots.last() {
            self.seen = last.event().seq;
        }
        Ok(Next::Events(slots))
    }
}

impl Position {
    /// Checks that a position lies in this log.
    pub(crate) fn fits(self, log: &RoomLog) -> Result<(), Refusal> {
        let head = log.head().seq;
        let epoch = log.room().epoch;
        if self.room == log.id() && self.epoch == epoch && self.seq <= head {
            return Ok(());
        }
        Err(Refusal::Reset { epoch, head })
    }
}
