//! What the model keeps for its people: read marks, positions, invitations.

use super::State;
use crate::account::{Invitation, ReadMark, TokenHash};
use crate::event::Author;
use crate::ids::{AccountId, Number, RoomId, Seq, Timestamp};
use crate::room::Role;

impl State {
    pub(super) fn mark_read(&mut self, room: RoomId, account: AccountId, mark: ReadMark) -> ReadMark {
        let nothing = ReadMark { number: Number(0), at: Timestamp(0) };
        let Some(head) = self.room(room).map(|room| room.head) else { return nothing };
        if !self.accounts.contains_key(&account) {
            return nothing;
        }
        let mark = ReadMark { number: mark.number.min(head.number), at: mark.at };
        let holds = self.marks.entry((room, account)).or_insert(mark);
        if mark.number > holds.number {
            *holds = mark;
        }
        *holds
    }

    pub(super) fn marks_of(&self, account: AccountId) -> Vec<(RoomId, ReadMark)> {
        let own = self.marks.iter().filter(|((_, of), _)| *of == account);
        own.map(|((room, _), mark)| (*room, *mark)).collect()
    }

    pub(super) fn received(&self, account: AccountId) -> Vec<(RoomId, Seq)> {
        let own = self.received.range((account, RoomId(0))..=(account, RoomId(u64::MAX)));
        own.map(|((_, room), seq)| (*room, *seq)).collect()
    }

    pub(super) fn mark_received(&mut self, positions: Vec<(AccountId, RoomId, Seq)>) {
        for (account, room, seq) in positions {
            let head = if room == RoomId(0) { Some(seq) } else { self.room(room).map(|room| room.head.seq) };
            let Some(head) = head.filter(|_| self.accounts.contains_key(&account)) else { continue };
            let holds = self.received.entry((account, room)).or_default();
            *holds = (*holds).max(seq.min(head));
        }
    }

    pub(super) fn create_invitation(&mut self, new: Invitation) -> bool {
        let is_open = self.open_rooms().any(|room| room.id == new.room);
        if !is_open || self.invitations.contains_key(&new.token) {
            return false;
        }
        self.invitations.retain(|_, made| made.room != new.room || made.expires > new.created);
        self.invitations.insert(new.token, new);
        true
    }

    /// Its room is open: closing one ends its invitations.
    pub(super) fn use_invitation(&mut self, token: TokenHash, who: Author, now: Timestamp) -> Option<RoomId> {
        let invitation = self.invitations.get_mut(&token).filter(|invitation| now < invitation.expires)?;
        let room = invitation.room;
        match self.roles.get(&(room, who.code())) {
            Some(Role::Banned) => return None,
            Some(Role::Member | Role::Admin | Role::Owner) => return Some(room),
            None => {}
        }
        if let Some(uses) = &mut invitation.uses {
            *uses = uses.checked_sub(1)?;
        }
        self.change_role(room, who, Some(Role::Member), now);
        Some(room)
    }

    pub(super) fn invitations_of(&self, room: RoomId) -> Vec<Invitation> {
        let mut made: Vec<Invitation> = self.invitations.values().filter(|made| made.room == room).cloned().collect();
        made.sort_by_key(|made| (std::cmp::Reverse(made.created), made.token));
        made
    }
}
