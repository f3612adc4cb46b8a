//! Accounts, and what goes with them.

use parlor_core::account::{Account, NewAccount};
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, LOBBY, RoomId, Timestamp};
use parlor_core::model::LAST_ACCOUNT;
use parlor_core::names::{Handle, skeleton};
use parlor_core::room::Role;
use parlor_core::text::DisplayName;
use rusqlite::{Connection, Row, ToSql, params};

use super::fault::{Result, corrupt};
use super::guests::{Own, own};
use super::people;
use super::rows::{Line, Sum, int, limit, uint};
use super::writer::Tx;

/// The numbers that an account can have: those that are an [`Author::code`] of their own.
const NUMBERS: std::ops::RangeInclusive<u64> = 1..=i64::MAX.cast_unsigned();

macro_rules! accounts {
    ($rest:literal) => {
        concat!(
            "SELECT id, handle, display_name, password, disabled, created, sum, operator, skeleton FROM accounts ",
            $rest
        )
    };
}

/// An account by its number.
pub(super) fn find(db: &Connection, id: AccountId) -> Result<Option<Account>> {
    one(db, accounts!("WHERE id = ?1"), &int(id.0))
}

/// An account by its handle.
pub(super) fn by_handle(db: &Connection, handle: &Handle) -> Result<Option<Account>> {
    one(db, accounts!("WHERE handle = ?1"), &handle.as_str())
}

/// The account whose handle has this skeleton.
pub(super) fn by_skeleton(db: &Connection, skeleton: &str) -> Result<Option<Account>> {
    one(db, accounts!("WHERE skeleton = ?1"), &skeleton)
}

/// Whether an account runs the server.
pub(super) fn has_operator(db: &Connection) -> Result<bool> {
    Ok(one(db, accounts!("WHERE operator = ?1"), &1)?.is_some())
}

/// Accounts by handle, after this one.
pub(super) fn after(db: &Connection, after: Option<&Handle>, count: usize) -> Result<Vec<Account>> {
    let mut statement = db.prepare_cached(accounts!("WHERE handle > ?1 ORDER BY handle LIMIT ?2"))?;
    // No handle is empty, so all come after that.
    let mut rows = statement.query(params![after.map_or("", Handle::as_str), limit(count)])?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(account_of(row)?);
    }
    Ok(accounts)
}

impl Tx<'_> {
    /// Makes an account, a member of the lobby; `None` if its handle, its look or its number is taken, or there is an
    /// operator and it shall be one.
    pub(super) fn create_account(&mut self, new: NewAccount) -> Result<Option<Account>> {
        let own = own(self.db)?;
        let id = match new.id {
            Some(id) => id,
            None => self.free_number(own.next_account)?,
        };
        let looks = skeleton(new.handle.as_str());
        if !NUMBERS.contains(&id.0)
            || find(self.db, id)?.is_some()
            || self.name_is_taken(new.handle.as_str(), None)?
            || by_skeleton(self.db, &looks)?.is_some()
            || new.operator && has_operator(self.db)?
        {
            return Ok(None);
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
        self.insert_account(&account, &looks)?;
        if new.id.is_none() || id < LAST_ACCOUNT {
            let next_account = own.next_account.max(id.0.saturating_add(1));
            self.write_own(&Own { next_account, ..own })?;
        }
        self.change_role(LOBBY, Author::Account(id), Some(Role::Member), new.now)?;
        Ok(Some(account))
    }

    /// Overwrites display name, password and state.
    pub(super) fn update_account(&mut self, new: Account) -> Result<bool> {
        let Some(account) = find(self.db, new.id)? else { return Ok(false) };
        let (handle, created, operator) = (account.handle, account.created, account.operator);
        self.update_account_row(&Account { handle, created, operator, ..new })?;
        Ok(true)
    }

    /// Removes an account with its roles and invitations; its sessions, marks and positions go with its row.
    pub(super) fn remove_account(&mut self, id: AccountId, now: Timestamp) -> Result<bool> {
        let removed = self.db.prepare_cached("DELETE FROM accounts WHERE id = ?1")?.execute([int(id.0)])?;
        if removed == 0 {
            return Ok(false);
        }
        let who = Author::Account(id);
        for (room, _) in people::rooms_of(self.db, who)? {
            self.change_role(room, who, None, now)?;
        }
        self.forget_all_invitations_by(who)?;
        Ok(true)
    }

    /// Whether an account or a room other than this one has the name.
    pub(super) fn name_is_taken(&mut self, name: &str, but: Option<RoomId>) -> Result<bool> {
        let sql = "SELECT 1 FROM rooms WHERE name = ?1 AND id IS NOT ?2 \
                   UNION ALL SELECT 1 FROM accounts WHERE handle = ?1";
        Ok(self.db.prepare_cached(sql)?.exists(params![name, but.map(|room| int(room.0))])?)
    }

    /// The first number from here on that nobody has; one that is none if there is no other.
    fn free_number(&mut self, from: u64) -> Result<AccountId> {
        let mut id = AccountId(from);
        while NUMBERS.contains(&id.0) && find(self.db, id)?.is_some() {
            id.0 += 1;
        }
        Ok(id)
    }

    fn insert_account(&mut self, account: &Account, looks: &str) -> Result<()> {
        let sql = "INSERT INTO accounts (id, handle, display_name, password, disabled, created, operator, skeleton, sum) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        self.db.prepare_cached(sql)?.execute(params![
            int(account.id.0),
            account.handle.as_str(),
            account.display_name.as_str(),
            account.password,
            account.disabled,
            account.created.0,
            account.operator,
            looks,
            account_sum(account),
        ])?;
        Ok(())
    }

    fn update_account_row(&mut self, account: &Account) -> Result<()> {
        let sql = "UPDATE accounts SET display_name = ?2, password = ?3, disabled = ?4, sum = ?5 WHERE id = ?1";
        self.db.prepare_cached(sql)?.execute(params![
            int(account.id.0),
            account.display_name.as_str(),
            account.password,
            account.disabled,
            account_sum(account),
        ])?;
        Ok(())
    }
}

fn one(db: &Connection, sql: &str, by: &dyn ToSql) -> Result<Option<Account>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([by])?;
    rows.next()?.map(account_of).transpose()
}

fn account_of(row: &Row<'_>) -> Result<Account> {
    let line = Line(row);
    let id = AccountId(uint(line.int(0)?));
    let damaged = || corrupt(format_args!("account {id} does not match its checksum"));
    let account = Account {
        id,
        handle: Handle::find(line.text(1)?).ok_or_else(damaged)?,
        display_name: DisplayName::stored(line.text(2)?.to_owned()),
        password: line.maybe_text(3)?.map(str::to_owned),
        disabled: line.int(4)? != 0,
        operator: line.int(7)? != 0,
        created: Timestamp(line.int(5)?),
    };
    let looks_right = line.maybe_text(8)?.is_none_or(|looks| looks == skeleton(account.handle.as_str()));
    if looks_right && account_sum(&account) == line.int(6)? { Ok(account) } else { Err(damaged()) }
}

fn account_sum(account: &Account) -> i64 {
    let sum = Sum::default()
        .int(int(account.id.0))
        .text(account.handle.as_str())
        .text(account.display_name.as_str())
        .maybe_text(account.password.as_deref())
        .int(i64::from(account.disabled))
        .int(account.created.0);
    // Who does not run the server has the checksum that schema 1 gave.
    if account.operator { sum.int(1).end() } else { sum.end() }
}
