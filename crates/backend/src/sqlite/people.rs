//! Sessions and roles.

use parlor_core::account::{Session, TokenHash};
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, RoomId, Timestamp};
use parlor_core::room::Role;
use rusqlite::{Connection, Row, params};

use super::accounts;
use super::fault::{Result, corrupt};
use super::project::member_sum;
use super::rows::{Line, Sum, int, limit, uint};
use super::writer::Tx;

macro_rules! sessions {
    ($rest:literal) => {
        concat!("SELECT token, account, label, created, used, expires, sum FROM sessions ", $rest)
    };
}

/// A session by its token's hash.
pub(super) fn session(db: &Connection, token: TokenHash) -> Result<Option<Session>> {
    let mut statement = db.prepare_cached(sessions!("WHERE token = ?1"))?;
    let mut rows = statement.query([&token.0[..]])?;
    rows.next()?.map(session_of).transpose()
}

/// An account's sessions, newest use first.
pub(super) fn sessions(db: &Connection, account: AccountId) -> Result<Vec<Session>> {
    let mut statement = db.prepare_cached(sessions!("WHERE account = ?1 ORDER BY used DESC, token"))?;
    let mut rows = statement.query([int(account.0)])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.push(session_of(row)?);
    }
    Ok(sessions)
}

/// A person's role in a room.
pub(super) fn role(db: &Connection, room: RoomId, who: Author) -> Result<Option<Role>> {
    let mut statement = db.prepare_cached("SELECT room, who, role, sum FROM members WHERE room = ?1 AND who = ?2")?;
    let mut rows = statement.query([int(room.0), who.code()])?;
    Ok(rows.next()?.map(member_of).transpose()?.map(|(_, _, role)| role))
}

/// A room's people with a role, by author code.
pub(super) fn members(
    db: &Connection,
    room: RoomId,
    after: Option<Author>,
    count: usize,
) -> Result<Vec<(Author, Role)>> {
    let sql = "SELECT room, who, role, sum FROM members WHERE room = ?1 AND who > ?2 ORDER BY who LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![int(room.0), after.map_or(i64::MIN, Author::code), limit(count)])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        let (_, who, role) = member_of(row)?;
        members.push((who, role));
    }
    Ok(members)
}

/// The rooms that are not closed in which a person has a role.
pub(super) fn rooms_of(db: &Connection, who: Author) -> Result<Vec<(RoomId, Role)>> {
    let sql = "SELECT m.room, m.who, m.role, m.sum FROM members m INDEXED BY members_who \
               JOIN heads h ON h.room = m.room WHERE m.who = ?1 AND h.closed = 0 ORDER BY m.room";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([who.code()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (room, _, role) = member_of(row)?;
        found.push((room, role));
    }
    Ok(found)
}

impl Tx<'_> {
    /// Begins a session.
    pub(super) fn create_session(&mut self, new: &Session) -> Result<bool> {
        if accounts::find(self.db, new.account)?.is_none() || session(self.db, new.token)?.is_some() {
            return Ok(false);
        }
        self.write_session(new)?;
        Ok(true)
    }

    /// Notes a session's use.
    pub(super) fn touch_session(&mut self, token: TokenHash, used: Timestamp, expires: Timestamp) -> Result<bool> {
        let Some(session) = session(self.db, token)? else { return Ok(false) };
        self.write_session(&Session { used, expires, ..session })?;
        Ok(true)
    }

    /// Ends a session.
    pub(super) fn end_session(&mut self, token: TokenHash) -> Result<bool> {
        let ended = self.db.prepare_cached("DELETE FROM sessions WHERE token = ?1")?.execute([&token.0[..]])?;
        Ok(ended > 0)
    }

    /// Ends all sessions of an account but one.
    pub(super) fn end_sessions(&mut self, account: AccountId, except: Option<TokenHash>) -> Result<Vec<TokenHash>> {
        let mut ended: Vec<TokenHash> = sessions(self.db, account)?.into_iter().map(|session| session.token).collect();
        ended.retain(|token| Some(*token) != except);
        ended.sort_unstable();
        for token in &ended {
            self.end_session(*token)?;
        }
        Ok(ended)
    }

    /// Ends the sessions whose end is not after `now`.
    pub(super) fn expire_sessions(&mut self, now: Timestamp) -> Result<u64> {
        Ok(self.db.prepare_cached("DELETE FROM sessions WHERE expires <= ?1")?.execute([now.0])? as u64)
    }

    fn write_session(&mut self, session: &Session) -> Result<()> {
        let sql = "INSERT INTO sessions (token, account, label, created, used, expires, sum) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                   ON CONFLICT (token) DO UPDATE SET used = ?5, expires = ?6, sum = ?7";
        self.db.prepare_cached(sql)?.execute(params![
            &session.token.0[..],
            int(session.account.0),
            session.label,
            session.created.0,
            session.used.0,
            session.expires.0,
            session_sum(session),
        ])?;
        Ok(())
    }
}

fn session_of(row: &Row<'_>) -> Result<Session> {
    let line = Line(row);
    let damaged = || corrupt("a session does not match its checksum");
    let session = Session {
        token: TokenHash(line.bytes(0)?.try_into().map_err(|_| damaged())?),
        account: AccountId(uint(line.int(1)?)),
        label: line.text(2)?.to_owned(),
        created: Timestamp(line.int(3)?),
        used: Timestamp(line.int(4)?),
        expires: Timestamp(line.int(5)?),
    };
    if session_sum(&session) == line.int(6)? { Ok(session) } else { Err(damaged()) }
}

fn session_sum(session: &Session) -> i64 {
    let sum = Sum::default().bytes(&session.token.0).int(int(session.account.0)).text(&session.label);
    sum.int(session.created.0).int(session.used.0).int(session.expires.0).end()
}

fn member_of(row: &Row<'_>) -> Result<(RoomId, Author, Role)> {
    let line = Line(row);
    let (room, who, role) = (line.int(0)?, line.int(1)?, line.int(2)?);
    if member_sum(room, who, role) != line.int(3)? {
        return Err(corrupt(format_args!("room {room}: the role of {who} does not match its checksum")));
    }
    Ok((RoomId(uint(room)), Author::from_code(who), Role::from_code(role)?))
}
