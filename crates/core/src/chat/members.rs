//! Who belongs to a room: roles, coming and going.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Chat;
use crate::actor::Actor;
use crate::connections::Identity;
use crate::event::{Author, Body};
use crate::ids::{AccountId, Seq};
use crate::limits;
use crate::policy::{self, Standing, Verb};
use crate::refusal::{Error, Refusal};
use crate::room::Role;
use crate::room_log::RoomLog;
use crate::sequencer::PostOptions;

/// Somebody with a role in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub who: Author,
    /// In which role.
    pub role: Role,
    /// How they are known to others.
    pub identity: Identity,
}

impl Chat {
    /// Gives somebody a role in a room, or takes it away (`None`). Who has it already keeps it.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` as [`policy::check_role`] has it, and in a room of two; `LastOwner`; `NoSuchPerson` for
    /// nobody, and for somebody without a role who shall have none; `TooMany` rooms of one person; or a `Fault`.
    pub async fn set_role(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        who: Author,
        role: Option<Role>,
    ) -> Result<(), Error> {
        if role.is_none() && actor.author() == Some(who) {
            return self.leave(actor, log).await;
        }
        let author = self.may(actor, log, Verb::Invite).await?;
        not_of_two(log)?;
        let standing = self.standing(author, log).await?;
        let from = self.logs.role(log, who).await?;
        if from == role {
            return if role.is_none() { Err(Refusal::NoSuchPerson.into()) } else { Ok(()) };
        }
        if who == author {
            // Nobody is above themselves; an owner who wants to be less is told what keeps them from it.
            let is_last = from == Some(Role::Owner) && !self.others(log, author).await?.owners;
            return Err(if is_last { Refusal::LastOwner } else { Refusal::Forbidden }.into());
        }
        policy::check_role(standing, from, role)?;
        if role.is_some() {
            self.identity_of(who).await?;
        }
        if joins(from, role) {
            self.check_belongings(who).await?;
        }
        let posted = self.append(log, author, Body::Member { who, role }, PostOptions::default()).await?;
        self.role_changed(log, who, from, role, posted.slot.event().seq).await
    }

    /// Makes these people members or admins of a room: all of them, or nobody. Who has such a role or a higher one keeps it;
    /// who is named twice gets the role that was named last. Answers how many got one.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` for a role that the actor may not give; `Unknown` naming the first who is nobody;
    /// `AlreadyMember` if nobody would get one; `TooMany`; or a `Fault`.
    pub async fn add_members(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        people: &[(String, Role)],
    ) -> Result<usize, Error> {
        let author = self.may(actor, log, Verb::Invite).await?;
        not_of_two(log)?;
        let standing = self.standing(author, log).await?;
        if people.len() > limits::ADDED_MEMBERS {
            return Err(Refusal::TooMany { what: "people at once", limit: limits::ADDED_MEMBERS }.into());
        }
        for (_, role) in people {
            if *role == Role::Banned {
                return Err(Refusal::Forbidden.into());
            }
            policy::check_role(standing, None, Some(*role))?;
        }
        let changes = self.wanted_changes(log, standing, people).await?;
        let mut submitted = Vec::with_capacity(changes.len());
        for (who, from, role) in changes {
            let body = Body::Member { who, role: Some(role) };
            let draft = self.submit_event(log, author, body, PostOptions::default()).await?;
            submitted.push((who, from, role, draft));
        }
        let count = submitted.len();
        let mut done = Ok(count);
        for (who, from, role, draft) in submitted {
            // One that failed must not keep what concerns the others from being done.
            let changed = match draft.posted().await {
                Ok(posted) => self.role_changed(log, who, from, Some(role), posted.slot.event().seq).await,
                Err(error) => Err(error),
            };
            done = done.and_then(|count| changed.map(|()| count));
        }
        done
    }

    /// Ends one's own role in a room. An owner who is alone closes it by that.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` for who has no role, and in a room of two; `LastOwner` while others are members; or a `Fault`.
    pub async fn leave(&self, actor: &Actor, log: &Arc<RoomLog>) -> Result<(), Error> {
        let author = self.may(actor, log, Verb::Leave).await?;
        not_of_two(log)?;
        let role = self.logs.role(log, author).await?;
        if role == Some(Role::Owner) {
            let others = self.others(log, author).await?;
            match (others.owners, others.members) {
                (true, _) => {}
                (false, true) => return Err(Refusal::LastOwner.into()),
                (false, false) => return self.close(actor, log, None).await.map(drop),
            }
        }
        let body = Body::Member { who: author, role: None };
        let posted = self.append(log, author, body, PostOptions::default()).await?;
        self.role_changed(log, author, role, None, posted.slot.event().seq).await
    }

    /// Who belongs to a room, by handle; guests last, by name. At most [`limits::LISTED_MEMBERS`].
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` for who does not belong to it; or a `Fault`.
    pub async fn members(&self, actor: &Actor, log: &RoomLog) -> Result<Vec<Member>, Error> {
        self.authorize(actor, log, Verb::List).await?;
        self.people_with(log, |role| role != Role::Banned).await
    }

    /// Who is banned from a room, in the same order.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` for who may not end it; or a `Fault`.
    pub async fn banned(&self, actor: &Actor, log: &RoomLog) -> Result<Vec<Member>, Error> {
        self.authorize(actor, log, Verb::Invite).await?;
        self.people_with(log, |role| role == Role::Banned).await
    }

