//! Guests: their numbers, their remembered names, their claims.

use parlor_core::account::Guest;
use parlor_core::ids::{AccountId, GuestId};
use parlor_core::text::DisplayName;
use rusqlite::{Connection, params};

use super::accounts;
use super::fault::{Result, corrupt};
use super::rows::{Line, Sum, int, uint};
use super::schema::store_sum;
use super::writer::Tx;

/// The store's own row.
pub(super) struct Own {
    pub(super) secret: [u8; 32],
    pub(super) next_guest: u64,
    pub(super) next_account: u64,
}

/// Reads the store's own row.
pub(super) fn own(db: &Connection) -> Result<Own> {
    let mut statement = db.prepare_cached("SELECT secret, next_guest, next_account, sum FROM store")?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or_else(|| corrupt("the store's own row is missing"))?;
    let line = Line(row);
    let (secret, guest, account) = (line.bytes(0)?, line.int(1)?, line.int(2)?);
    if store_sum(secret, guest, account) != line.int(3)? {
        return Err(corrupt("the store's own row does not match its checksum"));
    }
    let secret = secret.try_into().map_err(|_| corrupt("the store's secret has another length"))?;
    Ok(Own { secret, next_guest: uint(guest), next_account: uint(account) })
}

/// A guest who has spoken, or was claimed.
pub(super) fn find(db: &Connection, id: GuestId) -> Result<Option<Guest>> {
    let mut statement = db.prepare_cached("SELECT name, account, sum FROM guests WHERE id = ?1")?;
    let mut rows = statement.query([int(id.0)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let line = Line(row);
    let name = line.maybe_text(0)?.map(|name| DisplayName::stored(name.to_owned()));
    let guest = guest_of(id, name, line.maybe_int(1)?.map(|id| AccountId(uint(id))));
    if guest_sum(&guest) != line.int(2)? {
        return Err(corrupt(format_args!("guest {id} does not match its checksum")));
    }
    Ok(Some(guest))
}

/// The guests whose past is an account's, by number.
pub(super) fn of_account(db: &Connection, account: AccountId) -> Result<Vec<GuestId>> {
    let mut statement = db.prepare_cached("SELECT id FROM guests WHERE account = ?1 ORDER BY id")?;
    let ids =
        statement.query_map([int(account.0)], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut guests = Vec::new();
    for id in ids.into_iter().map(|id| GuestId(uint(id))) {
        // Read whole, for its checksum: a claim is a right to what the guest wrote.
        if find(db, id)?.is_some_and(|guest| guest.account == Some(account)) {
            guests.push(id);
        }
    }
    Ok(guests)
}

/// A guest of these parts.
pub(super) fn guest_of(id: GuestId, name: Option<DisplayName>, account: Option<AccountId>) -> Guest {
    Guest { id, name, account }
}

impl Tx<'_> {
    /// Takes a block of numbers.
    pub(super) fn reserve_guests(&mut self, count: u64) -> Result<GuestId> {
        let own = own(self.db)?;
        let next = own.next_guest.saturating_add(count);
        self.write_own(&Own { next_guest: next, ..own })?;
        Ok(GuestId(own.next_guest))
    }

    pub(super) fn write_own(&mut self, own: &Own) -> Result<()> {
        let (guest, account) = (int(own.next_guest), int(own.next_account));
        let sql = "UPDATE store SET next_guest = ?1, next_account = ?2, sum = ?3";
        self.db.prepare_cached(sql)?.execute([guest, account, store_sum(&own.secret, guest, account)])?;
        Ok(())
    }

    /// A guest as it stands in this transaction.
    pub(super) fn guest(&mut self, id: GuestId) -> Result<Option<&Guest>> {
        if !self.memory.guests.contains_key(&id) {
            let found = find(self.db, id)?;
            self.memory.guests.insert(id, found);
        }
        Ok(self.memory.guests.get(&id).and_then(Option::as_ref))
    }

    pub(super) fn write_guest(&mut self, guest: Guest) -> Result<()> {
        let sql = "INSERT INTO guests (id, name, account, sum) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (id) DO UPDATE SET name = ?2, account = ?3, sum = ?4";
        let name = guest.name.as_ref().map(DisplayName::as_str);
        let account = guest.account.map(|id| int(id.0));
        self.db.prepare_cached(sql)?.execute(params![int(guest.id.0), name, account, guest_sum(&guest)])?;
        self.memory.guests.insert(guest.id, Some(guest));
        Ok(())
    }

    /// Makes a guest's past an account's.
    pub(super) fn claim_guest(&mut self, id: GuestId, account: AccountId) -> Result<bool> {
        let known = self.guest(id)?.cloned();
        let claimed = known.as_ref().is_some_and(|guest| guest.account.is_some());
        if claimed || accounts::find(self.db, account)?.is_none() {
            return Ok(false);
        }
        self.write_guest(guest_of(id, known.and_then(|guest| guest.name), Some(account)))?;
        Ok(true)
    }
}

fn guest_sum(guest: &Guest) -> i64 {
    let name = guest.name.as_ref().map(DisplayName::as_str);
    Sum::default().int(int(guest.id.0)).maybe_text(name).maybe_int(guest.account.map(|id| int(id.0))).end()
}
