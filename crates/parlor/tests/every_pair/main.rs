//! Every ordered pair of doors (PROMISES 3.10): what is posted at one is read at the other, live, and from history and with
//! its number where the door has them, with the same text, author and order; what the core refuses is refused at every
//! door with the same sentence.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../actors/mod.rs"]
mod actors;
#[path = "../http_chat/pages.rs"]
#[allow(dead_code, reason = "each test binary uses the part that it needs")]
mod pages;
#[path = "../support/mod.rs"]
mod support;

use actors::commands::Counting;
use actors::persona::Persona;
use actors::web_socket::add_account;
use actors::{Actor, Door, Heard, Message, SERVER_PASSWORD, come, listen_for, newest};
use support::corpus::{Refused, corpus, expected};
use support::server::Server;

/// What a terminal needs of its string for `bc `.
const TERMINAL_TEXT_BYTES_MAX: usize = actors::terminal::STRING_BYTES_MAX - "bc ".len();

/// The same with the longest name that a reader has.
const TERMINAL_WHISPER_BYTES_MAX: usize = actors::terminal::STRING_BYTES_MAX - "guest-999 ".len();

#[test]
fn from_the_page_to_every_door() {
    post_at(Door::WebPage, Poster::Guest);
}

#[test]
fn from_the_terminal_to_every_door() {
    post_at(Door::Terminal, Poster::Guest);
}

#[test]
fn from_the_terminal_of_an_account_to_every_door() {
    post_at(Door::Terminal, Poster::Account);
}

#[test]
fn from_the_web_socket_to_every_door() {
    post_at(Door::WebSocket(Counting::Utf16), Poster::Guest);
}

#[test]
fn from_the_web_socket_of_an_account_to_every_door() {
    post_at(Door::WebSocket(Counting::Utf16), Poster::Account);
}

#[test]
fn from_a_web_socket_that_counts_bytes_to_every_door() {
    post_at(Door::WebSocket(Counting::Bytes), Poster::Guest);
}

#[test]
fn from_chat1_to_every_door() {
    post_at(Door::Chat1, Poster::Guest);
}

#[test]
fn from_the_page_of_an_account_to_every_door() {
    post_at(Door::WebPage, Poster::Account);
}

#[test]
fn whispered_in_chat1_to_every_door() {
    whisper_at(Door::Chat1);
}

#[test]
fn whispered_at_the_page_to_every_door() {
    whisper_at(Door::WebPage);
}

#[test]
fn whispered_at_the_terminal_to_every_door() {
    whisper_at(Door::Terminal);
}

#[test]
fn whispered_at_the_web_socket_to_every_door() {
    whisper_at(Door::WebSocket(Counting::Utf16));
}

/// Who posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Poster {
    /// A guest, where the door has any.
    Guest,
    /// Somebody who has logged in.
    Account,
}

/// Somebody who reads at a door.
struct Reader {
    name: String,
    actor: Box<dyn Actor>,
    /// How much of what it heard was looked at.
    read: usize,
}

/// Posts every text at a door, and reads what became of it at all of them.
fn post_at(door: Door, as_whom: Poster) {
    let server = server();
    let mut readers = readers(&server);
    let (mut poster, mut persona) = poster(&server, door, as_whom);
    let texts = corpus();
    assert!(texts.len() >= 300, "the corpus has {} texts", texts.len());
    let mut accepted = vec![];
    for text in texts.iter().filter(|text| door != Door::Terminal || text.len() <= TERMINAL_TEXT_BYTES_MAX) {
        let said = poster.say("lobby", text);
        match expected(text) {
            Err(refused) => check_refusal(door, text, refused, said),
            Ok(stored) => {
                let number = said.unwrap_or_else(|refused| panic!("{text:?} at {door:?}: {refused}"));
                accepted.push(stored.clone());
                let count = accepted.len() as u64;
                assert!(number.is_none_or(|number| number == count), "{text:?} got {number:?}, not {count}");
                for reader in &mut readers {
                    reader.read_live(&mut persona, &stored, count);
                }
            }
        }
    }
    assert!(accepted.len() >= 200, "only {} texts were taken", accepted.len());
    for reader in &mut readers {
        reader.read_history(&persona, &accepted);
    }
}

/// Whispers every text to somebody at each door.
fn whisper_at(door: Door) {
    let server = server();
    let mut readers = readers(&server);
    let (mut poster, persona) = poster(&server, door, Poster::Guest);
    let introduced = readers.iter_mut().map(|reader| reader.introduce_to(&mut *poster));
    // A page has a number of its own as a connection in each room of two, so each reader gets to know another one.
    let mut pairs: Vec<(Persona, Persona)> = introduced.map(|other| (other, persona.clone())).collect();
    for text in corpus().iter().filter(|text| door != Door::Terminal || text.len() <= TERMINAL_WHISPER_BYTES_MAX) {
        for (reader, (other, persona)) in readers.iter_mut().zip(&mut pairs) {
            let said = poster.whisper(other, text).map(|_| None);
            match expected(text) {
                Err(refused) => check_refusal(door, text, refused, said),
                Ok(stored) => {
                    said.unwrap_or_else(|refused| panic!("{text:?} at {door:?} to {other:?}: {refused}"));
                    reader.hear_whisper(persona, &stored);
                }
            }
        }
    }
}

