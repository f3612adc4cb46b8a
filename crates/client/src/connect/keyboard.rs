//! The input: a pipe that gives lines, or a terminal on which a person types one.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::lines::{Lines, Typed, too_long};
use super::screen::Screen;

/// Where lines come from.
pub(crate) enum Keyboard<'a> {
    /// Anything that is read.
    Pipe(Lines),
    /// A terminal whose keys come one by one.
    Terminal(Typing, Keys<'a>),
}

impl<'a> Keyboard<'a> {
    /// Prepares the input. A terminal gives each key from now on, until this is dropped or [`Keyboard::release`].
    pub(crate) fn new(
        input: BorrowedFd<'a>,
        bytes_max: usize,
        is_terminal: bool,
        takes_crlf: bool,
    ) -> io::Result<Self> {
        if is_terminal {
            Ok(Self::Terminal(Typing::new(bytes_max), Keys::take(input)?))
        } else {
            Ok(Self::Pipe(Lines::new(bytes_max, takes_crlf)))
        }
    }

    /// Takes what was read; adds what it means to `typed` and draws it.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        typed: &mut Vec<Typed>,
        screen: &mut Screen<'_>,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Pipe(lines) => {
                lines.feed(bytes, typed);
                Ok(())
            }
            Self::Terminal(typing, _) => typing.feed(bytes, typed, screen, output),
        }
    }

    /// The input has ended.
    pub(crate) fn end(&mut self, typed: &mut Vec<Typed>) {
        if let Self::Pipe(lines) = self {
            lines.end(typed);
        }
        typed.push(Typed::Leave);
    }

    /// Nothing more is read: the terminal works as before, so that Ctrl-C ends a wait.
    pub(crate) fn release(&mut self) {
        if let Self::Terminal(_, keys) = self {
            keys.give_back();
        }
    }
}

/// A terminal whose keys come one by one, without an echo of its own.
pub(crate) struct Keys<'a> {
    terminal: BorrowedFd<'a>,
    before: Option<Termios>,
}

impl<'a> Keys<'a> {
    fn take(terminal: BorrowedFd<'a>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut modes = before.clone();
        // Ctrl-C comes as a key as well: it means to leave, and to leave the terminal as it was.
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Drain, &modes)?;
        Ok(Self { terminal, before: Some(before) })
    }

    fn give_back(&mut self) {
        if let Some(before) = self.before.take() {
            // A terminal that is gone has no modes to give back.
            let _ = tcsetattr(self.terminal, OptionalActions::Drain, &before);
        }
    }
}

impl Drop for Keys<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The line that a person types: characters, the erasing keys, Enter. What other keys send is passed over.
pub(crate) struct Typing {
    bytes_max: usize,
    line: String,
    /// The first bytes of a character whose rest is still to come.
    part: Vec<u8>,
    escape: Escape,
}

/// How far a key that sends an escape sequence has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    No,
    /// After the escape character.
    Begun,
    /// After `ESC [`, until a final byte; after `ESC O`, one byte.
    Sequence,
}

impl Typing {
    fn new(bytes_max: usize) -> Self {
        Self { bytes_max, line: String::new(), part: Vec::new(), escape: Escape::No }
    }

