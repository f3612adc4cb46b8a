//! What a log says about its projections, worked out from its events alone: `check` compares the two.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Author, Body, Event, MessageState};
use crate::ids::{Number, RoomId};
use crate::room::{Head, Role, Room, SettingsChange};
use crate::text::Text;

/// A reader of one room's whole log, from its first event on. Holds what was amended or reacted to, not the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    room: RoomId,
    head: Head,
    settings: SettingsChange,
    roles: BTreeMap<i64, Role>,
    reactions: BTreeSet<(Number, String, i64)>,
    /// What the messages themselves say of their state, for those that say anything but "as posted".
    amended: BTreeMap<Number, (MessageState, Text)>,
    /// What the edits and redactions say of them.
    amendments: BTreeMap<Number, (MessageState, Text)>,
    /// Messages of which an edit still holds a text.
    edits_with_text: BTreeSet<Number>,
    /// What was wrong with the log itself.
    damage: Vec<String>,
}

impl Fold {
    /// Before the first event of this room's log.
    #[must_use]
    pub fn new(room: RoomId) -> Fold {
        Fold {
            room,
            head: Head::default(),
            settings: SettingsChange::default(),
            roles: BTreeMap::new(),
            reactions: BTreeSet::new(),
            amended: BTreeMap::new(),
            amendments: BTreeMap::new(),
            damage: Vec::new(),
            edits_with_text: BTreeSet::new(),
        }
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        self.take_position(event);
        match &event.body {
            Body::Message { state: MessageState::Posted, .. } => {}
            Body::Message { text, state, .. } => {
                self.amended.insert(event.number, (*state, text.clone()));
            }
            Body::Edit { target, text } => {
                self.amendments.insert(*target, (MessageState::Edited, text.clone()));
                if !text.as_str().is_empty() {
                    self.edits_with_text.insert(*target);
                }
            }
            Body::Redaction { target } => {
                self.amendments.insert(*target, (MessageState::Redacted, Text::default()));
                self.reactions.retain(|(number, _, _)| number != target);
                if self.edits_with_text.contains(target) {
                    self.damage.push(format!("room {}: an edit of the deleted message {target} has a text", self.room));
                }
            }
            Body::Reaction { target, emoji, on } => {
                let entry = (*target, emoji.as_str().to_owned(), event.author.code());
                if *on {
                    self.reactions.insert(entry);
                } else {
                    self.reactions.remove(&entry);
                }
            }
            Body::Settings(change) => self.take_settings(change),
            Body::Member { who, role: Some(role) } => {
                self.roles.insert(who.code(), *role);
            }
            Body::Member { who, role: None } => {
                self.roles.remove(&who.code());
            }
            Body::Closed => self.head.closed = true,
        }
    }

    /// What disagrees between the log that was taken and the room's projections, one sentence each.
    /// `roles` and `reactions` are all that the store has for the room.
    #[must_use]
    pub fn compare(
        &self,
        room: &Room,
        roles: &[(Author, Role)],
        reactions: &[(Number, String, Author)],
    ) -> Vec<String> {
        let id = self.room;
        let mut damage = self.damage.clone();
        let mut must_hold = |holds: bool, sentence: String| {
            if !holds {
                damage.push(sentence);
            }
        };
        must_hold(
            room.head == self.head,
            format!("room {id}: its head is {:?}, its log's is {:?}", room.head, self.head),
        );
        let mut changed = room.clone();
        changed.apply(&self.settings);
        if self.head.closed {
            changed.end();
        }
        must_hold(changed == *room, format!("room {id}: its settings are not those of its log"));
        must_hold(room.indexed <= room.head.seq, format!("room {id}: its search index is ahead of its log"));
        let mut ended = room.clone();
        ended.end();
        must_hold(!room.head.closed || ended == *room, format!("room {id}: it is closed and can still be found"));
        let two = room.direct.into_iter().flat_map(|(low, high)| [low, high]);
        let mut strangers = two.filter(|who| !self.roles.contains_key(&who.code()));
        must_hold(strangers.next().is_none(), format!("room {id}: it is a room of two without one of them"));
        must_hold(room.has_members != self.roles.is_empty(), format!("room {id}: it is wrong about having members"));
        let roles: BTreeMap<i64, Role> = roles.iter().map(|(who, role)| (who.code(), *role)).collect();
        must_hold(roles == self.roles, format!("room {id}: its members are not those of its log"));
        let reactions: BTreeSet<_> =
            reactions.iter().map(|(number, emoji, who)| (*number, emoji.clone(), who.code())).collect();
        must_hold(reactions == self.reactions, format!("room {id}: its reactions are not those of its log"));
        for number in self.amended.keys().chain(self.amendments.keys()).collect::<BTreeSet<_>>() {
            let same = self.amended.get(number) == self.amendments.get(number);
            must_hold(same, format!("room {id}: message {number} is not what its edits made it"));
        }
        damage
    }

    fn take_position(&mut self, event: &Event) {
        let (id, seq) = (self.room, event.seq);
        if event.room != id || event.seq != self.head.seq.next() {
            self.damage.push(format!("room {id}: {} is followed by {seq} of room {}", self.head.seq, event.room));
        }
        let number = if event.body.is_message() { self.head.number.next() } else { self.head.number };
        if event.number != number {
            self.damage.push(format!("room {id}: the event {seq} has the number {}, not {number}", event.number));
        }
        if self.head.seq.0 > 0 && event.at <= self.head.at {
            self.damage.push(format!("room {id}: the event {seq} is not later than the one before it"));
        }
        if self.head.closed {
            self.damage.push(format!("room {id}: the event {seq} came after the room was closed"));
        }
        (self.head.seq, self.head.number, self.head.at) = (event.seq, event.number, event.at);
    }

    fn take_settings(&mut self, change: &SettingsChange) {
        if change.name.is_some() {
            self.settings.name.clone_from(&change.name);
        }
        if change.subject.is_some() {
            self.settings.subject.clone_from(&change.subject);
        }
        self.settings.listed = change.listed.or(self.settings.listed);
        self.settings.access = change.access.or(self.settings.access);
        self.settings.archive = change.archive.or(self.settings.archive);
        if change.time_zone.is_some() {
            self.settings.time_zone.clone_from(&change.time_zone);
        }
    }
}
