//! What the crowd has heard: which posts are still on their way, how long they took, in which order they came.

use std::time::Instant;

use anyhow::{Result, bail};

use super::mark::{self, Mark};
use crate::stats::Histogram;
use crate::writers::TEXT_BYTES;

/// Posts that may be on their way at once.
const OPEN_POSTS_MAX: usize = 1 << 14;

/// Connections that may post; the others hear everything and are compared with each other.
pub(crate) const POSTERS_MAX: usize = 16;

/// Counts for all connections of a crowd.
pub(crate) struct Tally {
    /// When the bytes that are being looked at were read.
    pub(crate) now: Instant,
    pub(crate) deliveries: u64,
    pub(crate) bytes: u64,
    /// Reads that brought something: at most as many as the server's writes.
    pub(crate) reads: u64,
    /// Lines of a terminal, or messages of a WebSocket, that say something else than a post.
    pub(crate) announcements: u64,
    pub(crate) latencies: Histogram,
    /// Posts of each poster that somebody has not heard yet.
    pub(crate) open: [u32; POSTERS_MAX],
    pub(crate) posts: u32,
    /// Posts on their way, by their number modulo the length.
    ring: Vec<Post>,
    /// The newest post of each poster that the sampled connection heard.
    sampled: [Option<u32>; POSTERS_MAX],
    disorder: Option<String>,
}

struct Post {
    number: u32,
    poster: usize,
    /// Connections that have not heard it.
    left: u32,
    sent_at: Instant,
}

/// What one connection has heard since the crowd last forgot: equal for all that heard the same in the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Heard {
    pub(crate) posts: u32,
    hash: u64,
}

/// Through which a dialect tells what one connection heard.
pub(crate) struct Ear<'a> {
    pub(crate) tally: &'a mut Tally,
    pub(crate) heard: &'a mut Heard,
    /// The connection's index; the first that never posts checks the order of every poster's posts, for all that hear
    /// the same as it.
    pub(crate) index: usize,
    /// Whether a poster hears its own posts.
    pub(crate) echoes: bool,
    /// Whether all hear the posts of different people in the same order.
    pub(crate) has_one_order: bool,
    /// Whether the posts are another crowd's, of which only the order is known.
    pub(crate) is_foreign: bool,
}

impl Ear<'_> {
    /// Text from the server, whole: any number of posts, or something else in `lines` lines. Answers whether it had posts.
    pub(crate) fn text(&mut self, text: &[u8], lines: impl FnOnce(&[u8]) -> usize) -> bool {
        let mut rest = text;
        let mut found = false;
        while let Some(mark) = mark::find(rest) {
            self.post(mark);
            found = true;
            rest = rest.get(mark.at + TEXT_BYTES..).unwrap_or_default();
        }
        if !found {
            self.tally.announcements += lines(text) as u64;
        }
        found
    }

    fn post(&mut self, mark: Mark) {
        self.heard.add(mark.post, self.has_one_order);
        if self.is_foreign {
            return;
        }
        if !self.echoes && self.index == usize::from(mark.poster) {
            let error =
                || format!("person {} heard its own post {}, which this protocol does not have", self.index, mark.post);
            self.tally.disorder.get_or_insert_with(error);
        }
        if !self.tally.hear(mark.post) {
            let (index, posts, post, poster) = (self.index, self.heard.posts, mark.post, mark.poster);
            let newest = self.tally.posts;
            self.tally.disorder.get_or_insert_with(|| {
                format!(
                    "person {index} heard post {post} of {poster} as its number {posts}, but it was never sent or all \
                         had heard it; {newest} were sent"
                )
            });
        }
        if self.index == POSTERS_MAX {
            self.tally.check_order(mark);
        }
    }
}

impl Heard {
    fn add(&mut self, post: u32, is_ordered: bool) {
        // An odd factor with digits everywhere, so that no two orders, or sets, of posts are likely to come out alike.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        self.posts += 1;
        self.hash = match is_ordered {
            true => self.hash.wrapping_mul(FACTOR).wrapping_add(u64::from(post) + 1),
            false => {
                self.hash.wrapping_add((u64::from(post) + 1).wrapping_mul(FACTOR).rotate_right(29).wrapping_mul(FACTOR))
            }
        };
    }
}

impl Tally {
    /// Nothing heard yet.
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let ring = (0..OPEN_POSTS_MAX).map(|_| Post { number: u32::MAX, poster: 0, left: 0, sent_at: now }).collect();
        Self {
            now,
            deliveries: 0,
            bytes: 0,
            reads: 0,
            announcements: 0,
            latencies: Histogram::default(),
            open: [0; POSTERS_MAX],
            posts: 0,
            ring,
            sampled: [None; POSTERS_MAX],
            disorder: None,
        }
    }

    /// Sets all counts back; the numbers of posts go on.
    pub(crate) fn clear(&mut self) {
        (self.deliveries, self.bytes, self.reads, self.announcements) = (0, 0, 0, 0);
        self.latencies = Histogram::default();
    }

    /// Takes up a post that `listeners` connections shall hear, and answers its number.
    pub(crate) fn send(&mut self, poster: usize, listeners: usize, sent_at: Instant) -> Result<u32> {
        let number = self.posts;
        let post = &mut self.ring[number as usize % OPEN_POSTS_MAX];
        if post.left > 0 {
            bail!("{OPEN_POSTS_MAX} posts are on their way at once; {} people have not heard the oldest", post.left);
        }
        *post = Post { number, poster, left: listeners as u32, sent_at };
        self.open[poster] += 1;
        self.posts += 1;
        Ok(number)
    }

    /// Posts that somebody has not heard yet.
    pub(crate) fn unheard(&self) -> u32 {
        self.open.iter().sum()
    }

    /// An error if a post came twice, was never sent, or came before an older one of the same poster.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.disorder {
            Some(disorder) => bail!("{disorder}"),
            None => Ok(()),
        }
    }

    /// Whether somebody had not heard it yet.
    fn hear(&mut self, number: u32) -> bool {
        let post = &mut self.ring[number as usize % OPEN_POSTS_MAX];
        if post.number != number || post.left == 0 {
            return false;
        }
        post.left -= 1;
        if post.left == 0 {
            self.open[post.poster] -= 1;
        }
        self.deliveries += 1;
        self.latencies.push(self.now.saturating_duration_since(post.sent_at));
        true
    }

    fn check_order(&mut self, mark: Mark) {
        let newest = &mut self.sampled[usize::from(mark.poster) % POSTERS_MAX];
        if newest.is_some_and(|newest| newest >= mark.post) {
            self.disorder.get_or_insert_with(|| format!("post {} of {} came late", mark.post, mark.poster));
        }
        *newest = Some(mark.post);
    }
}
