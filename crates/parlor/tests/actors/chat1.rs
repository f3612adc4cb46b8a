//! Somebody with a CHAT/1.0 client: requests with their length, on one connection that also listens for what others say.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::Value;

use crate::support::PATIENCE;
use crate::support::server::Server;

use super::persona::{Persona, Seen};
use super::{Actor, Door, Heard, MOMENT, Message, NewRoom, Own, Whispered, web_socket};

/// Everybody at this door has an account; those who come without one are given one with this password.
const PASSWORD: &str = "given at the door";

/// The numbers of those accounts: beyond those that a play gives.
static ACCOUNTS: AtomicU64 = AtomicU64::new(1_000);

pub(crate) struct Chat1 {
    /// `None` when it is over.
    stream: Option<TcpStream>,
    received: Vec<u8>,
    /// Name and password, once it is logged in.
    logged_in: Option<(String, String)>,
    /// The account that it was given.
    account: Option<u64>,
    session: Option<String>,
    /// Answers, in the order of the requests.
    answers: Vec<Answer>,
    heard: Vec<Heard>,
}

/// An answer, or a message that the server pushed.
#[derive(Debug, Clone)]
struct Answer {
    first_line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What it says, unless it is a yes.
    fn refusal(&self) -> Result<(), String> {
        let said = self.first_line.strip_prefix("CHAT/1.0 ").unwrap_or_else(|| panic!("{self:?} is no answer"));
        if said.starts_with('2') { Ok(()) } else { Err(format!("{said}: {}", self.body)) }
    }
}

impl Chat1 {
    /// Somebody who is not logged in.
    pub(crate) fn connect(server: &Server) -> Chat1 {
        let mut actor = Chat1 {
            stream: None,
            received: vec![],
            logged_in: None,
            account: None,
            session: None,
            answers: vec![],
            heard: vec![],
        };
        actor.open(server);
        actor
    }

    /// Gets an account of this name, and logs in.
    ///
    /// # Errors
    /// What the server said to the name.
    pub(crate) fn take_name(&mut self, server: &Server, name: &str) -> Result<(), String> {
        let number = ACCOUNTS.fetch_add(1, Ordering::Relaxed);
        web_socket::try_adding_account(server, number, name, PASSWORD)?;
        self.account = Some(number);
        self.log_in(name, PASSWORD)
    }

    fn open(&mut self, server: &Server) {
        let stream = TcpStream::connect(server.chat_address()).expect("the server accepts connections");
        stream.set_nodelay(true).expect("an option can be set");
        stream.set_read_timeout(Some(MOMENT)).expect("a timeout can be set");
        self.stream = Some(stream);
        self.received.clear();
    }

    fn ask(&mut self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!("{line} CHAT/1.0\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\n");
        }
        request += &format!("Content-Length: {}\n\n{body}", body.len());
        let stream = self.stream.as_mut().expect("it is connected");
        stream.write_all(request.as_bytes()).unwrap_or_else(|error| panic!("{line:?} was not sent: {error}"));
        let (place, deadline) = (self.answers.len(), Instant::now() + PATIENCE);
        loop {
            if let Some(answer) = self.answers.get(place) {
                return answer.clone();
            }
            assert!(self.stream.is_some(), "the connection ended instead of an answer to {line:?}");
            assert!(Instant::now() < deadline, "no answer to {line:?} came");
            self.listen();
        }
    }

    fn take(&mut self, came: Answer) {
        if !came.first_line.starts_with("MESSAGE ") {
            return self.answers.push(came);
        }
        let from = came.header("From").unwrap_or_else(|| panic!("{came:?} is from nobody"));
        let is_guest = came.first_line.starts_with("MESSAGE ~");
        let author = Seen::Named(format!("{}{from}", if is_guest { "~" } else { "" }));
        let id = came.header("Id").unwrap_or_else(|| panic!("{came:?} has no id")).to_owned();
        let group = came.header("Group").map(str::to_owned);
        self.heard.push(match group {
            Some(room) => Heard::Said { room, message: Message { author, text: came.body, number: number_of(&id) } },
            None if id.starts_with("announcement.") => Heard::Announced { text: came.body },
            None => Heard::Whispered { message: Message { author, text: came.body, number: None } },
        });
    }

    fn listen_from_now(&mut self) {
        self.ask("LISTEN", &[], "").refusal().unwrap();
    }
}

/// A message's number in its room is the end of its id.
fn number_of(id: &str) -> Option<u64> {
    id.rsplit_once('.')?.1.parse().ok()
}

/// Takes the first whole answer or message.
fn next_block(received: &mut Vec<u8>) -> Option<Answer> {
    let end = received.windows(2).position(|two| two == b"\n\n")?;
    let head = std::str::from_utf8(&received[..end]).expect("what the server writes is UTF-8").to_owned();
    let mut lines = head.lines().map(str::to_owned);
    let first_line = lines.next().expect("an answer has a first line");
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect::<Option<_>>()
        .unwrap_or_else(|| panic!("{head:?} has a line that is no header"));
    let length = headers.iter().find(|(name, _)| name == "Content-Length").and_then(|(_, value)| value.parse().ok());
    let length: usize = length.unwrap_or_else(|| panic!("{head:?} has no length"));
    let body = received.get(end + 2..end + 2 + length)?.to_vec();
    received.drain(..end + 2 + length);
    Some(Answer { first_line, headers, body: String::from_utf8(body).expect("what the server writes is UTF-8") })
}

