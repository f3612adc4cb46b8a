//! A CHAT/1.0 client that says bytes and takes answers apart, without the codec that the server uses.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpStream};

use super::support::PATIENCE;
use super::support::server::Server;

/// The variable that opens the door of a test's server.
pub(crate) const OPEN: (&str, &str) = ("PARLOR_CHAT", "127.0.0.1:0");

/// A framed `PING` and its answer: what stands before it is over.
const PING: &str = "PING CHAT/1.0\nContent-Length: 0\n\n";
pub(crate) const PONG: &str = "CHAT/1.0 200 OK\nContent-Length: 0\n\n";

/// A server with this door, without rates.
pub(crate) fn server() -> Server {
    Server::unlimited_with(&[OPEN])
}

/// Whether a request says how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Framed,
}

pub(crate) const WAYS: [Way; 2] = [Way::Plain, Way::Framed];

pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A message that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pushed {
    pub(crate) sender: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn connect(server: &Server) -> Client {
        Client::over(TcpStream::connect(server.chat_address()).expect("the server accepts connections"))
    }

    /// From another address of this machine.
    pub(crate) fn connect_from(server: &Server, source: Ipv4Addr) -> Client {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&socket, &SocketAddrV4::new(source, 0)).expect("127.0.0.0/8 is this machine");
        connect(&socket, &server.chat_address()).expect("the server accepts connections");
        Client::over(socket.into())
    }

    fn over(stream: TcpStream) -> Client {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("an option can be set");
        Client { stream, received: vec![] }
    }

    /// Somebody who has just registered, logged in.
    pub(crate) fn named(server: &Server, name: &str) -> Client {
        register(server, name, None);
        Client::logged_in(server, name)
    }

    /// Somebody whose name is registered without a password.
    pub(crate) fn logged_in(server: &Server, name: &str) -> Client {
        let mut client = Client::connect(server);
        client.ask(Way::Framed, &format!("USE {name}"), &[], "").expect(200);
        client
    }

    /// Somebody who comes back by a session.
    pub(crate) fn with_session(server: &Server, session: &str) -> Client {
        let mut client = Client::connect(server);
        client.ask_as(session, Way::Framed, "PING", "").expect(200);
        client
    }

    /// Asks, and reads the answer.
    pub(crate) fn ask(&mut self, way: Way, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.write(request(way, line, headers, body).as_bytes());
        self.answer(way)
    }

    /// Asks in the name of a session.
    pub(crate) fn ask_as(&mut self, session: &str, way: Way, line: &str, body: &str) -> Answer {
        self.ask(way, line, &[("Cookie", &format!("SESSIONID={session}"))], body)
    }

    /// Asks without headers and body, with a length.
    pub(crate) fn framed(&mut self, line: &str) -> Answer {
        self.ask(Way::Framed, line, &[], "")
    }

    /// Says something to somebody.
    pub(crate) fn say(&mut self, to: &str, text: &str) {
        self.ask(Way::Framed, &format!("SEND {to}"), &[], text).expect(200);
    }

    pub(crate) fn answer(&mut self, way: Way) -> Answer {
        match way {
            Way::Plain => Answer::read(&self.plain_answer()),
            Way::Framed => self.framed_answer(),
        }
    }

    /// The answer to a request without a length, whole. Its end is seen by that of the next one.
    pub(crate) fn plain_answer(&mut self) -> String {
        while self.received.is_empty() {
            assert!(self.receive(), "the server closed instead of answering");
        }
        self.write(PING.as_bytes());
        while !self.received.ends_with(PONG.as_bytes()) {
            assert!(self.receive(), "the server closed: {:?}", String::from_utf8_lossy(&self.received));
        }
        let all = String::from_utf8(std::mem::take(&mut self.received)).expect("answers are UTF-8");
        all[..all.len() - PONG.len()].to_owned()
    }

    /// The answer to a request with a length.
    pub(crate) fn framed_answer(&mut self) -> Answer {
        Answer::read(&self.block())
    }

    /// That these bytes come next.
    pub(crate) fn hears_bytes(&mut self, expected: &str) {
        while self.received.len() < expected.len() {
            assert!(self.receive(), "the server closed");
        }
        let heard: Vec<u8> = self.received.drain(..expected.len()).collect();
        assert_eq!(String::from_utf8_lossy(&heard), expected);
    }

    /// The messages that are pushed until the server closes.
    pub(crate) fn pushes_until_end(&mut self) -> Vec<Pushed> {
        while self.receive() {}
        let mut pushes = Vec::new();
        while !self.received.is_empty() {
            pushes.push(self.pushed());
        }
        pushes
    }

    /// Connects; `None` if there is no place.
    pub(crate) fn try_connect(server: &Server) -> Option<Client> {
        let mut client = Client::connect(server);
        // Who is turned away may be gone already.
        client.stream.write_all(PING.as_bytes()).ok()?;
        while client.receive() {
            if client.received == PONG.as_bytes() {
                client.received.clear();
                return Some(client);
            }
        }
        None
    }

    /// The next message that is pushed.
    pub(crate) fn pushed(&mut self) -> Pushed {
        let block = self.block();
        let (head, text) = block.split_once("\n\n").expect("an empty line");
        let (line, headers) = lines(head);
        let sender = line.strip_prefix("MESSAGE ").and_then(|rest| rest.strip_suffix(" CHAT/1.0"));
        let sender = sender.unwrap_or_else(|| panic!("no message: {block:?}")).to_owned();
        Pushed { sender, headers, text: text.to_owned() }
    }

    /// The texts of the next messages that are pushed.
    pub(crate) fn hears(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.pushed().text).collect()
    }

    /// Has what arrives pushed.
    pub(crate) fn listen(&mut self) {
        self.framed("LISTEN").expect(200);
    }

    /// That nothing is pushed: whatever was to come comes before the answer to something that is asked then.
    pub(crate) fn hears_nothing(&mut self) {
        self.write(PING.as_bytes());
        assert_eq!(self.block(), PONG);
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Says no more.
    pub(crate) fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).expect("it is connected");
    }

    /// Everything until the server closes.
    pub(crate) fn rest(mut self) -> String {
        while self.receive() {}
        String::from_utf8(self.received).expect("answers are UTF-8")
    }

    /// Something that says how long it is.
    fn block(&mut self) -> String {
        loop {
            if let Some(length) = block_length(&self.received) {
                let block = self.received.drain(..length).collect();
                return String::from_utf8(block).expect("what the server says is UTF-8");
            }
            assert!(self.receive(), "the server closed: {:?}", String::from_utf8_lossy(&self.received));
        }
    }

    fn receive(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came: {error}; before it {:?}", String::from_utf8_lossy(&self.received)),
        }
    }
}

