//! Opening a store: its directory, its lock, its connections.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use parlor_core::Fault;
use parlor_core::ids::{Epoch, RoomKey, Timestamp};
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::limits;

/// Where a store is, and what a new one is made of. The randomness and the time are used only if there is none yet.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The directory; made if it is not there, for its owner only.
    pub dir: PathBuf,
    /// Bytes that must be free on the disk for anything to be written (PROMISES 2.6: 64 MiB).
    pub disk_reserve_bytes: u64,
    /// The lobby's public id, freshly drawn.
    pub lobby_key: RoomKey,
    /// The lobby's log's life, freshly drawn.
    pub lobby_epoch: Epoch,
    /// The key of guests' cookies, freshly drawn.
    pub secret: [u8; 32],
    /// The time now.
    pub now: Timestamp,
}

/// Why a store could not be opened. Each says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it (exit code 73, as for a file that can't be created).
    #[error("the data directory {} is in use by another parlor{}: stop that one, or choose another directory with --data-dir",
        .dir.display(), .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The other process, if it has said its number yet.
        pid: Option<u32>,
    },
    /// A file or directory could not be made, read or written (exit code 73).
    #[error("cannot use {}: {source}; check that it can be written by this user, or choose another directory with --data-dir", .path.display())]
    Files {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// SQLite takes file names in UTF-8 only (exit code 73).
    #[error("the path {} is not UTF-8: choose another directory with --data-dir", .0.display())]
    OddPath(PathBuf),
    /// A newer parlor wrote it (exit code 65).
    #[error("{} has schema {found}, this parlor knows up to {known}: use the newer version, or the backup that it made", .path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The newest that this binary knows.
        known: usize,
    },
    /// It is some other program's file (exit code 65).
    #[error("{} is not a parlor store: move it away, or choose another directory with --data-dir", .0.display())]
    NotParlor(PathBuf),
    /// The file is damaged (exit code 65).
    #[error("the store is damaged: {0}; run `parlor check`, or restore a backup")]
    Corrupt(String),
    /// The store could not be used for another reason (exit code 74).
    #[error("the store could not be opened: {0}")]
    Store(Fault),
    /// This binary was built with a SQLite that lacks needed corrections (exit code 70).
    #[error("SQLite {found} is too old, parlor needs 3.51.3 or newer: build it with the bundled one")]
    OldSqlite {
        /// Its version.
        found: &'static str,
    },
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> OpenError {
        match super::fault::Error::from(error).into_fault() {
            Fault::Corrupt(what) => OpenError::Corrupt(what),
            other => OpenError::Store(other),
        }
    }
}

impl OpenError {
    /// The process's exit code for it (sysexits.h).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            OpenError::InUse { .. } | OpenError::Files { .. } | OpenError::OddPath(_) => 73,
            OpenError::TooNew { .. } | OpenError::NotParlor(_) | OpenError::Corrupt(_) => 65,
            OpenError::Store(_) => 74,
            OpenError::OldSqlite { .. } => 70,
        }
    }
}

/// Makes the directory and takes its lock, which holds as long as the file that it answers is open.
pub(super) fn occupy(dir: &Path) -> Result<File, OpenError> {
    if !dir.is_dir() {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|source| OpenError::Files { path: dir.to_owned(), source })?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_directory(parent)?;
        }
    }
    let path = dir.join("parlor.lock");
    let at = |source| OpenError::Files { path: path.clone(), source };
    // Not cut short at opening: the process that has the lock has its number in it.
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut lock = opened.map_err(at)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            lock.read_to_string(&mut pid).map_err(at)?;
            return Err(OpenError::InUse { dir: dir.to_owned(), pid: pid.trim().parse().ok() });
        }
        Err(TryLockError::Error(source)) => return Err(at(source)),
    }
    lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(at)?;
    Ok(lock)
}

/// Makes a file that only its owner can read, if there is none; SQLite gives its other files the same mode.
pub(super) fn make_file(path: &Path) -> Result<(), OpenError> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map(drop).map_err(|source| OpenError::Files { path: path.to_owned(), source })
}

/// Makes names in a directory durable.
pub(super) fn sync_directory(dir: &Path) -> Result<(), OpenError> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(|source| OpenError::Files { path: dir.to_owned(), source })
}

/// A connection that writes.
pub(super) fn connect(path: &Path) -> Result<Connection, OpenError> {
    let db = connection(path, limits::WRITER_CACHE_KIB)?;
    // Checkpoints are the writer's own, between batches: SQLite's automatic ones would swallow a failed flush.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "journal_size_limit", limits::WAL_FILE_BYTES)?;
    // A deleted message's bytes are overwritten, not just forgotten.
    db.pragma_update(None, "secure_delete", "ON")?;
    Ok(db)
}

/// Turns the write-ahead log on: once for a store, and checked at each start.
pub(super) fn use_wal(db: &Connection) -> Result<(), OpenError> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let sentence = format!("the write-ahead log could not be turned on (journal mode {mode})");
        return Err(OpenError::Store(Fault::Unavailable(sentence)));
    }
    Ok(())
}

/// A connection that reads.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, OpenError> {
    let db = connection(path, limits::READER_CACHE_KIB)?;
    db.pragma_update(None, "query_only", "ON")?;
    Ok(db)
}

fn connection(path: &Path, cache_kib: i64) -> Result<Connection, OpenError> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(Duration::from_millis(limits::BUSY_MS))?;
    db.set_prepared_statement_cache_capacity(limits::STATEMENTS);
    db.pragma_update(None, "trusted_schema", "OFF")?;
    db.pragma_update(None, "foreign_keys", "ON")?;
    db.pragma_update(None, "cell_size_check", "ON")?;
    // No mapped memory: a read error there would be a signal that kills the process.
    db.pragma_update(None, "mmap_size", 0)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "cache_size", -cache_kib)?;
    Ok(db)
}
