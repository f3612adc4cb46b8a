//! Rooms: making them, finding them, coming in, ending them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Chat;
use super::members::not_of_two;
use crate::actor::Actor;
use crate::connections::News;
use crate::days::TimeZone;
use crate::event::{Author, Body};
use crate::ids::{LOBBY, RoomId, RoomKey, Seq};
use crate::limits;
use crate::names::{Handle, RoomName};
use crate::policy::{self, Standing, Verb};
use crate::rates::Person;
use crate::refusal::{Error, Fault, Refusal, What};
use crate::registry::Claim;
use crate::room::{Access, Gate, NewRoom, Role, Room, RoomRef, SettingsChange};
use crate::room_log::RoomLog;
use crate::sequencer::{PostOptions, Posted};
use crate::slot::Source;
use crate::text::{Subject, one_line};

/// What a room to be made is like. The default is one without a name, unlisted, that everybody who finds it may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoomPlan<'a> {
    /// What it is about; empty becomes "Untitled".
    pub subject: &'a [u8],
    /// Whether it has a name.
    pub named: Named<'a>,
    /// Whether strangers find it in lists.
    pub listed: bool,
    /// The question that it asks, and the answer: as it is typed, or the lower-case hex SHA-256 of what is. Without an
    /// answer nothing is asked, and the question is only told.
    pub question: Option<(&'a [u8], &'a [u8])>,
    /// Whether it is there for its members only, and for nobody else.
    pub members_only: bool,
    /// Whether it is closed when the last person has left.
    pub vanishes: bool,
    /// Whether its past days are there for everybody, while strangers may read it.
    pub archive: bool,
    /// Where its days begin; `None`: UTC.
    pub time_zone: Option<&'a TimeZone>,
    /// By which connection of this node it is made.
    pub source: Option<Source>,
}

/// Whether a room has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Named<'a> {
    /// It has none.
    #[default]
    No,
    /// This one, which must be free.
    Asked(&'a str),
    /// Its subject, if that is a valid name that is free.
    IfFree,
}

impl Chat {
    /// Makes a room. An account that makes one owns it; a guest who makes one that asks a question has answered that.
    ///
    /// # Errors
    /// A refusal of the subject, the question or the answer; `BadName`, `NameTaken` for a name that was asked for;
    /// `NotLoggedIn` where a guest would make a room for members only; `TooMany` rooms that an account owns or belongs to;
    /// `TooFast`; or a `Fault`.
    pub async fn open_room(&self, actor: &Actor, plan: RoomPlan<'_>) -> Result<Arc<RoomLog>, Error> {
        let mut subject = Subject::new(plan.subject, self.limits.subject_bytes)?;
        let question = plan.question.map(|(question, answer)| self.read_gate(question, answer)).transpose()?;
        let asks = question.as_ref().is_some_and(|gate| !gate.answer.is_empty());
        let first = self.first_member(actor, &plan, asks).await?;
        let (name, _claim) = self.choose_name(plan.named, &subject).await?;
        if subject.as_str().is_empty() {
            subject = Subject::stored("Untitled".into());
        }
        self.rates.room(actor.origin)?;
        let new = NewRoom {
            name,
            listed: plan.listed,
            access: match (plan.members_only, asks) {
                (true, _) => Access::Members,
                (false, true) => Access::Question,
                (false, false) => Access::Open,
            },
            question,
            vanishes: plan.vanishes,
            archive: plan.archive,
            time_zone: plan.time_zone.cloned().unwrap_or_default(),
            members: first.into_iter().collect(),
            ..self.draw_room(subject)
        };
        let log = self.create(new, plan.named).await?;
        if let Some((Author::Account(id), _)) = first {
            // Its first event says so.
            self.joined(log.id(), id, Seq(1)).await;
        }
        if let Some(inbox) = first.and_then(|(who, _)| self.connections.inbox(who)) {
            inbox.role_changed();
        }
        if plan.vanishes {
            self.vanishing.watch(log.id(), self.world.clock.monotonic());
        }
        if log.room().is_announced() {
            self.tell_news(News::RoomOpened { log: log.clone(), by: plan.source });
        }
        Ok(log)
    }

