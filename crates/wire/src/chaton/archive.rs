//! The files of an archive: one line a message, one file a day.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{NEVER_FAILS, moment, parts};
use crate::http_chat::EventTime;
use crate::sexpr::{Limits, SexprError, Value, write_string};

/// One line of an archive: `("nick" (SEC USEC) "text" "address")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveLine<'a> {
    /// Who said it, as given.
    pub nick: Cow<'a, str>,
    /// When it was said.
    pub time: EventTime,
    /// What was said.
    pub text: Cow<'a, str>,
    /// Where it came from, as it was written; not always an address.
    pub address: Option<Cow<'a, str>>,
}

/// What is wrong with a line. Each prints as a clause for the report of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveLineError {
    /// The line is no S-expression.
    #[error("{0}")]
    Sexpr(#[from] SexprError),
    /// The S-expression is no list.
    #[error("the line is no list of nick, time and text")]
    NoList,
    /// Fewer than three values.
    #[error("the list has {values} values; it needs nick, time and text")]
    TooShort {
        /// How many there are.
        values: usize,
    },
    /// The first value is no string.
    #[error("the nick is no string")]
    Nick,
    /// The second value is no list of two whole numbers.
    #[error("the time is not (SECONDS MICROSECONDS)")]
    Time,
    /// The time is outside the years 0 to 9999.
    #[error("the time ({seconds} {microseconds}) is no moment of the years 0 to 9999")]
    Moment {
        /// As written.
        seconds: i64,
        /// As written.
        microseconds: i64,
    },
    /// The third value is no string.
    #[error("the text is no string")]
    Text,
    /// The fourth value is neither a string nor `#f`.
    #[error("the address is neither a string nor #f")]
    Address,
}

impl ArchiveLine<'_> {
    /// The line without its line feed; an unknown address is `#f`.
    #[must_use]
    pub fn encode(&self) -> String {
        let (seconds, microseconds) = parts(self.time);
        let mut line = String::with_capacity(self.nick.len() + self.text.len() + 64);
        line.push('(');
        write_string(&self.nick, &mut line);
        write!(line, " ({seconds} {microseconds}) ").expect(NEVER_FAILS);
        write_string(&self.text, &mut line);
        line.push(' ');
        match &self.address {
            Some(address) => write_string(address, &mut line),
            None => line.push_str("#f"),
        }
        line.push(')');
        line
    }

    /// Reads a line, with or without its line feed, as parlor or another program wrote it: the address may be missing or
    /// `#f`, and what follows it has no meaning. Nick and text are any strings; what a room takes, core says.
    ///
    /// # Errors
    /// [`ArchiveLineError`]; a line longer than 64 KiB is one too.
    pub fn parse(line: &[u8]) -> Result<ArchiveLine<'static>, ArchiveLineError> {
        let Value::List(values) = Value::parse(line, Limits::SMALL)? else {
            return Err(ArchiveLineError::NoList);
        };
        let count = values.len();
        let mut values = values.into_iter();
        let (Some(nick), Some(time), Some(text)) = (values.next(), values.next(), values.next()) else {
            return Err(ArchiveLineError::TooShort { values: count });
        };
        let nick = string(nick).ok_or(ArchiveLineError::Nick)?;
        let time = read_time(&time)?;
        let text = string(text).ok_or(ArchiveLineError::Text)?;
        let address = match values.next() {
            None | Some(Value::Boolean(false)) => None,
            Some(address) => Some(string(address).ok_or(ArchiveLineError::Address)?),
        };
        Ok(ArchiveLine { nick, time, text, address })
    }
}

fn string(value: Value) -> Option<Cow<'static, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        _ => None,
    }
}

fn read_time(value: &Value) -> Result<EventTime, ArchiveLineError> {
    let numbers = value.as_list().and_then(|parts| match parts {
        [seconds, microseconds] => Some((seconds.as_integer()?, microseconds.as_integer()?)),
        _ => None,
    });
    let (seconds, microseconds) = numbers.ok_or(ArchiveLineError::Time)?;
    moment(seconds, microseconds).ok_or(ArchiveLineError::Moment { seconds, microseconds })
}

