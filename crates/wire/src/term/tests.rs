use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

/// Everything that comes out of a stream fed in pieces of these sizes; the last piece is the rest.
fn read(stream: &[u8], sizes: &[usize]) -> Vec<Frame<'static>> {
    let mut frames = Frames::default();
    let mut out = Vec::new();
    let mut rest = stream;
    for size in sizes.iter().copied().chain([stream.len()]) {
        let (mut piece, after) = rest.split_at(size.min(rest.len()));
        while let Some(frame) = frames.next(&mut piece) {
            out.push(owned(frame));
        }
        assert!(piece.is_empty(), "what is given is taken");
        rest = after;
    }
    out
}

fn owned(frame: Frame<'_>) -> Frame<'static> {
    match frame {
        Frame::Text(text) => Frame::Text(Cow::Owned(text.into_owned())),
        Frame::NotUtf8 => Frame::NotUtf8,
        Frame::Leaving => Frame::Leaving,
        Frame::TooLong(length) => Frame::TooLong(length),
    }
}

fn text(text: &str) -> Frame<'static> {
    Frame::Text(Cow::Owned(text.to_owned()))
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_be_bytes(), bytes].concat()
}

#[test]
fn a_string_is_its_length_and_its_bytes() {
    let mut out = Vec::new();
    encode("bc hé", &mut out);
    assert_eq!(out, b"\0\0\0\0\0\0\0\x06bc h\xc3\xa9");
    assert_eq!(read(&out, &[]), [text("bc hé")]);
    assert_eq!(read(&LEAVING, &[]), [Frame::Leaving]);
}

#[test]
fn every_split_of_a_stream_reads_the_same() {
    let stream = [string("anna".as_bytes()), string(b"\xff\xc3"), string("é".as_bytes()), LEAVING.to_vec()].concat();
    let expected = [text("anna"), Frame::NotUtf8, text("é"), Frame::Leaving];
    for first in 0..=stream.len() {
        for second in 0..=stream.len() - first {
            assert_eq!(read(&stream, &[first, second]), expected, "{first}, {second}");
        }
    }
    assert_eq!(read(&stream, &vec![1; stream.len()]), expected);
}

#[test]
fn lengths_up_to_the_limit_are_read_and_those_over_it_end_the_stream() {
    let longest = string(&[b'x'; STRING_BYTES_MAX]);
    assert_eq!(read(&longest, &[]), [text(&"x".repeat(4_096))]);
    assert_eq!(read(&longest, &[100, 4_000]), [text(&"x".repeat(4_096))]);
    for length in [4_097, 1 << 32, 1 << 63, u64::MAX] {
        let stream = [&string(b"a")[..], &length.to_be_bytes(), &string(b"b")].concat();
        assert_eq!(read(&stream, &[]), [text("a"), Frame::TooLong(length)]);
        assert_eq!(read(&stream, &vec![1; stream.len()]), [text("a"), Frame::TooLong(length)]);
    }
}

#[test]
fn the_end_of_a_stream_cuts_off_or_not() {
    let mut frames = Frames::default();
    assert!(frames.is_between());
    for byte in &string(b"ab")[..9] {
        assert_eq!(frames.next(&mut &[*byte][..]), None);
        assert!(!frames.is_between());
    }
    assert_eq!(frames.next(&mut &b"b"[..]), Some(text("ab")));
    assert!(frames.is_between());
}

#[test]
fn a_long_text_becomes_several_strings_cut_between_characters() {
    let mut out = Vec::new();
    encode("", &mut out);
    assert_eq!(out, b"", "the empty text does not say that anybody leaves");
    let long = format!("{}👍{}", "x".repeat(4_094), "y".repeat(5_000));
    encode(&long, &mut out);
    let strings = [text(&"x".repeat(4_094)), text(&format!("👍{}", "y".repeat(4_092))), text(&"y".repeat(908))];
    assert_eq!(read(&out, &[]), strings);
}

