//! What talks to a parlor from outside: the command line client and the history checker.
//!
//! | module | what it is | command |
//! |---|---|---|
//! | [`send`] | posts one message, exactly once in the log however often it must try | `parlor send` |
//! | [`tail`] | prints a room's messages and follows, also across restarts of the server | `parlor tail` |
//! | [`connect`] | talks through the terminal door, in CHAT/1.0, or by the WebSocket text commands | `parlor connect` |
//! | [`conversation`] | holds one real conversation at each door | `parlor selftest` |
//! | [`history`] | judges a recorded history: was anything lost, doubled, reordered? | `parlor check-history` |
//! | [`shown`] | a message as a terminal may see it | |
//!
//! Invariants: nothing that a server sends reaches the terminal as a control character; a post
//! is repeated only under its own key and as the same guest; the crate asks for no time,
//! randomness or environment of its own ([`Surroundings`] brings them, and the local time zone
//! comes from the system's settings). The masks of WebSocket frames, which protect proxies and keep no secret,
//! are drawn by the library that writes the frames; the ones that edit lines and ask for passwords look at the terminal.
//!
//! Absent on purpose: the core. This crate is the proof that the wire is enough.

#![forbid(unsafe_code)]

mod backoff;
pub mod connect;
pub mod conversation;
mod error;
pub mod history;
mod room;
pub mod send;
mod session;
pub mod shown;
pub mod tail;

use std::time::Duration;

pub use error::{ClientError, Exit};

/// What the program around a command lends it.
pub struct Surroundings<'a> {
    /// Draws 64 random bits; message keys are made of them.
    pub random: &'a mut dyn FnMut() -> u64,
    /// Waits.
    pub sleep: &'a mut dyn FnMut(Duration),
    /// Tells the person what goes on beside the output proper; one sentence, no line end.
    pub notice: &'a mut dyn FnMut(&str),
}
