//! The WebSocket text commands: two connections in a room that one of them makes (protocols/wscmd.md).

use std::net::TcpStream;

use parlor_wire::wscmd::{Command, Counting, Message, Secret};
use tungstenite::{Error, WebSocket};

use super::{ANSWER, Doors, HEARD_BYTES_MAX, unexpected};
use crate::ClientError;
use crate::connect::address::DoorAddress;
use crate::connect::websocket::open;

const TEXT: &str = "Tea is ready, Zoë";

/// One makes a room, the other joins, both hear what one says, the room goes with them.
pub(super) fn hold(doors: &Doors) -> Result<(), ClientError> {
    let address = DoorAddress::parse(&format!("ws://{}", doors.http))?;
    let (mut anna, mut bert) = (Person::enter(&address, "anna")?, Person::enter(&address, "bert")?);
    anna.command(Command::AddChatroom {
        messageid: 1,
        room_name: "selftest",
        question: "",
        answer_hashed: Secret(""),
        server_password: Secret(""),
    })?;
    let room = anna.hear("chatroomcreated", |message| match *message {
        Message::ChatroomCreated { messageid: 1, chatroomid, info, .. } if info.joined => Some(chatroomid),
        _ => None,
    })?;
    bert.command(Command::JoinChatroom {
        messageid: 1,
        chatroomid: room,
        leave_other_chatrooms: false,
        answerhashed: Secret(""),
    })?;
    for person in [&mut anna, &mut bert] {
        person.hear("userjoinedchatroom", |message| match *message {
            Message::UserJoinedChatroom { chatroomid, number_of_clients: 2, .. } if chatroomid == room => Some(()),
            _ => None,
        })?;
    }
    bert.command(Command::Send { messageid: 2, chatroomid: room, message: TEXT })?;
    let sender = bert.number;
    for person in [&mut anna, &mut bert] {
        person.hear("chat", |message| match *message {
            Message::Chat { messageid: 2, chatroomid, chatclientid, message: TEXT, .. } => {
                (chatroomid == room && chatclientid == sender).then_some(())
            }
            _ => None,
        })?;
    }
    bert.leave()?;
    anna.hear("userleftchatroom", |message| match *message {
        Message::UserLeftChatroom { chatroomid, chatclientid, number_of_clients: 1, .. } => {
            (chatroomid == room && chatclientid == sender).then_some(())
        }
        _ => None,
    })?;
    anna.leave()
}

struct Person<'a> {
    socket: WebSocket<TcpStream>,
    address: &'a DoorAddress,
    name: &'static str,
    /// Its chatclientid.
    number: u64,
}

impl<'a> Person<'a> {
    fn enter(address: &'a DoorAddress, name: &'static str) -> Result<Self, ClientError> {
        let socket = open(address, true)?;
        socket.get_ref().set_read_timeout(Some(ANSWER))?;
        let mut person = Self { socket, address, name, number: 0 };
        person.number = person.hear("yourchatclientid", |message| match *message {
            Message::YourChatClientId { chatclientid } => Some(chatclientid),
            _ => None,
        })?;
        Ok(person)
    }

    fn command(&mut self, command: Command<'_>) -> Result<(), ClientError> {
        let mut text = String::new();
        command.write(Counting::Utf16, &mut text);
        self.socket.send(tungstenite::Message::text(text)).map_err(|error| self.broken(&error))
    }

    /// Reads until one of the messages is what is awaited; others may come before it.
    fn hear<T>(&mut self, awaited: &str, find: impl Fn(&Message<'_>) -> Option<T>) -> Result<T, ClientError> {
        let mut heard = String::new();
        while heard.len() < HEARD_BYTES_MAX {
            let text = match self.socket.read() {
                Ok(tungstenite::Message::Text(text)) => text,
                Ok(_) => continue,
                Err(Error::Io(_)) => break,
                Err(error) => return Err(self.broken(&error)),
            };
            let message = Message::read(text.as_str(), Counting::Utf16);
            if let Some(found) = message.ok().and_then(|message| find(&message)) {
                return Ok(found);
            }
            heard.push_str(text.as_str());
            heard.push('\n');
        }
        Err(unexpected(&self.address.to_string(), &format!("{awaited} to {}", self.name), &heard))
    }

    /// Closes, and waits until the server has answered that.
    fn leave(mut self) -> Result<(), ClientError> {
        self.socket.close(None).map_err(|error| self.broken(&error))?;
        loop {
            match self.socket.read() {
                Ok(_) => {}
                Err(Error::ConnectionClosed) => return Ok(()),
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    fn broken(&self, error: &Error) -> ClientError {
        unexpected(&self.address.to_string(), "an answer", &error.to_string())
    }
}
