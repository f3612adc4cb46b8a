//! What happened lately and is not history: who came and went, which rooms were made. One shared record that every reader
//! has a version of, so that nothing is queued for anybody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::limits;

/// Entries with versions 1, 2, 3, ..., forgotten after a minute. Readers keep the version that they have seen.
pub struct Journal<T> {
    // Held for memory work only.
    recent: Mutex<Recent<T>>,
    newest: watch::Sender<u64>,
}

struct Recent<T> {
    /// The version of the last entry that was made.
    newest: u64,
    /// The last entries, oldest first; the last one has the version `newest`.
    entries: VecDeque<(Duration, Arc<T>)>,
}

impl<T> Recent<T> {
    fn forget(&mut self, now: Duration) {
        let kept = Duration::from_secs(limits::JOURNAL_SECONDS);
        while self.entries.front().is_some_and(|(at, _)| now.saturating_sub(*at) > kept) {
            self.entries.pop_front();
        }
        if self.entries.is_empty() {
            // The room for a crowd is not needed for ever.
            self.entries.shrink_to(0);
        }
    }
}

/// What follows a version.
#[derive(Debug)]
pub enum Since<T> {
    /// These, in order, each with its version; none: nothing yet.
    Entries(Vec<(u64, Arc<T>)>),
    /// Some of it is forgotten: look at how things are now, and go on from here.
    Lost {
        /// The newest version.
        version: u64,
    },
}

impl<T> Default for Journal<T> {
    fn default() -> Journal<T> {
        Journal { recent: Mutex::new(Recent { newest: 0, entries: VecDeque::new() }), newest: watch::Sender::new(0) }
    }
}

impl<T> Journal<T> {
    /// Adds an entry; answers its version. `now` is the monotonic time.
    pub fn push(&self, now: Duration, entry: T) -> u64 {
        let mut recent = self.lock();
        recent.forget(now);
        if recent.entries.len() >= limits::JOURNAL_ENTRIES {
            recent.entries.pop_front();
        }
        recent.newest += 1;
        recent.entries.push_back((now, Arc::new(entry)));
        // Under the lock, so that watchers never see versions run back.
        self.newest.send_replace(recent.newest);
        recent.newest
    }

    /// Forgets what is old, as every [`Journal::push`] does: for journals that nothing comes to any more.
    pub(crate) fn forget(&self, now: Duration) {
        self.lock().forget(now);
    }

    /// What follows `version`.
    #[must_use]
    pub fn since(&self, version: u64) -> Since<T> {
        let recent = self.lock();
        let forgotten = recent.newest - recent.entries.len() as u64;
        if version < forgotten {
            return Since::Lost { version: recent.newest };
        }
        let seen = usize::try_from(version - forgotten).unwrap_or(usize::MAX);
        let entries = recent.entries.iter().skip(seen).zip(version + 1..);
        Since::Entries(entries.map(|((_, entry), version)| (version, entry.clone())).collect())
    }

    /// The newest version; 0: there was nothing yet.
    #[must_use]
    pub fn version(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Watches the newest version.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Whether somebody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.newest.receiver_count() > 0
    }

    fn lock(&self) -> MutexGuard<'_, Recent<T>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(since: Since<u32>) -> Vec<(u64, u32)> {
        match since {
            Since::Entries(entries) => entries.into_iter().map(|(version, entry)| (version, *entry)).collect(),
            Since::Lost { version } => panic!("lost, now {version}"),
        }
    }

    #[test]
    fn readers_go_on_from_the_version_they_have_seen() {
        let journal = Journal::default();
        assert_eq!(entries(journal.since(0)), []);
        for entry in [10, 20, 30] {
            journal.push(Duration::ZERO, entry);
        }
        assert_eq!(entries(journal.since(0)), [(1, 10), (2, 20), (3, 30)]);
        assert_eq!(entries(journal.since(2)), [(3, 30)]);
        assert_eq!(entries(journal.since(3)), []);
        assert_eq!(journal.version(), 3);
    }

    #[test]
    fn what_is_old_is_forgotten_and_its_readers_are_told() {
        let journal = Journal::default();
        journal.push(Duration::ZERO, 1);
        journal.push(Duration::from_secs(30), 2);
        journal.push(Duration::from_secs(61), 3);
        assert!(matches!(journal.since(0), Since::Lost { version: 3 }));
        assert_eq!(entries(journal.since(1)), [(2, 2), (3, 3)]);
    }

    #[test]
    fn it_does_not_grow_beyond_its_bound() {
        let journal = Journal::default();
        for entry in 0..limits::JOURNAL_ENTRIES as u32 + 10 {
            journal.push(Duration::ZERO, entry);
        }
        assert!(matches!(journal.since(9), Since::Lost { .. }));
        assert_eq!(entries(journal.since(10)).len(), limits::JOURNAL_ENTRIES);
    }
}
