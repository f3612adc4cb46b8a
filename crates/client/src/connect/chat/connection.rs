//! A connection to a CHAT/1.0 door: requests out, answers and pushes in. It never waits.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use parlor_wire::chat1::{Reply, ReplyError, ReplyReader, Wait};

use super::super::address::DoorAddress;
use super::super::dial::dial;
use crate::ClientError;

/// The longest answer: a page of 500 long messages fits.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Bytes read at once, and how often before what came is shown.
const READ_BYTES: usize = 16 * 1024;
const READS_MAX: usize = 16;

pub(crate) struct Connection {
    stream: TcpStream,
    reader: ReplyReader,
    /// Requests on their way out, the first `written` bytes of which are gone.
    outgoing: Vec<u8>,
    written: usize,
}

/// What became of the connection.
#[derive(Debug)]
pub(crate) enum End {
    /// The server closed it, or the network did; perhaps with a reason.
    Closed(Option<String>),
    /// It is no server of this protocol.
    Broken(ReplyError),
}

impl Connection {
    pub(crate) fn open(address: &DoorAddress) -> Result<Self, ClientError> {
        let stream = dial(address)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, reader: ReplyReader::new(BODY_BYTES_MAX), outgoing: Vec::new(), written: 0 })
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Whether everything is written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Where requests are written to; [`Connection::flush`] sends them.
    pub(crate) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }

    /// Writes what it can; whether all of it is written.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
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
        Ok(true)
    }

    /// Reads some of what is there; the end, if the connection has one, comes after it.
    pub(crate) fn receive(&mut self, replies: &mut Vec<Reply>) -> Option<End> {
        let mut bytes = [0; READ_BYTES];
        for _ in 0..READS_MAX {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Some(self.closed(None, replies)),
                Ok(read) => {
                    if let Some(broken) = self.take(&bytes[..read], replies) {
                        return Some(End::Broken(broken));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Some(self.closed(Some(error.to_string()), replies)),
            }
        }
        None
    }

    /// Whether an answer without a length is at hand, which is whole when nothing more comes.
    pub(crate) fn is_quiet(&self) -> bool {
        self.reader.wait() == Wait::Quiet
    }

    /// Nothing more came.
    pub(crate) fn settle(&mut self, replies: &mut Vec<Reply>) -> Option<End> {
        match self.reader.quiet()? {
            Ok(reply) => replies.push(reply),
            Err(error) => return Some(End::Broken(error)),
        }
        None
    }

    fn take(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Option<ReplyError> {
        while let Some(read) = self.reader.next(&mut bytes) {
            match read {
                Ok(reply) => replies.push(reply),
                Err(error) => return Some(error),
            }
        }
        None
    }

    fn closed(&mut self, reason: Option<String>, replies: &mut Vec<Reply>) -> End {
        // A server that goes may say so in an answer without a length, which ends here. One that was cut off is none.
        while let Some(read) = self.reader.end_of_input() {
            replies.extend(read.ok());
        }
        End::Closed(reason)
    }
}
