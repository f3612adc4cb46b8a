//! Writes down how far listeners were told, lazily and for many at once: a message to ten thousand listeners is no ten
//! thousand writes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use parlor_core::Chat;
use parlor_core::ids::{AccountId, RoomId, Seq};
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::limits::{NOTE_PATIENCE_SECONDS, NOTE_SECONDS, NOTES_AT_ONCE, TURN_SECONDS, TURNS_KEPT};
use crate::live::Outlet;

/// Everybody who listens at the door.
pub(super) struct Notes {
    listeners: Arc<Listeners>,
    waiting: mpsc::UnboundedSender<Waiting>,
    // Held for look-ups only.
    turns: Mutex<HashMap<AccountId, Weak<tokio::sync::Mutex<()>>>>,
}

/// The right to hand out what arrived for an account, from the look at its positions until they are written down: what one
/// connection was told is not handed out by another that looks meanwhile.
pub(super) type Turn = Option<OwnedMutexGuard<()>>;

/// How far an account's rooms were heard, to be written down, and who waits for that.
struct Waiting {
    heard: Vec<Heard>,
    done: oneshot::Sender<()>,
}

type Heard = (AccountId, RoomId, Seq);

/// A connection that listens, until it leaves or is dropped.
pub(super) struct Listener {
    listeners: Arc<Listeners>,
    waiting: mpsc::UnboundedSender<Waiting>,
    account: AccountId,
    number: u64,
}

#[derive(Default)]
struct Listeners {
    numbers: AtomicU64,
    // Held for memory work only. Locked before an outlet's lock.
    by_account: Mutex<HashMap<AccountId, Vec<Place>>>,
}

struct Place {
    number: u64,
    outlet: Arc<Outlet>,
    /// What is written down already.
    noted: Vec<(RoomId, Seq)>,
}

impl Notes {
    /// Writes down what comes, until the door is gone.
    pub(super) fn start(chat: &Arc<Chat>, tasks: &Handle) -> Notes {
        let listeners = Arc::new(Listeners::default());
        let (waiting, comes) = mpsc::unbounded_channel();
        tasks.spawn(write_down(Arc::downgrade(chat), listeners.clone(), comes));
        Notes { listeners, waiting, turns: Mutex::default() }
    }

    /// Waits for one's turn, but not for long behind a reader that is slow: what it has not got yet may come to both.
    pub(super) async fn turn(&self, account: AccountId) -> Turn {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() >= TURNS_KEPT {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            let known = turns.get(&account).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(account, Arc::downgrade(&turn));
                turn
            })
        };
        timeout(Duration::from_secs(TURN_SECONDS), turn.lock_owned()).await.ok()
    }

    /// Somebody begins to listen.
    pub(super) fn listener(&self, account: AccountId, outlet: &Arc<Outlet>) -> Listener {
        let number = self.listeners.numbers.fetch_add(1, Ordering::Relaxed);
        let place = Place { number, outlet: outlet.clone(), noted: Vec::new() };
        self.listeners.lock().entry(account).or_default().push(place);
        Listener { listeners: self.listeners.clone(), waiting: self.waiting.clone(), account, number }
    }

    /// Writes down what the listeners of an account were told until now, so that it is not given out once more.
    pub(super) async fn note(&self, account: AccountId) {
        let heard = self.listeners.news_of(account);
        if !heard.is_empty() {
            hand_in(&self.waiting, heard).await;
        }
    }
}

impl Listener {
    /// Ends, and writes down what it was told; `None`: not all of that is with the kernel, so it is told again.
    pub(super) async fn leave(self, heard: Option<Vec<(RoomId, Seq)>>) {
        let (account, waiting) = (self.account, self.waiting.clone());
        drop(self);
        let heard: Vec<Heard> = heard.into_iter().flatten().map(|(room, seq)| (account, room, seq)).collect();
        if !heard.is_empty() {
            hand_in(&waiting, heard).await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut by_account = self.listeners.lock();
        if let Some(places) = by_account.get_mut(&self.account) {
            places.retain(|place| place.number != self.number);
            if places.is_empty() {
                by_account.remove(&self.account);
            }
        }
    }
}

impl Listeners {
    /// What is not written down yet, of everybody.
    fn news(&self) -> Vec<Heard> {
        let mut by_account = self.lock();
        by_account.iter_mut().flat_map(|(account, places)| news_of(*account, places)).collect()
    }

    /// The same of one account.
    fn news_of(&self, account: AccountId) -> Vec<Heard> {
        self.lock().get_mut(&account).map_or_else(Vec::new, |places| news_of(account, places))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Vec<Place>>> {
        self.by_account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn news_of(account: AccountId, places: &mut [Place]) -> Vec<Heard> {
    let mut news = Vec::new();
    for place in places {
        // Some of it may still be with us: the next look will find it.
        let Some(heard) = place.outlet.heard() else { continue };
        news.extend(heard.iter().filter(|at| !place.noted.contains(at)).map(|(room, seq)| (account, *room, *seq)));
        place.noted = heard;
    }
    news
}

/// Waits until it is written down, but not for long: what is not comes once more.
async fn hand_in(waiting: &mpsc::UnboundedSender<Waiting>, heard: Vec<Heard>) {
    let (done, is_done) = oneshot::channel();
    // Without anybody to write it down the server is over.
    if waiting.send(Waiting { heard, done }).is_ok() {
        let _ = timeout(Duration::from_secs(NOTE_PATIENCE_SECONDS), is_done).await;
    }
}

async fn write_down(chat: Weak<Chat>, listeners: Arc<Listeners>, mut comes: mpsc::UnboundedReceiver<Waiting>) {
    let mut looks = interval(Duration::from_secs(NOTE_SECONDS));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting = Vec::new();
    loop {
        // Both arms are cancel safe: what was not received stays in the channel.
        let count = tokio::select! {
            count = comes.recv_many(&mut waiting, NOTES_AT_ONCE) => count,
            _ = looks.tick() => 1,
        };
        let Some(chat) = chat.upgrade().filter(|_| count > 0) else { return };
        let (heard, done): (Vec<_>, Vec<_>) = waiting.drain(..).map(|waiting| (waiting.heard, waiting.done)).unzip();
        let mut heard: Vec<Heard> = heard.into_iter().flatten().collect();
        if done.is_empty() {
            heard = listeners.news();
        }
        if !heard.is_empty()
            && let Err(error) = chat.note_received(heard).await
        {
            // It comes once more next time, which is better than never.
            tracing::warn!(%error, "what listeners were told could not be noted");
        }
        for done in done {
            // Who waited may be gone; then nobody needs to know.
            let _ = done.send(());
        }
    }
}
