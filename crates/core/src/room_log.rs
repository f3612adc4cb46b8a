//! A room on this node: its settings, its head that cursors watch, who is here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::watch;

use crate::event::{Author, Body};
use crate::ids::{Number, RoomId, RoomKey, Seq};
use crate::limits;
use crate::pages::Pages;
use crate::pulse::Presence;
use crate::room::{Head, Role, Room};
use crate::slot::Slot;

/// A room on this node. There is one for a room at a time, shared by all who use the room.
pub struct RoomLog {
    room: RwLock<Arc<Room>>,
    id: RoomId,
    key: RoomKey,
    head: watch::Sender<Head>,
    /// How often a message was changed in place: a page that was read before the last change is not kept.
    amendments: AtomicU64,
    /// One reader at a time fetches pages: ten thousand that miss the same page cost one read, not ten thousand.
    pub(crate) fetching: tokio::sync::Mutex<()>,
    /// Serialises placing; held for memory work only.
    placing: Mutex<()>,
    /// Held for look-ups in memory only.
    roles: Mutex<KnownRoles>,
    presence: Presence,
    /// Whether it was read or looked at lately; if not, a lost hint may have left it behind (see [`crate::Chat::look_at_heads`]).
    fresh: AtomicBool,
    /// Drafts of this node that are being committed: they place themselves, with where they came in, which the store does
    /// not know.
    committing: AtomicUsize,
}

/// Roles that were looked up, so that who speaks costs no read.
#[derive(Default)]
struct KnownRoles {
    /// What the store said, `None` included: no role.
    by_person: HashMap<Author, Option<Role>>,
    /// How many events changed somebody's role here.
    changes: u64,
}

/// Whether slots could be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// They are, or were already.
    Yes,
    /// Events before them are not here yet: read them from the store.
    Gap,
}

impl RoomLog {
    pub(crate) fn new(room: Room) -> RoomLog {
        RoomLog {
            id: room.id,
            key: room.key,
            head: watch::Sender::new(room.head),
            amendments: AtomicU64::new(0),
            fetching: tokio::sync::Mutex::new(()),
            placing: Mutex::new(()),
            roles: Mutex::default(),
            presence: Presence::default(),
            fresh: AtomicBool::new(true),
            committing: AtomicUsize::new(0),
            room: RwLock::new(Arc::new(room)),
        }
    }

    /// The room's number.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The room's public id.
    #[must_use]
    pub fn key(&self) -> RoomKey {
        self.key
    }

