//! The one connection that writes, and the transaction around everything that it does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use parlor_core::Fault;
use parlor_core::account::Guest;
use parlor_core::ids::{GuestId, RoomId};
use parlor_core::room::Head;
use rusqlite::{CachedStatement, Connection};
use tokio::sync::watch;

use super::fault::{Error, Result};
use crate::limits;
use crate::threads::Worker;

/// The writer's connection, with what it remembers of the rows that every append needs.
pub(super) struct Writer {
    db: Connection,
    memory: Memory,
    space: Space,
    /// How the connection commits just now: flushed, but for the time of a deferred transaction.
    durability: Durability,
    /// Why nothing may be written any more.
    fatal: watch::Sender<Option<String>>,
    /// Pages in the write-ahead log after the last commit.
    wal_pages: Arc<AtomicI32>,
}

/// Where the store is, and how much must stay free there.
pub(super) struct Space {
    pub(super) dir: PathBuf,
    pub(super) reserve_bytes: u64,
}

/// A transaction that is under way.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    pub(super) memory: &'a mut Memory,
}

/// What the writer remembers. Equal to the rows, as nobody else writes; forgotten when a transaction fails.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) heads: HashMap<RoomId, LiveHead>,
    pub(super) guests: HashMap<GuestId, Option<Guest>>,
    /// Rooms whose heads moved in this transaction and are not in their rows yet.
    pub(super) moved: Vec<RoomId>,
}

/// A room's head, with what decides whether its other rows move along.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiveHead {
    pub(super) head: Head,
    pub(super) listed: bool,
    /// The search index is behind, and its row says so.
    pub(super) lagging: bool,
    /// In [`Memory::moved`].
    pub(super) moved: bool,
}

/// How sure a commit is when it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Flushed to the disk.
    Flushed,
    /// With the next one that is flushed; a power cut before that undoes it whole. For what can be worked out again.
    Deferred,
}

impl Space {
    /// Whether there is room for more.
    ///
    /// # Errors
    /// `DiskFull`; `Unavailable` if the system does not say.
    pub(super) fn check(&self) -> std::result::Result<(), Fault> {
        let stat = rustix::fs::statvfs(&self.dir).map_err(|error| Fault::Unavailable(error.to_string()))?;
        let free_bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free_bytes < self.reserve_bytes { Err(Fault::DiskFull) } else { Ok(()) }
    }
}

impl Writer {
    pub(super) fn new(db: Connection, space: Space, fatal: watch::Sender<Option<String>>) -> rusqlite::Result<Writer> {
        let wal_pages = Arc::new(AtomicI32::new(0));
        let (memory, durability) = (Memory::default(), Durability::Flushed);
        let mut writer = Writer { db, memory, space, durability, fatal, wal_pages: wal_pages.clone() };
        writer.db.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            wal_pages.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(writer)
    }

    /// Does the work in a transaction of its own, durable when this answers `Ok`, undone when it answers anything else
    /// than `OutcomeUnknown`.
    pub(super) fn write<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> std::result::Result<T, Fault> {
        self.write_with(Durability::Flushed, work)
    }

    /// The same with a choice of durability.
    pub(super) fn write_with<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> std::result::Result<T, Fault> {
        self.ready()?;
        let done = self.set_durability(durability).and_then(|()| self.transact(work));
        // Undone first: the durability can't be changed while a transaction is open.
        let done = done.map_err(|error| self.undo(error));
        if let Err(error) = self.set_durability(Durability::Flushed) {
            // Never go on with less than what was promised.
            self.fail("the connection can't be made to flush its commits".to_owned());
            return done.and(Err(error.into_fault()));
        }
        done
    }

    /// Whether something can be written now.
    pub(super) fn ready(&self) -> std::result::Result<(), Fault> {
        if let Some(reason) = self.fatal.borrow().as_ref() {
            return Err(Fault::Unavailable(format!("writing stopped after a failure: {reason}")));
        }
        self.space.check()
    }

    #[cfg(test)]
    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    fn transact<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.memory.make_room();
        self.statement("BEGIN IMMEDIATE")?.execute([])?;
        let mut tx = Tx { db: &self.db, memory: &mut self.memory };
        let done = work(&mut tx)?;
        tx.write_heads()?;
        self.statement("COMMIT")?.execute([])?;
        Ok(done)
    }

    /// Ends a transaction that failed, and says what that means.
    fn undo(&mut self, error: Error) -> Fault {
        self.memory = Memory::default();
        let fatal = error.fatal();
        let in_doubt = error.is_in_doubt();
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            self.fail(format!("a transaction could not be undone: {error}"));
        }
        match fatal {
            Some(reason) => {
                self.fail(reason.clone());
                Fault::OutcomeUnknown(reason)
            }
            None if in_doubt => Fault::OutcomeUnknown("the write-ahead log's index could not grow".to_owned()),
            None => error.into_fault(),
        }
    }

    /// Stops writing for good: after a failed flush nobody knows what is on the disk, and flushing again may lie.
    fn fail(&self, reason: String) {
        tracing::error!(reason, "the disk failed: nothing is written any more");
        self.fatal.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(reason);
            is_first
        });
    }

    /// SQLite is asked at every change, not for what holds: a prepared question would answer what held when it was prepared.
    fn set_durability(&mut self, durability: Durability) -> Result<()> {
        if self.durability != durability {
            self.db.execute_batch(match durability {
                Durability::Flushed => "PRAGMA synchronous = FULL",
                Durability::Deferred => "PRAGMA synchronous = NORMAL",
            })?;
            self.durability = durability;
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.db.prepare_cached(sql)
    }

    /// Moves the write-ahead log into the database, off the way of the batch that made it long.
    fn checkpoint(&self, sql: &str) {
        if self.fatal.borrow().is_some() {
            return;
        }
        match self.db.query_row(sql, [], |_| Ok(())) {
            Ok(()) => self.wal_pages.store(0, Ordering::Relaxed),
            Err(error) => {
                let error = Error::from(error);
                match error.fatal() {
                    Some(reason) => self.fail(reason),
                    None => tracing::warn!(fault = %error.into_fault(), "the write-ahead log stays long for now"),
                }
            }
        }
    }
}

impl Worker for Writer {
    fn after(&mut self) {
        if self.wal_pages.load(Ordering::Relaxed) >= limits::WAL_PAGES {
            self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)");
        }
    }

    fn recover(&mut self) {
        self.memory = Memory::default();
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            self.fail(format!("a transaction could not be undone: {error}"));
        }
    }

    fn finish(self) {
        self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

impl Memory {
    /// Starts anew when it has grown to its bound, between two transactions.
    fn make_room(&mut self) {
        if self.heads.len() > limits::CACHED_HEADS {
            self.heads.clear();
        }
        if self.guests.len() > limits::CACHED_GUESTS {
            self.guests.clear();
        }
        self.moved.clear();
    }
}
