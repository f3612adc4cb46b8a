//! Somebody at a terminal: strings with their length before them, both ways; what comes is a screen to be read.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::support::PATIENCE;
use crate::support::server::Server;

use super::persona::{Persona, Seen};
use super::screen::{Drawn, Screen, without_isolate};
use super::{Actor, Door, Heard, MOMENT, Message, NewRoom, Own, Whispered};

/// The longest string of the protocol, in bytes.
pub(crate) const STRING_BYTES_MAX: usize = 4096;

const LOBBY: &str = "lobby";

pub(crate) struct Terminal {
    /// `None` when it is over.
    stream: Option<TcpStream>,
    received: Vec<u8>,
    screen: Screen,
    name: String,
    /// Of an account.
    password: Option<String>,
    /// To whom `bc` speaks.
    room: String,
    /// What stood on the screen, but for what others said and did.
    drawn: Vec<Drawn>,
    heard: Vec<Heard>,
}

impl Terminal {
    /// Somebody who is asked for a name.
    pub(crate) fn connect(server: &Server) -> Terminal {
        let mut terminal = Terminal {
            stream: None,
            received: vec![],
            screen: Screen::default(),
            name: String::new(),
            password: None,
            room: LOBBY.to_owned(),
            drawn: vec![],
            heard: vec![],
        };
        terminal.open(server.term_address());
        terminal
    }

    /// Asks for a name.
    ///
    /// # Errors
    /// What the server said to it.
    pub(crate) fn take_name(&mut self, name: &str) -> Result<(), String> {
        self.try_entering(name)?;
        self.name = name.to_owned();
        Ok(())
    }

    /// Asks for the name of an account, which asks for its password.
    ///
    /// # Errors
    /// What the server said to one of them.
    pub(crate) fn take_account(&mut self, handle: &str, password: &str) -> Result<(), String> {
        let asked = self.ask(handle).join("\n");
        if !asked.contains("password") {
            return Err(asked);
        }
        self.try_entering(password)?;
        (self.name, self.password) = (handle.to_owned(), Some(password.to_owned()));
        Ok(())
    }

    /// Whoever is in gets the list of who is here.
    fn try_entering(&mut self, line: &str) -> Result<(), String> {
        let answer = self.ask(line);
        if answer.iter().any(|block| block.contains(" (you)")) { Ok(()) } else { Err(answer.join("\n")) }
    }

    fn open(&mut self, address: SocketAddr) {
        let stream = TcpStream::connect(address).expect("the server accepts connections");
        stream.set_nodelay(true).expect("an option can be set");
        stream.set_read_timeout(Some(MOMENT)).expect("a timeout can be set");
        self.stream = Some(stream);
        self.received.clear();
        self.screen = Screen::default();
        self.wait_for_prompt(self.drawn.len());
    }

    fn send(&mut self, line: &str) {
        assert!(line.len() <= STRING_BYTES_MAX, "{} bytes don't fit into a string", line.len());
        let mut bytes = (line.len() as u64).to_be_bytes().to_vec();
        bytes.extend(line.as_bytes());
        let stream = self.stream.as_mut().expect("it is connected");
        stream.write_all(&bytes).unwrap_or_else(|error| panic!("{line:?} was not sent: {error}"));
    }

    /// Types a line; answers what the server says to it, block by block, up to the fresh prompt.
    fn ask(&mut self, line: &str) -> Vec<String> {
        let before = self.drawn.len();
        self.send(line);
        self.wait_for_prompt(before)
    }

