//! Accounts: making and removing them, and checking their passwords.

use super::Chat;
use crate::account::{Account, NewAccount};
use crate::actor::Actor;
use crate::event::Author;
use crate::ids::{AccountId, LOBBY, RoomId};
use crate::limits;
use crate::names::Handle;
use crate::policy::{self, Standing};
use crate::rates::Origin;
use crate::refusal::{Error, Fault, Refusal};
use crate::room::Head;
use crate::text::DisplayName;

/// The numbers that an account can have (`Store::create_account`).
const ACCOUNTS: std::ops::RangeInclusive<u64> = 1..=i64::MAX.cast_unsigned();

impl Chat {
    /// The account of this name, if this is its password and it may log in. Whether the name is nobody's or the password
    /// wrong can be told neither by the answer nor by the work. `origin` is where it is tried; `None`: inside the server,
    /// where nothing is counted. Cancel safe: a try that is given up counts as none.
    ///
    /// # Errors
    /// `BadPassword` for one that nothing can have, before any work; `BadLogin`; `TooFast` when an address tries too many,
    /// failed too often for this account, or when too many wait for their turn; or a `Fault`.
    pub async fn check_password(&self, handle: &str, password: &str, origin: Option<Origin>) -> Result<Account, Error> {
        check_length(password)?;
        self.rates.login(origin)?;
        let handle = Handle::find(handle);
        let attempt = match origin {
            Some(origin) => Some(self.guesses.begin(handle.clone(), origin).await?),
            None => None,
        };
        let account = match handle {
            Some(handle) => self.world.store.account_by_handle(handle).await?,
            None => None,
        };
        let hash = account.as_ref().and_then(|account| account.password.as_deref());
        let right = self.world.passwords.verify(password, hash).await?;
        let account = match account.filter(|_| right) {
            // Its turn may have come late, and the account have been removed, disabled or given another password meanwhile.
            Some(known) => {
                let now = self.world.store.account(known.id).await?;
                now.filter(|now| now.password == known.password && !now.disabled)
            }
            None => None,
        };
        if let Some(attempt) = attempt {
            if account.is_some() { attempt.right() } else { attempt.wrong() }
        }
        Ok(account.ok_or(Refusal::BadLogin)?)
    }

    /// Makes an account, shown under its handle. `id`: its number; `None`: one from 2^40 on.
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; `BadName`, `BadPassword`; `NumberTaken`; `NameTaken`: an account's, a room's, or
    /// held at a terminal now; `TooFast` when too many wait for their hashes; or a `Fault`.
    pub async fn add_account(
        &self,
        actor: &Actor,
        id: Option<AccountId>,
        handle: &str,
        password: &str,
    ) -> Result<Account, Error> {
        may_run_server(actor)?;
        let handle = Handle::new(handle)?;
        check_length(password)?;
        // Before the work; the store has the last word after it.
        self.check_free(id, &handle).await?;
        let account = NewAccount {
            id,
            display_name: DisplayName::stored(handle.as_str().to_owned()),
            handle: handle.clone(),
            password: Some(self.world.passwords.hash(password).await?),
            now: self.world.clock.wall(),
        };
        let Some(account) = self.world.store.create_account(account).await? else {
            self.check_free(id, &handle).await?;
            // Somebody was faster, and is gone again already.
            return Err(Refusal::NameTaken.into());
        };
        self.follow(vec![LOBBY]).await;
        Ok(account)
    }

    /// Removes an account; what it said stays, and its handle is free.
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; `NotFound`; `LoggedIn`; or a `Fault`.
    pub async fn remove_account(&self, actor: &Actor, id: AccountId) -> Result<(), Error> {
        may_run_server(actor)?;
        let who = Author::Account(id);
        self.world.store.account(id).await?.ok_or(Refusal::NotFound)?;
        // Before the removal: after it, it is nowhere a member.
        let rooms = self.world.store.rooms_of(who).await?;
        if self.is_here(who) {
            return Err(Refusal::LoggedIn.into());
        }
        if !self.world.store.remove_account(id, self.world.clock.wall()).await? {
            return Err(Refusal::NotFound.into());
        }
        self.follow(rooms.into_iter().map(|(room, _)| room).collect()).await;
        Ok(())
    }

    /// Accounts by handle, after this one; at most `limit`, and at most [`limits::LISTED_ACCOUNTS`].
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; or a `Fault`.
    pub async fn accounts(&self, actor: &Actor, after: Option<Handle>, limit: usize) -> Result<Vec<Account>, Error> {
        may_run_server(actor)?;
        Ok(self.world.store.accounts(after, limit.min(limits::LISTED_ACCOUNTS)).await?)
    }

    /// The account with this handle, typed in any case.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn account_named(&self, handle: &str) -> Result<Option<Account>, Error> {
        match Handle::find(handle) {
            Some(handle) => self.account_with(handle).await,
            None => Ok(None),
        }
    }

    async fn check_free(&self, id: Option<AccountId>, handle: &Handle) -> Result<(), Error> {
        if let Some(id) = id
            && (!ACCOUNTS.contains(&id.0) || self.world.store.account(id).await?.is_some())
        {
            return Err(Refusal::NumberTaken.into());
        }
        let holder = self.connections.holder(handle.as_str());
        let taken = holder.is_some()
            || self.is_room_name(handle.as_str()).await?
            || self.world.store.account_by_handle(handle.clone()).await?.is_some();
        if taken { Err(Refusal::NameTaken.into()) } else { Ok(()) }
    }

    /// Shows what the store itself put into logs, here and at other nodes, as the sequencer does with what came through it.
    async fn follow(&self, rooms: Vec<RoomId>) {
        match self.world.store.heads(rooms).await {
            Ok(heads) => {
                for (room, head) in heads {
                    self.show(room, head).await;
                }
            }
            // It is durable all the same, and the next look at the heads finds it.
            Err(fault) => tracing::warn!(%fault, "rooms could not be caught up with after a change of accounts"),
        }
        self.moved.notify_one();
    }

    async fn show(&self, room: RoomId, head: Result<Head, Fault>) {
        let shown = match head {
            Ok(head) => {
                self.world.bus.hint(room, head.seq);
                self.heard(room, head.seq).await
            }
            Err(fault) => Err(fault),
        };
        if let Err(fault) = shown {
            tracing::warn!(%fault, %room, "a room could not be caught up with after a change of accounts");
        }
    }
}

fn may_run_server(actor: &Actor) -> Result<(), Refusal> {
    policy::check_server(Standing::of(actor.author(), None))
}

fn check_length(password: &str) -> Result<(), Refusal> {
    if (1..=limits::PASSWORD_BYTES).contains(&password.len()) { Ok(()) } else { Err(Refusal::BadPassword) }
}
