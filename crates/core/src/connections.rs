//! Who is connected to this node, by whatever door: their names, and where what concerns one person alone comes in.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::account::Account;
use crate::actor::{Actor, Who};
use crate::chat::Chat;
use crate::event::Author;
use crate::guests;
use crate::ids::{ConnectionId, GuestId};
use crate::limits;
use crate::names::Handle;
use crate::pulse::Stay;
use crate::rates::Origin;
use crate::refusal::{Error, Refusal};
use crate::room_log::RoomLog;
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
    /// A listed room was made.
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
    changed: Notify,
}

impl Inbox {
    /// The rooms, in no order.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<RoomLog>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Grows with every new room and every whisper.
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

    fn add(&self, log: &Arc<RoomLog>) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if !rooms.iter().any(|known| known.id() == log.id()) {
            rooms.push(log.clone());
        }
        drop(rooms);
        self.version.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }
}

/// Everybody who is connected to this node.
#[derive(Default)]
pub(crate) struct Connections {
    // Held for look-ups only.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_id: HashMap<ConnectionId, Arc<Identity>>,
    /// Names held at terminals, and by whom.
    held: HashMap<DisplayName, Author>,
    people: HashMap<Author, Present>,
}

/// A person with a connection or an attendance, or who polled within the last ten seconds.
#[derive(Default)]
struct Present {
    count: usize,
    /// When the count fell to 0.
    left: Duration,
    inbox: Arc<Inbox>,
}

impl Connections {
    /// One more connection or attendance of a person.
    pub(crate) fn arrive(&self, who: Author) -> Arc<Inbox> {
        let mut state = self.lock();
        let present = state.people.entry(who).or_default();
        present.count += 1;
        present.inbox.clone()
    }

    /// One less. Who polls is here for ten seconds more.
    pub(crate) fn depart(&self, who: Author, stay: Stay, now: Duration) {
        let mut state = self.lock();
        let Some(present) = state.people.get_mut(&who) else { return };
        present.count = present.count.saturating_sub(1);
        present.left = now;
        if present.count == 0 && stay == Stay::Connected {
            state.people.remove(&who);
        }
    }

    /// Forgets those who polled ten seconds ago for the last time.
    pub(crate) fn let_go(&self, now: Duration) {
        let linger = Duration::from_secs(limits::LINGER_SECONDS);
        self.lock().people.retain(|_, present| present.count > 0 || now.saturating_sub(present.left) < linger);
    }

    /// Shows a room of two, or a new message in it, to a person, if the person is here.
    pub(crate) fn deliver_room(&self, who: Author, log: &Arc<RoomLog>) {
        let inbox = self.lock().people.get(&who).map(|present| present.inbox.clone());
        if let Some(inbox) = inbox {
            inbox.add(log);
        }
    }

    pub(crate) fn has(&self, who: Author) -> bool {
        self.lock().people.contains_key(&who)
    }

