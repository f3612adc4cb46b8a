//! The one place that asks the system for time, randomness, tasks, variables and descriptors.
//!
//! Everything else gets them as arguments, so that a simulation can take this file's place.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parlor_core::ids::Timestamp;
use parlor_core::ports::{Clock, Entropy};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Environment;

/// The clocks of the machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    fn wall(&self) -> Timestamp {
        // A clock before 1970 counts as 1970: the log's own rule keeps times rising all the same.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// The kernel's cryptographic random numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the entropy that everybody else is given")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the kernel has random numbers, else no key and no cookie would be safe");
    }
}

/// Cores that the process may use; 1 if the system does not say.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Starts a task on the running tokio runtime.
#[expect(clippy::disallowed_methods, reason = "this is the spawner that everybody else is given")]
pub(crate) fn spawn<F>(task: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(task)
}

/// Starts a thread that nobody waits for.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start_thread(run: Box<dyn FnOnce() + Send>) -> std::io::Result<()> {
    std::thread::Builder::new().name("keys".to_owned()).spawn(run).map(drop)
}

/// The variables of the process.
#[expect(clippy::disallowed_methods, reason = "the configuration reads the environment here and nowhere else")]
pub(crate) fn environment() -> Environment {
    Environment::new(std::env::vars_os())
}

/// Raises the number of files and connections that the process may hold to what the system allows it, and answers
/// that number; `None`: without a bound.
///
/// Most systems allow 1,024 unless asked; that is a room, not a server. A refusal is no failure: fewer people fit then.
pub(crate) fn raise_descriptor_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the descriptor limit could not be raised");
            limit.current
        }
    }
}
