//! Coming into rooms and leaving them.

use std::sync::Arc;

use parlor_core::connections::Connection;
use parlor_core::ids::{LOBBY, RoomKey};
use parlor_core::names::RoomName;
use parlor_core::pulse::{Attendance, Stay};
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Error, Refusal, limits};

use super::drawing;
use super::session::{Caller, Ending, Session};
use crate::live::{Mark, Seat, Topic};

/// Messages of the past that are shown to who comes in, at most: a screen or two.
const ENTRANCE_MESSAGES: usize = 20;

/// Bytes of the past that are put into one update.
const UPDATE_BYTES: usize = 48 * 1024;

/// The rooms of a session. What is said in any of them is heard; what is typed goes to the last one joined.
pub(super) struct Rooms {
    lobby: Joined,
    others: Vec<Joined>,
    /// A room that asks its question: the next line is the answer.
    asking: Option<Arc<RoomLog>>,
}

struct Joined {
    attendance: Attendance,
    seat: Arc<Seat>,
}

impl Rooms {
    /// Comes into the lobby, and shows what the accepted name is answered with.
    pub(super) async fn begin(caller: &mut Caller) -> Result<Rooms, Ending> {
        let lobby = caller.door.chat.find(&caller.connection.actor(), RoomRef::Id(LOBBY)).await;
        let entered = match lobby {
            Ok(log) => enter(caller, &log, drawing::entrance).await,
            Err(error) => Err(error),
        };
        let lobby = entered
            .map_err(|error| Ending::Dismissed(format!("{}goodbye\n", drawing::refusal(&caller.door.chat, &error))))?;
        caller.door.live.join(&caller.outlet, Topic::News, Mark::news(&caller.door.chat));
        Ok(Rooms { lobby, others: Vec::new(), asking: None })
    }

    /// The room that is spoken to.
    pub(super) fn here(&self) -> &Arc<RoomLog> {
        self.others.last().unwrap_or(&self.lobby).attendance.log()
    }

    /// Takes out the room of a seat that has ended.
    pub(super) fn forget(&mut self, seat: &Arc<Seat>) -> Option<Arc<RoomLog>> {
        if Arc::ptr_eq(&self.lobby.seat, seat) {
            return Some(self.lobby.attendance.log().clone());
        }
        let at = self.others.iter().position(|joined| Arc::ptr_eq(&joined.seat, seat))?;
        let joined = self.others.remove(at);
        let log = joined.attendance.log().clone();
        joined.attendance.leave(0);
        Some(log)
    }

    /// Leaves all on purpose.
    pub(super) fn leave_all(self) {
        for joined in self.others.into_iter().chain([self.lobby]) {
            joined.attendance.leave(0);
        }
    }

    /// The room whose question the next line answers.
    pub(super) fn take_question(&mut self) -> Option<Arc<RoomLog>> {
        self.asking.take()
    }
}

impl Session {
    /// `/join ROOM`.
    pub(super) async fn join(&mut self, room: &str) -> Result<(), Error> {
        if room.is_empty() {
            self.caller.answer("which room? /rooms lists them\n");
            return Ok(());
        }
        let by = RoomKey::parse(room).map(RoomRef::Key).or_else(|| RoomName::find(room).map(RoomRef::Name));
        let log = self.caller.door.chat.find(&self.caller.connection.actor(), by.ok_or(Refusal::NotFound)?).await?;
        if log.id() == LOBBY || self.rooms.others.iter().any(|joined| joined.attendance.log().id() == log.id()) {
            return self.turn_to(&log);
        }
        if self.rooms.others.len() + 1 >= limits::ROOMS_JOINED {
            return Err(Refusal::TooMany { what: "rooms joined by one connection", limit: limits::ROOMS_JOINED }.into());
        }
        match self.caller.door.chat.enter(&self.caller.connection.actor(), &log, None).await {
            Err(Error::Refused(Refusal::WrongAnswer)) => self.ask(log),
            entered => {
                entered?;
                self.settle_in(&log).await
            }
        }
    }

    /// The line that follows a room's question.
    pub(super) async fn answer_question(&mut self, log: &Arc<RoomLog>, answer: &str) -> Result<(), Error> {
        self.caller.door.chat.enter(&self.caller.connection.actor(), log, Some(answer)).await?;
        self.settle_in(log).await
    }

