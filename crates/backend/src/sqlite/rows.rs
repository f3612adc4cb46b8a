//! Rows to values and back, each with its checksum: what a disk changed is found before anybody sees it.

use std::borrow::Cow;

use parlor_core::Fault;
use parlor_core::days::TimeZone;
use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::{Number, RoomId, Seq, Timestamp};
use parlor_core::names::RoomName;
use parlor_core::room::{Access, Role, SettingsChange};
use parlor_core::text::{DisplayName, Emoji, Subject, Text};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use xxhash_rust::xxh3::xxh3_64;

use super::fault::{Error, Result, corrupt};

/// `kind` of a message; the schema's partial indexes name the first two.
pub(super) const MESSAGE: i64 = 0;
const EDIT: i64 = 1;
const REDACTION: i64 = 2;
const REACTION: i64 = 3;
const SETTINGS: i64 = 4;
const MEMBER: i64 = 5;
const CLOSED: i64 = 6;

/// In a settings event's `detail`: the first line of its `text` is the name of the room's new time zone; what else there is
/// follows in lines of its own, as it would stand without it.
const ZONED: i64 = 1 << 7;

/// In a settings event's `detail`: its `text` is the room's new name, and in a line of its own the subject, if that changed.
/// Without it the text is the subject.
const NAMED: i64 = 1 << 4;

/// A body as columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cells<'a> {
    pub(super) kind: i64,
    pub(super) target: Option<i64>,
    pub(super) detail: i64,
    pub(super) text: Option<Cow<'a, str>>,
}

/// A number as SQLite holds it. What is beyond 2^63 - 1 is beyond everything that is stored.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How many rows at most.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A count or id of a row whose checksum was right.
pub(super) fn uint(number: i64) -> u64 {
    number.cast_unsigned()
}

/// Bits of a row's id that a position or number in a room takes; the room's own number stands above them.
const PLACE_BITS: u32 = 32;

/// The id of the row for a place in a room: rows of one room are one range, in order.
///
/// # Errors
/// `Internal` beyond 2^31 rooms or 2^32 places in one.
pub(super) fn row_id(room: RoomId, place: u64) -> Result<i64> {
    let fits = room.0 < 1 << (63 - PLACE_BITS) && place < 1 << PLACE_BITS;
    let too_many = || Fault::Internal(format!("the store has no row for place {place} of room {room}"));
    if fits { Ok(int(room.0 << PLACE_BITS | place)) } else { Err(too_many().into()) }
}

/// The place in its room of a row with this id.
pub(super) fn place_of(id: i64) -> u64 {
    uint(id) & ((1 << PLACE_BITS) - 1)
}

/// A checksum over cells, each with its kind and length, so that no two rows are told by the same bytes.
#[derive(Default)]
pub(super) struct Sum(Vec<u8>);

impl Sum {
    pub(super) fn int(mut self, cell: i64) -> Sum {
        self.0.push(1);
        self.0.extend_from_slice(&cell.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, cell: &[u8]) -> Sum {
        self.0.push(2);
        self.0.extend_from_slice(&(cell.len() as u64).to_le_bytes());
        self.0.extend_from_slice(cell);
        self
    }

    pub(super) fn text(self, cell: &str) -> Sum {
        self.bytes(cell.as_bytes())
    }

    pub(super) fn maybe_int(mut self, cell: Option<i64>) -> Sum {
        match cell {
            Some(cell) => self.int(cell),
            None => {
                self.0.push(0);
                self
            }
        }
    }

    pub(super) fn maybe_text(mut self, cell: Option<&str>) -> Sum {
        match cell {
            Some(cell) => self.text(cell),
            None => {
                self.0.push(0);
                self
            }
        }
    }

    pub(super) fn end(self) -> i64 {
        xxh3_64(&self.0).cast_signed()
    }

    /// Compares with what a row says.
    pub(super) fn check(self, sum: i64, what: impl FnOnce() -> String) -> Result<()> {
        if self.end() == sum { Ok(()) } else { Err(corrupt(format_args!("{} does not match its checksum", what()))) }
    }
}

/// The cells of a row, by place; a cell of another type is damage.
pub(super) struct Line<'a>(pub(super) &'a Row<'a>);

impl<'a> Line<'a> {
    pub(super) fn int(&self, place: usize) -> Result<i64> {
        Ok(self.0.get_ref(place)?.as_i64()?)
    }

