//! CHAT/1.0: requests, answers, pushed messages (protocols/chat1.md).
//!
//! The server reads with [`RequestReader`] and writes [`Answer`] and [`Push`]; a client writes [`Call`] and reads with
//! [`ReplyReader`]. [`Request`] has a typed reader for every header of the protocol: each refuses what its grammar does
//! not allow with a [`Fault`], which is a sentence and knows its [`Status`].
//!
//! ```
//! use parlor_wire::chat1::{Answer, Method, RequestReader, Status, Wait};
//!
//! let mut reader = RequestReader::new(8_192);
//! let mut bytes: &[u8] = b"SEND josie CHAT/1.0\n\nHey josie! :)\n";
//! assert!(reader.next(&mut bytes).is_none());
//! // Nothing says that the text is over: the caller waits, and tells when nothing more came.
//! assert_eq!(reader.wait(), Wait::Quiet);
//! let request = reader.quiet().unwrap().unwrap();
//! assert_eq!((request.method(), request.argument()), (Method::Send, Some("josie")));
//! assert_eq!(request.body(), b"Hey josie! :)");
//! let mut out = Vec::new();
//! Answer::new(Status::Ok).write(request.framing(), &mut out);
//! assert_eq!(out, b"CHAT/1.0 200 OK\n");
//! ```
//!
//! What the protocol leaves open, and what is done here:
//!
//! - A line is taken for the beginning of the next plain request only if it is a whole request line of a known method, with
//!   its version (`SEND chat` may lack it). Every other line before an empty one is a header, perhaps a bad one. So an unknown
//!   method begins a request only where one may begin, and its request ends like any plain one.
//! - A request that is wrong is read to its end before it is refused, by the same rules that a right one ends by, so that
//!   what follows is understood. A body that was announced and is not wanted is passed over after the refusal.
//! - A `Content-Length` that is no number, or two that differ, leave nobody knowing where the body ends: the refusal says that
//!   nothing can be read after it ([`BadRequest::is_last`]).
//! - Empty lines between requests mean nothing. A header that the protocol has once may come once.
//! - A line holds no control characters but tabs, and is UTF-8. Of a header's value, spaces and tabs around it are no part.

mod answer;
mod blocks;
mod call;
mod fault;
mod fields;
mod json;
mod reply;
mod request;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Push, Sender, Status};
pub use call::{Call, CallError, Field};
pub use fault::{BadRequest, Fault};
pub use fields::{Invitation, Role, SessionId};
pub use json::{MessageJson, MessagesJson, names_json, read_names};
pub use reply::{Answered, Pushed, Reply, ReplyError, ReplyReader};
pub use request::{Method, Request, RequestReader};

/// The longest line in bytes without its end: of a request line and of a header (PROMISES 2.7).
pub const LINE_BYTES_MAX: usize = 1_024;
/// The largest number of headers of one request (PROMISES 2.7).
pub const HEADERS_MAX: usize = 32;
/// How much longer than a message the body of a request may be in bytes (PROMISES 2.7).
pub const BODY_EXTRA_BYTES: usize = 4_096;
/// How many bytes of one request are passed over at most so that the connection can live on. Whoever sends more that nobody
/// wants costs more than a new connection does.
pub const PASSED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The longest `Message-Id` in bytes.
pub const MESSAGE_ID_BYTES_MAX: usize = 64;

/// Whether lengths tell where a request or an answer ends. An answer has the framing of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// No length: a request ends when nothing more comes.
    Plain,
    /// With `Content-Length`.
    Framed,
}

/// What a reader waits for. The times are the caller's: this crate has no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wait {
    /// More bytes, for as long as the caller likes; that none come says nothing.
    Byte,
    /// More bytes, or nothing for `quiet_ms`: then what came is whole, and `quiet` gives it.
    Quiet,
    /// The first byte of a text, or nothing for 2 s: then there is no text, and `quiet` gives the request.
    BodyStart,
}
