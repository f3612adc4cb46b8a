//! Guests, what proves who they are, and who is here.

use std::sync::Arc;

use tokio::sync::Notify;

use super::Chat;
use crate::account::{Account, Guest};
use crate::actor::Actor;
use crate::connections::{Identity, News};
use crate::event::Author;
use crate::guests;
use crate::ids::{ConnectionId, Epoch, GuestId};
use crate::journal::Journal;
use crate::names::{Handle, RoomName};
use crate::policy::Verb;
use crate::pulse::{Attendance, Stay};
use crate::rates::Origin;
use crate::refusal::{Error, Refusal};
use crate::registry::Connections;
use crate::room::RoomRef;
use crate::room_log::RoomLog;
use crate::text::DisplayName;

impl Chat {
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

    /// A guest who has spoken, or was claimed.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn guest(&self, guest: GuestId) -> Result<Option<Guest>, Error> {
        Ok(self.world.store.guest(guest).await?)
    }

    /// The name that a guest goes by: the nickname of its last post, else `guest-ID`.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn guest_name(&self, guest: GuestId) -> Result<DisplayName, Error> {
        let known = self.world.store.guest(guest).await?;
        Ok(known.and_then(|guest| guest.name).unwrap_or_else(|| guests::unnamed(guest)))
    }

    /// How somebody is known to others who is not connected, or not here.
    ///
    /// # Errors
    /// `NoSuchPerson` for an account that is no more, or a `Fault` of the store.
    pub async fn identity_of(&self, who: Author) -> Result<Identity, Error> {
        match who {
            Author::Account(id) => {
                let account = self.account_at_hand(id).await?.ok_or(Refusal::NoSuchPerson)?;
                Ok(Identity::account(&account))
            }
            Author::Guest(guest) => Ok(Identity::guest(guest, self.guest_name(guest).await?)),
            Author::System => Err(Refusal::NoSuchPerson.into()),
        }
    }

    /// 128 random bits in hex: a key that nobody else has.
    #[must_use]
    pub fn draw_token(&self) -> String {
        let mut bytes = [0; 16];
        self.world.entropy.fill(&mut bytes);
        format!("{:032x}", u128::from_le_bytes(bytes))
    }

    /// Says that a connection is in a room, for as long as `stay` says. `tag`: the client's own number for that, or 0.
    #[must_use]
    pub fn attend(
        self: &Arc<Self>,
        log: &Arc<RoomLog>,
        connection: ConnectionId,
        identity: Arc<Identity>,
        stay: Stay,
        tag: u64,
    ) -> Attendance {
        Attendance::begin(self.clone(), log.clone(), connection, identity, stay, tag)
    }

    /// A number for a connection that nobody can guess.
    #[must_use]
    pub fn draw_connection(&self) -> ConnectionId {
        self.guests.draw_connection()
    }

    /// The number of somebody who polls without one: the same at every poll, so that whoever throws cookies away, or has
    /// none, is one person.
    #[must_use]
    pub fn connection_of(&self, actor: &Actor) -> ConnectionId {
        let who = actor.author().map_or_else(String::new, |who| format!("{who:?}"));
        let origin = actor.origin.map_or_else(String::new, Origin::hex);
        self.guests.connection_of(&[&who, &origin])
    }

    /// Whether somebody may read a room.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn may_read(&self, actor: &Actor, log: &RoomLog) -> Result<(), Error> {
        self.authorize(actor, log, Verb::Read).await
    }

    /// What happened to the server as a whole lately.
    #[must_use]
    pub fn news(&self) -> &Journal<News> {
        &self.news
    }

    /// Who a connection is that attends a room, and is nowhere but there: a page.
    pub(crate) fn polling(&self, connection: ConnectionId) -> Option<Arc<Identity>> {
        self.logs.attended().iter().find_map(|log| log.presence().identity(connection))
    }

    pub(crate) fn tell_news(&self, news: News) {
        self.news.push(self.world.clock.monotonic(), news);
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Rung when the last one leaves a room.
    pub(crate) fn emptied(&self) -> &Arc<Notify> {
        &self.emptied
    }

    /// Lets those go who stopped polling ten seconds ago.
    pub(super) fn let_go(&self) {
        let now = self.world.clock.monotonic();
        self.connections.let_go(now);
        self.news.forget(now);
        let mut emptied = false;
        for log in self.logs.attended() {
            emptied |= log.presence().let_go(&log, now);
        }
        if emptied {
            self.emptied.notify_one();
        }
    }

    pub(crate) async fn account_with(&self, handle: Handle) -> Result<Option<Account>, Error> {
        Ok(self.world.store.account_by_handle(handle).await?)
    }

    pub(crate) async fn is_room_name(&self, name: &str) -> Result<bool, Error> {
        let Some(name) = RoomName::find(name) else { return Ok(false) };
        Ok(self.world.store.room(RoomRef::Name(name)).await?.is_some())
    }

    pub(super) fn draw_epoch(&self) -> Epoch {
        let mut bytes = [0; 8];
        self.world.entropy.fill(&mut bytes);
        Epoch(u64::from_le_bytes(bytes))
    }
}
