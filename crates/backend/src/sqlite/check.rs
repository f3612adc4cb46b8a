//! `check`: what is damaged, in sentences.

use std::collections::BTreeSet;

use parlor_core::event::{Author, Event};
use parlor_core::ids::{AccountId, GuestId, Number, RoomId, Seq};
use parlor_core::limits::READ_EVENTS;
use parlor_core::model::fold::Fold;
use rusqlite::Connection;

use super::fault::Result;
use super::rows::{int, row_id, uint};
use super::{accounts, guests, invitations, logs, marks, people, rooms};

/// Reads everything. What can't be read is a sentence too, and the next thing is read.
pub(super) fn check(db: &Connection) -> Result<Vec<String>> {
    let mut damage = Vec::new();
    note(&mut damage, integrity(db));
    note(&mut damage, guests::own(db).map(|_| Vec::new()));
    let rooms = match rooms::ids(db) {
        Ok(rooms) => rooms,
        Err(error) => {
            damage.push(error.into_fault().to_string());
            return Ok(damage);
        }
    };
    for room in rooms {
        note(&mut damage, check_room(db, room));
    }
    note(&mut damage, check_people(db));
    Ok(damage)
}

fn note(damage: &mut Vec<String>, found: Result<Vec<String>>) {
    match found {
        Ok(sentences) => damage.extend(sentences),
        Err(error) => damage.push(error.into_fault().to_string()),
    }
}

/// What SQLite finds in its own structures.
fn integrity(db: &Connection) -> Result<Vec<String>> {
    let mut statement = db.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut damage: Vec<String> = lines.into_iter().filter(|line| line != "ok").collect();
    let mut statement = db.prepare("PRAGMA foreign_key_check")?;
    let orphans = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<BTreeSet<_>>>()?;
    let strays = "SELECT count(*) FROM events WHERE id >> 32 <> room OR room NOT IN (SELECT id FROM rooms)";
    let strays: i64 = db.query_row(strays, [], |row| row.get(0))?;
    if strays > 0 {
        damage.push(format!("{strays} events are of rooms that are not there"));
    }
    damage.extend(orphans.into_iter().map(|table| format!("a row of {table} belongs to something that is not there")));
    Ok(damage)
}

/// Reads a room's log once, and compares what it says with the projections.
fn check_room(db: &Connection, id: RoomId) -> Result<Vec<String>> {
    let Some(room) = rooms::any(db, id)? else { return Ok(vec![format!("room {id}: one of its rows is missing")]) };
    let mut fold = Fold::new(id);
    let mut next = Seq(1);
    loop {
        let events: Vec<Event> = logs::events(db, id, next, READ_EVENTS)?;
        let Some(last) = events.last() else { break };
        next = last.seq.next();
        events.iter().for_each(|event| fold.take(event));
    }
    let beyond = "SELECT count(*) FROM events WHERE id = ?1 OR id > ?2 AND id < ?3";
    let places = [row_id(id, 0)?, row_id(id, room.head.seq.0)?, row_id(RoomId(id.0 + 1), 0)?];
    let beyond: i64 = db.query_row(beyond, places, |row| row.get(0))?;
    let roles = people::members(db, id, None, usize::MAX)?;
    let mut damage = fold.compare(&room, &roles, &reactions(db, id)?);
    if beyond > 0 {
        damage.push(format!("room {id}: {beyond} events stand outside its log"));
    }
    let lagging: bool = db.query_row("SELECT lagging FROM indexed WHERE room = ?1", [int(id.0)], |row| row.get(0))?;
    if lagging != (room.indexed < room.head.seq) {
        damage.push(format!("room {id}: its search index is wrong about being behind"));
    }
    Ok(damage)
}

fn reactions(db: &Connection, room: RoomId) -> Result<Vec<(Number, String, Author)>> {
    let mut statement = db.prepare("SELECT DISTINCT number FROM reactions WHERE room = ?1")?;
    let numbers = statement.query_map([int(room.0)], |row| row.get::<_, i64>(0))?;
    let mut all = Vec::new();
    for number in numbers {
        let number = Number(uint(number?));
        let of_message = logs::reactions(db, room, number)?;
        all.extend(of_message.into_iter().map(|(emoji, who)| (number, emoji, who)));
    }
    Ok(all)
}

/// Reads every guest, account, session, mark, position and invitation for its checksum.
fn check_people(db: &Connection) -> Result<Vec<String>> {
    let mut damage = Vec::new();
    let numbers = |sql: &str| -> Result<Vec<u64>> {
        let mut statement = db.prepare(sql)?;
        let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
        Ok(ids.map(|id| id.map(uint)).collect::<rusqlite::Result<_>>()?)
    };
    for id in numbers("SELECT id FROM guests")? {
        note(&mut damage, guests::find(db, GuestId(id)).map(|_| Vec::new()));
    }
    for id in numbers("SELECT id FROM accounts")? {
        let id = AccountId(id);
        note(&mut damage, accounts::find(db, id).map(|_| Vec::new()));
        note(&mut damage, people::sessions(db, id).map(|_| Vec::new()));
        note(&mut damage, marks::marks(db, id).map(|_| Vec::new()));
        note(&mut damage, marks::received(db, id).map(|_| Vec::new()));
    }
    for room in numbers("SELECT DISTINCT room FROM invitations")? {
        note(&mut damage, invitations::of_room(db, RoomId(room)).map(|_| Vec::new()));
    }
    Ok(damage)
}
