//! The client of the WebSocket text commands (protocols/wscmd.md).
//!
//! The WebSocket itself is `tungstenite`'s: it does not wait where the stream does not, and brings no runtime.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use parlor_wire::wscmd::{COMMAND_BYTES_MAX, Counting, Message, SUBPROTOCOL};
use tungstenite::error::ProtocolError;
use tungstenite::http::Uri;
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{ClientRequestBuilder, Error, HandshakeError, WebSocket};

use super::address::DoorAddress;
use super::dial::{dial, no_door};
use super::phrase::{self, Phrase};
use super::pump::{Heard, Link, Taken};
use super::screen::push_printable;
use super::told::tell;
use crate::{ClientError, shown};

/// The longest line: what one command may hold.
pub(crate) const LINE_BYTES_MAX: usize = COMMAND_BYTES_MAX;
/// The longest message that is read: lists of ten thousands of rooms fit.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// The server's part of the handshake may take so long between two of its bytes.
const HANDSHAKE_SECONDS_MAX: u64 = 10;
/// Messages read before they are shown.
const MESSAGES_MAX: usize = 256;

/// A connection to the door of the text commands.
pub(crate) struct WebSocketLink {
    socket: WebSocket<TcpStream>,
    address: String,
    style: Style,
    /// The messageid of the next command.
    next: u64,
}

/// How lines become messages and messages become lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// For people: phrases go out, words come back.
    Words,
    /// For scripts: unchanged, both ways.
    Raw,
    /// The same where a person watches: unchanged but for what would drive the terminal.
    RawShown,
}

impl WebSocketLink {
    pub(crate) fn connect(address: &DoorAddress, style: Style) -> Result<Self, ClientError> {
        let socket = open(address, style == Style::Words)?;
        socket.get_ref().set_nonblocking(true)?;
        Ok(Self { socket, address: address.to_string(), style, next: 1 })
    }

    fn send(&mut self, text: String) -> Taken {
        match self.socket.write(tungstenite::Message::text(text)) {
            Ok(()) => Taken::Sent,
            // It is kept and goes out with the next flush.
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Taken::Sent,
            Err(error) => Taken::Refused(format!("not sent: {}", shown::line(&error.to_string()))),
        }
    }

    fn show(&self, text: &str, shown: &mut String) {
        match self.style {
            Style::Raw => shown.push_str(text),
            Style::RawShown => push_printable(text, shown),
            // The server counts as we do, unless a command that was typed whole counted otherwise.
            Style::Words => match [Counting::Utf16, Counting::Utf8].map(|counting| Message::read(text, counting)) {
                [Ok(message), _] | [_, Ok(message)] => tell(&message, shown),
                _ => push_printable(text, shown),
            },
        }
        shown.push('\n');
    }

    fn not_parlor(&self, reason: &str) -> ClientError {
        ClientError::NotParlor { server: self.address.clone(), reason: shown::line(reason) }
    }
}

impl Link for WebSocketLink {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.get_ref().as_fd()
    }

    fn take(&mut self, line: &str) -> Taken {
        if self.style != Style::Words {
            return self.send(line.to_owned());
        }
        match phrase::read(line, self.next) {
            Ok(Phrase::Nothing) => Taken::Sent,
            Ok(Phrase::Help(text)) => Taken::Shown(text),
            Ok(Phrase::Quit) => {
                self.leave();
                Taken::Left
            }
            Ok(Phrase::Whole(text)) => self.send(text),
            Ok(Phrase::Command(text)) => {
                self.next += 1;
                self.send(text)
            }
            Err(sentence) => Taken::Refused(sentence),
        }
    }

    fn leave(&mut self) {
        // What cannot be written now is kept for the next flush; a connection that is closed already is left, too.
        let _ = self.socket.close(None);
    }

    fn flush(&mut self) -> io::Result<bool> {
        match self.socket.flush() {
            Ok(()) => Ok(true),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(Error::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn receive(&mut self, shown: &mut String) -> Result<Heard, ClientError> {
        for _ in 0..MESSAGES_MAX {
            match self.socket.read() {
                Ok(tungstenite::Message::Text(text)) => self.show(text.as_str(), shown),
                Ok(tungstenite::Message::Binary(_)) => {
                    return Err(self.not_parlor("it sent a binary message, which this protocol does not have"));
                }
                Ok(tungstenite::Message::Close(close)) => {
                    // Our answer to it, or nothing; the server is about to go either way.
                    let _ = self.socket.flush();
                    return Ok(Heard::Closed(close.map(|close| closing(&close))));
                }
                // A ping is answered by the library.
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return Ok(Heard::Open),
                Err(Error::Io(error)) => return Ok(Heard::Closed(Some(error.to_string()))),
                Err(
                    Error::ConnectionClosed
                    | Error::AlreadyClosed
                    | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
                ) => return Ok(Heard::Closed(None)),
                Err(error) => return Err(self.not_parlor(&error.to_string())),
            }
        }
        Ok(Heard::More)
    }
}

/// Connects and asks for the upgrade. The socket waits where it must, with a bound.
pub(crate) fn open(address: &DoorAddress, offers: bool) -> Result<WebSocket<TcpStream>, ClientError> {
    let refused = |reason: String| no_door(address, reason);
    let uri: Uri = address.to_string().parse().map_err(|_| refused("the address is no URL".to_owned()))?;
    let mut request = ClientRequestBuilder::new(uri);
    if offers {
        request = request.with_sub_protocol(SUBPROTOCOL);
    }
    let stream = dial(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(HANDSHAKE_SECONDS_MAX)))?;
    stream.set_write_timeout(Some(Duration::from_secs(HANDSHAKE_SECONDS_MAX)))?;
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX));
    match tungstenite::client::client_with_config(request, stream, Some(config)) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(answer))) => {
            Err(refused(format!("there are no text commands there (status {})", answer.status().as_u16())))
        }
        Err(HandshakeError::Failure(error)) => Err(refused(error.to_string())),
        Err(HandshakeError::Interrupted(_)) => {
            Err(refused(format!("no answer to the upgrade within {HANDSHAKE_SECONDS_MAX} seconds")))
        }
    }
}

fn closing(close: &CloseFrame) -> String {
    let code = u16::from(close.code);
    if close.reason.is_empty() {
        format!("code {code}")
    } else {
        format!("code {code}, {}", shown::line(&close.reason))
    }
}
