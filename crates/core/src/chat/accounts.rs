//! Accounts: registering them, checking and changing their passwords, and what else they do to themselves.

use std::sync::Arc;

use super::Chat;
use super::sessions::{Ends, account_of};
use crate::account::{Account, NewAccount, TokenHash};
use crate::actor::{Actor, Who};
use crate::connections::Identity;
use crate::event::Author;
use crate::ids::{AccountId, LOBBY, RoomId};
use crate::limits;
use crate::names::{self, Handle};
use crate::rates::{Origin, Person};
use crate::refusal::{Error, Fault, Refusal};
use crate::room::Head;
use crate::text::DisplayName;

/// Somebody who wants an account.
#[derive(Clone, Copy)]
pub struct NewPerson<'a> {
    /// The name by which to log in, in any case.
    pub handle: &'a str,
    /// The name that people shall see, UTF-8; `None`: the handle.
    pub name: Option<&'a [u8]>,
    /// The password; `None`: none, where that is allowed.
    pub password: Option<&'a str>,
}

/// The numbers that an account can have (`Store::create_account`).
const ACCOUNTS: std::ops::RangeInclusive<u64> = 1..=i64::MAX.cast_unsigned();

impl Chat {
    /// The account of this name, if this is its password and it may log in. `None` is right for an account without one, where
    /// those are allowed. Whether the name is nobody's or the password wrong can be told neither by the answer nor by the work.
    /// `origin` is where it is tried; `None`: inside the server, where nothing is counted. Cancel safe: a try that is given up
    /// counts as none.
    ///
    /// # Errors
    /// `BadPassword` for one that nothing can have, before any work; `BadLogin`; `TooFast` when an address tries too many,
    /// failed too often for this account, or when too many wait for their turn; or a `Fault`.
    pub async fn check_password(
        &self,
        handle: &str,
        password: Option<&str>,
        origin: Option<Origin>,
    ) -> Result<Account, Error> {
        password.map_or(Ok(()), check_length)?;
        self.rates.login(origin)?;
        let handle = Handle::find(handle);
        let Some(password) = password else {
            let account = match handle.filter(|_| self.passwordless_accounts) {
                Some(handle) => self.account_with(handle).await?,
                None => None,
            };
            let account = account.filter(|account| account.password.is_none() && !account.disabled);
            return Ok(account.ok_or(Refusal::BadLogin)?);
        };
        let attempt = match origin {
            Some(origin) => Some(self.guesses.begin(handle.clone(), origin).await?),
            None => None,
        };
        let account = match handle {
            Some(handle) => self.account_with(handle).await?,
            None => None,
        };
        let hash = account.as_ref().and_then(|account| account.password.as_deref());
        let right = self.world.passwords.verify(password, hash).await?;
        let account = match account.filter(|_| right) {
            // Its turn may have come late, and the account have been removed, disabled or given another password meanwhile.
            Some(known) => match self.still_as(&known).await {
                Ok(account) => Some(account),
                Err(Error::Refused(_)) => None,
                Err(fault) => return Err(fault),
            },
            None => None,
        };
        if let Some(attempt) = attempt {
            if account.is_some() { attempt.right() } else { attempt.wrong() }
        }
        Ok(account.ok_or(Refusal::BadLogin)?)
    }

    /// Makes an account for whoever asks, a member of the lobby. `origin` is where it is asked for; `None`: inside the server,
    /// where nothing is counted. Cancel safe: given up before the end, there is an account or there is none.
    ///
    /// # Errors
    /// `BadName`; `BadPassword` and `NoPassword` (where one is needed), before any hashing; a refusal of the display name;
    /// `NameTaken`: an account's or looks like one, a room's, or held at a terminal now, or a display name that looks like
    /// somebody else's handle; `TooFast` when an address registers too many, or when too many wait for their hashes; or a `Fault`.
    pub async fn register(&self, origin: Option<Origin>, new: NewPerson<'_>) -> Result<Account, Error> {
        self.make_account(origin, None, new, false).await
    }

