//! Appending to the logs: the SQL of a post.

use parlor_core::Fault;
use parlor_core::event::{Appended, Author, Body, Draft, Event, Imported, MessageState, NameChoice};
use parlor_core::ids::{MessageKey, Number, RoomId, Seq, Timestamp};
use parlor_core::ports::SYSTEM_NAME;
use parlor_core::room::{Head, Role, SettingsChange};
use parlor_core::text::DisplayName;
use rusqlite::{OptionalExtension, params};

use super::fault::{Result, corrupt};
use super::rows::{cells, event_sum, fingerprint, int, place_of, row_id};
use super::writer::{LiveHead, Tx, Writer};
use super::{guests, logs};

/// Appends a batch: one transaction, one flush.
///
/// Refusals are found before anything of a draft is written, so they need no savepoint. When a statement fails all the
/// same, the batch is undone and each draft has a transaction of its own: a damaged page fails the drafts that meet it.
pub(super) fn append(writer: &mut Writer, drafts: &[Draft]) -> std::result::Result<Vec<Appended>, Fault> {
    match writer.write(|tx| drafts.iter().map(|draft| tx.append(draft)).collect()) {
        Err(fault @ (Fault::Corrupt(_) | Fault::Internal(_))) if drafts.len() > 1 => {
            tracing::warn!(%fault, drafts = drafts.len(), "a batch failed; its drafts are appended one by one");
            let alone = |draft| writer.write(|tx| tx.append(draft)).unwrap_or_else(Appended::Failed);
            Ok(drafts.iter().map(alone).collect())
        }
        done => done,
    }
}

