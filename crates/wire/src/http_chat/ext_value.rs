//! Text in an HTTP header: plain where it can be, RFC 8187 where it cannot.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Begins an encoded value; the language tag between the quotes is empty.
const PREFIX: &str = "UTF-8''";
/// What a reader takes for the begin of an encoded value, in any case and with any language.
const CHARSET: &str = "UTF-8'";

/// All but the `attr-char` of RFC 8187, 3.2.1.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Why a header's value is not what [`encode_ext_value`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExtValueError {
    /// A plain value holds a byte outside visible ASCII and the space.
    #[error("a plain header value holds a character that only an encoded one may hold")]
    NotVisibleAscii,
    /// `UTF-8'` without the second quote.
    #[error("an encoded header value has no second quote after its character set")]
    NoSecondQuote,
    /// A character that must be percent-encoded is not, or `%` lacks its two hexadecimal digits.
    #[error("an encoded header value is not correctly percent-encoded")]
    NotPercentEncoded,
    /// The decoded bytes are no UTF-8.
    #[error("an encoded header value is not UTF-8")]
    NotUtf8,
}

/// Writes any text as a header value: as it is where it is plain visible ASCII, else as
/// `UTF-8''` and percent-encoding (RFC 8187).
///
/// Three kinds of ASCII text are encoded too, or they would not read back: what itself begins
/// like an encoded value, and what begins or ends with a space, which HTTP would trim.
#[must_use]
pub fn encode_ext_value(text: &str) -> Cow<'_, str> {
    let plain = is_visible_ascii(text) && !begins_encoded(text) && !text.starts_with(' ') && !text.ends_with(' ');
    if plain { Cow::Borrowed(text) } else { Cow::Owned(format!("{PREFIX}{}", utf8_percent_encode(text, ESCAPED))) }
}

/// Reads a header value that [`encode_ext_value`] wrote, with any language tag and in any case of
/// the character set's name.
///
/// # Errors
/// [`ExtValueError`] where the value is neither plain ASCII nor correctly encoded.
pub fn decode_ext_value(value: &str) -> Result<Cow<'_, str>, ExtValueError> {
    if !is_visible_ascii(value) {
        return Err(ExtValueError::NotVisibleAscii);
    }
    if !begins_encoded(value) {
        return Ok(Cow::Borrowed(value));
    }
    // The value is ASCII, so the prefix ends on a character's border.
    let (_language, encoded) = value[CHARSET.len()..].split_once('\'').ok_or(ExtValueError::NoSecondQuote)?;
    percent_decode(encoded.as_bytes())
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| ExtValueError::NotUtf8))
        .map(Cow::Owned)
}

fn percent_decode(encoded: &[u8]) -> Result<Vec<u8>, ExtValueError> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (value, after) = super::form::hex_pair(rest).ok_or(ExtValueError::NotPercentEncoded)?;
            decoded.push(value);
            rest = after;
        } else if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            decoded.push(byte);
        } else {
            return Err(ExtValueError::NotPercentEncoded);
        }
    }
    Ok(decoded)
}

fn is_visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

fn begins_encoded(text: &str) -> bool {
    text.get(..CHARSET.len()).is_some_and(|start| start.eq_ignore_ascii_case(CHARSET))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_stays_plain() {
        for text in ["", "adrian", "~anna b", "100% \"sure\"", "UTF-8", "iso-8859-1''x"] {
            assert_eq!(encode_ext_value(text), text);
            assert_eq!(decode_ext_value(text).unwrap(), text);
        }
    }

    #[test]
    fn other_text_is_encoded() {
        let cases = [
            ("€ rates", "UTF-8''%E2%82%AC%20rates"),
            ("Zoë", "UTF-8''Zo%C3%AB"),
            ("a\r\nb", "UTF-8''a%0D%0Ab"),
            ("UTF-8''x", "UTF-8''UTF-8%27%27x"),
            ("utf-8'en'x", "UTF-8''utf-8%27en%27x"),
            (" a", "UTF-8''%20a"),
            ("a ", "UTF-8''a%20"),
        ];
        for (text, value) in cases {
            assert_eq!(encode_ext_value(text), value);
            assert_eq!(decode_ext_value(value).unwrap(), text);
        }
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        assert_eq!(decode_ext_value("UTF-8''%c2%a3%20and%20%e2%82%ac%20rates").unwrap(), "£ and € rates");
        assert_eq!(decode_ext_value("utf-8'en'%C2%A3%20rates").unwrap(), "£ rates");
    }

    #[test]
    fn broken_values_are_refused() {
        let cases = [
            ("Zoë", ExtValueError::NotVisibleAscii),
            ("a\tb", ExtValueError::NotVisibleAscii),
            ("UTF-8'", ExtValueError::NoSecondQuote),
            ("UTF-8'en", ExtValueError::NoSecondQuote),
            ("UTF-8''a b", ExtValueError::NotPercentEncoded),
            ("UTF-8''%", ExtValueError::NotPercentEncoded),
            ("UTF-8''%4", ExtValueError::NotPercentEncoded),
            ("UTF-8''%+4", ExtValueError::NotPercentEncoded),
            ("UTF-8''%ff", ExtValueError::NotUtf8),
            ("UTF-8''%C0%AF", ExtValueError::NotUtf8),
            ("UTF-8''%ED%A0%80", ExtValueError::NotUtf8),
        ];
        for (value, error) in cases {
            assert_eq!(decode_ext_value(value), Err(error), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in prop_oneof![any::<String>(), "[ -~]{0,8}", "(?i:utf-8'){1,2}[a-z']{0,3}"]) {
            let value = encode_ext_value(&text);
            prop_assert!(is_visible_ascii(&value));
            prop_assert_eq!(value.trim(), &*value);
            prop_assert_eq!(decode_ext_value(&value).unwrap(), text.as_str());
        }

        #[test]
        fn what_reads_back_is_stable(value in "(UTF-8')?'?[ -~]{0,20}") {
            if let Ok(text) = decode_ext_value(&value) {
                let again = encode_ext_value(&text).into_owned();
                prop_assert_eq!(decode_ext_value(&again).unwrap(), text);
            }
        }
    }
}
