//! Bounds of live delivery.

/// Bytes that a round writes to a connection at most, and that a connection reads ahead while it catches up
/// (PROMISES 2.5: output in flight).
pub(super) const ROUND_BYTES: usize = 64 * 1024;

/// Events in one read of a round or of a connection that catches up.
pub(super) const ROUND_EVENTS: usize = 256;

/// Seats that a round visits before it lets other tasks of its thread run: about two milliseconds.
pub(super) const SEATS_A_TURN: usize = 512;

/// People who may come or go within [`CHANGES_MILLIS`] and be told of at once; more are told of together, so that ten
/// thousand who come within a minute don't cost fifty million lines.
pub(super) const CHANGES_AT_ONCE: usize = 10;

/// Milliseconds for which comings and goings are gathered when there are many (protocols: term, "within a second").
pub(super) const CHANGES_MILLIS: u64 = 1_000;

/// Milliseconds before the store is asked again after it failed a reader.
pub(super) const FAULT_PAUSE_MILLIS: u64 = 500;

/// Seats that may have ended before an audience looks for them without a reason of its own.
pub(super) const ENDED_SEATS: usize = 64;

/// Seconds of silence after which the kernel asks whether the other side is still there.
pub(super) const KEEPALIVE_IDLE_SECONDS: u64 = 60;

/// Seconds between two such questions.
pub(super) const KEEPALIVE_EVERY_SECONDS: u64 = 15;

/// Questions without an answer after which the connection counts as broken: after two minutes in all.
pub(super) const KEEPALIVE_TRIES: u32 = 4;
