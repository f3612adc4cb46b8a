//! People at the doors. Each actor knows its door from the protocol's description alone, says nothing that a client could
//! not say, and keeps everything that it is told, in the order in which it came.

#![allow(dead_code, reason = "each test binary uses the part that it needs")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "a test waits by the system's clock")]

pub(crate) mod chat1;
pub(crate) mod commands;
pub(crate) mod persona;
pub(crate) mod screen;
pub(crate) mod terminal;
pub(crate) mod web_page;
pub(crate) mod web_socket;

use std::time::{Duration, Instant};

use crate::support::PATIENCE;
use crate::support::server::Server;
use commands::Counting;
use persona::{Persona, Seen};

/// How long an actor listens when nothing comes, before whoever directs it looks at the clock.
pub(crate) const MOMENT: Duration = Duration::from_millis(20);

/// The password of the operator's commands, at every server that the actors come to.
pub(crate) const SERVER_PASSWORD: &str = "sesame, öffne dich";

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Door {
    WebPage,
    Terminal,
    /// With a client that counts the length of a string like this.
    WebSocket(Counting),
    /// With a client that frames its requests.
    Chat1,
}

impl Door {
    /// Every door, as often as clients of it differ.
    pub(crate) const ALL: [Door; 5] = [
        Door::WebPage,
        Door::Terminal,
        Door::WebSocket(Counting::Utf16),
        Door::WebSocket(Counting::Bytes),
        Door::Chat1,
    ];

    /// Its name in the server's table of doors.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Door::WebPage => "http-chat",
            Door::Terminal => "term",
            Door::WebSocket(_) => "wscmd",
            Door::Chat1 => "chat1",
        }
    }

    /// Whether people see the numbers of messages there.
    pub(crate) fn has_numbers(self) -> bool {
        matches!(self, Door::WebPage | Door::Chat1)
    }

    pub(crate) fn is_web_socket(self) -> bool {
        matches!(self, Door::WebSocket(_))
    }
}

/// One person at one door, in one room or several.
pub(crate) trait Actor: Send {
    fn door(&self) -> Door;

    /// What this person has been told, in order.
    fn heard(&self) -> &[Heard];

    /// Takes in what has come. If nothing has, waits for it for about a [`MOMENT`].
    fn listen(&mut self);

    /// Goes into a room; answers why not when it is kept out.
    fn enter(&mut self, room: &str, answer: Option<&str>) -> Result<(), String>;

    /// Leaves a room, and stays at the door.
    fn leave_room(&mut self, room: &str);

    /// Says something in a room where it is, and waits until that is acknowledged: the number, where the door tells it, or
    /// why it was refused.
    fn say(&mut self, room: &str, text: &str) -> Result<Option<u64>, String>;

    /// Says something to one person, or why it was refused.
    fn whisper(&mut self, to: &Persona, text: &str) -> Result<Whispered, String>;

    /// The newest messages of a room, oldest first, as this door shows what was said before; `None` where it never does.
    fn history(&mut self, room: &str, count: usize) -> Option<Vec<Message>>;

    /// Who is in a room, as the door lists them.
    fn here(&mut self, room: &str) -> Vec<Seen>;

    /// Makes a room, and goes into it.
    fn make_room(&mut self, room: &NewRoom);

    /// Deletes a room, as the operator may.
    fn remove_room(&mut self, room: &str);

    /// Takes somebody into a group, or answers why not.
    fn add_member(&mut self, group: &str, name: &str) -> Result<(), String> {
        panic!("{name} can't be taken into {group} at {:?}", self.door())
    }

    /// Puts somebody out of a group, or answers why not.
    fn remove_member(&mut self, group: &str, name: &str) -> Result<(), String> {
        panic!("{name} can't be put out of {group} at {:?}", self.door())
    }

    /// Logs in to an account; answers why not.
    fn log_in(&mut self, handle: &str, password: &str) -> Result<(), String>;

    /// Takes another password; answers why not.
    fn change_password(&mut self, _password: &str) -> Result<(), String> {
        panic!("nobody can change a password at {:?}", self.door())
    }

    fn log_out(&mut self);

    /// Goes, in the way in which people go at this door.
    fn leave(&mut self);

    /// Loses the connection.
    fn break_off(&mut self);

    /// Comes back to a server that was started again, as who it was where the door remembers that, and into the rooms where
    /// it was.
    fn come_back(&mut self, server: &Server);

    /// What the door has told the person about itself.
    fn own(&self) -> Own;
}

/// A room to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewRoom<'a> {
    pub(crate) name: &'a str,
    /// A question and its answer.
    pub(crate) question: Option<(&'a str, &'a str)>,
    /// It is there only for as long as somebody is.
    pub(crate) vanishes: bool,
}

/// What a person knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Own {
    /// `guest-ID`, where the door tells it.
    pub(crate) guest: Option<String>,
    /// The number of the connection, where the door tells it.
    pub(crate) client: Option<u64>,
    /// The number of the account that whoever comes to this door is given.
    pub(crate) account: Option<u64>,
}

/// What a door says of a private message that it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whispered {
    Said,
    /// It is kept until the person comes back.
    Kept,
    /// One of these; the door has no word for the difference.
    Taken,
}

/// Something that a person has been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Said {
        room: String,
        message: Message,
    },
    Whispered {
        message: Message,
    },
    /// Somebody is in a room who was not, or is somebody else now.
    Came {
        room: String,
        who: Seen,
    },
    Left {
        room: String,
        who: Seen,
        broke: bool,
    },
    /// There is a new room.
    Opened {
        room: String,
    },
    /// A room was closed.
    Gone {
        room: String,
    },
    /// Something was said to every connection of the server.
    Announced {
        text: String,
    },
    /// The server has ended the connection.
    Ended,
}

/// A message as a door shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) author: Seen,
    pub(crate) text: String,
    /// Where the door has numbers.
    pub(crate) number: Option<u64>,
}

/// Somebody who was never here comes to a door, under a name where people choose one there; without one to log in.
///
/// # Errors
/// What the door said to the name.
pub(crate) fn come(door: Door, server: &Server, name: Option<&str>) -> Result<Box<dyn Actor>, String> {
    Ok(match door {
        Door::WebPage => Box::new(web_page::WebPage::new(server, name)),
        Door::Terminal => {
            let mut terminal = terminal::Terminal::connect(server);
            name.map_or(Ok(()), |name| terminal.take_name(name))?;
            Box::new(terminal)
        }
        Door::WebSocket(counting) => Box::new(web_socket::WebSocketCommands::connect(server, counting)),
        Door::Chat1 => {
            let mut client = chat1::Chat1::connect(server);
            name.map_or(Ok(()), |name| client.take_name(server, name))?;
            Box::new(client)
        }
    })
}

/// Listens until `found` finds something in what the actor has heard.
///
/// # Errors
/// What was heard, when [`PATIENCE`] ends before.
pub(crate) fn listen_for<T>(actor: &mut dyn Actor, mut found: impl FnMut(&[Heard]) -> Option<T>) -> Result<T, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found(actor.heard()) {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(format!("it did not come in {} s. Heard: {:#?}", PATIENCE.as_secs(), newest(actor.heard())));
        }
        actor.listen();
    }
}

/// The last of what somebody heard: as much as a person wants to read of it.
pub(crate) fn newest(heard: &[Heard]) -> &[Heard] {
    &heard[heard.len().saturating_sub(10)..]
}