    /// Who holds a name at a terminal.
    pub(crate) fn holder(&self, name: &str) -> Option<Author> {
        self.lock().held.get(&DisplayName::stored(name.to_owned())).copied()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A connection that lasts, at any door. Dropping it ends it: a name that it held is free again.
pub struct Connection {
    chat: Arc<Chat>,
    id: ConnectionId,
    door: &'static str,
    origin: Option<Origin>,
    // Held for memory work only.
    as_whom: Mutex<(Arc<Identity>, Arc<Inbox>)>,
}

impl Connection {
    pub(crate) fn begin(chat: Arc<Chat>, door: &'static str, origin: Option<Origin>) -> Connection {
        let identity = Arc::new(Identity::unknown());
        let id = loop {
            let id = chat.draw_connection();
            let mut state = chat.connections().lock();
            // One that is in use can't be drawn again; that an old one is, is a matter of 2^53.
            if let std::collections::hash_map::Entry::Vacant(free) = state.by_id.entry(id) {
                free.insert(identity.clone());
                break id;
            }
        };
        Connection { chat, id, door, origin, as_whom: Mutex::new((identity, Arc::default())) }
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

    /// Who asks when this connection does.
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
        self.lock().0.clone()
    }

    /// The rooms of two of its person; another one after a log-in.
    #[must_use]
    pub fn inbox(&self) -> Arc<Inbox> {
        self.lock().1.clone()
    }

    /// Makes it a new guest, named `guest-ID`.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn be_guest(&self) -> Result<(), Error> {
        let guest = self.chat.new_guest().await?;
        self.become_known(Identity::guest(guest, guests::unnamed(guest)));
        Ok(())
    }

    /// Takes a name at a terminal, which nobody else has then: 3 to 30 of `[a-z0-9_-]` (protocols: term, "Choosing a name").
    ///
    /// # Errors
    /// `BadName`: not a valid name, or reserved; `NameTaken`: somebody's who is here, or a room's; or a `Fault`.
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
        if self.chat.is_room_name(name).await? {
            return Err(Refusal::NameTaken.into());
        }
        let guest = self.chat.new_guest().await?;
        let name = DisplayName::stored(name.to_owned());
        {
            let mut state = self.chat.connections().lock();
            if state.held.contains_key(&name) {
                return Err(Refusal::NameTaken.into());
            }
            state.held.insert(name.clone(), Author::Guest(guest));
        }
        self.become_known(Identity { holds_name: true, ..Identity::guest(guest, name) });
        Ok(NameIs::Yours)
    }

    /// Makes it an account's connection. Whether it may be is the caller's to know: [`Chat::check_password`].
    ///
    /// # Errors
    /// A `Fault` of the store; the connection is who it was then.
    pub async fn log_in(&self, account: &Account) -> Result<(), Error> {
        let rooms = self.chat.direct_rooms(Author::Account(account.id)).await?;
        let inbox = self.become_known(Identity::account(account));
        rooms.iter().for_each(|log| inbox.add(log));
        Ok(())
    }

    /// Makes it a new guest after a log-in.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn log_out(&self) -> Result<(), Error> {
        self.be_guest().await
    }

    fn become_known(&self, identity: Identity) -> Arc<Inbox> {
        let identity = Arc::new(identity);
        let inbox = identity.who.map_or_else(Arc::default, |who| self.chat.connections().arrive(who));
        let before = std::mem::replace(&mut *self.lock(), (identity.clone(), inbox.clone())).0;
        self.chat.connections().lock().by_id.insert(self.id, identity);
        self.forget(&before);
        inbox
    }

    /// What ends when the connection is somebody no longer.
    fn forget(&self, before: &Identity) {
        let Some(who) = before.who else { return };
        if before.holds_name {
            self.chat.connections().lock().held.remove(&before.name);
        }
        self.chat.connections().depart(who, Stay::Connected, Duration::ZERO);
    }

    fn lock(&self) -> MutexGuard<'_, (Arc<Identity>, Arc<Inbox>)> {
        self.as_whom.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.forget(&self.identity());
        self.chat.connections().lock().by_id.remove(&self.id);
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
        let lasting = self.connections().lock().by_id.get(&connection).cloned();
        lasting.or_else(|| self.polling(connection))
    }

    /// Whether a person has a connection, or polled within the last ten seconds.
    #[must_use]
    pub fn is_here(&self, who: Author) -> bool {
        self.connections().has(who)
    }

    /// The inbox of a person who is here.
    #[must_use]
    pub fn inbox(&self, who: Author) -> Option<Arc<Inbox>> {
        self.connections().lock().people.get(&who).map(|present| present.inbox.clone())
    }

    /// Whether a guest holds a name at a terminal right now.
    #[must_use]
    pub fn holds_name(&self, guest: GuestId, name: &DisplayName) -> bool {
        self.connections().lock().held.get(name) == Some(&Author::Guest(guest))
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
