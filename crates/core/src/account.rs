//! Accounts, sessions, invitations and read marks as the store holds them.

use crate::event::Author;
use crate::ids::{AccountId, GuestId, Number, RoomId, Timestamp};
use crate::names::Handle;
use crate::text::DisplayName;

/// Someone who registered a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// The name by which it logs in.
    pub handle: Handle,
    /// The name that people see.
    pub display_name: DisplayName,
    /// Argon2id hash in PHC form; `None`: no password is asked.
    pub password: Option<String>,
    /// Whether it may not log in.
    pub disabled: bool,
    /// Whether it runs the server. A store has at most one that does.
    pub operator: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its number; `None`: the store's own next one, from 2^40 on.
    pub id: Option<AccountId>,
    /// The name by which it shall log in.
    pub handle: Handle,
    /// The name that people shall see.
    pub display_name: DisplayName,
    /// Argon2id hash in PHC form; `None`: no password.
    pub password: Option<String>,
    /// Whether it shall run the server; only while there is none that does.
    pub operator: bool,
    /// The time now.
    pub now: Timestamp,
}

/// The SHA-256 of a session's or an invitation's token: the token itself is nowhere but with who was given it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not even a hash belongs into a log.
        out.write_str("TokenHash(..)")
    }
}

/// A log-in that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its token's hash.
    pub token: TokenHash,
    /// Whose it is.
    pub account: AccountId,
    /// What its owner sees in the list of sessions, for example the door and program.
    pub label: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used.
    pub used: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
}

/// A right to become a member of a room, for whoever has the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its token's hash.
    pub token: TokenHash,
    /// The room.
    pub room: RoomId,
    /// Who made it.
    pub by: Author,
    /// How many may still come by it; `None`: any number.
    pub uses: Option<u32>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on nobody can come by it.
    pub expires: Timestamp,
}

/// A guest who has spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Its number.
    pub id: GuestId,
    /// The nickname of its last post, if it gave one.
    pub name: Option<DisplayName>,
    /// The account that claimed it.
    pub account: Option<AccountId>,
}

/// How far a person has read a room: moves forward only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// The last message seen.
    pub number: Number,
    /// When it was moved.
    pub at: Timestamp,
}
