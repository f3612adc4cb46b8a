//! The steps from one schema to the next: forward only, all in one transaction, after a copy of the store was made.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::open::{OpenError, SqliteOptions};
use super::rooms;
use super::rows::{Sum, int};
use parlor_core::model::{FIRST_ACCOUNT, lobby};

/// Step n of this list leads from schema n to schema n + 1. Never changed once released: only added to.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// "parl" in SQLite's header: says whose file it is.
const APPLICATION: i32 = 0x7061_726c;

/// Brings a store, or an empty file, to the newest schema of the list.
///
/// # Errors
/// `NotParlor`, `TooNew`, and what SQLite or the file system say.
pub(super) fn migrate(
    db: &mut Connection,
    path: &Path,
    migrations: &[&str],
    options: &SqliteOptions,
) -> Result<(), OpenError> {
    let application: i32 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = found as usize;
    let known = migrations.len();
    let is_empty = db.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional()?.is_none();
    if application != APPLICATION && !(application == 0 && found == 0 && is_empty) {
        return Err(OpenError::NotParlor(path.to_owned()));
    }
    if found > known {
        return Err(OpenError::TooNew { path: path.to_owned(), found, known });
    }
    if found == known {
        return Ok(());
    }
    if !is_empty {
        let backup = back_up(db, path, found)?;
        tracing::info!(backup = %backup.display(), from = found, to = known, "the store is brought to a new schema");
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in &migrations[found..] {
        tx.execute_batch(step)?;
    }
    if is_empty {
        furnish(&tx, options)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", int(known as u64))?;
    tx.commit()?;
    Ok(())
}

/// Copies the store to a file beside it. Under its own name only when it is whole and on the disk.
fn back_up(db: &Connection, path: &Path, version: usize) -> Result<PathBuf, OpenError> {
    let backup = path.with_extension(format!("schema-{version}.backup.db"));
    let partial = path.with_extension("backup.partial");
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Files { path, source }
    };
    if partial.exists() {
        fs::remove_file(&partial).map_err(at(&partial))?;
    }
    super::open::make_file(&partial)?;
    let name = partial.to_str().ok_or_else(|| OpenError::OddPath(partial.clone()))?;
    db.execute("VACUUM INTO ?1", params![name])?;
    fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(at(&partial))?;
    fs::rename(&partial, &backup).map_err(at(&backup))?;
    super::open::sync_directory(path.parent().unwrap_or(Path::new(".")))?;
    Ok(backup)
}

/// What a new store holds: its secret and the lobby.
fn furnish(db: &Connection, options: &SqliteOptions) -> Result<(), OpenError> {
    let (secret, guest, account) = (&options.secret[..], 1, int(FIRST_ACCOUNT.0));
    db.execute(
        "INSERT INTO store (one, secret, next_guest, next_account, sum) VALUES (1, ?1, ?2, ?3, ?4)",
        params![secret, guest, account, store_sum(secret, guest, account)],
    )?;
    let lobby = lobby(options.lobby_key, options.lobby_epoch, options.now);
    rooms::create(db, &lobby).map_err(|error| OpenError::Store(error.into_fault()))?;
    Ok(())
}

/// The checksum of the store's own row.
pub(super) fn store_sum(secret: &[u8], next_guest: i64, next_account: i64) -> i64 {
    Sum::default().bytes(secret).int(next_guest).int(next_account).end()
}
