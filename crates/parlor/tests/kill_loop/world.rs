//! What all threads of the loop share: the rooms, the end, and the counts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ureq::Agent;

use crate::recorder::Clock;

/// How long the end may take, once the server lives on: all posts answered, all readers at the end.
const END_SECONDS_MAX: u64 = 120;
/// One request; a poll hangs two seconds.
const REQUEST_SECONDS_MAX: u64 = 30;

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) rooms: Vec<Room>,
    pub(crate) stop_posting: AtomicBool,
    /// Set when the test is over or lost: everybody leaves at once.
    ended: AtomicBool,
    failure: Mutex<Option<String>>,
    pub(crate) acked: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    /// Answers by which a server says that it failed. The first is kept and fails the test, but after the checker's
    /// verdict, which tells more.
    faults: Mutex<Option<String>>,
}

pub(crate) struct Room {
    pub(crate) key: String,
    /// The largest number that a poster was told.
    pub(crate) posted: AtomicU64,
    /// The largest number that its quickest reader has.
    pub(crate) read: AtomicU64,
    /// Where readers may stop; not known before the posting is over.
    pub(crate) head: AtomicU64,
}

impl Room {
    /// How far its quickest reader is behind.
    pub(crate) fn lag(&self) -> u64 {
        self.posted.load(Ordering::Relaxed).saturating_sub(self.read.load(Ordering::Relaxed))
    }
}

impl World {
    pub(crate) fn new(url: String, clock: Clock, keys: Vec<String>) -> World {
        let room =
            |key| Room { key, posted: AtomicU64::new(0), read: AtomicU64::new(0), head: AtomicU64::new(u64::MAX) };
        World {
            url,
            clock,
            rooms: keys.into_iter().map(room).collect(),
            stop_posting: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            failure: Mutex::new(None),
            acked: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            faults: Mutex::new(None),
        }
    }

    /// A client with connections of its own, which reads every status.
    pub(crate) fn agent() -> Agent {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(REQUEST_SECONDS_MAX)));
        config.build().into()
    }

    /// Whether everybody leaves at once.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Reports what no server may answer; the test fails with the first report.
    pub(crate) fn fail(&self, what: String) {
        self.failure.lock().expect("nobody panics with it").get_or_insert(what);
        self.ended.store(true, Ordering::SeqCst);
    }

    /// Notes that the server failed to answer a request; whoever asked asks again.
    pub(crate) fn fault(&self, what: String) {
        self.faults.lock().expect("nobody panics with it").get_or_insert(what);
    }

    /// The first of the faults.
    pub(crate) fn first_fault(&self) -> Option<String> {
        self.faults.lock().expect("nobody panics with it").clone()
    }

    /// Fails the test if somebody reported a failure.
    #[track_caller]
    pub(crate) fn check(&self) {
        if let Some(failure) = self.failure.lock().expect("nobody panics with it").take() {
            panic!("{failure}");
        }
    }

    /// Waits for a condition that the test needs, looking again and again.
    #[track_caller]
    pub(crate) fn wait_for(&self, is_met: impl Fn() -> bool, what: &str) {
        let deadline_us = self.clock.us() + END_SECONDS_MAX * 1_000_000;
        while !is_met() {
            self.check();
            assert!(self.clock.us() < deadline_us, "waited {END_SECONDS_MAX} s for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.check();
    }

    /// Lets readers stop at what is the newest message of each room now.
    pub(crate) fn set_heads(&self) {
        let agent = World::agent();
        for room in &self.rooms {
            let answer = agent.head(format!("{}/chat/{}", self.url, room.key)).call().expect("the server lives on");
            let number = answer.headers().get("chat-number").expect("a room's page has its newest number");
            let number = number.to_str().expect("digits").parse().expect("a number");
            room.head.store(number, Ordering::SeqCst);
        }
    }

    /// Ends everything when it is dropped.
    pub(crate) fn end_on_drop(&self) -> impl Drop {
        struct End<'a>(&'a AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        End(&self.ended)
    }
}
