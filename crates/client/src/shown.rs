//! A message as a terminal may see it: no byte of it can move the cursor, change a colour, or
//! pass for another line of the program (PROMISES.md, S44 and S45).

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parlor_wire::http_chat::{EventTime, message_line};

/// Stands before every line of a message but its first, as wide as `HH:MM `.
const INDENT: &str = "      ";

/// Writes a message as `HH:MM AUTHOR: TEXT`, without a line end after it; further lines of the
/// text are indented, so that none can pass for another message.
#[must_use]
pub fn message(time: EventTime, zone: &TimeZone, author: &str, text: &str) -> String {
    let clock = Timestamp::from_microsecond(time.unix_us())
        .map_or_else(|_| "--:--".to_owned(), |at| at.to_zoned(zone.clone()).strftime("%H:%M").to_string());
    let lines: Vec<String> = text.split('\n').map(line).collect();
    format!("{clock} {}", message_line(&line(author), &lines.join(&format!("\n{INDENT}"))))
}

/// Writes text so that it stays on one line and moves nothing: control characters, also those
/// above ASCII and the two line separators of Unicode, appear as `\x1b` or `\u{2028}`; a tab,
/// which people do type, as four spaces.
#[must_use]
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => shown.push_str("    "),
            '\u{2028}' | '\u{2029}' => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            }
            control if control.is_control() => {
                let _ = write!(shown, "\\x{:02x}", u32::from(control));
            }
            other => shown.push(other),
        }
    }
    shown
}

/// Makes a JSON text safe for a terminal without changing what it says: the control characters
/// that JSON allows to stand as they are (DEL and C1) become `\u009b` and the like.
#[must_use]
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            // Outside strings JSON has no control characters but white space, and inside strings
            // none below the space.
            '\n' | '\r' | '\t' => shown.push(' '),
            control if control.is_control() => {
                let _ = write!(shown, "\\u{:04x}", u32::from(control));
            }
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEN: EventTime = EventTime::UNIX_EPOCH;

    #[test]
    fn a_message_is_clock_author_text() {
        let shown = |author, text| message(TEN, &TimeZone::UTC, author, text);
        assert_eq!(shown("~anna", "hi"), "00:00 ~anna: hi");
        assert_eq!(shown("anna", "a\nbob: b\n"), "00:00 anna: a\n      bob: b\n      ");
        assert_eq!(shown("an\nna", "x\r\x1b[2J"), "00:00 an\\x0ana: x\\x0d\\x1b[2J");
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(message(TEN, &zone, "a", "b"), "02:00 a: b");
    }

    #[test]
    fn controls_of_every_kind_are_shown() {
        let cases = [
            ("\u{0}\u{7}\u{8}", "\\x00\\x07\\x08"),
            ("\u{7f}\u{85}\u{9b}2J", "\\x7f\\x85\\x9b2J"),
            ("a\tb", "a    b"),
            ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
            ("é 👍\u{200d}", "é 👍\u{200d}"),
        ];
        for (text, shown) in cases {
            assert_eq!(line(text), shown);
        }
    }

    proptest! {
        #[test]
        fn a_terminal_never_receives_a_control_character(author: String, text in "(\\PC|\\p{Cc}|\n){0,40}", us: i64) {
            let shown = message(EventTime::from_unix_us(us), &TimeZone::UTC, &author, &text);
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            for further in shown.split('\n').skip(1) {
                prop_assert!(further.starts_with(INDENT));
            }
        }

        #[test]
        fn json_keeps_its_meaning_without_controls(text in "(\\PC|\\p{Cc}|\n){0,40}") {
            let written = serde_json::to_string(&text).unwrap();
            let shown = json(&written);
            prop_assert!(!shown.contains(char::is_control));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
