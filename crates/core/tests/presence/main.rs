//! Who is here and who is connected, over the model store, with a clock that the test holds.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "../support/mod.rs"]
mod support;

mod attendance;
mod names;
mod world;
