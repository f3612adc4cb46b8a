//! Direct messages: rooms of two, and what somebody has not seen of them.

use std::sync::Arc;

use super::Chat;
use crate::account::ReadMark;
use crate::actor::Actor;
use crate::event::Author;
use crate::ids::{Number, RoomId, Seq};
use crate::limits;
use crate::policy::Verb;
use crate::rates::Person;
use crate::refusal::{Error, Fault, Refusal};
use crate::room::{Access, NewRoom, pair};
use crate::room_log::RoomLog;
use crate::sequencer::{PostOptions, Posted};
use crate::text::{Subject, Text};

/// A direct message that was sent.
#[derive(Debug, Clone)]
pub struct Whispered {
    /// The room of the two.
    pub log: Arc<RoomLog>,
    /// The message in it.
    pub posted: Posted,
    /// Whether the other one is not here, and will see it later.
    pub away: bool,
}

impl Chat {
    /// Says something to one person. When it answers, the message is durable.
    ///
    /// # Errors
    /// As [`Chat::post`] and [`Chat::direct_room`].
    pub async fn whisper(
        &self,
        actor: &Actor,
        to: Author,
        text: &[u8],
        options: PostOptions,
    ) -> Result<Whispered, Error> {
        // Before a room is made for nothing.
        Text::new(text, self.limits.message_bytes)?;
        let log = self.direct_room(actor, to).await?;
        let posted = self.post(actor, &log, text, options).await?;
        Ok(Whispered { log, posted, away: !self.is_here(to) })
    }

    /// The room of two that is the actor's and somebody else's; made if there is none.
    ///
    /// # Errors
    /// `Forbidden` for a stranger; `ToOneself`; `NoSuchPerson`; `Away` for a guest who is not here and so would never read
    /// it; `TooFast`; or a `Fault`.
    pub async fn direct_room(&self, actor: &Actor, other: Author) -> Result<Arc<RoomLog>, Error> {
        let me = actor.author().filter(|me| *me != Author::System).ok_or(Refusal::Forbidden)?;
        if me == other {
            return Err(Refusal::ToOneself.into());
        }
        let two = pair(me, other);
        // As long as it is theirs, both are there.
        if let (Some(log), Author::Account(_)) = (self.logs.of_two(two), other) {
            self.deliver(&log);
            return Ok(log);
        }
        match other {
            Author::Account(id) if self.world.store.account(id).await?.is_some() => {}
            Author::Account(_) | Author::System => return Err(Refusal::NoSuchPerson.into()),
            Author::Guest(_) if self.is_here(other) => {}
            Author::Guest(_) => return Err(Refusal::Away.into()),
        }
        let log = match self.world.store.direct_room(two).await? {
            Some(room) => self.at_hand(room).await?,
            None => self.make_direct_room(actor, me, two).await?,
        };
        self.deliver(&log);
        Ok(log)
    }

    /// A person's rooms of two, newest event first.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn direct_rooms(&self, who: Author) -> Result<Vec<Arc<RoomLog>>, Error> {
        let mut logs = Vec::new();
        for room in self.world.store.direct_rooms(who, limits::DIRECT_ROOMS).await? {
            logs.push(self.at_hand(room).await?);
        }
        Ok(logs)
    }

    /// Notes that somebody has seen a room up to this message, and tells the person's other connections. Only of accounts;
    /// marks move forward only.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn mark_seen(&self, actor: &Actor, log: &RoomLog, number: Number) -> Result<(), Error> {
        self.authorize(actor, log, Verb::Read).await?;
        if let Some(Author::Account(id)) = actor.author() {
            let mark = ReadMark { number, at: self.world.clock.wall() };
            let holds = self.world.store.mark_read(log.id(), id, mark).await?;
            if let Some(inbox) = self.connections.inbox(Author::Account(id)).filter(|_| holds == mark) {
                inbox.mark_moved();
            }
        }
        Ok(())
    }

    /// The position behind which somebody has not seen a room: that of the message marked as seen. A guest has no mark, and
    /// as a guest lives as long as the connection, sees all from the beginning.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn unseen_from(&self, who: Author, log: &RoomLog) -> Result<Seq, Error> {
        let Author::Account(id) = who else { return Ok(Seq(0)) };
        let Some(mark) = self.world.store.read_mark(log.id(), id).await? else { return Ok(Seq(0)) };
        if mark.number == Number(0) {
            return Ok(Seq(0));
        }
        // A mark may have come in by another node, which is ahead of this one.
        let message = self.logs.message(log, mark.number).await?;
        Ok(message.map_or(log.head().seq, |slot| slot.event().seq))
    }

    async fn make_direct_room(&self, actor: &Actor, me: Author, two: (Author, Author)) -> Result<Arc<RoomLog>, Error> {
        // Who makes rooms for people only has the rate of who posts: these rooms together count as one more.
        self.rates.post(Person::Known(me), RoomId(0), actor.origin)?;
        let subject = format!("{}, {}", self.name_of(two.0).await?, self.name_of(two.1).await?);
        let new = NewRoom { access: Access::Members, direct: Some(two), ..self.draw_room(Subject::stored(subject)) };
        if let Some(room) = self.world.store.create_room(new).await? {
            return self.at_hand(room).await;
        }
        // The other one was faster.
        let room = self.world.store.direct_room(two).await?;
        let room = room.ok_or_else(|| Fault::Internal("the key of a room of two was drawn before".into()))?;
        self.at_hand(room).await
    }

    /// The name that somebody is told to by: a handle, `~NICKNAME` of a guest.
    pub(super) async fn name_of(&self, who: Author) -> Result<String, Error> {
        Ok(match who {
            Author::Account(id) => {
                let account = self.account_at_hand(id).await?.ok_or(Refusal::NoSuchPerson)?;
                account.handle.as_str().to_owned()
            }
            Author::Guest(id) => format!("~{}", self.guest_name(id).await?.as_str()),
            Author::System => crate::ports::SYSTEM_NAME.to_owned(),
        })
    }

    /// Shows a room of two, or what is new in it, to both, if they are here.
    pub(super) fn deliver(&self, log: &Arc<RoomLog>) {
        if let Some((low, high)) = log.room().direct {
            self.connections.deliver_room(low, log);
            self.connections.deliver_room(high, log);
        }
    }
}
