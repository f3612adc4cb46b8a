//! The domain of parlor: rooms as ordered, durable logs, and everybody a cursor on them.
//!
//! # Map
//! - [`chat`]: what doors ask for; every verb goes through [`limits`], [`text`], [`policy`] and [`rates`].
//! - [`sequencer`]: the one writer; [`ports::Store`] numbers and commits, [`ports::Bus`] tells other nodes.
//! - [`room_log`], `pages`, `logs`: a room on this node, the cache of log pages, the one way to read.
//! - [`cursor`]: a reader; [`slot`]: an event with its encodings.
//! - [`connections`]: who is connected; [`sessions`]: log-ins that outlive a connection; `registry`: which of them hold now.
//!   [`pulse`]: who is here in a room; [`journal`]: how readers hear of both.
//! - [`event`], [`room`], [`account`], [`ids`], [`names`]: the words.
//! - [`model`]: the store in memory that the real ones are compared with; [`search`], [`follower`]: the index.
//! - [`caretaker`]: closes the rooms that vanish when unused. [`days`]: where an archive's days begin; [`query`]: what people search
//!   for.
//!
//! # Invariants
//! - Nobody sees an event before the store has it durably; an author hears of it after the readers can.
//! - Rights are checked in [`policy`] only, limits stand in [`limits`] only.
//! - No lock is held across an `.await`, but for `fetching` and `changing`, which are there to be waited for.
//! - Memory of a reader is constant: a number, and a place in the list of who waits for the head.
//!
//! # Absent on purpose
//! Protocols, SQL, HTTP and serde; the clock, randomness and the spawning of tasks, which come in as arguments.

pub mod account;
pub mod actor;
pub mod caretaker;
pub mod chat;
pub mod connections;
pub mod cursor;
pub mod days;
pub mod event;
pub mod follower;
mod guesses;
pub mod guests;
pub mod ids;
pub mod journal;
pub mod limits;
mod logs;
pub mod model;
pub mod names;
mod pages;
pub mod policy;
pub mod ports;
pub mod pulse;
pub mod query;
pub mod rates;
pub mod refusal;
mod registry;
pub mod room;
pub mod room_log;
pub mod search;
pub mod sequencer;
pub mod sessions;
pub mod slot;
pub mod text;

pub use actor::{Actor, Who};
pub use chat::{Chat, Engines, World};
pub use refusal::{Error, Fault, Refusal};