    pub(super) async fn make_account(
        &self,
        origin: Option<Origin>,
        id: Option<AccountId>,
        new: NewPerson<'_>,
        operator: bool,
    ) -> Result<Account, Error> {
        let handle = Handle::new(new.handle)?;
        let shown = new.name.map(DisplayName::new).transpose()?;
        self.check_new(new.password, operator)?;
        // Before the work; the store has the last word after it. Meanwhile nobody takes the name at a terminal.
        let claim = self.connections.claim(handle.as_str())?;
        self.check_free(id, &handle).await?;
        if let Some(shown) = &shown {
            self.check_looks(shown, None).await?;
        }
        self.rates.registration(origin)?;
        let account = NewAccount {
            id,
            display_name: shown.unwrap_or_else(|| DisplayName::stored(handle.as_str().to_owned())),
            handle: handle.clone(),
            password: self.hash_new(new.password, operator).await?,
            operator,
            now: self.world.clock.wall(),
        };
        let Some(account) = self.world.store.create_account(account).await? else {
            self.check_free(id, &handle).await?;
            // Somebody else became the operator, or was faster and is gone again already.
            return Err(if operator { Refusal::NotFound } else { Refusal::NameTaken }.into());
        };
        drop(claim);
        self.follow(vec![LOBBY]).await;
        Ok(account)
    }

