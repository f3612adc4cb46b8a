//! The one text rule, for bodies, names and subjects from every door (protocols: common rules; PROMISES 2.7).
//!
//! Valid UTF-8; CRLF becomes LF; NUL, C0 controls other than TAB and LF, DEL, C1 controls and non-characters are refused.
//! Nothing is replaced, stripped or normalised: what is stored is what was said.
//! Bidi controls are allowed in bodies, where people need them, and refused in names and subjects, where they forge.

use unicode_normalization::char::is_combining_mark;

use crate::limits;
use crate::refusal::{Refusal, What};

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes what a store holds as it is: rules may have changed since it was written, and
            /// encoders escape whatever they get.
            #[must_use]
            pub fn stored(text: String) -> $name {
                $name(text.into_boxed_str())
            }
        }
    };
}

text_type! {
    /// A message's text: several lines, any script.
    Text
}
text_type! {
    /// A room's subject: one line.
    Subject
}
text_type! {
    /// A display name or nickname: one line, at most 64 characters.
    DisplayName
}
text_type! {
    /// A reaction: one short line without white space.
    Emoji
}

impl Text {
    /// Reads a message's text.
    ///
    /// # Errors
    /// `BadEncoding`, `BadCharacter`, `Empty` (only white space), `TooLong` (over `bytes_max`), in this order.
    pub fn new(bytes: &[u8], bytes_max: usize) -> Result<Text, Refusal> {
        let text = decode(bytes, What::Message)?;
        check_characters(text, What::Message, |c| c == '\n' || c == '\t', false)?;
        if text.trim().is_empty() {
            return Err(Refusal::Empty(What::Message));
        }
        // CR was let through by `check_characters` only before LF.
        let text = text.replace("\r\n", "\n");
        if text.len() > bytes_max {
            return Err(Refusal::TooLong { what: What::Message, limit: bytes_max, unit: "bytes" });
        }
        Ok(Text(text.into_boxed_str()))
    }
}

impl Subject {
    /// Reads a subject, without the white space around it; may be empty.
    ///
    /// # Errors
    /// `BadEncoding`, `BadCharacter`, `TooLong` (over `bytes_max`).
    pub fn new(bytes: &[u8], bytes_max: usize) -> Result<Subject, Refusal> {
        let text = one_line(bytes, What::Subject)?.trim();
        if text.len() > bytes_max {
            return Err(Refusal::TooLong { what: What::Subject, limit: bytes_max, unit: "bytes" });
        }
        Ok(Subject(text.into()))
    }
}

impl DisplayName {
    /// Reads a display name or nickname, without the white space around it.
    ///
    /// # Errors
    /// `BadEncoding`, `BadCharacter`, `Empty`, `TooLong`, `BadName` (a tower of combining marks).
    pub fn new(bytes: &[u8]) -> Result<DisplayName, Refusal> {
        let text = decode(bytes, What::Name)?;
        check_characters(text, What::Name, |_| false, true)?;
        let text = text.trim();
        if text.chars().all(is_invisible) {
            return Err(Refusal::Empty(What::Name));
        }
        let limit = limits::DISPLAY_NAME_CHARS;
        if text.chars().count() > limit {
            return Err(Refusal::TooLong { what: What::Name, limit, unit: "characters" });
        }
        let limit = limits::DISPLAY_NAME_BYTES;
        if text.len() > limit {
            return Err(Refusal::TooLong { what: What::Name, limit, unit: "bytes" });
        }
        if has_tower_of_marks(text) {
            return Err(Refusal::BadName("at most 4 combining marks may follow each other"));
        }
        Ok(DisplayName(text.into()))
    }
}

