//! The HTTP chat door: what stands in its URLs, headers and bodies (protocols/http-chat.md).
//!
//! Multipart bodies are absent on purpose: the door reads them with a library that streams.

mod event;
mod ext_value;
mod form;
mod time;

pub use event::{AuthorJson, BodyJson, EventJson, SettingsJson};
pub use ext_value::{ExtValueError, decode_ext_value, encode_ext_value};
pub use form::{FIELDS_MAX, FormError, FormFields, SendBody};
pub use time::{EventTime, TimeError};

/// Carries the author of a message, as [`encode_ext_value`] writes it.
pub const CHAT_AUTHOR: &str = "Chat-Author";
/// Carries the time of a message, as [`EventTime`] prints it.
pub const CHAT_TIME: &str = "Chat-Time";
/// Carries the number of a message; on the chat page, that of the newest (0: there is none).
pub const CHAT_NUMBER: &str = "Chat-Number";
/// Is `true` where a post repeats an earlier one and nothing was appended.
pub const CHAT_DUPLICATE: &str = "Chat-Duplicate";
/// Carries the message key that makes a post safe to repeat; see [`is_message_key`].
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The largest message number, 2^63-1: the largest integer that every store can hold.
pub const NUMBER_MAX: u64 = i64::MAX as u64;
/// The length of a room's key in bytes.
pub const KEY_BYTES: usize = 32;
/// The length of the longest message key (`Idempotency-Key`) in bytes.
pub const MESSAGE_KEY_BYTES_MAX: usize = 64;

/// Why a text is no message number. Each prints as a sentence for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing stands where the number should.
    #[error("the message number is missing; give a number such as 1")]
    Empty,
    /// Something other than the digits 0 to 9: a sign, a point, an exponent, digits of another script.
    #[error("a message number is written with the digits 0 to 9 alone")]
    NotDigits,
    /// The text is `0`.
    #[error("messages are numbered from 1; there is no message 0")]
    Zero,
    /// The number starts with 0, so that one message would have many addresses.
    #[error("a message number does not begin with 0")]
    LeadingZero,
    /// More than [`NUMBER_MAX`].
    #[error("the message number is too large; the largest possible is 9223372036854775807")]
    TooLarge,
}

/// Reads the number of a message, the `N` of `/msg/KEY/N`: 1 to [`NUMBER_MAX`], ASCII digits only.
///
/// # Errors
/// [`NumberError`] for everything else; a number is never wrapped, rounded or trimmed.
pub fn parse_number(text: &str) -> Result<u64, NumberError> {
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotDigits);
    }
    if text == "0" {
        return Err(NumberError::Zero);
    }
    if text.starts_with('0') {
        return Err(NumberError::LeadingZero);
    }
    match text.parse::<u64>() {
        Ok(number) if number <= NUMBER_MAX => Ok(number),
        // Digits alone can only fail to parse by overflow.
        _ => Err(NumberError::TooLarge),
    }
}

/// Tells whether a text has the form of a room's key: exactly 32 of `[0-9a-z]`.
#[must_use]
pub fn is_key(text: &str) -> bool {
    text.len() == KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Tells whether a text can be a message key (`Idempotency-Key`): 1 to 64 of `[A-Za-z0-9._~-]`
/// (protocols/README.md).
#[must_use]
pub fn is_message_key(text: &str) -> bool {
    (1..=MESSAGE_KEY_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
}

/// Writes a message as the body of `/msg/KEY/N` shows it: `AUTHOR: TEXT`.
///
/// It has no reader on purpose: a nickname may hold `: `, so the parts are taken from the
/// headers [`CHAT_AUTHOR`] and the like, or from the JSON.
#[must_use]
pub fn message_line(author: &str, text: &str) -> String {
    format!("{author}: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_from_one_to_the_largest_are_read() {
        assert_eq!(parse_number("1"), Ok(1));
        assert_eq!(parse_number("10"), Ok(10));
        assert_eq!(parse_number("9223372036854775807"), Ok(NUMBER_MAX));
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_reason() {
        let cases = [
            ("", NumberError::Empty),
            ("0", NumberError::Zero),
            ("00", NumberError::LeadingZero),
            ("01", NumberError::LeadingZero),
            ("007", NumberError::LeadingZero),
            ("+1", NumberError::NotDigits),
            ("-1", NumberError::NotDigits),
            ("1.5", NumberError::NotDigits),
            ("1e3", NumberError::NotDigits),
            ("1_000", NumberError::NotDigits),
            (" 1", NumberError::NotDigits),
            ("1 ", NumberError::NotDigits),
            ("1\n", NumberError::NotDigits),
            ("0x10", NumberError::NotDigits),
            ("\u{661}\u{662}", NumberError::NotDigits),
            ("\u{ff11}", NumberError::NotDigits),
            ("9223372036854775808", NumberError::TooLarge),
            ("18446744073709551615", NumberError::TooLarge),
            ("18446744073709551617", NumberError::TooLarge),
            ("99999999999999999999", NumberError::TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(parse_number(text), Err(error), "{text:?}");
        }
        assert_eq!(parse_number(&"9".repeat(1_000_000)), Err(NumberError::TooLarge));
    }

    #[test]
    fn a_refusal_is_one_sentence_without_a_full_stop() {
        for error in [
            NumberError::Empty,
            NumberError::NotDigits,
            NumberError::Zero,
            NumberError::LeadingZero,
            NumberError::TooLarge,
        ] {
            let sentence = error.to_string();
            assert!(sentence.contains(' ') && !sentence.ends_with('.'), "{sentence}");
        }
    }

    #[test]
    fn keys_are_thirty_two_lower_case_letters_and_digits() {
        assert!(is_key("0123456789abcdefghijklmnopqrstuv"));
        assert!(is_key(&"z".repeat(32)));
        for text in [
            "",
            "0123456789abcdefghijklmnopqrstu",
            "0123456789abcdefghijklmnopqrstuvw",
            "0123456789ABCDEFGHIJKLMNOPQRSTUV",
            "0123456789abcdefghijklmnopqrst/.",
            "0123456789abcdefghijklmnopqrstü",
        ] {
            assert!(!is_key(text), "{text:?}");
        }
    }

    #[test]
    fn message_keys_are_one_to_sixty_four_unreserved_characters() {
        assert!(is_message_key("a"));
        assert!(is_message_key("AZaz09._~-"));
        assert!(is_message_key(&"k".repeat(64)));
        for text in ["", "a b", "a/b", "\"a\"", "ä", "a\n"] {
            assert!(!is_message_key(text), "{text:?}");
        }
        assert!(!is_message_key(&"k".repeat(65)));
    }

    #[test]
    fn a_line_is_author_colon_text() {
        assert_eq!(message_line("~anna", "hi: there"), "~anna: hi: there");
    }

    proptest! {
        #[test]
        fn every_number_reads_back(number in 1..=NUMBER_MAX) {
            prop_assert_eq!(parse_number(&number.to_string()), Ok(number));
        }

        #[test]
        fn an_accepted_number_is_written_in_one_way_only(text in "[0-9+.e٠ -]{0,22}") {
            if let Ok(number) = parse_number(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }
}
