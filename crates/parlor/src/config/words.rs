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
