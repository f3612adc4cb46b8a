//! The search index's follower: itself a cursor on every log, behind the head and off the way of posts.

use std::sync::Arc;

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
    /// Counts the rounds, for searches that wait.
    pub(crate) rounds: watch::Sender<u64>,
}

impl Follower {
    /// Indexes what comes, for as long as somebody may search. To be spawned once.
    pub async fn run(self) {
        loop {
            match self.round().await {
                Ok(true) => {}
                Ok(false) => self.moved.notified().await,
                Err(fault) => {
                    tracing::warn!(%fault, "the search index could not follow; it tries again with the next message or search");
                    self.moved.notified().await;
                }
            }
            if self.rounds.is_closed() {
                return;
            }
        }
    }

    /// Takes a batch of every room that is behind; whether there was any.
    async fn round(&self) -> Result<bool, Fault> {
        let lagging = self.store.index_lag(LAGGING_ROOMS).await?;
        for lag in &lagging {
            self.index(*lag).await?;
        }
        self.rounds.send_modify(|rounds| *rounds += 1);
        Ok(!lagging.is_empty())
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
