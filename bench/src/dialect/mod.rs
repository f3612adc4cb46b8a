//! What the crowd says and hears at each kind of server: the client's side of its protocol, as little as the load needs.

pub(crate) mod bare;
pub(crate) mod irc;
pub(crate) mod nats;
pub(crate) mod plain_ws;
pub(crate) mod term;
pub(crate) mod websocket;
pub(crate) mod wscmd;

use anyhow::Result;

use crate::crowd::Ear;

/// One protocol, shared by all connections of a crowd, so that it can hold what all must know (a room's id).
pub(crate) trait Dialect {
    /// Bytes to send as soon as the connection stands.
    fn hello(&mut self, _session: &mut Session, _out: &mut Vec<u8>) {}

    /// Takes what is whole from the front of `bytes`, appends what must be answered to `out`, tells the ear what was
    /// said, and answers how many bytes it took.
    ///
    /// # Errors
    /// When the server refuses, or says what the protocol does not allow.
    fn hear(&mut self, session: &mut Session, bytes: &[u8], out: &mut Vec<u8>, ear: &mut Ear<'_>) -> Result<usize>;

    /// Appends the bytes that post `text` in the room.
    fn post(&mut self, session: &Session, text: &[u8], out: &mut Vec<u8>);

    /// Whether a poster hears its own post like everybody.
    fn echoes(&self) -> bool {
        true
    }

    /// Whether all hear the posts of different people in the same order.
    fn has_one_order(&self) -> bool {
        true
    }

    /// The first room's id, where rooms have one that others must know.
    fn room(&self) -> Option<&str> {
        None
    }

    /// Whether this connection cannot be opened before those before it have joined.
    fn must_wait(&self, _index: usize) -> bool {
        false
    }
}

/// How far one connection is.
pub(crate) struct Session {
    /// Counts the connections of a crowd from 0.
    pub(crate) index: usize,
    pub(crate) stage: Stage,
    /// Why the server is about to close the connection, if it said so.
    pub(crate) farewell: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connected,
    /// The server has greeted; what was sent is not yet answered.
    Asked,
    Joined,
}

/// The protocols, as the processes of the load are told them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    Term,
    Wscmd,
    BareTerm,
    BareWscmd,
    Irc,
    Nats,
    PlainWs,
}