fn server() -> Server {
    Server::unlimited_with(&[
        ("PARLOR_TERM", "127.0.0.1:0"),
        ("PARLOR_CHAT", "127.0.0.1:0"),
        ("PARLOR_SERVER_PASSWORD", SERVER_PASSWORD),
    ])
}

/// One at each door, in the lobby.
fn readers(server: &Server) -> Vec<Reader> {
    let reader = |(index, door): (usize, &Door)| {
        let name = format!("reader-{index}");
        let mut actor = come(*door, server, Some(&name)).unwrap();
        actor.enter("lobby", None).unwrap();
        Reader { name, actor, read: 0 }
    };
    Door::ALL.iter().enumerate().map(reader).collect()
}

fn poster(server: &Server, door: Door, as_whom: Poster) -> (Box<dyn Actor>, Persona) {
    const NUMBER: u64 = 4711;
    let (mut actor, persona) = match as_whom {
        Poster::Guest => {
            let actor = come(door, server, Some("poster")).unwrap();
            let persona = Persona::guest(door, (!door.is_web_socket()).then_some("poster"), actor.own());
            (actor, persona)
        }
        Poster::Account => {
            add_account(server, NUMBER, "poster", "correct horse");
            let mut actor = come(door, server, None).unwrap();
            actor.log_in("poster", "correct horse").unwrap();
            let persona = Persona::guest(door, Some("poster"), actor.own());
            (actor, Persona { account: Some(NUMBER), ..persona })
        }
    };
    actor.enter("lobby", None).unwrap();
    (actor, persona)
}

fn check_refusal(door: Door, text: &str, refused: Refused, said: Result<Option<u64>, String>) {
    let Err(sentence) = said else { panic!("{text:?} was taken at {door:?}") };
    // Nothing behind the first space of a line at a terminal is no message at all.
    let no_message = door == Door::Terminal && text.is_empty();
    let expected = if no_message { "write bc TEXT to everyone".to_owned() } else { refused.sentence() };
    assert!(sentence.contains(&expected), "{text:?} at {door:?}: {sentence:?}, not {expected:?}");
}

/// The place and the content of the next thing of a kind that was heard.
fn next(actor: &mut dyn Actor, from: usize, kind: fn(&Heard) -> Option<&Message>) -> Result<(usize, Message), String> {
    listen_for(actor, |heard| {
        let mut fresh = heard.iter().enumerate().skip(from);
        fresh.find_map(|(place, heard)| Some((place, kind(heard)?.clone())))
    })
}

fn said(heard: &Heard) -> Option<&Message> {
    match heard {
        Heard::Said { message, .. } => Some(message),
        _ => None,
    }
}

fn whispered(heard: &Heard) -> Option<&Message> {
    match heard {
        Heard::Whispered { message } => Some(message),
        _ => None,
    }
}

impl Reader {
    /// Says something, so that `other` learns by what one writes to the reader.
    fn introduce_to(&mut self, other: &mut dyn Actor) -> Persona {
        let door = self.actor.door();
        let name = (!door.is_web_socket()).then_some(self.name.as_str());
        let mut persona = Persona::guest(door, name, self.actor.own());
        let read = other.heard().len();
        self.actor.say("lobby", "it is me").unwrap();
        let (_, message) = next(other, read, said).unwrap();
        persona.said(other.door(), &message, "it is me").unwrap();
        persona
    }

    fn hear_whisper(&mut self, author: &mut Persona, text: &str) {
        let door = self.actor.door();
        let heard = next(&mut *self.actor, self.read, whispered);
        let (place, message) = heard.unwrap_or_else(|why| panic!("{text:?} at {door:?}: {why}"));
        self.read = place + 1;
        self.check(author, &message, text, None);
    }

    fn read_live(&mut self, author: &mut Persona, text: &str, number: u64) {
        let door = self.actor.door();
        let found = next(&mut *self.actor, self.read, said);
        let (place, message) = found.unwrap_or_else(|why| panic!("{text:?} at {door:?}: {why}"));
        self.read = place + 1;
        self.check(author, &message, text, self.actor.door().has_numbers().then_some(number));
    }

    fn read_history(&mut self, author: &Persona, texts: &[String]) {
        let door = self.actor.door();
        let Some(history) = self.actor.history("lobby", texts.len()) else { return };
        assert_eq!(history.len(), texts.len(), "at {door:?}");
        for (number, (message, text)) in (1..).zip(history.iter().zip(texts)) {
            self.check(&mut author.clone(), message, text, Some(number));
        }
    }

    fn check(&self, author: &mut Persona, message: &Message, text: &str, number: Option<u64>) {
        let door = self.actor.door();
        let said = author.said(door, message, text);
        said.unwrap_or_else(|why| panic!("{text:?} at {door:?}: {why}. Heard: {:#?}", newest(self.actor.heard())));
        assert_eq!(message.number, number, "{text:?} at {door:?}");
    }
}