/// Registers somebody.
pub(crate) fn register(server: &Server, name: &str, password: Option<&str>) {
    let headers: Vec<_> = password.map(|password| ("Password", password)).into_iter().collect();
    Client::connect(server).ask(Way::Framed, &format!("REG {name}"), &headers, "").expect(201);
}

/// Logs somebody in; answers the connection and the session.
pub(crate) fn log_in(server: &Server, name: &str, password: Option<&str>) -> (Client, String) {
    let mut client = Client::connect(server);
    let headers: Vec<_> = password.map(|password| ("Password", password)).into_iter().collect();
    let answer = client.ask(Way::Framed, &format!("USE {name}"), &headers, "").expect(200);
    let session = answer.session();
    (client, session)
}

pub(crate) fn request(way: Way, line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{line} CHAT/1.0\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\n");
    }
    match way {
        Way::Plain if body.is_empty() => text,
        Way::Plain => format!("{text}\n{body}\n"),
        Way::Framed => format!("{text}Content-Length: {}\n\n{body}", body.len()),
    }
}

impl Answer {
    /// Takes an answer apart, with a length or without.
    pub(crate) fn read(text: &str) -> Answer {
        let (head, body) = text.split_once("\n\n").unwrap_or((text.strip_suffix('\n').unwrap_or(text), ""));
        let (line, headers) = lines(head);
        let rest = line.strip_prefix("CHAT/1.0 ").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let (status, reason) = rest.split_once(' ').unwrap_or_else(|| panic!("no answer: {text:?}"));
        let is_framed = headers.iter().any(|(name, _)| name == "Content-Length");
        let body = if is_framed { body } else { body.strip_suffix('\n').unwrap_or(body) };
        Answer { status: status.parse().unwrap(), reason: reason.to_owned(), headers, body: body.to_owned() }
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The session that it begins.
    pub(crate) fn session(&self) -> String {
        let set = self.header("Set-Cookie").expect("a session begins");
        set.strip_prefix("SESSIONID=").expect("it is called SESSIONID").to_owned()
    }

    /// Its body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The names that a list has.
    pub(crate) fn names(&self, key: &str) -> Vec<String> {
        let json = self.json();
        json[key].as_array().expect("a list").iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    /// What its messages say.
    pub(crate) fn texts(&self) -> Vec<String> {
        let json = self.json();
        let messages = json["messages"].as_array().expect("messages");
        messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn cursor(&self) -> String {
        self.json()["cursor"].as_str().expect("a cursor").to_owned()
    }
}

impl Pushed {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

fn lines(head: &str) -> (&str, Vec<(String, String)>) {
    let mut lines = head.split('\n');
    let first = lines.next().unwrap_or("");
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
        (name.to_owned(), value.to_owned())
    };
    (first, lines.map(header).collect())
}

/// The length of the block that stands at the beginning, if it is whole.
fn block_length(received: &[u8]) -> Option<usize> {
    let head = received.windows(2).position(|two| two == b"\n\n")?;
    let text = std::str::from_utf8(&received[..head]).expect("heads are UTF-8");
    let (_, headers) = lines(text);
    let length = headers.iter().find(|(name, _)| name == "Content-Length");
    let length: usize = length.unwrap_or_else(|| panic!("no length: {text:?}")).1.parse().expect("a number");
    let end = head + 2 + length;
    (received.len() >= end).then_some(end)
}
