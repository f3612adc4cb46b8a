//! What can be ordered and what comes back. One order and one answer is one line of JSON.

use serde::{Deserialize, Serialize};

/// Something to be done. Without `Debug`: it may hold a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Order {
    /// Make an account; without a password where that is allowed.
    UserAdd { name: String, display_name: Option<String>, password: Option<String> },
    /// Give it another password, or none; every log-in of it ends.
    UserPasswd { name: String, password: Option<String> },
    /// Accounts by name, after this one.
    UserList { after: Option<String> },
    /// Let it log in, or not; then every log-in of it ends.
    UserDisable { name: String, disabled: bool },
    /// Remove it; what it said stays.
    UserRemove { name: String },
    /// Rooms by number, after this one.
    RoomList { after: Option<u64> },
    /// Make a room.
    RoomCreate { name: Option<String>, subject: Option<String>, listed: bool, members_only: bool, admins: Vec<String> },
    /// Give it another name.
    RoomRename { room: String, name: String },
    /// End it.
    RoomClose { room: String },
    /// Who belongs to it, after these were added and removed.
    RoomMembers { room: String, add: Vec<String>, admins: Vec<String>, remove: Vec<String> },
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It is done.
    Done(Outcome),
    /// It may not or cannot be done; a sentence for people.
    Refused(String),
    /// The server failed; a sentence for people.
    Failed(String),
}

/// What there is to tell of something that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Nothing,
    Users(Vec<UserRow>),
    Room(RoomRow),
    Rooms(Vec<RoomRow>),
    Members(Vec<MemberRow>),
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserRow {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) number: u64,
    /// Whether it runs the server, too.
    pub(crate) operator: bool,
    /// Whether it may not log in.
    pub(crate) disabled: bool,
    /// Whether it has a password.
    pub(crate) password: bool,
    /// When it was made, as RFC 3339 has it.
    pub(crate) created: String,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoomRow {
    pub(crate) number: u64,
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    pub(crate) subject: String,
    pub(crate) listed: bool,
    /// `open`, `question` or `members`.
    pub(crate) access: String,
    pub(crate) messages: u64,
    /// When it was made, as RFC 3339 has it.
    pub(crate) created: String,
}

/// Somebody who belongs to a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberRow {
    /// The handle of an account; a guest's name behind `~`.
    pub(crate) name: String,
    /// `member`, `admin`, `owner` or `banned`.
    pub(crate) role: String,
}
