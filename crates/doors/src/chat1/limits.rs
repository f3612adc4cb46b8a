//! Bounds of this door.

/// Posts of one connection that may be under way at once; who sends more waits for the oldest.
pub(super) const SENDS_AT_ONCE: usize = 64;

/// Seconds that a `SEND` without a length waits for the first byte of its text (protocols: chat1).
pub(super) const BODY_START_SECONDS: u64 = 2;

/// Messages in one answer, and in one step of what is pushed first (PROMISES 2.7: page).
pub(super) const PAGE_MESSAGES: usize = 500;

/// Messages that `HISTORY` answers unless told otherwise: what a person reads.
pub(super) const HISTORY_MESSAGES: usize = 50;

/// Bytes that are pushed before it is waited until they are with the kernel (PROMISES 2.5: output in flight).
pub(super) const PUSHED_BYTES: usize = 48 * 1024;

/// Accounts whose handles are remembered, in about 2 MiB.
pub(super) const KNOWN_HANDLES: usize = 16_384;

/// Seconds after which it is written down what listeners were told; who breaks off is written down at once.
pub(super) const NOTE_SECONDS: u64 = 30;

/// Listeners that end in the same moment and are written down in one transaction.
pub(super) const NOTES_AT_ONCE: usize = 1_024;

/// Seconds that the end of a connection waits for what it was told to be written down.
pub(super) const NOTE_PATIENCE_SECONDS: u64 = 5;

/// Seconds that a connection waits until another one of its account has got what it is told.
pub(super) const TURN_SECONDS: u64 = 2;

/// Accounts whose turns are remembered before those that nobody takes are forgotten.
pub(super) const TURNS_KEPT: usize = 1_024;
