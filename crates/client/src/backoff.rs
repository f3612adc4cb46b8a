//! How long to wait before the next attempt.

use std::time::Duration;

/// The first pause; long enough not to hammer a server that is starting.
const FIRST_MS: u64 = 100;
/// The longest pause; short enough that a person does not notice that the server came back late.
const LONGEST_MS: u64 = 5_000;
/// A server may ask for more patience than ours, up to here.
const ASKED_SECONDS_MAX: u64 = 60;

/// Doubling pauses with jitter, so that many clients of a server that restarts come back spread.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure: from half of the doubled pause to the whole, or what the
    /// server asked for in `Retry-After` if that is more.
    pub(crate) fn pause(&mut self, asked: Option<Duration>, random: u64) -> Duration {
        let whole_ms = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_MS);
        self.failures += 1;
        let own = Duration::from_millis(whole_ms / 2 + random % (whole_ms / 2 + 1));
        let asked = asked.unwrap_or_default().min(Duration::from_secs(ASKED_SECONDS_MAX));
        own.max(asked)
    }

    /// How many failures there were in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// An attempt succeeded.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_are_spread() {
        let mut backoff = Backoff::default();
        for whole in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            let least = Backoff { failures: backoff.failures }.pause(None, 0);
            let most = backoff.pause(None, whole / 2);
            assert_eq!((least, most), (Duration::from_millis(whole / 2), Duration::from_millis(whole)));
        }
        backoff.reset();
        assert_eq!(backoff.pause(None, 0), Duration::from_millis(50));
        assert_eq!(Backoff { failures: u32::MAX - 1 }.pause(None, 0), Duration::from_millis(2_500));
    }

    #[test]
    fn the_servers_wish_counts_within_reason() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.pause(Some(Duration::from_secs(7)), 0), Duration::from_secs(7));
        assert_eq!(backoff.pause(Some(Duration::from_secs(86_400)), 0), Duration::from_secs(60));
        assert_eq!(backoff.failures(), 2);
    }
}
