//! One task for a topic and a door: what happens is put into bytes once and written to every seat.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use parlor_core::cursor::{Cursor, Next, Position};
use parlor_core::event::{Author, Body};
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_core::{Actor, Chat, Error, Who};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::batch::{Batch, Concerned, Listener, Words, changes_since, concerned, news_since};
use super::limits::{ENDED_SEATS, FAULT_PAUSE_MILLIS, ROUND_BYTES, ROUND_EVENTS, SEATS_A_TURN};
use super::pace::Pace;
use super::seat::Seat;
use super::voice::Voice;
use super::{Live, Mark, Topic};

/// Those who hear a topic at a door. Its list of seats belongs to its task; who joins waits in `joining` until the next
/// round, which needs no wake-up: a seat catches up by itself.
pub(super) struct Audience {
    topic: Topic,
    // Held for memory work only. Locked after an outlet's lock where both are needed.
    shared: Mutex<Shared>,
    /// Seats have ended, or the server stops.
    unrest: Notify,
}

struct Shared {
    /// How far everybody is who is not behind.
    target: Mark,
    joining: Vec<Arc<Seat>>,
    /// Seats that have not ended.
    seated: usize,
    /// Ended seats that may still be listed.
    ended: usize,
    /// Whether the connections have yet to hear that the server stops.
    stopping: bool,
}

impl Audience {
    pub(super) fn new(chat: &Chat, topic: Topic) -> Audience {
        let target = match &topic {
            Topic::Room(log) => Mark::now(log),
            Topic::News => Mark::news(chat),
        };
        let shared = Shared { target, joining: Vec::new(), seated: 0, ended: 0, stopping: false };
        Audience { topic, shared: Mutex::new(shared), unrest: Notify::new() }
    }

    pub(super) fn topic(&self) -> &Topic {
        &self.topic
    }

    pub(super) fn target(&self) -> Mark {
        self.lock().target
    }

    /// Whether somebody who has heard this much has nothing to catch up with. Who is ahead, for having looked at the room
    /// before this task did, is met by the next round.
    pub(super) fn is_level(&self, mark: Mark) -> bool {
        let target = self.target();
        mark.seq >= target.seq && mark.version >= target.version
    }

    pub(super) fn admit(&self, seat: Arc<Seat>) {
        let mut shared = self.lock();
        shared.seated += 1;
        shared.joining.push(seat);
    }

    /// A seat has ended: the list forgets it at the next round, or now if there are many or none is left.
    pub(super) fn dismiss(&self) {
        let mut shared = self.lock();
        shared.seated -= 1;
        shared.ended += 1;
        if shared.seated == 0 || shared.ended > ENDED_SEATS + shared.seated / 2 {
            self.unrest.notify_one();
        }
    }