    fn feed(
        &mut self,
        bytes: &[u8],
        typed: &mut Vec<Typed>,
        screen: &mut Screen<'_>,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        for byte in bytes {
            let Some(character) = self.character(*byte) else { continue };
            if !self.is_escape(character) {
                self.press(character, typed, screen, output)?;
            }
        }
        screen.type_line(&self.line, output)
    }

    /// The character that the byte completes. What is not UTF-8 is passed over.
    fn character(&mut self, byte: u8) -> Option<char> {
        if !(0x80..0xc0).contains(&byte) {
            // A character begins, whatever came before.
            self.part.clear();
        }
        self.part.push(byte);
        match std::str::from_utf8(&self.part) {
            Ok(text) => {
                let character = text.chars().next();
                self.part.clear();
                character
            }
            Err(error) => {
                if error.error_len().is_some() {
                    self.part.clear();
                }
                None
            }
        }
    }

    fn press(
        &mut self,
        key: char,
        typed: &mut Vec<Typed>,
        screen: &mut Screen<'_>,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        match key {
            '\n' | '\r' if self.line.len() > self.bytes_max => {
                // The line stays, so that it can be shortened.
                typed.push(Typed::Unfit(too_long(self.line.len(), self.bytes_max)));
            }
            '\n' | '\r' => {
                screen.type_line(&self.line, output)?;
                screen.enter(output)?;
                typed.push(Typed::Line(std::mem::take(&mut self.line)));
            }
            // Ctrl-C, and Ctrl-D where there is nothing to lose.
            '\u{3}' => typed.push(Typed::Leave),
            '\u{4}' if self.line.is_empty() => typed.push(Typed::Leave),
            // Backspace, which some terminals send as Ctrl-H.
            '\u{7f}' | '\u{8}' => {
                self.line.pop();
            }
            // Ctrl-U and Ctrl-W.
            '\u{15}' => self.line.clear(),
            '\u{17}' => {
                let kept = self.line.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
                // The space itself may be longer than one byte.
                let kept = (kept..=self.line.len()).find(|at| self.line.is_char_boundary(*at)).unwrap_or(0);
                self.line.truncate(kept);
            }
            '\t' => self.line.push('\t'),
            key if key.is_control() => {}
            // Twice the limit is enough to see that it is too long.
            key if self.line.len() < 2 * self.bytes_max => self.line.push(key),
            _ => {}
        }
        Ok(())
    }

    /// Whether the character belongs to an arrow key or another key that sends several.
    fn is_escape(&mut self, character: char) -> bool {
        let (inside, next) = match (self.escape, character) {
            (_, '\u{1b}') => (true, Escape::Begun),
            (Escape::No, _) => (false, Escape::No),
            (Escape::Begun, '[' | 'O') => (true, Escape::Sequence),
            // Alt and a key.
            (Escape::Begun, _) => (true, Escape::No),
            (Escape::Sequence, '\u{40}'..='\u{7e}') => (true, Escape::No),
            (Escape::Sequence, character) => {
                (!character.is_control(), if character.is_control() { Escape::No } else { Escape::Sequence })
            }
        };
        self.escape = next;
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the keys mean, and the line that is left.
    fn pressed(keys: &[u8]) -> (Vec<Typed>, String) {
        let (mut typing, mut typed) = (Typing::new(8), Vec::new());
        let (mut screen, mut output) = (Screen::new(None), Vec::new());
        // One by one, as a slow person or a slow network gives them.
        for key in keys {
            typing.feed(&[*key], &mut typed, &mut screen, &mut output).unwrap();
        }
        (typed, typing.line)
    }

    #[test]
    fn keys_make_lines() {
        let line = |text: &str| Typed::Line(text.to_owned());
        let cases: [(&str, Vec<Typed>, &str); 9] = [
            ("bc hi\rx", vec![line("bc hi")], "x"),
            ("é日\u{7f}\n", vec![line("é")], ""),
            ("\u{7f}\u{8}a\u{8}\n", vec![line("")], ""),
            ("bc one\u{17}two\n", vec![line("bc two")], ""),
            ("a\u{2003}b  \u{17}\u{15}c\n", vec![line("c")], ""),
            ("a\u{1b}[A\u{1b}[1;5C\u{1b}OP\u{1b}xb\n", vec![line("ab")], ""),
            ("\u{1b}[\u{1}a\u{7}\u{9b}\tb\n", vec![line("a\tb")], ""),
            ("a\u{4}b\u{3}", vec![Typed::Leave], "ab"),
            ("\u{4}", vec![Typed::Leave], ""),
        ];
        for (keys, typed, left) in cases {
            assert_eq!(pressed(keys.as_bytes()), (typed, left.to_owned()), "{keys:?}");
        }
        assert_eq!(pressed(b"a\xff\xc3b\n").0, [line("ab")]);
    }

    #[test]
    fn a_line_that_is_too_long_stays_to_be_shortened() {
        let (typed, left) = pressed(b"123456789\n");
        assert!(matches!(&typed[..], [Typed::Unfit(sentence)] if sentence.contains("9 bytes")), "{typed:?}");
        assert_eq!(left, "123456789");
        assert_eq!(pressed(b"123456789\n\x7f\n").0[1], Typed::Line("12345678".to_owned()));
        assert_eq!(pressed(&[b'x'; 100]).1.len(), 16);
    }
}
