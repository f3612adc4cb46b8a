//! The search index: written behind the heads, so that posts do not wait for it.

use std::ops::Range;

use parlor_core::ids::{Number, RoomId, Seq};
use parlor_core::ports::{IndexEntry, IndexLag};
use rusqlite::{Connection, params};

use super::fault::Result;
use super::rooms;
use super::rows::{int, limit, place_of, row_id, uint};
use super::writer::Tx;

/// Rooms whose logs are longer than what the index has of them.
pub(super) fn lag(db: &Connection, count: usize) -> Result<Vec<IndexLag>> {
    let sql = "SELECT i.room, i.seq, h.seq FROM indexed i INDEXED BY indexed_lagging JOIN heads h ON h.room = i.room \
               WHERE i.lagging = 1 ORDER BY i.room LIMIT ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([limit(count)], |row| {
        let [room, indexed, head] = [0, 1, 2].map(|place| row.get::<_, i64>(place));
        Ok(IndexLag { room: RoomId(uint(room?)), indexed: Seq(uint(indexed?)), head: Seq(uint(head?)) })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Messages of a room that have all of these tokens, newest first, with one of these numbers.
pub(super) fn search(
    db: &Connection,
    room: RoomId,
    tokens: &[String],
    numbers: Range<Number>,
    count: usize,
) -> Result<Vec<Number>> {
    let Some(head) = rooms::head(db, room)?.filter(|_| !tokens.is_empty()) else { return Ok(Vec::new()) };
    // Strings in quotes, one after the other: all of them. A token has no quotes in it; doubled, they would do no harm.
    let query: Vec<String> = tokens.iter().map(|token| format!("\"{}\"", token.replace('"', "\"\""))).collect();
    let end = head.number.next();
    let (first, end) = (row_id(room, numbers.start.min(end).0)?, row_id(room, numbers.end.min(end).0)?);
    let sql = "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3 \
               ORDER BY rowid DESC LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map(params![query.join(" "), first, end, limit(count)], |row| row.get::<_, i64>(0))?;
    found.map(|row| Ok(Number(place_of(row?)))).collect()
}

impl Tx<'_> {
    /// Takes tokens into the index, and moves the room's position there.
    pub(super) fn index(&mut self, room: RoomId, upto: Seq, entries: &[IndexEntry]) -> Result<()> {
        let Some(head) = rooms::head(self.db, room)? else { return Ok(()) };
        let sql = "SELECT seq FROM indexed WHERE room = ?1";
        let indexed: i64 = self.db.prepare_cached(sql)?.query_row([int(room.0)], |row| row.get(0))?;
        if int(upto.min(head.seq).0) < indexed {
            return Ok(());
        }
        for entry in entries {
            let row = row_id(room, entry.number.0)?;
            if entry.tokens.is_empty() {
                self.db.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([row])?;
            } else {
                let sql = "INSERT OR REPLACE INTO words (rowid, tokens) VALUES (?1, ?2)";
                self.db.prepare_cached(sql)?.execute(params![row, entry.tokens.join(" ")])?;
            }
        }
        let sql = "UPDATE indexed SET seq = max(seq, min(?2, ?3)), lagging = (max(seq, min(?2, ?3)) < ?3) \
                   WHERE room = ?1 RETURNING lagging";
        let cells = [int(room.0), int(upto.0), int(head.seq.0)];
        let lagging = self.db.prepare_cached(sql)?.query_row(cells, |row| row.get(0))?;
        if let Some(live) = self.memory.heads.get_mut(&room) {
            live.lagging = lagging;
        }
        Ok(())
    }
}
