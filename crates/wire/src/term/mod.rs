//! The terminal door: strings with their length before them, and text that is safe to print
//! (protocols/term.md).
//!
//! [`Frames`] is our own and not `tokio_util`'s `LengthDelimitedCodec`: that one would bring an
//! asynchronous runtime into this crate, wants a growing buffer for each connection, and reports a
//! length that is too large without the length. Ours reads from whatever buffer the caller has and
//! keeps memory only while a string is incomplete.

mod frames;
mod shown;
#[cfg(test)]
mod tests;

pub use frames::{Frame, Frames, LEAVING, encode};
pub use shown::{push_indented, push_shown, shown};

/// The longest string in bytes (protocols/term.md).
pub const STRING_BYTES_MAX: usize = 4_096;
/// The length of a length in bytes.
pub const LENGTH_BYTES: usize = 8;
