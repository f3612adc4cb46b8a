//! Somebody who speaks the WebSocket text commands.

use std::collections::BTreeMap;
use std::net::TcpStream;

use tungstenite::{Error, Message as Frame, WebSocket};

use crate::support::PATIENCE;
use crate::support::server::Server;

use super::commands::{Command, Counting, Told};
use super::persona::{Persona, Seen};
use super::{Actor, Door, Heard, MOMENT, Message, NewRoom, Own, SERVER_PASSWORD, Whispered};

pub(crate) struct WebSocketCommands {
    /// `None` when it is over.
    socket: Option<WebSocket<TcpStream>>,
    counting: Counting,
    client: u64,
    /// The last messageid that was used.
    messageid: u64,
    /// The rooms by their numbers, as far as they were heard of.
    rooms: BTreeMap<u64, String>,
    joined: Vec<String>,
    told: Vec<Told>,
    heard: Vec<Heard>,
}

impl WebSocketCommands {
    pub(crate) fn connect(server: &Server, counting: Counting) -> WebSocketCommands {
        let mut actor = WebSocketCommands {
            socket: None,
            counting,
            client: 0,
            messageid: 0,
            rooms: BTreeMap::new(),
            joined: vec![],
            told: vec![],
            heard: vec![],
        };
        actor.open(server);
        actor
    }

    fn open(&mut self, server: &Server) {
        let stream = TcpStream::connect(server.address()).expect("the server accepts connections");
        stream.set_nodelay(true).expect("an option can be set");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let mut request = tungstenite::http::Request::builder().uri(format!("ws://{}/websocket", server.address()));
        for (name, value) in [
            ("Host", server.address().to_string().as_str()),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", &tungstenite::handshake::client::generate_key()),
            ("Sec-WebSocket-Protocol", "chatroom-protocol"),
        ] {
            request = request.header(name, value);
        }
        let request = request.body(()).expect("it is a request");
        let (mut socket, _) = tungstenite::client(request, stream).expect("the server speaks WebSocket");
        let first = socket.read().expect("the server tells the connection's number");
        let first = Told::read(first.to_text().expect("it is a text"), Counting::Utf16);
        assert_eq!(first.name, "yourchatclientid", "it comes first");
        assert_ne!(first.number(0), self.client, "a number is never used again");
        self.client = first.number(0);
        socket.get_ref().set_read_timeout(Some(MOMENT)).expect("a timeout can be set");
        self.socket = Some(socket);
        self.tell_how_it_counts();
        let list = self.ask(|command| command, "getchatroomlist", |told, _| told.name == "chatroomlist");
        self.rooms = list.items(1, 3).iter().map(|(numbers, name)| (numbers[0], name_of(name))).collect();
    }

    /// The server counts as the last command did that told the two ways apart.
    fn tell_how_it_counts(&mut self) {
        let refused = self.ask(|command| command.string("é").string(""), "login", |told, _| told.name == "success");
        assert_eq!(refused.name, "error", "{refused:?}");
    }

    /// Gives a command whose first parameter is its messageid; answers what `is_answer` takes for its answer, or an error.
    fn ask(
        &mut self,
        parameters: impl FnOnce(Command) -> Command,
        name: &str,
        is_answer: impl Fn(&Told, u64) -> bool,
    ) -> Told {
        self.messageid += 1;
        let messageid = self.messageid;
        let command = parameters(Command::new(name, self.counting).number(messageid)).end();
        self.give(&command);
        self.answer(&command, messageid, is_answer)
    }

    fn give(&mut self, command: &str) {
        let socket = self.socket.as_mut().expect("it is connected");
        socket.send(Frame::text(command)).unwrap_or_else(|error| panic!("{command:?} was not sent: {error}"));
    }

    fn answer(&mut self, command: &str, messageid: u64, is_answer: impl Fn(&Told, u64) -> bool) -> Told {
        let deadline = std::time::Instant::now() + PATIENCE;
        let mut next = self.told.len();
        loop {
            while let Some(told) = self.told.get(next) {
                next += 1;
                let refused = told.name == "error" && told.last_number() == Some(messageid);
                let own = told.number_of_answer() == Some(messageid) && is_answer(told, self.client);
                if refused || own {
                    return told.clone();
                }
                assert!(told.name != "error" || told.last_number().is_some(), "{command:?} was answered {told:?}");
            }
            assert!(self.socket.is_some(), "the connection ended instead of an answer to {command:?}");
            let soon = std::time::Instant::now() < deadline;
            assert!(soon, "no answer to {command:?}. Told: {:#?}", &self.told[self.told.len().saturating_sub(5)..]);
            self.listen();
        }
    }

