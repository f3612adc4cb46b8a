//! Read marks, and how far logs were handed out.

use parlor_core::account::ReadMark;
use parlor_core::ids::{AccountId, Number, RoomId, Seq, Timestamp};
use rusqlite::{Connection, Row};

use super::fault::{Result, corrupt};
use super::rows::{Line, Sum, int, uint};
use super::writer::Tx;
use super::{accounts, rooms};

/// An account's read mark in a room.
pub(super) fn read_mark(db: &Connection, room: RoomId, account: AccountId) -> Result<Option<ReadMark>> {
    let sql = "SELECT account, room, number, at, sum FROM marks WHERE account = ?1 AND room = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([int(account.0), int(room.0)])?;
    Ok(rows.next()?.map(mark_of).transpose()?.map(|(_, mark)| mark))
}

/// All of an account's read marks, by room.
pub(super) fn marks(db: &Connection, account: AccountId) -> Result<Vec<(RoomId, ReadMark)>> {
    let sql = "SELECT account, room, number, at, sum FROM marks WHERE account = ?1 ORDER BY room";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([int(account.0)])?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        marks.push(mark_of(row)?);
    }
    Ok(marks)
}

/// How far each room's log was handed out to an account, by room.
pub(super) fn received(db: &Connection, account: AccountId) -> Result<Vec<(RoomId, Seq)>> {
    let sql = "SELECT account, room, seq, sum FROM received WHERE account = ?1 ORDER BY room";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([int(account.0)])?;
    let mut positions = Vec::new();
    while let Some(row) = rows.next()? {
        positions.push(position_of(row)?);
    }
    Ok(positions)
}

impl Tx<'_> {
    /// Moves a read mark forward.
    pub(super) fn mark_read(&mut self, room: RoomId, account: AccountId, mark: ReadMark) -> Result<ReadMark> {
        let nothing = ReadMark { number: Number(0), at: Timestamp(0) };
        let Some(head) = rooms::head(self.db, room)? else { return Ok(nothing) };
        if accounts::find(self.db, account)?.is_none() {
            return Ok(nothing);
        }
        let mark = ReadMark { number: mark.number.min(head.number), at: mark.at };
        if let Some(holds) = read_mark(self.db, room, account)?.filter(|holds| holds.number >= mark.number) {
            return Ok(holds);
        }
        let (room, account) = (int(room.0), int(account.0));
        let sql = "INSERT INTO marks (account, room, number, at, sum) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (account, room) DO UPDATE SET number = ?3, at = ?4, sum = ?5";
        let sum = mark_sum(room, account, mark);
        self.db.prepare_cached(sql)?.execute([account, room, int(mark.number.0), mark.at.0, sum])?;
        Ok(mark)
    }

    /// Moves forward how far a room's log was handed out; nothing if there is no such room or account.
    pub(super) fn mark_received(&mut self, account: AccountId, room: RoomId, seq: Seq) -> Result<()> {
        // Room 0 is core's own mark and has no head.
        let head = if room == RoomId(0) { Some(seq) } else { rooms::head(self.db, room)?.map(|head| head.seq) };
        let Some(head) = head else { return Ok(()) };
        if accounts::find(self.db, account)?.is_none() {
            return Ok(());
        }
        let sql = "SELECT account, room, seq, sum FROM received WHERE account = ?1 AND room = ?2";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([int(account.0), int(room.0)])?;
        let holds = rows.next()?.map(position_of).transpose()?.map(|(_, seq)| seq);
        let seq = seq.min(head);
        if holds.is_some_and(|holds| holds >= seq) {
            return Ok(());
        }
        let (account, room, seq) = (int(account.0), int(room.0), int(seq.0));
        let sql = "INSERT INTO received (account, room, seq, sum) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (account, room) DO UPDATE SET seq = ?3, sum = ?4";
        self.db.prepare_cached(sql)?.execute([account, room, seq, position_sum(account, room, seq)])?;
        Ok(())
    }
}

fn mark_of(row: &Row<'_>) -> Result<(RoomId, ReadMark)> {
    let line = Line(row);
    let (account, room) = (line.int(0)?, line.int(1)?);
    let mark = ReadMark { number: Number(uint(line.int(2)?)), at: Timestamp(line.int(3)?) };
    if mark_sum(room, account, mark) != line.int(4)? {
        return Err(corrupt(format_args!("room {room}: the mark of {account} does not match its checksum")));
    }
    Ok((RoomId(uint(room)), mark))
}

fn position_of(row: &Row<'_>) -> Result<(RoomId, Seq)> {
    let line = Line(row);
    let (account, room, seq) = (line.int(0)?, line.int(1)?, line.int(2)?);
    if position_sum(account, room, seq) != line.int(3)? {
        return Err(corrupt(format_args!("room {room}: the position of {account} does not match its checksum")));
    }
    Ok((RoomId(uint(room)), Seq(uint(seq))))
}

fn mark_sum(room: i64, account: i64, mark: ReadMark) -> i64 {
    Sum::default().int(room).int(account).int(int(mark.number.0)).int(mark.at.0).end()
}

fn position_sum(account: i64, room: i64, seq: i64) -> i64 {
    Sum::default().int(account).int(room).int(seq).end()
}
