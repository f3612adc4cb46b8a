//! Who asks: the account of a session in force, else the guest of the cookies, else nobody.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use parlor_core::account::Account;
use parlor_core::ids::GuestId;
use parlor_core::sessions::Grant;
use parlor_core::{Actor, Who};

use super::cookies::{self, Cookies};
use crate::http::{Answer, Caller, Http};

/// Who asks.
#[derive(Clone)]
pub(super) struct Visitor {
    /// What the cookies prove.
    pub(super) cookies: Cookies,
    /// The session that they prove, if it is in force.
    pub(super) grant: Option<Grant>,
    /// Whether there was a session, by what the cookies say, that is not in force any more.
    is_logged_out: bool,
}

/// Somebody who may act, because there is a name to put behind it.
pub(super) struct Somebody {
    /// Who.
    pub(super) actor: Actor,
    /// The guest that was made for this request, and has to be told.
    pub(super) newcomer: Option<GuestId>,
}

impl Visitor {
    /// Who looks at a page. Whoever's session is over looks at it without an account, and sees that.
    pub(super) async fn of(http: &Http, headers: &HeaderMap) -> Result<Visitor, Answer> {
        let mut cookies = Cookies::of(&http.chat, headers);
        let grant = match cookies.session.take() {
            // Boxed: what looking into the store needs is not kept by thousands who hang.
            Some(token) => Some(Box::pin(http.chat.resume(&token.0)).await.map_err(|error| http.refuse(error))?),
            // Somebody logged out in another tab, and a page of the account is still open in this one.
            None => cookies.is_of_account.then_some(None),
        };
        Ok(Visitor { cookies, is_logged_out: matches!(grant, Some(None)), grant: grant.flatten() })
    }

    /// Who does something without seeing a page first. Whoever's session is over must not go on as a guest unawares.
    ///
    /// # Errors
    /// `401` if the session is over.
    pub(super) async fn acting(http: &Http, headers: &HeaderMap) -> Result<Visitor, Answer> {
        let visitor = Visitor::of(http, headers).await?;
        if visitor.is_logged_out { Err(logged_out()) } else { Ok(visitor) }
    }

    /// Who asks.
    pub(super) fn actor(&self, caller: Caller) -> Actor {
        match &self.grant {
            Some(grant) => grant.actor(Some(caller.origin)),
            None => Actor { who: self.cookies.guest.map_or(Who::Stranger, Who::Guest), origin: Some(caller.origin) },
        }
    }

    /// The account, if it is one.
    pub(super) fn account(&self) -> Option<Arc<Account>> {
        self.grant.as_ref().map(Grant::account)
    }

    /// The guest, if it is one.
    pub(super) fn guest(&self) -> Option<GuestId> {
        self.cookies.guest.filter(|_| self.grant.is_none())
    }

    /// Whether it is somebody who was never here.
    pub(super) fn is_new(&self) -> bool {
        self.grant.is_none() && self.cookies.guest.is_none()
    }

    /// Whose name stands behind what is done; a new guest's, if it is nobody yet.
    pub(super) async fn somebody(&self, http: &Http, caller: Caller) -> Result<Somebody, Answer> {
        if !self.is_new() {
            return Ok(Somebody { actor: self.actor(caller), newcomer: None });
        }
        let guest = http.chat.new_guest().await.map_err(|error| http.refuse(error))?;
        Ok(Somebody { actor: Actor { who: Who::Guest(guest), origin: Some(caller.origin) }, newcomer: Some(guest) })
    }

    /// Takes the cookie of a session that is over from a browser that sees so.
    pub(super) fn settle(&self, headers: &mut HeaderMap, caller: Caller) {
        if self.is_logged_out {
            cookies::drop_session(headers, caller.secure);
        }
    }
}

impl Somebody {
    /// Gives a newcomer the cookie.
    pub(super) fn welcome(&self, http: &Http, headers: &mut HeaderMap, caller: Caller) {
        if let Some(guest) = self.newcomer {
            cookies::set_guest(&http.chat, headers, guest, caller.secure);
        }
    }
}

/// The session that a request brought is over.
pub(super) fn logged_out() -> Answer {
    Answer::new(StatusCode::UNAUTHORIZED, "logged_out", "you are logged out here").advising("log in again")
}

/// Waits until a session ends; without one for ever. Cancel safe.
pub(super) async fn ended(grant: Option<&Grant>) {
    match grant {
        Some(grant) => grant.ended().await,
        None => std::future::pending().await,
    }
}
