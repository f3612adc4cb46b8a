//! What one connection is told: answers as frames, and refusals in this door's words.

use bytes::Bytes;
use parlor_core::{Error, Fault};
use parlor_wire::websocket::{CloseCode, Opcode, encode, encode_close};
use parlor_wire::wscmd::{Counting, Message};

use crate::live::Dialect;

/// How a dialect counts the length of a string: the first is what connections begin with (protocols/wscmd.md).
pub(super) fn counting(dialect: Dialect) -> Counting {
    if dialect == 0 { Counting::Utf16 } else { Counting::Utf8 }
}

/// The dialect that counts so.
pub(super) fn dialect(counting: Counting) -> Dialect {
    match counting {
        Counting::Utf16 => 0,
        Counting::Utf8 => 1,
    }
}

/// A message as one frame.
pub(super) fn frame(message: &Message<'_>, dialect: Dialect) -> Bytes {
    let mut out = Vec::new();
    append(message, dialect, &mut out);
    out.into()
}

/// Appends a message as one frame.
pub(super) fn append(message: &Message<'_>, dialect: Dialect, out: &mut Vec<u8>) {
    encode(Opcode::Text, message.to_text(counting(dialect)).as_bytes(), None, out);
}

/// A close frame.
pub(super) fn close(code: CloseCode, reason: &str) -> Bytes {
    let mut out = Vec::new();
    encode_close(code, reason, None, &mut out);
    out.into()
}

/// What core said instead of yes, for `error(...)`. A fault is logged here, where its handling ends.
pub(super) fn sentence(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => refusal.to_string(),
        Error::Failed(fault) => {
            tracing::error!(%fault, "a command could not be done");
            match fault {
                Fault::DiskFull => "the disk of the server is full: nothing was stored, try again later",
                Fault::OutcomeUnknown(_) => "it is unknown whether this was stored: look before you send it again",
                _ => "the server failed: nothing was stored, try again later",
            }
            .to_owned()
        }
    }
}
