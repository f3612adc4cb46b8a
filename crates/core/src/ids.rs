//! Ids, positions and times as types of their own, so that one can't be passed for another.

use std::fmt;

macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

number_type! {
    /// A room's numeric id: 1, 2, 3, ... in a store; never used again. The `lobby` is 1.
    RoomId(u64)
}
number_type! {
    /// An account's number. Those that parlor gives itself begin at 2^40 (protocols: wscmd).
    AccountId(u64)
}
number_type! {
    /// A guest's number: 1, 2, 3, ... in a store, with holes, never used again.
    GuestId(u64)
}
number_type! {
    /// Position of an event in its room's log: 1, 2, 3, ... without a gap; 0 is "before the first".
    Seq(u64)
}
number_type! {
    /// How many messages the room has had: a message's own number 1, 2, 3, ... without a gap.
    Number(u64)
}
number_type! {
    /// A random id of this life of a room's log; a restored backup gets a new one.
    Epoch(u64)
}
number_type! {
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64)
}
number_type! {
    /// Numbers a connection, at any door, while the server runs.
    ConnectionId(u64)
}

impl Seq {
    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl Number {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Number {
        Number(self.0 + 1)
    }
}

/// The lobby, which every store holds from its making.
pub const LOBBY: RoomId = RoomId(1);

/// A room's public id: 32 characters of `[0-9a-z]` from a cryptographic source (over 165 bits),
/// so knowing it is the right to find the room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey([u8; RoomKey::LEN]);

impl RoomKey {
    /// Length in characters, which are bytes.
    pub const LEN: usize = 32;
    const ALPHABET: &'static [u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

    /// Reads a key; `None` unless it is exactly 32 of `[0-9a-z]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<RoomKey> {
        let bytes: [u8; RoomKey::LEN] = text.as_bytes().try_into().ok()?;
        let fits = bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        fits.then_some(RoomKey(bytes))
    }

    /// Draws a key. `fill` must fill its argument with cryptographic randomness.
    pub fn draw(mut fill: impl FnMut(&mut [u8])) -> RoomKey {
        let mut key = [0; RoomKey::LEN];
        let mut filled = 0;
        while filled < RoomKey::LEN {
            let mut random = [0; 64];
            fill(&mut random);
            // 252 is the largest multiple of 36 in a byte: what lies above would favour some letters.
            for byte in random.into_iter().filter(|byte| *byte < 252) {
                if filled < RoomKey::LEN {
                    key[filled] = RoomKey::ALPHABET[usize::from(byte) % RoomKey::ALPHABET.len()];
                    filled += 1;
                }
            }
        }
        RoomKey(key)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a key holds ASCII only, by both of its makers")
    }
}

impl fmt::Display for RoomKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RoomKey({self})")
    }
}

/// A client's own id of a post (idempotency key): 1 to 64 characters of `[A-Za-z0-9._~-]`, unique per author and room.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey(String);

impl MessageKey {
    /// Reads a key; `None` if it is empty, over 64 characters, or has another character.
    #[must_use]
    pub fn parse(text: &str) -> Option<MessageKey> {
        let fits = (1..=crate::limits::MESSAGE_KEY_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte));
        fits.then(|| MessageKey(text.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_exactly_32_of_digits_and_lower_case() {
        let good = "0123456789abcdefghijklmnopqrstuv";
        assert_eq!(RoomKey::parse(good).unwrap().as_str(), good);
        for bad in [
            "",
            "0123456789abcdefghijklmnopqrstu",
            "0123456789abcdefghijklmnopqrstuvw",
            "0123456789ABCDEFGHIJKLMNOPQRSTUV",
        ] {
            assert_eq!(RoomKey::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_drawn_key_uses_the_whole_alphabet_evenly() {
        let mut state = 7_u64;
        let mut fill = |out: &mut [u8]| {
            for byte in out {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 33) as u8;
            }
        };
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..2_000 {
            for letter in RoomKey::draw(&mut fill).as_str().bytes() {
                *counts.entry(letter).or_insert(0_u32) += 1;
            }
        }
        assert_eq!(counts.len(), 36);
        let expected = 2_000 * 32 / 36;
        assert!(counts.values().all(|count| count.abs_diff(expected) < expected / 5), "{counts:?}");
    }

    #[test]
    fn a_message_key_has_its_alphabet_and_length() {
        assert!(MessageKey::parse("a.B_~-9").is_some());
        assert!(MessageKey::parse(&"x".repeat(64)).is_some());
        for bad in ["", " ", "a b", "é", "a/b", &"x".repeat(65)] {
            assert_eq!(MessageKey::parse(bad), None, "{bad:?}");
        }
    }
}
