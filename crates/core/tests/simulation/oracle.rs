//! What really happened: every event as it was committed. All that nodes say is held against it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use parlor_core::cursor::Position;
use parlor_core::event::{Appended, Author, Body, Draft, Event, MessageState};
use parlor_core::ids::{MessageKey, Number, RoomId, Seq};
use parlor_core::policy::{self, Standing, Verb};
use parlor_core::room::{Access, Role};
use parlor_core::slot::Slot;
use parlor_core::text::Text;

use crate::counts::Counts;
use crate::executor::{Group, lock};

/// Somebody's look at a room through a node.
pub(crate) struct Look<'a> {
    pub(crate) reader: &'a str,
    pub(crate) who: Option<Author>,
    pub(crate) room: RoomId,
    /// How far the node had come when it was asked: what was amended up to there must be seen as amended.
    pub(crate) since: Seq,
}

impl fmt::Display for Look<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({:?}) in room {}, which had come to {}", self.reader, self.who, self.room, self.since)
    }
}

type RoleChange = (Seq, Option<Role>);

/// The logs as they were committed, and what was found wrong.
#[derive(Default)]
pub(crate) struct Oracle {
    facts: Mutex<Facts>,
}

#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) logs: BTreeMap<RoomId, Vec<Event>>,
    /// Where a key was used, with the body as it was posted.
    pub(crate) keys: BTreeMap<(RoomId, Author, MessageKey), (Seq, Body)>,
    /// The newest position of which somebody was told that it is stored.
    pub(crate) acknowledged: BTreeMap<RoomId, Seq>,
    /// The same, by the node's life that told it.
    pub(crate) told_by: BTreeMap<(Group, RoomId), Number>,
    /// Where every cursor stands, and who reads by it.
    pub(crate) standing: BTreeMap<String, (Option<Author>, Position)>,
    /// Who hangs for which message now.
    pub(crate) waiting: BTreeMap<String, (Author, RoomId, Number)>,
    /// Searches that are not answered.
    pub(crate) searching: u64,
    /// Which two people have which room of two.
    pub(crate) direct: BTreeMap<(Author, Author), RoomId>,
    /// The room that was made with a question.
    pub(crate) asks: Option<RoomId>,
    /// Where the right to read changed: for all, or for one.
    access: BTreeMap<RoomId, Vec<(Seq, Access)>>,
    roles: BTreeMap<(RoomId, Author), Vec<RoleChange>>,
    /// Every slot that a cursor was given, for as long as somebody holds it.
    given: Vec<Weak<Slot>>,
    violations: Vec<String>,
    pub(crate) counts: Counts,
}

impl Oracle {
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        lock(&self.facts)
    }

    /// The first thing found wrong.
    pub(crate) fn violation(&self) -> Option<String> {
        self.facts().violations.first().cloned()
    }

    pub(crate) fn has_violation(&self) -> bool {
        !self.facts().violations.is_empty()
    }

    pub(crate) fn must(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        self.facts().must(holds, otherwise);
    }

    /// What the store is about to answer for a draft, and has durably. (I1, I4)
    pub(crate) fn committed(&self, draft: &Draft, outcome: &Appended) {
        let mut facts = self.facts();
        match outcome {
            Appended::New { event, .. } => facts.take(draft, event),
            Appended::Duplicate(event) => {
                let known = draft.key.clone().and_then(|key| facts.keys.get(&(draft.room, draft.author, key)).cloned());
                let same = known.is_some_and(|(seq, body)| seq == event.seq && body == draft.body);
                facts.must(same, || format!("I4: {event:?} is no first answer to {draft:?}"));
            }
            _ => {}
        }
    }

    /// What a store that looks for keys too early finds.
    pub(crate) fn answer_of_key(&self, draft: &Draft) -> Option<Appended> {
        let facts = self.facts();
        let (seq, body) = facts.keys.get(&(draft.room, draft.author, draft.key.clone()?))?;
        let event = facts.event(draft.room, *seq)?.clone();
        Some(if *body == draft.body { Appended::Duplicate(event) } else { Appended::KeyConflict })
    }

    /// An event that a reader was given behind `last`. (I3, I6, I12)
    pub(crate) fn delivered(&self, look: &Look<'_>, last: Seq, slots: &[Arc<Slot>]) {
        let mut facts = self.facts();
        let mut expected = last;
        for slot in slots {
            expected = expected.next();
            let got = slot.event().seq;
            facts.must(got == expected, || format!("I6: {look} got {got}, not {expected}"));
            facts.seen(look, slot.event());
            facts.counts.delivered += 1;
            facts.given.push(Arc::downgrade(slot));
        }
    }

    /// Bytes of all slots that cursors were given and that somebody still holds, by the cache's own measure. (I13)
    pub(crate) fn bytes_held(&self) -> (usize, usize) {
        let mut facts = self.facts();
        facts.given.retain(|slot| slot.strong_count() > 0);
        let mut alive: Vec<Arc<Slot>> = facts.given.iter().filter_map(Weak::upgrade).collect();
        alive.sort_by_key(Arc::as_ptr);
        alive.dedup_by_key(|slot| Arc::as_ptr(slot));
        let weights = alive.iter().map(|slot| slot.weight());
        (weights.clone().sum(), weights.max().unwrap_or(0))
    }
}

