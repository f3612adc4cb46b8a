//! How fast somebody may act, and how many of a thing an address may hold. By the monotonic clock only.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::event::Author;
use crate::ids::RoomId;
use crate::limits::{self, Limits};
use crate::ports::Clock;
use crate::refusal::Refusal;

/// Where somebody comes from, as far as limits care: an IPv4 address, or the /64 of an IPv6 one, which one customer has whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin(IpAddr);

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Origin {
        match address.to_canonical() {
            IpAddr::V6(v6) => Origin(IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64))),
            v4 => Origin(v4),
        }
    }
}

impl Origin {
    /// The address in 32 hex digits.
    pub(crate) fn hex(self) -> String {
        let v6 = match self.0 {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        format!("{:032x}", u128::from(v6))
    }
}

/// Whose rate a post counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Person {
    /// Somebody who was here before.
    Known(Author),
    /// Whoever comes from there for the first time.
    Newcomer(Origin),
}

/// The rates of posts, of rooms made, of passwords tried and of accounts registered.
pub(crate) struct Rates {
    person: Option<Rate<(Person, RoomId)>>,
    address: Option<Rate<Origin>>,
    rooms: Option<Rate<Origin>>,
    logins: Option<Rate<Origin>>,
    registrations: Option<Rate<Origin>>,
}

impl Rates {
    pub(crate) fn new(limits: &Limits, clock: &Arc<dyn Clock>) -> Rates {
        let second = Duration::from_secs(1);
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3_600));
        let per_address = limits.posts_per_second_per_address;
        let rooms = limits.rooms_per_hour_per_address;
        let logins = limits.logins_per_minute_per_address;
        let registrations = limits.registrations_per_hour_per_address;
        Rates {
            person: Rate::new(limits.posts_burst, limits.posts_per_second, second, clock),
            address: Rate::new(per_address, per_address, second, clock),
            rooms: Rate::new(rooms, rooms, hour, clock),
            logins: Rate::new(logins, logins, minute, clock),
            registrations: Rate::new(registrations, registrations, hour, clock),
        }
    }

    /// Counts a post.
    pub(crate) fn post(&self, who: Person, room: RoomId, origin: Option<Origin>) -> Result<(), Refusal> {
        // The person first: who floods shall not use up what others at the same address have.
        check(self.person.as_ref(), &(who, room))?;
        origin.map_or(Ok(()), |origin| check(self.address.as_ref(), &origin))
    }

    /// Counts a post that was made before and is only asked for once more: not the person's, but still of an address.
    pub(crate) fn repeat(&self, origin: Option<Origin>) -> Result<(), Refusal> {
        origin.map_or(Ok(()), |origin| check(self.address.as_ref(), &origin))
    }

    /// Counts the making of a room.
    pub(crate) fn room(&self, origin: Option<Origin>) -> Result<(), Refusal> {
        origin.map_or(Ok(()), |origin| check(self.rooms.as_ref(), &origin))
    }

    /// Counts a password that is tried.
    pub(crate) fn login(&self, origin: Option<Origin>) -> Result<(), Refusal> {
        origin.map_or(Ok(()), |origin| check(self.logins.as_ref(), &origin))
    }

    /// Counts an account that somebody makes for himself.
    pub(crate) fn registration(&self, origin: Option<Origin>) -> Result<(), Refusal> {
        origin.map_or(Ok(()), |origin| check(self.registrations.as_ref(), &origin))
    }
}

fn check<K: Hash + Eq + Clone>(rate: Option<&Rate<K>>, key: &K) -> Result<(), Refusal> {
    rate.map_or(Ok(()), |rate| rate.check(key))
}

/// One rate for many keys.
struct Rate<K: Hash + Eq + Clone>(RateLimiter<K, HashMapStateStore<K>, Ticks, NoOpMiddleware<Duration>>);

impl<K: Hash + Eq + Clone> Rate<K> {
    /// `burst` at once, then `count` a `period`; `None` if either is 0, which is "no limit".
    fn new(burst: u32, count: u32, period: Duration, clock: &Arc<dyn Clock>) -> Option<Rate<K>> {
        let (burst, count) = (NonZeroU32::new(burst)?, NonZeroU32::new(count)?);
        let quota = Quota::with_period(period / count.get())?.allow_burst(burst);
        Some(Rate(RateLimiter::new(quota, HashMapStateStore::default(), Ticks(clock.clone()))))
    }

