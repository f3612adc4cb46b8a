//! What is true now and not history: who is here in a room. Nothing of it is stored.
//!
//! A change of it is an entry of the room's journal, with the head at which it happened. A reader takes the head first, then the
//! changes up to that head, and shows a change before every event behind its head: so who came and then spoke is seen to come
//! first.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::chat::Chat;
use crate::connections::Identity;
use crate::event::Author;
use crate::ids::{ConnectionId, Seq};
use crate::journal::Journal;
use crate::limits;
use crate::room_log::RoomLog;

/// Who is here in a room.
#[derive(Default)]
pub struct Presence {
    // Held for memory work only.
    attendees: Mutex<Attendees>,
    changes: Journal<Change>,
}

/// One entry a connection that is here or polled within `LINGER_SECONDS`.
#[derive(Default)]
struct Attendees {
    by_connection: BTreeMap<ConnectionId, Attendee>,
    /// How many connections each person has here.
    people: HashMap<Author, usize>,
    /// How many connections are known people's.
    known: usize,
}

impl Attendees {
    fn insert(&mut self, connection: ConnectionId, identity: Arc<Identity>, open: u32) {
        self.count(&identity);
        self.by_connection.insert(connection, Attendee { identity, open, left: Duration::ZERO });
    }

    fn remove(&mut self, connection: ConnectionId) -> Option<Arc<Identity>> {
        let identity = self.by_connection.remove(&connection)?.identity;
        self.discount(&identity);
        Some(identity)
    }

    /// Says that a connection is somebody else now; answers who it was.
    fn replace(&mut self, connection: ConnectionId, identity: Arc<Identity>) -> Option<Arc<Identity>> {
        let attendee = self.by_connection.get_mut(&connection)?;
        let before = std::mem::replace(&mut attendee.identity, identity.clone());
        self.count(&identity);
        self.discount(&before);
        Some(before)
    }

    fn attendants(&self) -> impl Iterator<Item = Attendant> {
        let attendees = self.by_connection.iter();
        attendees
            .map(|(connection, attendee)| Attendant { connection: *connection, identity: attendee.identity.clone() })
    }

    fn count(&mut self, identity: &Identity) {
        if let Some(who) = identity.who {
            *self.people.entry(who).or_default() += 1;
            self.known += 1;
        }
    }

    fn discount(&mut self, identity: &Identity) {
        let Some(who) = identity.who else { return };
        self.known -= 1;
        if let Entry::Occupied(mut count) = self.people.entry(who) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// A connection in a room, and who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendant {
    /// The connection.
    pub connection: ConnectionId,
    /// Who it is.
    pub identity: Arc<Identity>,
}

/// Something that changed about who is here.
#[derive(Debug)]
pub struct Change {
    /// The head at which it happened.
    pub head: Seq,
    /// What happened.
    pub kind: ChangeKind,
    /// The connection, and who it is since then.
    pub attendant: Attendant,
    /// Connections in the room after it.
    pub connections: usize,
    /// The client's own number for what it did, if its door has one (wscmd: messageid); else 0.
    pub tag: u64,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// The connection is in the room now.
    Came,
    /// It left on purpose, or stopped polling.
    Left,
    /// It broke.
    Broke,
    /// It is in the room as before, as somebody else.
    Became {
        /// Who it was.
        before: Arc<Identity>,
    },
}

/// Who is here at one moment.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// The version of the changes that it includes.
    pub version: u64,
    /// By connection.
    pub attendants: Vec<Attendant>,
}

/// How long a connection counts as here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until ten seconds after the last [`Attendance`] was dropped: a poller comes back at once.
    Polling,
    /// Until its [`Attendance`] is left; dropping it says that the connection broke.
    Connected,
}

#[derive(Debug)]
struct Attendee {
    identity: Arc<Identity>,
    /// Attendances that are open now: a connection may poll twice at once.
    open: u32,
    /// When the last attendance ended.
    left: Duration,
}

impl Attendee {
    fn is_here(&self, now: Duration) -> bool {
        self.open > 0 || now.saturating_sub(self.left) < Duration::from_secs(limits::LINGER_SECONDS)
    }
}

impl Presence {
    /// How many people are here: a person with several connections counts once, a stranger by connection.
    #[must_use]
    pub fn people(&self) -> usize {
        let attendees = self.lock();
        attendees.people.len() + (attendees.by_connection.len() - attendees.known)
    }

    /// At most so many of those who are here.
    #[must_use]
    pub fn some(&self, limit: usize) -> Vec<Attendant> {
        self.lock().attendants().take(limit).collect()
    }