    /// Finds a room that the asker may know of.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find(&self, actor: &Actor, by: RoomRef) -> Result<Arc<RoomLog>, Error> {
        let log = self.logs.open(by).await?.ok_or(Refusal::NotFound)?;
        self.authorize(actor, &log, Verb::See).await?;
        Ok(log)
    }

    /// Finds a room by its number, which anybody can guess: so only a listed one, one in which the asker has a role, and for
    /// the operator every one.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_numbered(&self, actor: &Actor, id: RoomId) -> Result<Arc<RoomLog>, Error> {
        let log = self.find(actor, RoomRef::Id(id)).await?;
        let room = log.room();
        let known = match actor.author() {
            _ if room.listed => true,
            Some(Author::System) => true,
            Some(author) => self.logs.role(&log, author).await?.is_some(),
            None => false,
        };
        if known { Ok(log) } else { Err(Refusal::NotFound.into()) }
    }

    /// Comes into a room. Where it asks a question, who has no role in it yet must answer, and is a member then; an answer
    /// that is given is looked at in any case.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `WrongAnswer`, `TooFast` (guesses count as posts), `TooMany` rooms of one account, or a
    /// `Fault`.
    pub async fn enter(&self, actor: &Actor, log: &Arc<RoomLog>, answer: Option<&str>) -> Result<(), Error> {
        let author = self.may(actor, log, Verb::Enter).await?;
        let room = log.room();
        if room.access != Access::Question || author == Author::System {
            return Ok(());
        }
        let role = self.logs.role(log, author).await?;
        if role.is_some() && answer.is_none() {
            return Ok(());
        }
        // Without a question nobody can give its answer.
        let gate = room.gate().ok_or(Refusal::Forbidden)?;
        self.rates.post(Person::Known(author), room.id, actor.origin)?;
        if !is_answer(gate, answer.unwrap_or_default()) {
            return Err(Refusal::WrongAnswer.into());
        }
        if role.is_none() {
            self.check_belongings(author).await?;
            let to = Some(Role::Member);
            let body = Body::Member { who: author, role: to };
            let posted = self.append(log, author, body, PostOptions::default()).await?;
            self.role_changed(log, author, role, to, posted.slot.event().seq).await?;
        }
        Ok(())
    }

    /// The listed rooms that somebody may know of, newest event first, each with how many people are there.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn listed_rooms(&self, actor: &Actor) -> Result<Vec<(Room, usize)>, Error> {
        let roles = self.known_roles(actor).await?;
        let mut rooms = self.world.store.listed_rooms(limits::LISTED_ROOMS).await?;
        rooms.retain(|room| {
            let standing = Standing::of(actor.author(), roles.get(&room.id).copied());
            policy::check(Verb::See, room.access, standing).is_ok()
        });
        let with_people = |room: Room| {
            let people = self.logs.in_use(room.id).map_or(0, |log| log.presence().people());
            (room, people)
        };
        Ok(rooms.into_iter().map(with_people).collect())
    }

    /// The rooms that somebody may know of without having been told: the listed ones, newest event first, then those in
    /// which they have a role. Rooms of two are not among them.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn rooms_seen_by(&self, actor: &Actor) -> Result<Vec<Arc<RoomLog>>, Error> {
        let who = actor.author();
        let mut roles = self.known_roles(actor).await?;
        let mut seen = Vec::new();
        for room in self.world.store.listed_rooms(limits::LISTED_ROOMS).await? {
            let standing = Standing::of(who, roles.remove(&room.id));
            if policy::check(Verb::See, room.access, standing).is_ok() {
                seen.push(self.at_hand(room).await?);
            }
        }
        let mut others: Vec<RoomId> =
            roles.into_iter().filter(|(_, role)| *role != Role::Banned).map(|(room, _)| room).collect();
        others.sort_unstable();
        others.truncate(limits::LISTED_ROOMS);
        for room in others {
            // It may have been closed since.
            if let Some(log) = self.logs.open(RoomRef::Id(room)).await?.filter(|log| log.room().direct.is_none()) {
                seen.push(log);
            }
        }
        Ok(seen)
    }

    /// In which rooms somebody has which role, or is banned.
    async fn known_roles(&self, actor: &Actor) -> Result<HashMap<RoomId, Role>, Error> {
        Ok(match actor.author() {
            Some(author) => self.world.store.rooms_of(author).await?.into_iter().collect(),
            None => HashMap::new(),
        })
    }

    /// Changes a room's settings.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, for another name of the lobby or of a room of two to everybody; `NameTaken`; or a `Fault`.
    pub async fn configure(&self, actor: &Actor, log: &Arc<RoomLog>, change: SettingsChange) -> Result<Posted, Error> {
        let author = self.may(actor, log, Verb::Configure).await?;
        let mut claim = None;
        if let Some(name) = change.name.as_ref().filter(|name| log.room().name.as_ref() != Some(*name)) {
            if log.id() == LOBBY {
                return Err(Refusal::Forbidden.into());
            }
            not_of_two(log)?;
            // Nobody takes it at a terminal meanwhile; whether it is a room's or an account's the store knows.
            claim = Some(self.connections.claim(name.as_str())?);
        }
        let posted = self.append(log, author, Body::Settings(change), PostOptions::default()).await;
        drop(claim);
        posted
    }

    /// Ends a room: who waits for it is told, later nobody finds it. `source`: by which connection of this node.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`, for the lobby to everybody; `RoomClosed` if somebody was faster; or a `Fault`.
    pub async fn close(&self, actor: &Actor, log: &Arc<RoomLog>, source: Option<Source>) -> Result<Posted, Error> {
        let author = self.may(actor, log, Verb::Close).await?;
        if log.id() == LOBBY {
            return Err(Refusal::Forbidden.into());
        }
        let options = PostOptions { source, ..PostOptions::default() };
        let posted = self.append(log, author, Body::Closed, options).await?;
        self.tell_news(News::RoomClosed { log: log.clone(), by: source });
        Ok(posted)
    }

    /// Looks after the rooms in the store that vanish, as from the start.
    pub(crate) async fn find_vanishing(&self, started: Duration) -> Result<(), Fault> {
        let rooms = self.world.store.vanishing_rooms().await?;
        rooms.into_iter().for_each(|room| self.vanishing.watch(room, started));
        Ok(())
    }

    /// An ordinary room of that subject, with what must be drawn for it.
    pub(super) fn draw_room(&self, subject: Subject) -> NewRoom {
        NewRoom {
            key: RoomKey::draw(|bytes| self.world.entropy.fill(bytes)),
            epoch: self.draw_epoch(),
            name: None,
            subject,
            listed: false,
            access: Access::Open,
            question: None,
            vanishes: false,
            direct: None,
            archive: false,
            time_zone: TimeZone::utc(),
            members: Vec::new(),
            now: self.world.clock.wall(),
        }
    }

    /// A room that the store just told of, as it is on this node, not behind what was told.
    pub(super) async fn at_hand(&self, room: Room) -> Result<Arc<RoomLog>, Error> {
        let head = room.head.seq;
        let log = self.logs.adopt(room);
        if log.head().seq < head {
            self.logs.catch_up(&log).await?;
        }
        Ok(log)
    }

    async fn create(&self, new: NewRoom, named: Named<'_>) -> Result<Arc<RoomLog>, Error> {
        let unnamed = NewRoom { name: None, ..new.clone() };
        if let Some(room) = self.world.store.create_room(new).await? {
            return self.at_hand(room).await;
        }
        // Somebody took the name since it was looked for.
        if let Named::Asked(_) = named {
            return Err(Refusal::NameTaken.into());
        }
        let room = self.world.store.create_room(unnamed).await?;
        let room = room.ok_or_else(|| Fault::Internal("a room without a name can't be in anybody's way".into()))?;
        self.at_hand(room).await
    }

    /// Who has which role in a room from the start.
    async fn first_member(
        &self,
        actor: &Actor,
        plan: &RoomPlan<'_>,
        asks: bool,
    ) -> Result<Option<(Author, Role)>, Error> {
        match actor.author() {
            Some(Author::Account(id)) => {
                self.check_ownings(id).await?;
                Ok(Some((Author::Account(id), Role::Owner)))
            }
            Some(Author::System) => Ok(None),
            Some(Author::Guest(_)) | None if plan.members_only => Err(Refusal::NotLoggedIn.into()),
            guest => Ok(guest.filter(|_| asks).map(|who| (who, Role::Member))),
        }
    }

    /// The name of a room to be made. Until the claim is dropped, nobody takes it at a terminal.
    async fn choose_name(
        &self,
        named: Named<'_>,
        subject: &Subject,
    ) -> Result<(Option<RoomName>, Option<Claim<'_>>), Error> {
        let (name, must) = match named {
            Named::No => return Ok((None, None)),
            Named::Asked(name) => (RoomName::new(name)?, true),
            Named::IfFree => match RoomName::new(subject.as_str()) {
                Ok(name) => (name, false),
                Err(_) => return Ok((None, None)),
            },
        };
        match self.take_free(&name).await? {
            Some(claim) => Ok((Some(name), Some(claim))),
            None if must => Err(Refusal::NameTaken.into()),
            None => Ok((None, None)),
        }
    }

    /// People and rooms share one name space, and somebody may hold a name at a terminal.
    async fn take_free(&self, name: &RoomName) -> Result<Option<Claim<'_>>, Error> {
        let Ok(claim) = self.connections.claim(name.as_str()) else { return Ok(None) };
        if self.is_room_name(name.as_str()).await? {
            return Ok(None);
        }
        let account = match Handle::find(name.as_str()) {
            Some(handle) => self.account_with(handle).await?,
            None => None,
        };
        Ok(account.is_none().then_some(claim))
    }

    fn read_gate(&self, question: &[u8], answer: &[u8]) -> Result<Gate, Refusal> {
        let question = one_line(question, What::Question)?.trim();
        let answer = one_line(answer, What::Answer)?;
        let limit = self.limits.subject_bytes;
        for (text, what, limit) in [(question, What::Question, limit), (answer, What::Answer, limits::ANSWER_BYTES)] {
            if text.len() > limit {
                return Err(Refusal::TooLong { what, limit, unit: "bytes" });
            }
        }
        Ok(Gate { question: question.to_owned(), answer: answer.to_owned() })
    }
}

