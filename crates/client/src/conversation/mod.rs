//! One short, real conversation at each door, by which an operator sees that the doors work.
//!
//! Each takes two people and needs a server in which nobody else is: they take names that others may want.

mod chat1;
mod http_chat;
mod term;
mod wscmd;

use std::time::Duration;

use crate::ClientError;

/// How long an answer may take that should come at once.
const ANSWER: Duration = Duration::from_secs(10);
/// What is read while waiting for one answer; a server that says more than this says the wrong thing.
const HEARD_BYTES_MAX: usize = 1 << 20;

/// Where the doors of a server are, as `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// The HTTP port.
    pub http: String,
    /// The terminal door.
    pub term: String,
    /// The CHAT/1.0 door.
    pub chat: String,
}

/// Holds a conversation.
pub type Conversation = fn(&Doors) -> Result<(), ClientError>;

/// The conversations by the names of their doors.
pub const CONVERSATIONS: [(&str, Conversation); 4] =
    [("http-chat", http_chat::hold), ("term", term::hold), ("chat1", chat1::hold), ("wscmd", wscmd::hold)];

/// The error of a server that says something else than what should come next.
fn unexpected(server: &str, awaited: &str, heard: &str) -> ClientError {
    let start: String = heard.chars().take(200).collect();
    let reason = format!("waited for {awaited:?} and heard {start:?}");
    ClientError::NotParlor { server: server.to_owned(), reason: crate::shown::line(&reason) }
}
