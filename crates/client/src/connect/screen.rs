//! The output, on which a line may be half typed while text comes in.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use parlor_wire::term::push_indented;
use rustix::termios::tcgetwinsize;
use unicode_width::UnicodeWidthStr;

use crate::shown;

/// Columns of a terminal that does not know its own.
const COLUMNS: usize = 80;

/// Prints what comes. On a terminal, the line that is being typed is taken away first and stands behind it afterwards,
/// so that neither breaks the other.
#[derive(Debug)]
pub(crate) struct Screen<'a> {
    /// The terminal, if the output is one.
    terminal: Option<BorrowedFd<'a>>,
    /// Columns of the last line of what came; the typed line begins behind them.
    column: usize,
    /// What stands there of the typed line.
    typed: String,
}

impl<'a> Screen<'a> {
    pub(crate) fn new(terminal: Option<BorrowedFd<'a>>) -> Self {
        Self { terminal, column: 0, typed: String::new() }
    }

    /// Prints text that came, which is safe already.
    pub(crate) fn show(&mut self, text: &str, output: &mut dyn Write) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut drawn = self.erased();
        drawn.push_str(text);
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.width(),
            None => self.column + text.width(),
        };
        drawn.push_str(&self.typed);
        drawn.push_str(self.wrap());
        print(&drawn, output)
    }

    /// Shows the line that is being typed as it is now.
    pub(crate) fn type_line(&mut self, line: &str, output: &mut dyn Write) -> io::Result<()> {
        let line = shown::line(line);
        if line == self.typed {
            return Ok(());
        }
        let mut drawn = match line.strip_prefix(&self.typed) {
            Some(more) => more.to_owned(),
            None => self.erased() + &line,
        };
        self.typed = line;
        drawn.push_str(self.wrap());
        print(&drawn, output)
    }

    /// The typed line is complete: what follows stands below it.
    pub(crate) fn enter(&mut self, output: &mut dyn Write) -> io::Result<()> {
        // At the edge of the terminal the cursor is on the next line already.
        let end = if self.wrap().is_empty() { "\n" } else { "" };
        self.typed.clear();
        self.column = 0;
        print(end, output)
    }

    /// Ends the last line, for the shell's prompt that follows.
    pub(crate) fn finish(&mut self, output: &mut dyn Write) -> io::Result<()> {
        if self.terminal.is_some() && self.column + self.typed.width() > 0 { self.enter(output) } else { Ok(()) }
    }

    /// What takes the typed line away and leaves the cursor where it began.
    fn erased(&self) -> String {
        if self.typed.is_empty() {
            return String::new();
        }
        let (columns, width) = (self.columns(), self.typed.width());
        let column = self.column % columns;
        let rows = (column + width) / columns;
        let up = if rows == 0 { String::new() } else { format!("\x1b[{rows}A") };
        let right = if column == 0 { String::new() } else { format!("\x1b[{column}C") };
        format!("{up}\r{right}\x1b[J")
    }

    /// A terminal waits with the line break until a character comes for the next line. It must not wait, or the place of
    /// the cursor would not be known.
    fn wrap(&self) -> &'static str {
        let width = self.typed.width();
        if width > 0 && (self.column + width).is_multiple_of(self.columns()) { " \r" } else { "" }
    }

    fn columns(&self) -> usize {
        let size = self.terminal.and_then(|terminal| tcgetwinsize(terminal).ok());
        size.map_or(COLUMNS, |size| usize::from(size.ws_col)).max(1)
    }
}

/// Appends text so that a terminal shows it and does nothing else: line breaks and tabs stay, other control characters
/// are written as `\x1b`, and what turns the direction of writing does so in its line only.
pub(crate) fn push_printable(text: &str, out: &mut String) {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let mut indented = String::new();
        push_indented(line, &mut indented);
        // It indents by two spaces and ends the line, both of which are not ours to add.
        out.push_str(&indented[2..indented.len() - 1]);
    }
}

fn print(text: &str, output: &mut dyn Write) -> io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step<'a> = &'a dyn Fn(&mut Screen<'_>, &mut Vec<u8>);

    /// What a screen of 80 columns prints for each step.
    fn printed(steps: &[Step<'_>]) -> String {
        let (mut screen, mut output) = (Screen::new(None), Vec::new());
        for step in steps {
            step(&mut screen, &mut output);
        }
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn text_without_typing_is_printed_as_it_is() {
        let text = printed(&[
            &|screen, output| screen.show("name?\n> ", output).unwrap(),
            &|screen, output| screen.show("", output).unwrap(),
            &|screen, output| screen.finish(output).unwrap(),
        ]);
        assert_eq!(text, "name?\n> ");
    }

    #[test]
    fn a_half_typed_line_makes_room_and_comes_back() {
        let text = printed(&[
            &|screen, output| screen.show("> ", output).unwrap(),
            &|screen, output| screen.type_line("bc", output).unwrap(),
            &|screen, output| screen.type_line("bc h", output).unwrap(),
            &|screen, output| screen.show("\nanna to everyone:\n  hi\n> ", output).unwrap(),
            &|screen, output| screen.type_line("bc", output).unwrap(),
            &|screen, output| screen.enter(output).unwrap(),
        ]);
        assert_eq!(text, "> bc h\r\x1b[2C\x1b[J\nanna to everyone:\n  hi\n> bc h\r\x1b[2C\x1b[Jbc\n");
    }

    #[test]
    fn a_long_line_is_taken_away_from_all_its_rows() {
        let long = "é".repeat(159);
        let text = printed(&[
            &|screen, output| screen.show("> ", output).unwrap(),
            &|screen, output| screen.type_line(&long, output).unwrap(),
            &|screen, output| screen.type_line("", output).unwrap(),
        ]);
        assert_eq!(text, format!("> {long}\x1b[2A\r\x1b[2C\x1b[J"));
    }

    #[test]
    fn at_the_edge_the_line_is_broken_at_once() {
        let edge = "日".repeat(39);
        let text = printed(&[
            &|screen, output| screen.show("> ", output).unwrap(),
            &|screen, output| screen.type_line(&edge, output).unwrap(),
            &|screen, output| screen.enter(output).unwrap(),
        ]);
        assert_eq!(text, format!("> {edge} \r"));
    }

    #[test]
    fn what_a_hostile_server_sends_is_seen_and_does_nothing() {
        let cases = [
            ("anna to everyone:\n  hi\n> ", "anna to everyone:\n  hi\n> "),
            ("a\tb\n\n", "a\tb\n\n"),
            ("\u{1b}[2J\r\u{7}\u{9b}H\u{7f}", "\\x1b[2J\\x0d\\x07\\x9bH\\x7f"),
            ("\u{202e}abc\nd", "\u{2068}\u{202e}abc\u{2069}\nd"),
            ("", ""),
        ];
        for (text, expected) in cases {
            let mut shown = String::new();
            push_printable(text, &mut shown);
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn what_is_typed_moves_nothing_either() {
        assert_eq!(printed(&[&|screen, output| screen.type_line("a\tb\u{9b}2J", output).unwrap()]), "a    b\\x9b2J");
    }
}
