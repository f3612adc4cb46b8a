//! Somebody at the terminal door, as far as whoever writes in CHAT/1.0 meets them.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::support::PATIENCE;
use super::support::server::Server;

pub(crate) struct Terminal {
    stream: TcpStream,
    /// What came and was not looked for yet.
    screen: String,
}

impl Terminal {
    /// Somebody without an account who has taken this name.
    pub(crate) fn named(server: &Server, name: &str) -> Terminal {
        let stream = TcpStream::connect(server.term_address()).expect("the server accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let mut terminal = Terminal { stream, screen: String::new() };
        terminal.hears("> ");
        terminal.says(name);
        terminal.hears(&format!("{name} (you)"));
        terminal
    }

    pub(crate) fn says(&mut self, text: &str) {
        let mut frame = (text.len() as u64).to_be_bytes().to_vec();
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).expect("the server reads");
    }

    /// Waits until this is on the screen, and goes on behind it.
    pub(crate) fn hears(&mut self, text: &str) {
        while !self.screen.contains(text) {
            let mut length = [0; 8];
            self.stream.read_exact(&mut length).unwrap_or_else(|error| panic!("{text:?}: {error}: {:?}", self.screen));
            let mut drawn = vec![0; usize::try_from(u64::from_be_bytes(length)).expect("a frame is short")];
            self.stream.read_exact(&mut drawn).expect("a frame is whole");
            self.screen += std::str::from_utf8(&drawn).expect("a screen is UTF-8");
        }
        let end = self.screen.find(text).expect("it was found above") + text.len();
        self.screen.drain(..end);
    }

    pub(crate) fn leave(mut self) {
        self.says("");
    }
}
