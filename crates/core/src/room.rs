//! What a room is, apart from its log.

use crate::days::TimeZone;
use crate::event::Author;
use crate::ids::{Epoch, Number, RoomId, RoomKey, Seq, Timestamp};
use crate::names::RoomName;
use crate::policy::{self, Standing, Verb};
use crate::refusal::Fault;
use crate::text::Subject;

/// A room as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its number in the store.
    pub id: RoomId,
    /// Its public id.
    pub key: RoomKey,
    /// This life of its log.
    pub epoch: Epoch,
    /// Its own name, if it has one.
    pub name: Option<RoomName>,
    /// What it is about; may be empty only for rooms of other systems.
    pub subject: Subject,
    /// Whether strangers find it in lists.
    pub listed: bool,
    /// Who may enter.
    pub access: Access,
    /// The question that it was made with; it is asked with [`Access::Question`]: see [`Room::gate`].
    pub question: Option<Gate>,
    /// Whether it is closed when the last person leaves.
    pub vanishes: bool,
    /// The two people of a room of two, in the order of [`pair`]: for their direct messages.
    pub direct: Option<(Author, Author)>,
    /// Whether its past days are there for everybody, while strangers may read it: see [`Room::has_public_archive`].
    pub archive: bool,
    /// Where its days begin.
    pub time_zone: TimeZone,
    /// When it was made.
    pub created: Timestamp,
    /// Whether anybody has a role in it; while nobody has, rights need no look-up.
    pub has_members: bool,
    /// How far its log has come.
    pub head: Head,
    /// How far the search index has come.
    pub indexed: Seq,
}

/// The newest position of a log, which cursors watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Position of the newest event; 0: none.
    pub seq: Seq,
    /// Messages so far.
    pub number: Number,
    /// When the newest event happened; 0: none.
    pub at: Timestamp,
    /// Whether the log has ended.
    pub closed: bool,
}

/// Who may enter a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Whoever finds it.
    Open,
    /// Whoever finds it and answers its question.
    Question,
    /// Its members; to everybody else it does not exist.
    Members,
}

impl Access {
    /// All kinds, for tables and tests.
    pub const ALL: [Access; 3] = [Access::Open, Access::Question, Access::Members];

    /// One integer for a store.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Access::Open => 0,
            Access::Question => 1,
            Access::Members => 2,
        }
    }

    /// The kind of a [`code`](Access::code).
    ///
    /// # Errors
    /// `Corrupt` for a number that is none.
    pub fn from_code(code: i64) -> Result<Access, Fault> {
        Access::ALL
            .into_iter()
            .find(|access| access.code() == code)
            .ok_or_else(|| Fault::Corrupt(format!("no access has the code {code}")))
    }
}

/// A question with what its answer is compared to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The question, as people see it.
    pub question: String,
    /// The answer as it was given at the room's making (typed, or a hash that the maker's client chose).
    pub answer: String,
}

/// A role in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Shut out.
    Banned,
    /// Belongs to it.
    Member,
    /// May invite and moderate.
    Admin,
    /// May do everything in it.
    Owner,
}

impl Role {
    /// All roles, for tables and tests.
    pub const ALL: [Role; 4] = [Role::Banned, Role::Member, Role::Admin, Role::Owner];

    /// One integer for a store.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Role::Banned => 0,
            Role::Member => 1,
            Role::Admin => 2,
            Role::Owner => 3,
        }
    }

    /// The role of a [`code`](Role::code).
    ///
    /// # Errors
    /// `Corrupt` for a number that is none.
    pub fn from_code(code: i64) -> Result<Role, Fault> {
        Role::ALL
            .into_iter()
            .find(|role| role.code() == code)
            .ok_or_else(|| Fault::Corrupt(format!("no role has the code {code}")))
    }
}

/// Which of a room's settings an event changes; `None` leaves one as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsChange {
    /// The new name of its own; the old one is free.
    pub name: Option<RoomName>,
    /// The new subject.
    pub subject: Option<Subject>,
    /// Whether it is listed from now on.
    pub listed: Option<bool>,
    /// Who may enter from now on.
    pub access: Option<Access>,
    /// Whether its past days are there for everybody from now on.
    pub archive: Option<bool>,
    /// Where its days begin from now on, past ones too.
    pub time_zone: Option<TimeZone>,
}

