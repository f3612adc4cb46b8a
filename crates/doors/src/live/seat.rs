//! A connection's place in a room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parlor_core::Chat;
use parlor_core::ids::Seq;
use parlor_core::room_log::RoomLog;

use super::Topic;
use super::audience::Audience;
use super::outlet::Outlet;

/// How much of a topic was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Of a room: the last event of its log; of news: 0.
    pub seq: Seq,
    /// The last version of who is here, or of the news.
    pub version: u64,
}

impl Mark {
    /// All that there is in a room now.
    #[must_use]
    pub fn now(log: &RoomLog) -> Mark {
        // The head first: what comes between the two is heard once more rather than never.
        let seq = log.head().seq;
        Mark { seq, version: log.presence().changes().version() }
    }

    /// All the news that there are now.
    #[must_use]
    pub fn news(chat: &Chat) -> Mark {
        Mark { version: chat.news().version(), ..Mark::default() }
    }
}

/// A connection's place in a room (or before the news), with its position.
pub struct Seat {
    audience: Arc<Audience>,
    outlet: Arc<Outlet>,
    // Both are read and written under the outlet's lock only.
    seq: AtomicU64,
    version: AtomicU64,
    ended: AtomicBool,
}

impl Seat {
    pub(super) fn new(audience: Arc<Audience>, outlet: Arc<Outlet>, mark: Mark) -> Seat {
        Seat {
            audience,
            outlet,
            seq: AtomicU64::new(mark.seq.0),
            version: AtomicU64::new(mark.version),
            ended: AtomicBool::new(false),
        }
    }

    /// What is heard from it.
    #[must_use]
    pub fn topic(&self) -> &Topic {
        self.audience.topic()
    }

    pub(super) fn audience(&self) -> &Arc<Audience> {
        &self.audience
    }

    pub(super) fn outlet(&self) -> &Arc<Outlet> {
        &self.outlet
    }

    /// What was heard from it. To be called under the outlet's lock.
    pub(super) fn mark(&self) -> Mark {
        Mark { seq: Seq(self.seq.load(Ordering::Relaxed)), version: self.version.load(Ordering::Relaxed) }
    }

    /// To be called under the outlet's lock.
    pub(super) fn set_mark(&self, mark: Mark) {
        self.seq.store(mark.seq.0, Ordering::Relaxed);
        self.version.store(mark.version, Ordering::Relaxed);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether this was the call that ended it.
    pub(super) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::AcqRel)
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Seat").field("topic", self.topic()).field("mark", &self.mark()).finish_non_exhaustive()
    }
}
