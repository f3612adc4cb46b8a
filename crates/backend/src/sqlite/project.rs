//! What an event changes beside its own row, in the same transaction.

use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::{Number, RoomId, Seq};
use parlor_core::room::Role;
use parlor_core::text::Text;
use rusqlite::params;

use super::append::Target;
use super::fault::{Result, corrupt};
use super::rooms;
use super::rows::{self, Sum, int};
use super::writer::Tx;

impl Tx<'_> {
    /// Moves the projections along with an event; answers the message that it changed, as that stands now.
    pub(super) fn project(&mut self, event: &Event, target: Target) -> Result<Option<Event>> {
        let room = event.room;
        match &event.body {
            Body::Message { .. } => {}
            Body::Edit { target: number, text } => {
                return self.amend(target.message(*number), text, MessageState::Edited).map(Some);
            }
            Body::Redaction { target: number } => {
                let amended = self.amend(target.message(*number), &Text::default(), MessageState::Redacted)?;
                self.blank_edits(room, *number)?;
                let sql = "DELETE FROM reactions WHERE room = ?1 AND number = ?2";
                self.db.prepare_cached(sql)?.execute([int(room.0), int(number.0)])?;
                return Ok(Some(amended));
            }
            Body::Reaction { target: number, emoji, on } => {
                self.react(room, *number, emoji.as_str(), event.author, *on)?;
            }
            Body::Settings(change) => {
                let mut changed = self.room(room)?;
                changed.apply(change);
                rooms::write(self.db, &changed)?;
                if let Some(live) = self.memory.heads.get_mut(&room) {
                    live.listed = changed.listed;
                }
            }
            Body::Member { who, role } => {
                self.set_role(room, *who, *role)?;
                if role.is_none() {
                    let mut left = self.room(room)?;
                    if left.part(*who) {
                        rooms::write(self.db, &left)?;
                    }
                }
                if role.is_none_or(|role| role == Role::Banned) {
                    self.forget_invitations_by(room, *who)?;
                }
            }
            Body::Closed => {
                let mut closed = self.room(room)?;
                closed.end();
                rooms::write(self.db, &closed)?;
                self.forget_invitations_of(room)?;
            }
        }
        Ok(None)
    }

    /// Puts another text into a message's own row.
    fn amend(&mut self, message: Option<Event>, new: &Text, became: MessageState) -> Result<Event> {
        let mut message = message.ok_or_else(|| corrupt("a message that was there is not there"))?;
        if let Body::Message { text, state, .. } = &mut message.body {
            *text = new.clone();
            *state = became;
        }
        self.rewrite(&message)?;
        Ok(message)
    }

    fn blank_edits(&mut self, room: RoomId, number: Number) -> Result<()> {
        let sql = "SELECT id FROM events INDEXED BY events_edit WHERE room = ?1 AND kind = 1 AND target = ?2";
        let mut statement = self.db.prepare_cached(sql)?;
        let places = statement.query_map([int(room.0), int(number.0)], |row| row.get::<_, i64>(0))?;
        let places: Vec<i64> = places.collect::<rusqlite::Result<_>>()?;
        for id in places {
            let mut edit = super::logs::event(self.db, room, Seq(rows::place_of(id)))?;
            if let Body::Edit { text, .. } = &mut edit.body {
                *text = Text::default();
            }
            self.rewrite(&edit)?;
        }
        Ok(())
    }

    /// Writes a body that changed in place.
    fn rewrite(&mut self, event: &Event) -> Result<()> {
        let sql = "UPDATE events SET detail = ?2, text = ?3, sum = ?4 WHERE id = ?1";
        let id = rows::row_id(event.room, event.seq.0)?;
        let body = rows::cells(&event.body);
        self.db.prepare_cached(sql)?.execute(params![id, body.detail, body.text, rows::event_sum(event)])?;
        Ok(())
    }

    fn react(&mut self, room: RoomId, number: Number, emoji: &str, author: Author, on: bool) -> Result<()> {
        let (room, number, author) = (int(room.0), int(number.0), author.code());
        if on {
            let sql = "INSERT INTO reactions (room, number, emoji, author, sum) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT DO NOTHING";
            let sum = reaction_sum(room, number, emoji, author);
            self.db.prepare_cached(sql)?.execute(params![room, number, emoji, author, sum])?;
        } else {
            let sql = "DELETE FROM reactions WHERE room = ?1 AND number = ?2 AND emoji = ?3 AND author = ?4";
            self.db.prepare_cached(sql)?.execute(params![room, number, emoji, author])?;
        }
        Ok(())
    }

    fn set_role(&mut self, room: RoomId, who: Author, role: Option<Role>) -> Result<()> {
        let (room, who) = (int(room.0), who.code());
        match role {
            Some(role) => {
                let sql = "INSERT INTO members (room, who, role, sum) VALUES (?1, ?2, ?3, ?4) \
                           ON CONFLICT (room, who) DO UPDATE SET role = ?3, sum = ?4";
                let sum = member_sum(room, who, role.code());
                self.db.prepare_cached(sql)?.execute(params![room, who, role.code(), sum])?;
            }
            None => {
                self.db.prepare_cached("DELETE FROM members WHERE room = ?1 AND who = ?2")?.execute([room, who])?;
            }
        }
        Ok(())
    }

    fn room(&mut self, id: RoomId) -> Result<parlor_core::room::Room> {
        rooms::any(self.db, id)?.ok_or_else(|| corrupt(format_args!("room {id} has a head, and its row is missing")))
    }
}

/// The checksum of a reaction's row.
pub(super) fn reaction_sum(room: i64, number: i64, emoji: &str, author: i64) -> i64 {
    Sum::default().int(room).int(number).text(emoji).int(author).end()
}

/// The checksum of a member's row.
pub(super) fn member_sum(room: i64, who: i64, role: i64) -> i64 {
    Sum::default().int(room).int(who).int(role).end()
}