    /// How many connections are here.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().by_connection.len()
    }

    /// Who a connection is, if it is here.
    #[must_use]
    pub fn identity(&self, connection: ConnectionId) -> Option<Arc<Identity>> {
        self.lock().by_connection.get(&connection).map(|attendee| attendee.identity.clone())
    }

    /// Who is here, and the version from which to follow the changes.
    #[must_use]
    pub fn roster(&self) -> Roster {
        let attendees = self.lock();
        // Changes are made under the same lock, so the version belongs to this very list.
        Roster { version: self.changes.version(), attendants: attendees.attendants().collect() }
    }

    /// What changes.
    #[must_use]
    pub fn changes(&self) -> &Journal<Change> {
        &self.changes
    }

    /// Says that somebody who is here with an account is shown like this from now on.
    pub(crate) fn show(&self, log: &RoomLog, now: Duration, identity: &Arc<Identity>) {
        let mut attendees = self.lock();
        let here = attendees.by_connection.iter();
        let here = here.filter(|(_, at)| at.identity.who == identity.who && at.identity != *identity);
        for connection in here.map(|(connection, _)| *connection).collect::<Vec<_>>() {
            let Some(before) = attendees.replace(connection, identity.clone()) else { continue };
            let connections = attendees.by_connection.len();
            let kind = ChangeKind::Became { before };
            self.tell(log, now, (connection, identity.clone()), kind, connections, 0);
        }
    }

    /// Whether nobody attends right now. Who left and only lingers does not keep a room in memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().by_connection.values().all(|attendee| attendee.open == 0)
    }

    /// Whether nobody is here any more, those who linger included.
    pub(crate) fn is_unused(&self) -> bool {
        self.lock().by_connection.is_empty()
    }

    /// Lets those go who stopped polling ten seconds ago; whether somebody went and nobody is left.
    pub(crate) fn let_go(&self, log: &RoomLog, now: Duration) -> bool {
        let mut attendees = self.lock();
        self.changes.forget(now);
        let gone: Vec<ConnectionId> = attendees
            .by_connection
            .iter()
            .filter(|(_, attendee)| !attendee.is_here(now))
            .map(|(connection, _)| *connection)
            .collect();
        for connection in &gone {
            if let Some(identity) = attendees.remove(*connection) {
                let connections = attendees.by_connection.len();
                self.tell(log, now, (*connection, identity), ChangeKind::Left, connections, 0);
            }
        }
        !gone.is_empty() && attendees.by_connection.is_empty()
    }

    /// To be called under the lock of the attendees, so that changes have the order of what they tell of.
    fn tell(
        &self,
        log: &RoomLog,
        now: Duration,
        (connection, identity): (ConnectionId, Arc<Identity>),
        kind: ChangeKind,
        connections: usize,
        tag: u64,
    ) {
        let attendant = Attendant { connection, identity };
        self.changes.push(now, Change { head: log.head().seq, kind, attendant, connections, tag });
    }

    fn lock(&self) -> MutexGuard<'_, Attendees> {
        self.attendees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a connection is here in a room, for as long as its [`Stay`] says.
pub struct Attendance {
    chat: Arc<Chat>,
    log: Arc<RoomLog>,
    connection: ConnectionId,
    stay: Stay,
    /// Whether `leave` did all there is to do.
    ended: bool,
}

impl Attendance {
    pub(crate) fn begin(
        chat: Arc<Chat>,
        log: Arc<RoomLog>,
        connection: ConnectionId,
        identity: Arc<Identity>,
        stay: Stay,
        tag: u64,
    ) -> Attendance {
        if let Some(who) = identity.who {
            chat.connections().arrive(who);
        }
        let attendance = Attendance { chat, log, connection, stay, ended: false };
        attendance.enter(identity, tag, 1);
        attendance
    }

    /// The room.
    #[must_use]
    pub fn log(&self) -> &Arc<RoomLog> {
        &self.log
    }

    /// The same connection is somebody else from now on.
    pub fn become_other(&self, identity: Arc<Identity>, tag: u64) {
        if let Some(who) = identity.who {
            self.chat.connections().arrive(who);
        }
        if let Some(before) = self.enter(identity, tag, 0).and_then(|before| before.who) {
            self.chat.connections().depart(before, self.stay, self.now());
        }
    }

    /// Ends it on purpose. `tag`: the client's own number for that, or 0.
    pub fn leave(mut self, tag: u64) {
        self.end(ChangeKind::Left, tag);
    }

    /// Counts `opened` more attendances of the connection; answers who it was, if it was here.
    fn enter(&self, identity: Arc<Identity>, tag: u64, opened: u32) -> Option<Arc<Identity>> {
        let presence = self.log.presence();
        let now = self.now();
        let mut attendees = presence.lock();
        let before = attendees.replace(self.connection, identity.clone());
        match attendees.by_connection.get_mut(&self.connection) {
            Some(attendee) => attendee.open += opened,
            None => attendees.insert(self.connection, identity.clone(), opened.max(1)),
        }
        let kind = match &before {
            Some(before) if *before == identity => return Some(identity),
            Some(before) => ChangeKind::Became { before: before.clone() },
            None => ChangeKind::Came,
        };
        presence.tell(&self.log, now, (self.connection, identity), kind, attendees.by_connection.len(), tag);
        before
    }

    fn end(&mut self, kind: ChangeKind, tag: u64) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let presence = self.log.presence();
        let now = self.now();
        let mut attendees = presence.lock();
        let Some(attendee) = attendees.by_connection.get_mut(&self.connection) else { return };
        attendee.open = attendee.open.saturating_sub(1);
        attendee.left = now;
        let who = attendee.identity.who;
        if attendee.open == 0
            && self.stay == Stay::Connected
            && let Some(identity) = attendees.remove(self.connection)
        {
            presence.tell(&self.log, now, (self.connection, identity), kind, attendees.by_connection.len(), tag);
        }
        let unused = attendees.by_connection.is_empty();
        drop(attendees);
        if let Some(who) = who {
            self.chat.connections().depart(who, self.stay, now);
        }
        if unused {
            self.chat.emptied().notify_one();
        }
    }

    fn now(&self) -> Duration {
        self.chat.clock().monotonic()
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.end(ChangeKind::Broke, 0);
    }
}
