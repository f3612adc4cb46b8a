//! The store as it is meant: in memory, slow and obvious. Real stores are compared with it, and simulations run on it.
//!
//! | file | of the state |
//! |---|---|
//! | `log.rs` | appending, and the projections that move with a log |
//! | `people.rs` | accounts, sessions, guests, roles |
//! | `index.rs` | the search index |
//! | `marks.rs` | read marks, positions, invitations |
//! | `passwords.rs` | passwords that nothing protects |
//! | `fold.rs` | what a log says about its projections, worked out from the events alone |

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::account::{Account, Guest, Invitation, NewAccount, ReadMark, Session, TokenHash};
use crate::days::TimeZone;
use crate::event::{Appended, Author, Body, Draft, Event, Imported};
use crate::ids::{AccountId, Epoch, GuestId, LOBBY, MessageKey, Number, RoomId, RoomKey, Seq, Timestamp};
use crate::names::{Handle, RoomName};
use crate::ports::{IndexEntry, IndexLag, Store};
use crate::refusal::Fault;
use crate::room::{Access, Head, NewRoom, Role, Room, RoomRef};
use crate::text::Subject;

pub mod fold;
mod index;
mod log;
mod marks;
mod passwords;
mod people;

pub use passwords::FakePasswords;

/// The first number that a store gives an account by itself (protocols: wscmd).
pub const FIRST_ACCOUNT: AccountId = AccountId(1 << 40);

/// Where the numbers end that a store gives by itself. A number below that an operator gave moves them on beyond it, so that
/// they are never given twice; one from here on does not, else the last number there is would leave none.
pub const LAST_ACCOUNT: AccountId = AccountId(1 << 52);

/// A store in memory. Never waits, never fails, and reads no clock and no randomness: the same calls give the same answers.
#[derive(Debug)]
pub struct Model {
    // A plain lock: held for one verb, which does not wait.
    state: Mutex<State>,
}

/// Everything that a [`Model`] holds, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    secret: [u8; 32],
    /// Rooms by number, which is the place here plus 1; closed ones stay.
    rooms: Vec<Room>,
    /// The logs, by the same place.
    logs: Vec<Vec<Event>>,
    /// The position at which a key was used, and the body as it was posted.
    keys: BTreeMap<(RoomId, Author, MessageKey), (Seq, Body)>,
    /// Reactions and the codes of those who have them.
    reactions: BTreeMap<(RoomId, Number), BTreeSet<(String, i64)>>,
    /// Roles by room and author code.
    roles: BTreeMap<(RoomId, i64), Role>,
    guests: BTreeMap<GuestId, Guest>,
    next_guest: GuestId,
    accounts: BTreeMap<AccountId, Account>,
    next_account: AccountId,
    sessions: BTreeMap<TokenHash, Session>,
    marks: BTreeMap<(RoomId, AccountId), ReadMark>,
    received: BTreeMap<(AccountId, RoomId), Seq>,
    invitations: BTreeMap<TokenHash, Invitation>,
    index: BTreeMap<(RoomId, Number), BTreeSet<String>>,
}

impl Model {
    /// A store with nothing but the lobby, whose key and epoch the caller drew.
    #[must_use]
    pub fn new(secret: [u8; 32], lobby_key: RoomKey, lobby_epoch: Epoch, now: Timestamp) -> Model {
        let mut state = State {
            secret,
            rooms: Vec::new(),
            logs: Vec::new(),
            keys: BTreeMap::new(),
            reactions: BTreeMap::new(),
            roles: BTreeMap::new(),
            guests: BTreeMap::new(),
            next_guest: GuestId(1),
            accounts: BTreeMap::new(),
            next_account: FIRST_ACCOUNT,
            sessions: BTreeMap::new(),
            marks: BTreeMap::new(),
            received: BTreeMap::new(),
            invitations: BTreeMap::new(),
            index: BTreeMap::new(),
        };
        state.add_room(lobby(lobby_key, lobby_epoch, now));
        Model::restore(state)
    }

    /// A store that goes on from a [`Model::snapshot`], as after a restart.
    #[must_use]
    pub fn restore(state: State) -> Model {
        Model { state: Mutex::new(state) }
    }

