//! The face of core: every door asks here, and here only.

mod people;
mod posting;
mod reading;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};

use crate::actor::{Actor, Who};
use crate::event::{Author, Body};
use crate::follower::Follower;
use crate::guests::Guests;
use crate::ids::{Epoch, RoomId, RoomKey, Seq};
use crate::limits::{self, Limits};
use crate::logs::Logs;
use crate::policy::{self, Standing, Verb};
use crate::ports::{Bus, Clock, Entropy, Store};
use crate::rates::Rates;
use crate::refusal::{Error, Fault, Refusal};
use crate::room::{Access, NewRoom, Room, RoomRef, SettingsChange};
use crate::room_log::RoomLog;
use crate::sequencer::{Drafts, PostOptions, Posted, Sequencer};
use crate::text::Subject;

/// What core needs of the world.
pub struct World {
    /// The durable truth.
    pub store: Arc<dyn Store>,
    /// Hints to other nodes.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The chat: rooms, people and their rights, over one store.
pub struct Chat {
    world: World,
    limits: Limits,
    logs: Arc<Logs>,
    drafts: Drafts,
    guests: Guests,
    rates: Rates,
    indexed: watch::Receiver<Result<(), Fault>>,
    moved: Arc<Notify>,
}

/// What runs beside [`Chat`]: whoever opens it spawns both.
pub struct Engines {
    /// Commits posts.
    pub sequencer: Sequencer,
    /// Keeps the search index.
    pub follower: Follower,
}

impl Chat {
    /// Opens the chat over a store. `cache_bytes` bounds the memory that log pages take.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn open(world: World, limits: Limits, cache_bytes: usize) -> Result<(Arc<Chat>, Engines), Fault> {
        let (sender, waiting) = mpsc::channel(limits::WAITING_DRAFTS);
        let rounds = watch::Sender::new(Ok(()));
        let moved = Arc::new(Notify::new());
        let secret = world.store.secret().await?;
        let chat = Chat {
            logs: Arc::new(Logs::new(world.store.clone(), cache_bytes)),
            drafts: Drafts(sender),
            guests: Guests::new(world.store.clone(), world.entropy.clone(), secret),
            rates: Rates::new(&limits, &world.clock),
            indexed: rounds.subscribe(),
            moved: moved.clone(),
            limits,
            world,
        };
        let (store, bus) = (chat.world.store.clone(), chat.world.bus.clone());
        let sequencer = Sequencer { waiting, store: store.clone(), logs: chat.logs.clone(), bus, moved: moved.clone() };
        let follower = Follower { store, moved, rounds };
        Ok((Arc::new(chat), Engines { sequencer, follower }))
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The clock that this chat goes by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.world.clock
    }

    /// Whether posts can be taken now.
    ///
    /// # Errors
    /// The `Fault` that a post would meet.
    pub async fn ready(&self) -> Result<(), Fault> {
        self.world.store.ready().await
    }

    // Rooms

    /// Finds a room that the asker may know of.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find(&self, actor: &Actor, by: RoomRef) -> Result<Arc<RoomLog>, Error> {
        let log = self.logs.open(by).await?.ok_or(Refusal::NotFound)?;
        self.authorize(actor, &log, Verb::See).await?;
        Ok(log)
    }

    /// Makes a room without a name that anyone who finds it may enter. An empty subject becomes "Untitled".
    ///
    /// # Errors
    /// A refusal of the subject; `TooFast`.
    pub async fn open_room(&self, actor: &Actor, subject: &[u8], listed: bool) -> Result<Arc<RoomLog>, Error> {
        let mut subject = Subject::new(subject, self.limits.subject_bytes)?;
        if subject.as_str().is_empty() {
            subject = Subject::stored("Untitled".into());
        }
        self.rates.room(actor.origin)?;
        let room = NewRoom {
            key: RoomKey::draw(|bytes| self.world.entropy.fill(bytes)),
            epoch: Epoch(self.guests.draw_connection().0),
            name: None,
            subject,
            listed,
            access: Access::Open,
            question: None,
            vanishes: false,
            now: self.world.clock.wall(),
        };
        let room = self.world.store.create_room(room).await?;
        let room = room.ok_or_else(|| Fault::Internal("a room without a name can't be in anybody's way".into()))?;
        Ok(self.logs.adopt(room))
    }

    /// The listed rooms, newest event first.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn listed_rooms(&self) -> Result<Vec<(Room, usize)>, Error> {
        let now = self.world.clock.monotonic();
        let rooms = self.world.store.listed_rooms(limits::LISTED_ROOMS).await?;
        let people = |room: &Room| self.logs.in_use(room.id).map_or(0, |log| log.presence().people(now));
        // A list is for everybody, so it shows what a stranger may know of.
        let visible = |room: &Room| policy::check(Verb::See, room.access, Standing::Stranger).is_ok();
        Ok(rooms
            .into_iter()
            .filter(visible)
            .map(|room| (people(&room), room))
            .map(|(people, room)| (room, people))
            .collect())
    }

    /// Changes a room's settings.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn configure(&self, actor: &Actor, log: &Arc<RoomLog>, change: SettingsChange) -> Result<Posted, Error> {
        let author = self.may(actor, log, Verb::Configure).await?;
        self.append(log, author, Body::Settings(change), PostOptions::default()).await
    }

    /// Ends a room: who waits for it is told, later nobody finds it.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn close(&self, actor: &Actor, log: &Arc<RoomLog>) -> Result<Posted, Error> {
        let author = self.may(actor, log, Verb::Close).await?;
        self.append(log, author, Body::Closed, PostOptions::default()).await
    }

    // Other nodes

    /// Another node says that a room has come this far. A hint that is wrong costs one read.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn heard(&self, room: RoomId, head: Seq) -> Result<(), Fault> {
        match self.logs.in_use(room) {
            Some(log) if log.head().seq < head => self.logs.catch_up(&log).await,
            _ => Ok(()),
        }
    }

    /// Looks how far the watched rooms have come, which heals every hint that was lost. The other rooms of this node are
    /// looked at when they are opened next. To be called twice a second.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn look_at_heads(&self) -> Result<(), Fault> {
        let watched = self.logs.watched();
        if watched.is_empty() {
            return Ok(());
        }
        let heads = self.world.store.heads(watched.iter().map(|log| log.id()).collect()).await?;
        for (room, head) in heads {
            if let Err(fault) = self.heard(room, head.seq).await {
                // One damaged room must not keep the others from being healed.
                tracing::warn!(%fault, %room, "a room could not be caught up with");
            }
        }
        Ok(())
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The only way to a right: the table of `policy`, asked with the role that holds now.
    pub(crate) async fn authorize(&self, actor: &Actor, log: &RoomLog, verb: Verb) -> Result<(), Error> {
        let room = log.room();
        let who = actor.author();
        let role = match who {
            Some(author) if room.has_members => self.world.store.role(room.id, author).await?,
            _ => None,
        };
        Ok(policy::check(verb, room.access, Standing::of(who, role))?)
    }

    async fn may(&self, actor: &Actor, log: &RoomLog, verb: Verb) -> Result<Author, Error> {
        self.authorize(actor, log, verb).await?;
        Ok(actor.author().ok_or(Refusal::Forbidden)?)
    }
}

impl Actor {
    /// Somebody of whom nothing is known.
    #[must_use]
    pub fn stranger(origin: Option<crate::rates::Origin>) -> Actor {
        Actor { who: Who::Stranger, origin }
    }
}