impl Tx<'_> {
    /// Appends one draft, or says why not. The order of the questions is part of the contract (see core's `Store`).
    fn append(&mut self, draft: &Draft) -> Result<Appended> {
        let room = draft.room;
        let Some(live) = self.head(room)? else { return Ok(Appended::NoRoom) };
        if let Some(key) = &draft.key
            && let Some((seq, posted)) = self.first_use(room, draft.author, key)?
        {
            return Ok(if posted == fingerprint(&draft.body) {
                Appended::Duplicate(logs::event(self.db, room, seq)?)
            } else {
                Appended::KeyConflict
            });
        }
        if live.head.closed {
            return Ok(Appended::NoRoom);
        }
        let Some(target) = self.target(live, room, &draft.body)? else { return Ok(Appended::NoTarget) };
        if self.takes_taken_name(room, &draft.body)? {
            return Ok(Appended::NameTaken);
        }
        let body = as_posted(&draft.body);
        let name = self.choose_name(draft.author, &draft.name, &body)?;
        let event = self.place(live, room, draft.author, name, body, draft.now);
        self.insert(&event, draft.key.as_ref())?;
        let amended = self.project(&event, target)?;
        Ok(Appended::New { event, amended })
    }

    /// Appends what happened elsewhere, if the log ends at `after`.
    pub(super) fn import(&mut self, room: RoomId, after: Seq, entries: Vec<Imported>) -> Result<Option<Head>> {
        let ends_there = |live: &LiveHead| !live.head.closed && live.head.seq == after;
        let Some(mut live) = self.head(room)?.filter(ends_there) else { return Ok(None) };
        for Imported { at, author, name, body } in entries {
            let mut body = as_posted(&body);
            let target = match (self.target(live, room, &body)?, &mut body) {
                (Some(target), _) => target,
                // What it answers is not here: it is said all the same.
                (None, Body::Message { reply_to, .. }) => {
                    *reply_to = None;
                    Target::None
                }
                (None, _) => continue,
            };
            if self.takes_taken_name(room, &body)? {
                continue;
            }
            let event = self.place(live, room, author, name, body, at);
            self.insert(&event, None)?;
            self.project(&event, target)?;
            live = self.head(room)?.ok_or_else(|| corrupt(format_args!("room {room} has lost its head")))?;
            if live.head.closed {
                break;
            }
        }
        Ok(Some(live.head))
    }

    fn takes_taken_name(&mut self, room: RoomId, body: &Body) -> Result<bool> {
        match body {
            Body::Settings(SettingsChange { name: Some(name), .. }) => self.name_is_taken(name.as_str(), Some(room)),
            _ => Ok(false),
        }
    }

    /// Changes a role by an event of the system; nothing in a room that is closed.
    pub(super) fn change_role(&mut self, room: RoomId, who: Author, role: Option<Role>, now: Timestamp) -> Result<()> {
        let Some(live) = self.head(room)?.filter(|live| !live.head.closed) else { return Ok(()) };
        let name = DisplayName::stored(SYSTEM_NAME.to_owned());
        let event = self.place(live, room, Author::System, name, Body::Member { who, role }, now);
        self.insert(&event, None)?;
        self.project(&event, Target::None)?;
        Ok(())
    }

    /// Where a key was used first, and for what.
    fn first_use(&mut self, room: RoomId, author: Author, key: &MessageKey) -> Result<Option<(Seq, i64)>> {
        let sql = "SELECT id, fingerprint FROM events WHERE room = ?1 AND author = ?2 AND key = ?3";
        let mut statement = self.db.prepare_cached(sql)?;
        let found = statement.query_row(params![int(room.0), author.code(), key.as_str()], |row| {
            Ok((Seq(place_of(row.get(0)?)), row.get(1)?))
        });
        Ok(found.optional()?)
    }

    /// The message that the draft needs, if it needs one and it is there.
    fn target(&mut self, live: LiveHead, room: RoomId, body: &Body) -> Result<Option<Target>> {
        let (number, may_be_deleted) = match body {
            Body::Message { reply_to: Some(number), .. } => (*number, true),
            Body::Edit { target, .. } | Body::Redaction { target } | Body::Reaction { target, .. } => (*target, false),
            Body::Message { reply_to: None, .. } | Body::Settings(_) | Body::Member { .. } | Body::Closed => {
                return Ok(Some(Target::None));
            }
        };
        let Some(message) = logs::message(self.db, live.head, room, number)? else { return Ok(None) };
        let is_deleted = matches!(message.body, Body::Message { state: MessageState::Redacted, .. });
        Ok((may_be_deleted || !is_deleted).then_some(Target::Message(Box::new(message))))
    }

    /// The name for an event; notes that a guest spoke, and under which name.
    fn choose_name(&mut self, author: Author, choice: &NameChoice, body: &Body) -> Result<DisplayName> {
        let (NameChoice::Given(given) | NameChoice::RememberedOr(given)) = choice;
        let Author::Guest(id) = author else { return Ok(given.clone()) };
        let is_given = matches!(choice, NameChoice::Given(_));
        if is_given && !body.is_message() {
            return Ok(given.clone());
        }
        let known = self.guest(id)?;
        let remembered = known.and_then(|guest| guest.name.clone());
        let is_news = known.is_none() || is_given && remembered.as_ref() != Some(given);
        if body.is_message() && is_news {
            let account = known.and_then(|guest| guest.account);
            let name = if is_given { Some(given.clone()) } else { None };
            self.write_guest(guests::guest_of(id, name, account))?;
        }
        Ok(if is_given { given.clone() } else { remembered.unwrap_or_else(|| given.clone()) })
    }

    /// Gives the next position to what was found to be right, and moves the head there.
    fn place(
        &mut self,
        mut live: LiveHead,
        room: RoomId,
        author: Author,
        name: DisplayName,
        body: Body,
        now: Timestamp,
    ) -> Event {
        let head = &mut live.head;
        head.at = if head.seq == Seq(0) { now } else { now.max(Timestamp(head.at.0.saturating_add(1))) };
        head.seq = head.seq.next();
        if body.is_message() {
            head.number = head.number.next();
        }
        head.closed = body == Body::Closed;
        let event = Event { room, seq: head.seq, number: head.number, at: head.at, author, name, body };
        self.move_head(room, live);
        event
    }

    fn insert(&mut self, event: &Event, key: Option<&MessageKey>) -> Result<()> {
        let sql = "INSERT INTO events \
                   (id, room, number, at, author, name, kind, target, detail, text, key, fingerprint, sum) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let body = cells(&event.body);
        self.db.prepare_cached(sql)?.execute(params![
            row_id(event.room, event.seq.0)?,
            int(event.room.0),
            int(event.number.0),
            event.at.0,
            event.author.code(),
            event.name.as_str(),
            body.kind,
            body.target,
            body.detail,
            body.text,
            key.map(MessageKey::as_str),
            key.map(|_| fingerprint(&event.body)),
            event_sum(event),
        ])?;
        Ok(())
    }
}

/// What a draft works on.
pub(super) enum Target {
    /// Nothing.
    None,
    /// This message, as it stood before.
    Message(Box<Event>),
}

impl Target {
    /// The message with this number, if it is that.
    pub(super) fn message(self, number: Number) -> Option<Event> {
        match self {
            Target::Message(event) if event.number == number => Some(*event),
            _ => None,
        }
    }
}

/// A new message was never changed yet, whatever its draft says.
fn as_posted(body: &Body) -> Body {
    match body {
        Body::Message { text, reply_to, state: _ } => Body::message(text.clone(), *reply_to),
        other => other.clone(),
    }
}
