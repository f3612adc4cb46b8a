//! A person at a terminal: a line with history and completion, and what comes above it.
//!
//! Reading a line waits, so it has a thread of its own; what is typed comes from there through a channel, and a byte in a
//! socket wakes whoever waits for it. After each line the thread waits until that was looked at: then the prompt is right.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, ExternalPrinter, Helper};

use super::super::lines::{Typed, too_long};
use super::ask::{Ask, Secrets};
use super::phrase::{self, COMMANDS, Phrase};
use super::source::Said;

/// Lines that can be called back. They are kept in memory only: what was said to somebody is nobody else's to find.
const HISTORY_LINES: usize = 1_000;
/// What the terminal is told at the end: that a paste is typed as ever (`Bracketed Paste Mode` of xterm).
const PASTE_AS_EVER: &[u8] = b"\x1b[?2004l";

/// Starts a thread.
pub type SpawnThread<'a> = &'a dyn Fn(Box<dyn FnOnce() + Send>) -> io::Result<()>;

/// What the prompt says and what can be completed.
#[derive(Debug, Default)]
pub(crate) struct Around {
    /// Whom lines are said to.
    pub(crate) target: String,
    /// People and groups.
    pub(crate) names: Vec<String>,
}

/// The thread's other end.
pub(crate) struct Editor {
    said: Receiver<Said>,
    wake: UnixStream,
    looked_at: Sender<()>,
    printer: Box<dyn Printer>,
    around: Arc<Mutex<Around>>,
    before: Termios,
}

trait Printer: Send {
    fn print(&mut self, text: String) -> io::Result<()>;
}

impl<P: ExternalPrinter + Send> Printer for P {
    fn print(&mut self, text: String) -> io::Result<()> {
        ExternalPrinter::print(self, text).map_err(io::Error::other)
    }
}

