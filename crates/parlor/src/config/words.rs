//! Values that have words of their own: times, and who may be without a password.

use std::time::Duration;

use super::kind::{Given, quoted, word};

/// Whether accounts may be without a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Passwordless {
    /// While only this machine can reach the server.
    #[default]
    Auto,
    Yes,
    No,
}

impl Passwordless {
    const WORDS: [(&'static str, Self); 3] = [("auto", Self::Auto), ("true", Self::Yes), ("false", Self::No)];
}

/// How a time is written.
pub(super) const SPAN: &str = "a time such as 30d, 12h, 90m or 60s";

/// The units of a time, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads `auto`, or whether; answers the value as the file would have it.
pub(super) fn passwordless(given: &Given, place: &mut Passwordless) -> Result<String, String> {
    match given {
        Given::Truth(truth) => word(&Given::Words(truth.to_string()), &Passwordless::WORDS, place)?,
        given => word(given, &Passwordless::WORDS, place)?,
    };
    // A TOML boolean is written without quotes.
    Ok(match place {
        Passwordless::Auto => quoted("auto"),
        Passwordless::Yes => "true".to_owned(),
        Passwordless::No => "false".to_owned(),
    })
}

/// Reads a whole number with its unit; answers the value as the file would have it.
pub(super) fn span(typed: &str, min: Duration, max: Duration, place: &mut Duration) -> Result<String, String> {
    let wrong = || format!("expected {SPAN}, from {} to {}; got {}", shown(min), shown(max), quoted(typed));
    let unit = UNITS.iter().find_map(|(unit, seconds)| Some((typed.strip_suffix(*unit)?, seconds)));
    let (digits, seconds) = unit.ok_or_else(wrong)?;
    let is_number = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = if is_number { digits.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
    let span = Duration::from_secs(count * seconds);
    if !(min..=max).contains(&span) {
        return Err(wrong());
    }
    *place = span;
    Ok(quoted(&shown(span)))
}

/// In the largest unit that says it exactly.
fn shown(span: Duration) -> String {
    let seconds = span.as_secs();
    let (unit, length) = UNITS.iter().find(|(_, length)| seconds.is_multiple_of(*length)).unwrap_or(&('s', 1));
    format!("{}{unit}", seconds / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_whole_number_with_its_unit_and_shown_in_the_largest() {
        let read = |typed: &str| {
            let mut place = Duration::ZERO;
            let shown = span(typed, Duration::from_secs(60), Duration::from_secs(10 * 86_400), &mut place)?;
            Ok::<_, String>((place.as_secs(), shown))
        };
        let cases = [
            ("60s", 60, "1m"),
            ("90m", 5_400, "90m"),
            ("48h", 172_800, "2d"),
            ("10d", 864_000, "10d"),
            ("61s", 61, "61s"),
        ];
        for (typed, seconds, shown) in cases {
            assert_eq!(read(typed), Ok((seconds, format!("\"{shown}\""))), "{typed}");
        }
        for typed in ["", "d", "30", "1.5d", "-1d", "+1d", " 1d", "59s", "11d", "9999999999d", "1w", "1d1h", "\u{661}d"]
        {
            let wrong = read(typed).unwrap_err();
            assert!(wrong.starts_with("expected a time such as 30d, 12h, 90m or 60s, from 1m to 10d; got "), "{wrong}");
        }
    }

    #[test]
    fn passwordless_is_a_boolean_or_auto() {
        let read = |given: &Given| {
            let mut place = Passwordless::Auto;
            passwordless(given, &mut place).map(|shown| (place, shown))
        };
        assert_eq!(read(&Given::Truth(true)), Ok((Passwordless::Yes, "true".to_owned())));
        assert_eq!(read(&Given::Words("false".to_owned())), Ok((Passwordless::No, "false".to_owned())));
        assert_eq!(read(&Given::Text("auto".to_owned())), Ok((Passwordless::Auto, "\"auto\"".to_owned())));
        for given in [Given::Text("yes".to_owned()), Given::Integer(1), Given::Words(String::new())] {
            assert!(read(&given).unwrap_err().starts_with("expected one of auto, true, false"), "{given:?}");
        }
    }
}
