use std::borrow::Cow;
use std::fmt::Write as _;

const LEFT_TO_RIGHT_ISOLATE: char = '\u{2066}';
const RIGHT_TO_LEFT_ISOLATE: char = '\u{2067}';
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// What every line of a text begins with, so that none of them looks like a line of the server.
const INDENT: &str = "  ";

/// A text as a terminal may print it on one line: a name, a subject, an echo.
///
/// Control characters (C0 with tab and line feed, DEL, C1) become `\x1b` and the like, the separators
/// U+2028 and U+2029 `\u2028` and `\u2029`. A text that may change the direction of writing stands
/// between U+2068 and U+2069, with its own isolates closed and none of ours; a closing one too many
/// becomes `\u2069`. Borrowed if nothing had to change.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unprintable(c) || is_directional(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    push_line(text, false, &mut out);
    Cow::Owned(out)
}

/// Appends what [`shown`] returns.
pub fn push_shown(text: &str, out: &mut String) {
    push_line(text, false, out);
}

/// Appends a message's text: every line indented by two spaces, made safe as [`shown`] does, and ended
/// by a line feed. A tab stays one, since behind the indent it can only move text to the right.
pub fn push_indented(text: &str, out: &mut String) {
    for line in text.split('\n') {
        out.push_str(INDENT);
        push_line(line, true, out);
        out.push('\n');
    }
}

fn push_line(line: &str, keeps_tabs: bool, out: &mut String) {
    let isolated = line.chars().any(is_directional);
    if isolated {
        out.push(FIRST_STRONG_ISOLATE);
    }
    let mut open = 0_usize;
    for c in line.chars() {
        match c {
            '\t' if keeps_tabs => out.push(c),
            LEFT_TO_RIGHT_ISOLATE | RIGHT_TO_LEFT_ISOLATE | FIRST_STRONG_ISOLATE => {
                open += 1;
                out.push(c);
            }
            POP_DIRECTIONAL_ISOLATE if open > 0 => {
                open -= 1;
                out.push(c);
            }
            // One more than were opened would close the isolate around the line.
            POP_DIRECTIONAL_ISOLATE => push_escape(c, out),
            c if is_unprintable(c) => push_escape(c, out),
            c => out.push(c),
        }
    }
    if isolated {
        // Embeddings and overrides that are still open end with the isolate around them.
        out.extend(std::iter::repeat_n(POP_DIRECTIONAL_ISOLATE, open + 1));
    }
}

fn push_escape(c: char, out: &mut String) {
    let code = u32::from(c);
    let written = if code <= 0xff { write!(out, "\\x{code:02x}") } else { write!(out, "\\u{code:04x}") };
    written.expect("writing to a String does not fail");
}

/// Whether a terminal may take the character for something other than text.
fn is_unprintable(c: char) -> bool {
    // The two separators end a line for some programs, and the second ends every isolate (UAX #9, B).
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether the character may change the direction in which others are written.
///
/// The ranges are those that Unicode sets apart for scripts written from right to left, assigned or
/// not (UAX #9, DerivedBidiClass.txt), and the explicit marks. Too many harms nothing: an isolate
/// around plain text is not seen.
fn is_directional(c: char) -> bool {
    matches!(c,
        '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}'
        | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
