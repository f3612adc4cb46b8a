//! Live delivery: what happens in a room, told to the connections that hear it, while memory and work stay small.
//!
//! # Map
//! - [`Live`]: a door's audiences; [`Live::join`] seats a connection.
//! - [`Voice`]: how the door puts what happens into bytes, once for everybody.
//! - [`Outlet`]: the writing side of a connection (and its socket).
//! - [`Seat`]: a connection's place in a room, with its position ([`Mark`]).
//! - `audience`: one task for a room and door, which writes to every seat; `catch_up`: a connection that fell behind.
//! - [`Letters`]: the rooms of two of a connection's person.
//!
//! # How it works
//! When something happens in a room, its audience's task puts what is new into bytes once and writes them, without waiting,
//! to every seat that has all that came before (DESIGN.md, "Measured": that is what a bare loop would do). A socket that takes
//! only a part keeps a slice of those shared bytes, and its connection is *behind*: from then on its own task goes on, from its
//! position, by a cursor like any reader's, until it is level with the audience again. Nothing is queued for anybody.
//!
//! # Invariants
//! - A round publishes its target before it visits anybody; a connection that catches up compares its position with the
//!   target under its outlet's lock. So a round finds it where the round begins, or it sees that the round has gone on.
//! - An outlet that is behind is written to by its connection's task only; one that is not has no leftover, and each of
//!   its seats stands where its audience stands.
//! - Rights are the cursor's: an event that may end a seat's rights is never written by a round to those it concerns.
//!
//! # For a door
//! ```text
//! let live = Live::new(chat, Arc::new(MyVoice), Handle::current());       // once
//! let outlet = Outlet::new(stream, connection.id(), connection.actor());  // for each connection
//! let seat = live.join(&outlet, Topic::Room(log), mark);                  // mark: what the connection has seen already
//! loop {
//!     match outlet.event().await {
//!         Event::Behind => match live.catch_up(&outlet).await { ... }      // a seat ended, or the connection is dead
//!         Event::Readable => { outlet.try_read(&mut buffer); ...; outlet.say(bytes); }
//!     }
//! }
//! outlet.close();                                                          // however the connection ends: in a `Drop`
//! ```

mod audience;
mod batch;
mod catch_up;
mod letters;
mod limits;
mod outlet;
mod pace;
mod seat;
#[cfg(test)]
mod tests;
mod voice;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_core::Chat;
use parlor_core::ids::RoomId;
use parlor_core::room_log::RoomLog;
use tokio::runtime::Handle;

pub use catch_up::{CaughtUp, Dead};
pub use letters::{Letter, Letters};
pub(crate) use outlet::set_options;
pub use outlet::{Event, Outlet};
pub use seat::{Mark, Seat};
pub use voice::{Dialect, Preparing, Voice};

use audience::Audience;

/// The audiences of one door on this node.
pub struct Live {
    chat: Arc<Chat>,
    voice: Arc<dyn Voice>,
    tasks: Handle,
    // Held for look-ups only. Locked before an audience's own lock, never after it.
    audiences: Mutex<HashMap<Option<RoomId>, Arc<Audience>>>,
    stopping: AtomicBool,
}

/// What one can hear.
#[derive(Debug, Clone)]
pub enum Topic {
    /// A room: its log and who is here in it.
    Room(Arc<RoomLog>),
    /// What concerns the server as a whole.
    News,
}

impl Topic {
    fn id(&self) -> Option<RoomId> {
        match self {
            Topic::Room(log) => Some(log.id()),
            Topic::News => None,
        }
    }
}

impl Live {
    /// No audience yet. `tasks`: where they shall run.
    #[must_use]
    pub fn new(chat: Arc<Chat>, voice: Arc<dyn Voice>, tasks: Handle) -> Arc<Live> {
        Arc::new(Live { chat, voice, tasks, audiences: Mutex::default(), stopping: AtomicBool::new(false) })
    }

    /// Gives a connection a seat from which it hears all that follows `mark`, until [`Live::leave`] or the end of the
    /// outlet. To be called by the connection's own task, which catches up if there is something already.
    pub fn join(self: &Arc<Self>, outlet: &Arc<Outlet>, topic: Topic, mark: Mark) -> Arc<Seat> {
        let mut audiences = self.lock();
        let audience = audiences.entry(topic.id()).or_insert_with(|| {
            let audience = Arc::new(Audience::new(&self.chat, topic));
            self.tasks.spawn(audience.clone().run(Arc::downgrade(self), self.chat.clone(), self.voice.clone()));
            audience
        });
        let seat = Arc::new(Seat::new(audience.clone(), outlet.clone(), mark));
        // Under the lock of the list: an audience that ends because nobody hears it takes itself off the list first.
        audience.admit(seat.clone());
        // Under the same lock: either `stop` finds the audience with this seat, or this finds that it was called.
        if self.stopping.load(Ordering::Acquire) {
            outlet.stop();
        }
        drop(audiences);
        outlet.take_seat(seat.clone());
        seat
    }

    /// Ends a seat: nothing of its topic reaches the connection any more.
    pub fn leave(&self, seat: &Arc<Seat>) {
        seat.outlet().give_up_seat(seat);
    }

    /// Tells every connection with a seat that the server stops: [`Outlet::event`] says so, once. For doors whose connections
    /// are so many that each should not wait for that by itself.
    pub fn stop(&self) {
        let audiences = self.lock();
        self.stopping.store(true, Ordering::Release);
        audiences.values().for_each(|audience| audience.stop());
    }

    /// The chat behind it.
    #[must_use]
    pub fn chat(&self) -> &Arc<Chat> {
        &self.chat
    }

    /// Takes an audience off the list if nobody hears it any more.
    fn end_unheard(&self, audience: &Audience) -> bool {
        let mut audiences = self.lock();
        let unheard = audience.is_unheard();
        if unheard {
            audiences.remove(&audience.topic().id());
        }
        unheard
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<RoomId>, Arc<Audience>>> {
        self.audiences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
