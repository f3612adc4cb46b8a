//! Appending to the model's logs, and the projections that move with them.

use super::{State, place};
use crate::account::Guest;
use crate::event::{Appended, Author, Body, Draft, Event, Imported, MessageState, NameChoice};
use crate::ids::{Number, RoomId, Seq, Timestamp};
use crate::model::fold::Fold;
use crate::ports::SYSTEM_NAME;
use crate::room::{Head, Role, Room, SettingsChange};
use crate::text::{DisplayName, Text};

impl State {
    /// Appends one draft, or says why not. The order of the questions is part of the contract (see `Store::append`).
    pub(super) fn append(&mut self, draft: Draft) -> Appended {
        let Some(room) = self.room(draft.room) else { return Appended::NoRoom };
        let closed = room.head.closed;
        let posted = as_posted(draft.body);
        if let Some(key) = &draft.key
            && let Some((seq, first)) = self.keys.get(&(draft.room, draft.author, key.clone()))
        {
            return if *first == posted {
                Appended::Duplicate(self.log(draft.room)[seq.0 as usize - 1].clone())
            } else {
                Appended::KeyConflict
            };
        }
        if closed {
            return Appended::NoRoom;
        }
        if !self.target_is_there(draft.room, &posted) {
            return Appended::NoTarget;
        }
        if self.takes_taken_name(draft.room, &posted) {
            return Appended::NameTaken;
        }
        let name = self.choose_name(draft.author, draft.name, &posted);
        let event = self.write(draft.room, draft.author, name, posted.clone(), draft.now);
        if let Some(key) = draft.key {
            self.keys.insert((draft.room, draft.author, key), (event.seq, posted));
        }
        let amended = event.body.amends().and_then(|target| self.message(draft.room, target)).cloned();
        Appended::New { event, amended }
    }

    /// Appends what happened elsewhere, if the log ends at `after`.
    pub(super) fn import(&mut self, id: RoomId, after: Seq, entries: Vec<Imported>) -> Option<Head> {
        let ends_there = |room: &&Room| !room.head.closed && room.head.seq == after;
        self.room(id).filter(ends_there)?;
        for Imported { at, author, name, body } in entries {
            let mut body = as_posted(body);
            if let Body::Message { reply_to, .. } = &mut body {
                *reply_to = reply_to.filter(|number| self.message(id, *number).is_some());
            }
            let is_closed = self.room(id).is_none_or(|room| room.head.closed);
            if !is_closed && self.target_is_there(id, &body) && !self.takes_taken_name(id, &body) {
                self.write(id, author, name, body, at);
            }
        }
        self.room(id).map(|room| room.head)
    }

    fn takes_taken_name(&self, room: RoomId, body: &Body) -> bool {
        matches!(body, Body::Settings(SettingsChange { name: Some(name), .. })
            if self.name_is_taken(name.as_str(), Some(room)))
    }

    /// Makes someone a member of a room, or takes the role away, by an event of the system. The room is open.
    pub(super) fn change_role(&mut self, room: RoomId, who: Author, role: Option<Role>, now: Timestamp) {
        let name = DisplayName::stored(SYSTEM_NAME.to_owned());
        self.write(room, Author::System, name, Body::Member { who, role }, now);
    }

    pub(super) fn message(&self, room: RoomId, number: Number) -> Option<&Event> {
        self.log(room).iter().find(|event| event.body.is_message() && event.number == number)
    }

    /// What is wrong between the logs and their projections, one sentence each.
    pub(super) fn check(&self) -> Vec<String> {
        let mut damage = Vec::new();
        for (room, log) in self.rooms.iter().zip(&self.logs) {
            let mut fold = Fold::new(room.id);
            log.iter().for_each(|event| fold.take(event));
            let roles = self.members(room.id, None, usize::MAX);
            let reactions = self.reactions.range((room.id, Number(0))..=(room.id, Number(u64::MAX)));
            let reactions = reactions.flat_map(|((_, number), has)| {
                has.iter().map(|(emoji, code)| (*number, emoji.clone(), Author::from_code(*code)))
            });
            damage.extend(fold.compare(room, &roles, &reactions.collect::<Vec<_>>()));
        }
        damage
    }

