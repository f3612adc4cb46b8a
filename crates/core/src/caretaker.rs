//! Closes the rooms that vanish when unused: when the last one has left, or a minute after the start if nobody came back.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::actor::{Actor, Who};
use crate::chat::Chat;
use crate::ids::RoomId;
use crate::limits;
use crate::refusal::{Error, Refusal};
use crate::room::RoomRef;

/// Runs until [`crate::Chat`] is gone. Looks whenever a room has become empty, and with every look at the heads
/// ([`Chat::look_at_heads`]), which is how time passes for it. It knows who is here on this node only.
pub struct Caretaker {
    chat: Weak<Chat>,
    /// Rung for a look.
    bell: Arc<Notify>,
    /// Whoever holds its receiver is the chat.
    over: watch::Sender<()>,
    /// Until then the rooms that were there at the start are kept, unless somebody came and left.
    started: Duration,
    /// Whether the rooms that were there at the start are known yet.
    loaded: bool,
}

/// The rooms that vanish when unused, as far as they are known.
#[derive(Default)]
pub(crate) struct Vanishing {
    /// Each with the time until which it is kept though nobody came. Held for memory work only.
    rooms: Mutex<BTreeMap<RoomId, Duration>>,
}

impl Vanishing {
    /// Looks after a room from `now` on: whoever made it, or was in it before a restart, has a minute to come.
    pub(crate) fn watch(&self, room: RoomId, now: Duration) {
        self.lock().entry(room).or_insert(now + Duration::from_secs(limits::UNUSED_SECONDS));
    }

    fn all(&self) -> Vec<(RoomId, Duration)> {
        self.lock().iter().map(|(room, until)| (*room, *until)).collect()
    }

    fn forget(&self, room: RoomId) {
        self.lock().remove(&room);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, Duration>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caretaker {
    pub(crate) fn new(chat: &Arc<Chat>, over: watch::Sender<()>) -> Caretaker {
        let (bell, started) = (chat.emptied().clone(), chat.clock().monotonic());
        Caretaker { chat: Arc::downgrade(chat), bell, over, started, loaded: false }
    }

    /// Looks after the rooms, for as long as there is a chat and `stopping` is false: whoever a stopping server sends away
    /// has not left the room, and gets a minute to come back to the next one. To be spawned once.
    pub async fn run(mut self, stopping: watch::Receiver<bool>) {
        while let Some(chat) = self.chat.upgrade() {
            self.look(&chat, &stopping).await;
            drop(chat);
            self.rung_or_over().await;
        }
    }

    /// Ends when there may be something to do, or when the chat is gone.
    async fn rung_or_over(&self) {
        let (mut rung, mut over) = (pin!(self.bell.notified()), pin!(self.over.closed()));
        poll_fn(|context| match over.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => rung.as_mut().poll(context),
        })
        .await;
    }

    async fn look(&mut self, chat: &Chat, stopping: &watch::Receiver<bool>) {
        if !self.loaded {
            match chat.find_vanishing(self.started).await {
                Ok(()) => self.loaded = true,
                Err(fault) => tracing::warn!(%fault, "the rooms that vanish could not be read; trying again"),
            }
        }
        let now = chat.clock().monotonic();
        for (room, until) in chat.vanishing().all() {
            // In this order: people are sent away after it says so.
            if is_unused(chat, room, now >= until) && !*stopping.borrow() {
                close(chat, room).await;
            }
        }
    }
}

/// Whether nobody is in a room any more, those who linger included. Before its time is over it must have been used.
fn is_unused(chat: &Chat, room: RoomId, time_is_over: bool) -> bool {
    let Some(log) = chat.logs().in_use(room) else { return time_is_over };
    let presence = log.presence();
    presence.is_unused() && (time_is_over || presence.changes().version() > 0)
}

async fn close(chat: &Chat, room: RoomId) {
    let system = Actor { who: Who::Operator, origin: None };
    let closed = async {
        let log = chat.find(&system, RoomRef::Id(room)).await?;
        chat.close(&system, &log, None).await
    };
    match closed.await {
        // Somebody else may have closed it.
        Ok(_) | Err(Error::Refused(Refusal::NotFound | Refusal::RoomClosed)) => chat.vanishing().forget(room),
        Err(error) => tracing::warn!(%error, %room, "a room that nobody uses could not be closed; trying again"),
    }
}
