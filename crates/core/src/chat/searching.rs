//! Searching: the index finds candidates, the query says which of them are hits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::Chat;
use crate::actor::Actor;
use crate::ids::{Number, RoomId, Seq, Timestamp};
use crate::limits;
use crate::policy::Verb;
use crate::query::Query;
use crate::refusal::{Error, Fault, Refusal};
use crate::room::{Head, RoomRef};
use crate::room_log::RoomLog;
use crate::slot::Slot;

/// What a search of a room found.
#[derive(Debug, Clone)]
pub struct Hits {
    /// The hits, newest first.
    pub slots: Vec<Arc<Slot>>,
    /// Below which number to go on; `None`: there is no more.
    pub next: Option<Number>,
    /// Whether the index is far behind this room, as after an import, so that newer messages may be hits, too.
    pub behind: bool,
}

/// Hits of a room: where they stand, and where to go on.
struct Found {
    slots: Vec<Arc<Slot>>,
    next: Option<Number>,
}

impl Chat {
    /// Messages that a query asks for, newest first, with numbers below `before`, at most `limit`. Waits until the index has
    /// what the log had when it was asked, unless that is far. Looks at so many candidates at most
    /// ([`limits::SEARCH_CANDIDATES`]) that there may be fewer hits than `limit` and still more behind [`Hits::next`].
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn search(
        &self,
        actor: &Actor,
        log: &RoomLog,
        query: &Query,
        before: Option<Number>,
        limit: usize,
    ) -> Result<Hits, Error> {
        // The head first: what comes while the rights are looked at, or the index follows, is not covered by them.
        let head = log.head();
        self.authorize(actor, log, Verb::Read).await?;
        let behind = !self.index_has(log, head.seq).await?;
        let mut numbers = self.numbers_at(log, head, query.times()).await?;
        numbers.end = before.map_or(numbers.end, |before| before.min(numbers.end));
        let mut candidates = limits::SEARCH_CANDIDATES;
        let limit = limit.min(limits::SEARCH_HITS);
        let Found { slots, next } = self.find_hits(log, query, numbers, limit, &mut candidates).await?;
        Ok(Hits { slots, next, behind })
    }

    /// The same over all rooms that somebody may read: those where they have a role, rooms of two among them, and the listed
    /// ones; of these the [`limits::SEARCH_ROOMS`] that were active last. Newest first by time, from before `before`.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn search_everywhere(
        &self,
        actor: &Actor,
        query: &Query,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<(Arc<RoomLog>, Arc<Slot>)>, Error> {
        let limit = limit.min(limits::SEARCH_HITS);
        let lagging = self.world.store.index_lag(limits::SEARCH_LAGGING).await?;
        let lagging: HashSet<RoomId> = lagging.into_iter().map(|lag| lag.room).collect();
        let mut hits: Vec<(Arc<RoomLog>, Arc<Slot>)> = Vec::new();
        let mut candidates = limits::SEARCH_CANDIDATES;
        for log in self.readable_rooms(actor).await? {
            let mut times = query.times();
            times.end = before.map_or(times.end, |before| before.min(times.end));
            // What is older than all that was found does not come into it; and the next rooms have nothing newer.
            if let Some((_, oldest)) = hits.get(limit.saturating_sub(1)) {
                times.start = times.start.max(Timestamp(oldest.event().at.0.saturating_add(1)));
            }
            let head = log.head();
            if head.at < times.start || times.is_empty() || limit == 0 || candidates == 0 {
                break;
            }
            if !may_still(self.authorize(actor, &log, Verb::Read).await)? {
                continue;
            }
            if lagging.contains(&log.id()) && !may_still(self.index_has(&log, head.seq).await.map(drop))? {
                continue;
            }
            let numbers = self.numbers_at(&log, head, times).await?;
            let found = self.find_hits(&log, query, numbers, limit, &mut candidates).await?;
            hits.extend(found.slots.into_iter().map(|slot| (log.clone(), slot)));
            hits.sort_by_key(|(log, slot)| Reverse((slot.event().at, log.id())));
            hits.truncate(limit);
        }
        Ok(hits)
    }