#[test]
fn what_a_terminal_would_obey_is_shown_instead() {
    let cases = [
        ("", ""),
        ("plain, ünïcödé, 日本語, 👩‍👩‍👧", "plain, ünïcödé, 日本語, 👩‍👩‍👧"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("a\u{9b}1m\u{85}", "a\\x9b1m\\x85"),
        ("a\rb\x08c\0\x7f", "a\\x0db\\x08c\\x00\\x7f"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("a\u{2028}b\u{2029}c", "a\\u2028b\\u2029c"),
        ("שלום", "\u{2068}שלום\u{2069}"),
        ("\u{202e}cod.exe", "\u{2068}\u{202e}cod.exe\u{2069}"),
        ("\u{2067}a", "\u{2068}\u{2067}a\u{2069}\u{2069}"),
        ("\u{2069}a\u{2066}b\u{2069}\u{2069}", "\u{2068}\\u2069a\u{2066}b\u{2069}\\u2069\u{2069}"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text:?}");
        let mut pushed = String::new();
        push_shown(text, &mut pushed);
        assert_eq!(pushed, expected, "{text:?}");
    }
    assert!(matches!(shown("anna"), Cow::Borrowed("anna")));
}

#[test]
fn every_line_of_a_text_is_indented() {
    let cases = [
        ("hi", "  hi\n"),
        ("a\n\nb\n", "  a\n  \n  b\n  \n"),
        ("a\tb\r\n[server] x", "  a\tb\\x0d\n  [server] x\n"),
        ("\u{2067}a\nb", "  \u{2068}\u{2067}a\u{2069}\u{2069}\n  b\n"),
    ];
    for (text, expected) in cases {
        let mut out = String::new();
        push_indented(text, &mut out);
        assert_eq!(out, expected, "{text:?}");
    }
}

/// Whether the isolates of a line are in order: each closed, and all of a line's own inside one.
fn is_isolated(line: &str) -> bool {
    let mut open = 0;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{2066}'..='\u{2068}' => open += 1,
            '\u{2069}' if open == 0 => return false,
            '\u{2069}' => open -= 1,
            '\u{202a}'..='\u{202e}' | '\u{590}'..='\u{8ff}' if open == 0 => return false,
            _ => {}
        }
        if open == 0 && c == '\u{2069}' && chars.peek().is_some() {
            return false;
        }
    }
    open == 0
}

/// Texts full of what terminals and bidirectional layout care about.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>(),
        prop::char::range('\0', '\u{a0}'),
        prop::char::range('\u{2000}', '\u{206f}'),
        prop::char::range('\u{5d0}', '\u{640}'),
    ];
    prop::collection::vec(piece, 0..40).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn any_strings_in_any_pieces_read_the_same(
        strings in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..8),
        texts in prop::collection::vec(any::<String>(), 0..8),
        sizes in prop::collection::vec(0..30_usize, 0..40),
    ) {
        let all: Vec<Vec<u8>> = strings.into_iter().chain(texts.into_iter().map(String::into_bytes)).collect();
        let stream: Vec<u8> = all.iter().flat_map(|bytes| string(bytes)).collect();
        let expected: Vec<_> = all.iter().map(|bytes| match std::str::from_utf8(bytes) {
            Ok("") => Frame::Leaving,
            Ok(sent) => text(sent),
            Err(_) => Frame::NotUtf8,
        }).collect();
        prop_assert_eq!(read(&stream, &sizes), expected);
    }

    #[test]
    fn any_text_reads_back_in_strings_within_the_limit(text in any::<String>(), times in 0..400_usize) {
        let text = text.repeat(times);
        let mut out = Vec::new();
        encode(&text, &mut out);
        let mut joined = String::new();
        for frame in read(&out, &[]) {
            let Frame::Text(string) = frame else { panic!("{frame:?}") };
            prop_assert!((1..=STRING_BYTES_MAX).contains(&string.len()));
            joined.push_str(&string);
        }
        prop_assert_eq!(joined, text);
    }

    #[test]
    fn no_control_character_is_ever_shown(text in hostile()) {
        let line = shown(&text);
        prop_assert!(!line.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')), "{:?}", line);
        prop_assert!(is_isolated(&line), "{:?}", line);
    }

    #[test]
    fn an_indented_text_has_our_line_feeds_only(text in hostile()) {
        let mut out = String::new();
        push_indented(&text, &mut out);
        prop_assert_eq!(out.matches('\n').count(), text.matches('\n').count() + 1);
        for line in out.strip_suffix('\n').unwrap().split('\n') {
            let line = line.strip_prefix("  ").unwrap();
            prop_assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{:?}", line);
            prop_assert!(is_isolated(line), "{:?}", line);
        }
    }
}
