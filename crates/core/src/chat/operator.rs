//! What only whoever runs the server may do to accounts, and how somebody becomes that.

use std::sync::{MutexGuard, PoisonError};

use subtle::ConstantTimeEq;

use super::Chat;
use super::accounts::NewPerson;
use super::sessions::Ends;
use crate::account::Account;
use crate::actor::{Actor, Who};
use crate::event::Author;
use crate::ids::{AccountId, RoomId};
use crate::limits;
use crate::names::Handle;
use crate::policy::{self, Standing};
use crate::rates::Origin;
use crate::refusal::{Error, Fault, Refusal};
use crate::room::Room;

impl Chat {
    /// What makes whoever has it the operator, once ([`Chat::register_operator`]), while no account is: 32 hex digits, drawn
    /// once a start and kept in memory only. `None`: there is an operator.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn operator_link(&self) -> Result<Option<String>, Error> {
        if self.world.store.has_operator().await? {
            return Ok(None);
        }
        let drawn = self.draw_token();
        let mut token = self.operator_token();
        if *token == OperatorToken::Undrawn {
            *token = OperatorToken::Drawn(drawn);
        }
        Ok(match &*token {
            OperatorToken::Drawn(token) => Some(token.clone()),
            OperatorToken::Undrawn | OperatorToken::Used => None,
        })
    }

    /// Whether a token is the one of [`Chat::operator_link`], and still makes an operator.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn is_operator_link(&self, token: &str) -> Result<bool, Error> {
        let right = match &*self.operator_token() {
            OperatorToken::Drawn(drawn) => bool::from(drawn.as_bytes().ct_eq(token.as_bytes())),
            OperatorToken::Undrawn | OperatorToken::Used => false,
        };
        Ok(right && !self.world.store.has_operator().await?)
    }

    /// Registers the account that runs the server. Of many who try it with the same token, one wins.
    ///
    /// # Errors
    /// `NotFound` for a token that is wrong or used; `NoPassword`, as this account always has one; else as [`Chat::register`].
    pub async fn register_operator(
        &self,
        origin: Option<Origin>,
        token: &str,
        new: NewPerson<'_>,
    ) -> Result<Account, Error> {
        if !self.is_operator_link(token).await? {
            return Err(Refusal::NotFound.into());
        }
        let account = self.make_account(origin, None, new, true).await?;
        *self.operator_token() = OperatorToken::Used;
        Ok(account)
    }

    /// Makes an account, shown under its handle. `id`: its number; `None`: one from 2^40 on.
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; `BadName`, `BadPassword`, `NoPassword`; `NumberTaken`; `NameTaken`: an account's or
    /// looks like one, a room's, or held at a terminal now; `TooFast` when too many wait for their hashes; or a `Fault`.
    pub async fn add_account(
        &self,
        actor: &Actor,
        id: Option<AccountId>,
        handle: &str,
        password: Option<&str>,
    ) -> Result<Account, Error> {
        self.may_run_server(actor).await?;
        self.make_account(None, id, NewPerson { handle, name: None, password }, false).await
    }

    /// Gives an account another password, or none; every log-in of it ends.
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; `BadPassword`, `NoPassword`; `NoSuchPerson`; `TooFast` when too many wait for their
    /// hashes; or a `Fault`.
    pub async fn set_password(&self, actor: &Actor, id: AccountId, password: Option<&str>) -> Result<(), Error> {
        self.may_run_server(actor).await?;
        let account = self.account_at_hand(id).await?.ok_or(Refusal::NoSuchPerson)?;
        let password = self.hash_new(password, account.operator).await?;
        let set = |account: &mut Account| {
            account.password = password;
            Ok(())
        };
        self.change_account(id, Ends::LogIns { account: id, except: None }, set).await
    }

    /// Says whether an account may not log in; if so, every log-in of it ends.
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; `NoSuchPerson`; or a `Fault`.
    pub async fn disable_account(&self, actor: &Actor, id: AccountId, disabled: bool) -> Result<(), Error> {
        self.may_run_server(actor).await?;
        let ends = if disabled { Ends::LogIns { account: id, except: None } } else { Ends::Nothing { account: id } };
        let set = |account: &mut Account| {
            account.disabled = disabled;
            Ok(())
        };
        self.change_account(id, ends, set).await
    }

    /// Removes an account with its sessions; what it said stays, and its handle is free.
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; `NotFound`; `LoggedIn`: somebody is here with it, and it is not disabled; or a
    /// `Fault`.
    pub async fn remove_account(&self, actor: &Actor, id: AccountId) -> Result<(), Error> {
        self.may_run_server(actor).await?;
        let who = Author::Account(id);
        let changing = self.gate.changing.lock().await;
        let account = self.world.store.account(id).await?.ok_or(Refusal::NotFound)?;
        // Before the removal: after it, it is nowhere a member.
        let rooms = self.world.store.rooms_of(who).await?;
        if !account.disabled && self.is_here(who) {
            return Err(Refusal::LoggedIn.into());
        }
        // Who is about to log in has not done it yet, and must not come in behind the removal.
        let ending = self.ending(Ends::LogIns { account: id, except: None });
        match self.world.store.remove_account(id, self.world.clock.wall()).await {
            Ok(true) => ending.finish(),
            Ok(false) => {
                ending.forget();
                return Err(Refusal::NotFound.into());
            }
            // Unless it may have happened all the same.
            Err(fault @ Fault::OutcomeUnknown(_)) => return Err(fault.into()),
            Err(fault) => {
                ending.forget();
                return Err(fault.into());
            }
        }
        drop(changing);
        self.follow(rooms.into_iter().map(|(room, _)| room).collect()).await;
        Ok(())
    }

    /// Accounts by handle, after this one; at most `limit`, and at most [`limits::LISTED_ACCOUNTS`].
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; or a `Fault`.
    pub async fn accounts(&self, actor: &Actor, after: Option<Handle>, limit: usize) -> Result<Vec<Account>, Error> {
        self.may_run_server(actor).await?;
        Ok(self.world.store.accounts(after, limit.min(limits::LISTED_ACCOUNTS)).await?)
    }

    /// Rooms by number, after this one, unlisted ones and groups among them, rooms of two not; at most `limit`, and at most
    /// [`limits::LISTED_ROOMS`].
    ///
    /// # Errors
    /// `Forbidden` for all but the operator; or a `Fault`.
    pub async fn all_rooms(&self, actor: &Actor, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, Error> {
        self.may_run_server(actor).await?;
        Ok(self.world.store.rooms(after, limit.min(limits::LISTED_ROOMS)).await?)
    }

    /// Changes an account in the store and shows it everywhere. What `ends` by that does so before anybody hears that it is done:
    /// in the store before the change, so that a store that can't do it changes nothing, and once more after it, for what began
    /// between the two.
    pub(super) async fn change_account(
        &self,
        id: AccountId,
        ends: Ends,
        change: impl FnOnce(&mut Account) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let _changing = self.gate.changing.lock().await;
        let mut account = self.world.store.account(id).await?.ok_or(Refusal::NoSuchPerson)?;
        change(&mut account)?;
        self.end_in_store(ends).await?;
        let ending = self.ending(ends);
        // A fault leaves it to the next look: the change may have happened, and the sessions are not in the store any more.
        if !self.world.store.update_account(account.clone()).await? {
            return Err(Refusal::NoSuchPerson.into());
        }
        self.show_account(account);
        self.end_in_store(ends).await?;
        ending.finish();
        Ok(())
    }

    pub(super) async fn may_run_server(&self, actor: &Actor) -> Result<(), Error> {
        let runs = match actor.who {
            Who::Account(id) => {
                self.account_at_hand(id).await?.is_some_and(|account| account.operator && !account.disabled)
            }
            _ => false,
        };
        let standing = if runs { Standing::Operator } else { Standing::of(actor.author(), None) };
        Ok(policy::check_server(standing)?)
    }

    fn operator_token(&self) -> MutexGuard<'_, OperatorToken> {
        self.gate.operator_token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has become of the token that makes somebody the operator.
#[derive(Default, PartialEq, Eq)]
pub(super) enum OperatorToken {
    /// Nobody asked for it yet.
    #[default]
    Undrawn,
    /// It is with whoever started the server.
    Drawn(String),
    /// Somebody is the operator by it. It stays used, whatever becomes of that account.
    Used,
}
