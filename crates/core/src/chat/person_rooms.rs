//! A person's rooms, and how much is unread in each.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::Chat;
use crate::account::ReadMark;
use crate::actor::Actor;
use crate::event::{Author, Body};
use crate::ids::{AccountId, LOBBY, Number, RoomId, Seq};
use crate::limits;
use crate::policy::{self, Standing, Verb};
use crate::refusal::{Error, Fault};
use crate::room::{Role, RoomRef};
use crate::room_log::RoomLog;

/// A room of a person.
#[derive(Debug, Clone)]
pub struct PersonRoom {
    /// The room.
    pub log: Arc<RoomLog>,
    /// The person's role; in a room of two that of a member.
    pub role: Option<Role>,
    /// Messages behind the mark, without those of the person's own that stand directly behind it; of a guest, who has no
    /// mark, always 0.
    pub unread: u64,
    /// The last message that was seen.
    pub mark: Number,
    /// In a room of two the other one.
    pub with: Option<Author>,
}

impl Chat {
    /// A person's rooms: the lobby, those that the person belongs to, rooms of two; most recently active first, at most
    /// [`limits::SHOWN_ROOMS`]. None of a stranger.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn rooms_of_person(&self, actor: &Actor) -> Result<Vec<PersonRoom>, Error> {
        let Some(me) = actor.author().filter(|me| *me != Author::System) else { return Ok(Vec::new()) };
        let mut roles: HashMap<RoomId, Option<Role>> =
            self.roles_of(actor).await?.into_iter().map(|(room, role)| (room, Some(role))).collect();
        // Who left it, or never came by an account, is still let in.
        roles.entry(LOBBY).or_insert(None);
        let mut logs = Vec::with_capacity(roles.len());
        for room in roles.keys() {
            // It may have been closed since.
            logs.extend(self.logs.open(RoomRef::Id(*room)).await?);
        }
        logs.sort_by_key(|log| Reverse((log.head().at.max(log.room().created), log.id())));
        let marks = match me {
            Author::Account(id) => self.world.store.marks(id).await?.into_iter().collect(),
            Author::Guest(_) | Author::System => HashMap::new(),
        };
        let mut rooms = Vec::with_capacity(logs.len().min(limits::SHOWN_ROOMS));
        for log in logs {
            if rooms.len() == limits::SHOWN_ROOMS {
                break;
            }
            let role = self.logs.role(&log, me).await?;
            let room = log.room();
            if policy::check(Verb::Read, room.access, Standing::of(Some(me), role)).is_err() {
                continue;
            }
            let (unread, mark) = self.unread(&log, me, role, marks.get(&log.id())).await?;
            rooms.push(PersonRoom { role, unread, mark, with: room.other(me), log });
        }
        Ok(rooms)
    }

    /// How many messages of a room somebody has not seen, and the last that was.
    async fn unread(
        &self,
        log: &RoomLog,
        me: Author,
        role: Option<Role>,
        mark: Option<&ReadMark>,
    ) -> Result<(u64, Number), Error> {
        let head = log.head();
        let Author::Account(id) = me else { return Ok((0, head.number)) };
        let mark = match mark {
            Some(mark) => mark.number,
            None if log.room().direct.is_some() => Number(0),
            // Who does not belong to it has not begun with it.
            None if role.is_none() => head.number,
            None => self.mark_from_joining(log, id).await?,
        };
        // What somebody says is no news to them.
        let mut first = mark.next();
        while first <= head.number && first.0 - mark.0 <= limits::OWN_UNREAD as u64 {
            match self.logs.message(log, first).await? {
                Some(slot) if slot.event().author == me => first = first.next(),
                _ => break,
            }
        }
        Ok((head.number.next().0.saturating_sub(first.0), Number(first.0 - 1)))
    }

    /// What was said before somebody came was never unread.
    async fn mark_from_joining(&self, log: &RoomLog, id: AccountId) -> Result<Number, Error> {
        let joined = self.joined_at(log, Author::Account(id)).await?;
        let number = self.number_at(log, joined).await?;
        let mark = ReadMark { number, at: self.world.clock.wall() };
        match self.world.store.mark_read(log.id(), id, mark).await {
            Ok(mark) => Ok(mark.number),
            // It spares the next look, and is no reason not to read.
            Err(Fault::DiskFull | Fault::Unavailable(_)) => Ok(number),
            Err(fault) => Err(fault.into()),
        }
    }

    /// How many messages a room had at a position.
    pub(super) async fn number_at(&self, log: &RoomLog, seq: Seq) -> Result<Number, Fault> {
        let head = log.head();
        if seq >= head.seq {
            return Ok(head.number);
        }
        if seq == Seq(0) {
            return Ok(Number(0));
        }
        let slots = self.logs.slots(log, seq, 1).await?;
        Ok(slots.first().map_or(Number(0), |slot| slot.event().number))
    }

    /// The position at which somebody who belongs to a room came to belong to it, as far as its log tells: at most
    /// [`limits::JOINED_EVENTS`] before its end.
    pub(super) async fn joined_at(&self, log: &RoomLog, who: Author) -> Result<Seq, Fault> {
        let end = log.head().seq;
        let floor = end.0.saturating_sub(limits::JOINED_EVENTS as u64);
        let mut before = end.0 + 1;
        let mut joined = None;
        while before > floor + 1 {
            let first = before.saturating_sub(limits::READ_EVENTS as u64).max(floor + 1);
            let events = self.world.store.events(log.id(), Seq(first), limits::READ_EVENTS).await?;
            for event in events.iter().filter(|event| event.seq.0 < before).rev() {
                match event.body {
                    Body::Member { who: meant, role } if meant == who => match role {
                        // Above that one is raised, and was there before; or not.
                        Some(Role::Admin | Role::Owner) => joined = Some(event.seq),
                        Some(Role::Member) => return Ok(event.seq),
                        Some(Role::Banned) | None => return Ok(joined.unwrap_or(event.seq)),
                    },
                    _ => {}
                }
            }
            before = first;
        }
        // Whoever made the room stands at its beginning.
        Ok(joined.filter(|_| floor == 0).unwrap_or(Seq(floor)))
    }
}
