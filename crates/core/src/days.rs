//! Days of an archive: the log cut at the midnights of a room's time zone.
//!
//! A day is all moments from its [`TimeZone::start_of`] up to the next day's. So days follow each other without a hole and
//! without an overlap whatever the zone does: an hour that a clock repeats around midnight belongs to the day that has begun,
//! and a day that a zone skips is empty. As times in a log never run back, its order is that of its days.

use std::fmt;
use std::sync::{Arc, LazyLock};

use jiff::civil::{Date, Time};
use jiff::tz::{self, Offset, TimeZoneDatabase};

use crate::ids::Timestamp;
use crate::refusal::Refusal;

/// One that was built in: the same answers on every machine, whatever is installed there.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Further than any zone ever was from UTC, in microseconds.
const FAR_US: i64 = 36 * 3_600 * 1_000_000;

/// A time zone of the IANA database. Equal by name: two names of the same clock are different zones.
#[derive(Clone)]
pub struct TimeZone {
    name: Arc<str>,
    zone: tz::TimeZone,
}

/// What a clock and a calendar show in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// The year.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// How far the zone is ahead of UTC then.
    pub offset_seconds: i32,
}

impl TimeZone {
    /// Reads a zone's name, like `Europe/Berlin`, in any case.
    ///
    /// # Errors
    /// `BadTimeZone` for a name that the database does not have.
    pub fn parse(name: &str) -> Result<TimeZone, Refusal> {
        let zone = ZONES.get(name).ok().filter(|zone| !zone.is_unknown()).ok_or(Refusal::BadTimeZone)?;
        let name = zone.iana_name().ok_or(Refusal::BadTimeZone)?.into();
        Ok(TimeZone { name, zone })
    }

    /// Takes what a store holds. A name that only a newer database has is kept, and counts as UTC.
    #[must_use]
    pub fn stored(name: &str) -> TimeZone {
        TimeZone::parse(name).unwrap_or_else(|_| TimeZone { name: name.into(), zone: tz::TimeZone::UTC })
    }

    /// Universal time.
    #[must_use]
    pub fn utc() -> TimeZone {
        static NAME: LazyLock<Arc<str>> = LazyLock::new(|| "UTC".into());
        TimeZone { name: NAME.clone(), zone: tz::TimeZone::UTC }
    }

    /// The name, as the database writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The day that a moment belongs to: the date there, or a later one if that has been reached before. Moments before 1970
    /// belong to its first day.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Day {
        let mut day = Day::of(self.zone.to_datetime(moment(at)).date());
        // Once, at most: the clock was put back over midnight, or this is the end of all days.
        while let Some(next) = day.next().filter(|next| self.start_of(*next) <= at) {
            day = next;
        }
        day
    }

    /// The first moment at which the date is this day's or a later one. Before 1970-01-01, as there is no day before that.
    #[must_use]
    pub fn start_of(&self, day: Day) -> Timestamp {
        if day == Day::FIRST {
            return Timestamp(i64::MIN);
        }
        let midnight = utc_midnight_us(day);
        let from = moment(Timestamp(midnight - FAR_US));
        let mut begin = from.as_microsecond();
        let mut offset = self.zone.to_offset(from);
        for change in self.zone.following(from) {
            let end = change.timestamp().as_microsecond();
            let reached = begin.max(midnight - offset_us(offset));
            if reached < end {
                return Timestamp(reached);
            }
            (begin, offset) = (end, change.offset());
        }
        Timestamp(begin.max(midnight - offset_us(offset)))
    }

    /// What a clock there shows at a moment, seconds cut off. The date may be the day before the one that the moment belongs
    /// to, while a zone repeats an hour around midnight.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> LocalTime {
        let moment = moment(at);
        let offset = self.zone.to_offset(moment);
        let shown = offset.to_datetime(moment);
        LocalTime {
            year: shown.year(),
            month: shown.month().unsigned_abs(),
            day: shown.day().unsigned_abs(),
            hour: shown.hour().unsigned_abs(),
            minute: shown.minute().unsigned_abs(),
            second: shown.second().unsigned_abs(),
            offset_seconds: offset.seconds(),
        }
    }
}

impl Default for TimeZone {
    fn default() -> TimeZone {
        TimeZone::utc()
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &TimeZone) -> bool {
        self.name == other.name
    }
}

impl Eq for TimeZone {}

impl fmt::Debug for TimeZone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TimeZone({})", self.name)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

/// A date from 1970-01-01 to 9999-12-31. Shown as `YYYY/MM/DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: i16,
    month: u8,
    day: u8,
}

impl Day {
    const FIRST: Day = Day { year: 1970, month: 1, day: 1 };
    const LAST: Day = Day { year: 9999, month: 12, day: 31 };

