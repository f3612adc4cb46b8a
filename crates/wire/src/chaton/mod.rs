//! Room pages: what programs send and are answered, lines of an archive, anchors of messages (protocols/chaton.md).
//!
//! Seconds and microseconds on the wire are one [`EventTime`](crate::http_chat::EventTime) here: `SEC` are whole Unix seconds, rounded down,
//! and `USEC` the rest, 0 to 999999.
//!
//! Absent on purpose: pages, feeds and rendered messages (the door's), names and addresses of rooms, time zones: a day is
//! given as year, month and day.

mod anchor;
mod answers;
mod archive;
mod form;
mod multipart;
mod replies;

pub use anchor::{Anchor, AnchorError};
pub use answers::{CID_EXPIRED, CID_MAX, CometAnswer, Content, Entry, Format, LoginAnswer, StatusAnswer};
pub use archive::{ArchiveDay, ArchiveLine, ArchiveLineError};
pub use form::{Form, FormError};
pub use multipart::{HEADER_BYTES_MAX, MultipartError, multipart_fields};
pub use replies::{AnswerError, CometReply, ReplyContent};

use crate::http_chat::EventTime;

const US_PER_SECOND: i64 = 1_000_000;
/// Why no error is expected where texts are put together.
const NEVER_FAILS: &str = "writing to a String does not fail";

/// Seconds and microseconds of a moment.
fn parts(time: EventTime) -> (i64, i64) {
    (time.unix_us().div_euclid(US_PER_SECOND), time.unix_us().rem_euclid(US_PER_SECOND))
}

/// The moment of seconds and microseconds; `None` outside the years 0 to 9999 and for microseconds beyond 999999.
fn moment(seconds: i64, microseconds: i64) -> Option<EventTime> {
    if !(0..US_PER_SECOND).contains(&microseconds) {
        return None;
    }
    let us = seconds.checked_mul(US_PER_SECOND)?.checked_add(microseconds)?;
    Some(EventTime::from_unix_us(us)).filter(|time| time.unix_us() == us)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_outside_the_calendar_are_none() {
        assert_eq!(moment(1_288_000_000, 123_456), Some(EventTime::from_unix_us(1_288_000_000_123_456)));
        assert_eq!(moment(-1, 999_999), Some(EventTime::from_unix_us(-1)));
        for (seconds, us) in [(0, 1_000_000), (0, -1), (i64::MAX, 0), (i64::MIN, 0), (253_402_300_800, 0)] {
            assert_eq!(moment(seconds, us), None);
        }
    }

    proptest! {
        #[test]
        fn every_moment_has_parts_that_give_it_back(us in any::<i64>()) {
            let time = EventTime::from_unix_us(us);
            let (seconds, microseconds) = parts(time);
            prop_assert_eq!(moment(seconds, microseconds), Some(time));
        }
    }
}
