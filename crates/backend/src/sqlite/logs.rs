//! Reading the logs. Every read knows how far the log reaches and that it has no hole, so a lost row is found, not skipped.

use parlor_core::event::{Author, Event};
use parlor_core::ids::{MessageKey, Number, RoomId, Seq, Timestamp};
use parlor_core::room::Head;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::{Result, corrupt};
use super::project::reaction_sum;
use super::rooms;
use super::rows::{self, Line, int, limit, uint};

/// Messages that may be read past without being asked for, for each that is: beyond that, each message is looked up.
const SPARSE: u64 = 4;

/// The columns that [`rows::event`] takes.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, number, at, author, name, kind, target, detail, text, sum FROM events ", $rest)
    };
}

/// Events from a position on.
pub(super) fn events(db: &Connection, room: RoomId, from: Seq, count: usize) -> Result<Vec<Event>> {
    let Some(head) = rooms::head(db, room)? else { return Ok(Vec::new()) };
    let from = from.max(Seq(1));
    range(db, room, from, head.seq, count)
}

/// The messages with numbers below `before`, the newest `count` of them, in rising order.
pub(super) fn messages_before(db: &Connection, room: RoomId, before: Number, count: usize) -> Result<Vec<Event>> {
    let Some(head) = rooms::head(db, room)? else { return Ok(Vec::new()) };
    let last = head.number.0.min(before.0.saturating_sub(1));
    let first = last.saturating_sub(count as u64) + 1;
    if first > last {
        return Ok(Vec::new());
    }
    let (low, high) = (seq_of(db, head, room, Number(first))?, seq_of(db, head, room, Number(last))?);
    let span = high.0.saturating_sub(low.0) + 1;
    if span <= SPARSE * (last - first + 1) {
        let mut events = range(db, room, low, high, usize::MAX)?;
        events.retain(|event| event.body.is_message());
        if !events.iter().map(|event| event.number.0).eq(first..=last) {
            return Err(corrupt(format_args!("room {room}: messages are missing between {first} and {last}")));
        }
        return Ok(events);
    }
    // Other events stand thick between these messages.
    let numbers = (first..=last).map(Number);
    numbers.filter_map(|number| message(db, head, room, number).transpose()).collect()
}

/// The message with this number, in a log that reaches to `head`.
pub(super) fn message(db: &Connection, head: Head, room: RoomId, number: Number) -> Result<Option<Event>> {
    if number.0 == 0 || number > head.number {
        return Ok(None);
    }
    let found = event(db, room, seq_of(db, head, room, number)?)?;
    if !found.body.is_message() || found.number != number {
        let seq = found.seq;
        return Err(corrupt(format_args!("room {room}: message {number} is not at {seq}, where it should be")));
    }
    Ok(Some(found))
}

/// The messages with these numbers, as far as they are there.
pub(super) fn messages(db: &Connection, room: RoomId, numbers: &[Number]) -> Result<Vec<Event>> {
    let Some(head) = rooms::head(db, room)? else { return Ok(Vec::new()) };
    numbers.iter().filter_map(|number| message(db, head, room, *number).transpose()).collect()
}

/// The position of the first event at or after a time, and the number that the first message at or after it has.
///
/// As times never run back, it is found by halves, one row each: an index by time would be a row more for every post.
pub(super) fn first_at(db: &Connection, room: RoomId, at: Timestamp) -> Result<(Seq, Number)> {
    let Some(head) = rooms::head(db, room)? else { return Ok((Seq(1), Number(1))) };
    if head.at < at {
        return Ok((head.seq.next(), head.number.next()));
    }
    // Everything before `first` is earlier, everything from `end` on is not.
    let (mut first, mut end) = (Seq(1), head.seq.next());
    let mut messages = Number(0);
    while first < end {
        let middle = Seq(first.0.midpoint(end.0));
        let found = event(db, room, middle)?;
        if found.at < at {
            (first, messages) = (middle.next(), found.number);
        } else {
            end = middle;
        }
    }
    Ok((first, messages.next()))
}

/// The event at a position that the log has.
pub(super) fn event(db: &Connection, room: RoomId, seq: Seq) -> Result<Event> {
    let sql = select!("WHERE id = ?1");
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query([rows::row_id(room, seq.0)?])?;
    match found.next()? {
        Some(row) => rows::event(row, room),
        None => Err(corrupt(format_args!("room {room}: event {seq} is missing"))),
    }
}

/// Who has which reaction on a message.
pub(super) fn reactions(db: &Connection, room: RoomId, number: Number) -> Result<Vec<(String, Author)>> {
    let (room, number) = (int(room.0), int(number.0));
    let sql = "SELECT emoji, author, sum FROM reactions WHERE room = ?1 AND number = ?2 ORDER BY emoji, author";
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query([room, number])?;
    let mut reactions = Vec::new();
    while let Some(row) = found.next()? {
        let line = Line(row);
        let (emoji, author) = (line.text(0)?, line.int(1)?);
        if reaction_sum(room, number, emoji, author) != line.int(2)? {
            return Err(corrupt(format_args!("room {room}: a reaction on {number} does not match its checksum")));
        }
        reactions.push((emoji.to_owned(), Author::from_code(author)));
    }
    Ok(reactions)
}

/// Where a message stands in a log that has it: behind its number by the events before it that are no messages.
fn seq_of(db: &Connection, head: Head, room: RoomId, number: Number) -> Result<Seq> {
    if head.seq.0 == head.number.0 {
        return Ok(Seq(number.0));
    }
    let sql = "SELECT id, number FROM events INDEXED BY events_other \
               WHERE room = ?1 AND number < ?2 AND kind <> 0 ORDER BY number DESC, id DESC LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let last = |row: &Row<'_>| Ok((row.get(0).map(rows::place_of)?, row.get(1).map(uint)?));
    let others = statement.query_row([int(room.0), int(number.0)], last).optional()?;
    // The last of them stands behind its own number by as many as there are up to it.
    Ok(Seq(number.0 + others.map_or(0, |(seq, count)| seq.saturating_sub(count))))
}

/// Whether an author used a key in a room.
pub(super) fn has_key(db: &Connection, room: RoomId, author: Author, key: &MessageKey) -> Result<bool> {
    let sql = "SELECT 1 FROM events WHERE room = ?1 AND author = ?2 AND key = ?3";
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.exists(params![int(room.0), author.code(), key.as_str()])?)
}

/// Events from `first` to `last`, which the log has, at most `count`.
fn range(db: &Connection, room: RoomId, first: Seq, last: Seq, count: usize) -> Result<Vec<Event>> {
    if first > last {
        return Ok(Vec::new());
    }
    let sql = select!("WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3");
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query([rows::row_id(room, first.0)?, rows::row_id(room, last.0)?, limit(count)])?;
    let expected = (last.0 - first.0 + 1).min(count as u64);
    let mut events = Vec::new();
    let mut next = first;
    while let Some(row) = found.next()? {
        let event = rows::event(row, room)?;
        if event.seq != next {
            return Err(corrupt(format_args!("room {room}: event {next} is missing, {} comes instead", event.seq)));
        }
        next = next.next();
        events.push(event);
    }
    if events.len() as u64 != expected {
        return Err(corrupt(format_args!("room {room}: event {next} is missing")));
    }
    Ok(events)
}