impl Emoji {
    /// Reads a reaction.
    ///
    /// # Errors
    /// `BadEncoding`, `BadCharacter` (white space too), `Empty`, `TooLong`.
    pub fn new(bytes: &[u8]) -> Result<Emoji, Refusal> {
        let text = decode(bytes, What::Reaction)?;
        check_characters(text, What::Reaction, |_| false, true)?;
        if let Some(at) = text.find(char::is_whitespace) {
            return Err(Refusal::BadCharacter { what: What::Reaction, at });
        }
        if text.chars().all(is_invisible) {
            return Err(Refusal::Empty(What::Reaction));
        }
        let limit = limits::EMOJI_BYTES;
        if text.len() > limit {
            return Err(Refusal::TooLong { what: What::Reaction, limit, unit: "bytes" });
        }
        Ok(Emoji(text.into()))
    }
}

/// Reads a text that has its place in one line, as it is.
///
/// # Errors
/// `BadEncoding`, `BadCharacter`.
pub(crate) fn one_line(bytes: &[u8], what: What) -> Result<&str, Refusal> {
    let text = decode(bytes, what)?;
    check_characters(text, what, |_| false, true)?;
    Ok(text)
}

fn decode(bytes: &[u8], what: What) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| Refusal::BadEncoding { what, at: error.valid_up_to() })
}

/// Refuses the first character that the rule forbids. `allowed` names controls that this kind of text may hold; a text
/// that may hold LF may hold CRLF. Line and paragraph separators break lines, so one-line texts refuse them too.
fn check_characters(text: &str, what: What, allowed: fn(char) -> bool, one_line: bool) -> Result<(), Refusal> {
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let crlf = c == '\r' && allowed('\n') && bytes.get(at + 1) == Some(&b'\n');
        let control = c.is_control() && !allowed(c) && !crlf;
        let forges = one_line && (is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}'));
        if control || is_noncharacter(c) || forges {
            return Err(Refusal::BadCharacter { what, at });
        }
    }
    Ok(())
}

/// U+FDD0..U+FDEF and the last two of every plane (Unicode 16, 23.7).
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

/// The characters with the property Bidi_Control (UAX 9).
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What shows nothing by itself: a name of these alone would be a blank line.
fn is_invisible(c: char) -> bool {
    use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
    let hangul_fillers = matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{2800}');
    let group = c.general_category_group();
    let format = c.general_category() == unicode_properties::GeneralCategory::Format;
    c.is_whitespace() || hangul_fillers || format || matches!(group, GeneralCategoryGroup::Mark)
}

