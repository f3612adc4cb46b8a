//! The rooms of this node and the one way to read their logs: from memory near the head, from the store elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::event::{Author, Event};
use crate::ids::{Number, RoomId, RoomKey, Seq};
use crate::limits;
use crate::names::RoomName;
use crate::pages::{Pages, page_start};
use crate::ports::Store;
use crate::refusal::Fault;
use crate::room::{Role, Room, RoomRef};
use crate::room_log::{Placed, RoomLog};
use crate::slot::Slot;

pub(crate) struct Logs {
    store: Arc<dyn Store>,
    pages: Pages,
    // Held for look-ups only, never across a read of the store.
    rooms: Mutex<Rooms>,
}

struct Rooms {
    by_id: LruCache<RoomId, Arc<RoomLog>>,
    by_key: HashMap<RoomKey, RoomId>,
    /// Where rooms were found by name or by their two people. These move between rooms, so the room itself has to agree.
    by_name: HashMap<RoomName, RoomId>,
    by_two: HashMap<(Author, Author), RoomId>,
}

impl Logs {
    pub(crate) fn new(store: Arc<dyn Store>, cache_bytes: usize) -> Logs {
        let rooms = Rooms {
            by_id: LruCache::unbounded(),
            by_key: HashMap::new(),
            by_name: HashMap::new(),
            by_two: HashMap::new(),
        };
        Logs { store, pages: Pages::new(cache_bytes), rooms: Mutex::new(rooms) }
    }

    /// The room, unless there is none or it is closed.
    pub(crate) async fn open(&self, by: RoomRef) -> Result<Option<Arc<RoomLog>>, Fault> {
        let found = self.lock().find(&by);
        if let Some(log) = found {
            if !log.is_fresh() {
                self.catch_up(&log).await?;
                log.set_fresh(true);
            }
            return Ok((!log.head().closed).then_some(log));
        }
        Ok(self.store.room(by).await?.map(|room| self.adopt(room)))
    }

    /// Takes a room that the store just gave, unless it is here already.
    pub(crate) fn adopt(&self, room: Room) -> Arc<RoomLog> {
        let (log, forgotten) = self.lock().adopt(room);
        if let Some(room) = forgotten {
            // Nobody would hear of changes to its messages any more.
            self.pages.forget(room, Number(0));
        }
        log
    }

    /// The room of this name, if that is known here without asking the store. Its time tells whether there is such a room:
    /// only for those who may know.
    pub(crate) fn named(&self, name: &RoomName) -> Option<Arc<RoomLog>> {
        let log = self.lock().named(name)?;
        is_current(&log).then_some(log)
    }

    /// The room of these two people, if that is known here without asking the store.
    pub(crate) fn of_two(&self, two: (Author, Author)) -> Option<Arc<RoomLog>> {
        let log = self.lock().of_two(two)?;
        is_current(&log).then_some(log)
    }

    /// A person's role in a room, as of the head or later; asks the store only if it is not known here.
    pub(crate) async fn role(&self, log: &RoomLog, who: Author) -> Result<Option<Role>, Fault> {
        if !log.room().has_members {
            return Ok(None);
        }
        let (known, changes) = log.known_role(who);
        // A room that may have been left behind does not know what another node changed.
        if let Some(role) = known.filter(|_| log.is_fresh()) {
            return Ok(role);
        }
        let role = self.store.role(log.id(), who).await?;
        log.keep_role(who, role, changes);
        Ok(role)
    }

    /// Slots from `from` on, at most `max`, none beyond the end of the log; empty: there is nothing there yet.
    pub(crate) async fn slots(&self, log: &RoomLog, from: Seq, max: usize) -> Result<Vec<Arc<Slot>>, Fault> {
        let max = max.min(limits::READ_EVENTS);
        let mut slots = Vec::new();
        let mut next = Seq(from.0.max(1));
        while slots.len() < max {
            // The store and the pages may be ahead of the head. What lies beyond has had no effect here yet: a reader
            // who lost his rights by it would not be noticed.
            let Some(ahead) = (log.head().seq.0 + 1).checked_sub(next.0).filter(|ahead| *ahead > 0) else { break };
            let wanted = (max - slots.len()).min(usize::try_from(ahead).unwrap_or(usize::MAX));
            let page = self.page_from(log, next, wanted).await?;
            if page.is_empty() {
                let what = format!("room {}: nothing at {next}, though the head is {}", log.id(), log.head().seq);
                return Err(Fault::Corrupt(what));
            }
            next = Seq(next.0 + page.len() as u64);
            slots.extend(page);
        }
        Ok(slots)
    }

