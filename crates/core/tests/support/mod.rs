//! What the tests over the model store share: a clock and randomness that are the test's, and how a refusal is read.

#![allow(dead_code, reason = "each test binary uses the part that it needs")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parlor_core::ids::Timestamp;
use parlor_core::ports::{Clock, Entropy};
use parlor_core::{Error, Refusal};

/// A clock that stands still until it is turned.
#[derive(Default)]
pub(crate) struct Hands {
    passed: Mutex<Duration>,
    /// Microseconds that the world's time is put back.
    back: Mutex<i64>,
    at_next_look: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Hands {
    pub(crate) fn turn(&self, seconds: u64) {
        *self.passed.lock().unwrap() += Duration::from_secs(seconds);
    }

    /// Puts the world's time back; the other one never runs back.
    pub(crate) fn put_back(&self, seconds: u64) {
        *self.back.lock().unwrap() += i64::try_from(seconds).unwrap() * 1_000_000;
    }

    /// Does something when the world's time is looked at next: in the middle of what looks at it.
    pub(crate) fn at_next_look(&self, act: impl FnOnce() + Send + 'static) {
        *self.at_next_look.lock().unwrap() = Some(Box::new(act));
    }
}

impl Clock for Hands {
    fn wall(&self) -> Timestamp {
        let act = self.at_next_look.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
        let passed = i64::try_from(self.passed.lock().unwrap().as_micros()).unwrap();
        Timestamp(passed - *self.back.lock().unwrap())
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock().unwrap()
    }
}

/// The answer of what never has to wait: the model store does not.
#[track_caller]
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    match std::pin::pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it had to wait"),
    }
}

/// Whether something is still waited for.
pub(crate) fn is_pending<T>(work: impl Future<Output = T>) -> bool {
    std::pin::pin!(work).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// Bytes that differ from call to call, and are the same in every run.
#[derive(Default)]
pub(crate) struct Counter(pub(crate) AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            // Mixed once more: without that, what is drawn some hundred calls later is the same again.
            *byte = ((next ^ (next >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8;
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
