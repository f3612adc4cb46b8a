//! A terminal chat client: it writes a length and bytes, and reads what it is to print.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::support::PATIENCE;
use super::support::server::Server;

/// The variable that opens the door of a test's server.
pub(crate) const OPEN: (&str, &str) = ("PARLOR_TERM", "127.0.0.1:0");

/// A server with a terminal door, without rates.
pub(crate) fn server() -> Server {
    Server::unlimited_with(&[OPEN])
}

pub(crate) struct Terminal {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Terminal {
    /// Connects, and reads the greeting.
    pub(crate) fn connect(to: SocketAddr) -> Terminal {
        let stream = TcpStream::connect(to).expect("the server accepts connections");
        let mut terminal = Terminal::over(stream);
        let greeting = terminal.screen();
        assert!(greeting.contains("name") && greeting.ends_with("\n> "), "{greeting:?}");
        terminal
    }

    /// Connects; `None` if there is no place.
    pub(crate) fn try_connect(to: SocketAddr) -> Option<Terminal> {
        let mut terminal = Terminal::over(TcpStream::connect(to).expect("the server accepts connections"));
        terminal.string().ends_with("\n> ").then_some(terminal)
    }

    /// Takes over a connection that was just made.
    pub(crate) fn over(stream: TcpStream) -> Terminal {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("an option can be set");
        Terminal { stream, received: vec![] }
    }

    /// Somebody with a name, in the lobby, who has read what was shown there.
    pub(crate) fn named(server: &Server, name: &str) -> Terminal {
        let mut terminal = Terminal::connect(server.term_address());
        let entrance = terminal.ask(name);
        assert!(entrance.contains("(you)"), "{name} was not let in: {entrance:?}");
        terminal
    }

    pub(crate) fn send(&mut self, line: &str) {
        self.send_bytes(line.as_bytes());
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.write(&string(bytes));
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// The next string.
    pub(crate) fn string(&mut self) -> String {
        self.next_string().expect("the server closed the connection")
    }

    /// Everything up to the next prompt.
    pub(crate) fn screen(&mut self) -> String {
        let mut screen = String::new();
        while screen != "> " && !screen.ends_with("\n> ") {
            let string = self.next_string();
            screen += &string.unwrap_or_else(|| panic!("the server closed the connection after {screen:?}"));
        }
        screen
    }

    /// Types a line; what is shown up to the next prompt.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.screen()
    }

    /// Says something to everyone and reads the fresh prompt.
    pub(crate) fn say(&mut self, text: &str) {
        assert_eq!(self.ask(&format!("bc {text}")), "> ");
    }

    /// Everything until the server closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = String::new();
        while let Some(string) = self.next_string() {
            rest += &string;
        }
        rest
    }

    /// Closes without a word.
    pub(crate) fn break_off(self) {
        drop(self.stream);
    }

    fn next_string(&mut self) -> Option<String> {
        loop {
            if let Some(string) = self.take_string() {
                return Some(string);
            }
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    assert!(self.received.is_empty(), "the server closed in the middle of a string");
                    return None;
                }
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    fn take_string(&mut self) -> Option<String> {
        let length = u64::from_be_bytes(*self.received.first_chunk()?);
        assert!((1..=4_096).contains(&length), "the server sent a string of {length} bytes");
        let end = 8 + usize::try_from(length).unwrap();
        let string = self.received.get(8..end)?.to_vec();
        self.received.drain(..end);
        Some(String::from_utf8(string).expect("every string is UTF-8 by itself"))
    }
}

/// Bytes with their length before them.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_be_bytes()[..], bytes].concat()
}