    pub(super) fn maybe_int(&self, place: usize) -> Result<Option<i64>> {
        Ok(self.0.get_ref(place)?.as_i64_or_null()?)
    }

    pub(super) fn text(&self, place: usize) -> Result<&'a str> {
        Ok(self.0.get_ref(place)?.as_str()?)
    }

    pub(super) fn maybe_text(&self, place: usize) -> Result<Option<&'a str>> {
        Ok(self.0.get_ref(place)?.as_str_or_null()?)
    }

    pub(super) fn bytes(&self, place: usize) -> Result<&'a [u8]> {
        match self.0.get_ref(place)? {
            ValueRef::Blob(bytes) => Ok(bytes),
            _ => Err(corrupt("a cell that should hold bytes holds something else")),
        }
    }
}

/// The checksum of an event's row.
pub(super) fn event_sum(event: &Event) -> i64 {
    let (cells, name) = (cells(&event.body), event.name.as_str());
    let position = [int(event.room.0), int(event.seq.0), int(event.number.0), event.at.0, event.author.code()];
    sum_of(position, name, &cells).end()
}

/// What a retry with the same key is compared with: a message's state is that of its posting.
pub(super) fn fingerprint(body: &Body) -> i64 {
    let cells = cells(body);
    let detail = if cells.kind == MESSAGE { 0 } else { cells.detail };
    Sum::default().int(cells.kind).maybe_int(cells.target).int(detail).maybe_text(cells.text.as_deref()).end()
}

fn sum_of(position: [i64; 5], name: &str, cells: &Cells<'_>) -> Sum {
    let text = cells.text.as_deref();
    let length = name.len() + text.map_or(0, str::len);
    let sum = position.into_iter().fold(Sum(Vec::with_capacity(length + 128)), Sum::int);
    sum.text(name).int(cells.kind).maybe_int(cells.target).int(cells.detail).maybe_text(text)
}

/// A body as columns.
pub(super) fn cells(body: &Body) -> Cells<'_> {
    fn cells(kind: i64, target: Option<i64>, detail: i64, text: Option<&str>) -> Cells<'_> {
        Cells { kind, target, detail, text: text.map(Cow::Borrowed) }
    }
    match body {
        Body::Message { text, reply_to, state } => {
            let state = match state {
                MessageState::Posted => 0,
                MessageState::Edited => 1,
                MessageState::Redacted => 2,
            };
            cells(MESSAGE, reply_to.map(|number| int(number.0)), state, Some(text.as_str()))
        }
        Body::Edit { target, text } => cells(EDIT, Some(int(target.0)), 0, Some(text.as_str())),
        Body::Redaction { target } => cells(REDACTION, Some(int(target.0)), 0, None),
        Body::Reaction { target, emoji, on } => {
            cells(REACTION, Some(int(target.0)), i64::from(*on), Some(emoji.as_str()))
        }
        Body::Settings(change) => {
            // Two bits for each: nothing, or the value's code plus 1.
            let listed = change.listed.map_or(0, |listed| i64::from(listed) + 1);
            let access = change.access.map_or(0, |access| access.code() + 1);
            let archive = change.archive.map_or(0, |archive| i64::from(archive) + 1);
            let named = if change.name.is_some() { NAMED } else { 0 };
            let zoned = if change.time_zone.is_some() { ZONED } else { 0 };
            let detail = listed | access << 2 | named | archive << 5 | zoned;
            Cells { kind: SETTINGS, target: None, detail, text: settings_text(change) }
        }
        Body::Member { who, role } => cells(MEMBER, Some(who.code()), role.map_or(-1, Role::code), None),
        Body::Closed => cells(CLOSED, None, 0, None),
    }
}

