//! What the tests over the model store share: a clock and randomness that are the test's, and how a refusal is read.

#![allow(dead_code, reason = "each test binary uses the part that it needs")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parlor_core::ids::Timestamp;
use parlor_core::ports::{Clock, Entropy};
use parlor_core::{Error, Refusal};

/// A clock that stands still until it is turned.
#[derive(Default)]
pub(crate) struct Hands(Mutex<Duration>);

impl Hands {
    pub(crate) fn turn(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Clock for Hands {
    fn wall(&self) -> Timestamp {
        Timestamp(i64::try_from(self.monotonic().as_micros()).unwrap())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// Bytes that differ from call to call, and are the same in every run.
#[derive(Default)]
pub(crate) struct Counter(pub(crate) AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = (self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
        }
    }
}

/// The refusal that this is.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Error>) -> Refusal {
    match answer {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?} is no refusal"),
    }
}