impl Facts {
    pub(crate) fn must(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(otherwise());
        }
    }

    pub(crate) fn event(&self, room: RoomId, seq: Seq) -> Option<&Event> {
        self.logs.get(&room)?.get(usize::try_from(seq.0.checked_sub(1)?).ok()?)
    }

    pub(crate) fn log(&self, room: RoomId) -> &[Event] {
        self.logs.get(&room).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn head(&self, room: RoomId) -> Seq {
        self.log(room).last().map_or(Seq(0), |event| event.seq)
    }

    pub(crate) fn messages(&self, room: RoomId) -> Number {
        self.log(room).last().map_or(Number(0), |event| event.number)
    }

    pub(crate) fn is_closed(&self, room: RoomId) -> bool {
        self.log(room).last().is_some_and(|event| event.body == Body::Closed)
    }

    fn take(&mut self, draft: &Draft, event: &Event) {
        let room = draft.room;
        self.must(event.body == draft.body, || format!("I2: {draft:?} became {event:?}"));
        if let Some(key) = &draft.key {
            let first = self.keys.insert((room, draft.author, key.clone()), (event.seq, draft.body.clone()));
            self.must(first.is_none(), || format!("I4: {draft:?} was appended twice, at {first:?} and {}", event.seq));
        }
        self.take_event(event);
    }

    /// The next event of a log.
    pub(crate) fn take_event(&mut self, event: &Event) {
        let room = event.room;
        let (expected, closed) = (self.head(room).next(), self.is_closed(room));
        self.must(event.seq == expected, || format!("I1: room {room} goes on with {}, not {expected}", event.seq));
        let number = self.messages(room).0 + u64::from(event.body.is_message());
        self.must(event.number.0 == number, || format!("I1: room {room}: {event:?} should have number {number}"));
        self.must(!closed, || format!("room {room} went on after it was closed"));
        match &event.body {
            Body::Settings(change) => {
                self.access.entry(room).or_default().extend(change.access.map(|access| (event.seq, access)));
            }
            Body::Member { who, role } => self.roles.entry((room, *who)).or_default().push((event.seq, *role)),
            _ => {}
        }
        self.logs.entry(room).or_default().push(event.clone());
        self.counts.committed += 1;
    }

    /// Something that somebody was shown: it must be in the log, and be theirs to see. (I3, I12)
    pub(crate) fn seen(&mut self, look: &Look<'_>, event: &Event) {
        self.told(look, event);
        let may = self.may_read_between(look.room, look.who, Seq(event.seq.0.saturating_sub(1)), None);
        self.must(may, || format!("I12: {look} saw {event:?} after losing the right to"));
    }

    /// Something that somebody was told is in the log there, looking as its amendments allow. (I3)
    pub(crate) fn told(&mut self, look: &Look<'_>, event: &Event) {
        let committed = self.event(look.room, event.seq).cloned();
        let holds = committed.as_ref().is_some_and(|committed| self.may_look_like(committed, event, look.since));
        self.must(holds, || format!("I3: {look} saw {event:?}, where the log has {committed:?}"));
    }

    /// Whether an event can have looked so at some time from `since` on: as it was, or as an amendment left it.
    fn may_look_like(&self, committed: &Event, seen: &Event, since: Seq) -> bool {
        let target = match (&committed.body, &seen.body) {
            (Body::Message { .. }, _) => committed.number,
            (Body::Edit { target, .. }, _) => *target,
            _ => return committed == seen,
        };
        let mut bodies = vec![committed.body.clone()];
        for amendment in self.log(committed.room).iter().filter(|event| event.body.amends() == Some(target)) {
            if let Some(body) = amended(&committed.body, &amendment.body) {
                if amendment.seq <= since {
                    bodies.clear();
                }
                bodies.push(body);
            }
        }
        bodies.into_iter().any(|body| Event { body, ..committed.clone() } == *seen)
    }

    /// Whether somebody could read the room at any time from `first` to `last`, both positions of its log.
    pub(crate) fn may_read_between(&self, room: RoomId, who: Option<Author>, first: Seq, last: Option<Seq>) -> bool {
        let last = last.unwrap_or_else(|| self.head(room));
        let none = Vec::new();
        let access = self.access.get(&room).unwrap_or(&none);
        let no_roles = Vec::new();
        let roles = who.and_then(|who| self.roles.get(&(room, who))).unwrap_or(&no_roles);
        let changes = access.iter().map(|(seq, _)| *seq).chain(roles.iter().map(|(seq, _)| *seq));
        let moments = changes.filter(|seq| (first..=last).contains(seq)).chain([first]);
        moments.into_iter().any(|at| {
            let access = access.iter().rev().find(|(seq, _)| *seq <= at).map_or(self.made(room), |(_, access)| *access);
            let role = roles.iter().rev().find(|(seq, _)| *seq <= at).and_then(|(_, role)| *role);
            policy::check(Verb::Read, access, Standing::of(who, role)).is_ok()
        })
    }

    /// Whether somebody can have been refused a room. A node that is a little behind goes by the room's access as it was
    /// and by the role as it is, so any of the one may have met any of the other.
    pub(crate) fn was_ever_shut_out(&self, room: RoomId, who: Author) -> bool {
        let accesses = self.access.get(&room).into_iter().flatten().map(|(_, access)| *access).chain([self.made(room)]);
        let roles = self.roles.get(&(room, who)).into_iter().flatten().map(|(_, role)| *role).chain([None]);
        let roles: Vec<Option<Role>> = roles.collect();
        let mut met = accesses.flat_map(|access| roles.iter().map(move |role| (access, *role)));
        let refused = |(access, role)| policy::check(Verb::Read, access, Standing::of(Some(who), role)).is_err();
        self.is_closed(room) || met.any(refused)
    }

    /// Who could enter a room when it was made.
    fn made(&self, room: RoomId) -> Access {
        if self.asks == Some(room) { Access::Question } else { Access::Open }
    }

    /// Every word that was made for one text of a message, with the message's number.
    pub(crate) fn words(&self, room: RoomId) -> Vec<(Number, String)> {
        let word = |event: &Event| {
            let (number, text) = match &event.body {
                Body::Message { text, .. } => (event.number, text),
                Body::Edit { target, text } => (*target, text),
                _ => return None,
            };
            Some((number, text.as_str().split_whitespace().next()?.to_owned()))
        };
        self.log(room).iter().filter_map(word).collect()
    }

    /// The log as it must stand now: with everything amended in place that was amended.
    pub(crate) fn folded(&self, room: RoomId) -> Vec<Event> {
        let mut log = self.log(room).to_vec();
        for amendment in self.log(room) {
            let Some(target) = amendment.body.amends() else { continue };
            for event in &mut log {
                let concerns = event.body.is_message() && event.number == target
                    || matches!(&event.body, Body::Edit { target: edited, .. } if *edited == target);
                if let Some(body) = concerns.then(|| amended(&event.body, &amendment.body)).flatten() {
                    event.body = body;
                }
            }
        }
        log
    }
}

/// What an amendment makes of the message that it names, and of the message's earlier edits.
fn amended(of: &Body, by: &Body) -> Option<Body> {
    match (of, by) {
        (Body::Message { reply_to, .. }, Body::Edit { text, .. }) => {
            Some(Body::Message { text: text.clone(), reply_to: *reply_to, state: MessageState::Edited })
        }
        (Body::Message { reply_to, .. }, Body::Redaction { .. }) => {
            Some(Body::Message { text: Text::default(), reply_to: *reply_to, state: MessageState::Redacted })
        }
        (Body::Edit { target, .. }, Body::Redaction { .. }) => {
            Some(Body::Edit { target: *target, text: Text::default() })
        }
        _ => None,
    }
}