    /// Gives the asker's account another password, or none where that is allowed; every log-in of the account ends but the
    /// session `keep`. `old` is checked as at a log-in; an account that has none needs none.
    ///
    /// # Errors
    /// `NotLoggedIn` for who has no account; `BadLogin`: not the old password; `BadPassword`, `NoPassword`; `TooFast`; or a
    /// `Fault`.
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: Option<&str>,
        new: Option<&str>,
        keep: Option<TokenHash>,
    ) -> Result<(), Error> {
        let id = account_of(actor)?;
        let mut known = self.world.store.account(id).await?.ok_or(Refusal::NotLoggedIn)?;
        self.check_new(new, known.operator)?;
        if known.password.is_some() {
            let old = old.ok_or(Refusal::BadLogin)?;
            known = self.check_password(known.handle.as_str(), Some(old), actor.origin).await?;
        }
        let password = self.hash_new(new, known.operator).await?;
        let set = |account: &mut Account| {
            // It may have been changed by another while this one was looked at.
            if account.created != known.created || account.password != known.password || account.disabled {
                return Err(Refusal::BadLogin.into());
            }
            account.password = password;
            Ok(())
        };
        self.change_account(id, Ends::LogIns { account: id, except: keep }, set).await
    }

    /// Shows the asker's account under another name from now on; what was said before keeps the name of then.
    ///
    /// # Errors
    /// `NotLoggedIn` for who has no account; a refusal of the name; `NameTaken` for one that looks like somebody else's handle;
    /// `TooFast`: everybody who is here is told; or a `Fault`.
    pub async fn set_display_name(&self, actor: &Actor, name: &[u8]) -> Result<(), Error> {
        let id = account_of(actor)?;
        let name = DisplayName::new(name)?;
        self.check_looks(&name, Some(id)).await?;
        // Together with the making of rooms of two, they count as one more room.
        self.rates.post(Person::Known(Author::Account(id)), RoomId(0), actor.origin)?;
        let set = |account: &mut Account| {
            account.display_name = name;
            Ok(())
        };
        self.change_account(id, Ends::Nothing { account: id }, set).await
    }

    /// Makes the past of the guest that a token proves the asker's own: from now on its messages are the account's to change.
    /// `false` if the token is not ours, or another account was faster.
    ///
    /// # Errors
    /// `NotLoggedIn` for who has no account, or a `Fault`.
    pub async fn claim_guest(&self, actor: &Actor, guest_token: &str) -> Result<bool, Error> {
        let id = account_of(actor)?;
        let Some(guest) = self.guest_of(guest_token) else { return Ok(false) };
        Ok(self.world.store.claim_guest(guest, id).await? || self.is_own(actor, Author::Guest(guest)).await?)
    }

    /// Whether what an author said is the asker's own: said by the asker, or by a guest whose past the asker's account has
    /// claimed.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn is_own(&self, actor: &Actor, author: Author) -> Result<bool, Error> {
        let (Who::Account(id), Author::Guest(guest)) = (actor.who, author) else {
            return Ok(actor.author() == Some(author));
        };
        Ok(self.world.store.guest(guest).await?.is_some_and(|guest| guest.account == Some(id)))
    }

    /// The handles of all accounts, sorted; at most [`limits::LISTED_HANDLES`].
    ///
    /// # Errors
    /// `NotLoggedIn` for who has no account and does not run the server; or a `Fault`.
    pub async fn handles(&self, actor: &Actor) -> Result<Vec<Handle>, Error> {
        if actor.who != Who::Operator {
            account_of(actor)?;
        }
        let mut handles: Vec<Handle> = Vec::new();
        while handles.len() < limits::LISTED_HANDLES {
            let page = (limits::LISTED_HANDLES - handles.len()).min(limits::LISTED_ACCOUNTS);
            let page = self.world.store.accounts(handles.last().cloned(), page).await?;
            if page.is_empty() {
                break;
            }
            handles.extend(page.into_iter().map(|account| account.handle));
        }
        Ok(handles)
    }

    /// An account, which costs no read of the store if it was asked for lately.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub(crate) async fn account_at_hand(&self, id: AccountId) -> Result<Option<Arc<Account>>, Error> {
        if let Some(account) = self.connections.account(id) {
            return Ok(Some(account));
        }
        let version = self.connections.version();
        let account = self.world.store.account(id).await?.map(Arc::new);
        if let Some(account) = &account {
            self.connections.keep_account(account, version);
        }
        Ok(account)
    }

    /// The account whose handle looks like this name.
    pub(crate) async fn account_like(&self, name: &str) -> Result<Option<Account>, Error> {
        Ok(self.world.store.account_by_skeleton(names::skeleton(name)).await?)
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
        let taken = self.is_room_name(handle.as_str()).await?
            || self.world.store.account_by_handle(handle.clone()).await?.is_some()
            || self.account_like(handle.as_str()).await?.is_some();
        if taken { Err(Refusal::NameTaken.into()) } else { Ok(()) }
    }

    /// Refuses a display name that passes for somebody else, or for the server.
    async fn check_looks(&self, name: &DisplayName, own: Option<AccountId>) -> Result<(), Error> {
        for skeleton in names::looks_like(name)? {
            let account = self.world.store.account_by_skeleton(skeleton).await?;
            if account.is_some_and(|account| Some(account.id) != own) {
                return Err(Refusal::NameTaken.into());
            }
        }
        Ok(())
    }

    /// Refuses what no account can have as its password, before any work.
    fn check_new(&self, password: Option<&str>, operator: bool) -> Result<(), Refusal> {
        match password {
            Some(password) => check_length(password),
            // Whoever reaches this machine could be the operator.
            None if operator || !self.passwordless_accounts => Err(Refusal::NoPassword),
            None => Ok(()),
        }
    }

    /// What the store is to keep of a new password.
    pub(super) async fn hash_new(&self, password: Option<&str>, operator: bool) -> Result<Option<String>, Error> {
        self.check_new(password, operator)?;
        match password {
            Some(password) => Ok(Some(self.world.passwords.hash(password).await?)),
            None => Ok(None),
        }
    }

    /// Shows an account as it is now in the store, wherever it is.
    pub(super) fn show_account(&self, account: Account) {
        let account = Arc::new(account);
        self.connections.show_account(&account);
        let (identity, now) = (Arc::new(Identity::account(&account)), self.world.clock.monotonic());
        for log in self.logs.attended() {
            log.presence().show(&log, now, &identity);
        }
    }

    /// Shows what the store itself put into logs, here and at other nodes, as the sequencer does with what came through it.
    pub(super) async fn follow(&self, rooms: Vec<RoomId>) {
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

fn check_length(password: &str) -> Result<(), Refusal> {
    if (1..=limits::PASSWORD_BYTES).contains(&password.len()) { Ok(()) } else { Err(Refusal::BadPassword) }
}