/// A day of the calendar, by which an archive is cut into files and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveDay {
    year: u16,
    month: u8,
    day: u8,
}

impl ArchiveDay {
    /// A day of the years 1 to 9999; `None` if the calendar has no such day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=9_999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// Year, month and day.
    #[must_use]
    pub fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// The day of a file of an archive by the end of its path: `YYYY/MM/DD.dat`, behind whatever folders.
    #[must_use]
    pub fn of_file(path: &str) -> Option<Self> {
        let rest = path.strip_suffix(".dat")?;
        let mut names = rest.rsplit('/');
        let (day, month, year) = (names.next()?, names.next()?, names.next()?);
        Self::of_names(year, month, day)
    }

    /// The day that the end of a page's address names: `YYYY/MM/DD`, and nothing before it.
    #[must_use]
    pub fn of_page(path: &str) -> Option<Self> {
        let mut names = path.split('/');
        let (year, month, day) = (names.next()?, names.next()?, names.next()?);
        names.next().is_none().then(|| Self::of_names(year, month, day))?
    }

    /// Where the day's messages lie in an archive: `data/YYYY/MM/DD.dat`.
    #[must_use]
    pub fn file(self) -> String {
        format!("data/{}.dat", self.page())
    }

    /// The end of the address of the day's page: `YYYY/MM/DD`.
    #[must_use]
    pub fn page(self) -> String {
        let Self { year, month, day } = self;
        format!("{year:04}/{month:02}/{day:02}")
    }

    fn of_names(year: &str, month: &str, day: &str) -> Option<Self> {
        let digits = |name: &str, count: usize| name.len() == count && name.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(nick: &str, us: i64, text: &str, address: Option<&str>) -> ArchiveLine<'static> {
        ArchiveLine {
            nick: nick.to_owned().into(),
            time: EventTime::from_unix_us(us),
            text: text.to_owned().into(),
            address: address.map(|address| address.to_owned().into()),
        }
    }