impl Editor {
    /// Begins to read lines of up to so many bytes. `None`: the terminal cannot edit lines.
    pub(crate) fn start(
        bytes_max: usize,
        is_raw: bool,
        target: &str,
        spawn: SpawnThread<'_>,
    ) -> io::Result<Option<Self>> {
        let before = tcgetattr(io::stdin())?;
        let around = Arc::new(Mutex::new(Around { target: target.to_owned(), names: Vec::new() }));
        let config = Config::builder().max_history_size(HISTORY_LINES).map_err(io::Error::other)?;
        let config = config.history_ignore_dups(true).map_err(io::Error::other)?.tab_stop(4).build();
        let history = MemHistory::with_config(&config);
        let mut lines = Lines::with_history(config, history).map_err(io::Error::other)?;
        lines.set_helper(Some(Completion { around: around.clone() }));
        let Ok(printer) = lines.create_external_printer() else { return Ok(None) };
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let ((said, heard), (looked_at, look)) = (channel(), channel());
        let typing = Typing { lines, said, waker, look, around: around.clone(), bytes_max, is_raw };
        spawn(Box::new(move || typing.run()))?;
        Ok(Some(Self { said: heard, wake, looked_at, printer: Box::new(printer), around, before }))
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// What was typed. [`Editor::go_on`] lets the person type on.
    pub(crate) fn read(&mut self) -> Vec<Said> {
        // There is one byte for each; how many were read at once does not matter.
        let _ = self.wake.read(&mut [0; 64]);
        self.said.try_iter().collect()
    }

    /// What was typed was looked at.
    pub(crate) fn go_on(&self) {
        // Where the thread has ended nobody types on.
        let _ = self.looked_at.send(());
    }

    /// Prints lines above the one that is being typed.
    pub(crate) fn print(&mut self, text: String) -> io::Result<()> {
        self.printer.print(text)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Around)) {
        change(&mut self.around.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Editor {
    /// The thread may still wait for a key, so the terminal is given back from here.
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
        let _ = io::stdout().write_all(PASTE_AS_EVER).and_then(|()| io::stdout().flush());
    }
}

/// Asks for a password without showing it. Waits; an empty one is none.
pub(crate) fn ask_password(question: &str) -> io::Result<Option<String>> {
    let password = rpassword::prompt_password(question)?;
    Ok((!password.is_empty()).then_some(password))
}

type Lines = rustyline::Editor<Completion, MemHistory>;

/// What runs in the thread.
struct Typing {
    lines: Lines,
    said: Sender<Said>,
    waker: UnixStream,
    look: Receiver<()>,
    around: Arc<Mutex<Around>>,
    bytes_max: usize,
    is_raw: bool,
}

impl Typing {
    fn run(mut self) {
        loop {
            let prompt = self.prompt();
            let (typed, secrets) = match self.lines.readline(&prompt) {
                Ok(line) => self.line(line),
                Err(ReadlineError::Signal(_)) => continue,
                // Ctrl-C, Ctrl-D, a terminal that is gone.
                Err(_) => (Typed::Leave, Secrets::default()),
            };
            let leaves = typed == Typed::Leave;
            let told = self.said.send(Said { typed, secrets }).is_ok() && self.waker.write_all(&[0]).is_ok();
            if leaves || !told || self.look.recv().is_err() {
                return;
            }
        }
    }

    fn prompt(&self) -> String {
        let around = self.around.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{}> ", around.target)
    }

    fn line(&mut self, line: String) -> (Typed, Secrets) {
        if !line.trim().is_empty() {
            // A history that is full or has the line already is as good.
            let _ = self.lines.add_history_entry(line.as_str());
        }
        if line.len() > self.bytes_max {
            return (Typed::Unfit(too_long(line.len(), self.bytes_max)), Secrets::default());
        }
        match secrets(&line, self.is_raw) {
            Ok(secrets) => (Typed::Line(line), secrets),
            Err(error) => (Typed::Unfit(format!("no password: {error}")), Secrets::default()),
        }
    }
}

/// Asks for the passwords that a line needs.
fn secrets(line: &str, is_raw: bool) -> io::Result<Secrets> {
    let Ok(Phrase::Ask(ask)) = phrase::read(line, "") else { return Ok(Secrets::default()) };
    Ok(match ask {
        _ if is_raw => Secrets::default(),
        Ask::Login { .. } => Secrets { password: ask_password("Password (empty if there is none): ")?, old: None },
        Ask::Register { .. } => Secrets { password: chosen()?, old: None },
        Ask::Password => {
            let old = ask_password("Password so far (empty if there is none): ")?;
            Secrets { password: chosen()?, old }
        }
        _ => Secrets::default(),
    })
}

/// Asks twice, so that a slip of a finger locks nobody out.
fn chosen() -> io::Result<Option<String>> {
    let password = ask_password("New password (empty for none): ")?;
    if password.is_some() && ask_password("The same again: ")? != password {
        return Err(io::Error::other("the two differ; try again"));
    }
    Ok(password)
}

/// Completes commands at the beginning of a line, and names everywhere.
struct Completion {
    around: Arc<Mutex<Around>>,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let around = self.around.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(complete(line, at, &around.names))
    }
}

fn complete(line: &str, at: usize, names: &[String]) -> (usize, Vec<String>) {
    let start = line[..at].rfind([' ', '\t']).map_or(0, |space| space + 1);
    let part = &line[start..at];
    let commands = COMMANDS.iter().map(|command| command.word()).filter(|_| start == 0 && part.starts_with('/'));
    let names = names.iter().map(String::as_str).filter(|_| !part.is_empty());
    let mut found: Vec<String> =
        commands.chain(names).filter(|word| word.starts_with(part)).map(|word| format!("{word} ")).collect();
    found.sort_unstable();
    found.dedup();
    (start, found)
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}

impl Validator for Completion {}

impl Helper for Completion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_completed_at_the_beginning_and_names_everywhere() {
        let names = ["anna", "annabel", "bert", "chat", "chat"].map(str::to_owned);
        let cases: [(&str, usize, &[&str]); 7] = [
            ("/he", 0, &["/help "]),
            ("/l", 0, &["/leave ", "/listen ", "/login ", "/logout "]),
            ("/to an", 4, &["anna ", "annabel "]),
            ("/invite chat b", 13, &["bert "]),
            ("c", 0, &["chat "]),
            ("hi /l", 3, &[]),
            ("hi ", 3, &[]),
        ];
        for (line, start, expected) in cases {
            let expected = expected.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(complete(line, line.len(), &names), (start, expected), "{line:?}");
        }
        assert_eq!(complete("/to zoë x", 8, &names), (4, Vec::new()), "nobody is called so");
    }
}
