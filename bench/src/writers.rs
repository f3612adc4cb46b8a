//! Writers that post in a closed loop: each sends its next post when the last was acknowledged.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::http_client::{Client, post_request};
use crate::http_load::Fleet;
use crate::stats::Latencies;

/// Bytes of every message.
pub(crate) const TEXT_BYTES: usize = 100;

/// Every message begins with this, so that pages can be seen to hold them.
pub(crate) const TEXT_MARK: &str = "parlor-bench";

/// Different messages; the search index shall meet more than one set of words.
const TEXTS: usize = 1_000;

/// Where the room's key begins in a request: after `POST /send/`.
const KEY_AT: usize = 11;

/// Keep-alive connections, each a guest of its own, that post to some rooms in turn.
pub(crate) struct Writers {
    fleet: Fleet,
    rooms: Vec<String>,
    texts: Vec<String>,
    /// One request for each writer; key and text are written over before every post.
    requests: Vec<Vec<u8>>,
    sent_at: Vec<Instant>,
    turn: usize,
    posted: u64,
}

/// When writers stop sending.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Elapsed(Duration),
    Posts(u64),
}

/// What one run of the writers did.
pub(crate) struct Run {
    pub(crate) posts: u64,
    pub(crate) took: Duration,
    pub(crate) latencies: Latencies,
}

impl Writers {
    /// Makes the rooms and the guests; every guest posts once, to get its cookie.
    pub(crate) fn prepare(server: SocketAddrV4, writers: usize, rooms: usize) -> Result<Self> {
        let mut client = Client::connect(server)?;
        let rooms: Vec<String> = (0..rooms).map(|_| client.make_room()).collect::<Result<_>>()?;
        let mut fleet = Fleet::new()?;
        let mut requests = Vec::with_capacity(writers);
        for writer in 0..writers {
            let key = &rooms[writer % rooms.len()];
            let cookie = client.become_guest(key)?;
            requests.push(post_request(&format!("/send/{key}"), &cookie, &"x".repeat(TEXT_BYTES)));
            fleet.connect(server)?;
        }
        let sent_at = vec![Instant::now(); writers];
        Ok(Self { fleet, rooms, texts: texts(), requests, sent_at, turn: 0, posted: writers as u64 })
    }

    /// Posts until it is time to stop, then waits for the last acknowledgement.
    ///
    /// # Errors
    /// When any post is not answered 200.
    pub(crate) fn run(&mut self, until: Until) -> Result<Run> {
        let mut latencies = Latencies::default();
        let mut ready = Vec::with_capacity(self.requests.len());
        let (mut posts, mut open) = (0, 0);
        let begun = Instant::now();
        let goes_on = |sent: u64| match until {
            Until::Elapsed(time) => begun.elapsed() < time,
            Until::Posts(count) => sent < count,
        };
        for writer in 0..self.requests.len() {
            if goes_on(posts + open) {
                self.post(writer)?;
                open += 1;
            }
        }
        while open > 0 {
            self.fleet.wait(Duration::from_secs(30), &mut ready)?;
            if ready.is_empty() {
                bail!("no post was acknowledged for 30 s, {open} are open");
            }
            for writer in ready.drain(..) {
                let Some((answer, bytes)) = self.fleet.read(writer)? else { continue };
                if answer.status != 200 {
                    bail!("a post was answered: {}", String::from_utf8_lossy(bytes));
                }
                latencies.push(self.sent_at[writer].elapsed());
                open -= 1;
                posts += 1;
                if goes_on(posts + open) {
                    self.post(writer)?;
                    open += 1;
                }
            }
        }
        self.posted += posts;
        Ok(Run { posts, took: begun.elapsed(), latencies })
    }

    /// The keys of the rooms.
    pub(crate) fn rooms(&self) -> &[String] {
        &self.rooms
    }

    /// Posts acknowledged so far, in all rooms.
    pub(crate) fn posted(&self) -> u64 {
        self.posted
    }

    fn post(&mut self, writer: usize) -> Result<()> {
        self.turn += 1;
        let request = &mut self.requests[writer];
        let key = self.rooms[self.turn % self.rooms.len()].as_bytes();
        request[KEY_AT..KEY_AT + key.len()].copy_from_slice(key);
        let text_at = request.len() - TEXT_BYTES;
        request[text_at..].copy_from_slice(self.texts[self.turn % TEXTS].as_bytes());
        self.sent_at[writer] = Instant::now();
        self.fleet.send(writer, request)
    }
}

/// Texts of [`TEXT_BYTES`] bytes from a vocabulary in which, as in speech, few words are frequent. Always the same ones.
pub(crate) fn texts() -> Vec<String> {
    let mut rng = StdRng::seed_from_u64(1);
    let words: Vec<String> = (0..2_000)
        .map(|_| (0..rng.random_range(2..=9)).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect())
        .collect();
    let text = |_| {
        let mut text = String::from(TEXT_MARK);
        while text.len() < TEXT_BYTES {
            let share: f64 = rng.random();
            text.push(' ');
            text.push_str(&words[(share * share * share * words.len() as f64) as usize]);
        }
        text.truncate(TEXT_BYTES);
        // A trailing blank might be trimmed by the server.
        if text.ends_with(' ') {
            text.replace_range(TEXT_BYTES - 1.., ".");
        }
        text
    };
    (0..TEXTS).map(text).collect()
}
