//! A terminal chat client, over TLS or not.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::support::PATIENCE;

pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

pub(crate) struct Terminal<S> {
    pub(crate) stream: S,
    received: Vec<u8>,
}

/// Shakes hands with a server that has to prove itself with this certificate.
pub(crate) fn secure(stream: TcpStream, trusted: &CertificateDer<'static>) -> io::Result<Secured> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let tls = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
    let mut secured = StreamOwned::new(tls, stream);
    secured.conn.complete_io(&mut secured.sock)?;
    Ok(secured)
}

impl Terminal<Secured> {
    /// Connects over TLS, and reads the greeting.
    pub(crate) fn secured(to: SocketAddr, trusted: &CertificateDer<'static>) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        Terminal::greeted(secure(stream, trusted).expect("the server proves itself"))
    }

    /// Says that nothing more follows, and goes on hearing.
    pub(crate) fn end_saying(&mut self) {
        self.stream.conn.send_close_notify();
        self.stream.flush().unwrap();
    }

    /// Closes the socket, as a client that is killed.
    pub(crate) fn break_off(self) {
        drop(self.stream.sock);
    }
}

impl Terminal<TcpStream> {
    /// Connects plainly, and reads the greeting.
    pub(crate) fn plain(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Terminal::greeted(stream)
    }
}

impl<S: Read + Write> Terminal<S> {
    fn greeted(stream: S) -> Self {
        let mut terminal = Terminal { stream, received: vec![] };
        let greeting = terminal.screen();
        assert!(greeting.contains("name"), "{greeting:?}");
        terminal
    }

    /// The same with a name, in the lobby.
    pub(crate) fn named(mut self, name: &str) -> Self {
        let entrance = self.ask(name);
        assert!(entrance.contains("(you)"), "{name} was not let in: {entrance:?}");
        self
    }

    pub(crate) fn send(&mut self, line: &str) {
        self.stream.write_all(&[&(line.len() as u64).to_be_bytes()[..], line.as_bytes()].concat()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Everything up to the next prompt.
    pub(crate) fn screen(&mut self) -> String {
        let mut screen = String::new();
        while screen != "> " && !screen.ends_with("\n> ") {
            screen += &self.string().unwrap().unwrap_or_else(|| panic!("the server closed after {screen:?}"));
        }
        screen
    }

    /// The same of somebody who may have left meanwhile: a name is free then, and what is drawn later is a guest's.
    pub(crate) fn screen_of_leaver(&mut self) -> String {
        self.screen().replace('~', "")
    }

    /// Types a line; what is shown up to the next prompt.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.screen()
    }

    /// Everything until the server ends the connection as its protocol says, be it TLS or TCP.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = String::new();
        while let Some(string) = self.string().unwrap() {
            rest += &string;
        }
        rest
    }

    /// The next string; `None`: a proper end.
    pub(crate) fn string(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(string) = self.take_string() {
                return Ok(Some(string));
            }
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) if self.received.is_empty() => return Ok(None),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) => return Err(error),
            }
        }
    }

    fn take_string(&mut self) -> Option<String> {
        let length = usize::try_from(u64::from_be_bytes(*self.received.first_chunk()?)).unwrap();
        assert!((1..=4_096).contains(&length), "the server sent a string of {length} bytes");
        let string = self.received.get(8..8 + length)?.to_vec();
        self.received.drain(..8 + length);
        Some(String::from_utf8(string).unwrap())
    }
}
