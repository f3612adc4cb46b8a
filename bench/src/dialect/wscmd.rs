//! The WebSocket text commands: rooms made by the first of their people, messages by `send`.

use anyhow::{Context, Result, bail};

use super::{Dialect, Session, Stage, websocket};
use crate::crowd::Ear;

/// messageids of posts: all have seven digits, so that every delivery has the same length.
const POSTS_FROM: u64 = 1_000_000;

/// People in rooms of their own making.
pub(crate) struct Wscmd {
    /// People in each room.
    per_room: usize,
    /// The ids of the rooms that exist.
    rooms: Vec<String>,
    posts: u64,
}

impl Wscmd {
    /// Rooms of `per_room` people each, or one that exists already and takes all.
    pub(crate) fn new(per_room: usize, room: Option<String>) -> Self {
        Self { per_room, rooms: Vec::from_iter(room), posts: 0 }
    }
}

impl Dialect for Wscmd {
    fn hello(&mut self, _session: &mut Session, out: &mut Vec<u8>) {
        websocket::upgrade("/websocket", "chatroom-protocol", out);
    }

    fn hear(&mut self, session: &mut Session, bytes: &[u8], out: &mut Vec<u8>, ear: &mut Ear<'_>) -> Result<usize> {
        websocket::hear(session, bytes, out, |session, message, out| {
            match session.stage {
                Stage::Joined => drop(ear.text(message, |_| 1)),
                _ => self.join(session, message, out)?,
            }
            Ok(())
        })
    }

    fn post(&mut self, session: &Session, text: &[u8], out: &mut Vec<u8>) {
        let messageid = POSTS_FROM + self.posts % (9 * POSTS_FROM);
        self.posts += 1;
        let room = &self.rooms[session.index / self.per_room];
        let head = format!("send({messageid},{room},{},", text.len());
        websocket::text(&[head.as_bytes(), text, b")"], out);
    }

    fn room(&self) -> Option<&str> {
        self.rooms.first().map(String::as_str)
    }

    fn must_wait(&self, index: usize) -> bool {
        index / self.per_room >= self.rooms.len() && !index.is_multiple_of(self.per_room)
    }
}

impl Wscmd {
    /// The way into the room: `yourchatclientid`, then a room is made or joined, then that is confirmed.
    fn join(&mut self, session: &mut Session, message: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let messageid = session.index + 1;
        let room = session.index / self.per_room;
        if message.starts_with(b"yourchatclientid(") {
            let command = match self.rooms.get(room) {
                Some(id) => format!("joinchatroom({messageid},{id},0,0,)"),
                None => {
                    let name = format!("bench-{room}");
                    format!("addchatroom({messageid},{},{name}0,0,0,)", name.len())
                }
            };
            websocket::text(&[command.as_bytes()], out);
        } else if message.starts_with(format!("chatroomcreated({messageid},").as_bytes()) {
            let mut fields = message.split(|&byte| byte == b',');
            let id = fields.nth(1).context("chatroomcreated without a room")?;
            self.rooms.push(String::from_utf8_lossy(id).into_owned());
            session.stage = Stage::Joined;
        } else if message.starts_with(format!("userjoinedchatroom({messageid},").as_bytes()) {
            session.stage = Stage::Joined;
        } else if message.starts_with(b"error(") {
            bail!("joining was refused: {}", String::from_utf8_lossy(message));
        }
        Ok(())
    }
}
