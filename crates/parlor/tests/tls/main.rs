//! The terminal door over TLS as clients meet it: the real binary, over real sockets, with certificates made here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod client;
mod configuring;
mod ending;
mod handshake;
mod renewing;
mod talking;
mod terminal;
