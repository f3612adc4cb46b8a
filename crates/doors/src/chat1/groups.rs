//! The methods about groups.

use std::sync::Arc;

use parlor_core::chat::Place;
use parlor_core::event::Author;
use parlor_core::room::Role;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Refusal};
use parlor_wire::chat1::{self, Request, Status, names_json};

use super::replies::{No, Reply};
use super::session::Session;
use super::voice::group;
use super::who::is_own_name;

impl Session {
    pub(super) async fn make_group(&mut self, request: &Request) -> Result<Reply, No> {
        let (name, owner) = request.group_and_owner()?;
        let actor = self.member(request).await?;
        let is_own =
            |grant: parlor_core::sessions::Grant| owner.is_none_or(|owner| is_own_name(&grant.account(), owner));
        if !self.session().is_ok_and(is_own) {
            return Err(Reply::of(Status::Forbidden)
                .saying("a group that you make is yours; leave the owner out")
                .into());
        }
        self.door.chat.make_group(&actor, name).await?;
        Ok(Reply::of(Status::Created))
    }

    pub(super) async fn add_users(&mut self, request: &Request) -> Result<Reply, No> {
        let (name, invited) = (request.required_argument()?, request.invitations()?);
        let actor = self.member(request).await?;
        let log = self.group(&actor, name).await?;
        let role = |role| match role {
            chat1::Role::User => Role::Member,
            chat1::Role::Admin => Role::Admin,
        };
        let people: Vec<(String, Role)> =
            invited.iter().map(|invited| (invited.name.to_owned(), role(invited.role))).collect();
        self.door.chat.add_members(&actor, &log, &people).await?;
        Ok(Reply::ok())
    }

    pub(super) async fn remove_user(&mut self, request: &Request) -> Result<Reply, No> {
        let (name, user) = (request.required_argument()?, request.user()?);
        let actor = self.member(request).await?;
        let log = self.group(&actor, name).await?;
        let who = self.person(user).await?;
        self.door.chat.set_role(&actor, &log, who, None).await?;
        Ok(Reply::ok())
    }

    pub(super) async fn remove_group(&mut self, request: &Request) -> Result<Reply, No> {
        let name = request.required_argument()?;
        let actor = self.member(request).await?;
        let log = self.group(&actor, name).await?;
        self.door.chat.close(&actor, &log, Some(self.connection.source(0))).await?;
        Ok(Reply::ok())
    }

    pub(super) async fn leave_group(&mut self, request: &Request) -> Result<Reply, No> {
        let name = request.required_argument()?;
        let actor = self.member(request).await?;
        let log = self.group(&actor, name).await?;
        self.door.chat.leave(&actor, &log).await?;
        Ok(Reply::ok())
    }

    pub(super) async fn list_groups(&mut self, request: &Request) -> Result<Reply, No> {
        let actor = self.member(request).await?;
        let groups = self.door.chat.groups(&actor).await?;
        let mut names: Vec<String> = groups.iter().filter_map(|(log, _)| group(log)).collect();
        names.sort_unstable();
        Ok(Reply::ok().saying(names_json("groups", names.iter().map(String::as_str))))
    }

    /// A group that the actor belongs to: every other one does not exist.
    pub(super) async fn group(&mut self, actor: &Actor, name: &str) -> Result<Arc<RoomLog>, No> {
        match self.door.chat.find_named(actor, name).await? {
            Place::Room(log) => Ok(log),
            Place::Person(_) => Err(Refusal::NotFound.into()),
        }
    }

    async fn person(&mut self, name: &str) -> Result<Author, No> {
        let account = self.door.chat.account_named(name).await?;
        account.map(|account| Author::Account(account.id)).ok_or_else(|| Refusal::NoSuchPerson.into())
    }
}
