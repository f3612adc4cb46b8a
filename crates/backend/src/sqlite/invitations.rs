//! Invitations to rooms.

use parlor_core::account::{Invitation, TokenHash};
use parlor_core::event::Author;
use parlor_core::ids::{RoomId, Timestamp};
use parlor_core::room::Role;
use rusqlite::{Connection, Row, params};

use super::fault::{Result, corrupt};
use super::people;
use super::rows::{Line, Sum, int, uint};
use super::writer::Tx;

macro_rules! invitations {
    ($rest:literal) => {
        concat!("SELECT token, room, maker, uses, created, expires, sum FROM invitations ", $rest)
    };
}

/// An invitation by its token's hash.
pub(super) fn find(db: &Connection, token: TokenHash) -> Result<Option<Invitation>> {
    let mut statement = db.prepare_cached(invitations!("WHERE token = ?1"))?;
    let mut rows = statement.query([&token.0[..]])?;
    rows.next()?.map(invitation_of).transpose()
}

/// A room's invitations, newest first.
pub(super) fn of_room(db: &Connection, room: RoomId) -> Result<Vec<Invitation>> {
    let mut statement = db.prepare_cached(invitations!("WHERE room = ?1 ORDER BY created DESC, token"))?;
    let mut rows = statement.query([int(room.0)])?;
    let mut made = Vec::new();
    while let Some(row) = rows.next()? {
        made.push(invitation_of(row)?);
    }
    Ok(made)
}

impl Tx<'_> {
    /// Makes an invitation to a room that is open, in place of those that have expired.
    pub(super) fn create_invitation(&mut self, new: &Invitation) -> Result<bool> {
        let is_open = self.head(new.room)?.is_some_and(|live| !live.head.closed);
        if !is_open || find(self.db, new.token)?.is_some() {
            return Ok(false);
        }
        let sql = "DELETE FROM invitations WHERE room = ?1 AND expires <= ?2";
        self.db.prepare_cached(sql)?.execute([int(new.room.0), new.created.0])?;
        self.write_invitation(new)?;
        Ok(true)
    }

    /// Lets somebody come by an invitation. Its room is open: closing one ends its invitations.
    pub(super) fn use_invitation(&mut self, token: TokenHash, who: Author, now: Timestamp) -> Result<Option<RoomId>> {
        let Some(invitation) = find(self.db, token)?.filter(|invitation| now < invitation.expires) else {
            return Ok(None);
        };
        let room = invitation.room;
        match people::role(self.db, room, who)? {
            Some(Role::Banned) => return Ok(None),
            Some(Role::Member | Role::Admin | Role::Owner) => return Ok(Some(room)),
            None => {}
        }
        if let Some(uses) = invitation.uses {
            let Some(left) = uses.checked_sub(1) else { return Ok(None) };
            self.write_invitation(&Invitation { uses: Some(left), ..invitation })?;
        }
        self.change_role(room, who, Some(Role::Member), now)?;
        Ok(Some(room))
    }

    /// Ends an invitation.
    pub(super) fn end_invitation(&mut self, token: TokenHash) -> Result<bool> {
        let ended = self.db.prepare_cached("DELETE FROM invitations WHERE token = ?1")?.execute([&token.0[..]])?;
        Ok(ended > 0)
    }

    /// Ends a room's invitations.
    pub(super) fn forget_invitations_of(&mut self, room: RoomId) -> Result<()> {
        self.db.prepare_cached("DELETE FROM invitations WHERE room = ?1")?.execute([int(room.0)])?;
        Ok(())
    }

    /// Ends a person's invitations to a room.
    pub(super) fn forget_invitations_by(&mut self, room: RoomId, who: Author) -> Result<()> {
        let sql = "DELETE FROM invitations WHERE maker = ?1 AND room = ?2";
        self.db.prepare_cached(sql)?.execute([who.code(), int(room.0)])?;
        Ok(())
    }

    /// Ends a person's invitations to all rooms.
    pub(super) fn forget_all_invitations_by(&mut self, who: Author) -> Result<()> {
        self.db.prepare_cached("DELETE FROM invitations WHERE maker = ?1")?.execute([who.code()])?;
        Ok(())
    }

    fn write_invitation(&mut self, invitation: &Invitation) -> Result<()> {
        let sql = "INSERT INTO invitations (token, room, maker, uses, created, expires, sum) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (token) DO UPDATE SET uses = ?4, sum = ?7";
        self.db.prepare_cached(sql)?.execute(params![
            &invitation.token.0[..],
            int(invitation.room.0),
            invitation.by.code(),
            invitation.uses,
            invitation.created.0,
            invitation.expires.0,
            invitation_sum(invitation),
        ])?;
        Ok(())
    }
}

fn invitation_of(row: &Row<'_>) -> Result<Invitation> {
    let line = Line(row);
    let damaged = || corrupt("an invitation does not match its checksum");
    let uses = line.maybe_int(3)?.map(u32::try_from).transpose().map_err(|_| damaged())?;
    let invitation = Invitation {
        token: TokenHash(line.bytes(0)?.try_into().map_err(|_| damaged())?),
        room: RoomId(uint(line.int(1)?)),
        by: Author::from_code(line.int(2)?),
        uses,
        created: Timestamp(line.int(4)?),
        expires: Timestamp(line.int(5)?),
    };
    if invitation_sum(&invitation) == line.int(6)? { Ok(invitation) } else { Err(damaged()) }
}

fn invitation_sum(invitation: &Invitation) -> i64 {
    let sum = Sum::default().bytes(&invitation.token.0).int(int(invitation.room.0)).int(invitation.by.code());
    sum.maybe_int(invitation.uses.map(i64::from)).int(invitation.created.0).int(invitation.expires.0).end()
}
