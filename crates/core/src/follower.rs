//! The search index's follower: itself a cursor on every log, behind the head and off the way of posts.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::{Notify, watch};

use crate::event::{Body, Event, MessageState};
use crate::ids::Seq;
use crate::limits;
use crate::ports::{IndexEntry, IndexLag, Store};
use crate::refusal::Fault;
use crate::search;

/// Rooms that one look at what is behind takes: a small number, so that all get their turn.
const LAGGING_ROOMS: usize = 64;

/// Runs until [`crate::Chat`] is gone.
pub struct Follower {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) moved: Arc<Notify>,
    /// How the last round ended, for searches that wait for the next.
    pub(crate) rounds: watch::Sender<Result<(), Fault>>,
}

/// What a round took of what there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Took {
    Nothing,
    Part,
    All,
}

impl Follower {
    /// Indexes what comes, for as long as somebody may search. To be spawned once. `rest` is waited for after a round that
    /// took all there was, so that what comes one by one costs one transaction for several; a search waits that long, too.
    pub async fn run<Rest: Future>(self, rest: impl Fn() -> Rest) {
        while !self.rounds.is_closed() {
            let round = self.round().await;
            if let Err(fault) = &round {
                tracing::warn!(%fault, "the search index could not follow; it tries again with the next message or search");
            }
            let took = round.as_ref().copied().unwrap_or(Took::Nothing);
            self.rounds.send_modify(|last| *last = round.map(|_| ()));
            match took {
                Took::Nothing => self.moved_or_over().await,
                Took::All => drop(rest().await),
                Took::Part => {}
            }
        }
    }

    /// Ends when there may be something new, or when nobody can search any more.
    async fn moved_or_over(&self) {
        let (mut moved, mut over) = (pin!(self.moved.notified()), pin!(self.rounds.closed()));
        poll_fn(|context| match over.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => moved.as_mut().poll(context),
        })
        .await;
    }

    /// Takes a batch of every room that is behind.
    async fn round(&self) -> Result<Took, Fault> {
        let lagging = self.store.index_lag(LAGGING_ROOMS).await?;
        for lag in &lagging {
            self.index(*lag).await?;
        }
        let batch = limits::INDEX_BATCH as u64;
        let more = lagging.len() == LAGGING_ROOMS || lagging.iter().any(|lag| lag.head.0 - lag.indexed.0 > batch);
        Ok(match (lagging.is_empty(), more) {
            (true, _) => Took::Nothing,
            (false, true) => Took::Part,
            (false, false) => Took::All,
        })
    }

    async fn index(&self, lag: IndexLag) -> Result<(), Fault> {
        let events = self.store.events(lag.room, lag.indexed.next(), limits::INDEX_BATCH).await?;
        let upto = events.last().map_or(lag.head, |event| event.seq);
        let mut entries: Vec<IndexEntry> = Vec::with_capacity(events.len());
        for entry in events.into_iter().filter_map(entry) {
            // The last word on a message holds.
            entries.retain(|earlier| earlier.number != entry.number);
            entries.push(entry);
        }
        self.store.index(lag.room, Seq(upto.0), entries).await
    }
}

fn entry(event: Event) -> Option<IndexEntry> {
    match event.body {
        Body::Message { state: MessageState::Redacted, .. } => None,
        Body::Message { text, .. } => Some(IndexEntry { number: event.number, tokens: search::tokens(text.as_str()) }),
        // A deleted message's edits are blank, and so is what they put into the index.
        Body::Edit { target, text } => Some(IndexEntry { number: target, tokens: search::tokens(text.as_str()) }),
        Body::Redaction { target } => Some(IndexEntry { number: target, tokens: vec![] }),
        _ => None,
    }
}