    /// `/leave`.
    pub(super) fn leave(&mut self) {
        let Some(joined) = self.rooms.others.pop() else {
            self.caller.answer("this is the lobby; /quit leaves the server\n");
            return;
        };
        self.caller.door.live.leave(&joined.seat);
        let left = drawing::room(joined.attendance.log());
        joined.attendance.leave(0);
        let here = drawing::room(self.rooms.here());
        self.caller.answer(&format!("you have left {left}; bc speaks in {here} now\n"));
    }

    /// `/history [N]`.
    pub(super) async fn history(&mut self, count: &str) -> Result<(), Ending> {
        let count = if count.is_empty() { Some(ENTRANCE_MESSAGES) } else { count.parse().ok() };
        let Some(count) = count.filter(|count| (1..=limits::READ_EVENTS).contains(count)) else {
            self.caller.answer(&format!("/history takes a number from 1 to {}\n", limits::READ_EVENTS));
            return Ok(());
        };
        let log = self.rooms.here().clone();
        let chat = self.caller.door.chat.clone();
        let messages = match chat.history(&self.caller.connection.actor(), &log, None, count).await {
            Ok(messages) => messages,
            Err(error) => {
                self.caller.answer(&drawing::refusal(&chat, &error));
                return Ok(());
            }
        };
        let mut lines = String::new();
        for message in &messages {
            lines.push_str(&drawing::past(&chat, &log, message.event()));
            if lines.len() > UPDATE_BYTES {
                self.caller.outlet.say(drawing::string(&lines));
                self.caller.flush().await?;
                lines.clear();
            }
        }
        if messages.is_empty() {
            lines.push_str("nobody has said anything yet\n");
        }
        self.caller.answer(&lines);
        Ok(())
    }

    fn turn_to(&mut self, log: &Arc<RoomLog>) -> Result<(), Error> {
        if let Some(at) = self.rooms.others.iter().position(|joined| joined.attendance.log().id() == log.id()) {
            let joined = self.rooms.others.remove(at);
            self.rooms.others.push(joined);
            self.caller.answer(&format!("bc speaks in {} now\n", drawing::room(log)));
        } else {
            self.caller.answer("you are in the lobby all the time; /leave leaves the room where bc speaks\n");
        }
        Ok(())
    }

    fn ask(&mut self, log: Arc<RoomLog>) -> Result<(), Error> {
        let room = log.room();
        let gate = room.gate().ok_or(Refusal::WrongAnswer)?;
        let header = format!("{} asks, and your next line is the answer", drawing::room(&log));
        self.caller.answer(&drawing::said(&header, &gate.question));
        self.rooms.asking = Some(log);
        Ok(())
    }

    async fn settle_in(&mut self, log: &Arc<RoomLog>) -> Result<(), Error> {
        let name = drawing::room(log);
        let joined = enter(&self.caller, log, |people, history| {
            format!("{people}{history}you are in {name}: bc speaks here now, /leave leaves it\n")
        });
        let joined = joined.await?;
        self.rooms.others.push(joined);
        Ok(())
    }
}

/// Attends a room, shows who is there and what was said last, and takes a seat. Answers nothing before all of it is sure.
async fn enter(caller: &Caller, log: &Arc<RoomLog>, draw: impl FnOnce(&str, &str) -> String) -> Result<Joined, Error> {
    let (chat, connection) = (&caller.door.chat, &caller.connection);
    chat.may_read(&connection.actor(), log).await?;
    let attendance = chat.attend(log, connection.id(), connection.identity(), Stay::Connected, 0);
    // Behind one's own coming, which is no news to oneself; before all that is looked at below.
    let mark = Mark::now(log);
    let count = caller.door.history_on_join.min(ENTRANCE_MESSAGES);
    let history = history_until(caller, connection, log, mark, count).await?;
    let people = drawing::people(log, connection.id(), &connection.identity());
    caller.answer(&draw(&people, &history));
    let seat = caller.door.live.join(&caller.outlet, Topic::Room(log.clone()), mark);
    Ok(Joined { attendance, seat })
}

/// The last messages up to a mark.
async fn history_until(
    caller: &Caller,
    connection: &Connection,
    log: &Arc<RoomLog>,
    mark: Mark,
    count: usize,
) -> Result<String, Error> {
    let chat = &caller.door.chat;
    let messages = chat.history(&connection.actor(), log, None, count).await?;
    let before = messages.iter().filter(|message| message.event().seq <= mark.seq);
    Ok(before.map(|message| drawing::past(chat, log, message.event())).collect())
}