    /// Reads a date in its one form: four digits, two, and two. `None` for every other form, and for what is no date.
    #[must_use]
    pub fn parse(year: &str, month: &str, day: &str) -> Option<Day> {
        let month = Month::parse(year, month)?;
        let day = u8::try_from(digits(day, 2)?).ok()?;
        Date::new(month.year, month.month.cast_signed(), day.cast_signed()).ok()?;
        Some(Day { year: month.year, month: month.month, day })
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub fn day(self) -> u8 {
        self.day
    }

    /// The month that it is in.
    #[must_use]
    pub fn in_month(self) -> Month {
        Month { year: self.year, month: self.month }
    }

    /// The day of the week: 0 is Monday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        self.date().weekday().to_monday_zero_offset().unsigned_abs()
    }

    /// The next day; `None` after the last one.
    #[must_use]
    pub fn next(self) -> Option<Day> {
        if self == Day::LAST { None } else { self.date().tomorrow().ok().map(Day::of) }
    }

    /// The day before; `None` before the first one.
    #[must_use]
    pub fn previous(self) -> Option<Day> {
        if self == Day::FIRST { None } else { self.date().yesterday().ok().map(Day::of) }
    }

    fn of(date: Date) -> Day {
        let day = Day { year: date.year(), month: date.month().unsigned_abs(), day: date.day().unsigned_abs() };
        day.clamp(Day::FIRST, Day::LAST)
    }

    fn date(self) -> Date {
        Date::new(self.year, self.month.cast_signed(), self.day.cast_signed())
            .expect("a day is a date, by all its makers")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }
}

/// A month from 1970-01 to 9999-12. Shown as `YYYY/MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: u8,
}

impl Month {
    /// Reads a month in its one form: four digits and two. `None` for every other form, and for what is no month.
    #[must_use]
    pub fn parse(year: &str, month: &str) -> Option<Month> {
        let year = Year::parse(year)?.0;
        let month = u8::try_from(digits(month, 2)?).ok()?;
        (1..=12).contains(&month).then_some(Month { year, month })
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> Day {
        Day { year: self.year, month: self.month, day: 1 }
    }

    /// Its last day.
    #[must_use]
    pub fn last(self) -> Day {
        Day::of(self.first().date().last_of_month())
    }

    /// Its days.
    pub fn days(self) -> impl DoubleEndedIterator<Item = Day> {
        let Month { year, month } = self;
        (1..=self.last().day).map(move |day| Day { year, month, day })
    }

    /// The next month; `None` after the last one.
    #[must_use]
    pub fn next(self) -> Option<Month> {
        self.last().next().map(Day::in_month)
    }

    /// The month before; `None` before the first one.
    #[must_use]
    pub fn previous(self) -> Option<Month> {
        self.first().previous().map(Day::in_month)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}/{:02}", self.year, self.month)
    }
}

/// A year from 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Year(i16);

impl Year {
    /// Reads a year in its one form: four digits.
    #[must_use]
    pub fn parse(year: &str) -> Option<Year> {
        let year = i16::try_from(digits(year, 4)?).ok()?;
        (Day::FIRST.year..=Day::LAST.year).contains(&year).then_some(Year(year))
    }

    /// The year that a day is in.
    #[must_use]
    pub fn of(day: Day) -> Year {
        Year(day.year)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> i16 {
        self.0
    }

    /// Its months.
    pub fn months(self) -> impl DoubleEndedIterator<Item = Month> {
        (1..=12).map(move |month| Month { year: self.0, month })
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> Day {
        Day { year: self.0, month: 1, day: 1 }
    }

    /// The next year; `None` after the last one.
    #[must_use]
    pub fn next(self) -> Option<Year> {
        (self.0 < Day::LAST.year).then_some(Year(self.0 + 1))
    }

    /// The year before; `None` before the first one.
    #[must_use]
    pub fn previous(self) -> Option<Year> {
        (self.0 > Day::FIRST.year).then_some(Year(self.0 - 1))
    }
}

impl fmt::Display for Year {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}", self.0)
    }
}

/// A number of exactly so many ASCII digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// The same moment, or the nearest one that calendars reach.
fn moment(at: Timestamp) -> jiff::Timestamp {
    let end = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(at.0).unwrap_or(end)
}

fn utc_midnight_us(day: Day) -> i64 {
    const DAY_SECONDS: i64 = 24 * 3_600;
    let epoch = Date::constant(1970, 1, 1).to_datetime(Time::midnight());
    let hours = day.date().to_datetime(Time::midnight()).duration_since(epoch).as_hours();
    hours / 24 * DAY_SECONDS * 1_000_000
}

fn offset_us(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}

#[cfg(test)]
mod tests;