impl Room {
    /// Makes the change that a settings event tells of.
    pub fn apply(&mut self, change: &SettingsChange) {
        if change.name.is_some() {
            self.name.clone_from(&change.name);
        }
        if let Some(subject) = &change.subject {
            self.subject = subject.clone();
        }
        self.listed = change.listed.unwrap_or(self.listed);
        self.access = change.access.unwrap_or(self.access);
        self.archive = change.archive.unwrap_or(self.archive);
        if let Some(zone) = &change.time_zone {
            self.time_zone = zone.clone();
        }
    }

    /// Whether its past days, and feeds of it, are there for everybody who finds it.
    #[must_use]
    pub fn has_public_archive(&self) -> bool {
        self.archive && self.access == Access::Open && self.direct.is_none()
    }

    /// Whether everybody is told that it was made and that it ends: of a listed room that strangers may know of.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        self.listed && policy::check(Verb::See, self.access, Standing::Stranger).is_ok()
    }

    /// Somebody has no role in it any more. Without one of its two a room of two is an ordinary one: whoever gets that
    /// person's number later must find a room of their own, not this one's past. Answers whether that changed it.
    pub fn part(&mut self, who: Author) -> bool {
        let was_of_two = self.direct.is_some_and(|(low, high)| low == who || high == who);
        if was_of_two {
            self.direct = None;
        }
        was_of_two
    }

    /// It ends: what it was found and kept by is free for others.
    pub fn end(&mut self) {
        (self.name, self.direct, self.vanishes) = (None, None, false);
    }

    /// What somebody without a role has to answer, if it asks.
    #[must_use]
    pub fn gate(&self) -> Option<&Gate> {
        self.question.as_ref().filter(|_| self.access == Access::Question)
    }

    /// The other one of a room of two.
    #[must_use]
    pub fn other(&self, who: Author) -> Option<Author> {
        let (low, high) = self.direct?;
        if low == who { Some(high) } else { (high == who).then_some(low) }
    }
}

/// Two people as a room of two has them: the smaller [`Author::code`] first.
#[must_use]
pub fn pair(one: Author, other: Author) -> (Author, Author) {
    if one.code() <= other.code() { (one, other) } else { (other, one) }
}

/// A room to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// Its public id, freshly drawn.
    pub key: RoomKey,
    /// Its log's life, freshly drawn.
    pub epoch: Epoch,
    /// Its own name, if it shall have one.
    pub name: Option<RoomName>,
    /// What it is about.
    pub subject: Subject,
    /// Whether strangers find it in lists.
    pub listed: bool,
    /// Who may enter.
    pub access: Access,
    /// Its question, with [`Access::Question`].
    pub question: Option<Gate>,
    /// Whether it is closed when the last person leaves.
    pub vanishes: bool,
    /// The two people of a room of two, in the order of [`pair`].
    pub direct: Option<(Author, Author)>,
    /// Whether its past days are there for everybody.
    pub archive: bool,
    /// Where its days begin.
    pub time_zone: TimeZone,
    /// Who else has which role from the start.
    pub members: Vec<(Author, Role)>,
    /// The time now.
    pub now: Timestamp,
}

impl NewRoom {
    /// Who has which role from the start, each person once (the first role counts), in the order of their events: the two
    /// of a room of two first, as its members.
    #[must_use]
    pub fn first_members(&self) -> Vec<(Author, Role)> {
        let mut members: Vec<(Author, Role)> = Vec::new();
        let two = self.direct.into_iter().flat_map(|(low, high)| [(low, Role::Member), (high, Role::Member)]);
        for (who, role) in two.chain(self.members.iter().copied()) {
            if !members.iter().any(|(known, _)| *known == who) {
                members.push((who, role));
            }
        }
        members
    }
}

/// How a room is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomRef {
    /// By its number.
    Id(RoomId),
    /// By its public id.
    Key(RoomKey),
    /// By its own name.
    Name(RoomName),
}