    fn take(&mut self, told: Told) {
        let room = |rooms: &BTreeMap<u64, String>, place| {
            rooms.get(&told.number(place)).cloned().unwrap_or_else(|| panic!("{told:?} speaks of an unknown room"))
        };
        let heard = match told.name {
            "chat" => {
                let author = Seen::Client { client: told.number(2), user: told.number(3), name: None };
                let message = Message { author, text: told.string(0).to_owned(), number: None };
                Some(Heard::Said { room: room(&self.rooms, 1), message })
            }
            "msg" => {
                let author = Seen::Client { client: told.number(1), user: told.number(2), name: None };
                Some(Heard::Whispered { message: Message { author, text: told.string(0).to_owned(), number: None } })
            }
            "userjoinedchatroom" | "userleftchatroom" => {
                let name = Some(told.string(0).to_owned());
                let who = Seen::Client { client: told.number(2), user: told.number(3), name };
                let room = room(&self.rooms, 1);
                Some(match told.name {
                    "userjoinedchatroom" => Heard::Came { room, who },
                    // This door tells no difference.
                    _ => Heard::Left { room, who, broke: false },
                })
            }
            "chatroomcreated" => {
                let room = name_of(told.string(0));
                self.rooms.insert(told.number(1), room.clone());
                Some(Heard::Opened { room })
            }
            "chatroomwasdeleted" => Some(Heard::Gone { room: room(&self.rooms, 1) }),
            "privatemessage" => Some(Heard::Announced { text: told.string(1).to_owned() }),
            _ => None,
        };
        if let Some(Heard::Gone { room }) = &heard {
            self.rooms.retain(|_, name| name != room);
            self.joined.retain(|name| name != room);
        }
        self.heard.extend(heard);
        self.told.push(told);
    }

    fn id(&self, room: &str) -> u64 {
        let found = self.rooms.iter().find(|(_, name)| *name == room);
        *found.unwrap_or_else(|| panic!("there is no room {room:?} among {:?}", self.rooms)).0
    }
}

/// A room's name at the other doors, if its title here gives it one.
fn name_of(title: &str) -> String {
    title.to_lowercase()
}

impl Told {
    /// The messageid that it carries, if any: the first number of all but the errors and what answers no command.
    fn number_of_answer(&self) -> Option<u64> {
        (!matches!(self.name, "error" | "privatemessage" | "yourchatclientid")).then(|| self.number(0))
    }

    /// An error's sentence, if it is one.
    fn refusal(&self) -> Result<(), String> {
        if self.name == "error" { Err(self.string(0).to_owned()) } else { Ok(()) }
    }
}

impl Actor for WebSocketCommands {
    fn door(&self) -> Door {
        Door::WebSocket(self.counting)
    }

    fn heard(&self) -> &[Heard] {
        &self.heard
    }

    fn listen(&mut self) {
        let Some(socket) = &mut self.socket else { return std::thread::sleep(MOMENT) };
        match socket.read() {
            Ok(Frame::Text(text)) => {
                let told = Told::read(&text, self.counting);
                self.take(told);
            }
            Ok(Frame::Ping(_) | Frame::Pong(_)) => {}
            Ok(frame @ (Frame::Binary(_) | Frame::Frame(_))) => panic!("{frame:?} is no text"),
            Err(Error::Io(error))
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Ok(Frame::Close(_)) | Err(_) => {
                self.socket = None;
                self.heard.push(Heard::Ended);
            }
        }
    }

    fn enter(&mut self, room: &str, answer: Option<&str>) -> Result<(), String> {
        if self.joined.iter().any(|joined| joined == room) {
            return Ok(());
        }
        let id = self.id(room);
        let parameters = |command: Command| command.number(id).number(0).string(answer.unwrap_or(""));
        let joined = |told: &Told, client| told.name == "userjoinedchatroom" && told.number(2) == client;
        self.ask(parameters, "joinchatroom", joined).refusal()?;
        self.joined.push(room.to_owned());
        Ok(())
    }

    fn leave_room(&mut self, room: &str) {
        let id = self.id(room);
        let left = |told: &Told, client| told.name == "userleftchatroom" && told.number(2) == client;
        self.ask(|command| command.number(id), "leavechatroom", left).refusal().unwrap();
        self.joined.retain(|joined| joined != room);
    }

