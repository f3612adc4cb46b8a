//! `parlor connect ADDRESS`: talks through a door that keeps its connection, as old clients of that door do.
//!
//! | module | what it is |
//! |---|---|
//! | `term` | the terminal door: lines out, the server's screen in |
//! | `secure`, `trust` | TLS below it |
//! | `websocket` | the WebSocket text commands; `phrase`: what people may type there, `told`: answers in words |
//! | [`chat`] | CHAT/1.0, with a loop, commands and sessions of its own |
//! | `pump` | the loop between keyboard, connection and output |
//! | `lines`, `keyboard`, `screen` | what is typed, and how it stays whole while text comes in |
//!
//! No chat state is kept but in [`chat`]: what a line means depends on the server alone.

pub(crate) mod address;
pub mod chat;
pub(crate) mod dial;
mod keyboard;
mod lines;
mod phrase;
mod pump;
mod screen;
mod secure;
mod term;
mod told;
mod trust;
pub(crate) mod websocket;

use std::path::PathBuf;

use address::{DoorAddress, Scheme};
use keyboard::Keyboard;
pub use pump::Console;
use pump::Link;
use websocket::Style;

use crate::ClientError;

/// Where to connect, and how to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectArgs {
    /// `term://HOST[:PORT]`, `terms://HOST[:PORT]` or `ws://HOST[:PORT][/PATH]`.
    pub address: String,
    /// WebSocket only: lines are messages and messages are lines, nothing is read into them.
    pub raw: bool,
    /// `terms://` only: a file (PEM) with the certificates that are trusted, instead of the world's.
    pub ca: Option<PathBuf>,
    /// Whether the output is a terminal: then even `raw` lets nothing drive it.
    pub output_is_terminal: bool,
}

/// A connection that is made, with nothing said yet.
pub struct Connected {
    link: Box<dyn Link>,
    address: String,
    line_bytes_max: usize,
    raw: bool,
}

impl Connected {
    /// Makes the connection; for WebSocket, the upgrade too.
    ///
    /// # Errors
    /// [`ClientError`]: the address is none, nobody answers there, or what answers is no such door.
    pub fn dial(args: &ConnectArgs) -> Result<Self, ClientError> {
        let address = DoorAddress::parse(&args.address)?;
        let (link, line_bytes_max): (Box<dyn Link>, usize) = match address.scheme {
            _ if args.ca.is_some() && address.scheme != Scheme::Terms => {
                return Err(ClientError::Usage("--ca is for terms:// addresses; no other speaks TLS".to_owned()));
            }
            Scheme::Term | Scheme::Terms if args.raw => {
                return Err(ClientError::Usage(
                    "--raw is for ws:// and chat:// addresses; a terminal's lines are sent as they are".to_owned(),
                ));
            }
            Scheme::Term | Scheme::Terms => {
                (Box::new(term::Terminal::connect(&address, args.ca.as_deref())?), term::LINE_BYTES_MAX)
            }
            Scheme::Chat => {
                return Err(ClientError::Usage("a chat:// address has a client of its own: connect::chat".to_owned()));
            }
            Scheme::Ws => {
                let style = match (args.raw, args.output_is_terminal) {
                    (false, _) => Style::Words,
                    (true, false) => Style::Raw,
                    (true, true) => Style::RawShown,
                };
                (Box::new(websocket::WebSocketLink::connect(&address, style)?), websocket::LINE_BYTES_MAX)
            }
        };
        Ok(Self { link, address: address.to_string(), line_bytes_max, raw: args.raw })
    }

    /// Talks until the input ends, the person leaves, or the server closes.
    ///
    /// # Errors
    /// [`ClientError::Closed`]: it was the server that closed. Otherwise what went wrong.
    pub fn run(mut self, console: &mut Console<'_>) -> Result<(), ClientError> {
        let mut keyboard = Keyboard::new(console.input, self.line_bytes_max, console.is_terminal, !self.raw)?;
        pump::pump(self.link.as_mut(), &mut keyboard, &self.address, console)
    }
}
