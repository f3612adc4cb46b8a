//! What a room's log is made of.

use crate::ids::{AccountId, GuestId, MessageKey, Number, RoomId, Seq, Timestamp};
use crate::refusal::Fault;
use crate::room::{Role, SettingsChange};
use crate::text::{DisplayName, Emoji, Text};

/// One entry of a room's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The room whose log this is in.
    pub room: RoomId,
    /// Its position; every cursor counts in it.
    pub seq: Seq,
    /// A message's own number; an event that is no message carries the count so far.
    pub number: Number,
    /// When: unique in the room and never running back, whatever the clock did.
    pub at: Timestamp,
    /// Whose act it was.
    pub author: Author,
    /// The author's name as it was then.
    pub name: DisplayName,
    /// What happened.
    pub body: Body,
}

/// A person, or the server itself, as it stands behind an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Author {
    /// Someone with an account.
    Account(AccountId),
    /// Someone without one, known by a cookie or a connection.
    Guest(GuestId),
    /// parlor itself, or its operator.
    System,
}

impl Author {
    /// One integer for a store: accounts positive, guests negative, the system 0.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Author::Account(id) => id.0.cast_signed(),
            Author::Guest(id) => -id.0.cast_signed(),
            Author::System => 0,
        }
    }

    /// The author of a [`code`](Author::code).
    #[must_use]
    pub fn from_code(code: i64) -> Author {
        match code {
            0 => Author::System,
            1.. => Author::Account(AccountId(code.unsigned_abs())),
            _ => Author::Guest(GuestId(code.unsigned_abs())),
        }
    }

    /// Whether doors show the name with a leading `~`.
    #[must_use]
    pub fn is_guest(self) -> bool {
        matches!(self, Author::Guest(_))
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Somebody said something. The text is the newest one: an edit replaces it in place.
    Message {
        /// What was said; empty once deleted.
        text: Text,
        /// The message that this one answers.
        reply_to: Option<Number>,
        /// Whether and how it was changed since.
        state: MessageState,
    },
    /// A message got another text.
    Edit {
        /// The message.
        target: Number,
        /// Its new text; empty once the message is deleted.
        text: Text,
    },
    /// A message was deleted: its text is gone from the store, its number stays.
    Redaction {
        /// The message.
        target: Number,
    },
    /// A reaction was put on a message, or taken off.
    Reaction {
        /// The message.
        target: Number,
        /// The reaction.
        emoji: Emoji,
        /// On or off.
        on: bool,
    },
    /// The room's subject or another setting changed.
    Settings(SettingsChange),
    /// Someone became a member, stopped being one, or got another role.
    Member {
        /// Who.
        who: Author,
        /// The role from now on; `None`: no member any more.
        role: Option<Role>,
    },
    /// The room was closed: the last event of its log.
    Closed,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageState {
    /// As it was posted.
    #[default]
    Posted,
    /// Its text is a later one.
    Edited,
    /// Deleted.
    Redacted,
}

impl Body {
    /// Whether it counts as a message, and so gets a number of its own.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self, Body::Message { .. })
    }

    /// The message that the event changes in place, if it does.
    #[must_use]
    pub fn amends(&self) -> Option<Number> {
        match self {
            Body::Edit { target, .. } | Body::Redaction { target } => Some(*target),
            _ => None,
        }
    }

    /// A new message's body.
    #[must_use]
    pub fn message(text: Text, reply_to: Option<Number>) -> Body {
        Body::Message { text, reply_to, state: MessageState::Posted }
    }
}

/// An event that asks to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The room.
    pub room: RoomId,
    /// Whose act it is; the rights were checked.
    pub author: Author,
    /// The author's name for this event.
    pub name: NameChoice,
    /// What shall happen. A message's state is [`MessageState::Posted`].
    pub body: Body,
    /// The client's own id of it, unique per author and room, kept for ever.
    pub key: Option<MessageKey>,
    /// The time now; the event's own is never below the one before it.
    pub now: Timestamp,
}

/// An event that happened elsewhere, for [`crate::ports::Store::import`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// When. In the log it is later than the event before it, however little.
    pub at: Timestamp,
    /// Whose act it was.
    pub author: Author,
    /// The author's name as it was then.
    pub name: DisplayName,
    /// What happened. A message's state is [`MessageState::Posted`].
    pub body: Body,
}

/// Under which name an event is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameChoice {
    /// This one; for a guest's message it is remembered.
    Given(DisplayName),
    /// The guest's remembered name, else this one.
    RememberedOr(DisplayName),
}

/// What became of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is in the log, durably.
    New {
        /// The event as it stands there.
        event: Event,
        /// The message as it stands now, if the event edited or deleted one.
        amended: Option<Event>,
    },
    /// Its key came before with the same body: this is the first answer; nothing was appended.
    Duplicate(Event),
    /// Its key came before with another body; nothing was appended.
    KeyConflict,
    /// The room does not exist or is closed; nothing was appended.
    NoRoom,
    /// The message that it names does not exist, or was deleted; nothing was appended.
    NoTarget,
    /// The name that a room shall get is another room's or an account's; nothing was appended.
    NameTaken,
    /// This draft alone could not be stored, for example because its room is damaged; nothing of it was appended.
    Failed(Fault),
}
