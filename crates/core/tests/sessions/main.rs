//! Log-ins that outlive a connection, and what ends log-ins, over the model store, with a clock that the test holds.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "../support/mod.rs"]
mod support;

mod binding;
mod ending;
mod racing;
mod resuming;
#[path = "../support/town.rs"]
mod world;
