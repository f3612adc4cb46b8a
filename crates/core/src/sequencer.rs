//! The one writer of a node: takes all drafts that came while the last batch was committing, and no timer.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use crate::event::{Appended, Draft, Event};
use crate::ids::{MessageKey, RoomId};
use crate::limits;
use crate::logs::Logs;
use crate::ports::{Bus, Store};
use crate::refusal::{Error, Fault, Refusal};
use crate::room_log::RoomLog;
use crate::slot::{Slot, Source};

/// Runs until every [`crate::Chat`] is gone and every draft is answered.
pub struct Sequencer {
    pub(crate) waiting: mpsc::Receiver<Pending>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) bus: Arc<dyn Bus>,
    /// Wakes the search index's follower.
    pub(crate) moved: Arc<Notify>,
}

/// A draft that somebody waits for.
pub(crate) struct Pending {
    draft: Draft,
    asker: Asker,
}

/// Who waits for a draft, and where it goes when it is stored.
struct Asker {
    log: Arc<RoomLog>,
    source: Option<Source>,
    answer: Answer,
}

type Answer = oneshot::Sender<Result<Posted, Error>>;

/// A post's answer.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The event as it stands in the log, durably.
    pub slot: Arc<Slot>,
    /// Whether it was there already, from an earlier try with the same key.
    pub duplicate: bool,
}

impl Sequencer {
    /// Commits what comes, for ever. To be spawned once.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.waiting.recv_many(&mut batch, limits::BATCH_DRAFTS).await > 0 {
            let (drafts, askers): (Vec<_>, Vec<_>) = batch.drain(..).map(|p: Pending| (p.draft, p.asker)).unzip();
            let logs: Vec<_> = askers.iter().map(|asker| asker.log.clone()).collect();
            logs.iter().for_each(|log| log.set_committing(true));
            match self.store.append(drafts).await {
                Ok(outcomes) => self.publish(outcomes, askers).await,
                Err(fault) => {
                    tracing::error!(%fault, drafts = askers.len(), "a batch of posts could not be stored");
                    if matches!(fault, Fault::OutcomeUnknown(_)) {
                        // What is there after all must not stay unseen until somebody posts again.
                        self.look_again(askers.iter().map(|asker| &asker.log)).await;
                    }
                    for asker in askers {
                        // Who asked may be gone by now; then nobody needs the answer.
                        let _ = asker.answer.send(Err(fault.clone().into()));
                    }
                }
            }
            logs.iter().for_each(|log| log.set_committing(false));
        }
    }

    /// The batch is durable: now, and not before, readers see it, and then its authors hear of it.
    async fn publish(&self, outcomes: Vec<Appended>, askers: Vec<Asker>) {
        // In order of rooms, so that the same drafts always have the same effects in the same order.
        let mut new: BTreeMap<RoomId, (Arc<RoomLog>, Vec<Arc<Slot>>)> = BTreeMap::new();
        let mut unseen = Vec::new();
        let mut answers = Vec::with_capacity(askers.len());
        for (outcome, Asker { log, source, answer }) in outcomes.into_iter().zip(askers) {
            let result = match outcome {
                Appended::New { event, .. } => {
                    let slot = Arc::new(Slot::from_here(event, source));
                    new.entry(log.id()).or_insert_with(|| (log, vec![])).1.push(slot.clone());
                    Ok(Posted { slot, duplicate: false })
                }
                Appended::Duplicate(event) => {
                    // The first try's answer was lost: its event may be durable and not be here yet.
                    if event.seq > log.head().seq {
                        unseen.push(log);
                    }
                    answers.push((answer, Ok(duplicate(event))));
                    continue;
                }
                Appended::KeyConflict => Err(Refusal::KeyConflict.into()),
                Appended::NoRoom => Err(Refusal::RoomClosed.into()),
                Appended::NoTarget => Err(Refusal::NoSuchMessage.into()),
                Appended::NameTaken => Err(Refusal::NameTaken.into()),
                Appended::Failed(fault) => {
                    tracing::error!(%fault, room = %log.id(), "a post could not be stored");
                    Err(fault.into())
                }
            };
            answers.push((answer, result));
        }
        for (log, slots) in new.into_values() {
            if let Err(fault) = self.logs.place(&log, &slots).await {
                // They are durable; the next move of this head, or the next look at heads, places them.
                tracing::error!(%fault, room = %log.id(), "durable events could not be read back");
            }
            self.bus.hint(log.id(), log.head().seq);
        }
        self.look_again(unseen.iter()).await;
        self.moved.notify_one();
        for (answer, result) in answers {
            let _ = answer.send(result);
        }
    }

    /// Places what the store may have beyond the heads of these rooms.
    async fn look_again(&self, logs: impl Iterator<Item = &Arc<RoomLog>>) {
        let logs: BTreeMap<RoomId, &Arc<RoomLog>> = logs.map(|log| (log.id(), log)).collect();
        for (room, log) in logs {
            let before = log.head().seq;
            if let Err(fault) = self.logs.catch_up(log).await {
                // The next move of this head, or the next look at heads, places it.
                tracing::error!(%fault, %room, "durable events could not be read back");
            }
            if log.head().seq > before {
                self.bus.hint(room, log.head().seq);
                self.moved.notify_one();
            }
        }
    }
}

fn duplicate(event: Event) -> Posted {
    Posted { slot: Arc::new(Slot::new(event)), duplicate: true }
}

/// Where drafts go in.
#[derive(Clone)]
pub(crate) struct Drafts(pub(crate) mpsc::Sender<Pending>);

impl Drafts {
    /// Waits for a place only. Of one caller's drafts, the one that was submitted first is appended first. If the caller
    /// goes away meanwhile, the draft is appended or not, never half: the [`MessageKey`] tells on the next try.
    pub(crate) async fn submit(
        &self,
        log: &Arc<RoomLog>,
        draft: Draft,
        source: Option<Source>,
    ) -> Result<Submitted, Error> {
        let (answer, answered) = oneshot::channel();
        let asker = Asker { log: log.clone(), source, answer };
        self.0.send(Pending { draft, asker }).await.map_err(|_| Fault::Unavailable("the server is stopping".into()))?;
        Ok(Submitted(answered))
    }
}

/// A draft that the writer has.
pub(crate) struct Submitted(oneshot::Receiver<Result<Posted, Error>>);

impl Submitted {
    /// Waits until it is durable, or was refused.
    pub(crate) async fn posted(self) -> Result<Posted, Error> {
        // The writer had it and went away: nobody can say how far it came.
        self.0.await.map_err(|_| Fault::OutcomeUnknown("the server stopped meanwhile".into()))?
    }
}

/// What goes with a post beside its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostOptions {
    /// The client's own id of it: a repeat is answered like the first.
    pub key: Option<MessageKey>,
    /// The message that it answers.
    pub reply_to: Option<crate::ids::Number>,
    /// The nickname that a guest gives with it.
    pub nick: Option<crate::text::DisplayName>,
    /// The nickname to go by if the guest never gave one.
    pub fallback_nick: Option<crate::text::DisplayName>,
    /// The guest was made for this very post. Newcomers of one address share one rate: else a new guest for every post
    /// would have none.
    pub newcomer: bool,
    /// By which connection it comes, for readers on this node to be told.
    pub source: Option<Source>,
}
