//! WebSocket (RFC 6455): the handshake, frames and messages, without a socket.
//!
//! [`Messages`] is our own and not tungstenite's: that one keeps buffers for reading and writing for
//! each connection for as long as it lives, joins any number of fragments, and brings a source of
//! randomness into this crate. Ours reads from whatever buffer the caller has, unmasks in place and
//! keeps memory only while a message is incomplete, so that an idle connection costs next to nothing.
//! A test compares the two on random streams.
//!
//! Extensions are absent on purpose: none is negotiated, so compressed bombs cannot exist (PROMISES S34).

#[cfg(test)]
mod differential;
mod frame;
mod handshake;
mod messages;
#[cfg(test)]
mod tests;

pub use frame::{CloseCode, Header, Opcode, encode, encode_close};
pub use handshake::{Handshake, HandshakeError, accept_key, check_answer, client_key};
pub use messages::{Event, Messages, Violation};

/// The longest frame, and the longest message, that a server takes from a client, in bytes (PROMISES 2.7).
pub const MESSAGE_BYTES_MAX: usize = 65_536;
/// The largest number of frames of one message (PROMISES 2.7): no client in use sends more than a few,
/// and each costs time to read.
pub const FRAGMENTS_MAX: u8 = 64;
/// The longest content of a ping, pong or close in bytes (RFC 6455, 5.5).
pub const CONTROL_BYTES_MAX: usize = 125;