    fn check(&self, key: &K) -> Result<(), Refusal> {
        // Those that are full again are as good as new ones; only the others need memory.
        if self.0.len() >= limits::RATE_ENTRIES {
            self.0.retain_recent();
        }
        self.0.check_key(key).map_err(|not| Refusal::TooFast { retry_after: not.wait_time_from(self.0.clock().now()) })
    }
}

/// The clock that core was given, for `governor`.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// Counts what every origin holds of something: connections, hanging polls.
pub struct Occupancy {
    what: &'static str,
    /// 0: no limit.
    limit: usize,
    held: Mutex<HashMap<Origin, usize>>,
}

impl Occupancy {
    /// At most `limit` of `what` (in the plural) for an origin; 0: no limit.
    #[must_use]
    pub fn new(what: &'static str, limit: usize) -> Arc<Occupancy> {
        Arc::new(Occupancy { what, limit, held: Mutex::default() })
    }

    /// Takes one until the answer is dropped.
    ///
    /// # Errors
    /// `TooMany` when the origin holds all that it may.
    pub fn hold(self: &Arc<Self>, origin: Origin) -> Result<Hold, Refusal> {
        if self.limit > 0 {
            let mut held = self.lock();
            let count = held.entry(origin).or_insert(0);
            if *count >= self.limit {
                return Err(Refusal::TooMany { what: self.what, limit: self.limit });
            }
            *count += 1;
        }
        Ok(Hold { of: self.clone(), origin })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Origin, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of what an origin may hold; gives it back when dropped.
pub struct Hold {
    of: Arc<Occupancy>,
    origin: Origin,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.of.lock();
        if let Some(count) = held.get_mut(&self.origin) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{GuestId, Timestamp};

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

    #[test]
    fn a_burst_then_a_rate_then_a_time_to_wait() {
        let hands = Arc::new(Hands::default());
        let clock: Arc<dyn Clock> = hands.clone();
        let rates = Rates::new(&Limits { posts_burst: 3, posts_per_second: 2, ..Limits::default() }, &clock);
        let post = |who| rates.post(Person::Known(Author::Guest(GuestId(who))), RoomId(1), None);
        for _ in 0..3 {
            assert_eq!(post(1), Ok(()));
        }
        assert_eq!(post(1), Err(Refusal::TooFast { retry_after: Duration::from_millis(500) }));
        assert_eq!(post(2), Ok(()), "others are not disturbed");
        *hands.0.lock().unwrap() += Duration::from_millis(500);
        assert_eq!(post(1), Ok(()));
        assert!(post(1).is_err());
        *hands.0.lock().unwrap() += Duration::from_secs(100);
        for _ in 0..3 {
            assert_eq!(post(1), Ok(()));
        }
        assert!(post(1).is_err());
    }

    #[test]
    fn an_address_tries_so_many_passwords_a_minute() {
        let hands = Arc::new(Hands::default());
        let clock: Arc<dyn Clock> = hands.clone();
        let rates = Rates::new(&Limits { logins_per_minute_per_address: 3, ..Limits::default() }, &clock);
        let [a, b] = ["10.0.0.1", "10.0.0.2"].map(|text| Some(Origin::from(text.parse::<IpAddr>().unwrap())));
        for _ in 0..3 {
            assert_eq!(rates.login(a), Ok(()));
        }
        assert_eq!(rates.login(a), Err(Refusal::TooFast { retry_after: Duration::from_secs(20) }));
        assert_eq!(rates.login(b), Ok(()));
        *hands.0.lock().unwrap() += Duration::from_secs(20);
        assert_eq!(rates.login(a), Ok(()));
        let off = Rates::new(&Limits { logins_per_minute_per_address: 0, ..Limits::default() }, &clock);
        assert!((0..1_000).all(|_| off.login(a).is_ok()));
    }

    #[test]
    fn an_origin_holds_no_more_than_its_limit_and_gives_back() {
        let connections = Occupancy::new("connections", 2);
        let [a, b] = ["10.0.0.1", "10.0.0.2"].map(|text| Origin::from(text.parse::<IpAddr>().unwrap()));
        let held = (connections.hold(a).unwrap(), connections.hold(a).unwrap());
        assert!(connections.hold(a).is_err());
        assert!(connections.hold(b).is_ok());
        drop(held);
        assert!(connections.hold(a).is_ok());
        assert!(connections.lock().is_empty());
    }

    #[test]
    fn an_ipv6_customer_is_one_origin() {
        let origin = |text: &str| Origin::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:1"));
        assert_ne!(origin("2001:db8:0:1::1"), origin("2001:db8:0:2::1"));
        assert_eq!(origin("::ffff:10.0.0.1"), origin("10.0.0.1"));
    }
}
