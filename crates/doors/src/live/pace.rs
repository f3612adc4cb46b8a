//! When comings and goings are told: at once while they are few, together once a second while they are many.

use std::time::Duration;

use tokio::time::Instant;

use super::limits::{CHANGES_AT_ONCE, CHANGES_MILLIS};

const WINDOW: Duration = Duration::from_millis(CHANGES_MILLIS);

/// The pace of one audience.
#[derive(Debug)]
pub(super) struct Pace {
    window_ends: Instant,
    /// Changes told of within the window.
    told: usize,
    /// Whether the last window had too many: then all are gathered until the end of this one.
    many: bool,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Pace {
        Pace { window_ends: now, told: 0, many: false }
    }

    /// Whether `waiting` changes are to be told now; else when to ask again.
    pub(super) fn ask(&mut self, now: Instant, waiting: usize) -> Result<(), Instant> {
        if waiting == 0 {
            return Ok(());
        }
        if now < self.window_ends {
            if self.many || self.told + waiting > CHANGES_AT_ONCE {
                self.many = true;
                return Err(self.window_ends);
            }
            self.told += waiting;
            return Ok(());
        }
        // What was gathered belongs to the window that ends; what comes after silence begins one.
        let (of_the_last, of_the_next) = if self.many { (self.told + waiting, 0) } else { (waiting, waiting) };
        self.many = of_the_last > CHANGES_AT_ONCE;
        self.told = of_the_next;
        self.window_ends = now + WINDOW;
        Ok(())
    }

    /// Counts changes that were told of because a message had to come after them.
    pub(super) fn told_anyway(&mut self, now: Instant, changes: usize) {
        if now < self.window_ends {
            self.told += changes;
            self.many |= self.told > CHANGES_AT_ONCE;
        } else if changes > 0 {
            *self = Pace { window_ends: now + WINDOW, told: changes, many: changes > CHANGES_AT_ONCE };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_are_told_at_once() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        for tenths in 0..10 {
            assert_eq!(pace.ask(begin + Duration::from_millis(100 * tenths), 1), Ok(()), "{tenths}");
        }
        assert_eq!(pace.ask(begin + Duration::from_millis(1_000), 1), Ok(()), "a second later there may be ten more");
    }

    #[tokio::test(start_paused = true)]
    async fn many_are_gathered_for_a_second_each_time_until_they_are_few_again() {
        let begin = Instant::now();
        let at = |millis| begin + Duration::from_millis(millis);
        let mut pace = Pace::new(begin);
        assert_eq!(pace.ask(at(0), 8), Ok(()));
        assert_eq!(pace.ask(at(100), 3), Err(at(1_000)));
        assert_eq!(pace.ask(at(200), 40), Err(at(1_000)));
        assert_eq!(pace.ask(at(1_000), 40), Ok(()));
        assert_eq!(pace.ask(at(1_001), 1), Err(at(2_000)), "the next second begins with gathering");
        assert_eq!(pace.ask(at(2_000), 3), Ok(()));
        assert_eq!(pace.ask(at(2_001), 1), Ok(()), "three in a second are few");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_message_pushed_out_counts_too() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        pace.told_anyway(begin, 11);
        assert!(pace.ask(begin + Duration::from_millis(1), 1).is_err());
        assert_eq!(pace.ask(begin + WINDOW, 1), Ok(()));
    }
}
