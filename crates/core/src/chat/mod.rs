//! The face of core: every door asks here, and here only.

mod accounts;
mod archive;
mod direct;
mod groups;
mod inbox;
mod invitations;
mod members;
mod operator;
mod people;
mod person_rooms;
mod posting;
mod reading;
mod rooms;
mod searching;
mod sessions;

pub use accounts::NewPerson;
pub use direct::Whispered;
pub use groups::Place;
pub use inbox::Received;
pub use invitations::{Invited, OpenInvitation};
pub use members::Member;
pub use person_rooms::PersonRoom;
pub use posting::Ticket;
pub use rooms::{Named, RoomPlan};
pub use searching::Hits;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use crate::actor::{Actor, Who};
use crate::caretaker::{Caretaker, Vanishing};
use crate::connections::News;
use crate::event::Author;
use crate::follower::Follower;
use crate::guesses::Guesses;
use crate::guests::Guests;
use crate::ids::{RoomId, Seq};
use crate::journal::Journal;
use crate::limits::{self, Limits, Settings};
use crate::logs::Logs;
use crate::policy::{self, Standing, Verb};
use crate::ports::{Bus, Clock, Entropy, Passwords, Store};
use crate::rates::Rates;
use crate::refusal::{Error, Fault, Refusal};
use crate::registry::Connections;
use crate::room_log::RoomLog;
use crate::sequencer::{Drafts, Sequencer};

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
    /// Hashing of passwords.
    pub passwords: Arc<dyn Passwords>,
}

/// The chat: rooms, people and their rights, over one store.
pub struct Chat {
    world: World,
    limits: Limits,
    passwordless_accounts: bool,
    session_ttl: Duration,
    logs: Arc<Logs>,
    drafts: Drafts,
    guests: Guests,
    connections: Connections,
    news: Journal<News>,
    /// Rung when the last one leaves a room.
    emptied: Arc<Notify>,
    vanishing: Vanishing,
    /// Closed when the chat is gone: the caretaker ends then.
    _alive: watch::Receiver<()>,
    rates: Rates,
    guesses: Arc<Guesses>,
    /// What letting people in and out keeps.
    gate: sessions::Gate,
    indexed: watch::Receiver<Result<(), Fault>>,
    moved: Arc<Notify>,
}

/// What runs beside [`Chat`]: whoever opens it spawns them all.
pub struct Engines {
    /// Commits posts.
    pub sequencer: Sequencer,
    /// Keeps the search index.
    pub follower: Follower,
    /// Closes the rooms that vanish when unused.
    pub caretaker: Caretaker,
}

impl Chat {
    /// Opens the chat over a store. `cache_bytes` bounds the memory that log pages take.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn open(
        world: World,
        settings: impl Into<Settings>,
        cache_bytes: usize,
    ) -> Result<(Arc<Chat>, Engines), Fault> {
        let Settings { limits, passwordless_accounts, session_ttl } = settings.into();
        let (sender, waiting) = mpsc::channel(limits::WAITING_DRAFTS);
        let rounds = watch::Sender::new(Ok(()));
        let moved = Arc::new(Notify::new());
        let over = watch::Sender::new(());
        let secret = world.store.secret().await?;
        let gate = sessions::Gate::new(&world).await?;
        let chat = Chat {
            logs: Arc::new(Logs::new(world.store.clone(), cache_bytes)),
            drafts: Drafts(sender),
            guests: Guests::new(world.store.clone(), world.entropy.clone(), secret),
            connections: Connections::default(),
            news: Journal::default(),
            emptied: Arc::new(Notify::new()),
            vanishing: Vanishing::default(),
            _alive: over.subscribe(),
            rates: Rates::new(&limits, &world.clock),
            guesses: Guesses::new(world.clock.clone()),
            gate,
            indexed: rounds.subscribe(),
            moved: moved.clone(),
            limits,
            passwordless_accounts,
            session_ttl,
            world,
        };
        let (store, bus) = (chat.world.store.clone(), chat.world.bus.clone());
        let sequencer = Sequencer { waiting, store: store.clone(), logs: chat.logs.clone(), bus, moved: moved.clone() };
        let follower = Follower { store, moved, rounds };
        let chat = Arc::new(chat);
        let caretaker = Caretaker::new(&chat, over);
        Ok((chat, Engines { sequencer, follower, caretaker }))
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether accounts may do without a password.
    #[must_use]
    pub fn passwordless_accounts(&self) -> bool {
        self.passwordless_accounts
    }

    /// How long a session lasts without use.
    #[must_use]
    pub fn session_ttl(&self) -> Duration {
        self.session_ttl
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

    // Other nodes

    /// Another node says that a room has come this far. A hint that is wrong costs one read.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn heard(&self, room: RoomId, head: Seq) -> Result<(), Fault> {
        match self.logs.in_use(room) {
            Some(log) if log.head().seq < head && !log.is_committing() => self.logs.catch_up(&log).await,
            _ => Ok(()),
        }
    }

    /// Looks how far the watched rooms have come, which heals every hint that was lost; the other rooms of this node are
    /// looked at when they are opened next. Lets those go who stopped polling, and ends what has expired. To be called twice a
    /// second.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn look_at_heads(&self) -> Result<(), Fault> {
        self.let_go();
        self.look_at_sessions().await;
        // Time passes for the rooms that nobody came to, too.
        self.emptied.notify_one();
        let watched = self.logs.watched();
        if watched.is_empty() {
            return Ok(());
        }
        let heads = self.world.store.heads(watched.iter().map(|log| log.id()).collect()).await?;
        for (room, head) in heads {
            let healed = match head {
                Ok(head) => self.heard(room, head.seq).await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = healed {
                // One damaged room must not keep the others from being healed.
                tracing::warn!(%fault, %room, "a room could not be caught up with");
            }
        }
        Ok(())
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }

    pub(crate) fn vanishing(&self) -> &Vanishing {
        &self.vanishing
    }

    /// The only way to a right: the table of `policy`, asked with the role that holds now.
    pub(crate) async fn authorize(&self, actor: &Actor, log: &RoomLog, verb: Verb) -> Result<(), Error> {
        let room = log.room();
        let who = actor.author();
        let role = match who {
            Some(author) => self.logs.role(log, author).await?,
            None => None,
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
