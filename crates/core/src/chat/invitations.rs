//! Invitations: whoever has the token may become a member.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Chat;
use super::members::not_of_two;
use super::sessions::account_of;
use crate::account::{Invitation, TokenHash};
use crate::actor::Actor;
use crate::event::{Author, Body};
use crate::ids::{Seq, Timestamp};
use crate::limits;
use crate::policy::{self, Standing, Verb};
use crate::rates::Person;
use crate::refusal::{Error, Fault, Refusal};
use crate::room::{Role, RoomRef};
use crate::room_log::RoomLog;

/// What whoever has an invitation's token may know before coming.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The room.
    pub log: Arc<RoomLog>,
    /// The name of who made the invitation.
    pub by: String,
}

/// An invitation as those see it who may make them: the token itself is with whoever was given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    /// What it is ended by; lower-case hex.
    pub id: String,
    /// The name of who made it.
    pub by: String,
    /// How many may still come by it; `None`: any number.
    pub uses: Option<u32>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on nobody can come by it.
    pub expires: Timestamp,
}

impl Chat {
    /// Makes an invitation to a room, for so many people (`None`: any number; 0 is taken for 1), for so long (at most
    /// [`limits::INVITATION_SECONDS_MAX`]). Answers its token: 128 random bits in lower-case hex. It holds for as long as who
    /// made it may invite.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`, in a room of two to everybody; `TooMany`; `TooFast`; or a `Fault`.
    pub async fn invite(
        &self,
        actor: &Actor,
        log: &RoomLog,
        uses: Option<u32>,
        ttl: Duration,
    ) -> Result<String, Error> {
        let by = self.may(actor, log, Verb::Invite).await?;
        not_of_two(log)?;
        self.rates.post(Person::Known(by), log.id(), actor.origin)?;
        let created = self.world.clock.wall();
        let open = self.world.store.invitations(log.id()).await?;
        if open.iter().filter(|invitation| is_open(invitation, created)).count() >= limits::INVITATIONS {
            return Err(Refusal::TooMany { what: "invitations to one room", limit: limits::INVITATIONS }.into());
        }
        let ttl = ttl.min(Duration::from_secs(limits::INVITATION_SECONDS_MAX));
        let ttl_us = i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX);
        let token = self.draw_token();
        let invitation = Invitation {
            token: hash(&token),
            room: log.id(),
            by,
            uses: uses.map(|uses| uses.max(1)),
            created,
            expires: Timestamp(created.0.saturating_add(ttl_us)),
        };
        if self.world.store.create_invitation(invitation).await? {
            return Ok(token);
        }
        if log.head().closed {
            return Err(Refusal::RoomClosed.into());
        }
        Err(Fault::Internal("the token of an invitation was drawn before".into()).into())
    }

    /// What an invitation is to, for whoever has its token.
    ///
    /// # Errors
    /// `NotFound`: there is none, it expired, was used up, or who made it may not invite any more; or a `Fault`.
    pub async fn invitation(&self, token: &str) -> Result<Invited, Error> {
        let (invitation, log) = self.in_force(token).await?;
        if !is_open(&invitation, self.world.clock.wall()) {
            return Err(Refusal::NotFound.into());
        }
        Ok(Invited { log, by: self.name_of(invitation.by).await? })
    }

    /// Comes into a room by an invitation. Who belongs to it already is let in again, and uses nothing up.
    ///
    /// # Errors
    /// `NotLoggedIn` for all but accounts; `NotFound` as [`Chat::invitation`], and for who is banned; `TooMany` rooms of one
    /// person; or a `Fault`.
    pub async fn accept_invitation(&self, actor: &Actor, token: &str) -> Result<Arc<RoomLog>, Error> {
        let account = account_of(actor)?;
        let who = Author::Account(account);
        let (invitation, log) = self.in_force(token).await?;
        let before = log.head().seq;
        if self.world.store.role(log.id(), who).await?.is_none() {
            self.check_belongings(who).await?;
        }
        let now = self.world.clock.wall();
        let room = self.world.store.use_invitation(invitation.token, who, now).await?.ok_or(Refusal::NotFound)?;
        // The store may have written by itself that it is a member now.
        log.role_moved(who);
        self.follow(vec![room]).await;
        if let Some(seq) = self.join_since(&log, who, before).await? {
            self.role_changed(&log, who, None, Some(Role::Member), seq).await?;
        }
        Ok(log)
    }

    /// The invitations to a room by which somebody can come, newest first.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a `Fault`.
    pub async fn invitations(&self, actor: &Actor, log: &RoomLog) -> Result<Vec<OpenInvitation>, Error> {
        self.authorize(actor, log, Verb::Invite).await?;
        let now = self.world.clock.wall();
        let mut open = Vec::new();
        for invitation in self.world.store.invitations(log.id()).await? {
            if !is_open(&invitation, now) || !self.holds(&invitation, log).await? {
                continue;
            }
            open.push(OpenInvitation {
                id: hex(invitation.token),
                by: self.name_of(invitation.by).await?,
                uses: invitation.uses,
                created: invitation.created,
                expires: invitation.expires,
            });
        }
        Ok(open)
    }

    /// Ends an invitation to a room.
    ///
    /// # Errors
    /// `NotFound` for one that is none of this room's, too; `Forbidden`; or a `Fault`.
    pub async fn end_invitation(&self, actor: &Actor, log: &RoomLog, id: &str) -> Result<(), Error> {
        self.authorize(actor, log, Verb::Invite).await?;
        let invitations = self.world.store.invitations(log.id()).await?;
        let meant = invitations.into_iter().find(|invitation| hex(invitation.token) == id).ok_or(Refusal::NotFound)?;
        self.world.store.end_invitation(meant.token).await?;
        Ok(())
    }

    /// Where the store made somebody a member behind a position, if it did.
    async fn join_since(&self, log: &RoomLog, who: Author, mut behind: Seq) -> Result<Option<Seq>, Fault> {
        loop {
            let events = self.world.store.events(log.id(), behind.next(), limits::READ_EVENTS).await?;
            let Some(last) = events.last() else { return Ok(None) };
            behind = last.seq;
            let body = Body::Member { who, role: Some(Role::Member) };
            if let Some(join) = events.iter().find(|event| event.author == Author::System && event.body == body) {
                return Ok(Some(join.seq));
            }
        }
    }

    /// An invitation with its room, if it was not made void. Used up and expired ones, too: who came by it may come again.
    async fn in_force(&self, token: &str) -> Result<(Invitation, Arc<RoomLog>), Error> {
        if !is_token(token) {
            return Err(Refusal::NotFound.into());
        }
        let invitation = self.world.store.invitation(hash(token)).await?.ok_or(Refusal::NotFound)?;
        let log = self.logs.open(RoomRef::Id(invitation.room)).await?.ok_or(Refusal::NotFound)?;
        if !self.holds(&invitation, &log).await? {
            return Err(Refusal::NotFound.into());
        }
        Ok((invitation, log))
    }

    /// Whether who made it may still invite: an admin who is one no longer has no way in left behind.
    async fn holds(&self, invitation: &Invitation, log: &RoomLog) -> Result<bool, Error> {
        let standing = Standing::of(Some(invitation.by), self.logs.role(log, invitation.by).await?);
        Ok(policy::check(Verb::Invite, log.room().access, standing).is_ok())
    }
}

fn is_open(invitation: &Invitation, now: Timestamp) -> bool {
    invitation.expires > now && invitation.uses != Some(0)
}

/// Whether something looks like what [`Chat::draw_token`] makes: nothing else is looked up.
fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

fn hex(token: TokenHash) -> String {
    token.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
