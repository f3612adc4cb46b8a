//! A room's past: by time, in ranges of numbers, and what was said elsewhere.

use std::ops::Range;
use std::sync::Arc;

use super::Chat;
use crate::actor::Actor;
use crate::event::Imported;
use crate::ids::{Number, Seq, Timestamp};
use crate::limits;
use crate::policy::Verb;
use crate::refusal::{Error, Fault, Refusal};
use crate::room::Head;
use crate::room_log::RoomLog;
use crate::slot::Slot;

/// Events that may be read past without being messages, for each message that is asked for.
const SPARSE: u64 = 4;

impl Chat {
    /// Whether everybody may read a room's past days, and feeds of it.
    ///
    /// # Errors
    /// `NotFound`: it must look like a room that does not exist.
    pub fn public_archive(&self, log: &RoomLog) -> Result<(), Refusal> {
        let is_public = log.room().has_public_archive() && !log.head().closed;
        if is_public { Ok(()) } else { Err(Refusal::NotFound) }
    }

    /// The number of the first message at or after a moment; the next one's, if there is none yet.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn message_at(&self, actor: &Actor, log: &RoomLog, at: Timestamp) -> Result<Number, Error> {
        // The head first: what comes while the rights are looked at is not covered by them.
        let head = log.head();
        self.authorize(actor, log, Verb::Read).await?;
        if head.at < at || head.seq == Seq(0) {
            return Ok(head.number.next());
        }
        let (_, number) = self.world.store.first_at(log.id(), at).await?;
        Ok(number.min(head.number.next()))
    }

    /// The messages with these numbers, in rising order, deleted ones included; of more than [`limits::ARCHIVE_DAY`] the
    /// first.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn messages(
        &self,
        actor: &Actor,
        log: &RoomLog,
        numbers: Range<Number>,
    ) -> Result<Vec<Arc<Slot>>, Error> {
        let head = log.head();
        self.authorize(actor, log, Verb::Read).await?;
        let start = numbers.start.max(Number(1));
        let end = numbers.end.min(head.number.next());
        let end = end.min(Number(start.0.saturating_add(limits::ARCHIVE_DAY)));
        if start >= end {
            return Ok(Vec::new());
        }
        let (first, last) = (self.number(log, start).await?, self.number(log, Number(end.0 - 1)).await?);
        let (first, last) = (first.event().seq, last.event().seq);
        if last.0 - first.0 < SPARSE * (end.0 - start.0) {
            return Ok(self.messages_between(log, first, last).await?);
        }
        // Other events stand thick between them: the store knows the messages' places.
        let mut slots: Vec<Arc<Slot>> = Vec::new();
        let mut next = start;
        while next < end {
            let until = end.min(Number(next.0 + limits::READ_EVENTS as u64));
            let count = usize::try_from(until.0 - next.0).unwrap_or(limits::READ_EVENTS);
            let events = self.world.store.messages_before(log.id(), until, count).await?;
            slots.extend(events.into_iter().map(|event| Arc::new(Slot::new(event))));
            next = until;
        }
        Ok(slots)
    }

    /// Appends what was said elsewhere, with its times, if the room's log ends at `after`; answers where it ends then, durably.
    /// `None`: it does not end there, and nothing was appended.
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; `TooMany`: over [`limits::IMPORT_BATCH`]; `RoomClosed`; or a `Fault`.
    pub async fn import(
        &self,
        actor: &Actor,
        log: &RoomLog,
        after: Seq,
        entries: Vec<Imported>,
    ) -> Result<Option<Head>, Error> {
        self.may_run_server(actor).await?;
        let limit = limits::IMPORT_BATCH;
        if entries.len() > limit {
            return Err(Refusal::TooMany { what: "lines in one step of an import", limit }.into());
        }
        if log.head().closed {
            return Err(Refusal::RoomClosed.into());
        }
        let head = self.world.store.import(log.id(), after, entries).await?;
        // Also when nothing was appended: then the log may have gone on where nobody told this node.
        if let Err(fault) = self.logs.catch_up(log).await {
            // It is durable; the next move of this head, or the next look at heads, places it.
            tracing::error!(%fault, room = %log.id(), "durable events could not be read back");
        }
        self.world.bus.hint(log.id(), log.head().seq);
        self.moved.notify_one();
        Ok(head)
    }

    /// A message that the log has.
    async fn number(&self, log: &RoomLog, number: Number) -> Result<Arc<Slot>, Fault> {
        let missing = || Fault::Corrupt(format!("room {}: message {number} is missing", log.id()));
        self.logs.message(log, number).await?.ok_or_else(missing)
    }

    async fn messages_between(&self, log: &RoomLog, first: Seq, last: Seq) -> Result<Vec<Arc<Slot>>, Fault> {
        let mut slots: Vec<Arc<Slot>> = Vec::new();
        let mut next = first;
        while next <= last {
            let count = usize::try_from(last.0 - next.0 + 1).unwrap_or(usize::MAX);
            let page = self.logs.slots(log, next, count).await?;
            next = match page.last() {
                Some(slot) => slot.event().seq.next(),
                None => break,
            };
            slots.extend(page.into_iter().filter(|slot| slot.event().body.is_message()));
        }
        Ok(slots)
    }
}
