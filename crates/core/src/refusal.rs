//! What can be said instead of yes: a [`Refusal`] (you may not, or cannot) or a [`Fault`] (we failed).

use std::time::Duration;

use thiserror::Error;

use crate::ids::{Epoch, Seq};

/// The asker may not, or cannot. A value for the doors to put into their own words; never logged as an error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no such thing, or the asker may not know of it: the two look alike.
    #[error("there is no such room")]
    NotFound,
    /// The room was closed while the asker was in it.
    #[error("the room was closed")]
    RoomClosed,
    /// The message was deleted; its number stays.
    #[error("the message was deleted")]
    Deleted,
    /// The message that was named does not exist in this room.
    #[error("there is no such message")]
    NoSuchMessage,
    /// The position that was presented is of another life of the log, or beyond its end: begin again from `head`.
    #[error("this position is not in the room's log: begin again")]
    Reset {
        /// The log's life now.
        epoch: Epoch,
        /// Its newest position.
        head: Seq,
    },
    /// The asker knows the room but may not do this in it.
    #[error("you may not do this here")]
    Forbidden,
    /// Nothing but white space.
    #[error("the {0} is empty")]
    Empty(What),
    /// Longer than the limit, in bytes or characters as the limit says.
    #[error("the {what} is too long: the limit is {limit} {unit}")]
    TooLong {
        /// What is too long.
        what: What,
        /// The limit that it is over.
        limit: usize,
        /// `bytes` or `characters`.
        unit: &'static str,
    },
    /// A character that the text rule refuses.
    #[error("bad_character: the {what} has a character that is not allowed, at byte {at}")]
    BadCharacter {
        /// What holds the character.
        what: What,
        /// Its byte offset in the text, from 0.
        at: usize,
    },
    /// Not UTF-8.
    #[error("bad_encoding: the {what} is not UTF-8, at byte {at}")]
    BadEncoding {
        /// What is not UTF-8.
        what: What,
        /// The byte offset of the first bad byte, from 0.
        at: usize,
    },
    /// Not a valid name, or reserved.
    #[error("not a valid name: {0}")]
    BadName(&'static str),
    /// A valid name that is somebody's.
    #[error("the name is taken")]
    NameTaken,
    /// A number for an account that is an account's, or that none can have.
    #[error("the number is in use, or not from 1 to 2^63 - 1")]
    NumberTaken,
    /// Not a password: empty, or longer than the limit.
    #[error("a password has 1 to {} bytes", crate::limits::PASSWORD_BYTES)]
    BadPassword,
    /// An account has to have a password here, and none was given.
    #[error("an account needs a password here")]
    NoPassword,
    /// No such account, or not its password, or it may not log in: they look alike.
    #[error("wrong user name or password")]
    BadLogin,
    /// Somebody is logged in with the account.
    #[error("the account is logged in")]
    LoggedIn,
    /// Not what the room's question wants to hear.
    #[error("this is not the answer to the room's question")]
    WrongAnswer,
    /// There is nobody like that, or the asker may not know: the two look alike.
    #[error("there is no such person")]
    NoSuchPerson,
    /// No account has this name, of several that were named; what nothing can have is cut to 64 characters.
    #[error("there is no user {0:?}")]
    Unknown(String),
    /// All who were named have this role, or a higher one.
    #[error("all of them are members already")]
    AlreadyMember,
    /// The last owner can't go while others are members.
    #[error("you are its last owner: the others would be left without one")]
    LastOwner,
    /// Not a cursor that this server gave to this account.
    #[error("this cursor was never given to you: ask without one")]
    BadCursor,
    /// Not a search that can be understood; what is wrong with it.
    #[error("this search can't be understood: {0}")]
    BadQuery(&'static str),
    /// Not a time zone that the database has.
    #[error("there is no such time zone: choose one like Europe/Berlin")]
    BadTimeZone,
    /// A guest who is not here would never read it.
    #[error("this guest is not here any more")]
    Away,
    /// A direct message to the one who sends it.
    #[error("this is yourself: choose somebody else")]
    ToOneself,
    /// The connection is in this room already.
    #[error("you are in this room already")]
    AlreadyHere,
    /// Not in this room.
    #[error("you are not in this room")]
    NotHere,
    /// Not logged in.
    #[error("you are not logged in")]
    NotLoggedIn,
    /// Not the server's password, or none is configured.
    #[error("the server password is wrong")]
    WrongServerPassword,
    /// The same idempotency key came before, with another body.
    #[error("this idempotency key was used for another message")]
    KeyConflict,
    /// Over a rate.
    #[error("too fast: try again in {} s", .retry_after.as_secs_f64().ceil())]
    TooFast {
        /// When one more will be taken.
        retry_after: Duration,
    },
    /// Over a count that one person or address may have.
    #[error("too many {what}: the limit is {limit}")]
    TooMany {
        /// What there are too many of, in the plural.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl Refusal {
    /// A stable code, the same at every door and in the docs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotFound => "not_found",
            Refusal::RoomClosed => "room_closed",
            Refusal::Deleted => "deleted",
            Refusal::NoSuchMessage => "no_such_message",
            Refusal::Reset { .. } => "cursor_reset",
            Refusal::Forbidden => "forbidden",
            Refusal::Empty(_) => "empty",
            Refusal::TooLong { .. } => "too_long",
            Refusal::BadCharacter { .. } => "bad_character",
            Refusal::BadEncoding { .. } => "bad_encoding",
            Refusal::BadName(_) => "bad_name",
            Refusal::NameTaken => "name_taken",
            Refusal::NumberTaken => "number_taken",
            Refusal::BadPassword => "bad_password",
            Refusal::NoPassword => "no_password",
            Refusal::BadLogin => "bad_login",
            Refusal::LoggedIn => "logged_in",
            Refusal::WrongAnswer => "wrong_answer",
            Refusal::NoSuchPerson => "no_such_person",
            Refusal::Unknown(_) => "unknown_user",
            Refusal::AlreadyMember => "already_member",
            Refusal::LastOwner => "last_owner",
            Refusal::BadCursor => "bad_cursor",
            Refusal::BadQuery(_) => "bad_search",
            Refusal::BadTimeZone => "bad_time_zone",
            Refusal::Away => "away",
            Refusal::ToOneself => "to_oneself",
            Refusal::AlreadyHere => "already_here",
            Refusal::NotHere => "not_here",
            Refusal::NotLoggedIn => "not_logged_in",
            Refusal::WrongServerPassword => "wrong_server_password",
            Refusal::KeyConflict => "cmid_conflict",
            Refusal::TooFast { .. } => "too_fast",
            Refusal::TooMany { .. } => "too_many",
        }
    }
}

/// What a refusal speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A message's text.
    Message,
    /// A room's subject.
    Subject,
    /// A display name or nickname.
    Name,
    /// A reaction.
    Reaction,
    /// A search.
    Query,
    /// A room's question.
    Question,
    /// The answer to a room's question.
    Answer,
}

impl std::fmt::Display for What {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            What::Message => "message",
            What::Subject => "subject",
            What::Name => "name",
            What::Reaction => "reaction",
            What::Query => "search",
            What::Question => "question",
            What::Answer => "answer",
        })
    }
}

/// We failed. Logged once, where it is handled; people see a sentence without internals.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// No room on the disk: nothing was stored, and it may be tried again when there is space.
    #[error("the disk is full")]
    DiskFull,
    /// The store can't be reached or is too busy: nothing was stored.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A commit may or may not have happened. Repeating with the same idempotency key is safe.
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// The store holds something that can't be right.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// A bug of ours.
    #[error("internal fault: {0}")]
    Internal(String),
}

/// Either of the two: what most of [`crate::Chat`]'s verbs answer when it is not yes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The asker may not, or cannot.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// We failed.
    #[error(transparent)]
    Failed(#[from] Fault),
}
