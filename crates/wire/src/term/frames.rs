use std::borrow::Cow;

use super::{LENGTH_BYTES, STRING_BYTES_MAX};
use crate::grow::append;

/// The string of length 0, by which a client says that it leaves.
pub const LEAVING: [u8; LENGTH_BYTES] = [0; LENGTH_BYTES];

/// One string as it came, or why it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A string of 1 to [`STRING_BYTES_MAX`] bytes; borrowed when it came in one piece.
    Text(Cow<'a, str>),
    /// A string that is not UTF-8. The next one can be read.
    NotUtf8,
    /// The string of length 0: the client leaves.
    Leaving,
    /// The length that was announced, which is over [`STRING_BYTES_MAX`]. Nothing can be read after it:
    /// nobody knows where the next string begins.
    TooLong(u64),
}

/// Reads strings from a stream that arrives in pieces of any size.
///
/// Holds heap memory only while a string is incomplete, and then no more than twice what came of it.
#[derive(Debug, Default)]
pub struct Frames {
    length: [u8; LENGTH_BYTES],
    /// How many bytes of the length came.
    length_have: u8,
    /// A length came that is too large.
    lost: bool,
    /// What came of a string, if the rest is still to come.
    text: Vec<u8>,
}

impl Frames {
    /// Takes the next string off the front of `bytes`, or all of them if that completes none.
    ///
    /// Call it until it returns `None`; `bytes` is empty then. After [`Frame::TooLong`] it returns
    /// `None` for ever.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Frame<'a>> {
        if self.lost {
            *bytes = &[];
            return None;
        }
        let length = self.length(bytes)?;
        if length == 0 {
            self.length_have = 0;
            return Some(Frame::Leaving);
        }
        let Some(string_bytes) = usize::try_from(length).ok().filter(|bytes| *bytes <= STRING_BYTES_MAX) else {
            self.lost = true;
            return Some(Frame::TooLong(length));
        };
        let part = take(bytes, string_bytes - self.text.len());
        if part.len() == string_bytes {
            self.length_have = 0;
            return Some(std::str::from_utf8(part).map_or(Frame::NotUtf8, |text| Frame::Text(text.into())));
        }
        append(&mut self.text, part, string_bytes);
        if self.text.len() < string_bytes {
            return None;
        }
        self.length_have = 0;
        let text = std::mem::take(&mut self.text);
        Some(String::from_utf8(text).map_or(Frame::NotUtf8, |text| Frame::Text(text.into())))
    }

    /// Tells whether the stream stands between two strings, so that its end would cut nothing off.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.length_have == 0
    }

    /// The length of the string at hand, once all of its bytes came.
    fn length(&mut self, bytes: &mut &[u8]) -> Option<u64> {
        let have = usize::from(self.length_have);
        let part = take(bytes, LENGTH_BYTES - have);
        self.length[have..have + part.len()].copy_from_slice(part);
        self.length_have += u8::try_from(part.len()).expect("a part of a length has at most eight bytes");
        (usize::from(self.length_have) == LENGTH_BYTES).then(|| u64::from_be_bytes(self.length))
    }
}

/// Appends a text as one string, or as several if it is longer than [`STRING_BYTES_MAX`]; none is cut
/// inside a character.
///
/// The empty text appends nothing, because length 0 has a meaning of its own: see [`LEAVING`].
pub fn encode(text: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    while !rest.is_empty() {
        let (string, after) = rest.split_at(rest.floor_char_boundary(STRING_BYTES_MAX));
        out.extend_from_slice(&(string.len() as u64).to_be_bytes());
        out.extend_from_slice(string.as_bytes());
        rest = after;
    }
}

/// Takes at most so many bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], count_max: usize) -> &'a [u8] {
    let (front, rest) = bytes.split_at(count_max.min(bytes.len()));
    *bytes = rest;
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_only_for_what_came_of_an_incomplete_string() {
        for length in [4_097, 1 << 63, u64::MAX] {
            let mut frames = Frames::default();
            assert_eq!(frames.next(&mut &length.to_be_bytes()[..]), Some(Frame::TooLong(length)));
            assert_eq!(frames.text.capacity(), 0, "{length}");
        }
        let mut frames = Frames::default();
        assert_eq!(frames.next(&mut &4_096_u64.to_be_bytes()[..]), None);
        assert_eq!(frames.text.capacity(), 0, "nothing came of it yet");
        assert_eq!(frames.next(&mut &b"x"[..]), None);
        assert!(frames.text.capacity() <= 2);
        assert!(frames.next(&mut &vec![b'x'; 4_095][..]).is_some());
        assert_eq!(frames.text.capacity(), 0, "the string took its memory with it");
        assert!(size_of::<Frames>() <= 40);
    }
}