    /// All that it holds now.
    #[must_use]
    pub fn snapshot(&self) -> State {
        self.state().clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A verb that panicked is a bug that its own caller saw; the others go on with what there is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lobby as every store makes it first: number [`LOBBY`], open, listed, and named like nothing else can be.
#[must_use]
pub fn lobby(key: RoomKey, epoch: Epoch, now: Timestamp) -> NewRoom {
    NewRoom {
        key,
        epoch,
        name: Some(RoomName::lobby()),
        subject: Subject::stored("Lobby".to_owned()),
        listed: true,
        access: Access::Open,
        question: None,
        vanishes: false,
        direct: None,
        archive: false,
        time_zone: TimeZone::utc(),
        members: Vec::new(),
        now,
    }
}

impl State {
    fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(place(id)?)
    }

    /// A room's events; none for a room that does not exist.
    fn log(&self, id: RoomId) -> &[Event] {
        place(id).and_then(|place| self.logs.get(place)).map_or(&[], Vec::as_slice)
    }

    fn open_rooms(&self) -> impl Iterator<Item = &Room> {
        self.rooms.iter().filter(|room| !room.head.closed)
    }

    /// Whether an account or a room that is not closed, other than this one, has the name: the two share one name space.
    fn name_is_taken(&self, name: &str, but: Option<RoomId>) -> bool {
        let of_room =
            |room: &Room| Some(room.id) != but && room.name.as_ref().is_some_and(|taken| taken.as_str() == name);
        self.open_rooms().any(of_room) || self.accounts.values().any(|account| account.handle.as_str() == name)
    }

    fn add_room(&mut self, new: NewRoom) -> Option<Room> {
        let name_is_taken = new.name.as_ref().is_some_and(|name| self.name_is_taken(name.as_str(), None));
        let two_have_one = new.direct.is_some_and(|two| self.direct_room(two).is_some());
        if name_is_taken || two_have_one || self.rooms.iter().any(|room| room.key == new.key) {
            return None;
        }
        let members = new.first_members();
        let room = Room {
            id: RoomId(self.rooms.len() as u64 + LOBBY.0),
            key: new.key,
            epoch: new.epoch,
            name: new.name,
            subject: new.subject,
            listed: new.listed,
            access: new.access,
            question: new.question,
            vanishes: new.vanishes,
            direct: new.direct,
            archive: new.archive,
            time_zone: new.time_zone,
            created: new.now,
            has_members: false,
            head: Head::default(),
            indexed: Seq(0),
        };
        let id = room.id;
        self.rooms.push(room);
        self.logs.push(Vec::new());
        for (who, role) in members {
            self.change_role(id, who, Some(role), new.now);
        }
        self.room(id).cloned()
    }

    /// Rooms that are not closed and fit, newest event first.
    fn newest_rooms(&self, fits: impl Fn(&Room) -> bool, limit: usize) -> Vec<Room> {
        let newest = |room: &Room| (if room.head.seq > Seq(0) { room.head.at } else { room.created }, room.id);
        let mut rooms: Vec<Room> = self.open_rooms().filter(|room| fits(room)).cloned().collect();
        rooms.sort_by_key(|room| std::cmp::Reverse(newest(room)));
        rooms.truncate(limit);
        rooms
    }

    fn direct_room(&self, two: (Author, Author)) -> Option<&Room> {
        self.open_rooms().find(|room| room.direct == Some(two))
    }

    fn messages_before(&self, room: RoomId, before: Number, limit: usize) -> Vec<Event> {
        let messages = self.log(room).iter().filter(|event| event.body.is_message() && event.number < before);
        let mut newest: Vec<Event> = messages.rev().take(limit).cloned().collect();
        newest.reverse();
        newest
    }

    fn first_at(&self, room: RoomId, at: Timestamp) -> (Seq, Number) {
        let (before, _): (Vec<_>, Vec<_>) = self.log(room).iter().partition(|event| event.at < at);
        before.last().map_or((Seq(1), Number(1)), |last| (last.seq.next(), last.number.next()))
    }
}

/// Where a room is in the lists.
fn place(room: RoomId) -> Option<usize> {
    usize::try_from(room.0.checked_sub(LOBBY.0)?).ok()
}

#[async_trait]
impl Store for Model {
    async fn secret(&self) -> Result<[u8; 32], Fault> {
        Ok(self.state().secret)
    }

    async fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    async fn check(&self) -> Result<Vec<String>, Fault> {
        Ok(self.state().check())
    }

    async fn create_room(&self, room: NewRoom) -> Result<Option<Room>, Fault> {
        Ok(self.state().add_room(room))
    }

    async fn room(&self, by: RoomRef) -> Result<Option<Room>, Fault> {
        let state = self.state();
        let found = state.open_rooms().find(|room| match &by {
            RoomRef::Id(id) => room.id == *id,
            RoomRef::Key(key) => room.key == *key,
            RoomRef::Name(name) => room.name.as_ref() == Some(name),
        });
        Ok(found.cloned())
    }

    async fn listed_rooms(&self, limit: usize) -> Result<Vec<Room>, Fault> {
        Ok(self.state().newest_rooms(|room| room.listed, limit))
    }