    /// Tells every connection that the server stops.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.unrest.notify_one();
    }

    pub(super) fn is_unheard(&self) -> bool {
        self.lock().seated == 0
    }

    /// Lives until nobody hears it any more.
    pub(super) async fn run(self: Arc<Self>, live: Weak<Live>, chat: Arc<Chat>, voice: Arc<dyn Voice>) {
        let mut rounds = Rounds { audience: self.clone(), voice, seats: Vec::new() };
        let ends = || live.upgrade().is_none_or(|live| live.end_unheard(&self)) && self.is_unheard();
        match &self.topic {
            Topic::Room(log) => rounds.follow_room(log, &chat, ends).await,
            Topic::News => rounds.follow_news(&chat, ends).await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of an audience.
struct Rounds {
    audience: Arc<Audience>,
    voice: Arc<dyn Voice>,
    seats: Vec<Arc<Seat>>,
}

impl Rounds {
    async fn follow_room(&mut self, log: &Arc<RoomLog>, chat: &Arc<Chat>, ends: impl Fn() -> bool) {
        let mut changed = log.presence().changes().watch();
        // What came between the making of the audience, which took the mark, and this task's beginning is to be told, too.
        changed.mark_changed();
        let mut pace = Pace::new(Instant::now());
        let mut hold: Option<Instant> = None;
        let mut closed = false;
        let mut cursor = self.attach(chat, log).await;
        loop {
            // Every arm only waits: the cursor keeps its place, and what has changed is looked at below in any case.
            tokio::select! {
                biased;
                next = cursor.next(ROUND_EVENTS), if !closed => match next {
                    Ok(Next::Events(slots)) => {
                        prepare(&*self.voice, &slots).await;
                        let changes = self.tell_events(log, &slots).await;
                        pace.told_anyway(Instant::now(), changes);
                    }
                    Ok(Next::End(_)) => closed = true,
                    Err(error) => pause(&error).await,
                },
                _ = changed.changed(), if hold.is_none() => {}
                () = sleep_until(hold.unwrap_or_else(Instant::now)), if hold.is_some() => {}
                () = self.audience.unrest.notified() => {
                    self.look_around();
                    if ends() {
                        return;
                    }
                }
            }
            let from = self.audience.target();
            let (changes, version) = changes_since(log, from.version, from.seq);
            hold = pace.ask(Instant::now(), changes.len()).err();
            if hold.is_none() && version != from.version {
                self.tell(Batch { changes, ..Batch::default() }, Mark { version, ..from }).await;
            }
        }
    }

    async fn follow_news(&mut self, chat: &Arc<Chat>, ends: impl Fn() -> bool) {
        let mut changed = chat.news().watch();
        changed.mark_changed();
        loop {
            tokio::select! {
                _ = changed.changed() => {}
                () = self.audience.unrest.notified() => {
                    self.look_around();
                    if ends() {
                        return;
                    }
                }
            }
            let from = self.audience.target();
            let (news, version) = news_since(chat, from.version);
            if version != from.version {
                self.tell(Batch { news, ..Batch::default() }, Mark { version, ..from }).await;
            }
        }
    }

    /// The server's own cursor: what it delivers is for those who may read, and they are asked where that may change.
    async fn attach(&self, chat: &Arc<Chat>, log: &Arc<RoomLog>) -> Cursor {
        let actor = Actor { who: Who::Operator, origin: None };
        let position = Position { room: log.id(), epoch: log.room().epoch, seq: self.audience.target().seq };
        loop {
            match chat.attach(&actor, log, Some(position)).await {
                Ok(cursor) => return cursor,
                Err(error) => pause(&error).await,
            }
        }
    }

    /// Tells what was read, in parts that a connection may have in flight; answers how many changes were told along.
    async fn tell_events(&mut self, log: &RoomLog, mut slots: &[Arc<Slot>]) -> usize {
        let mut told = 0;
        while !slots.is_empty() {
            let (part, rest) = slots.split_at(part_of(slots));
            slots = rest;
            let from = self.audience.target();
            let seq = part.last().map_or(from.seq, |slot| slot.event().seq);
            let (changes, version) = changes_since(log, from.version, seq);
            told += changes.len();
            self.tell(Batch { slots: part.to_vec(), changes, ..Batch::default() }, Mark { seq, version }).await;
        }
        told
    }

    /// A round: every seat that has heard all that was before hears this.
    async fn tell(&mut self, batch: Batch, to: Mark) {
        let audience = self.audience.clone();
        let from = {
            let mut shared = audience.lock();
            // The target first: whoever joins or catches up from now on sees it. See the invariants of this module.
            let from = std::mem::replace(&mut shared.target, to);
            self.seats.append(&mut shared.joining);
            from
        };
        // It stands alone: `part_of` sees to that.
        let concerns = batch.slots.first().and_then(|slot| concerned(slot));
        let voice = self.voice.clone();
        let mut words = Words::new(&batch, &audience.topic, &*voice);
        let (mut at, mut visited) = (0, 0);
        while at < self.seats.len() {
            if hear(&self.seats[at], (from, to), concerns, &mut words) {
                at += 1;
            } else {
                self.seats.swap_remove(at);
            }
            visited += 1;
            if visited % SEATS_A_TURN == 0 {
                // Ten thousand writes take this thread for some 40 ms.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Forgets ended seats, and tells the others if the server stops.
    fn look_around(&mut self) {
        let mut shared = self.audience.lock();
        shared.ended = 0;
        self.seats.append(&mut shared.joining);
        let stopping = std::mem::take(&mut shared.stopping);
        drop(shared);
        self.seats.retain(|seat| !seat.has_ended());
        if stopping {
            self.seats.iter().for_each(|seat| seat.outlet().stop());
        }
        if self.seats.capacity() > 4 * self.seats.len() + ENDED_SEATS {
            self.seats.shrink_to(2 * self.seats.len());
        }
    }
}

/// Writes a round to a seat, or leaves that to the connection's own task; `false`: the seat has ended.
fn hear(seat: &Arc<Seat>, (from, to): (Mark, Mark), concerns: Option<Concerned>, words: &mut Words<'_>) -> bool {
    if seat.has_ended() {
        return false;
    }
    let outlet = seat.outlet();
    let mut writing = outlet.lock();
    // Once more: it may have ended while the lock was waited for.
    if seat.has_ended() {
        return false;
    }
    if writing.behind {
        return true;
    }
    let may_end = match concerns {
        None => false,
        Some(Concerned::Everybody) => true,
        Some(Concerned::Person(who)) => author_of(writing.who) == Some(who),
    };
    if seat.mark() != from || may_end {
        writing.fall_behind();
        return true;
    }
    seat.set_mark(to);
    let listener = Listener { connection: outlet.connection(), author: author_of(writing.who) };
    writing.put(words.for_listener(listener, outlet.dialect()));
    true
}

/// Looks up what the door's words need, until it is there.
async fn prepare(voice: &dyn Voice, slots: &[Arc<Slot>]) {
    while let Some(preparing) = voice.prepare(slots) {
        match preparing.await {
            Ok(()) => return,
            Err(error) => pause(&error).await,
        }
    }
}

/// The author that somebody would be.
pub(super) fn author_of(who: Who) -> Option<Author> {
    Actor { who, origin: None }.author()
}

/// How many of these a round takes: as many as a connection may have in flight, and an event that may end somebody's rights
/// alone.
fn part_of(slots: &[Arc<Slot>]) -> usize {
    let mut bytes = 0;
    for (at, slot) in slots.iter().enumerate() {
        bytes += shown_bytes(slot);
        let alone = concerned(slot).is_some();
        if at > 0 && (bytes > ROUND_BYTES || alone) {
            return at;
        }
        if alone {
            return 1;
        }
    }
    slots.len()
}

/// An estimate of what a slot takes on the wire.
pub(super) fn shown_bytes(slot: &Slot) -> usize {
    let text = match &slot.event().body {
        Body::Message { text, .. } | Body::Edit { text, .. } => text.as_str().len(),
        _ => 0,
    };
    text + 64
}

/// The store failed; readers are not told, for they miss nothing: it is asked again.
pub(super) async fn pause(error: &Error) {
    tracing::warn!(%error, "what happened in a room could not be read; trying again");
    sleep(Duration::from_millis(FAULT_PAUSE_MILLIS)).await;
}
