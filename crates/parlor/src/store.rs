//! Opening the store that the configuration names, and `parlor check`.

use std::io::{self, Write};

use parlor_backend::{OpenError, Sqlite, SqliteOptions};
use parlor_core::ids::{Epoch, RoomKey};
use parlor_core::ports::{Clock, Entropy, Store};

use crate::cli::ConfigFlags;
use crate::config::{Config, StoreUrl};
use crate::failure::Failure;
use crate::runtime::{SystemClock, SystemEntropy};
use crate::show;

/// Opens the store, or makes it with its lobby. Blocks while it does.
///
/// # Errors
/// Each says what to do and has an exit code.
pub(crate) fn open(config: &Config) -> Result<Sqlite, OpenError> {
    let StoreUrl::SqliteInDataDir = config.store;
    let (mut epoch, mut secret) = ([0; 8], [0; 32]);
    SystemEntropy.fill(&mut epoch);
    SystemEntropy.fill(&mut secret);
    Sqlite::open(&SqliteOptions {
        dir: config.data_dir.clone(),
        disk_reserve_bytes: config.disk_reserve_bytes,
        lobby_key: RoomKey::draw(|bytes| SystemEntropy.fill(bytes)),
        lobby_epoch: Epoch(u64::from_le_bytes(epoch)),
        secret,
        now: SystemClock::new().wall(),
    })
}

/// Whether there is a store to open.
pub(crate) fn is_there(config: &Config) -> bool {
    config.data_dir.join("parlor.db").exists()
}

/// Reads the whole store and says what is damaged.
///
/// # Errors
/// There is none, it cannot be opened (a server has it, for example), or something in it is damaged.
pub(crate) fn check(flags: &ConfigFlags) -> anyhow::Result<()> {
    let config = show::settings(flags)?.config;
    if !is_there(&config) {
        // Opening would make one, and then praise it.
        return Err(Failure::NoStore(config.data_dir).into());
    }
    let store = open(&config)?;
    let damage = tokio::runtime::Builder::new_current_thread().build()?.block_on(store.check())?;
    let mut out = io::stdout().lock();
    for sentence in &damage {
        writeln!(out, "{sentence}")?;
    }
    if !damage.is_empty() {
        return Err(Failure::Damaged(damage.len()).into());
    }
    writeln!(out, "the store in {} is sound", config.data_dir.display())?;
    Ok(())
}
