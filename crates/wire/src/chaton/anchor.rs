//! The anchors of messages, as permalinks name them.

use std::fmt;
use std::str::FromStr;

use super::{moment, parts};
use crate::http_chat::EventTime;

/// The anchor of the message of that moment: `entry-SEC-USEC`, both in lower-case hexadecimal, USEC padded to two digits.
///
/// Read is exactly what is written, so that one message has one anchor. Seconds before 1970 have a minus sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anchor(pub EventTime);

/// The text is no anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an anchor is written like entry-4cc55200-1e240: seconds and microseconds in lower-case hexadecimal")]
pub struct AnchorError;

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, microseconds) = parts(self.0);
        let sign = if seconds < 0 { "-" } else { "" };
        write!(f, "entry-{sign}{:x}-{microseconds:02x}", seconds.unsigned_abs())
    }
}

impl FromStr for Anchor {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Self, AnchorError> {
        let (seconds, microseconds) =
            text.strip_prefix("entry-").and_then(|rest| rest.rsplit_once('-')).ok_or(AnchorError)?;
        let number = |digits: &str| i64::from_str_radix(digits, 16).map_err(|_| AnchorError);
        let time = moment(number(seconds)?, number(microseconds)?).ok_or(AnchorError)?;
        // Signs, capitals and zeros in other places would be a second anchor of the same message.
        Some(Self(time)).filter(|anchor| anchor.to_string() == text).ok_or(AnchorError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn anchors_are_seconds_and_microseconds_in_hexadecimal() {
        let cases = [
            (1_288_000_000_123_456, "entry-4cc55200-1e240"),
            (1_242_169_223_000_000, "entry-4a09ff87-00"),
            (1_242_169_223_000_010, "entry-4a09ff87-0a"),
            (1_242_169_223_000_255, "entry-4a09ff87-ff"),
            (1_242_169_223_000_256, "entry-4a09ff87-100"),
            (0, "entry-0-00"),
            (-1, "entry--1-f423f"),
        ];
        for (us, text) in cases {
            let anchor = Anchor(EventTime::from_unix_us(us));
            assert_eq!(anchor.to_string(), text);
            assert_eq!(text.parse(), Ok(anchor));
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let cases = [
            "",
            "entry-",
            "entry--",
            "entry-1",
            "entry-1-",
            "entry-1-0",
            "entry-1-001",
            "entry-01-00",
            "entry-A-00",
            "entry-1-0A",
            "entry-+1-00",
            "entry-1-+1",
            "entry--0-00",
            "Entry-1-00",
            "anchor-entry-1-00",
            "entry-1-00 ",
            "entry-1-f4240",
            "entry-ffffffffffffffff-00",
            "entry-7fffffffffffffff-00",
            "entry-1-00-00",
            "entry-g-00",
        ];
        for text in cases {
            assert_eq!(text.parse::<Anchor>(), Err(AnchorError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_has_one_anchor(us in any::<i64>()) {
            let anchor = Anchor(EventTime::from_unix_us(us));
            prop_assert_eq!(anchor.to_string().parse(), Ok(anchor));
        }

        #[test]
        fn what_is_read_is_what_is_written(text in "entry-[-+0-9a-fA-F]{1,9}-[0-9a-f]{1,6}") {
            if let Ok(anchor) = text.parse::<Anchor>() {
                prop_assert_eq!(anchor.to_string(), text);
            }
        }
    }
}
