//! Who is connected to this node, by whatever door: their names, and where what concerns one person alone comes in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::account::Account;
use crate::actor::{Actor, Who};
use crate::chat::Chat;
use crate::event::Author;
use crate::guests;
use crate::ids::{AccountId, ConnectionId, GuestId};
use crate::limits;
use crate::names::Handle;
use crate::pulse::Stay;
use crate::rates::Origin;
use crate::refusal::{Error, Refusal};
use crate::registry::{Connections, Whom};
use crate::room_log::RoomLog;
use crate::sessions::Grant;
use crate::slot::Source;
use crate::text::{DisplayName, Text};

/// How somebody who is here is known to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who; `None`: somebody of whom nothing is known.
    pub who: Option<Author>,
    /// The name that people see, without the `~` that doors put before a guest's.
    pub name: DisplayName,
    /// An account's handle.
    pub handle: Option<Handle>,
    /// Whether this is a guest who holds `name` at a terminal: nobody else's while held (protocols: common rules).
    pub holds_name: bool,
}

impl Identity {
    /// A guest of this name.
    #[must_use]
    pub fn guest(guest: GuestId, name: DisplayName) -> Identity {
        Identity { who: Some(Author::Guest(guest)), name, handle: None, holds_name: false }
    }

    /// Somebody with an account.
    #[must_use]
    pub fn account(account: &Account) -> Identity {
        Identity {
            who: Some(Author::Account(account.id)),
            name: account.display_name.clone(),
            handle: Some(account.handle.clone()),
            holds_name: false,
        }
    }

    /// Somebody of whom nothing is known.
    #[must_use]
    pub fn unknown() -> Identity {
        Identity { who: None, name: DisplayName::stored("somebody".to_owned()), handle: None, holds_name: false }
    }
}

/// What happened to the server as a whole.
#[derive(Debug)]
pub enum News {
    /// A listed room was made that everybody may know of: see `Room::is_announced`.
    RoomOpened {
        /// The room.
        log: Arc<RoomLog>,
        /// By which connection.
        by: Option<Source>,
    },
    /// A room was closed.
    RoomClosed {
        /// The room.
        log: Arc<RoomLog>,
        /// By which connection.
        by: Option<Source>,
    },
    /// The operator says something to everybody.
    Announcement {
        /// Who.
        from: Arc<Identity>,
        /// By which connection.
        by: Source,
        /// What.
        text: Text,
    },
}

/// The rooms of two of a person who is connected, for all the person's connections together.
#[derive(Default)]
pub struct Inbox {
    rooms: Mutex<Vec<Arc<RoomLog>>>,
    version: AtomicU64,
    /// How often the person's roles in rooms changed.
    roles: AtomicU64,
    changed: Notify,
}

impl Inbox {
    /// The rooms, in no order.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<RoomLog>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often the person became a member of a room, stopped being one or got another role while being here: the version
    /// grows with it, too.
    #[must_use]
    pub fn roles_version(&self) -> u64 {
        self.roles.load(Ordering::Acquire)
    }

    /// Grows with every new room, every whisper, every change of a role, and when more of a room was seen.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Waits until the version is another than `seen`, and answers it. Cancel safe.
    pub async fn changed(&self, seen: u64) -> u64 {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Waiting begins before looking, so that no change is missed between the two.
            changed.as_mut().enable();
            let version = self.version();
            if version != seen {
                return version;
            }
            changed.await;
        }
    }

    pub(crate) fn add(&self, log: &Arc<RoomLog>) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if !rooms.iter().any(|known| known.id() == log.id()) {
            rooms.push(log.clone());
        }
        drop(rooms);
        self.ring();
    }

    /// Tells of a change of a role.
    pub(crate) fn role_changed(&self) {
        self.roles.fetch_add(1, Ordering::AcqRel);
        self.ring();
    }

    /// Tells that the person has seen more of a room.
    pub(crate) fn mark_moved(&self) {
        self.ring();
    }

    fn ring(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }
}

/// Whether a name that was asked for at a terminal is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameIs {
    /// The connection is a guest who holds it now.
    Yours,
    /// It is an account's: log in to use it.
    Account(Account),
}

/// Why a connection is nobody's any more, though it did not ask for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its log-in was ended: by its owner elsewhere, with the account's password, or by the operator.
    Revoked,
    /// Its session is another connection's now.
    Moved,
}

