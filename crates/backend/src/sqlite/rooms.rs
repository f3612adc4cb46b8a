//! Rooms and their heads.

use parlor_core::days::TimeZone;
use parlor_core::event::Author;
use parlor_core::ids::{Epoch, LOBBY, Number, RoomId, RoomKey, Seq, Timestamp};
use parlor_core::names::RoomName;
use parlor_core::room::{Access, Gate, Head, NewRoom, Room, RoomRef};
use parlor_core::text::Subject;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::fault::{Result, corrupt};
use super::rows::{Line, Sum, int, limit, uint};
use super::writer::{LiveHead, Tx};

/// A room with its head, in the order in which [`room_of`] takes it.
macro_rules! rooms {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.key, r.epoch, r.name, r.subject, r.listed, r.access, r.question, r.answer, r.vanishes, \
             r.created, r.sum, h.room, h.seq, h.number, h.at, h.closed, h.sum, i.seq, \
             EXISTS (SELECT 1 FROM members m WHERE m.room = r.id), r.low, r.high, \
             r.archive, r.time_zone \
             FROM rooms r JOIN heads h ON h.room = r.id JOIN indexed i ON i.room = r.id ",
            $rest
        )
    };
}

/// Makes a room without its first members; `None` if its name or key is taken, or its two people have one.
pub(super) fn create(db: &Connection, new: &NewRoom) -> Result<Option<Room>> {
    let taken = "SELECT 1 FROM rooms WHERE key = ?1 OR name = ?2 UNION ALL SELECT 1 FROM accounts WHERE handle = ?2 \
                 UNION ALL SELECT 1 FROM rooms WHERE low = ?3 AND high = ?4";
    let name = new.name.as_ref().map(RoomName::as_str);
    let (low, high) = codes(new.direct);
    if db.prepare_cached(taken)?.exists(params![new.key.as_str(), name, low, high])? {
        return Ok(None);
    }
    let last: Option<i64> = db.prepare_cached("SELECT max(id) FROM rooms")?.query_row([], |row| row.get(0))?;
    let room = Room {
        id: RoomId(last.map_or(LOBBY.0, |last| uint(last) + 1)),
        key: new.key,
        epoch: new.epoch,
        name: new.name.clone(),
        subject: new.subject.clone(),
        listed: new.listed,
        access: new.access,
        question: new.question.clone(),
        vanishes: new.vanishes,
        direct: new.direct,
        archive: new.archive,
        time_zone: new.time_zone.clone(),
        created: new.now,
        has_members: false,
        head: Head::default(),
        indexed: Seq(0),
    };
    write(db, &room)?;
    let id = int(room.id.0);
    let insert = "INSERT INTO heads (room, seq, number, at, closed, active, sum) VALUES (?1, 0, 0, 0, 0, ?2, ?3)";
    let active = room.listed.then_some(room.created.0);
    db.prepare_cached(insert)?.execute(params![id, active, head_sum(room.id, room.head)])?;
    db.prepare_cached("INSERT INTO indexed (room, seq, lagging) VALUES (?1, 0, 0)")?.execute([id])?;
    Ok(Some(room))
}

/// A room that is not closed.
pub(super) fn find(db: &Connection, by: &RoomRef) -> Result<Option<Room>> {
    let room = match by {
        RoomRef::Id(id) => one(db, rooms!("WHERE r.id = ?1"), &int(id.0)),
        RoomRef::Key(key) => one(db, rooms!("WHERE r.key = ?1"), &key.as_str()),
        RoomRef::Name(name) => one(db, rooms!("WHERE r.name = ?1"), &name.as_str()),
    }?;
    Ok(room.filter(|room| !room.head.closed))
}

/// A room, closed or not.
pub(super) fn any(db: &Connection, id: RoomId) -> Result<Option<Room>> {
    one(db, rooms!("WHERE r.id = ?1"), &int(id.0))
}

