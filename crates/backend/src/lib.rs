//! The stores of parlor: the only crate that knows that a file or another server exists.
//!
//! # Map
//! - [`sqlite`]: everything in one directory, for one process; the default.
//! - [`passwords`]: hashes of passwords, on threads of their own.
//! - `threads`: the threads that work for a store, and the queue from which they take it.
//! - `limits`: the bounds of all.
//!
//! # Invariants
//! - Every verb of core's `Store` is durable when it answers `Ok`; only the search index may be a little behind, and says so.
//! - Numbering, idempotency and projections are one transaction with the event itself; nothing is decided before it.
//! - What a verb answers was checked: rows have checksums, logs have no holes. Damage is a `Corrupt`, never other content.
//! - After a failed write or flush nothing is written any more.
//!
//! # Absent on purpose
//! Clocks and randomness (both come in), rights and limits of people (core's), tokens (core makes them), asynchronous file
//! access: a file blocks, so it has threads.

#![forbid(unsafe_code)]

mod limits;
pub mod passwords;
pub mod sqlite;
mod threads;

pub use passwords::Argon2Passwords;
pub use sqlite::{OpenError, Sqlite, SqliteOptions};
