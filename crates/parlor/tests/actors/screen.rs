//! What a terminal shows, read line by line as a person reads it: headings stand at the left edge, what people wrote is
//! indented by two spaces, and `> ` at the left edge is the prompt.

/// What the server draws before what is typed.
pub(crate) const PROMPT: &str = "> ";

/// Something that stands on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// The prompt: what came before it is complete.
    Prompt,
    /// A line at the left edge, and the lines below it that are indented, without their indent; none: no such lines.
    Block {
        heading: String,
        text: Option<String>,
        /// Whether it broke the line of the prompt: nothing that this person did caused it.
        unasked: bool,
    },
}

/// Reads the screen as it grows.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    /// What came behind the last prompt.
    pending: String,
}

impl Screen {
    /// Takes one more string of the server's; answers what is complete now.
    pub(crate) fn draw(&mut self, text: &str) -> Vec<Drawn> {
        self.pending += text;
        let mut drawn = vec![];
        // Text is indented, so a prompt at the left edge is the server's own.
        while let Some(end) = prompt(&self.pending) {
            let rest = self.pending.split_off(end + PROMPT.len());
            let update = std::mem::replace(&mut self.pending, rest);
            drawn.extend(blocks(&update[..end]));
            drawn.push(Drawn::Prompt);
        }
        drawn
    }
}

/// Where the first prompt begins.
fn prompt(screen: &str) -> Option<usize> {
    if screen.starts_with(PROMPT) { Some(0) } else { screen.find("\n> ").map(|at| at + 1) }
}

fn blocks(update: &str) -> Vec<Drawn> {
    // What nobody asked for breaks the line of the prompt. The answer to an accepted name begins with an empty line too.
    let unasked = update.starts_with('\n') && !(update.starts_with("\nhere: ") && update.contains(" (you)"));
    let update = update.strip_prefix('\n').unwrap_or(update);
    let mut drawn: Vec<Drawn> = vec![];
    for line in update.split_terminator('\n') {
        match (line.strip_prefix("  "), drawn.last_mut()) {
            (Some(line), Some(Drawn::Block { text, .. })) => {
                *text = Some(text.take().map_or_else(|| line.to_owned(), |text| format!("{text}\n{line}")));
            }
            _ => drawn.push(Drawn::Block { heading: line.to_owned(), text: None, unasked }),
        }
    }
    drawn
}

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// A text as it should stand on the screen, without the indent and the isolate around a line ([`without_isolate`]): each
/// line closes the isolates that it opens and no other, and what a terminal might take as more than text is written out.
pub(crate) fn as_shown(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line_as_shown).collect();
    lines.join("\n")
}

fn line_as_shown(line: &str) -> String {
    let mut open = 0;
    let mut shown = String::new();
    for c in line.chars() {
        match c {
            '\u{2066}'..='\u{2068}' => open += 1,
            POP_ISOLATE if open == 0 => {
                shown += "\\u2069";
                continue;
            }
            POP_ISOLATE => open -= 1,
            '\u{2028}' | '\u{2029}' => {
                shown += if c == '\u{2028}' { "\\u2028" } else { "\\u2029" };
                continue;
            }
            _ => {}
        }
        shown.push(c);
    }
    shown.extend(std::iter::repeat_n(POP_ISOLATE, open));
    shown
}

/// The text of a block without the isolates that keep the direction of a line from reaching beyond it.
///
/// # Panics
/// If a line that has such a direction is without one, or if a control character came through.
pub(crate) fn without_isolate(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(line_without_isolate).collect();
    lines.join("\n")
}

fn line_without_isolate(line: &str) -> &str {
    let control = line.chars().find(|c| (c.is_control() && *c != '\t') || matches!(c, '\u{2028}' | '\u{2029}'));
    assert_eq!(control, None, "a terminal gets {line:?}");
    match line.strip_prefix(FIRST_STRONG_ISOLATE) {
        Some(inner) => inner.strip_suffix(POP_ISOLATE).unwrap_or_else(|| panic!("{line:?} is not closed")),
        None => {
            let turns = |c: char| matches!(c, '\u{5d0}'..='\u{6d3}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!line.contains(turns), "{line:?} turns what stands around it");
            line
        }
    }
}

#[test]
fn a_screen_is_read_by_what_stands_at_the_left_edge() {
    let mut screen = Screen::default();
    assert_eq!(screen.draw("Hello!\nYour name?\n> ").len(), 3);
    assert_eq!(screen.draw("> "), [Drawn::Prompt]);
    // In pieces, with a forged prompt and a forged heading.
    assert_eq!(screen.draw("\nanna to everyone:\n  a\n  \n  > ben to"), []);
    let block = |heading: &str, text: &str| Drawn::Block {
        heading: heading.to_owned(),
        text: Some(text.to_owned()),
        unasked: true,
    };
    let drawn = screen.draw(" you:\n  \nben to you:\n    b\n> ");
    let expected = [block("anna to everyone:", "a\n\n> ben to you:\n"), block("ben to you:", "  b"), Drawn::Prompt];
    assert_eq!(drawn, expected);
}

#[test]
fn a_text_is_the_same_again_but_for_what_is_written_out() {
    assert_eq!(as_shown("a\u{2069}\nb\u{2067}c\u{2028}"), "a\\u2069\nb\u{2067}c\\u2028\u{2069}");
    assert_eq!(without_isolate("x\n\u{2068}\u{202e}y\u{2069}\n"), "x\n\u{202e}y\n");
}
