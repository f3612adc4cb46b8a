//! Rooms, those that ask a question, those that vanish, and those of two: over the model store, with a clock that the test
//! holds.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "../support/mod.rs"]
mod support;

mod direct;
mod entering;
mod making;
mod vanishing;
mod world;
