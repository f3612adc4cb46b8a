//! Why a command ended without doing what it was asked.

use std::io;

/// Why a command failed. Each prints as a sentence for a person: what happened, what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// What was typed cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// The server answered, and the answer is no.
    #[error("{server} refused: {reason}")]
    Refused {
        /// The server's address.
        server: String,
        /// Its own sentence.
        reason: String,
    },
    /// There is no such room, or there is none any more.
    #[error("{0}")]
    Gone(String),
    /// Nobody answered, or not in time, in all attempts.
    #[error("cannot reach {server}: {reason}; is the server running, and is the address right (--server URL)?")]
    Unreachable {
        /// The server's address.
        server: String,
        /// What the last attempt met.
        reason: String,
    },
    /// Nobody lets us in at a door that keeps its connection.
    #[error("cannot connect to {address}: {reason}; {check}")]
    NoDoor {
        /// Where.
        address: String,
        /// What happened.
        reason: String,
        /// What to look at.
        check: &'static str,
    },
    /// The server ended a conversation that we would have gone on with.
    #[error("{server} closed the connection{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Closed {
        /// The server's address.
        server: String,
        /// Its own words, if it had any.
        reason: Option<String>,
    },
    /// The answer is none that a parlor gives.
    #[error("{server} does not answer like a parlor: {reason}; check the address")]
    NotParlor {
        /// The server's address.
        server: String,
        /// What was odd.
        reason: String,
    },
    /// The file with the sessions of a person could not be read or written.
    #[error("{0}")]
    Cookies(String),
    /// The message could not be read or the output not be written.
    #[error("cannot read the message or write the output: {0}")]
    Io(#[from] io::Error),
}

/// How a command ends, as its process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// The server said no or ended the conversation, the room is gone, or the output broke.
    Refused = 1,
    /// Typed wrong.
    Usage = 2,
    /// No server there (`EX_UNAVAILABLE` of sysexits).
    Unreachable = 69,
}

impl ClientError {
    /// The exit code that tells scripts this error from the others.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            ClientError::Usage(_) => Exit::Usage,
            ClientError::Unreachable { .. } | ClientError::NoDoor { .. } => Exit::Unreachable,
            ClientError::Refused { .. }
            | ClientError::Gone(_)
            | ClientError::Closed { .. }
            | ClientError::NotParlor { .. }
            | ClientError::Cookies(_)
            | ClientError::Io(_) => Exit::Refused,
        }
    }
}
