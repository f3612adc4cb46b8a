//! CHAT/1.0: two people who register, one of whom makes a group, and who write to each other (protocols/chat1.md).

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use parlor_wire::chat1::{Answered, Call, Field, Framing, Invitation, Method, Pushed, Reply, ReplyReader, Role};

use super::{ANSWER, Doors, HEARD_BYTES_MAX, unexpected};
use crate::ClientError;
use crate::connect::address::DoorAddress;
use crate::connect::dial::dial;

const TEXT: &str = "Tea is ready, Zoë\n\nSEND everybody CHAT/1.0";

/// One says something to the other alone and in a group, and the other is told both, each once.
pub(super) fn hold(doors: &Doors) -> Result<(), ClientError> {
    let address = DoorAddress::parse(&format!("chat://{}", doors.chat))?;
    let mut dora = Person::enter(&address, "dora")?;
    let mut emil = Person::enter(&address, "emil")?;
    dora.ask(Call::new(Method::MkGroup).argument("selftest"), 201)?;
    let invitation = Invitation { name: "emil", role: Role::User };
    dora.ask(Call::new(Method::AddUser).argument("selftest").invite(&[invitation]), 200)?;
    dora.ask(Call::new(Method::Send).argument("emil").body(TEXT), 200)?;
    // What was said before somebody listens comes first.
    emil.ask(Call::new(Method::Listen), 200)?;
    emil.hear("dora", None)?;
    dora.ask(Call::new(Method::Send).argument("selftest").body(TEXT), 200)?;
    emil.hear("dora", Some("selftest"))?;
    emil.ask(Call::new(Method::Logout), 200)?;
    // Nothing else came in between, and who logged out is nobody.
    emil.ask(Call::new(Method::ListUser), 401)?;
    dora.ask(Call::new(Method::RmGroup).argument("selftest"), 200)
}

struct Person<'a> {
    stream: TcpStream,
    address: &'a DoorAddress,
    reader: ReplyReader,
    /// What was read and not awaited yet.
    heard: VecDeque<Reply>,
}

impl<'a> Person<'a> {
    fn enter(address: &'a DoorAddress, name: &str) -> Result<Self, ClientError> {
        let stream = dial(address)?;
        stream.set_read_timeout(Some(ANSWER))?;
        let reader = ReplyReader::new(HEARD_BYTES_MAX);
        let mut person = Self { stream, address, reader, heard: VecDeque::new() };
        let password = "a password of the selftest";
        person.ask(Call::new(Method::Reg).argument(name).header(Field::Password, password), 201)?;
        person.ask(Call::new(Method::Use).argument(name).header(Field::Password, password), 200)?;
        Ok(person)
    }

    /// Asks, and compares the status of the answer.
    fn ask(&mut self, call: Call<'_>, status: u16) -> Result<(), ClientError> {
        let mut request = Vec::new();
        call.write(Framing::Framed, &mut request).expect("the calls of a selftest can be written");
        self.stream.write_all(&request)?;
        match self.next(&format!("the answer {status} to {call:?}"))? {
            Reply::Answer(Answered { status: came, .. }) if came == status => Ok(()),
            other => Err(self.unexpected(&format!("the answer {status} to {call:?}"), &format!("{other:?}"))),
        }
    }

    /// Waits for the next message, which must be [`TEXT`] from this person and in this group.
    fn hear(&mut self, from: &str, in_group: Option<&str>) -> Result<(), ClientError> {
        let awaited = format!("the message of {from}");
        match self.next(&awaited)? {
            Reply::Push(Pushed { sender, group, text, .. })
                if sender == from && group.as_deref() == in_group && text == TEXT =>
            {
                Ok(())
            }
            other => Err(self.unexpected(&awaited, &format!("{other:?}"))),
        }
    }

    fn next(&mut self, awaited: &str) -> Result<Reply, ClientError> {
        let mut bytes = [0; 4_096];
        loop {
            if let Some(reply) = self.heard.pop_front() {
                return Ok(reply);
            }
            let read = match self.stream.read(&mut bytes) {
                Ok(0) => return Err(self.unexpected(awaited, "the end")),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(self.unexpected(awaited, "nothing"));
                }
                Err(error) => return Err(error.into()),
            };
            let mut rest = &bytes[..read];
            while let Some(reply) = self.reader.next(&mut rest) {
                let reply = reply.map_err(|error| self.unexpected(awaited, &error.to_string()))?;
                self.heard.push_back(reply);
            }
        }
    }

    fn unexpected(&self, awaited: &str, heard: &str) -> ClientError {
        unexpected(&self.address.to_string(), awaited, heard)
    }
}