/// The event of a row as `logs.rs` selects them, if its checksum is right.
///
/// # Errors
/// `Corrupt`, naming room and position as the row has them.
pub(super) fn event(row: &Row<'_>, room: RoomId) -> Result<Event> {
    let seq = Line(row).int(0).map(place_of)?;
    read_event(row, room).map_err(|error| match error {
        Error::Fault(Fault::Corrupt(what)) => corrupt(format_args!("room {room}, event {seq}: {what}")),
        other => other,
    })
}

fn read_event(row: &Row<'_>, room: RoomId) -> Result<Event> {
    let row = Line(row);
    let (id, number, at, author) = (row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
    let seq = int(place_of(id));
    let name = row.text(4)?;
    let text = row.maybe_text(8)?.map(Cow::Borrowed);
    let cells = Cells { kind: row.int(5)?, target: row.maybe_int(6)?, detail: row.int(7)?, text };
    sum_of([int(room.0), seq, number, at, author], name, &cells).check(row.int(9)?, || "the row".to_owned())?;
    Ok(Event {
        room,
        seq: Seq(uint(seq)),
        number: Number(uint(number)),
        at: Timestamp(at),
        author: Author::from_code(author),
        name: DisplayName::stored(name.to_owned()),
        body: body(&cells).ok_or_else(|| corrupt(format_args!("no event has the kind {}", cells.kind)))?,
    })
}

fn body(cells: &Cells<'_>) -> Option<Body> {
    let target = cells.target.map(|number| Number(uint(number)));
    let text = cells.text.as_deref().map(|text| Text::stored(text.to_owned()));
    Some(match cells.kind {
        MESSAGE => {
            let state = match cells.detail {
                0 => MessageState::Posted,
                1 => MessageState::Edited,
                2 => MessageState::Redacted,
                _ => return None,
            };
            Body::Message { text: text?, reply_to: target, state }
        }
        EDIT => Body::Edit { target: target?, text: text? },
        REDACTION => Body::Redaction { target: target? },
        REACTION => Body::Reaction {
            target: target?,
            emoji: Emoji::stored(cells.text.as_deref()?.to_owned()),
            on: cells.detail == 1,
        },
        SETTINGS => Body::Settings(settings(cells)?),
        MEMBER => Body::Member {
            who: Author::from_code(cells.target?),
            role: match cells.detail {
                -1 => None,
                code => Some(Role::from_code(code).ok()?),
            },
        },
        CLOSED => Body::Closed,
        _ => return None,
    })
}

fn settings_text(change: &SettingsChange) -> Option<Cow<'_, str>> {
    let zone = change.time_zone.as_ref().map(TimeZone::as_str);
    let name = change.name.as_ref().map(RoomName::as_str);
    let subject = change.subject.as_ref().map(Subject::as_str);
    // Neither a zone nor a name has a line end, so each ends where its line does.
    let lines: Vec<&str> = [zone, name, subject].into_iter().flatten().collect();
    match lines[..] {
        [] => None,
        [line] => Some(Cow::Borrowed(line)),
        _ => Some(Cow::Owned(lines.join("\n"))),
    }
}

fn settings(cells: &Cells<'_>) -> Option<SettingsChange> {
    let mut rest = cells.text.as_deref();
    let mut line = |is_there: bool| -> Option<Option<&str>> {
        if !is_there {
            return Some(None);
        }
        let (first, others) = rest?.split_once('\n').map_or((rest?, None), |(first, others)| (first, Some(others)));
        rest = others;
        Some(Some(first))
    };
    let zone = line(cells.detail & ZONED != 0)?;
    let name = line(cells.detail & NAMED != 0)?;
    let [listed, access, archive] = [0, 2, 5].map(|bit| cells.detail >> bit & 3);
    Some(SettingsChange {
        name: name.map(|name| RoomName::find(name).ok_or(())).transpose().ok()?,
        subject: rest.map(|text| Subject::stored(text.to_owned())),
        listed: (listed != 0).then_some(listed == 2),
        access: if access == 0 { None } else { Some(Access::from_code(access - 1).ok()?) },
        archive: (archive != 0).then_some(archive == 2),
        time_zone: zone.map(TimeZone::stored),
    })
}
