//! Reading: live, by number, backwards.

use std::sync::Arc;

use super::Chat;
use crate::actor::Actor;
use crate::cursor::{Cursor, Position};
use crate::event::{Body, MessageState};
use crate::ids::{Number, Seq};
use crate::limits;
use crate::policy::Verb;
use crate::refusal::{Error, Refusal};
use crate::room::Head;
use crate::room_log::RoomLog;
use crate::slot::Slot;

impl Chat {
    /// A cursor behind `from`, or behind the head, for as long as the reader may read.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `Reset` for a position that is not in this log.
    pub async fn attach(
        self: &Arc<Self>,
        actor: &Actor,
        log: &Arc<RoomLog>,
        from: Option<Position>,
    ) -> Result<Cursor, Error> {
        if from.is_some_and(|position| position.seq > log.head().seq) {
            // It comes from a node that is ahead of this one, or from nowhere.
            self.logs.catch_up(log).await?;
        }
        // Where it begins is settled before its rights are looked at: an event that takes them away lies behind, and is met.
        let seen = match from {
            Some(position) => position.fits(log).map(|()| position.seq),
            None => Ok(log.head().seq),
        };
        self.authorize(actor, log, Verb::Read).await?;
        let seen = seen?;
        Ok(Cursor { chat: self.clone(), log: log.clone(), actor: *actor, seen, head: log.watch(), end: None })
    }

    /// The message with this number; waits until there is one. Cancel safe.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `RoomClosed` when the room ends before, `Deleted`, or a `Fault`.
    pub async fn message(&self, actor: &Actor, log: &RoomLog, number: Number) -> Result<Arc<Slot>, Error> {
        // The head first: what comes while the rights are looked at is not covered by them.
        let head = log.head();
        self.authorize(actor, log, Verb::Read).await?;
        if head.number < number {
            self.wait_for(actor, log, number).await?;
            // Waiting may have taken minutes, in which a right can be lost.
            self.authorize(actor, log, Verb::Read).await?;
        }
        let slot = self.logs.message(log, number).await?.ok_or(Refusal::NoSuchMessage)?;
        match slot.event().body {
            Body::Message { state: MessageState::Redacted, .. } => Err(Refusal::Deleted.into()),
            _ => Ok(slot),
        }
    }

    /// Messages with numbers below `before` (`None`: the newest), at most `limit`, in rising order, deleted ones included.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn history(
        &self,
        actor: &Actor,
        log: &RoomLog,
        before: Option<Number>,
        limit: usize,
    ) -> Result<Vec<Arc<Slot>>, Error> {
        // The head first: what comes while the rights are looked at is not covered by them.
        let head = log.head();
        self.authorize(actor, log, Verb::Read).await?;
        let limit = limit.min(limits::READ_EVENTS);
        let before = before.map_or(head.number.next(), |before| before.min(head.number.next()));
        // Where every event was a message, positions are numbers, and the pages have them.
        if head.seq.0 == head.number.0 {
            let first = before.0.saturating_sub(limit as u64).max(1);
            let count = usize::try_from(before.0.saturating_sub(first)).unwrap_or(limit);
            return Ok(self.logs.slots(log, Seq(first), count).await?);
        }
        let events = self.world.store.messages_before(log.id(), before, limit).await?;
        Ok(events.into_iter().map(|event| Arc::new(Slot::new(event))).collect())
    }

    /// Waits for a message, for as long as the reader may read.
    async fn wait_for(&self, actor: &Actor, log: &RoomLog, number: Number) -> Result<(), Error> {
        let mut watch = log.watch();
        let others = |head: Head| head.seq.0 - head.number.0;
        let mut looked = None;
        loop {
            let head = *watch.borrow_and_update();
            if head.number >= number {
                return Ok(());
            }
            if head.closed {
                return Err(Refusal::RoomClosed.into());
            }
            // Rights go by events that are no messages, and whoever has lost them must not be kept waiting.
            if looked.replace(others(head)) != Some(others(head)) {
                self.authorize(actor, log, Verb::Read).await?;
            }
            if watch.changed().await.is_err() {
                return Err(Refusal::RoomClosed.into());
            }
        }
    }
}
