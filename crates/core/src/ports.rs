//! What core needs of the world: a store, a bus, a clock, randomness and hashes of passwords. Each comes in as an argument,
//! so that a seeded simulation can be the world.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;

use crate::account::{Account, Guest, Invitation, NewAccount, ReadMark, Session, TokenHash};
use crate::event::{Appended, Author, Draft, Event, Imported};
use crate::ids::{AccountId, GuestId, MessageKey, Number, RoomId, Seq, Timestamp};
use crate::names::Handle;
use crate::refusal::{Error, Fault};
use crate::room::{Head, NewRoom, Role, Room, RoomRef};

/// The durable truth: rooms, their logs, people. The only sequencer.
///
/// Every verb is durable when it answers `Ok`, and has changed nothing when it answers a `Fault` other than
/// `OutcomeUnknown`. All implementations pass one contract suite; [`crate::model::Model`] is the one to compare with.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Thirty-two random bytes made with the store: the key of guests' cookies.
    async fn secret(&self) -> Result<[u8; 32], Fault>;

    /// Whether it can take a post now.
    async fn ready(&self) -> Result<(), Fault>;

    /// What is damaged, one sentence each; empty: nothing. Reads everything.
    async fn check(&self) -> Result<Vec<String>, Fault>;

    // Rooms

    /// Makes a room with its [`NewRoom::first_members`], by events of the system in its log, in the same step; answers it as
    /// it is after them. `None` if its name is a room's or an account's already, its key a room's, or its two people have a
    /// room of two.
    async fn create_room(&self, room: NewRoom) -> Result<Option<Room>, Fault>;

    /// A room that is not closed.
    async fn room(&self, by: RoomRef) -> Result<Option<Room>, Fault>;

    /// Listed rooms that are not closed, newest event first (a room without events counts by its making); at most `limit`.
    async fn listed_rooms(&self, limit: usize) -> Result<Vec<Room>, Fault>;

    /// Rooms that are not closed and not of two, by number, after this one; at most `limit`.
    async fn rooms(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, Fault>;

    /// The room of two that is these two people's, given as [`crate::room::pair`] has them.
    async fn direct_room(&self, pair: (Author, Author)) -> Result<Option<Room>, Fault>;

    /// A person's rooms of two, newest event first; at most `limit`.
    async fn direct_rooms(&self, who: Author, limit: usize) -> Result<Vec<Room>, Fault>;

    /// All rooms that are not closed and vanish when unused, by number.
    async fn vanishing_rooms(&self) -> Result<Vec<RoomId>, Fault>;

    /// The heads of these rooms, closed ones included; a room that does not exist is left out. One that is damaged has its
    /// own fault, so that it does not hide the others.
    async fn heads(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Result<Head, Fault>)>, Fault>;

    // Logs

    /// Appends what can be appended, in this order, all in one durable step, and says of each draft what became of it.
    ///
    /// In a room, `seq` continues without a gap, `at` is `max(now, the event before + 1)`, an author's `key` is unique, and
    /// the projections (current text, reactions, members, settings, the guest's name) move with the log.
    /// A draft that fails does not disturb its neighbours.
    ///
    /// Looked at in this order: the room exists; the key is new (else the first answer, even in a room closed since,
    /// compared with the body as it was posted, whatever became of it); the room is open; the message that the draft
    /// edits, deletes or reacts to exists and is not deleted, the one that it answers exists; the name that it gives the
    /// room is no other room's and no account's.
    /// An edit replaces the message's text in place. A redaction blanks the texts of the message and of its edits, and
    /// takes its reactions off. Settings change the room, member events its roles; the name that a guest's message was
    /// given is remembered; a room of two whose one loses the role is none any more ([`Room::part`]); who loses the role or
    /// is banned loses the invitations made to the room, too; `Closed` ends the log, all invitations, and frees what the
    /// room was found by ([`Room::end`]).
    async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, Fault>;

    /// Events from `from` on, in order, at most `limit`; also of a closed room.
    async fn events(&self, room: RoomId, from: Seq, limit: usize) -> Result<Vec<Event>, Fault>;

    /// Messages with numbers below `before`, the newest `limit` of them, in rising order; also of a closed room.
    async fn messages_before(&self, room: RoomId, before: Number, limit: usize) -> Result<Vec<Event>, Fault>;

    /// The message with this number.
    async fn message(&self, room: RoomId, number: Number) -> Result<Option<Event>, Fault>;

    /// The messages with these numbers, in this order, each once for each time that it is asked for; what is not there is
    /// left out.
    async fn messages(&self, room: RoomId, numbers: Vec<Number>) -> Result<Vec<Event>, Fault>;

    /// Where a time lies in a log: the position of the first event at or after it, and the number that the first message at or
    /// after it has. Beyond the end both are what comes next.
    async fn first_at(&self, room: RoomId, at: Timestamp) -> Result<(Seq, Number), Fault>;

    /// Appends what was said elsewhere, in this order, all in one durable step, if the room's log ends at `after` and is open;
    /// answers where it ends then. `None`: it does not, or there is no such room, and nothing was appended: so repeats and
    /// races can't double anything.
    ///
    /// As [`append`](Store::append) with the entry's time as the time now, but that names are taken as they are and remembered
    /// for nobody, that a message whose `reply_to` does not exist answers none, and that what [`append`](Store::append) would
    /// answer by `NoTarget` or `NameTaken` is left out, as is what comes after `Closed`.
    async fn import(&self, room: RoomId, after: Seq, entries: Vec<Imported>) -> Result<Option<Head>, Fault>;

    /// Whether an author used this key in this room before; also in a closed room.
    async fn has_key(&self, room: RoomId, author: Author, key: MessageKey) -> Result<bool, Fault>;

    /// Who has which reaction on a message now, sorted by reaction, then author code.
    async fn reactions(&self, room: RoomId, number: Number) -> Result<Vec<(String, Author)>, Fault>;

    // People

    /// Takes `count` guest numbers that nobody else gets; answers the first.
    async fn reserve_guests(&self, count: u64) -> Result<GuestId, Fault>;

    /// A guest who has spoken, or was claimed.
    async fn guest(&self, id: GuestId) -> Result<Option<Guest>, Fault>;

    /// Makes a guest's past an account's; `false` if it was claimed before, or there is no such account.
    async fn claim_guest(&self, guest: GuestId, account: AccountId) -> Result<bool, Fault>;

    /// The guests whose past is an account's, by number.
    async fn guests_of(&self, account: AccountId) -> Result<Vec<GuestId>, Fault>;

    /// Makes an account, and by an event of the system in the lobby's log, in the same step, a member of the lobby;
    /// `None` if its handle is an account's or a room's or looks like an account's ([`crate::names::skeleton`]), if its
    /// number is taken or not from 1 to 2^63 - 1, or if it shall be the operator and there is one.
    async fn create_account(&self, account: NewAccount) -> Result<Option<Account>, Fault>;

    /// An account by its number.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, Fault>;

    /// An account by its handle.
    async fn account_by_handle(&self, handle: Handle) -> Result<Option<Account>, Fault>;

    /// The account whose handle looks like this: given as [`crate::names::skeleton`] makes it.
    async fn account_by_skeleton(&self, skeleton: String) -> Result<Option<Account>, Fault>;

    /// Whether an account runs the server, disabled or not.
    async fn has_operator(&self) -> Result<bool, Fault>;

    /// All accounts by handle, after this one, at most `limit`.
    async fn accounts(&self, after: Option<Handle>, limit: usize) -> Result<Vec<Account>, Fault>;

    /// Overwrites an account's display name, password and state; handle, time of making and being the operator stay.
    /// `false` if there is none with its number.
    async fn update_account(&self, account: Account) -> Result<bool, Fault>;

    /// Removes an account with its sessions, marks, positions, invitations and, by events of the system in their logs in
    /// the same step, its roles in rooms that are not closed; its messages stay, so do its guests' claims; its handle is
    /// free. `false` if there is none.
    async fn remove_account(&self, id: AccountId, now: Timestamp) -> Result<bool, Fault>;

    /// Begins a session; `false` if there is no such account, or the token is a session's already.
    async fn create_session(&self, session: Session) -> Result<bool, Fault>;

    /// A session by its token's hash, expired or not.
    async fn session(&self, token: TokenHash) -> Result<Option<Session>, Fault>;

    /// An account's sessions, newest use first.
    async fn sessions(&self, account: AccountId) -> Result<Vec<Session>, Fault>;

    /// Notes a session's use and its new end; `false` if there is none.
    async fn touch_session(&self, token: TokenHash, used: Timestamp, expires: Timestamp) -> Result<bool, Fault>;

    /// Ends a session; `false` if there was none.
    async fn end_session(&self, token: TokenHash) -> Result<bool, Fault>;

    /// Ends all sessions of an account but this one; answers those that it ended, by token.
    async fn end_sessions(&self, account: AccountId, except: Option<TokenHash>) -> Result<Vec<TokenHash>, Fault>;

    /// Ends the sessions whose end is not after `now`; answers how many there were.
    async fn expire_sessions(&self, now: Timestamp) -> Result<u64, Fault>;

    /// Makes an invitation, and forgets those of its room that have expired by then; `false` if there is no such room that
    /// is open, or the token is an invitation's already.
    async fn create_invitation(&self, invitation: Invitation) -> Result<bool, Fault>;

    /// An invitation by its token's hash, expired, used up or not.
    async fn invitation(&self, token: TokenHash) -> Result<Option<Invitation>, Fault>;

    /// Lets somebody come by an invitation; answers the room. `None` if there is none, it has expired at `now`, or the
    /// person is banned. Who has no role becomes a member by an event of the system in the room's log in the same step,
    /// which takes one use, and gets `None` if none is left. Who has a role keeps it and takes no use: a repeat is
    /// answered like the first.
    async fn use_invitation(&self, token: TokenHash, who: Author, now: Timestamp) -> Result<Option<RoomId>, Fault>;

    /// A room's invitations, newest first, expired and used up ones included.
    async fn invitations(&self, room: RoomId) -> Result<Vec<Invitation>, Fault>;

    /// Ends an invitation; `false` if there was none.
    async fn end_invitation(&self, token: TokenHash) -> Result<bool, Fault>;

    /// A person's role in a room. Roles change by member events in the log only.
    async fn role(&self, room: RoomId, who: Author) -> Result<Option<Role>, Fault>;

    /// A room's people with a role, by author code, after this one, at most `limit`.
    async fn members(&self, room: RoomId, after: Option<Author>, limit: usize) -> Result<Vec<(Author, Role)>, Fault>;

    /// The rooms that are not closed in which a person has a role.
    async fn rooms_of(&self, who: Author) -> Result<Vec<(RoomId, Role)>, Fault>;

    /// Moves a read mark forward, at most to the newest message; one that is as far already stays. Answers the mark
    /// that holds: number 0 if there is no such room or account.
    async fn mark_read(&self, room: RoomId, account: AccountId, mark: ReadMark) -> Result<ReadMark, Fault>;

    /// An account's read mark in a room.
    async fn read_mark(&self, room: RoomId, account: AccountId) -> Result<Option<ReadMark>, Fault>;

    /// All of an account's read marks, by room, closed ones included.
    async fn marks(&self, account: AccountId) -> Result<Vec<(RoomId, ReadMark)>, Fault>;

    /// As [`mark_read`](Store::mark_read), for many in one step; what there is no room or account for is left out.
    async fn mark_read_many(&self, marks: Vec<(AccountId, RoomId, ReadMark)>) -> Result<(), Fault>;

    /// How far each room's log was handed out to an account, by room, closed ones included.
    async fn received(&self, account: AccountId) -> Result<Vec<(RoomId, Seq)>, Fault>;

    /// Moves such positions forward, at most to the head, all in one step; what there is no room or account for is left
    /// out. `RoomId(0)` is no room and has no head: a position of it is kept as it is given, for the caller's own use.
    async fn mark_received(&self, positions: Vec<(AccountId, RoomId, Seq)>) -> Result<(), Fault>;

    // Search

    /// Rooms, closed ones too, whose logs are longer than what the search index has of them, by number, at most `limit`.
    async fn index_lag(&self, limit: usize) -> Result<Vec<IndexLag>, Fault>;

    /// Takes tokens into the index, and moves a room's indexed position to `upto`, at most its head. Does nothing if the index
    /// is beyond that: another node's follower was faster, and these tokens may be older than those that are there.
    /// A token is one or more letters, digits and marks, folded; [`crate::search`] makes them.
    async fn index(&self, room: RoomId, upto: Seq, entries: Vec<IndexEntry>) -> Result<(), Fault>;

    /// Messages of a room that have all of these tokens, newest first, with one of these numbers, at most `limit`; without
    /// tokens none.
    async fn search(
        &self,
        room: RoomId,
        tokens: Vec<String>,
        numbers: Range<Number>,
        limit: usize,
    ) -> Result<Vec<Number>, Fault>;
}

