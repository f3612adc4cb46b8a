//! The terminal door as clients meet it: the real binary, over real sockets, sentence by sentence of protocols/term.md.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod commands;
mod floods;
mod framing;
mod leaving;
mod letters;
mod naming;
mod people;
mod rooms;
mod stalled;
mod talking;
mod terminal;
