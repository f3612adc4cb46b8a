//! Days over zones whose clocks do odd things.

use super::*;
use proptest::prelude::*;

/// Clocks put back over midnight, days left out, whole days of difference, quarters of an hour, seconds.
const ODD: [&str; 20] = [
    "UTC",
    "America/St_Johns",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/Havana",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "America/Nuuk",
    "Asia/Gaza",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Africa/Monrovia",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Asia/Pyongyang",
    "America/Goose_Bay",
    "Europe/Berlin",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::parse(name).unwrap()
}

fn day(text: &str) -> Day {
    let parts: Vec<&str> = text.split('/').collect();
    Day::parse(parts[0], parts[1], parts[2]).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

#[test]
fn a_zone_is_what_the_database_has() {
    assert_eq!(zone("europe/BERLIN").as_str(), "Europe/Berlin");
    assert_eq!(zone("utc"), TimeZone::default());
    assert_ne!(zone("Asia/Kolkata"), zone("Asia/Calcutta"));
    for bad in ["", "Mars/Olympus", "Etc/Unknown", "+02:00", "Europe/Berlin ", "../UTC"] {
        assert_eq!(TimeZone::parse(bad), Err(Refusal::BadTimeZone), "{bad:?}");
    }
    let newer = TimeZone::stored("Mars/Olympus");
    assert_eq!((newer.as_str(), newer.day_of(Timestamp(0))), ("Mars/Olympus", Day::FIRST));
    assert_eq!(TimeZone::stored("Asia/Tokyo"), zone("Asia/Tokyo"));
}

#[test]
fn a_date_has_one_form() {
    assert_eq!(day("2024/02/29").to_string(), "2024/02/29");
    for (year, month, day) in [
        ("2023", "02", "29"),
        ("2026", "13", "01"),
        ("2026", "00", "10"),
        ("2026", "04", "31"),
        ("2026", "1", "01"),
        ("2026", "01", "1"),
        ("02026", "01", "01"),
        ("1969", "12", "31"),
        ("9999999999", "1", "1"),
        ("", "", ""),
        ("+026", "01", "01"),
        ("2026", "01", "00"),
        ("２０２６", "01", "01"),
        ("2026", "01", "99"),
    ] {
        assert_eq!(Day::parse(year, month, day), None, "{year}/{month}/{day}");
    }
    assert_eq!((Day::FIRST.previous(), Day::LAST.next()), (None, None));
    assert_eq!(day("2024/02/28").next(), Some(day("2024/02/29")));
    assert_eq!(day("2025/01/01").previous(), Some(day("2024/12/31")));
    assert_eq!((day("2026/11/21").weekday(), Month::parse("2024", "02").unwrap().days().count()), (5, 29));
    let december = Month::parse("2025", "12").unwrap();
    assert_eq!(december.next().map(|month| month.to_string()).as_deref(), Some("2026/01"));
    assert_eq!(december.next().and_then(Month::previous), Some(december));
}

#[test]
fn days_begin_when_their_date_is_first_reached() {
    for (name, date, start) in [
        ("UTC", "2026/11/21", "2026-11-21T00:00:00Z"),
        ("Asia/Tokyo", "2026/11/21", "2026-11-20T15:00:00Z"),
        // Midnight is left out.
        ("America/Sao_Paulo", "2017/10/15", "2017-10-15T03:00:00Z"),
        // Midnight comes twice: the clock was put back from one minute past it.
        ("America/St_Johns", "2006/10/29", "2006-10-29T02:30:00Z"),
        // The whole day is left out: it is empty.
        ("Pacific/Apia", "2011/12/30", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011/12/31", "2011-12-30T10:00:00Z"),
        ("UTC", "9999/12/31", "9999-12-30T22:00:00Z"),
    ] {
        let expected = if date == "9999/12/31" { Timestamp(at(start).0 + 7_200_000_000) } else { at(start) };
        assert_eq!(zone(name).start_of(day(date)), expected, "{name} {date}");
    }
    assert_eq!(zone("America/St_Johns").day_of(at("2006-10-29T02:59:00Z")), day("2006/10/29"));
    assert_eq!(zone("America/St_Johns").local(at("2006-10-29T02:59:00Z")).day, 28);
    let ends = [Timestamp(i64::MIN), Timestamp(i64::MAX)].map(|at| zone("Asia/Tokyo").day_of(at));
    assert_eq!(ends, [Day::FIRST, Day::LAST]);
}

fn zones() -> impl Strategy<Value = TimeZone> {
    (0..ODD.len()).prop_map(|which| zone(ODD[which]))
}

/// Any time, most of them near where the zone's clock is changed.
fn moments() -> impl Strategy<Value = (TimeZone, Timestamp)> {
    (zones(), 0..4_102_444_800_i64, -100_000..100_000_i64, 0..1_000_000_i64, any::<bool>()).prop_map(
        |(zone, second, near, micros, changed)| {
            let moment = jiff::Timestamp::from_second(second).unwrap();
            let change = zone.zone.following(moment).next().map(|change| change.timestamp().as_second() + near);
            let second = change.filter(|_| changed).unwrap_or(second).max(0);
            (zone, Timestamp(second * 1_000_000 + micros))
        },
    )
}

proptest! {
    /// The day of a moment is the latest date that a clock there has shown so far (PROMISES: archives never reorder).
    #[test]
    fn a_day_is_the_latest_date_so_far((zone, at) in moments()) {
        let shown = |before: i64| Day::of(zone.zone.to_datetime(moment(Timestamp(at.0 - before))).date());
        // A date can show for a minute before the clock is put back, so half a minute is near enough.
        let latest = (0..2 * 24 * 120).map(|step| shown(step * 30_000_000)).max().unwrap();
        prop_assert_eq!(zone.day_of(at), latest);
    }

    /// Days partition time: every moment is in one day, and a later one in the same or a later day.
    #[test]
    fn days_partition_time((zone, at) in moments(), later in 0..200_000_000_000_i64) {
        let day = zone.day_of(at);
        prop_assert!(zone.start_of(day) <= at);
        prop_assert!(day.next().is_none_or(|next| at < zone.start_of(next)));
        let later = Timestamp(at.0 + later);
        prop_assert!(day <= zone.day_of(later));
        // As a log of messages has it: each in the day of the one before, or in that of its own date, if that is later.
        prop_assert!(zone.day_of(later) >= day.max(Day::of(zone.zone.to_datetime(moment(later)).date())));
    }

    #[test]
    fn a_date_is_read_as_it_is_written(days in 0..2_900_000_i64) {
        let day = TimeZone::utc().day_of(Timestamp(days * 86_400_000_000));
        let text = day.to_string();
        prop_assert_eq!(Day::parse(&text[..4], &text[5..7], &text[8..]), Some(day));
        prop_assert_eq!(day.next().and_then(Day::previous).unwrap_or(day), day);
        prop_assert_eq!(TimeZone::utc().start_of(day).0.max(0), days * 86_400_000_000);
    }
}
