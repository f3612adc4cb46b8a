//! The terminal door's client (protocols/term.md): lines become strings, strings become the screen.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use parlor_wire::term::{Frame, Frames, LEAVING, STRING_BYTES_MAX, encode};

use super::address::{DoorAddress, Scheme};
use super::pump::{Heard, Link, Taken};
use super::screen::push_printable;
use super::secure::Channel;
use crate::ClientError;

/// The longest line that one string holds. Two strings would be two messages, so a longer one is not sent.
pub(crate) const LINE_BYTES_MAX: usize = STRING_BYTES_MAX;
/// Bytes read at once, and how often before what came is shown.
const READ_BYTES: usize = 16 * 1024;
const READS_MAX: usize = 16;

/// A connection to a terminal door.
pub(crate) struct Terminal {
    stream: Channel,
    address: String,
    frames: Frames,
    /// Strings on their way out, the first `written` bytes of which are gone.
    outgoing: Vec<u8>,
    written: usize,
}

impl Terminal {
    /// `ca`: a file with the certificates that are trusted, for a connection over TLS.
    pub(crate) fn connect(address: &DoorAddress, ca: Option<&Path>) -> Result<Self, ClientError> {
        let is_secure = address.scheme == Scheme::Terms;
        let stream = if is_secure { Channel::secure(address, ca)? } else { Channel::plain(address)? };
        let frames = Frames::default();
        Ok(Self { stream, address: address.to_string(), frames, outgoing: Vec::new(), written: 0 })
    }

    fn show(&mut self, mut bytes: &[u8], shown: &mut String) -> Result<(), ClientError> {
        while let Some(frame) = self.frames.next(&mut bytes) {
            match frame {
                Frame::Text(text) => push_printable(&text, shown),
                Frame::NotUtf8 => shown.push_str("(a text that is not UTF-8)\n"),
                // It asks nothing of a client, and there is nothing in it to show.
                Frame::Leaving => {}
                Frame::TooLong(length) => {
                    let reason =
                        format!("it announces a text of {length} bytes, and none has more than {STRING_BYTES_MAX}");
                    return Err(ClientError::NotParlor { server: self.address.clone(), reason });
                }
            }
        }
        Ok(())
    }
}

impl Link for Terminal {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    fn take(&mut self, line: &str) -> Taken {
        if line.is_empty() {
            self.leave();
            return Taken::Left;
        }
        encode(line, &mut self.outgoing);
        Taken::Sent
    }

    fn leave(&mut self) {
        self.outgoing.extend_from_slice(&LEAVING);
    }

    fn flush(&mut self) -> io::Result<bool> {
        while self.written < self.outgoing.len() {
            match self.stream.write(&self.outgoing[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outgoing.clear();
        self.written = 0;
        match self.stream.flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn receive(&mut self, shown: &mut String) -> Result<Heard, ClientError> {
        let mut bytes = [0; READ_BYTES];
        for _ in 0..READS_MAX {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(Heard::Closed(None)),
                Ok(read) => self.show(&bytes[..read], shown)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Heard::Open),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Ok(Heard::Closed(Some(error.to_string()))),
            }
        }
        Ok(Heard::More)
    }
}