    /// The message with this number; `None` if there is none (yet).
    pub(crate) async fn message(&self, log: &RoomLog, number: Number) -> Result<Option<Arc<Slot>>, Fault> {
        let head = log.head();
        if number.0 == 0 || number > head.number {
            return Ok(None);
        }
        // Every event that is no message moves positions ahead of numbers, so the message lies between these two.
        let latest = Seq(number.0 + (head.seq.0 - head.number.0));
        for near in [latest, Seq(number.0)] {
            if let Some(slot) = self.pages.message(log.id(), near, number) {
                return Ok(Some(slot));
            }
        }
        let Some(event) = self.store.message(log.id(), number).await? else {
            return Err(Fault::Corrupt(format!(
                "room {}: no message {number}, though it had {}",
                log.id(),
                head.number
            )));
        };
        let slots = self.page_from(log, event.seq, 1).await?;
        Ok(slots.into_iter().next())
    }

    /// Makes durable events visible to all cursors of the room.
    pub(crate) async fn place(&self, log: &RoomLog, slots: &[Arc<Slot>]) -> Result<(), Fault> {
        match log.place(slots, &self.pages) {
            Placed::Yes => Ok(()),
            Placed::Gap => self.catch_up_with(log, slots).await,
        }
    }

    /// Places what the store has beyond the head.
    pub(crate) async fn catch_up(&self, log: &RoomLog) -> Result<(), Fault> {
        self.catch_up_with(log, &[]).await
    }

    /// The same, with slots that are among them and know more than the store: where they came in.
    async fn catch_up_with(&self, log: &RoomLog, known: &[Arc<Slot>]) -> Result<(), Fault> {
        loop {
            let events = self.store.events(log.id(), log.head().seq.next(), limits::READ_EVENTS).await?;
            if events.is_empty() {
                return Ok(());
            }
            let slot = |event: Event| match known.binary_search_by_key(&event.seq, |slot| slot.event().seq) {
                Ok(at) => known[at].clone(),
                Err(_) => Arc::new(Slot::new(event)),
            };
            let slots: Vec<_> = events.into_iter().map(slot).collect();
            if log.place(&slots, &self.pages) == Placed::Gap {
                let head = log.head().seq;
                return Err(Fault::Corrupt(format!("room {}: what follows {head} does not begin there", log.id())));
            }
        }
    }

    /// The room with this number, if it is in use here.
    pub(crate) fn in_use(&self, room: RoomId) -> Option<Arc<RoomLog>> {
        self.lock().by_id.peek(&room).cloned()
    }

    /// Rooms in which somebody is, or polled lately.
    pub(crate) fn attended(&self) -> Vec<Arc<RoomLog>> {
        self.lock().by_id.iter().map(|(_, log)| log).filter(|log| !log.presence().is_unused()).cloned().collect()
    }

    /// Rooms that somebody watches here. The others are not fresh any more: whoever opens one has to look by himself.
    pub(crate) fn watched(&self) -> Vec<Arc<RoomLog>> {
        let rooms = self.lock();
        let (watched, others): (Vec<_>, Vec<_>) =
            rooms.by_id.iter().map(|(_, log)| log).partition(|log| log.is_watched());
        others.iter().for_each(|log| log.set_fresh(false));
        watched.into_iter().cloned().collect()
    }

