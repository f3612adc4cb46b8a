//! The commands about rooms.

use std::sync::Arc;

use parlor_core::chat::{Named, RoomPlan};
use parlor_core::ids::RoomId;
use parlor_core::pulse::{Attendance, Stay};
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Error, Refusal, Who, limits};
use parlor_wire::wscmd::{ListedRoom, Message, PresentUser, Secret};

use super::joined::Joined;
use super::session::Session;
use super::voice::{info, userid, username};
use crate::live::{Mark, Seat, Topic};

/// What an `addchatroom` asks for.
pub(super) struct NewRoom<'a> {
    pub(super) room_name: &'a str,
    pub(super) question: &'a str,
    pub(super) answer_hashed: Secret<'a>,
    /// Whether it stays when everybody has left.
    pub(super) stays: bool,
}

impl Session {
    pub(super) async fn add_room(&mut self, messageid: u64, new: NewRoom<'_>) -> Result<(), Error> {
        self.check_joined()?;
        let question = (new.question.as_bytes(), new.answer_hashed.0.as_bytes());
        let plan = RoomPlan {
            subject: new.room_name.as_bytes(),
            named: Named::IfFree,
            listed: true,
            question: (!new.question.is_empty() || !new.answer_hashed.0.is_empty()).then_some(question),
            vanishes: !new.stays,
            source: Some(self.connection.source(messageid)),
            ..RoomPlan::default()
        };
        let log = self.door.http.chat.open_room(&self.connection.actor(), plan).await?;
        let (mark, attendance) = self.attend(&log, messageid)?;
        let room = log.room();
        let created = Message::ChatroomCreated {
            messageid,
            chatroomid: log.id().0,
            room_name: room.subject.as_str(),
            info: info(&log, true),
            number_of_clients: log.presence().connections() as u64,
        };
        self.say(&created);
        self.take_seat(mark, attendance);
        Ok(())
    }

    pub(super) async fn join(
        &mut self,
        messageid: u64,
        chatroomid: u64,
        leave_others: bool,
        answer: Secret<'_>,
    ) -> Result<(), Error> {
        let room = RoomId(chatroomid);
        if self.rooms.get(room).is_some() {
            return Err(Refusal::AlreadyHere.into());
        }
        if !leave_others {
            self.check_joined()?;
        }
        let actor = self.connection.actor();
        let log = self.find(room).await?;
        // Asked for at every joining, also of somebody who answered before (protocols/wscmd.md).
        let answer = log.room().gate().map(|_| answer.0);
        self.door.http.chat.enter(&actor, &log, answer).await?;
        if leave_others {
            self.leave_all(messageid).await;
        }
        let (mark, attendance) = self.attend(&log, messageid)?;
        let identity = self.connection.identity();
        let joined = Message::UserJoinedChatroom {
            messageid,
            chatroomid,
            chatclientid: self.connection.id().0,
            userid: userid(&identity),
            username: username(&identity),
            number_of_clients: log.presence().connections() as u64,
        };
        self.say(&joined);
        self.take_seat(mark, attendance);
        Ok(())
    }

    pub(super) async fn leave(&mut self, messageid: u64, chatroomid: u64) -> Result<(), Error> {
        let joined = self.rooms.remove(RoomId(chatroomid)).ok_or(Refusal::NotHere)?;
        self.give_up(joined, messageid).await;
        Ok(())
    }

    /// Leaves all rooms, on purpose.
    pub(super) async fn leave_all(&mut self, messageid: u64) {
        for joined in std::mem::take(&mut self.rooms) {
            self.give_up(joined, messageid).await;
        }
    }

    pub(super) async fn list(&self, messageid: u64) -> Result<(), Error> {
        let logs = self.seen().await?;
        let rooms: Vec<_> = logs.iter().map(|log| (log, log.room())).collect();
        let listed = rooms.iter().map(|(log, room)| ListedRoom {
            chatroomid: log.id().0,
            room_name: room.subject.as_str(),
            info: info(log, self.rooms.get(log.id()).is_some()),
            people_count: log.presence().connections() as u64,
        });
        self.say(&Message::ChatroomList { messageid, rooms: listed.collect() });
        Ok(())
    }

    pub(super) async fn details(&self, messageid: u64, chatroomid: u64) -> Result<(), Error> {
        let log = self.known(RoomId(chatroomid)).await?;
        let room = log.room();
        let details = Message::ChatroomDetails {
            messageid,
            chatroomid,
            room_name: room.subject.as_str(),
            info: info(&log, self.rooms.get(log.id()).is_some()),
            number_of_clients: log.presence().connections() as u64,
            question: room.question.as_ref().map_or("", |gate| &gate.question),
        };
        self.say(&details);
        Ok(())
    }

    pub(super) fn users_in(&self, messageid: u64, chatroomid: u64) -> Result<(), Error> {
        let joined = self.rooms.get(RoomId(chatroomid)).ok_or(Refusal::NotHere)?;
        let roster = joined.attendance.log().presence().roster();
        let users = roster.attendants.iter().map(|attendant| PresentUser {
            chatclientid: attendant.connection.0,
            userid: userid(&attendant.identity),
            username: username(&attendant.identity),
        });
        self.say(&Message::UsersInChatroom { messageid, chatroomid, users: users.collect() });
        Ok(())
    }