/// The name under which a store itself makes events (as [`Author::System`]).
pub const SYSTEM_NAME: &str = "parlor";

/// How far the search index is behind a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexLag {
    /// The room.
    pub room: RoomId,
    /// The last position in the index.
    pub indexed: Seq,
    /// The last position of the log.
    pub head: Seq,
}

/// A message's place in the search index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// The message.
    pub number: Number,
    /// Its tokens, in place of those it had; none: it is not found any more.
    pub tokens: Vec<String>,
}

/// Hints to other nodes: "room R reached n". May lose, double, reorder; never the truth.
pub trait Bus: Send + Sync + 'static {
    /// Tells the others; never waits and never fails.
    fn hint(&self, room: RoomId, head: Seq);
}

/// The bus of a node that is alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBus;

impl Bus for NoBus {
    fn hint(&self, _room: RoomId, _head: Seq) {}
}

/// Hashing of passwords: slow on purpose, so it is bounded. Of [`crate::limits::PASSWORD_BYTES`] at most.
#[async_trait]
pub trait Passwords: Send + Sync + 'static {
    /// A hash to keep, with its own salt and parameters.
    ///
    /// # Errors
    /// `TooFast` if too many wait already, or a `Fault`.
    async fn hash(&self, password: &str) -> Result<String, Error>;

    /// Whether the hash was made of this password. `None` costs the same and is never right, so that nobody can tell by the
    /// time whether there is an account.
    ///
    /// # Errors
    /// `TooFast` if too many wait already, or a `Fault`: the hash is none.
    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Error>;
}

/// The time.
pub trait Clock: Send + Sync + 'static {
    /// The time of the world, which may jump.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed moment, which never runs back: for rates and timeouts.
    fn monotonic(&self) -> Duration;
}

/// Randomness from a cryptographic source.
pub trait Entropy: Send + Sync + 'static {
    /// Fills it all.
    fn fill(&self, bytes: &mut [u8]);
}