    async fn page_from(&self, log: &RoomLog, from: Seq, max: usize) -> Result<Vec<Arc<Slot>>, Fault> {
        if let Some(slots) = self.pages.read(log.id(), from, max) {
            return Ok(slots);
        }
        let _fetching = log.fetching.lock().await;
        if let Some(slots) = self.pages.read(log.id(), from, max) {
            return Ok(slots);
        }
        let amendments = log.amendments();
        // What was committed and is not placed yet comes in with its own slots.
        let head = log.head().seq;
        let first = page_start(from);
        let events =
            self.store.events(log.id(), first, usize::try_from(limits::PAGE_SLOTS).unwrap_or(usize::MAX)).await?;
        let slots: Vec<_> = events.into_iter().map(|event| Arc::new(Slot::new(event))).collect();
        if log.amendments() == amendments {
            self.pages.insert(log.id(), &slots[..slots.partition_point(|slot| slot.event().seq <= head)]);
            if log.amendments() != amendments {
                // A message was changed between the two lines above, and its old text may have come in behind that.
                self.pages.forget(log.id(), Number(0));
            }
        }
        Ok(slots.into_iter().skip_while(|slot| slot.event().seq < from).take(max).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    fn find(&mut self, by: &RoomRef) -> Option<Arc<RoomLog>> {
        let id = match by {
            RoomRef::Id(id) => *id,
            RoomRef::Key(key) => *self.by_key.get(key)?,
            // Names move between rooms, so the store is asked.
            RoomRef::Name(_) => return None,
        };
        self.by_id.get(&id).cloned()
    }

    fn named(&mut self, name: &RoomName) -> Option<Arc<RoomLog>> {
        let id = *self.by_name.get(name)?;
        let log = self.by_id.get(&id).filter(|log| log.room().name.as_ref() == Some(name)).cloned();
        if log.is_none() {
            self.by_name.remove(name);
        }
        log
    }

    fn of_two(&mut self, two: (Author, Author)) -> Option<Arc<RoomLog>> {
        let id = *self.by_two.get(&two)?;
        let log = self.by_id.get(&id).filter(|log| log.room().direct == Some(two)).cloned();
        if log.is_none() {
            self.by_two.remove(&two);
        }
        log
    }

    /// Notes by what a room was found, as the store just told it.
    fn note(&mut self, room: &Room) {
        if let Some(name) = &room.name {
            self.by_name.insert(name.clone(), room.id);
        }
        if let Some(two) = room.direct {
            self.by_two.insert(two, room.id);
        }
        // Names that rooms had before, and rooms that are not here any more, leave something behind.
        let bound = 2 * limits::IDLE_ROOMS.max(self.by_id.len());
        if self.by_name.len() + self.by_two.len() > bound {
            let by_id = &self.by_id;
            let room = |id: &RoomId| by_id.peek(id).map(|log| log.room());
            self.by_name.retain(|name, id| room(id).is_some_and(|room| room.name.as_ref() == Some(name)));
            self.by_two.retain(|two, id| room(id).is_some_and(|room| room.direct == Some(*two)));
        }
    }

    /// The room, and one that is not here any more.
    fn adopt(&mut self, room: Room) -> (Arc<RoomLog>, Option<RoomId>) {
        self.note(&room);
        if let Some(log) = self.by_id.get(&room.id) {
            return (log.clone(), None);
        }
        let log = Arc::new(RoomLog::new(room));
        self.by_key.insert(log.key(), log.id());
        self.by_id.put(log.id(), log.clone());
        (log, self.forget_idle())
    }

    /// Forgets the room that was not asked for the longest, unless somebody holds it.
    /// Rooms are only handed out under this lock, so one that nobody holds now can't be taken meanwhile.
    fn forget_idle(&mut self) -> Option<RoomId> {
        if self.by_id.len() <= limits::IDLE_ROOMS {
            return None;
        }
        // One is looked at for each that came: if it is in use, it goes to the other end and the next is looked at next time.
        let (id, log) = self.by_id.pop_lru()?;
        if Arc::strong_count(&log) > 1 || log.is_watched() {
            self.by_id.put(id, log);
            return None;
        }
        self.by_key.remove(&log.key());
        Some(id)
    }
}

/// Whether a room is open, and was not left behind by what another node did.
fn is_current(log: &RoomLog) -> bool {
    log.is_fresh() && !log.head().closed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    use crate::event::{Author, Body, Draft, NameChoice};
    use crate::ids::{Epoch, LOBBY, Timestamp};
    use crate::model::Model;
    use crate::text::{DisplayName, Text};

    /// The answer of what never has to wait: the model store does not.
    fn at_once<T>(work: impl Future<Output = T>) -> T {
        match std::pin::pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("the model store made somebody wait"),
        }
    }

    fn append(store: &Model, body: Body) {
        let name = NameChoice::Given(DisplayName::stored("a".into()));
        let draft = Draft { room: LOBBY, author: Author::System, name, body, key: None, now: Timestamp(5) };
        at_once(store.append(vec![draft])).unwrap();
    }

    fn first_text(logs: &Logs) -> String {
        let log = at_once(logs.open(RoomRef::Id(LOBBY))).unwrap().unwrap();
        let slots = at_once(logs.slots(&log, Seq(1), 1)).unwrap();
        match &slots[0].event().body {
            Body::Message { text, .. } => text.as_str().to_owned(),
            other => panic!("{other:?} is no message"),
        }
    }

    /// A room that is not here hears of no change, so its pages would show the old text, even of a deleted message, for ever.
    #[test]
    fn a_room_that_is_forgotten_takes_its_pages_along() {
        let key = |number: u64| RoomKey::draw(|bytes| bytes.fill((number % 252) as u8));
        let store = Arc::new(Model::new([0; 32], key(0), Epoch(1), Timestamp(1)));
        let logs = Logs::new(store.clone(), 1 << 20);
        append(&store, Body::message(Text::stored("old".into()), None));
        assert_eq!(first_text(&logs), "old");
        let lobby = at_once(store.room(RoomRef::Id(LOBBY))).unwrap().unwrap();
        for number in 2..=limits::IDLE_ROOMS as u64 + 1 {
            logs.adopt(Room { id: RoomId(number), key: key(number), ..lobby.clone() });
        }
        assert!(logs.in_use(LOBBY).is_none(), "it was idle the longest");
        append(&store, Body::Edit { target: Number(1), text: Text::stored("new".into()) });
        assert_eq!(first_text(&logs), "new");
    }
}
