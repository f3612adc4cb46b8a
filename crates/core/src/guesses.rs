//! Wrong passwords: how many somebody may try, and how long to wait then. Counted for a pair of account and address, so that
//! a guesser never locks the owner out who comes from elsewhere.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::limits;
use crate::names::Handle;
use crate::ports::Clock;
use crate::rates::Origin;
use crate::refusal::Refusal;

/// The account that is tried and the address that tries it. `None`: a name that no account can have; all of them are one.
type Pair = (Option<Handle>, Origin);

/// The wrong passwords of late, whether the accounts exist or not.
pub(crate) struct Guesses {
    clock: Arc<dyn Clock>,
    // Held for look-ups only.
    pairs: Mutex<HashMap<Pair, Guesser>>,
    /// Told whenever a try ends.
    ended: Notify,
}

impl Guesses {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Guesses> {
        Arc::new(Guesses { clock, pairs: Mutex::default(), ended: Notify::new() })
    }

    /// Takes one try. Tries that are being looked at may all turn out wrong, so where they would use up what is free this
    /// waits for them to end: else many at once would all be free. Cancel safe.
    ///
    /// # Errors
    /// `TooFast` with the time that is left to wait.
    pub(crate) async fn begin(self: &Arc<Self>, handle: Option<Handle>, origin: Origin) -> Result<Try, Refusal> {
        let pair = (handle, origin);
        loop {
            let mut ended = pin!(self.ended.notified());
            // Waiting begins before looking, so that no end is missed between the two.
            ended.as_mut().enable();
            if self.admit(&pair)? {
                return Ok(Try { guesses: self.clone(), pair });
            }
            ended.await;
        }
    }

