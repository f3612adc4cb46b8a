//! What is true now and not history: who is here. The last value wins; nothing is queued or stored.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::event::Author;
use crate::ids::{ConnectionId, Seq};
use crate::limits;
use crate::ports::Clock;
use crate::room_log::RoomLog;

/// A change of what is true now in a room. Readers compare versions and ask again; they may miss values between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulse {
    /// Grows with every change.
    pub version: u64,
    /// The head at which it happened: a session shows it before any later message.
    pub head: Seq,
}

/// Who is here in a room.
#[derive(Default)]
pub struct Presence {
    // Held for memory work only. One entry a connection that is here or left within `LINGER_SECONDS`.
    attendees: Mutex<HashMap<ConnectionId, Attendee>>,
    pulse: watch::Sender<Pulse>,
}

#[derive(Debug, Clone, Copy)]
struct Attendee {
    /// `None`: someone of whom nothing is known, who counts as one person a connection.
    who: Option<Author>,
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
    /// How many people are here: a person with several connections counts once.
    #[must_use]
    pub fn people(&self, now: Duration) -> usize {
        let mut attendees = self.lock();
        attendees.retain(|_, attendee| attendee.is_here(now));
        let mut known = HashSet::new();
        attendees.values().filter(|attendee| attendee.who.is_none_or(|who| known.insert(who))).count()
    }

    /// Watches for changes of who is here.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Pulse> {
        self.pulse.subscribe()
    }

    /// Whether nobody attends right now. Who left and only lingers does not keep a room in memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().values().all(|attendee| attendee.open == 0)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Attendee>> {
        self.attendees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a connection is here in a room until this is dropped, and ten seconds more: a poller comes back at once.
pub struct Attendance {
    log: Arc<RoomLog>,
    clock: Arc<dyn Clock>,
    connection: ConnectionId,
}

impl Attendance {
    pub(crate) fn begin(
        log: Arc<RoomLog>,
        clock: Arc<dyn Clock>,
        connection: ConnectionId,
        who: Option<Author>,
    ) -> Attendance {
        let now = clock.monotonic();
        let changed = {
            let mut attendees = log.presence().lock();
            // Without this, who came and went would stay until somebody counts. Doubling keeps it cheap on average.
            if attendees.len() == attendees.capacity() {
                attendees.retain(|_, attendee| attendee.is_here(now));
            }
            let attendee = attendees.entry(connection).or_insert(Attendee { who, open: 0, left: Duration::ZERO });
            let changed = !(attendee.open > 0 && attendee.who == who);
            attendee.open += 1;
            attendee.who = who;
            changed
        };
        let attendance = Attendance { log, clock, connection };
        if changed {
            attendance.tell();
        }
        attendance
    }

    fn tell(&self) {
        let head = self.log.head().seq;
        self.log.presence().pulse.send_modify(|pulse| *pulse = Pulse { version: pulse.version + 1, head });
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let ended = {
            let mut attendees = self.log.presence().lock();
            let Some(attendee) = attendees.get_mut(&self.connection) else { return };
            attendee.open -= 1;
            attendee.left = self.clock.monotonic();
            attendee.open == 0
        };
        if ended {
            self.tell();
        }
    }
}
