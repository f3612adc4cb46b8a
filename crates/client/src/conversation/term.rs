//! The terminal door: two people who take names, talk, and leave (protocols/term.md).

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use parlor_wire::term::{Frame, Frames, LEAVING, encode};

use super::{ANSWER, Doors, HEARD_BYTES_MAX, unexpected};
use crate::ClientError;
use crate::connect::address::DoorAddress;
use crate::connect::dial::dial;

/// Two people say something to everyone and to each other, and one sees the other leave.
pub(super) fn hold(doors: &Doors) -> Result<(), ClientError> {
    let address = DoorAddress::parse(&format!("term://{}", doors.term))?;
    let mut anna = Person::enter(&address, "anna")?;
    let mut bert = Person::enter(&address, "bert")?;
    anna.say("bc Tea is ready")?;
    bert.hear("anna to everyone:\n  Tea is ready\n")?;
    bert.say("anna With milk?")?;
    anna.hear("bert to you:\n  With milk?\n")?;
    bert.leave()?;
    anna.hear("bert has left")?;
    anna.leave()
}

struct Person<'a> {
    stream: TcpStream,
    address: &'a DoorAddress,
    frames: Frames,
    /// What was heard and not awaited yet.
    heard: String,
}

impl<'a> Person<'a> {
    fn enter(address: &'a DoorAddress, name: &str) -> Result<Self, ClientError> {
        let stream = dial(address)?;
        stream.set_read_timeout(Some(ANSWER))?;
        let mut person = Self { stream, address, frames: Frames::default(), heard: String::new() };
        person.hear("> ")?;
        person.say(name)?;
        person.hear(&format!("{name} (you)"))?;
        person.hear("> ")?;
        Ok(person)
    }

    fn say(&mut self, line: &str) -> Result<(), ClientError> {
        let mut string = Vec::new();
        encode(line, &mut string);
        Ok(self.stream.write_all(&string)?)
    }

    /// Reads until it has heard this.
    fn hear(&mut self, awaited: &str) -> Result<(), ClientError> {
        loop {
            if let Some(at) = self.heard.find(awaited) {
                self.heard.drain(..at + awaited.len());
                return Ok(());
            }
            if !self.read()? || self.heard.len() > HEARD_BYTES_MAX {
                return Err(unexpected(&self.address.to_string(), awaited, &self.heard));
            }
        }
    }

    /// Says goodbye; the server closes.
    fn leave(mut self) -> Result<(), ClientError> {
        self.stream.write_all(&LEAVING)?;
        while self.read()? {
            if self.heard.len() > HEARD_BYTES_MAX {
                return Err(unexpected(&self.address.to_string(), "the end", &self.heard));
            }
        }
        Ok(())
    }

    /// Reads something; false: the server closed.
    fn read(&mut self) -> Result<bool, ClientError> {
        let mut bytes = [0; 4_096];
        let read = match self.stream.read(&mut bytes) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(unexpected(&self.address.to_string(), "an answer", &self.heard));
            }
            Err(error) => return Err(error.into()),
        };
        let mut rest = &bytes[..read];
        while let Some(frame) = self.frames.next(&mut rest) {
            match frame {
                Frame::Text(text) => self.heard.push_str(&text),
                other => return Err(unexpected(&self.address.to_string(), "a text", &format!("{other:?}"))),
            }
        }
        Ok(read > 0)
    }
}
