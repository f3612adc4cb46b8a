//! The face of core: every door asks here, and here only.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};

use crate::actor::{Actor, Who};
use crate::cursor::{Cursor, Position};
use crate::event::{Author, Body, Draft, MessageState, NameChoice};
use crate::follower::Follower;
use crate::guests::{self, Guests};
use crate::ids::{ConnectionId, Epoch, GuestId, Number, RoomId, RoomKey, Seq};
use crate::limits::{self, Limits};
use crate::logs::Logs;
use crate::policy::{self, Standing, Verb};
use crate::ports::{Bus, Clock, Entropy, Store};
use crate::pulse::Attendance;
use crate::rates::{Person, Rates};
use crate::refusal::{Error, Fault, Refusal, What};
use crate::room::{Access, NewRoom, Room, RoomRef, SettingsChange};
use crate::room_log::RoomLog;
use crate::search;
use crate::sequencer::{Drafts, PostOptions, Posted, Sequencer};
use crate::slot::Slot;
use crate::text::{DisplayName, Emoji, Subject, Text};

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

    // Posting

    /// Says something. When it answers, the message is durable.
    ///
    /// # Errors
    /// A refusal of the text, of the rights, of the rate (`TooFast`), `KeyConflict`, `NoSuchMessage` (`reply_to`), or a `Fault`.
    pub async fn post(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        text: &[u8],
        options: PostOptions,
    ) -> Result<Posted, Error> {
        let text = Text::new(text, self.limits.message_bytes)?;
        let author = self.may(actor, log, Verb::Post).await?;
        let person = actor.origin.filter(|_| options.newcomer).map_or(Person::Known(author), Person::Newcomer);
        self.rates.post(person, log.id(), actor.origin)?;
        let body = Body::message(text, options.reply_to);
        self.append(log, author, body, options).await
    }

    /// Gives one's own message another text.
    ///
    /// # Errors
    /// As [`Chat::post`]; `Forbidden` for somebody else's message, `NoSuchMessage` for none or a deleted one.
    pub async fn edit(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        target: Number,
        text: &[u8],
        options: PostOptions,
    ) -> Result<Posted, Error> {
        let text = Text::new(text, self.limits.message_bytes)?;
        let author = self.may(actor, log, Verb::AmendOwn).await?;
        if self.existing(log, target).await?.event().author != author {
            return Err(Refusal::Forbidden.into());
        }
        self.rates.post(Person::Known(author), log.id(), actor.origin)?;
        self.append(log, author, Body::Edit { target, text }, options).await
    }

    /// Deletes a message: one's own, or as a moderator anybody's.
    ///
    /// # Errors
    /// `Forbidden`, `NoSuchMessage`, `TooFast`, or a `Fault`.
    pub async fn redact(&self, actor: &Actor, log: &Arc<RoomLog>, target: Number) -> Result<Posted, Error> {
        let author = self.may(actor, log, Verb::AmendOwn).await?;
        if self.existing(log, target).await?.event().author != author {
            self.authorize(actor, log, Verb::Moderate).await?;
        }
        self.rates.post(Person::Known(author), log.id(), actor.origin)?;
        self.append(log, author, Body::Redaction { target }, PostOptions::default()).await
    }

    /// Puts a reaction on a message, or takes it off.
    ///
    /// # Errors
    /// A refusal of the reaction, `NoSuchMessage`, `TooFast`, or a `Fault`.
    pub async fn react(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        target: Number,
        emoji: &[u8],
        on: bool,
    ) -> Result<Posted, Error> {
        let emoji = Emoji::new(emoji)?;
        let author = self.may(actor, log, Verb::Post).await?;
        self.rates.post(Person::Known(author), log.id(), actor.origin)?;
        self.append(log, author, Body::Reaction { target, emoji, on }, PostOptions::default()).await
    }

    // Reading

    /// A cursor behind `from`, or behind the head, for as long as the reader may read.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `Reset` for a position that is not in this log.
    pub async fn attach(
        self: &Arc<Self>,
        actor: &Actor,
        log: &Arc<RoomLog>,
        from: Option<Position>,
    ) -> Result<Cursor, Error> {
        if from.is_some_and(|position| position.seq > log.head().seq) {
            // It comes from a node that is ahead of this one, or from nowhere.
            self.logs.catch_up(log).await?;
        }
        // Where it begins is settled before its rights are looked at: an event that takes them away lies behind, and is met.
        let seen = match from {
            Some(position) => position.fits(log).map(|()| position.seq),
            None => Ok(log.head().seq),
        };
        self.authorize(actor, log, Verb::Read).await?;
        let seen = seen?;
        Ok(Cursor { chat: self.clone(), log: log.clone(), actor: *actor, seen, head: log.watch(), end: None })
    }

    /// The message with this number; waits until there is one. Cancel safe.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `RoomClosed` when the room ends before, `Deleted`, or a `Fault`.
    pub async fn message(&self, actor: &Actor, log: &RoomLog, number: Number) -> Result<Arc<Slot>, Error> {
        // The head first: what comes while the rights are looked at is not covered by them.
        let head = log.head();
        self.authorize(actor, log, Verb::Read).await?;
        if head.number < number {
            self.wait_for(log, number).await?;
            // Waiting may have taken minutes, in which a right can be lost.
            self.authorize(actor, log, Verb::Read).await?;
        }
        let slot = self.logs.message(log, number).await?.ok_or(Refusal::NoSuchMessage)?;
        match slot.event().body {
            Body::Message { state: MessageState::Redacted, .. } => Err(Refusal::Deleted.into()),
            _ => Ok(slot),
        }
    }

    /// Messages with numbers below `before` (`None`: the newest), at most `limit`, in rising order, deleted ones included.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn history(
        &self,
        actor: &Actor,
        log: &RoomLog,
        before: Option<Number>,
        limit: usize,
    ) -> Result<Vec<Arc<Slot>>, Error> {
        // The head first: what comes while the rights are looked at is not covered by them.
        let head = log.head();
        self.authorize(actor, log, Verb::Read).await?;
        let limit = limit.min(limits::READ_EVENTS);
        let before = before.map_or(head.number.next(), |before| before.min(head.number.next()));
        // Where every event was a message, positions are numbers, and the pages have them.
        if head.seq.0 == head.number.0 {
            let first = before.0.saturating_sub(limit as u64).max(1);
            let count = usize::try_from(before.0.saturating_sub(first)).unwrap_or(limit);
            return Ok(self.logs.slots(log, Seq(first), count).await?);
        }
        let events = self.world.store.messages_before(log.id(), before, limit).await?;
        Ok(events.into_iter().map(|event| Arc::new(Slot::new(event))).collect())
    }

    /// Messages that hold all words of a query, newest first, with numbers below `before`, at most `limit`.
    /// Waits until the index has what the log had when it was asked.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `Empty` for a query without a letter or digit, or a `Fault`.
    pub async fn search(
        &self,
        actor: &Actor,
        log: &RoomLog,
        query: &str,
        before: Option<Number>,
        limit: usize,
    ) -> Result<Vec<Arc<Slot>>, Error> {
        // The head first: what comes while the rights are looked at, or the index follows, is not covered by them.
        let end = log.head().number.next();
        self.authorize(actor, log, Verb::Read).await?;
        let tokens = search::query_tokens(query);
        if tokens.is_empty() {
            return Err(Refusal::Empty(What::Query).into());
        }
        self.wait_for_index(log).await?;
        let before = before.map_or(end, |before| before.min(end));
        let numbers = self.world.store.search(log.id(), tokens, before, limit.min(limits::SEARCH_HITS)).await?;
        let mut hits = Vec::with_capacity(numbers.len());
        for number in numbers {
            hits.extend(self.logs.message(log, number).await?);
        }
        Ok(hits)
    }

    // People

    /// A guest whom nobody has seen yet.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn new_guest(&self) -> Result<GuestId, Error> {
        Ok(self.guests.make().await?)
    }

    /// What proves to be this guest, for ever.
    #[must_use]
    pub fn guest_token(&self, guest: GuestId) -> String {
        self.guests.token(guest)
    }

    /// The guest that a token proves; `None` for a token that is not ours.
    #[must_use]
    pub fn guest_of(&self, token: &str) -> Option<GuestId> {
        self.guests.verify(token)
    }

    /// A new client identifier of a guest: who it is, and which connection.
    #[must_use]
    pub fn client_token(&self, guest: GuestId) -> String {
        self.guests.client_token(guest, self.guests.draw_connection())
    }

    /// The guest and connection that a client identifier proves.
    #[must_use]
    pub fn client_of(&self, token: &str) -> Option<(GuestId, ConnectionId)> {
        self.guests.verify_client(token)
    }

    /// The name that a guest goes by: the nickname of its last post, else `guest-ID`.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn guest_name(&self, guest: GuestId) -> Result<DisplayName, Error> {
        let known = self.world.store.guest(guest).await?;
        Ok(known.and_then(|guest| guest.name).unwrap_or_else(|| guests::unnamed(guest)))
    }

    /// 128 random bits in hex: a key that nobody else has.
    #[must_use]
    pub fn draw_token(&self) -> String {
        let mut bytes = [0; 16];
        self.world.entropy.fill(&mut bytes);
        format!("{:032x}", u128::from_le_bytes(bytes))
    }

    /// Says that a connection is in a room, until the answer is dropped and ten seconds more.
    #[must_use]
    pub fn attend(&self, actor: &Actor, log: &Arc<RoomLog>, connection: Option<ConnectionId>) -> Attendance {
        let connection = connection.unwrap_or_else(|| self.guests.draw_connection());
        Attendance::begin(log.clone(), self.world.clock.clone(), connection, actor.author())
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
        let heads = self.world.store.heads(watched.iter().map(|log| log.id()).collect()).await?;
        for (room, head) in heads {
            self.heard(room, head.seq).await?;
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

    async fn existing(&self, log: &RoomLog, number: Number) -> Result<Arc<Slot>, Error> {
        Ok(self.logs.message(log, number).await?.ok_or(Refusal::NoSuchMessage)?)
    }

    async fn append(
        &self,
        log: &Arc<RoomLog>,
        author: Author,
        body: Body,
        options: PostOptions,
    ) -> Result<Posted, Error> {
        let name = self.name_for(author, options.nick, options.fallback_nick).await?;
        let now = self.world.clock.wall();
        let draft = Draft { room: log.id(), author, name, body, key: options.key, now };
        self.drafts.append(log, draft).await
    }

    async fn name_for(
        &self,
        author: Author,
        nick: Option<DisplayName>,
        fallback: Option<DisplayName>,
    ) -> Result<NameChoice, Error> {
        Ok(match (author, nick) {
            (Author::Guest(_), Some(nick)) => NameChoice::Given(nick),
            (Author::Guest(guest), None) => {
                NameChoice::RememberedOr(fallback.unwrap_or_else(|| guests::unnamed(guest)))
            }
            (Author::System, _) => NameChoice::Given(DisplayName::stored("system".into())),
            (Author::Account(id), _) => {
                let account = self.world.store.account(id).await?.ok_or(Refusal::Forbidden)?;
                NameChoice::Given(account.display_name)
            }
        })
    }

    async fn wait_for(&self, log: &RoomLog, number: Number) -> Result<(), Error> {
        let mut head = log.watch();
        let reached = head.wait_for(|head| head.closed || head.number >= number).await;
        match reached {
            Ok(head) if head.number >= number => Ok(()),
            _ => Err(Refusal::RoomClosed.into()),
        }
    }

    async fn wait_for_index(&self, log: &RoomLog) -> Result<(), Error> {
        let head = log.head().seq;
        let mut rounds = self.indexed.clone();
        loop {
            rounds.mark_unchanged();
            let room = self.world.store.room(RoomRef::Id(log.id())).await?.ok_or(Refusal::NotFound)?;
            if room.indexed >= head {
                return Ok(());
            }
            self.moved.notify_one();
            if rounds.changed().await.is_err() {
                return Err(Fault::Unavailable("the search index is not being kept".into()).into());
            }
            rounds.borrow_and_update().clone()?;
        }
    }
}

impl Actor {
    /// Somebody of whom nothing is known.
    #[must_use]
    pub fn stranger(origin: Option<crate::rates::Origin>) -> Actor {
        Actor { who: Who::Stranger, origin }
    }
}
