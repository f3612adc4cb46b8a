//! Posting, in a closed loop or at a rate, until everybody has heard everything.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{Crowd, PATIENCE, POSTERS_MAX, mark};
use crate::dialect::Dialect;
use crate::procfs::CpuMeter;
use crate::writers::texts;

/// A post that leaves later than it was due by no more than this is late by the clock's grain, which is not the server's.
const GRAIN: Duration = Duration::from_millis(2);

/// Who posts, how fast and for how long.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Talk {
    pub(crate) posters: usize,
    pub(crate) pace: Pace,
    pub(crate) seconds: f64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Pace {
    /// Each poster has so many posts on their way; the next follows when everybody has heard one of them.
    Open(u32),
    /// So many posts a second in all, whatever the server does. Latencies count from when a post was due.
    PerSecond(f64),
}

/// What was measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Talked {
    pub(crate) posts: u32,
    pub(crate) deliveries: u64,
    pub(crate) seconds: f64,
    /// Until the server was idle again.
    pub(crate) server_us_per_delivery: f64,
    pub(crate) load_us_per_delivery: f64,
    pub(crate) bytes_per_delivery: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl<D: Dialect> Crowd<D> {
    /// Posts and waits until everybody has heard everything, once and in order.
    ///
    /// # Errors
    /// When a post was lost, doubled or out of order for anyone, a connection was closed, or nothing comes for 30 s.
    pub(crate) fn talk(&mut self, talk: &Talk, texts: &mut Texts) -> Result<Talked> {
        ensure!(
            talk.posters <= POSTERS_MAX && self.connections.len() > POSTERS_MAX,
            "too many posters, or nobody else"
        );
        let server_before = self.settle()?;
        let mut own = CpuMeter::new(std::process::id());
        let own_before = own.read()?;
        self.tally.clear();
        let first = self.tally.posts;
        let listeners = self.connections.len() - usize::from(!self.dialect.echoes());
        let begun = Instant::now();
        let end = begun + Duration::from_secs_f64(talk.seconds);
        let mut progress = (0, begun);
        loop {
            let now = Instant::now();
            let mut patience = Duration::from_millis(100);
            if now < end {
                match talk.pace {
                    Pace::Open(open) => {
                        for poster in 0..talk.posters {
                            while self.tally.open[poster] < open {
                                self.compose(poster, listeners, now, texts)?;
                            }
                        }
                    }
                    Pace::PerSecond(rate) => loop {
                        let posts = self.tally.posts - first;
                        let due = begun + Duration::from_secs_f64(f64::from(posts) / rate);
                        if let Some(wait) = due.checked_duration_since(now).filter(|wait| !wait.is_zero()) {
                            patience = wait;
                            break;
                        }
                        let sent_at = if now - due > GRAIN { due } else { now };
                        self.compose(posts as usize % talk.posters, listeners, sent_at, texts)?;
                    },
                }
                for poster in 0..talk.posters {
                    self.flush(poster)?;
                }
            } else if self.tally.unheard() == 0 {
                break;
            }
            self.poll(patience)?;
            if self.tally.deliveries > progress.0 {
                progress = (self.tally.deliveries, Instant::now());
            } else if progress.1.elapsed() > PATIENCE {
                bail!("{} posts were not heard by all, and nothing came for 30 s", self.tally.unheard());
            }
            ensure!(self.closed == 0, "the server closed {} connections: {:?}", self.closed, self.farewell());
        }
        let seconds = (self.tally.now - begun).as_secs_f64();
        let own_after = own.read()?;
        let (deliveries, bytes) = (self.tally.deliveries, self.tally.bytes);
        let server = self.settle()? - server_before;
        self.heard()?;
        let each_us = |time: Duration| time.as_secs_f64() * 1e6 / deliveries as f64;
        Ok(Talked {
            posts: self.tally.posts - first,
            deliveries,
            seconds,
            server_us_per_delivery: each_us(server),
            load_us_per_delivery: each_us(own_after - own_before),
            bytes_per_delivery: bytes as f64 / deliveries as f64,
            p50_ms: self.tally.latencies.quantile_ms(0.5),
            p99_ms: self.tally.latencies.quantile_ms(0.99),
        })
    }

    fn compose(&mut self, poster: usize, listeners: usize, sent_at: Instant, texts: &mut Texts) -> Result<()> {
        let post = self.tally.send(poster, listeners, sent_at)?;
        let text = texts.next();
        mark::write(text, post, poster as u8);
        let connection = &mut self.connections[poster];
        self.dialect.post(&connection.session, text, &mut connection.unsent);
        Ok(())
    }

    /// What the server said before it closed one of the connections.
    fn farewell(&self) -> Option<&str> {
        let closed = self.connections.iter().find(|connection| !connection.is_open)?;
        closed.session.farewell.as_deref()
    }
}

/// The texts of posts, in turn; marks are written over their beginnings.
pub(crate) struct Texts {
    texts: Vec<Vec<u8>>,
    turn: usize,
}

impl Texts {
    /// The same texts that the writers of the other parts post.
    pub(crate) fn new() -> Self {
        Self { texts: texts().into_iter().map(String::into_bytes).collect(), turn: 0 }
    }

    fn next(&mut self) -> &mut [u8] {
        self.turn = (self.turn + 1) % self.texts.len();
        &mut self.texts[self.turn]
    }
}