/// A connection that lasts, at any door. Dropping it ends it: a name that it held is free again.
pub struct Connection {
    chat: Arc<Chat>,
    id: ConnectionId,
    door: &'static str,
    origin: Option<Origin>,
    whom: Arc<Whom>,
}

impl Connection {
    pub(crate) fn begin(chat: Arc<Chat>, door: &'static str, origin: Option<Origin>) -> Connection {
        let whom = Arc::new(Whom::new(door));
        let mut id = chat.draw_connection();
        // One that is in use can't be drawn again; that an old one is, is a matter of 2^53.
        while !chat.connections().add(id, &whom) {
            id = chat.draw_connection();
        }
        Connection { chat, id, door, origin, whom }
    }

    /// Its number, new at every connect.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Where something comes from that this connection does. `tag`: the client's own number for it, or 0.
    #[must_use]
    pub fn source(&self, tag: u64) -> Source {
        Source { connection: self.id, tag, door: self.door }
    }

    /// Who asks when this connection does: a stranger from the moment at which its log-in ended.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let who = match self.identity().who {
            Some(Author::Account(id)) => Who::Account(id),
            Some(Author::Guest(id)) => Who::Guest(id),
            Some(Author::System) | None => Who::Stranger,
        };
        Actor { who, origin: self.origin }
    }

    /// How it is known to others now.
    #[must_use]
    pub fn identity(&self) -> Arc<Identity> {
        self.whom.identity()
    }

    /// The rooms of two of its person; another one after a log-in.
    #[must_use]
    pub fn inbox(&self) -> Arc<Inbox> {
        self.whom.inbox()
    }

    /// Waits until its log-in ends though it did not ask for that; answers at once, and again and again, until it is somebody
    /// else or a stranger by its own wish ([`Connection::become_stranger`]). Cancel safe.
    pub async fn ended(&self) -> Ended {
        self.whom.ended().await
    }

    /// Makes it a new guest, named `guest-ID`.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn be_guest(&self) -> Result<(), Error> {
        let guest = self.chat.new_guest().await?;
        self.become_guest(Identity::guest(guest, guests::unnamed(guest)));
        Ok(())
    }

    /// Takes a name at a terminal, which nobody else has then: 3 to 30 of `[a-z0-9_-]` (protocols: term, "Choosing a name").
    ///
    /// # Errors
    /// `BadName`: not a valid name, or reserved; `NameTaken`: somebody's who is here, a room's, or one that looks like an
    /// account's; or a `Fault`.
    pub async fn take_name(&self, name: &str) -> Result<NameIs, Error> {
        let lower = name.bytes().all(|byte| !byte.is_ascii_uppercase());
        if let Some(handle) = Handle::find(name).filter(|_| lower)
            && let Some(account) = self.chat.account_with(handle).await?
        {
            return Ok(NameIs::Account(account));
        }
        if !lower || !limits::TERMINAL_NAME_CHARS.contains(&name.len()) || Handle::find(name).is_none() {
            return Err(Refusal::BadName("3 to 30 characters of a-z, 0-9, _ and -").into());
        }
        Handle::new(name)?;
        // From here on nobody can make an account of this name, so the look after it holds until the name is taken.
        let claim = self.chat.connections().claim(name)?;
        match self.chat.account_like(name).await? {
            Some(account) if account.handle.as_str() == name => return Ok(NameIs::Account(account)),
            Some(_) => return Err(Refusal::NameTaken.into()),
            None if self.chat.is_room_name(name).await? => return Err(Refusal::NameTaken.into()),
            None => {}
        }
        let guest = self.chat.new_guest().await?;
        let name = DisplayName::stored(name.to_owned());
        self.become_guest(Identity { holds_name: true, ..Identity::guest(guest, name) });
        drop(claim);
        Ok(NameIs::Yours)
    }

    /// Makes it an account's connection for as long as it lasts. Whether it may be is the caller's to know:
    /// [`Chat::check_password`].
    ///
    /// # Errors
    /// `BadLogin` if the account was changed since it was looked up, so that it may not log in any more; or a `Fault` of the
    /// store. The connection is who it was then.
    pub async fn log_in(&self, account: &Account) -> Result<(), Error> {
        let _expected = self.expect(account.id).await?;
        let connections = self.chat.connections();
        loop {
            let version = connections.version();
            let account = self.chat.still_as(account).await?;
            let now = self.chat.clock().wall();
            if connections.log_in(self.id, &self.whom, &account, now, version) {
                return Ok(());
            }
        }
    }

    /// Makes it the connection of a session, and with it an account's, until the session ends or another connection is bound
    /// to it; an older one that was bound to it is nobody's from now on, which its [`Connection::ended`] says.
    ///
    /// # Errors
    /// `NotLoggedIn` if the session has ended; or a `Fault` of the store. The connection is who it was then.
    pub async fn bind(&self, grant: &Grant) -> Result<(), Error> {
        let _expected = self.expect(grant.account().id).await?;
        if !self.chat.connections().bind(self.id, &self.whom, grant.in_force()) {
            return Err(Refusal::NotLoggedIn.into());
        }
        Ok(())
    }

    /// Makes it a new guest after a log-in.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn log_out(&self) -> Result<(), Error> {
        self.be_guest().await
    }

    /// Makes it nobody's, as it was at the beginning: after a log-out, or after its log-in has ended.
    pub fn become_stranger(&self) {
        self.chat.connections().become_stranger(self.id, &self.whom);
    }

    fn become_guest(&self, identity: Identity) {
        self.chat.connections().become_guest(self.id, &self.whom, identity);
    }

    /// Puts a person's rooms of two into the inbox. The person counts as here from before they are read until the answer is
    /// dropped, so one that is made meanwhile comes in by itself.
    async fn expect(&self, account: AccountId) -> Result<Expected<'_>, Error> {
        let who = Author::Account(account);
        let connections = self.chat.connections();
        let inbox = connections.arrive(who);
        let expected = Expected { connections, who };
        for log in self.chat.direct_rooms(who).await? {
            inbox.add(&log);
        }
        Ok(expected)
    }
}