    fn wait_for_prompt(&mut self, from: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let drawn = &self.drawn[from..];
            if let Some(end) = drawn.iter().position(|drawn| *drawn == Drawn::Prompt) {
                return drawn[..end].iter().map(shown).collect();
            }
            assert!(self.stream.is_some(), "the connection ended instead of a prompt: {drawn:#?}");
            assert!(Instant::now() < deadline, "no prompt came: {drawn:#?}");
            self.listen();
        }
    }

    /// Sorts what is on the screen: what others did, and what belongs to this person's own lines.
    fn take(&mut self, drawn: Vec<Drawn>) {
        let mut unasked_before = false;
        for drawn in drawn {
            match drawn {
                Drawn::Block { heading, text, unasked: true } => {
                    let heard = self.heard_of(&heading, text);
                    // Then it speaks to the lobby again.
                    let gone = |heard: &Heard| matches!(heard, Heard::Gone { room } if *room == self.room);
                    if heard.iter().any(gone) {
                        LOBBY.clone_into(&mut self.room);
                    }
                    self.heard.extend(heard);
                    unasked_before = true;
                }
                // The prompt behind what others did answers nothing.
                Drawn::Prompt if unasked_before => unasked_before = false,
                drawn => self.drawn.push(drawn),
            }
        }
    }

    fn heard_of(&self, heading: &str, text: Option<String>) -> Vec<Heard> {
        let named = |name: &str| Seen::Named(without_isolate(name));
        if let Some(text) = text {
            let text = without_isolate(&text);
            let (name, to) = addressed(heading).unwrap_or_else(|| panic!("{heading:?} says nothing"));
            let message = Message { author: named(name), text: text.clone(), number: None };
            return vec![match to {
                // What the same person said at another door.
                _ if name == "you" => return vec![],
                "you" => Heard::Whispered { message },
                "everybody on this server" => Heard::Announced { text },
                "everyone" => Heard::Said { room: LOBBY.to_owned(), message },
                room => Heard::Said { room: room.to_owned(), message },
            }];
        }
        if let Some(room) = heading.strip_suffix(" was closed") {
            return vec![Heard::Gone { room: room.to_owned() }];
        }
        let put_out = heading.strip_prefix("you may not be in ").and_then(|rest| rest.split_once(" any more"));
        if let Some((room, _)) = put_out {
            return vec![Heard::Gone { room: room.to_owned() }];
        }
        if heading.starts_with("bc speaks in ") {
            // Where the lines go after a room has ended, which was told before.
            return vec![];
        }
        if heading.starts_with(|c: char| c.is_ascii_digit()) {
            // Many came or went within a second: one line tells how many.
            return vec![];
        }
        for (word, before_room) in [(" is here", " in "), (" has left", " "), (" has been disconnected", " from ")] {
            let Some((name, place)) = heading.split_once(word) else { continue };
            let room = place.strip_prefix(before_room).unwrap_or("lobby").to_owned();
            let who = named(name);
            return vec![match word {
                " is here" => Heard::Came { room, who },
                _ => Heard::Left { room, who, broke: word != " has left" },
            }];
        }
        if let Some((_, name)) = heading.strip_suffix(" now").and_then(|heading| heading.split_once(" is ")) {
            return vec![Heard::Came { room: self.room.clone(), who: named(name) }];
        }
        assert_eq!(heading, "while you were away:", "this is nothing that others do");
        vec![]
    }
}

/// Who speaks to whom, by the heading of what is said.
fn addressed(heading: &str) -> Option<(&str, &str)> {
    heading.strip_suffix(':')?.rsplit_once(" to ")
}

/// A message of the past, by its number, its time (UTC), and what it looked like.
fn past(block: &str) -> Option<Message> {
    let (heading, text) = block.split_once('\n')?;
    let (number, rest) = heading.strip_prefix('#')?.split_once(' ')?;
    let mut parts = rest.splitn(3, ' ');
    let (date, minute) = (parts.next()?, parts.next()?);
    assert!(date.len() == 10 && minute.len() == 5, "{heading:?} has no time");
    let (name, _) = addressed(parts.next()?)?;
    let author = Seen::Named(without_isolate(name));
    Some(Message { author, text: without_isolate(text), number: number.parse().ok() })
}

fn shown(drawn: &Drawn) -> String {
    match drawn {
        Drawn::Prompt => String::new(),
        Drawn::Block { heading, text: None, .. } => heading.clone(),
        Drawn::Block { heading, text: Some(text), .. } => format!("{heading}\n{text}"),
    }
}

impl Actor for Terminal {
    fn door(&self) -> Door {
        Door::Terminal
    }

    fn heard(&self) -> &[Heard] {
        &self.heard
    }

    fn listen(&mut self) {
        let Some(stream) = &mut self.stream else { return std::thread::sleep(MOMENT) };
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer) {
            Ok(0) => {
                self.stream = None;
                self.heard.push(Heard::Ended);
            }
            Ok(length) => self.received.extend(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => {
                self.stream = None;
                self.heard.push(Heard::Ended);
            }
        }
        while let Some(string) = next_string(&mut self.received) {
            let drawn = self.screen.draw(&string);
            self.take(drawn);
        }
    }

