//! The WebSocket text commands as clients meet them: the real binary, over real sockets, row by row of protocols/wscmd.md.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod client;
mod ending;
mod frames;
mod grammar;
mod handshake;
mod operator;
mod private;
mod rooms;
mod talking;