/// Whether this is the answer: as it was stored, or what was stored is its lower-case hex SHA-256 (protocols: common rules).
/// Hashes are compared, so that the time it takes tells nothing of the answer, not even its length.
fn is_answer(gate: &Gate, answer: &str) -> bool {
    let stored = Sha256::digest(gate.answer.as_bytes());
    let typed = Sha256::digest(answer.as_bytes());
    let hex: String = typed.iter().map(|byte| format!("{byte:02x}")).collect();
    let hashed = Sha256::digest(hex.as_bytes());
    (stored.ct_eq(&typed) | stored.ct_eq(&hashed)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_right_as_typed_or_by_its_hash() {
        let check = |stored: &str, typed: &str, expected: bool| {
            let gate = Gate { question: String::new(), answer: stored.to_owned() };
            assert_eq!(is_answer(&gate, typed), expected, "{stored:?}, {typed:?}");
        };
        // printf %s tea | sha256sum
        let tea = "a9f74d1ec36ebdeb2da3f6e5868090cd2a2d20b3dcca7b62f60304b1d3d9ef42";
        check("tea", "tea", true);
        check("tea", "Tea", false);
        check("tea", "tea ", false);
        check("tea", "", false);
        check(tea, "tea", true);
        check(tea, tea, true);
        check(tea, "coffee", false);
        check(&tea.to_uppercase(), "tea", false);
        // A hash that is typed is not turned back.
        check("tea", tea, false);
    }
}