/// Listed rooms, newest event first.
pub(super) fn listed(db: &Connection, rooms: usize) -> Result<Vec<Room>> {
    let sql = rooms!("WHERE h.active IS NOT NULL ORDER BY h.active DESC, h.room DESC LIMIT ?1");
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([limit(rooms)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(room_of(row)?);
    }
    Ok(found)
}

/// Rooms that are not closed and not of two, by number.
pub(super) fn all(db: &Connection, after: Option<RoomId>, rooms: usize) -> Result<Vec<Room>> {
    let sql = rooms!("WHERE r.id > ?1 AND h.closed = 0 AND r.low IS NULL ORDER BY r.id LIMIT ?2");
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([after.map_or(0, |after| int(after.0)), limit(rooms)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(room_of(row)?);
    }
    Ok(found)
}

/// The room of two people.
pub(super) fn direct(db: &Connection, pair: (Author, Author)) -> Result<Option<Room>> {
    let mut statement = db.prepare_cached(rooms!("WHERE r.low = ?1 AND r.high = ?2"))?;
    let mut rows = statement.query([pair.0.code(), pair.1.code()])?;
    rows.next()?.map(room_of).transpose()
}

/// A person's rooms of two, newest event first.
pub(super) fn direct_of(db: &Connection, who: Author, rooms: usize) -> Result<Vec<Room>> {
    // By way of what the person is a member of, as the two are by definition.
    let sql = rooms!(
        "JOIN members w INDEXED BY members_who ON w.room = r.id \
         WHERE w.who = ?1 AND (r.low = ?1 OR r.high = ?1) ORDER BY h.at DESC, r.id DESC LIMIT ?2"
    );
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([who.code(), limit(rooms)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(room_of(row)?);
    }
    Ok(found)
}

/// The rooms that vanish when unused.
pub(super) fn vanishing(db: &Connection) -> Result<Vec<RoomId>> {
    let mut statement = db.prepare_cached("SELECT id FROM rooms WHERE vanishes = 1 ORDER BY id")?;
    let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
    Ok(ids.map(|id| id.map(|id| RoomId(uint(id)))).collect::<rusqlite::Result<_>>()?)
}

/// A room's head, if there is such a room.
pub(super) fn head(db: &Connection, room: RoomId) -> Result<Option<Head>> {
    let sql = "SELECT seq, number, at, closed, sum FROM heads WHERE room = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([int(room.0)])?;
    rows.next()?.map(|row| head_of(row, 0, room)).transpose()
}

/// The ids of all rooms, closed ones too.
pub(super) fn ids(db: &Connection) -> Result<Vec<RoomId>> {
    let mut statement = db.prepare_cached("SELECT id FROM rooms ORDER BY id")?;
    let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
    Ok(ids.map(|id| id.map(|id| RoomId(uint(id)))).collect::<rusqlite::Result<_>>()?)
}

/// Writes a room's own row, not its head.
pub(super) fn write(db: &Connection, room: &Room) -> Result<()> {
    let sql = "INSERT INTO rooms \
               (id, key, epoch, name, subject, listed, access, question, answer, vanishes, created, low, high, sum, \
               archive, time_zone) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
               ON CONFLICT (id) DO UPDATE SET \
               name = ?4, subject = ?5, listed = ?6, access = ?7, vanishes = ?10, low = ?12, high = ?13, sum = ?14, \
               archive = ?15, time_zone = ?16";
    let gate = room.question.as_ref();
    let (low, high) = codes(room.direct);
    db.prepare_cached(sql)?.execute(params![
        int(room.id.0),
        room.key.as_str(),
        room.epoch.0.cast_signed(),
        room.name.as_ref().map(RoomName::as_str),
        room.subject.as_str(),
        room.listed,
        room.access.code(),
        gate.map(|gate| gate.question.as_str()),
        gate.map(|gate| gate.answer.as_str()),
        room.vanishes,
        room.created.0,
        low,
        high,
        room_sum(room),
        room.archive,
        room.time_zone.as_str(),
    ])?;
    Ok(())
}

impl Tx<'_> {
    /// Makes a room with its first members.
    pub(super) fn create_room(&mut self, new: &NewRoom) -> Result<Option<Room>> {
        let Some(mut room) = create(self.db, new)? else { return Ok(None) };
        for (who, role) in new.first_members() {
            self.change_role(room.id, who, Some(role), new.now)?;
            room.has_members = true;
        }
        if let Some(live) = self.head(room.id)? {
            room.head = live.head;
        }
        Ok(Some(room))
    }

    /// A room's head as it stands in this transaction.
    pub(super) fn head(&mut self, room: RoomId) -> Result<Option<LiveHead>> {
        if let Some(live) = self.memory.heads.get(&room) {
            return Ok(Some(*live));
        }
        let Some(head) = head(self.db, room)? else { return Ok(None) };
        let sql = "SELECT r.listed, i.lagging FROM rooms r JOIN indexed i ON i.room = r.id WHERE r.id = ?1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (listed, lagging) = self
            .db
            .prepare_cached(sql)?
            .query_row([int(room.0)], row)
            .optional()?
            .ok_or_else(|| corrupt(format_args!("room {room} has a head, and another of its rows is missing")))?;
        let live = LiveHead { head, listed, lagging, moved: false };
        self.memory.heads.insert(room, live);
        Ok(Some(live))
    }

    /// Notes a head that moved; its row follows at the end of the transaction.
    pub(super) fn move_head(&mut self, room: RoomId, mut live: LiveHead) {
        if !live.moved {
            live.moved = true;
            self.memory.moved.push(room);
        }
        self.memory.heads.insert(room, live);
    }

    /// Writes the heads that moved, each once.
    pub(super) fn write_heads(&mut self) -> Result<()> {
        let mut update = self.db.prepare_cached(
            "UPDATE heads SET seq = ?2, number = ?3, at = ?4, closed = ?5, active = ?6, sum = ?7 WHERE room = ?1",
        )?;
        for room in self.memory.moved.drain(..) {
            let Some(live) = self.memory.heads.get_mut(&room) else { continue };
            let head = live.head;
            let active = (live.listed && !head.closed).then_some(head.at.0);
            let (seq, number) = (int(head.seq.0), int(head.number.0));
            let sum = head_sum(room, head);
            update.execute(params![int(room.0), seq, number, head.at.0, head.closed, active, sum])?;
            if !live.lagging {
                self.db.prepare_cached("UPDATE indexed SET lagging = 1 WHERE room = ?1")?.execute([int(room.0)])?;
            }
            (live.moved, live.lagging) = (false, true);
        }
        Ok(())
    }
}

fn one(db: &Connection, sql: &str, by: &dyn ToSql) -> Result<Option<Room>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([by])?;
    rows.next()?.map(room_of).transpose()
}

fn room_of(row: &Row<'_>) -> Result<Room> {
    let line = Line(row);
    let id = RoomId(uint(line.int(0)?));
    let damaged = |what: &str| corrupt(format_args!("room {id}: its {what} can't be right"));
    let gate = line.maybe_text(7)?.zip(line.maybe_text(8)?);
    let direct = line.maybe_int(20)?.zip(line.maybe_int(21)?);
    let room = Room {
        id,
        key: RoomKey::parse(line.text(1)?).ok_or_else(|| damaged("key"))?,
        epoch: Epoch(line.int(2)?.cast_unsigned()),
        name: line.maybe_text(3)?.map(|name| RoomName::find(name).ok_or_else(|| damaged("name"))).transpose()?,
        subject: Subject::stored(line.text(4)?.to_owned()),
        listed: line.int(5)? != 0,
        access: Access::from_code(line.int(6)?)?,
        question: gate.map(|(question, answer)| Gate { question: question.to_owned(), answer: answer.to_owned() }),
        vanishes: line.int(9)? != 0,
        direct: direct.map(|(low, high)| (Author::from_code(low), Author::from_code(high))),
        archive: line.int(22)? != 0,
        time_zone: TimeZone::stored(line.text(23)?),
        created: Timestamp(line.int(10)?),
        has_members: line.int(19)? != 0,
        head: head_of(row, 13, id)?,
        indexed: Seq(uint(line.int(18)?)),
    };
    if room_sum(&room) == line.int(11)? { Ok(room) } else { Err(damaged("checksum")) }
}

/// The head in a row, from this column on.
fn head_of(row: &Row<'_>, first: usize, room: RoomId) -> Result<Head> {
    let line = Line(row);
    let head = Head {
        seq: Seq(uint(line.int(first)?)),
        number: Number(uint(line.int(first + 1)?)),
        at: Timestamp(line.int(first + 2)?),
        closed: line.int(first + 3)? != 0,
    };
    if head_sum(room, head) != line.int(first + 4)? {
        return Err(corrupt(format_args!("room {room}: its head does not match its checksum")));
    }
    Ok(head)
}

fn head_sum(room: RoomId, head: Head) -> i64 {
    let cells = [int(room.0), int(head.seq.0), int(head.number.0), head.at.0, i64::from(head.closed)];
    cells.into_iter().fold(Sum::default(), Sum::int).end()
}

fn room_sum(room: &Room) -> i64 {
    let gate = room.question.as_ref();
    let sum = Sum::default()
        .int(int(room.id.0))
        .text(room.key.as_str())
        .int(room.epoch.0.cast_signed())
        .maybe_text(room.name.as_ref().map(RoomName::as_str))
        .text(room.subject.as_str())
        .int(i64::from(room.listed))
        .int(room.access.code())
        .maybe_text(gate.map(|gate| gate.question.as_str()))
        .maybe_text(gate.map(|gate| gate.answer.as_str()))
        .int(i64::from(room.vanishes))
        .int(room.created.0);
    // Rooms that are not of two have the checksum that schema 1 gave them, and those without an archive in UTC that of schema 3.
    let sum = room.direct.iter().fold(sum, |sum, (low, high)| sum.int(low.code()).int(high.code()));
    let is_older = !room.archive && room.time_zone == TimeZone::utc();
    if is_older { sum.end() } else { sum.text(room.time_zone.as_str()).int(i64::from(room.archive)).end() }
}

/// Two people as columns.
fn codes(pair: Option<(Author, Author)>) -> (Option<i64>, Option<i64>) {
    pair.map(|(low, high)| (low.code(), high.code())).unzip()
}