    /// Does what follows from a change of a role, which the log has at `seq`.
    pub(super) async fn role_changed(
        &self,
        log: &Arc<RoomLog>,
        who: Author,
        from: Option<Role>,
        to: Option<Role>,
        seq: Seq,
    ) -> Result<(), Error> {
        let noted = self.note_joining(log, who, from, to, seq).await;
        // Last: who is told looks where they joined.
        if let Some(inbox) = self.connections.inbox(who) {
            inbox.role_changed();
        }
        noted
    }

    async fn note_joining(
        &self,
        log: &Arc<RoomLog>,
        who: Author,
        from: Option<Role>,
        to: Option<Role>,
        seq: Seq,
    ) -> Result<(), Error> {
        let Author::Account(id) = who else { return Ok(()) };
        if !joins(from, to) {
            return Ok(());
        }
        if self.world.store.account(id).await?.is_none() {
            // It was removed while it came in, and whoever gets its number later must not find this role.
            let body = Body::Member { who, role: None };
            self.append(log, Author::System, body, PostOptions::default()).await?;
            return Err(Refusal::NoSuchPerson.into());
        }
        self.joined(log.id(), id, seq).await;
        Ok(())
    }

    async fn standing(&self, who: Author, log: &RoomLog) -> Result<Standing, Error> {
        Ok(Standing::of(Some(who), self.logs.role(log, who).await?))
    }

    /// Who gets which role in place of which.
    async fn wanted_changes(
        &self,
        log: &RoomLog,
        standing: Standing,
        people: &[(String, Role)],
    ) -> Result<Vec<(Author, Option<Role>, Role)>, Error> {
        let mut wanted: BTreeMap<AccountId, Role> = BTreeMap::new();
        for (handle, role) in people {
            let account = self.account_named(handle).await?.ok_or_else(|| Refusal::Unknown(shown(handle)))?;
            wanted.insert(account.id, *role);
        }
        let mut changes = Vec::new();
        for (id, role) in wanted {
            let who = Author::Account(id);
            let from = self.logs.role(log, who).await?;
            // A ban is less than any of these roles: being added ends it.
            if from >= Some(role) {
                continue;
            }
            policy::check_role(standing, from, Some(role))?;
            if joins(from, Some(role)) {
                self.check_belongings(who).await?;
            }
            changes.push((who, from, role));
        }
        if changes.is_empty() { Err(Refusal::AlreadyMember.into()) } else { Ok(changes) }
    }

    /// Who belongs to a room beside one of its people.
    async fn others(&self, log: &RoomLog, me: Author) -> Result<Others, Error> {
        let mut others = Others::default();
        let mut after = None;
        loop {
            let members = self.world.store.members(log.id(), after, limits::LISTED_ACCOUNTS).await?;
            let Some((last, _)) = members.last() else { return Ok(others) };
            after = Some(*last);
            for (_, role) in members.iter().filter(|(who, role)| *who != me && *role != Role::Banned) {
                others.members = true;
                others.owners |= *role == Role::Owner;
            }
            if others.owners {
                return Ok(others);
            }
        }
    }

    async fn people_with(&self, log: &RoomLog, fits: impl Fn(Role) -> bool) -> Result<Vec<Member>, Error> {
        let mut roles: HashMap<Author, Role> =
            self.world.store.members(log.id(), None, limits::LISTED_MEMBERS).await?.into_iter().collect();
        roles.retain(|_, role| fits(*role));
        let mut members = Vec::with_capacity(roles.len());
        if roles.len() > limits::MEMBERS_ASKED_SINGLY {
            self.take_accounts(&mut roles, &mut members).await?;
        }
        for (who, role) in roles {
            match self.identity_of(who).await {
                Ok(identity) => members.push(Member { who, role, identity }),
                // The account was removed a moment ago.
                Err(Error::Refused(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        members.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(members)
    }

    /// Moves the accounts among these people to the members, by reading all accounts in pages: in a room of very many that is
    /// less than to ask for each.
    async fn take_accounts(&self, roles: &mut HashMap<Author, Role>, members: &mut Vec<Member>) -> Result<(), Error> {
        let mut after = None;
        loop {
            let accounts = self.world.store.accounts(after, limits::LISTED_ACCOUNTS).await?;
            let Some(last) = accounts.last() else { return Ok(()) };
            after = Some(last.handle.clone());
            for account in accounts {
                let who = Author::Account(account.id);
                if let Some(role) = roles.remove(&who) {
                    members.push(Member { who, role, identity: Identity::account(&account) });
                }
            }
        }
    }
}

/// Who belongs to a room beside somebody.
#[derive(Debug, Clone, Copy, Default)]
struct Others {
    members: bool,
    owners: bool,
}

/// Whether by this change somebody belongs to a room who did not.
pub(super) fn joins(from: Option<Role>, to: Option<Role>) -> bool {
    from <= Some(Role::Banned) && to > Some(Role::Banned)
}

/// A room of two is of these two for ever.
pub(super) fn not_of_two(log: &RoomLog) -> Result<(), Refusal> {
    if log.room().direct.is_some() { Err(Refusal::Forbidden) } else { Ok(()) }
}

/// Accounts by handle, then guests by name.
fn order(member: &Member) -> (bool, &str, Author) {
    let handle = member.identity.handle.as_ref().map(crate::names::Handle::as_str);
    (handle.is_none(), handle.unwrap_or(member.identity.name.as_str()), member.who)
}

/// What somebody typed as a name, fit to be shown again: nothing can have a longer name.
fn shown(typed: &str) -> String {
    typed.chars().take(limits::ROOM_NAME_CHARS).collect()
}
