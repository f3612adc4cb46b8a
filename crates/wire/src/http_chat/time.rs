//! The time of an event on the wire: RFC 3339 with six digits of fraction, in UTC.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const US_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z, the first moment that RFC 3339 can write.
const FIRST_US: i64 = -62_167_219_200 * US_PER_SECOND;
/// 9999-12-31T23:59:59.999999Z, the last one.
const LAST_US: i64 = 253_402_300_799 * US_PER_SECOND + 999_999;

/// A moment in microseconds, which prints as `2026-11-21T10:00:00.123456Z` and is read from the
/// same form alone: 27 characters, so that texts sort like times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(i64);

/// The text is not a moment in the one form that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is written like 2026-11-21T10:00:00.123456Z")]
pub struct TimeError;

impl EventTime {
    /// 1970-01-01T00:00:00.000000Z.
    pub const UNIX_EPOCH: EventTime = EventTime(0);

    /// A moment given in microseconds since 1970-01-01T00:00:00Z. What lies outside the years 0
    /// to 9999, which RFC 3339 cannot write, becomes the nearest moment that it can.
    #[must_use]
    pub fn from_unix_us(us: i64) -> Self {
        Self(us.clamp(FIRST_US, LAST_US))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_us(self) -> i64 {
        self.0
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, us) = (self.0.div_euclid(US_PER_SECOND), self.0.rem_euclid(US_PER_SECOND));
        let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{us:06}Z")
    }
}

impl FromStr for EventTime {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bytes: &[u8; 27] = text.as_bytes().try_into().map_err(|_| TimeError)?;
        let number = |from: usize, to: usize| -> Result<i64, TimeError> {
            bytes[from..to].iter().try_fold(0, |sum, byte| match byte {
                b'0'..=b'9' => Ok(sum * 10 + i64::from(byte - b'0')),
                _ => Err(TimeError),
            })
        };
        let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let second = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
        let time = Self((days * SECONDS_PER_DAY + second) * US_PER_SECOND + number(20, 26)?);
        // Printing and comparing refuses all that is out of range (13th month, 30 February, 24
        // o'clock, leap seconds) and the wrong punctuation, in one place.
        if time.to_string() == text { Ok(time) } else { Err(TimeError) }
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Year, month and day in the Gregorian calendar of a day counted from 1970-01-01.
///
/// Years are taken to begin in March, so that the leap day is a year's last and the months'
/// lengths follow one formula; an era is 400 years, after which the calendar repeats.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let since_march_0000 = days + 719_468;
    let era = since_march_0000.div_euclid(146_097);
    let day_of_era = since_march_0000.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The inverse of [`civil_from_days`]; fields out of range give some other day.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments_print_and_read() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (1_795_255_200_123_456, "2026-11-21T10:00:00.123456Z"),
            (FIRST_US, "0000-01-01T00:00:00.000000Z"),
            (LAST_US, "9999-12-31T23:59:59.999999Z"),
        ];
        for (us, text) in cases {
            assert_eq!(EventTime::from_unix_us(us).to_string(), text);
            assert_eq!(text.parse(), Ok(EventTime(us)));
        }
    }

    #[test]
    fn what_cannot_be_written_becomes_the_nearest_moment() {
        assert_eq!(EventTime::from_unix_us(i64::MAX), EventTime(LAST_US));
        assert_eq!(EventTime::from_unix_us(i64::MIN), EventTime(FIRST_US));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T10:00:00Z",
            "2026-11-21T10:00:00.123Z",
            "2026-11-21T10:00:00.1234567Z",
            "2026-11-21t10:00:00.123456z",
            "2026-11-21 10:00:00.123456Z",
            "2026-11-21T10:00:00.123456+",
            "2026-13-21T10:00:00.123456Z",
            "2026-00-21T10:00:00.123456Z",
            "2026-02-29T10:00:00.123456Z",
            "2026-11-31T10:00:00.123456Z",
            "2026-11-21T24:00:00.123456Z",
            "2026-11-21T10:60:00.123456Z",
            "2026-11-21T10:00:60.123456Z",
            "2026-11-21T+1:00:00.123456Z",
            "२०२६-11-21T10:00:00Z",
        ] {
            assert_eq!(text.parse::<EventTime>(), Err(TimeError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_reads_back_and_sorts(a in FIRST_US..=LAST_US, b in FIRST_US..=LAST_US) {
            let (a, b) = (EventTime::from_unix_us(a), EventTime::from_unix_us(b));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }
}