    /// Deletes a room; the server's password was right.
    pub(super) async fn remove_room(&mut self, messageid: u64, chatroomid: u64) -> Result<(), Error> {
        let operator = Actor { who: Who::Operator, ..self.connection.actor() };
        let log = self.door.http.chat.find_numbered(&operator, RoomId(chatroomid)).await?;
        if log.room().direct.is_some() {
            return Err(Refusal::NotFound.into());
        }
        let heard = log.room().is_announced() || self.rooms.get(log.id()).is_some();
        self.door.http.chat.close(&operator, &log, Some(self.connection.source(messageid))).await?;
        if !heard {
            self.say(&Message::ChatroomWasDeleted { messageid, chatroomid });
        }
        Ok(())
    }

    /// Whoever answered a room's question is somebody else now, who has answered it, too.
    pub(super) async fn keep_rooms(&mut self, messageid: u64) {
        let chat = self.door.http.chat.clone();
        let actor = self.connection.actor();
        let logs: Vec<_> = self.rooms.iter().map(|joined| joined.attendance.log().clone()).collect();
        for log in logs {
            let room = log.room();
            let Some(gate) = room.gate() else { continue };
            if let Err(error) = chat.enter(&actor, &log, Some(&gate.answer)).await {
                // It may not read on as whom it is now; that it leaves tells it so.
                tracing::debug!(%error, room = %log.id(), "a room could not be kept through a log-in");
                if let Some(joined) = self.rooms.remove(log.id()) {
                    self.give_up(joined, messageid).await;
                }
            }
        }
    }

    /// A room ended under this connection.
    pub(super) fn room_ended(&mut self, seat: &Arc<Seat>) {
        if let Topic::Room(log) = seat.topic() {
            self.rooms.remove(log.id());
        }
    }

    /// Is here in a room from now on. What is said to the connection before [`Session::take_seat`] comes before all that
    /// happens in the room, and nothing that happens after the mark is missed.
    fn attend(&self, log: &Arc<RoomLog>, messageid: u64) -> Result<(Mark, Attendance), Error> {
        // Before anybody can be told that it is here: whoever answers that is heard.
        let mark = Mark::now(log);
        // Closed since it was found: its end lies before the mark, so nothing would ever tell of it.
        if log.head().closed {
            return Err(Refusal::NotFound.into());
        }
        let identity = self.connection.identity();
        Ok((mark, self.door.http.chat.attend(log, self.connection.id(), identity, Stay::Connected, messageid)))
    }

    /// Hears what happens in a room from now on; what came before is in the answer, and whoever asks hears who else is there.
    fn take_seat(&mut self, mark: Mark, attendance: Attendance) {
        let log = attendance.log().clone();
        let seat = self.door.live.join(&self.outlet, Topic::Room(log.clone()), mark);
        self.rooms.insert(Joined { seat, attendance });
    }

    async fn give_up(&self, joined: Joined, messageid: u64) {
        let Joined { seat, attendance } = joined;
        let log = attendance.log().clone();
        if let Err(dead) = self.door.live.leave_heard(&seat).await {
            // The connection ends with its next event.
            tracing::debug!(%dead, "a room was left unheard");
        }
        attendance.leave(messageid);
        let identity = self.connection.identity();
        self.say(&Message::UserLeftChatroom {
            messageid,
            chatroomid: log.id().0,
            chatclientid: self.connection.id().0,
            userid: userid(&identity),
            username: username(&identity),
            number_of_clients: log.presence().connections() as u64,
        });
    }

    fn check_joined(&self) -> Result<(), Error> {
        if self.rooms.len() >= limits::ROOMS_JOINED {
            return Err(Refusal::TooMany { what: "rooms joined", limit: limits::ROOMS_JOINED }.into());
        }
        Ok(())
    }

    /// The rooms that this connection may see, those that it is in among them.
    async fn seen(&self) -> Result<Vec<Arc<RoomLog>>, Error> {
        let mut seen = self.door.http.chat.rooms_seen_by(&self.connection.actor()).await?;
        for joined in self.rooms.iter() {
            let log = joined.attendance.log();
            if !seen.iter().any(|other| other.id() == log.id()) {
                seen.push(log.clone());
            }
        }
        Ok(seen)
    }

    async fn known(&self, room: RoomId) -> Result<Arc<RoomLog>, Error> {
        match self.rooms.get(room) {
            Some(joined) => Ok(joined.attendance.log().clone()),
            None => self.find(room).await,
        }
    }

    /// A room by its number. That of two people is none of this door's: what is said there comes as `msg`.
    async fn find(&self, room: RoomId) -> Result<Arc<RoomLog>, Error> {
        let log = self.door.http.chat.find_numbered(&self.connection.actor(), room).await?;
        if log.room().direct.is_some() { Err(Refusal::NotFound.into()) } else { Ok(log) }
    }
}