    async fn rooms(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, Fault> {
        let state = self.state();
        let rooms =
            state.open_rooms().filter(|room| room.direct.is_none() && after.is_none_or(|after| room.id > after));
        Ok(rooms.take(limit).cloned().collect())
    }

    async fn direct_room(&self, pair: (Author, Author)) -> Result<Option<Room>, Fault> {
        Ok(self.state().direct_room(pair).cloned())
    }

    async fn direct_rooms(&self, who: Author, limit: usize) -> Result<Vec<Room>, Fault> {
        Ok(self.state().newest_rooms(|room| room.other(who).is_some(), limit))
    }

    async fn vanishing_rooms(&self) -> Result<Vec<RoomId>, Fault> {
        Ok(self.state().open_rooms().filter(|room| room.vanishes).map(|room| room.id).collect())
    }

    async fn heads(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Result<Head, Fault>)>, Fault> {
        let state = self.state();
        Ok(rooms.into_iter().filter_map(|id| Some((id, Ok(state.room(id)?.head)))).collect())
    }

    async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, Fault> {
        let mut state = self.state();
        Ok(drafts.into_iter().map(|draft| state.append(draft)).collect())
    }

    async fn events(&self, room: RoomId, from: Seq, limit: usize) -> Result<Vec<Event>, Fault> {
        let before = usize::try_from(from.0.saturating_sub(1)).unwrap_or(usize::MAX);
        Ok(self.state().log(room).iter().skip(before).take(limit).cloned().collect())
    }

    async fn messages_before(&self, room: RoomId, before: Number, limit: usize) -> Result<Vec<Event>, Fault> {
        Ok(self.state().messages_before(room, before, limit))
    }

    async fn message(&self, room: RoomId, number: Number) -> Result<Option<Event>, Fault> {
        Ok(self.state().message(room, number).cloned())
    }

    async fn messages(&self, room: RoomId, numbers: Vec<Number>) -> Result<Vec<Event>, Fault> {
        let state = self.state();
        Ok(numbers.into_iter().filter_map(|number| state.message(room, number).cloned()).collect())
    }

    async fn first_at(&self, room: RoomId, at: Timestamp) -> Result<(Seq, Number), Fault> {
        Ok(self.state().first_at(room, at))
    }

    async fn import(&self, room: RoomId, after: Seq, entries: Vec<Imported>) -> Result<Option<Head>, Fault> {
        Ok(self.state().import(room, after, entries))
    }

    async fn has_key(&self, room: RoomId, author: Author, key: MessageKey) -> Result<bool, Fault> {
        Ok(self.state().keys.contains_key(&(room, author, key)))
    }

    async fn reactions(&self, room: RoomId, number: Number) -> Result<Vec<(String, Author)>, Fault> {
        let state = self.state();
        let of_message = state.reactions.get(&(room, number)).into_iter().flatten();
        Ok(of_message.map(|(emoji, code)| (emoji.clone(), Author::from_code(*code))).collect())
    }

    async fn reserve_guests(&self, count: u64) -> Result<GuestId, Fault> {
        let mut state = self.state();
        let first = state.next_guest;
        state.next_guest = GuestId(first.0 + count);
        Ok(first)
    }

    async fn guest(&self, id: GuestId) -> Result<Option<Guest>, Fault> {
        Ok(self.state().guests.get(&id).cloned())
    }

    async fn claim_guest(&self, guest: GuestId, account: AccountId) -> Result<bool, Fault> {
        Ok(self.state().claim_guest(guest, account))
    }

    async fn guests_of(&self, account: AccountId) -> Result<Vec<GuestId>, Fault> {
        let state = self.state();
        let claimed = state.guests.values().filter(|guest| guest.account == Some(account));
        Ok(claimed.map(|guest| guest.id).collect())
    }

    async fn create_account(&self, account: NewAccount) -> Result<Option<Account>, Fault> {
        Ok(self.state().create_account(account))
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, Fault> {
        Ok(self.state().accounts.get(&id).cloned())
    }

    async fn account_by_handle(&self, handle: Handle) -> Result<Option<Account>, Fault> {
        Ok(self.state().accounts.values().find(|account| account.handle == handle).cloned())
    }

    async fn account_by_skeleton(&self, skeleton: String) -> Result<Option<Account>, Fault> {
        Ok(self.state().looks_like(&skeleton).cloned())
    }

    async fn has_operator(&self) -> Result<bool, Fault> {
        Ok(self.state().has_operator())
    }

    async fn accounts(&self, after: Option<Handle>, limit: usize) -> Result<Vec<Account>, Fault> {
        Ok(self.state().accounts_after(after.as_ref(), limit))
    }

    async fn update_account(&self, account: Account) -> Result<bool, Fault> {
        Ok(self.state().update_account(account))
    }

    async fn remove_account(&self, id: AccountId, now: Timestamp) -> Result<bool, Fault> {
        Ok(self.state().remove_account(id, now))
    }

    async fn create_session(&self, session: Session) -> Result<bool, Fault> {
        Ok(self.state().create_session(session))
    }

    async fn session(&self, token: TokenHash) -> Result<Option<Session>, Fault> {
        Ok(self.state().sessions.get(&token).cloned())
    }

    async fn sessions(&self, account: AccountId) -> Result<Vec<Session>, Fault> {
        Ok(self.state().sessions_of(account))
    }

    async fn touch_session(&self, token: TokenHash, used: Timestamp, expires: Timestamp) -> Result<bool, Fault> {
        Ok(self.state().touch_session(token, used, expires))
    }

    async fn end_session(&self, token: TokenHash) -> Result<bool, Fault> {
        Ok(self.state().sessions.remove(&token).is_some())
    }

    async fn end_sessions(&self, account: AccountId, except: Option<TokenHash>) -> Result<Vec<TokenHash>, Fault> {
        Ok(self.state().end_sessions(|session| session.account == account && Some(session.token) != except))
    }

    async fn expire_sessions(&self, now: Timestamp) -> Result<u64, Fault> {
        Ok(self.state().end_sessions(|session| session.expires <= now).len() as u64)
    }

    async fn create_invitation(&self, invitation: Invitation) -> Result<bool, Fault> {
        Ok(self.state().create_invitation(invitation))
    }

    async fn invitation(&self, token: TokenHash) -> Result<Option<Invitation>, Fault> {
        Ok(self.state().invitations.get(&token).cloned())
    }

    async fn use_invitation(&self, token: TokenHash, who: Author, now: Timestamp) -> Result<Option<RoomId>, Fault> {
        Ok(self.state().use_invitation(token, who, now))
    }

    async fn invitations(&self, room: RoomId) -> Result<Vec<Invitation>, Fault> {
        Ok(self.state().invitations_of(room))
    }

    async fn end_invitation(&self, token: TokenHash) -> Result<bool, Fault> {
        Ok(self.state().invitations.remove(&token).is_some())
    }

    async fn role(&self, room: RoomId, who: Author) -> Result<Option<Role>, Fault> {
        Ok(self.state().roles.get(&(room, who.code())).copied())
    }

    async fn members(&self, room: RoomId, after: Option<Author>, limit: usize) -> Result<Vec<(Author, Role)>, Fault> {
        Ok(self.state().members(room, after, limit))
    }

    async fn rooms_of(&self, who: Author) -> Result<Vec<(RoomId, Role)>, Fault> {
        Ok(self.state().rooms_of(who))
    }

    async fn mark_read(&self, room: RoomId, account: AccountId, mark: ReadMark) -> Result<ReadMark, Fault> {
        Ok(self.state().mark_read(room, account, mark))
    }

    async fn read_mark(&self, room: RoomId, account: AccountId) -> Result<Option<ReadMark>, Fault> {
        Ok(self.state().marks.get(&(room, account)).copied())
    }

    async fn marks(&self, account: AccountId) -> Result<Vec<(RoomId, ReadMark)>, Fault> {
        Ok(self.state().marks_of(account))
    }

    async fn mark_read_many(&self, marks: Vec<(AccountId, RoomId, ReadMark)>) -> Result<(), Fault> {
        let mut state = self.state();
        for (account, room, mark) in marks {
            state.mark_read(room, account, mark);
        }
        Ok(())
    }

    async fn received(&self, account: AccountId) -> Result<Vec<(RoomId, Seq)>, Fault> {
        Ok(self.state().received(account))
    }

    async fn mark_received(&self, positions: Vec<(AccountId, RoomId, Seq)>) -> Result<(), Fault> {
        self.state().mark_received(positions);
        Ok(())
    }

    async fn index_lag(&self, limit: usize) -> Result<Vec<IndexLag>, Fault> {
        Ok(self.state().index_lag(limit))
    }

    async fn index(&self, room: RoomId, upto: Seq, entries: Vec<IndexEntry>) -> Result<(), Fault> {
        self.state().take_into_index(room, upto, entries);
        Ok(())
    }

    async fn search(
        &self,
        room: RoomId,
        tokens: Vec<String>,
        numbers: Range<Number>,
        limit: usize,
    ) -> Result<Vec<Number>, Fault> {
        Ok(self.state().search(room, &tokens, numbers, limit))
    }
}
