//! The loop of a conversation: what is typed goes out, what comes is shown, until one side leaves.
//!
//! One thread waits for all of it with `poll`. Nothing is read that could not be passed on: while the server does not take
//! what was typed, no more is read from the keyboard; what comes is shown before more is read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::keyboard::Keyboard;
use super::lines::Typed;
use super::screen::Screen;
use crate::ClientError;

/// After we left, the server may still send what was on its way; a silence of this length ends the wait.
const FAREWELL_SILENCE: Duration = Duration::from_secs(10);
/// The same with all that comes, so that no server can keep us.
const FAREWELL: Duration = Duration::from_secs(60);
/// Bytes read from the keyboard at once. A paste fits; what they become in the protocol stays small.
const READ_BYTES: usize = 16 * 1024;

/// A connection, and what its protocol makes of lines and of what comes. It never waits.
pub(crate) trait Link {
    /// What to wait for.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Takes a line that was typed.
    fn take(&mut self, line: &str) -> Taken;

    /// Says goodbye after what was taken so far.
    fn leave(&mut self);

    /// Writes what was taken; whether all of it is written.
    ///
    /// # Errors
    /// The connection takes nothing any more.
    fn flush(&mut self) -> io::Result<bool>;

    /// Reads some of what is there and adds it to `shown`, safe for the output.
    ///
    /// # Errors
    /// The server does not speak the protocol.
    fn receive(&mut self, shown: &mut String) -> Result<Heard, ClientError>;
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is on its way.
    Sent,
    /// It meant to leave.
    Left,
    /// It is for us: this is shown.
    Shown(String),
    /// It cannot be sent; the sentence says why.
    Refused(String),
}

/// What became of the connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It goes on, and nothing more is there now.
    Open,
    /// It goes on, and more may be there already, also where `poll` does not see it.
    More,
    /// The server closed it, perhaps with a reason.
    Closed(Option<String>),
}

/// What a conversation needs of the program around it.
pub struct Console<'a> {
    /// Where lines are read.
    pub input: BorrowedFd<'a>,
    /// Where everything that comes is written.
    pub output: &'a mut dyn io::Write,
    /// Becomes readable, or its other end is closed, when the person wants to leave (Ctrl-C).
    pub leave: BorrowedFd<'a>,
    /// Whether input and output are one terminal: then a line that is being typed is kept together.
    pub is_terminal: bool,
    /// Tells the person what goes on beside the output; one sentence, no line end.
    pub notice: &'a mut dyn FnMut(&str),
    /// Monotonic time since any zero.
    pub now: &'a mut dyn FnMut() -> Duration,
}

/// Talks until one side leaves.
///
/// # Errors
/// [`ClientError::Closed`] if it was the server; what else went wrong.
pub(crate) fn pump(
    link: &mut dyn Link,
    keyboard: &mut Keyboard<'_>,
    address: &str,
    console: &mut Console<'_>,
) -> Result<(), ClientError> {
    let screen = Screen::new(console.is_terminal.then_some(console.input));
    let mut talk = Talk { link, keyboard, screen, left: None, takes: true, more: true };
    let ended = talk.run(address, console);
    if ended.is_err() && talk.left.is_none() && talk.takes {
        // Our own failure, such as an output that nobody reads any more: the others hear that we left, if they can.
        talk.link.leave();
        let _ = talk.link.flush();
    }
    talk.keyboard.release();
    talk.screen.finish(console.output)?;
    ended
}

struct Talk<'a, 'k, 's> {
    link: &'a mut dyn Link,
    keyboard: &'a mut Keyboard<'k>,
    screen: Screen<'s>,
    left: Option<Farewell>,
    /// Whether the connection still takes something. If not, the server's last words may still be there to read.
    takes: bool,
    /// Whether to read before waiting: what came together with the handshake is with the connection's library already.
    more: bool,
}

/// When we said goodbye, and when the server was last heard.
#[derive(Debug, Clone, Copy)]
struct Farewell {
    since: Duration,
    heard: Duration,
}

impl Farewell {
    /// How long to wait on.
    fn patience(self, now: Duration) -> Duration {
        (self.heard + FAREWELL_SILENCE).min(self.since + FAREWELL).saturating_sub(now)
    }
}

/// What there is to do.
struct Ready {
    link: bool,
    input: bool,
    leave: bool,
}