/// Somebody who is about to be here.
struct Expected<'a> {
    connections: &'a Connections,
    who: Author,
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.connections.depart(self.who, Stay::Connected, Duration::ZERO);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.chat.connections().remove(self.id);
    }
}

impl Chat {
    /// Begins a connection, by the door of this name, of somebody of whom nothing is known yet.
    #[must_use]
    pub fn connect(self: &Arc<Self>, door: &'static str, origin: Option<Origin>) -> Connection {
        Connection::begin(self.clone(), door, origin)
    }

    /// Who a connection is, if it is open on this node or polled within the last ten seconds.
    #[must_use]
    pub fn connected(&self, connection: ConnectionId) -> Option<Arc<Identity>> {
        self.connections().identity(connection).or_else(|| self.polling(connection))
    }

    /// Whether a person has a connection, or polled within the last ten seconds.
    #[must_use]
    pub fn is_here(&self, who: Author) -> bool {
        self.connections().has(who)
    }

    /// The inbox of a person who is here.
    #[must_use]
    pub fn inbox(&self, who: Author) -> Option<Arc<Inbox>> {
        self.connections().inbox(who)
    }

    /// Whether a guest holds a name at a terminal right now.
    #[must_use]
    pub fn holds_name(&self, guest: GuestId, name: &DisplayName) -> bool {
        self.connections().holder(name.as_str()) == Some(Author::Guest(guest))
    }

    /// The person that a name means: one held at a terminal, an account's handle, or `guest-ID` of a guest who is here.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn person_named(&self, name: &str) -> Result<Option<Author>, Error> {
        if let Some(holder) = self.connections().holder(name) {
            return Ok(Some(holder));
        }
        if let Some(id) = name.strip_prefix("guest-") {
            let guest = id.parse().ok().map(|id| Author::Guest(GuestId(id)));
            return Ok(guest.filter(|guest| self.is_here(*guest)));
        }
        let Some(handle) = Handle::find(name) else { return Ok(None) };
        Ok(self.account_with(handle).await?.map(|account| Author::Account(account.id)))
    }

    /// Says something to every connection of every door. Not stored.
    ///
    /// # Errors
    /// A refusal of the text; `Forbidden` for all but the operator.
    pub fn announce(&self, actor: &Actor, from: &Connection, tag: u64, text: &[u8]) -> Result<(), Error> {
        let text = Text::new(text, self.limits().message_bytes)?;
        if actor.who != Who::Operator {
            return Err(Refusal::Forbidden.into());
        }
        self.tell_news(News::Announcement { from: from.identity(), by: from.source(tag), text });
        Ok(())
    }
}