    /// Its settings as of the head. The `head` inside is the one of when it was loaded: ask [`RoomLog::head`].
    #[must_use]
    pub fn room(&self) -> Arc<Room> {
        self.room.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest position.
    #[must_use]
    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// Waits until the room is closed. Cancel safe.
    pub async fn closed(&self) {
        // An error says that the head is gone, and with it this log, which is borrowed here.
        let _ = self.watch().wait_for(|head| head.closed).await;
    }

    /// Waits until it has a message after this one, or is closed. Cancel safe.
    pub async fn beyond(&self, number: Number) {
        // An error says that the log is gone, which is borrowed here.
        drop(self.watch().wait_for(|head| head.closed || head.number > number).await);
    }

    /// Watches the head. A reader marks it as seen, then reads, then sleeps: so no move is missed.
    pub(crate) fn watch(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// Who is here.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Whether somebody waits for its head or is here.
    pub(crate) fn is_watched(&self) -> bool {
        self.head.receiver_count() > 0 || !self.presence.is_empty() || self.presence.changes().is_watched()
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh.load(Ordering::Acquire)
    }

    pub(crate) fn set_fresh(&self, fresh: bool) {
        self.fresh.store(fresh, Ordering::Release);
    }

    pub(crate) fn is_committing(&self) -> bool {
        self.committing.load(Ordering::Acquire) > 0
    }

    pub(crate) fn set_committing(&self, committing: bool) {
        if committing {
            self.committing.fetch_add(1, Ordering::AcqRel);
        } else {
            self.committing.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// A person's role if it is known here, and in any case how often roles changed so far: for [`RoomLog::keep_role`].
    pub(crate) fn known_role(&self, who: Author) -> (Option<Option<Role>>, u64) {
        let roles = self.roles();
        (roles.by_person.get(&who).copied(), roles.changes)
    }

    /// Keeps what the store was asked when roles had changed that often. If they have since, it may have been overtaken.
    pub(crate) fn keep_role(&self, who: Author, role: Option<Role>, changes: u64) {
        let mut roles = self.roles();
        if roles.changes != changes {
            return;
        }
        if roles.by_person.len() >= limits::KNOWN_ROLES {
            // All of them: in a crowd that is larger than the bound, the one that was used last would be of no more use.
            roles.by_person.clear();
        }
        roles.by_person.insert(who, role);
    }

    /// Forgets a person's role that the store changed by itself, before the event that says so is here.
    pub(crate) fn role_moved(&self, who: Author) {
        {
            let mut roles = self.roles();
            roles.by_person.remove(&who);
            roles.changes += 1;
        }
        // Never back to false here: a look-up too many is cheap, a role overlooked is not.
        Arc::make_mut(&mut self.room.write().unwrap_or_else(PoisonError::into_inner)).has_members = true;
    }

    fn roles(&self) -> MutexGuard<'_, KnownRoles> {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn amendments(&self) -> u64 {
        self.amendments.load(Ordering::Acquire)
    }

    /// Puts durable events behind the head, in order, and moves the head once. What is there already is passed over.
    pub(crate) fn place(&self, slots: &[Arc<Slot>], pages: &Pages) -> Placed {
        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut head = self.head();
        let new = slots.partition_point(|slot| slot.event().seq <= head.seq);
        let slots = &slots[new..];
        let Some(first) = slots.first() else { return Placed::Yes };
        if first.event().seq != head.seq.next() {
            return Placed::Gap;
        }
        for slot in slots {
            let event = slot.event();
            self.take_effect(slot, pages);
            head = Head { seq: event.seq, number: event.number, at: event.at, closed: event.body == Body::Closed };
        }
        for page in slots.chunk_by(|a, b| same_page(a.event().seq, b.event().seq)) {
            pages.insert(self.id, page);
        }
        self.head.send_replace(head);
        Placed::Yes
    }

    fn take_effect(&self, slot: &Slot, pages: &Pages) {
        let event = slot.event();
        if let Some(target) = event.body.amends() {
            // First the count, then the pages: a fetch that began before can't bring the old text back.
            self.amendments.fetch_add(1, Ordering::AcqRel);
            pages.forget(self.id, target);
        }
        if let Body::Member { who, .. } = &event.body {
            // Before the head moves: whoever reads on sees that rights changed.
            self.role_moved(*who);
        }
        let mut room = self.room.write().unwrap_or_else(PoisonError::into_inner);
        match &event.body {
            Body::Settings(change) => Arc::make_mut(&mut room).apply(change),
            Body::Member { who, role: None } if room.other(*who).is_some() => {
                Arc::make_mut(&mut room).part(*who);
            }
            // Its two people can have another room from now on. The name stays here, where it finds nothing any more: those who
            // were in it are told what has ended.
            Body::Closed => Arc::make_mut(&mut room).direct = None,
            _ => {}
        }
    }
}

fn same_page(a: Seq, b: Seq) -> bool {
    crate::pages::page_start(a) == crate::pages::page_start(b)
}

impl std::fmt::Debug for RoomLog {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RoomLog").field("id", &self.id).field("head", &self.head()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, Epoch, Timestamp};
    use crate::room::Access;
    use crate::text::Subject;

    fn log() -> RoomLog {
        RoomLog::new(Room {
            id: RoomId(7),
            key: RoomKey::draw(|bytes| bytes.fill(7)),
            epoch: Epoch(1),
            name: None,
            subject: Subject::stored("x".to_owned()),
            listed: false,
            access: Access::Members,
            question: None,
            vanishes: false,
            direct: None,
            archive: false,
            time_zone: crate::days::TimeZone::utc(),
            created: Timestamp(1),
            has_members: false,
            head: Head::default(),
            indexed: Seq(0),
        })
    }

    fn person(number: u64) -> Author {
        Author::Account(AccountId(number))
    }

    #[test]
    fn a_role_is_kept_unless_it_was_overtaken() {
        let log = log();
        let (known, asked) = log.known_role(person(1));
        assert_eq!(known, None);
        log.keep_role(person(1), None, asked);
        assert_eq!(log.known_role(person(1)).0, Some(None), "having none is worth knowing");
        let (_, asked) = log.known_role(person(2));
        // While the store is asked for the second one, the first one's role changes: nobody can say what was read.
        log.role_moved(person(1));
        log.keep_role(person(2), Some(Role::Member), asked);
        assert_eq!(log.known_role(person(1)).0, None);
        assert_eq!(log.known_role(person(2)).0, None);
        assert!(log.room().has_members);
        let (_, asked) = log.known_role(person(2));
        log.keep_role(person(2), Some(Role::Member), asked);
        assert_eq!(log.known_role(person(2)).0, Some(Some(Role::Member)));
        log.role_moved(person(1));
        assert_eq!(log.known_role(person(2)).0, Some(Some(Role::Member)), "another one's change takes nothing away");
    }

    #[test]
    fn roles_are_bounded() {
        let log = log();
        for number in 1..=limits::KNOWN_ROLES as u64 * 3 {
            log.keep_role(person(number), None, 0);
            assert!(log.roles().by_person.len() <= limits::KNOWN_ROLES);
        }
    }
}