    fn target_is_there(&self, room: RoomId, body: &Body) -> bool {
        let state_of = |number: Number| match &self.message(room, number)?.body {
            Body::Message { state, .. } => Some(*state),
            _ => None,
        };
        match body {
            Body::Message { reply_to: Some(number), .. } => state_of(*number).is_some(),
            Body::Edit { target, .. } | Body::Redaction { target } | Body::Reaction { target, .. } => {
                state_of(*target).is_some_and(|state| state != MessageState::Redacted)
            }
            Body::Message { reply_to: None, .. } | Body::Settings(_) | Body::Member { .. } | Body::Closed => true,
        }
    }

    /// The name for an event; notes that a guest spoke, and under which name.
    fn choose_name(&mut self, author: Author, choice: NameChoice, body: &Body) -> DisplayName {
        let Author::Guest(id) = author else {
            let (NameChoice::Given(name) | NameChoice::RememberedOr(name)) = choice;
            return name;
        };
        let remembered = self.guests.get(&id).and_then(|guest| guest.name.clone());
        let (name, remember) = match choice {
            NameChoice::Given(name) => (name.clone(), Some(name)),
            NameChoice::RememberedOr(name) => (remembered.clone().unwrap_or(name), remembered),
        };
        if body.is_message() {
            self.guests.entry(id).or_insert(Guest { id, name: None, account: None }).name = remember;
        }
        name
    }

    /// Writes what was found to be right. The room exists and is open.
    fn write(&mut self, room: RoomId, author: Author, name: DisplayName, body: Body, now: Timestamp) -> Event {
        let place = place(room).expect("the room was found by this number");
        let head = &mut self.rooms[place].head;
        head.at = if head.seq == Seq(0) { now } else { now.max(Timestamp(head.at.0 + 1)) };
        head.seq = head.seq.next();
        if body.is_message() {
            head.number = head.number.next();
        }
        let event = Event { room, seq: head.seq, number: head.number, at: head.at, author, name, body };
        self.logs[place].push(event.clone());
        self.project(place, &event);
        event
    }

    fn project(&mut self, place: usize, event: &Event) {
        let room = event.room;
        match &event.body {
            Body::Message { .. } => {}
            Body::Edit { target, text } => self.amend(place, *target, text, MessageState::Edited),
            Body::Redaction { target } => {
                let blank = Text::default();
                self.amend(place, *target, &blank, MessageState::Redacted);
                for event in &mut self.logs[place] {
                    if let Body::Edit { target: edited, text } = &mut event.body
                        && edited == target
                    {
                        *text = blank.clone();
                    }
                }
                self.reactions.remove(&(room, *target));
            }
            Body::Reaction { target, emoji, on } => {
                let entry = (emoji.as_str().to_owned(), event.author.code());
                let on_message = self.reactions.entry((room, *target)).or_default();
                if *on {
                    on_message.insert(entry);
                } else {
                    on_message.remove(&entry);
                }
            }
            Body::Settings(change) => self.rooms[place].apply(change),
            Body::Member { who, role } => {
                match role {
                    Some(role) => self.roles.insert((room, who.code()), *role),
                    None => self.roles.remove(&(room, who.code())),
                };
                self.rooms[place].has_members = self.roles.keys().any(|(of, _)| *of == room);
                if role.is_none() {
                    self.rooms[place].part(*who);
                }
                if role.is_none_or(|role| role == Role::Banned) {
                    self.invitations.retain(|_, made| made.room != room || made.by != *who);
                }
            }
            Body::Closed => {
                self.rooms[place].head.closed = true;
                self.rooms[place].end();
                self.invitations.retain(|_, made| made.room != room);
            }
        }
    }

    fn amend(&mut self, place: usize, number: Number, new: &Text, became: MessageState) {
        let message = self.logs[place].iter_mut().find(|event| event.number == number);
        if let Some(Event { body: Body::Message { text, state, .. }, .. }) = message {
            *text = new.clone();
            *state = became;
        }
    }
}

/// What a retry is compared with: a draft's message was never changed yet, whatever it says of itself.
fn as_posted(body: Body) -> Body {
    match body {
        Body::Message { text, reply_to, state: _ } => Body::message(text, reply_to),
        other => other,
    }
}