    #[test]
    fn lines_are_written_as_the_protocol_shows_them() {
        let cases = [
            (
                r#"("nick" (1288000000 123456) "text" "127.0.0.1")"#,
                line("nick", 1_288_000_000_123_456, "text", Some("127.0.0.1")),
            ),
            (r#"("a \"b\"" (0 0) "x\n\ty\\" "::1")"#, line("a \"b\"", 0, "x\n\ty\\", Some("::1"))),
            (r#"("日本" (1 2) "" #f)"#, line("日本", 1_000_002, "", None)),
        ];
        for (text, value) in cases {
            assert_eq!(value.encode(), text);
            assert_eq!(ArchiveLine::parse(text.as_bytes()), Ok(value));
        }
    }

    #[test]
    fn lines_of_other_programs_are_read() {
        let cases = [
            (r#"("n" (1 2) "t")"#, line("n", 1_000_002, "t", None)),
            (r#"("n" (1 2) "t" "0.0.0.0" more 5)"#, line("n", 1_000_002, "t", Some("0.0.0.0"))),
            (" ( \"n\"\t(1  2)\"t\" #f )\r\n", line("n", 1_000_002, "t", None)),
            (r#"("n" (1 2) "a\x1b;b\x1bc\xe9" "x")"#, line("n", 1_000_002, "a\x1bb\x1bcé", Some("x"))),
        ];
        for (text, value) in cases {
            assert_eq!(ArchiveLine::parse(text.as_bytes()), Ok(value), "{text}");
        }
    }

    #[test]
    fn wrong_lines_are_refused_with_what_is_wrong() {
        let cases: [(&[u8], ArchiveLineError); 16] = [
            (b"", SexprError::Empty.into()),
            (b"\n", SexprError::Empty.into()),
            (b"(\"n\" (1 2) \"t", SexprError::Unclosed { at: 11 }.into()),
            (b"(\"n\" (1 2) \"\xff\" \"a\")", SexprError::NotUtf8 { at: 12 }.into()),
            (b"(\"n\" (1 2) #*\"t\")", SexprError::BadHash { at: 11 }.into()),
            (b"(\"n\" (1 2) \"t\")(\"n\" (1 2) \"t\")", SexprError::Trailing { at: 15 }.into()),
            (b"nick", ArchiveLineError::NoList),
            (b"(\"n\" (1 2) . \"t\")", ArchiveLineError::NoList),
            (b"()", ArchiveLineError::TooShort { values: 0 }),
            (b"(\"n\" (1 2))", ArchiveLineError::TooShort { values: 2 }),
            (b"(n (1 2) \"t\")", ArchiveLineError::Nick),
            (b"(\"n\" 1 \"t\")", ArchiveLineError::Time),
            (b"(\"n\" (1 2 3) \"t\")", ArchiveLineError::Time),
            (b"(\"n\" (1 1000000) \"t\")", ArchiveLineError::Moment { seconds: 1, microseconds: 1_000_000 }),
            (b"(\"n\" (1 2) t)", ArchiveLineError::Text),
            (b"(\"n\" (1 2) \"t\" 5)", ArchiveLineError::Address),
        ];
        for (text, error) in cases {
            assert_eq!(ArchiveLine::parse(text), Err(error), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(
            ArchiveLineError::from(SexprError::Unclosed { at: 11 }).to_string(),
            "what begins at byte 11 is not closed"
        );
    }

    #[test]
    fn days_name_their_files_and_pages() {
        let day = ArchiveDay::new(2009, 5, 2).unwrap();
        assert_eq!((day.file(), day.page()), ("data/2009/05/02.dat".to_owned(), "2009/05/02".to_owned()));
        for path in ["data/2009/05/02.dat", "2009/05/02.dat", "/srv/old/data/2009/05/02.dat"] {
            assert_eq!(ArchiveDay::of_file(path), Some(day), "{path}");
        }
        for path in [
            "current.dat",
            "data/2009/05/02.cnt",
            "2009/5/2.dat",
            "2009/13/02.dat",
            "05/02.dat",
            ".dat",
            "2009/02/30.dat",
        ] {
            assert_eq!(ArchiveDay::of_file(path), None, "{path}");
        }
        assert_eq!(ArchiveDay::of_page("2009/05/02"), Some(day));
        for path in
            ["", "2009/05", "2009/05/02/", "/2009/05/02", "a/2009/05/02", "2009/05/+2", "2009/00/01", "2009/05/00"]
        {
            assert_eq!(ArchiveDay::of_page(path), None, "{path}");
        }
        assert!(ArchiveDay::new(2000, 2, 29).is_some() && ArchiveDay::new(2024, 2, 29).is_some());
        assert_eq!((ArchiveDay::new(1900, 2, 29), ArchiveDay::new(2023, 2, 29)), (None, None));
        assert_eq!(
            (ArchiveDay::new(0, 1, 1), ArchiveDay::new(10_000, 1, 1), ArchiveDay::new(2009, 4, 31)),
            (None, None, None)
        );
    }

    proptest! {
        #[test]
        fn any_line_reads_back_and_is_one_line(
            nick in any::<String>(), us in any::<i64>(), text in any::<String>(), address in any::<Option<String>>(),
        ) {
            let value = line(&nick, us, &text, address.as_deref());
            let encoded = value.encode();
            prop_assert!(!encoded.contains(char::is_control));
            prop_assert_eq!(ArchiveLine::parse(encoded.as_bytes()), Ok(value));
            for end in 0..encoded.len() {
                prop_assert!(ArchiveLine::parse(&encoded.as_bytes()[..end]).is_err());
            }
        }

        #[test]
        fn every_day_is_found_by_its_file_and_its_page(year in 0_u16..10_001, month in 0_u8..14, day in 0_u8..33) {
            if let Some(day) = ArchiveDay::new(year, month, day) {
                prop_assert_eq!((ArchiveDay::of_file(&day.file()), ArchiveDay::of_page(&day.page())), (Some(day), Some(day)));
            } else {
                prop_assert_eq!(ArchiveDay::of_page(&format!("{year:04}/{month:02}/{day:02}")), None);
            }
        }
    }
}
