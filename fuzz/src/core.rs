//! The rules of the domain: what text, names and searches may be.

use parlor_core::days::TimeZone;
use parlor_core::names::{Handle, RoomName};
use parlor_core::query::Query;
use parlor_core::refusal::Refusal;
use parlor_core::search::{query_tokens, tokens};
use parlor_core::text::{DisplayName, Emoji, Subject, Text};

const BYTES_MAX: usize = 4_096;

/// Bodies, subjects, display names and reactions. Oracles: what is accepted differs from what came by CRLF alone, holds no
/// control character, and is accepted again as it is; a refusal points at a character of the text.
pub fn text_rule(data: &[u8]) {
    match Text::new(data, BYTES_MAX) {
        Ok(text) => {
            let original = std::str::from_utf8(data).expect("only UTF-8 is accepted");
            assert_eq!(text.as_str(), original.replace("\r\n", "\n"));
            assert!(!text.as_str().chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            assert!(text.as_str().len() <= BYTES_MAX);
            assert_eq!(Text::new(text.as_str().as_bytes(), BYTES_MAX), Ok(text));
        }
        Err(Refusal::BadCharacter { at, .. }) => {
            let text = std::str::from_utf8(data).expect("what is not UTF-8 is refused before");
            assert!(text[at..].chars().next().is_some());
        }
        Err(Refusal::BadEncoding { at, .. }) => assert!(std::str::from_utf8(&data[..at]).is_ok() && at < data.len()),
        Err(_) => {}
    }
    for line in [
        DisplayName::new(data).map(|name| name.as_str().to_owned()),
        Emoji::new(data).map(|emoji| emoji.as_str().to_owned()),
    ] {
        assert!(
            line.is_err()
                || line.is_ok_and(|line| !line.is_empty() && !line.contains(['\n', '\r', '\u{202E}', '\u{2028}']))
        );
    }
    if let Ok(subject) = Subject::new(data, BYTES_MAX) {
        assert_eq!(Subject::new(subject.as_str().as_bytes(), BYTES_MAX), Ok(subject));
    }
}

/// Handles and room names. Oracles: folding is idempotent; what can be taken can be asked for; only ASCII gets in.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(handle) = Handle::new(text) {
        assert_eq!(Handle::new(handle.as_str()).as_ref(), Ok(&handle));
        assert_eq!(Handle::find(text), Some(handle.clone()));
        assert!(
            handle
                .as_str()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
        );
        assert!(
            RoomName::new(text).is_ok_and(|room| room.as_str() == handle.as_str()),
            "people and rooms share one name space"
        );
    }
}

/// Search tokens. Oracles: sorted, each once, bounded, without anything that a store could split at; a text is found by itself.
pub fn search_tokens(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let have = tokens(text);
    assert!(have.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(have.iter().all(|token| (1..=64).contains(&token.chars().count()) && !token.contains(char::is_whitespace)));
    assert!(query_tokens(text).iter().all(|token| have.binary_search(token).is_ok()));
    // What is typed is understood or refused, and marks are parts of the text.
    if let Ok(query) = Query::parse(text, &TimeZone::utc()) {
        assert!((1..=32).contains(&query.tokens().len()));
        assert!(query.marks(text).iter().all(|mark| text.get(mark.clone()).is_some_and(|marked| !marked.is_empty())));
    }
}