fn has_tower_of_marks(text: &str) -> bool {
    let mut in_a_row = 0;
    text.chars().any(|c| {
        in_a_row = if is_combining_mark(c) { in_a_row + 1 } else { 0 };
        in_a_row > limits::NAME_MARKS_IN_A_ROW
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(input: &str, expected: Result<&str, Refusal>) {
        let got = Text::new(input.as_bytes(), 4_096);
        assert_eq!(got.as_ref().map(Text::as_str).map_err(Clone::clone), expected, "{input:?}");
    }

    fn bad(at: usize) -> Result<&'static str, Refusal> {
        Err(Refusal::BadCharacter { what: What::Message, at })
    }

    #[test]
    fn bodies_keep_what_people_need() {
        for text in [
            "hi",
            "a\tb\nc",
            "\u{202E}abc\u{202C}",
            "👩‍👩‍👧",
            "e\u{301}\u{301}\u{301}\u{301}\u{301}",
            "\u{FEFF}x",
            "a\u{2028}b",
            "\u{E000}",
            " lead and trail ",
        ] {
            check(text, Ok(text));
        }
        check("a\r\nb\r\n", Ok("a\nb\n"));
    }

    #[test]
    fn bodies_refuse_controls_and_noncharacters_with_their_place() {
        for (text, at) in [
            ("\0", 0),
            ("ab\x1b[2J", 2),
            ("é\x07", 2),
            ("a\rb", 1),
            ("a\r", 1),
            ("\x7f", 0),
            ("x\u{85}", 1),
            ("x\u{9b}", 1),
            ("\u{FDD0}", 0),
            ("\u{FFFE}", 0),
            ("a\u{1FFFF}", 1),
        ] {
            check(text, bad(at));
        }
    }

    #[test]
    fn empty_and_too_long_bodies_are_refused() {
        for text in ["", " ", "\n\t\r\n", "\u{3000}\u{2003}"] {
            check(text, Err(Refusal::Empty(What::Message)));
        }
        assert!(Text::new("x".repeat(4_096).as_bytes(), 4_096).is_ok());
        let long = Text::new("x".repeat(4_097).as_bytes(), 4_096);
        assert_eq!(long, Err(Refusal::TooLong { what: What::Message, limit: 4_096, unit: "bytes" }));
        // The limit is on what is stored: CRLF counts as one.
        assert!(Text::new("a\r\n".repeat(2_048).as_bytes(), 4_096).is_ok());
    }

    #[test]
    fn what_is_not_utf8_is_refused_where_it_breaks() {
        let got = Text::new(b"ab\xff", 10);
        assert_eq!(got, Err(Refusal::BadEncoding { what: What::Message, at: 2 }));
        assert!(matches!(Text::new(b"\xed\xa0\x80", 10), Err(Refusal::BadEncoding { at: 0, .. })));
        assert!(matches!(Text::new(b"\xc0\xaf", 10), Err(Refusal::BadEncoding { at: 0, .. })));
    }

    #[test]
    fn names_are_one_visible_line() {
        let name = |text: &str| DisplayName::new(text.as_bytes());
        for good in ["Adrian", "Zoë", "山田 太郎", "o\u{301}\u{302}\u{303}\u{304}", "👩‍💻", "नमस्ते"]
        {
            assert_eq!(name(good).unwrap().as_str(), good);
        }
        assert_eq!(name("  x ").unwrap().as_str(), "x");
        assert_eq!(name("\u{200D}\u{200C}"), Err(Refusal::Empty(What::Name)));
        assert_eq!(name("\u{3164}"), Err(Refusal::Empty(What::Name)));
        assert_eq!(name("a\nb"), Err(Refusal::BadCharacter { what: What::Name, at: 1 }));
        assert_eq!(name("a\u{202E}b"), Err(Refusal::BadCharacter { what: What::Name, at: 1 }));
        assert!(matches!(name("o\u{301}\u{302}\u{303}\u{304}\u{305}"), Err(Refusal::BadName(_))));
        assert!(matches!(name(&"x".repeat(65)), Err(Refusal::TooLong { .. })));
        assert!(name(&"😀".repeat(64)).is_ok());
    }

    #[test]
    fn reactions_are_short_and_without_space() {
        assert!(Emoji::new("👍🏽".as_bytes()).is_ok());
        assert!(Emoji::new(b"a b").is_err());
        assert!(Emoji::new(b"").is_err());
        assert!(Emoji::new("👍".repeat(17).as_bytes()).is_err());
    }

    proptest! {
        /// Whatever is accepted is stored unchanged but for CRLF, holds nothing forbidden, and is accepted again.
        #[test]
        fn accepted_text_is_stable(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,60}") {
            for input in [&bytes[..], text.as_bytes()] {
                if let Ok(accepted) = Text::new(input, 4_096) {
                    let original = std::str::from_utf8(input).unwrap();
                    prop_assert_eq!(accepted.as_str(), &original.replace("\r\n", "\n"));
                    let clean = !accepted.as_str().chars().any(|c| c.is_control() && c != '\n' && c != '\t');
                    prop_assert!(clean);
                    prop_assert_eq!(Text::new(accepted.as_str().as_bytes(), 4_096), Ok(accepted));
                }
                if let Ok(name) = DisplayName::new(input) {
                    prop_assert_eq!(DisplayName::new(name.as_str().as_bytes()), Ok(name));
                }
            }
        }
    }
}
