//! The search index's follower: itself a cursor on every log, behind the head and off the way of posts.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::{Notify, watch};

use crate::event::{Body, Event, MessageState};
use crate::ids::{Number, Seq};
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
        // What an edit or a deletion changed is read as it is now: its own text and its author's name.
        let amended: BTreeSet<Number> = events.iter().filter_map(|event| event.body.amends()).collect();
        let mut entries: Vec<IndexEntry> = Vec::with_capacity(events.len());
        if !amended.is_empty() {
            let amended = self.store.messages(lag.room, amended.into_iter().collect()).await?;
            entries.extend(amended.iter().filter_map(entry));
        }
        let amended = entries.len();
        for entry in events.iter().filter_map(entry) {
            if !entries[..amended].iter().any(|newer| newer.number == entry.number) {
                entries.push(entry);
            }
        }
        self.store.index(lag.room, Seq(upto.0), entries).await
    }
}

/// A message as the index has it; nothing for what is none.
fn entry(event: &Event) -> Option<IndexEntry> {
    let Body::Message { text, state, .. } = &event.body else { return None };
    let tokens = match state {
        MessageState::Redacted => Vec::new(),
        MessageState::Posted | MessageState::Edited => search::message_tokens(text.as_str(), event.name.as_str()),
    };
    Some(IndexEntry { number: event.number, tokens })
}