impl Actor for Chat1 {
    fn door(&self) -> Door {
        Door::Chat1
    }

    fn heard(&self) -> &[Heard] {
        &self.heard
    }

    fn listen(&mut self) {
        let Some(stream) = &mut self.stream else { return std::thread::sleep(MOMENT) };
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => self.received.extend(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(_) | Err(_) => {
                self.stream = None;
                self.heard.push(Heard::Ended);
            }
        }
        while let Some(came) = next_block(&mut self.received) {
            self.take(came);
        }
    }

    fn enter(&mut self, room: &str, _: Option<&str>) -> Result<(), String> {
        // A member is in its groups and in the lobby.
        self.ask(&format!("LIST_USER {room}"), &[], "").refusal()
    }

    fn leave_room(&mut self, room: &str) {
        self.ask(&format!("LEAVE {room}"), &[], "").refusal().unwrap();
    }

    fn say(&mut self, room: &str, text: &str) -> Result<Option<u64>, String> {
        self.ask(&format!("SEND {room}"), &[], text).refusal().map(|()| None)
    }

    fn whisper(&mut self, to: &Persona, text: &str) -> Result<Whispered, String> {
        // A nickname is nobody's own, so a guest without a held name goes by its number.
        let has_name = to.account.is_some() || to.door == Door::Terminal;
        let name = if has_name { &to.name } else { &to.guest };
        let name = name.as_deref().expect("the name is known");
        self.ask(&format!("SEND {name}"), &[], text).refusal().map(|()| Whispered::Taken)
    }

    fn history(&mut self, room: &str, count: usize) -> Option<Vec<Message>> {
        let mut messages: Vec<Message> = vec![];
        let mut before = String::new();
        while messages.len() < count {
            let limit = (count - messages.len()).min(500).to_string();
            let mut headers = vec![("Limit", limit.as_str())];
            if !before.is_empty() {
                headers.push(("Before", &before));
            }
            let answer = self.ask(&format!("HISTORY {room}"), &headers, "");
            answer.refusal().unwrap();
            let page: Value = serde_json::from_str(&answer.body).expect("it is JSON");
            let page = page["messages"].as_array().expect("it is a list").clone();
            let Some(first) = page.first() else { break };
            text_of(&first["id"]).clone_into(&mut before);
            let page = page.iter().map(|message| Message {
                author: Seen::Named(text_of(&message["from"]).to_owned()),
                text: text_of(&message["text"]).to_owned(),
                number: number_of(text_of(&message["id"])),
            });
            messages.splice(0..0, page);
        }
        Some(messages)
    }

    fn here(&mut self, room: &str) -> Vec<Seen> {
        panic!("nobody is seen to be in {room} with CHAT/1.0")
    }

    fn make_room(&mut self, room: &NewRoom) {
        assert_eq!((room.question, room.vanishes), (None, false), "CHAT/1.0 makes groups");
        self.ask(&format!("MK_GROUP {}", room.name), &[], "").refusal().unwrap();
    }

    fn remove_room(&mut self, room: &str) {
        self.ask(&format!("RM_GROUP {room}"), &[], "").refusal().unwrap();
    }

    fn add_member(&mut self, group: &str, name: &str) -> Result<(), String> {
        self.ask(&format!("ADD_USER {group}"), &[("Invite", &format!("{name}:user"))], "").refusal()
    }

    fn remove_member(&mut self, group: &str, name: &str) -> Result<(), String> {
        self.ask(&format!("RM_USER {group}"), &[("User", name)], "").refusal()
    }

    fn log_in(&mut self, handle: &str, password: &str) -> Result<(), String> {
        let answer = self.ask(&format!("USE {handle}"), &[("Password", password)], "");
        answer.refusal()?;
        let cookie = answer.header("Set-Cookie").unwrap_or_else(|| panic!("{answer:?} gives no session"));
        self.session = cookie.strip_prefix("SESSIONID=").map(str::to_owned);
        self.logged_in = Some((handle.to_owned(), password.to_owned()));
        self.listen_from_now();
        Ok(())
    }

    fn change_password(&mut self, password: &str) -> Result<(), String> {
        let old = self.logged_in.clone().expect("it is logged in").1;
        self.ask("PASSWORD", &[("Password", password), ("Old-Password", &old)], "").refusal()
    }

    fn log_out(&mut self) {
        self.ask("LOGOUT", &[], "").refusal().unwrap();
        (self.logged_in, self.session) = (None, None);
    }

    fn leave(&mut self) {
        self.stream = None;
    }

    fn break_off(&mut self) {
        self.stream = None;
    }

    fn come_back(&mut self, server: &Server) {
        self.open(server);
        if let Some(session) = self.session.clone() {
            // The session has outlived the connection, and the server.
            self.ask("PING", &[("Cookie", &format!("SESSIONID={session}"))], "").refusal().unwrap();
            self.listen_from_now();
        }
    }

    fn own(&self) -> Own {
        Own { account: self.account, ..Own::default() }
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