    fn admit(&self, pair: &Pair) -> Result<bool, Refusal> {
        let now = self.clock.monotonic();
        let mut pairs = self.lock();
        if pairs.len() >= limits::LOGIN_ENTRIES && !pairs.contains_key(pair) {
            make_room(&mut pairs, now);
        }
        let guesser = pairs.entry(pair.clone()).or_default();
        guesser.forgive(now);
        if let Some(retry_after) = guesser.wait(now) {
            return Err(Refusal::TooFast { retry_after });
        }
        let free = guesser.in_flight < guesser.free();
        guesser.in_flight += usize::from(free);
        Ok(free)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, Guesser>> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what is forgiven; if that is not enough, the mildest of the rest.
fn make_room(pairs: &mut HashMap<Pair, Guesser>, now: Duration) {
    pairs.retain(|_, guesser| {
        guesser.forgive(now);
        !guesser.is_clean()
    });
    if pairs.len() < limits::LOGIN_ENTRIES {
        return;
    }
    let idle = pairs.iter().filter(|(_, guesser)| guesser.in_flight == 0);
    let mildest = idle.min_by_key(|(_, guesser)| (guesser.level, guesser.until, guesser.failures.last().copied()));
    if let Some(pair) = mildest.map(|(pair, _)| pair.clone()) {
        pairs.remove(&pair);
    }
}

/// A password that is being looked at. Dropped without a verdict, it was none: the store failed, or the asker went away.
pub(crate) struct Try {
    guesses: Arc<Guesses>,
    pair: Pair,
}

impl Try {
    /// The password was right, so the failures before it were mistakes.
    pub(crate) fn right(self) {
        if let Some(guesser) = self.guesses.lock().get_mut(&self.pair) {
            *guesser = Guesser { in_flight: guesser.in_flight, ..Guesser::default() };
        }
    }

    /// The password was wrong.
    pub(crate) fn wrong(self) {
        let now = self.guesses.clock.monotonic();
        if let Some(guesser) = self.guesses.lock().get_mut(&self.pair) {
            guesser.fail(now);
        }
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        let mut pairs = self.guesses.lock();
        if let Some(guesser) = pairs.get_mut(&self.pair) {
            guesser.in_flight -= 1;
            if guesser.is_clean() {
                pairs.remove(&self.pair);
            }
        }
        drop(pairs);
        self.guesses.ended.notify_waiters();
    }
}

const WINDOW: Duration = Duration::from_secs(limits::LOGIN_WINDOW_SECONDS);

/// What is known of one pair.
#[derive(Debug, Default)]
struct Guesser {
    /// When the free failures of the last window were, oldest first.
    failures: Vec<Duration>,
    /// 0: there are free tries left; else how often the delay has grown.
    level: u32,
    /// Until when no try is taken.
    until: Duration,
    /// Tries that are being looked at.
    in_flight: usize,
}

impl Guesser {
    /// Forgets what is long ago.
    fn forgive(&mut self, now: Duration) {
        if self.level > 0 && now >= self.until + WINDOW {
            self.level = 0;
            self.failures.clear();
        }
        if self.level == 0 {
            self.failures.retain(|at| now < *at + WINDOW);
        }
    }

    fn wait(&self, now: Duration) -> Option<Duration> {
        (self.level > 0 && now < self.until).then(|| self.until - now)
    }

    /// Tries that may be looked at at once.
    fn free(&self) -> usize {
        if self.level > 0 { 1 } else { limits::FREE_LOGIN_FAILURES - self.failures.len() }
    }

    fn fail(&mut self, now: Duration) {
        self.forgive(now);
        if self.level == 0 {
            self.failures.push(now);
            if self.failures.len() < limits::FREE_LOGIN_FAILURES {
                return;
            }
        }
        self.level += 1;
        self.until = now + delay(self.level);
    }

    fn is_clean(&self) -> bool {
        self.in_flight == 0 && self.level == 0 && self.failures.is_empty()
    }
}

/// The wait after this many failures that were not free, the last free one counted.
fn delay(level: u32) -> Duration {
    let doubled = 1_u64.checked_shl(level.saturating_sub(1)).unwrap_or(u64::MAX);
    let seconds = limits::LOGIN_DELAY_SECONDS.saturating_mul(doubled);
    Duration::from_secs(seconds.min(limits::LOGIN_DELAY_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::IpAddr;
    use std::task::{Context, Poll, Waker};

    use crate::ids::Timestamp;

    #[derive(Default)]
    struct Hands(Mutex<Duration>);

    impl Clock for Hands {
        fn wall(&self) -> Timestamp {
            Timestamp(0)
        }
        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    struct Fixture {
        guesses: Arc<Guesses>,
        hands: Arc<Hands>,
    }

    impl Fixture {
        fn new() -> Fixture {
            let hands = Arc::new(Hands::default());
            Fixture { guesses: Guesses::new(hands.clone()), hands }
        }

        fn pass(&self, seconds: u64) {
            *self.hands.0.lock().unwrap() += Duration::from_secs(seconds);
        }

        /// `None`: it has to wait for tries that are being looked at.
        fn begin(&self, handle: &str, address: u8) -> Option<Result<Try, Refusal>> {
            let origin = Origin::from(IpAddr::from([10, 0, 0, address]));
            match pin!(self.guesses.begin(Handle::find(handle), origin)).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            }
        }

        /// The seconds to wait, or `None` if the try was taken and is wrong now.
        fn wrong(&self, handle: &str, address: u8) -> Option<u64> {
            match self.begin(handle, address).expect("nothing is being looked at") {
                Ok(taken) => {
                    taken.wrong();
                    None
                }
                Err(Refusal::TooFast { retry_after }) => Some(retry_after.as_secs()),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn five_are_free_then_the_wait_grows_to_fifteen_minutes_and_no_further() {
        let world = Fixture::new();
        for _ in 0..5 {
            assert_eq!(world.wrong("a", 1), None);
        }
        for seconds in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900] {
            assert_eq!(world.wrong("a", 1), Some(seconds));
            world.pass(seconds - 1);
            assert_eq!(world.wrong("a", 1), Some(1));
            world.pass(1);
            assert_eq!(world.wrong("a", 1), None, "after {seconds} s one more is taken");
        }
        assert_eq!(world.wrong("a", 2), None, "another address is not held up");
        assert_eq!(world.wrong("b", 1), None, "nor is another account");
        world.pass(900 + 900);
        assert_eq!(world.wrong("a", 1), None, "who waited long is as good as new");
        assert_eq!(world.wrong("a", 1), None);
    }

    #[test]
    fn failures_count_for_fifteen_minutes() {
        let world = Fixture::new();
        for _ in 0..20 {
            assert_eq!(world.wrong("a", 1), None);
            world.pass(15 * 60 / 4);
        }
    }

    #[test]
    fn a_right_password_makes_up_for_the_wrong_ones() {
        let world = Fixture::new();
        for _ in 0..4 {
            assert_eq!(world.wrong("a", 1), None);
        }
        world.begin("a", 1).unwrap().unwrap().right();
        assert!(world.guesses.lock().is_empty(), "nothing is kept of somebody who knows the password");
        for _ in 0..5 {
            assert_eq!(world.wrong("a", 1), None);
        }
        assert_eq!(world.wrong("a", 1), Some(5));
    }

    #[test]
    fn many_at_once_are_no_more_than_one_after_the_other() {
        let world = Fixture::new();
        let mut tries: Vec<Try> = (0..5).map(|_| world.begin("a", 1).unwrap().unwrap()).collect();
        assert!(world.begin("a", 1).is_none(), "the five may all be wrong");
        assert!(world.begin("a", 2).is_some());
        drop(tries.pop());
        tries.push(world.begin("a", 1).expect("one ended without a verdict").unwrap());
        tries.into_iter().for_each(Try::wrong);
        assert_eq!(world.wrong("a", 1), Some(5));
        world.pass(5);
        let one = world.begin("a", 1).unwrap().unwrap();
        assert!(world.begin("a", 1).is_none(), "after the delay only one at a time");
        one.right();
        assert!(world.begin("a", 1).unwrap().is_ok());
    }

    #[test]
    fn who_waits_for_the_others_is_woken() {
        let world = Fixture::new();
        let mut tries: Vec<Try> = (0..5).map(|_| world.begin("a", 1).unwrap().unwrap()).collect();
        let origin = Origin::from(IpAddr::from([10, 0, 0, 1]));
        let mut waiting = pin!(world.guesses.begin(Handle::find("a"), origin));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        tries.pop().unwrap().right();
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_worst_stay() {
        let world = Fixture::new();
        for _ in 0..5 {
            world.wrong("victim", 1);
        }
        for number in 0..limits::LOGIN_ENTRIES + 10 {
            world.wrong(&format!("a{number}"), 1);
        }
        assert_eq!(world.guesses.lock().len(), limits::LOGIN_ENTRIES);
        assert_eq!(world.wrong("victim", 1), Some(5));
        world.pass(15 * 60);
        world.wrong("b", 1);
        assert_eq!(world.guesses.lock().len(), 2, "the forgiven ones are gone");
    }

    proptest! {
        /// However somebody spaces wrong passwords: five in a window are free, after that each needs a delay of its own.
        #[test]
        fn nobody_gets_more_tries_than_the_rule_says(pauses in prop::collection::vec(0_u64..1_200, 1..200)) {
            let world = Fixture::new();
            let mut taken: Vec<u64> = Vec::new();
            let mut now = 0;
            for pause in pauses {
                world.pass(pause);
                now += pause;
                if world.wrong("a", 1).is_none() {
                    taken.push(now);
                }
            }
            for window in taken.windows(limits::FREE_LOGIN_FAILURES + 1) {
                let (first, last) = (window[0], window[limits::FREE_LOGIN_FAILURES]);
                prop_assert!(last - first >= limits::LOGIN_DELAY_SECONDS, "six within the shortest delay: {window:?}");
            }
            // In any quarter of an hour: the free ones, and those whose delays (5, 10, ... 320) fit into it.
            for (index, first) in taken.iter().enumerate() {
                let within = taken[index..].iter().take_while(|at| **at < first + limits::LOGIN_WINDOW_SECONDS).count();
                prop_assert!(within <= limits::FREE_LOGIN_FAILURES + 7, "{within} from {first} on: {taken:?}");
            }
        }
    }
}