    fn enter(&mut self, room: &str, answer: Option<&str>) -> Result<(), String> {
        if room == LOBBY {
            while self.room != LOBBY {
                let room = self.room.clone();
                self.leave_room(&room);
            }
            return Ok(());
        }
        let mut said = self.ask(&format!("/join {room}"));
        if said.iter().any(|block| block.contains(" asks, and your next line is the answer:")) {
            said = self.ask(answer.filter(|answer| !answer.is_empty()).unwrap_or(" "));
        }
        if !said.iter().any(|block| block.starts_with("you are in ") || block.starts_with("bc speaks in ")) {
            return Err(said.join("\n"));
        }
        self.room = room.to_owned();
        Ok(())
    }

    fn leave_room(&mut self, room: &str) {
        assert_eq!(room, self.room, "it speaks to one room");
        let said = self.ask("/leave").join("\n");
        assert!(said.starts_with(&format!("you have left {room}")), "{said}");
        LOBBY.clone_into(&mut self.room);
    }

    fn say(&mut self, room: &str, text: &str) -> Result<Option<u64>, String> {
        assert_eq!(room, self.room, "it speaks to one room");
        // A fresh prompt and nothing else is the acknowledgement.
        let said = self.ask(&format!("bc {text}"));
        if said.is_empty() { Ok(None) } else { Err(said.join("\n")) }
    }

    fn whisper(&mut self, to: &Persona, text: &str) -> Result<Whispered, String> {
        let held = to.account.is_some() || to.door == Door::Terminal;
        let name = if held { to.name.as_deref() } else { to.guest.as_deref() };
        let said = self.ask(&format!("{} {text}", name.expect("the name is known"))).join("\n");
        match said.as_str() {
            "" => Ok(Whispered::Said),
            said if said.contains("is away and gets it at the next visit") => Ok(Whispered::Kept),
            _ => Err(said),
        }
    }

    fn history(&mut self, room: &str, count: usize) -> Option<Vec<Message>> {
        assert_eq!(room, self.room, "it looks at one room");
        let blocks = self.ask(&format!("/history {count}"));
        let messages = blocks.iter().map(|block| past(block).unwrap_or_else(|| panic!("{block:?} is no message")));
        Some(messages.collect())
    }

    fn here(&mut self, _room: &str) -> Vec<Seen> {
        let blocks = self.ask("/who");
        let (_, names) = blocks[0].split_once(": ").unwrap_or_else(|| panic!("{blocks:?} lists nobody"));
        // Behind a name may stand in brackets that it is the reader's, or by what one writes to the person.
        let name = |shown: &str| Seen::Named(shown.split(" (").next().unwrap_or_default().to_owned());
        names.split(", ").map(name).collect()
    }

    fn make_room(&mut self, room: &NewRoom) {
        panic!("nobody can make {room:?} at a terminal")
    }

    fn remove_room(&mut self, room: &str) {
        panic!("nobody can delete {room} at a terminal")
    }

    fn log_in(&mut self, handle: &str, password: &str) -> Result<(), String> {
        self.take_account(handle, password)
    }

    fn log_out(&mut self) {
        panic!("nobody can log out at a terminal")
    }

    fn leave(&mut self) {
        self.send("");
        let deadline = Instant::now() + PATIENCE;
        while self.stream.is_some() {
            assert!(Instant::now() < deadline, "the server did not hang up on who left");
            self.listen();
        }
    }

    fn break_off(&mut self) {
        self.stream = None;
    }

    fn come_back(&mut self, server: &Server) {
        self.open(server.term_address());
        let name = self.name.clone();
        match self.password.clone() {
            Some(password) => self.take_account(&name, &password).unwrap(),
            None => self.take_name(&name).unwrap(),
        }
        let room = std::mem::replace(&mut self.room, LOBBY.to_owned());
        self.enter(&room, None).unwrap();
    }

    fn own(&self) -> Own {
        Own::default()
    }
}

/// The next string, if it is there whole.
fn next_string(received: &mut Vec<u8>) -> Option<String> {
    let length = u64::from_be_bytes(*received.first_chunk()?);
    let length = usize::try_from(length).expect("a length is small");
    assert!((1..=STRING_BYTES_MAX).contains(&length), "the server sent a string of {length} bytes");
    if received.len() < 8 + length {
        return None;
    }
    let rest = received.split_off(8 + length);
    let string = std::mem::replace(received, rest);
    Some(String::from_utf8(string[8..].to_vec()).expect("what the server draws is UTF-8, also where it is split"))
}
