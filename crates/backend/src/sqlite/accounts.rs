//! Accounts, and what goes with them.

use parlor_core::account::{Account, NewAccount};
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, LOBBY, Timestamp};
use parlor_core::names::Handle;
use parlor_core::room::Role;
use parlor_core::text::DisplayName;
use rusqlite::{Connection, Row, ToSql, params};

use super::fault::{Result, corrupt};
use super::guests::{Own, own};
use super::people;
use super::rows::{Line, Sum, int, limit, uint};
use super::writer::Tx;

macro_rules! accounts {
    ($rest:literal) => {
        concat!("SELECT id, handle, display_name, password, disabled, created, sum FROM accounts ", $rest)
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
    /// Makes an account, a member of the lobby; `None` if its handle or number is taken.
    pub(super) fn create_account(&mut self, new: NewAccount) -> Result<Option<Account>> {
        let own = own(self.db)?;
        let id = new.id.unwrap_or(AccountId(own.next_account));
        let is_number = (1..=i64::MAX.cast_unsigned()).contains(&id.0);
        if !is_number || find(self.db, id)?.is_some() || self.name_is_taken(new.handle.as_str())? {
            return Ok(None);
        }
        let account = Account {
            id,
            handle: new.handle,
            display_name: new.display_name,
            password: new.password,
            disabled: false,
            created: new.now,
        };
        self.write_account(&account)?;
        // A number that was given beyond the store's own must not be given again.
        let next_account = own.next_account.max(id.0.saturating_add(1));
        self.write_own(&Own { next_account, ..own })?;
        self.change_role(LOBBY, Author::Account(id), Some(Role::Member), new.now)?;
        Ok(Some(account))
    }

    /// Overwrites display name, password and state.
    pub(super) fn update_account(&mut self, new: Account) -> Result<bool> {
        let Some(account) = find(self.db, new.id)? else { return Ok(false) };
        self.write_account(&Account { handle: account.handle, created: account.created, ..new })?;
        Ok(true)
    }

    /// Removes an account with its roles; its sessions and marks go with its row.
    pub(super) fn remove_account(&mut self, id: AccountId, now: Timestamp) -> Result<bool> {
        let removed = self.db.prepare_cached("DELETE FROM accounts WHERE id = ?1")?.execute([int(id.0)])?;
        if removed == 0 {
            return Ok(false);
        }
        let who = Author::Account(id);
        for (room, _) in people::rooms_of(self.db, who)? {
            self.change_role(room, who, None, now)?;
        }
        Ok(true)
    }

    fn name_is_taken(&mut self, name: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM rooms WHERE name = ?1 UNION ALL SELECT 1 FROM accounts WHERE handle = ?1";
        Ok(self.db.prepare_cached(sql)?.exists([name])?)
    }

    fn write_account(&mut self, account: &Account) -> Result<()> {
        let sql = "INSERT INTO accounts (id, handle, display_name, password, disabled, created, sum) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET \
                   display_name = ?3, password = ?4, disabled = ?5, sum = ?7";
        self.db.prepare_cached(sql)?.execute(params![
            int(account.id.0),
            account.handle.as_str(),
            account.display_name.as_str(),
            account.password,
            account.disabled,
            account.created.0,
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
        created: Timestamp(line.int(5)?),
    };
    if account_sum(&account) == line.int(6)? { Ok(account) } else { Err(damaged()) }
}

fn account_sum(account: &Account) -> i64 {
    Sum::default()
        .int(int(account.id.0))
        .text(account.handle.as_str())
        .text(account.display_name.as_str())
        .maybe_text(account.password.as_deref())
        .int(i64::from(account.disabled))
        .int(account.created.0)
        .end()
}
