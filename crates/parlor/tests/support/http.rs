//! HTTP/1.1 as bytes on a socket: no library between that would mend what a test breaks.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use super::PATIENCE;

/// A request as it will be written: what is not said is not sent, but for `Host` and the length of a body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

pub(crate) fn get(target: impl Into<String>) -> Request {
    Request::new("GET", target)
}

/// A post without a type.
pub(crate) fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
    Request { body: Some(body.into()), ..Request::new("POST", target) }
}

/// A post of these fields, urlencoded.
pub(crate) fn post_form(target: impl Into<String>, fields: &[(&str, &str)]) -> Request {
    post(target, urlencoded(fields)).header("Content-Type", "application/x-www-form-urlencoded")
}

impl Request {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Request {
        Request { method: method.to_owned(), target: target.into(), headers: vec![], body: None }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// The bytes for a server at `host`.
    pub(crate) fn to_bytes(&self, host: SocketAddr) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &str| bytes.extend(format!("{name}: {value}\r\n").bytes());
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            line("Host", &host.to_string());
        }
        for (name, value) in &self.headers {
            line(name, value);
        }
        if let Some(body) = &self.body {
            line("Content-Length", &body.len().to_string());
        }
        bytes.extend(b"\r\n");
        bytes.extend(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

/// Percent-encodes every byte that is not a letter or a digit, as the strictest client would.
pub(crate) fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

pub(crate) fn urlencoded(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value))).collect();
    pairs.join("&")
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The only header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.headers(name);
        assert!(values.len() <= 1, "{name} came {} times: {values:?}", values.len());
        values.first().copied()
    }

    /// Every header of this name.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("an answer's text is UTF-8")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Itself, if it has this status.
    pub(crate) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }

    /// The `Chat-Number` of an answer that has one.
    pub(crate) fn number(&self) -> u64 {
        let number = self.header("chat-number").unwrap_or_else(|| panic!("no Chat-Number: {}", self.shown()));
        number.parse().expect("a number")
    }

    /// The key in the address to which a `303` leads.
    pub(crate) fn room_key(&self) -> String {
        assert_eq!(self.status, 303, "{}", self.shown());
        let location = self.header("location").expect("a 303 says where to go");
        location.strip_prefix("/chat/").unwrap_or_else(|| panic!("{location} is no room")).to_owned()
    }

    fn shown(&self) -> String {
        format!("{} {:?}\n{}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// One connection, kept alive for as long as the server does.
pub(crate) struct Connection {
    stream: TcpStream,
    to: SocketAddr,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> Connection {
        Connection::of(TcpStream::connect(to).expect("the server accepts connections"), to)
    }

    /// A connection from an address of this machine, `127.0.0.2` and the like.
    pub(crate) fn open_from(source: Ipv4Addr, to: SocketAddr) -> Connection {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&socket, &SocketAddrV4::new(source, 0)).expect("127.0.0.0/8 is this machine");
        connect(&socket, &to).expect("the server accepts connections");
        Connection::of(socket.into(), to)
    }

    fn of(stream: TcpStream, to: SocketAddr) -> Connection {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("an option can be set");
        Connection { stream, to, received: vec![] }
    }

    /// Sends a request and reads its answer.
    pub(crate) fn ask(&mut self, request: Request) -> Answer {
        self.send(&request);
        self.read(request.method != "HEAD").unwrap_or_else(|error| panic!("no answer to {request:?}: {error}"))
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, request: &Request) {
        let bytes = request.to_bytes(self.to);
        self.write(&bytes);
    }

    /// Sends bytes. A server that has heard enough may hang up meanwhile; its answer tells.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> Answer {
        self.read(true).unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// The next answer; an error when the connection ends before its end.
    pub(crate) fn read(&mut self, has_body: bool) -> io::Result<Answer> {
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.more()?;
        };
        let head: Vec<u8> = self.received.drain(..end).collect();
        let (status, headers) = parse_head(std::str::from_utf8(&head).expect("a head is UTF-8"));
        let mut answer = Answer { status, headers, body: vec![] };
        if has_body && !matches!(status, 100..200 | 204 | 304) {
            assert_eq!(answer.header("transfer-encoding"), None, "answers have a length");
            let length: usize = answer.header("content-length").expect("a length").parse().expect("a number");
            while self.received.len() < length {
                self.more()?;
            }
            answer.body = self.received.drain(..length).collect();
        }
        Ok(answer)
    }

    /// Whether bytes of an answer have come already; does not wait.
    pub(crate) fn has_something(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("an option can be set");
        let more = self.more();
        self.stream.set_nonblocking(false).expect("an option can be set");
        !self.received.is_empty() || more.is_ok()
    }

    /// Whether bytes of an answer come before this much time has passed. An end of the connection counts: who reads hears
    /// of it.
    pub(crate) fn has_something_within(&mut self, patience: Duration) -> bool {
        if !self.received.is_empty() {
            return true;
        }
        self.stream.set_read_timeout(Some(patience)).expect("a timeout can be set");
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        !peeked.is_err_and(|error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }

    /// Whether the server has hung up by now; does not wait. What it said before is kept for [`Connection::rest`].
    pub(crate) fn has_ended(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("an option can be set");
        let ended = loop {
            match self.more() {
                Ok(()) => {}
                Err(error) => break error.kind() != io::ErrorKind::WouldBlock,
            }
        };
        self.stream.set_nonblocking(false).expect("an option can be set");
        ended
    }

    /// Waits for the end of the connection, after which nothing more came; an error if it did not end in order.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        match self.more() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(io::Error::other(format!("{} bytes more", self.received.len()))),
        }
    }

    /// Waits for the end of the connection; answers what came before it and was no part of an answer that was read.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        loop {
            if let Err(error) = self.more() {
                let waited = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                assert!(!waited, "the server did not hang up");
                return std::mem::take(&mut self.received);
            }
        }
    }

    /// Whether the server has ended the connection without another byte; waits for one of the two.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.received.is_empty()
            && match self.more() {
                Ok(()) => false,
                Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
            }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => {
                self.received.extend(&buffer[..length]);
                Ok(())
            }
        }
    }
}

fn parse_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect("a status line of HTTP/1.1");
    let status = status.get(..3).and_then(|status| status.parse().ok()).expect("a status of three digits");
    let header = |line: &str| {
        let (name, value) = line.split_once(':').expect("a header has a colon");
        (name.to_owned(), value.trim().to_owned())
    };
    (status, lines.map(header).collect())
}