    fn say(&mut self, room: &str, text: &str) -> Result<Option<u64>, String> {
        let id = self.id(room);
        let own = |told: &Told, client| told.name == "chat" && told.number(2) == client;
        let told = self.ask(|command| command.number(id).string(text), "send", own);
        told.refusal().map(|()| None)
    }

    fn whisper(&mut self, to: &Persona, text: &str) -> Result<Whispered, String> {
        // An account is spoken to by its number, everybody else by the connection's.
        let (client, user) = match to.account {
            Some(account) => (0, account),
            None => (to.client.expect("the person was seen here, so its connection is known"), 0),
        };
        let parameters = |command: Command| command.number(client).number(user).string(text);
        let told = self.ask(parameters, "sendto", |told, _| told.name == "success");
        told.refusal().map(|()| Whispered::Taken)
    }

    fn history(&mut self, _: &str, _: usize) -> Option<Vec<Message>> {
        None
    }

    fn here(&mut self, room: &str) -> Vec<Seen> {
        let id = self.id(room);
        let listed = |told: &Told, _| told.name == "usersinchatroom" && told.number(1) == id;
        let users = self.ask(|command| command.number(id), "getusersinchatroom", listed);
        users.refusal().unwrap();
        let seen = |(numbers, name): &(&[u64], &str)| Seen::Client {
            client: numbers[0],
            user: numbers[1],
            name: Some((*name).to_owned()),
        };
        users.items(2, 2).iter().map(seen).collect()
    }

    fn make_room(&mut self, room: &NewRoom) {
        let (question, answer) = room.question.unwrap_or(("", ""));
        let password = if room.vanishes { "" } else { SERVER_PASSWORD };
        let parameters = |command: Command| command.string(room.name).string(question).string(answer).string(password);
        let created = |told: &Told, _| told.name == "chatroomcreated" && told.number(2) & 1 != 0;
        self.ask(parameters, "addchatroom", created).refusal().unwrap();
        self.joined.push(room.name.to_owned());
    }

    fn remove_room(&mut self, room: &str) {
        let id = self.id(room);
        let deleted = |told: &Told, _| told.name == "chatroomwasdeleted" && told.number(1) == id;
        let parameters = |command: Command| command.number(id).string(SERVER_PASSWORD);
        self.ask(parameters, "removechatroom", deleted).refusal().unwrap();
    }

    fn log_in(&mut self, handle: &str, password: &str) -> Result<(), String> {
        let parameters = |command: Command| command.string(handle).string(password);
        self.ask(parameters, "login", |told, _| told.name == "success").refusal()
    }

    fn log_out(&mut self) {
        self.ask(|command| command.number(0), "logout", |told, _| told.name == "success").refusal().unwrap();
        // It leaves all rooms.
        self.joined.clear();
    }

    fn leave(&mut self) {
        self.messageid += 1;
        let command = Command::new("logout", self.counting).number(self.messageid).number(1).end();
        self.give(&command);
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.socket.is_some() {
            assert!(std::time::Instant::now() < deadline, "the server did not hang up after {command:?}");
            self.listen();
        }
    }

    fn break_off(&mut self) {
        self.socket = None;
    }

    fn come_back(&mut self, server: &Server) {
        self.open(server);
        for room in std::mem::take(&mut self.joined) {
            self.enter(&room, None).unwrap();
        }
    }

    fn own(&self) -> Own {
        Own { client: Some(self.client), ..Own::default() }
    }
}

/// Says something to everybody at this server, as the operator may.
pub(crate) fn announce(server: &Server, text: &str) {
    let mut operator = WebSocketCommands::connect(server, Counting::Utf16);
    operator.messageid += 1;
    let messageid = operator.messageid;
    // The one command whose password stands first.
    let command = Command::new("sendtoall", operator.counting).string(SERVER_PASSWORD).number(messageid).string(text);
    let command = command.end();
    operator.give(&command);
    operator.answer(&command, messageid, |told, _| told.name == "success").refusal().unwrap();
}

/// Makes an account, as the operator may.
pub(crate) fn add_account(server: &Server, account: u64, handle: &str, password: &str) {
    try_adding_account(server, account, handle, password).unwrap();
}

/// The same; answers why not.
pub(crate) fn try_adding_account(server: &Server, account: u64, handle: &str, password: &str) -> Result<(), String> {
    let mut operator = WebSocketCommands::connect(server, Counting::Utf16);
    let parameters = |command: Command| command.number(account).string(handle).string(password).string(SERVER_PASSWORD);
    operator.ask(parameters, "adduser", |told, _| told.name == "success").refusal()
}
