//! The rooms of accounts that look at pages, made up once for all their pages, and again when something has changed in them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use lru::LruCache;
use parlor_core::connections::Inbox;
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, Number};
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Chat, Error, limits};

use super::here::{Belonging, Private};
use super::people::People;
use super::rooms::{self, Mine};

/// What is known of the rooms of the accounts that looked lately.
pub(super) struct Belongings {
    // Held for memory work only.
    made: Mutex<LruCache<AccountId, Arc<Told>>>,
}

/// Somebody's rooms, as they were when it was made up.
pub(super) struct Told {
    pub(super) rooms: Vec<Mine>,
    /// What it was made of, by which it is seen to be old.
    inbox: Option<(Arc<Inbox>, u64)>,
    heads: Vec<(Weak<RoomLog>, Number)>,
}

impl Belongings {
    /// Nobody's yet.
    pub(super) fn new() -> Belongings {
        const KEPT: NonZeroUsize = NonZeroUsize::new(limits::HERE_LISTS).expect("the limit is not 0");
        Belongings { made: Mutex::new(LruCache::new(KEPT)) }
    }

    /// The rooms of an account as they are now, those first in which something happened last, at most as many as a page shows
    /// beside a conversation.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub(super) async fn of(
        &self,
        (chat, people): (&Chat, &People),
        actor: &Actor,
        account: AccountId,
    ) -> Result<Arc<Told>, Error> {
        // Before anything is read: what changes meanwhile makes it old.
        let inbox = chat.inbox(Author::Account(account)).map(|inbox| (inbox.version(), inbox));
        let known = self.lock().get(&account).cloned();
        if let Some(known) = known.filter(|known| known.is_of(inbox.as_ref())) {
            return Ok(known);
        }
        let found = chat.rooms_of_person(actor).await?;
        let shown = limits::SHOWN_DIRECT_ROOMS;
        let heads = found.iter().take(shown).map(|room| (Arc::downgrade(&room.log), room.log.head().number));
        let heads = heads.collect();
        let rooms = rooms::shown(chat, people, found.into_iter().take(shown)).await?;
        let told = Arc::new(Told { rooms, inbox: inbox.map(|(version, inbox)| (inbox, version)), heads });
        self.lock().put(account, told.clone());
        Ok(told)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<AccountId, Arc<Told>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    /// What a page of one of them is told of the others: the same as long as that is the same.
    pub(super) fn version(&self, but: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        for room in self.others(but) {
            (&room.page.key, &room.page.subject, room.page.unread, room.number).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// All but one, by its key.
    fn others(&self, but: &str) -> impl Iterator<Item = &Mine> {
        self.rooms.iter().filter(move |room| room.page.key != but)
    }

    /// What a page of one of them is told of the others: the rooms of two, and the rest.
    pub(super) fn split(&self, but: &str) -> (Vec<Private>, Vec<Belonging>) {
        let (mut private, mut rooms) = (vec![], vec![]);
        for room in self.others(but) {
            let (key, unread) = (room.page.key.clone(), room.page.unread);
            match &room.with {
                Some(with) => {
                    private.push(Private { key, with: with.clone(), number: room.number, unread: Some(unread) })
                }
                None => rooms.push(Belonging { key, subject: room.page.subject.clone(), unread }),
            }
        }
        (private, rooms)
    }

    /// Waits until something has changed in them, but for what is said in one. Cancel safe.
    pub(super) async fn changed(&self, but: &RoomLog) {
        let rung = async {
            match &self.inbox {
                Some((inbox, version)) => drop(inbox.changed(*version).await),
                None => std::future::pending().await,
            }
        };
        // Both only wait.
        tokio::select! {
            () = rung => {}
            () = self.moved(but) => {
                // In a lively room more is said at once.
                tokio::time::sleep(Duration::from_millis(limits::HERE_CROWD_SETTLE_MILLIS)).await;
            }
        }
    }

    /// Waits for a message in one of them but one. Cancel safe.
    async fn moved(&self, but: &RoomLog) {
        let logs: Vec<(Arc<RoomLog>, Number)> = self
            .heads
            .iter()
            .filter_map(|(log, head)| Some((log.upgrade()?, *head)))
            .filter(|(log, _)| log.id() != but.id())
            .collect();
        let mut waits: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = Vec::with_capacity(logs.len());
        for (log, head) in &logs {
            waits.push(Box::pin(log.beyond(*head)));
        }
        std::future::poll_fn(|context| {
            let any = waits.iter_mut().any(|wait| wait.as_mut().poll(context).is_ready());
            if any { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Whether nothing has changed of what it was made of. Nobody who is not here at all has an inbox; then nothing can tell.
    fn is_of(&self, inbox: Option<&(u64, Arc<Inbox>)>) -> bool {
        let same_inbox = match (&self.inbox, inbox) {
            (Some((made_of, version)), Some((now_version, now))) => Arc::ptr_eq(made_of, now) && version == now_version,
            _ => false,
        };
        let is_still = |(log, head): &(Weak<RoomLog>, Number)| {
            log.upgrade().is_some_and(|log| log.head().number == *head && !log.head().closed)
        };
        same_inbox && self.heads.iter().all(is_still)
    }
}
