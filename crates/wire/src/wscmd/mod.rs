//! WebSocket text commands: what a client sends, what the server sends (protocols/wscmd.md).
//!
//! [`Command`] and [`Message`] have the protocol's own names, and so have their parameters:
//!
//! | parameter | what it is |
//! |---|---|
//! | `messageid` | the client's own number for a command; answers carry it. In what somebody else caused, that client's number; 0 if it was no command of this protocol |
//! | `chatroomid` | the room's number |
//! | `chatclientid` | the connection's number |
//! | `userid`, `username` | the account's number and name; 0 and empty for somebody without |
//! | `room_name`, `question` | what a room is called, and what it asks of those who join |
//! | `answer_hashed`, `answerhashed` | the answer, hashed by the client as it likes |
//! | `server_password`, `password` | of the server, of the account |
//! | `number_of_clients`, `people_count` | how many are in the room |
//! | `info` | what a room is to the reader: [`Info`] |
//! | `status` | [`STATUS_LOGGED_IN`], [`STATUS_LOGGED_OFF`], and in a question [`STATUS_BOTH`] |
//! | `leave_other_chatrooms`, `disconnect` | 0 is no, every other number yes |
//! | `message` | what was said |
//!
//! All texts are borrowed from what was read: the grammar escapes nothing.

mod command;
mod grammar;
mod message;
#[cfg(test)]
mod tests;

pub use command::{Command, CommandError};
pub use grammar::{Counting, Problem};
pub use message::{Info, ListedRoom, ListedUser, Message, PresentUser};

/// The subprotocol that clients offer in the WebSocket handshake.
pub const SUBPROTOCOL: &str = "chatroom-protocol";
/// The longest command in bytes (PROMISES 2.7).
pub const COMMAND_BYTES_MAX: usize = 65_536;
/// The longest name of a command in bytes (PROMISES 2.7).
pub const NAME_BYTES_MAX: usize = 32;
/// The largest number, 2^63-1: what every store can hold.
pub const NUMBER_MAX: u64 = i64::MAX as u64;

/// `status` of an account that is logged in.
pub const STATUS_LOGGED_IN: u64 = 1;
/// `status` of an account that is not logged in.
pub const STATUS_LOGGED_OFF: u64 = 2;
/// `status` in `getusers` that asks for both.
pub const STATUS_BOTH: u64 = 3;

/// A password or an answer: text that no log may show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret<'a>(pub &'a str);

impl std::fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(empty)" } else { "Secret(hidden)" })
    }
}
