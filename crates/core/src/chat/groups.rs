//! Groups, and what a name means to those who belong to them.

use std::sync::Arc;

use super::Chat;
use super::rooms::{Named, RoomPlan};
use super::sessions::account_of;
use crate::actor::{Actor, Who};
use crate::event::Author;
use crate::ids::{AccountId, LOBBY, RoomId, RoomKey};
use crate::limits;
use crate::names::RoomName;
use crate::policy::Verb;
use crate::refusal::{Error, Refusal};
use crate::room::{Role, RoomRef};
use crate::room_log::RoomLog;

/// What a name means to whoever asks.
#[derive(Debug, Clone)]
pub enum Place {
    /// Somebody.
    Person(Author),
    /// A room that the asker belongs to, or the lobby.
    Room(Arc<RoomLog>),
}

impl Chat {
    /// Makes a group: a room of this name for members only, which the actor owns.
    ///
    /// # Errors
    /// `NotLoggedIn` for all but accounts; `BadName`, `NameTaken`; `TooMany` rooms that the actor owns or belongs to;
    /// `TooFast`; or a `Fault`.
    pub async fn make_group(&self, actor: &Actor, name: &str) -> Result<Arc<RoomLog>, Error> {
        account_of(actor)?;
        let name = RoomName::new(name)?;
        let named = Named::Asked(name.as_str());
        let plan = RoomPlan { subject: name.as_str().as_bytes(), named, members_only: true, ..RoomPlan::default() };
        self.open_room(actor, plan).await
    }

    /// What a name means, where people and groups are told to by name: a person ([`Chat::person_named`]), a room that the
    /// actor belongs to, or the lobby. A room without a name goes by its key.
    ///
    /// # Errors
    /// `NotFound`, alike for none and for a room that the actor does not belong to; or a `Fault`.
    pub async fn find_named(&self, actor: &Actor, name: &str) -> Result<Place, Error> {
        let room_name = RoomName::find(name);
        // A group that is in use costs no read. Who may not know of it takes the long way, as if there were none.
        if let Some(log) = room_name.as_ref().and_then(|name| self.logs.named(name))
            && self.belongs(actor, &log).await?
        {
            return Ok(Place::Room(log));
        }
        if let Some(person) = self.person_named(name).await? {
            return Ok(Place::Person(person));
        }
        let by_name = room_name.map(RoomRef::Name);
        let by_key = RoomKey::parse(name).map(RoomRef::Key);
        for by in [by_name, by_key].into_iter().flatten() {
            if let Some(log) = self.logs.open(by).await?
                && self.belongs(actor, &log).await?
            {
                return Ok(Place::Room(log));
            }
        }
        Err(Refusal::NotFound.into())
    }

    /// The rooms that somebody belongs to, each with the role, by number; rooms of two are not among them.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn groups(&self, actor: &Actor) -> Result<Vec<(Arc<RoomLog>, Role)>, Error> {
        let mut groups = Vec::new();
        for (room, role) in self.roles_of(actor).await? {
            // It may have been closed since.
            if let Some(log) = self.logs.open(RoomRef::Id(room)).await?.filter(|log| log.room().direct.is_none()) {
                groups.push((log, role));
            }
        }
        Ok(groups)
    }

    /// The rooms that somebody belongs to, rooms of two among them, by number.
    pub(super) async fn roles_of(&self, actor: &Actor) -> Result<Vec<(RoomId, Role)>, Error> {
        let Some(who) = actor.author().filter(|who| *who != Author::System) else { return Ok(Vec::new()) };
        let mut rooms = self.world.store.rooms_of(who).await?;
        rooms.retain(|(_, role)| *role != Role::Banned);
        rooms.sort_unstable_by_key(|(room, _)| *room);
        Ok(rooms)
    }

    /// Checks that somebody may get a role in one more room.
    pub(super) async fn check_belongings(&self, who: Author) -> Result<(), Error> {
        let Author::Account(_) = who else { return Ok(()) };
        let rooms = self.world.store.rooms_of(who).await?;
        if rooms.len() < limits::ROOMS_BELONGED {
            return Ok(());
        }
        // Only with that many is it worth a look which of them are rooms of two.
        let of_two = self.world.store.direct_rooms(who, rooms.len()).await?.len();
        if rooms.len() - of_two < limits::ROOMS_BELONGED {
            return Ok(());
        }
        Err(Refusal::TooMany { what: "rooms that one person belongs to", limit: limits::ROOMS_BELONGED }.into())
    }

    /// Checks that an account may own one more room.
    pub(super) async fn check_ownings(&self, id: AccountId) -> Result<(), Error> {
        let rooms = self.world.store.rooms_of(Author::Account(id)).await?;
        if rooms.iter().filter(|(_, role)| *role == Role::Owner).count() >= limits::ROOMS_OWNED {
            return Err(Refusal::TooMany { what: "rooms that you own", limit: limits::ROOMS_OWNED }.into());
        }
        self.check_belongings(Author::Account(id)).await
    }

    /// Whether somebody belongs to a room, as far as names go: to the lobby belongs whoever may see it.
    async fn belongs(&self, actor: &Actor, log: &RoomLog) -> Result<bool, Error> {
        match self.authorize(actor, log, Verb::See).await {
            Ok(()) => {}
            Err(Error::Refused(_)) => return Ok(false),
            Err(fault) => return Err(fault),
        }
        if log.id() == LOBBY || actor.who == Who::Operator {
            return Ok(true);
        }
        let Some(who) = actor.author().filter(|_| log.room().direct.is_none()) else { return Ok(false) };
        Ok(self.logs.role(log, who).await?.is_some())
    }
}
