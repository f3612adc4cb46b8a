//! The people of the model: accounts, sessions, guests, roles.

use super::{LAST_ACCOUNT, State};
use crate::account::{Account, Guest, NewAccount, Session, TokenHash};
use crate::event::Author;
use crate::ids::{AccountId, GuestId, LOBBY, RoomId, Timestamp};
use crate::names::{Handle, skeleton};
use crate::room::Role;

/// The numbers that an account can have: those that are an [`Author::code`] of their own.
const ACCOUNTS: std::ops::RangeInclusive<u64> = 1..=i64::MAX.cast_unsigned();

impl State {
    pub(super) fn create_account(&mut self, new: NewAccount) -> Option<Account> {
        let free = |id: &AccountId| !self.accounts.contains_key(id);
        let id = new.id.or_else(|| (self.next_account.0..).map(AccountId).find(free))?;
        let name_is_taken =
            self.name_is_taken(new.handle.as_str(), None) || self.looks_like(&skeleton(new.handle.as_str())).is_some();
        if name_is_taken || !free(&id) || !ACCOUNTS.contains(&id.0) || new.operator && self.has_operator() {
            return None;
        }
        let account = Account {
            id,
            handle: new.handle,
            display_name: new.display_name,
            password: new.password,
            disabled: false,
            operator: new.operator,
            created: new.now,
        };
        self.accounts.insert(id, account.clone());
        if new.id.is_none() || id < LAST_ACCOUNT {
            self.next_account = self.next_account.max(AccountId(id.0.saturating_add(1)));
        }
        if self.room(LOBBY).is_some_and(|lobby| !lobby.head.closed) {
            self.change_role(LOBBY, Author::Account(id), Some(Role::Member), new.now);
        }
        Some(account)
    }

    /// The account whose handle has this skeleton.
    pub(super) fn looks_like(&self, looks: &str) -> Option<&Account> {
        self.accounts.values().find(|account| skeleton(account.handle.as_str()) == looks)
    }

    pub(super) fn has_operator(&self) -> bool {
        self.accounts.values().any(|account| account.operator)
    }

    pub(super) fn accounts_after(&self, after: Option<&Handle>, limit: usize) -> Vec<Account> {
        let mut accounts: Vec<&Account> = self.accounts.values().collect();
        accounts.sort_by_key(|account| &account.handle);
        let later = accounts.into_iter().filter(|account| after.is_none_or(|after| account.handle > *after));
        later.take(limit).cloned().collect()
    }

    pub(super) fn update_account(&mut self, new: Account) -> bool {
        let Some(account) = self.accounts.get_mut(&new.id) else { return false };
        account.display_name = new.display_name;
        account.password = new.password;
        account.disabled = new.disabled;
        true
    }

    pub(super) fn remove_account(&mut self, id: AccountId, now: Timestamp) -> bool {
        if self.accounts.remove(&id).is_none() {
            return false;
        }
        self.sessions.retain(|_, session| session.account != id);
        self.marks.retain(|(_, account), _| *account != id);
        self.received.retain(|(account, _), _| *account != id);
        self.invitations.retain(|_, made| made.by != Author::Account(id));
        for (room, _) in self.rooms_of(Author::Account(id)) {
            self.change_role(room, Author::Account(id), None, now);
        }
        true
    }

    pub(super) fn create_session(&mut self, session: Session) -> bool {
        if !self.accounts.contains_key(&session.account) || self.sessions.contains_key(&session.token) {
            return false;
        }
        self.sessions.insert(session.token, session);
        true
    }

    pub(super) fn sessions_of(&self, account: AccountId) -> Vec<Session> {
        let mut sessions: Vec<Session> = self.sessions.values().filter(|s| s.account == account).cloned().collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.used), session.token));
        sessions
    }

    pub(super) fn touch_session(&mut self, token: TokenHash, used: Timestamp, expires: Timestamp) -> bool {
        let Some(session) = self.sessions.get_mut(&token) else { return false };
        session.used = used;
        session.expires = expires;
        true
    }

    /// Ends the sessions that are meant; answers them by token.
    pub(super) fn end_sessions(&mut self, meant: impl Fn(&Session) -> bool) -> Vec<TokenHash> {
        self.sessions.extract_if(.., |_, session| meant(session)).map(|(token, _)| token).collect()
    }

    pub(super) fn claim_guest(&mut self, id: GuestId, account: AccountId) -> bool {
        let claimed = self.guests.get(&id).is_some_and(|guest| guest.account.is_some());
        if claimed || !self.accounts.contains_key(&account) {
            return false;
        }
        self.guests.entry(id).or_insert(Guest { id, name: None, account: None }).account = Some(account);
        true
    }

    pub(super) fn members(&self, room: RoomId, after: Option<Author>, limit: usize) -> Vec<(Author, Role)> {
        let of_room = self.roles.range((room, i64::MIN)..=(room, i64::MAX));
        let later = of_room.filter(|((_, code), _)| after.is_none_or(|after| *code > after.code()));
        later.map(|((_, code), role)| (Author::from_code(*code), *role)).take(limit).collect()
    }

    pub(super) fn rooms_of(&self, who: Author) -> Vec<(RoomId, Role)> {
        let open = self.open_rooms();
        open.filter_map(|room| Some((room.id, *self.roles.get(&(room.id, who.code()))?))).collect()
    }
}
