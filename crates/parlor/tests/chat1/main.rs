//! CHAT/1.0 as clients meet it: the real binary, over real sockets, row by row of protocols/chat1.md, plain and framed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod bad_input;
mod client;
mod delivery;
mod framing;
mod groups;
mod listening;
mod receiving;
mod sending;
mod sessions;
mod stopping;
mod terminal;
