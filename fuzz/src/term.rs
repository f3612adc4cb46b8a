//! The grammar of the terminal door, and what it prints.

use parlor_wire::term::{Frame, Frames, STRING_BYTES_MAX, encode, push_indented, shown};

/// Strings with their length before them; the first byte is the size of the pieces. Oracles: every size of piece gives the
/// same, all bytes are taken, and what was read is written and read again.
pub fn term_strings(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let whole = frames(stream, stream.len());
    assert_eq!(frames(stream, usize::from(*size)), whole);
    assert_eq!(frames(stream, 1), whole);
    for frame in whole {
        match frame {
            Frame::Text(text) => {
                assert!((1..=STRING_BYTES_MAX).contains(&text.len()));
                let mut written = Vec::new();
                encode(&text, &mut written);
                assert_eq!(frames(&written, written.len()), [Frame::Text(text)]);
            }
            Frame::TooLong(length) => assert!(length > STRING_BYTES_MAX as u64),
            Frame::NotUtf8 | Frame::Leaving => {}
        }
    }
}

fn frames(stream: &[u8], size: usize) -> Vec<Frame<'_>> {
    let mut frames = Frames::default();
    let mut found = Vec::new();
    for mut piece in stream.chunks(size.max(1)) {
        while let Some(frame) = frames.next(&mut piece) {
            found.push(frame);
        }
        assert!(piece.is_empty());
    }
    found
}

/// Text on a terminal. Oracles: no control character but our line ends and a tab inside a text, every line indented, every
/// isolate closed inside its line, and plain text stays as it is.
pub fn terminal_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let line = shown(text);
    assert!(!line.chars().any(char::is_control));
    assert_isolated(&line);
    if text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        assert_eq!(line, text);
    }
    let mut out = String::new();
    push_indented(text, &mut out);
    assert_eq!(out.matches('\n').count(), text.matches('\n').count() + 1);
    for line in out.lines() {
        let Some(line) = line.strip_prefix("  ") else {
            panic!("{line:?} is not indented");
        };
        assert!(!line.chars().any(|c| c.is_control() && c != '\t'));
        assert_isolated(line);
    }
}

fn assert_isolated(line: &str) {
    let mut open = 0_usize;
    for c in line.chars() {
        match c {
            '\u{2066}'..='\u{2068}' => open += 1,
            '\u{2069}' => open = open.checked_sub(1).expect("no isolate is closed that is not open"),
            '\u{202a}'..='\u{202e}' | '\u{5d0}'..='\u{6ff}' => assert!(open > 0),
            _ => {}
        }
    }
    assert_eq!(open, 0);
}