impl Talk<'_, '_, '_> {
    fn run(&mut self, address: &str, console: &mut Console<'_>) -> Result<(), ClientError> {
        loop {
            let mut flushed = true;
            if self.takes {
                match self.link.flush() {
                    Ok(all) => flushed = all,
                    Err(_) => self.takes = false,
                }
            }
            let Some(ready) = self.wait(flushed, console)? else {
                (console.notice)(&format!("{address} did not close the connection in time; left all the same"));
                return Ok(());
            };
            if ready.leave {
                self.leave(console);
            }
            if ready.link {
                let mut shown = String::new();
                let heard = self.link.receive(&mut shown);
                self.screen.show(&shown, console.output)?;
                let heard = heard?;
                self.more = heard == Heard::More;
                match (heard, &mut self.left) {
                    (Heard::Open | Heard::More, Some(farewell)) => farewell.heard = (console.now)(),
                    (Heard::Open | Heard::More, None) => {}
                    (Heard::Closed(_), Some(_)) => return Ok(()),
                    (Heard::Closed(reason), None) => {
                        return Err(ClientError::Closed { server: address.to_owned(), reason });
                    }
                }
            }
            if ready.input && self.left.is_none() {
                self.read(console)?;
            }
        }
    }

    /// Waits until there is something to do; `None`: the patience after a farewell has ended.
    fn wait(&self, flushed: bool, console: &mut Console<'_>) -> Result<Option<Ready>, ClientError> {
        let write = if flushed { PollFlags::empty() } else { PollFlags::OUT };
        let link = self.link.descriptor();
        let mut polled = vec![PollFd::from_borrowed_fd(link, PollFlags::IN | write)];
        let mut timeout = None;
        match self.left {
            Some(farewell) => {
                let patience = farewell.patience((console.now)());
                if patience.is_zero() {
                    return Ok(None);
                }
                timeout = Some(Timespec::try_from(patience).expect("a minute is a time"));
            }
            None => {
                polled.push(PollFd::from_borrowed_fd(console.leave, PollFlags::IN));
                if flushed && self.takes {
                    polled.push(PollFd::from_borrowed_fd(console.input.as_fd(), PollFlags::IN));
                }
            }
        }
        if self.more {
            timeout = Some(Timespec { tv_sec: 0, tv_nsec: 0 });
        }
        match poll(&mut polled, timeout.as_ref()) {
            // A signal came: it says itself what it wants.
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(ClientError::Io(error.into())),
        }
        let is_ready = |index: usize, wanted: PollFlags| {
            polled.get(index).is_some_and(|fd: &PollFd<'_>| fd.revents().intersects(wanted | ENDED))
        };
        Ok(Some(Ready {
            link: self.more || is_ready(0, PollFlags::IN),
            leave: is_ready(1, PollFlags::IN),
            input: is_ready(2, PollFlags::IN),
        }))
    }

    fn read(&mut self, console: &mut Console<'_>) -> Result<(), ClientError> {
        let mut bytes = [0; READ_BYTES];
        let mut typed = Vec::new();
        let read = match rustix::io::read(console.input, &mut bytes) {
            Ok(read) => read,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(()),
            // A terminal that was hung up says so by an error; it is an end all the same.
            Err(rustix::io::Errno::IO) => 0,
            Err(error) => return Err(ClientError::Io(error.into())),
        };
        if read == 0 {
            self.keyboard.end(&mut typed);
        } else {
            self.keyboard.feed(&bytes[..read], &mut typed, &mut self.screen, console.output)?;
        }
        for typed in typed {
            if self.left.is_some() {
                break;
            }
            match typed {
                Typed::Line(line) => self.take(&line, console)?,
                Typed::Unfit(sentence) => self.tell(&sentence, console)?,
                Typed::Leave => self.leave(console),
            }
        }
        Ok(())
    }

    fn take(&mut self, line: &str, console: &mut Console<'_>) -> Result<(), ClientError> {
        match self.link.take(line) {
            Taken::Sent => {}
            Taken::Left => self.leaving(console),
            Taken::Shown(text) => self.screen.show(&text, console.output)?,
            Taken::Refused(sentence) => self.tell(&sentence, console)?,
        }
        Ok(())
    }

    /// Tells a sentence without leaving half a line of it in the middle of another.
    fn tell(&mut self, sentence: &str, console: &mut Console<'_>) -> Result<(), ClientError> {
        if console.is_terminal {
            self.screen.show(&format!("{sentence}\n"), console.output)?;
        } else {
            (console.notice)(sentence);
        }
        Ok(())
    }

    fn leave(&mut self, console: &mut Console<'_>) {
        if self.left.is_none() {
            self.link.leave();
            self.leaving(console);
        }
    }

    fn leaving(&mut self, console: &mut Console<'_>) {
        let now = (console.now)();
        self.left = Some(Farewell { since: now, heard: now });
        self.keyboard.release();
    }
}

/// What `poll` says of an end or a failure, asked or not.
const ENDED: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);