    /// The rooms that a search for somebody may look into, most recently active first.
    async fn readable_rooms(&self, actor: &Actor) -> Result<Vec<Arc<RoomLog>>, Error> {
        let mut rooms: BTreeMap<RoomId, Arc<RoomLog>> = BTreeMap::new();
        for room in self.world.store.listed_rooms(limits::LISTED_ROOMS).await? {
            let log = self.at_hand(room).await?;
            rooms.insert(log.id(), log);
        }
        for (room, _) in self.roles_of(actor).await? {
            if !rooms.contains_key(&room)
                && let Some(log) = self.logs.open(RoomRef::Id(room)).await?
            {
                rooms.insert(room, log);
            }
        }
        let mut rooms: Vec<Arc<RoomLog>> = rooms.into_values().collect();
        rooms.sort_by_key(|log| Reverse((log.head().at, log.id())));
        rooms.truncate(limits::SEARCH_ROOMS);
        Ok(rooms)
    }

    /// Which numbers messages of these times have.
    async fn numbers_at(&self, log: &RoomLog, head: Head, times: Range<Timestamp>) -> Result<Range<Number>, Fault> {
        let mut numbers = Number(1)..head.number.next();
        if times.start > Timestamp(i64::MIN) {
            numbers.start = self.world.store.first_at(log.id(), times.start).await?.1;
        }
        if times.end <= head.at {
            numbers.end = numbers.end.min(self.world.store.first_at(log.id(), times.end).await?.1);
        }
        Ok(numbers)
    }

    /// Takes candidates, newest first, until there are enough hits, or as many candidates as may be looked at.
    async fn find_hits(
        &self,
        log: &RoomLog,
        query: &Query,
        mut numbers: Range<Number>,
        limit: usize,
        candidates: &mut usize,
    ) -> Result<Found, Fault> {
        let mut slots = Vec::new();
        // Nearly all candidates are hits, so the first look is for no more than are wanted, and whether there is another.
        let mut wanted = limit + 1;
        while slots.len() < limit && !numbers.is_empty() {
            wanted = wanted.min(*candidates);
            if wanted == 0 {
                return Ok(Found { slots, next: Some(numbers.end) });
            }
            let store = &self.world.store;
            let found = store.search(log.id(), query.tokens().to_vec(), numbers.clone(), wanted).await?;
            *candidates -= found.len();
            let is_last = found.len() < wanted;
            let events = store.messages(log.id(), found.clone()).await?;
            for event in events {
                if slots.len() == limit {
                    return Ok(Found { slots, next: Some(numbers.end) });
                }
                numbers.end = event.number;
                if query.matches(&event) {
                    slots.push(Arc::new(Slot::new(event)));
                }
            }
            let Some(last) = found.last().filter(|_| !is_last) else { return Ok(Found { slots, next: None }) };
            numbers.end = *last;
            wanted = limits::SEARCH_BATCH;
        }
        let next = Some(numbers.end).filter(|_| !numbers.is_empty());
        Ok(Found { slots, next })
    }

    /// Waits until the index has a log up to here; `false`, at once, if that is far.
    async fn index_has(&self, log: &RoomLog, upto: Seq) -> Result<bool, Error> {
        let mut rounds = self.indexed.clone();
        loop {
            rounds.mark_unchanged();
            let room = self.world.store.room(RoomRef::Id(log.id())).await?.ok_or(Refusal::NotFound)?;
            if room.indexed >= upto {
                return Ok(true);
            }
            self.moved.notify_one();
            if upto.0 - room.indexed.0 > limits::INDEX_WAIT_EVENTS {
                return Ok(false);
            }
            if rounds.changed().await.is_err() {
                return Err(Fault::Unavailable("the search index is not being kept".into()).into());
            }
            rounds.borrow_and_update().clone()?;
        }
    }
}

/// Whether somebody may, where a refusal is no answer for all.
fn may_still(answer: Result<(), Error>) -> Result<bool, Error> {
    match answer {
        Ok(()) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
