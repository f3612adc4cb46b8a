//! What the tests over real sockets share: the binary serving in a world of its own, HTTP said byte by byte, people with
//! their cookies, hostile texts.

#![allow(dead_code, reason = "each test binary uses the part that it needs")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "a test waits by the system's clock")]

pub(crate) mod corpus;
pub(crate) mod http;
pub(crate) mod inside;
pub(crate) mod person;
pub(crate) mod server;

use std::time::{Duration, Instant};

/// How long a test waits for something that should happen at once before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `found` finds something.
///
/// # Panics
/// When [`PATIENCE`] ends before.
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
