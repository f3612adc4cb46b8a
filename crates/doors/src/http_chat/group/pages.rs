//! The pages of a room's members: plain data in, escaped text out (see `http_chat::pages`).

use askama::Template;
use parlor_core::room::Role;

use crate::http_chat::account::pages::Problems;
use crate::http_chat::pages::{Moment, You, hue, initial};

/// `GET /chat/KEY/members`.
#[derive(Debug, Template)]
#[template(path = "http_chat/group/members.html")]
pub(crate) struct MembersPage<'a> {
    /// Who looks.
    pub(crate) you: Option<You>,
    /// The role of whoever looks.
    pub(crate) role: Option<Role>,
    /// 32 characters of `[0-9a-z]`.
    pub(crate) key: &'a str,
    /// What the room is about, or what a room of two is called.
    pub(crate) subject: &'a str,
    /// Whether everybody may come in.
    pub(crate) open: bool,
    /// How many belong to it.
    pub(crate) count: usize,
    /// Those of them that this page shows, the highest roles first.
    pub(crate) members: Vec<MemberRow>,
    /// Who is kept out, for those who may change that.
    pub(crate) banned: Vec<MemberRow>,
    /// The number of the next page, if there is one.
    pub(crate) more: Option<usize>,
    /// Invitations in force, for those who may make them.
    pub(crate) invitations: Vec<InvitationRow>,
    /// A link that was just made.
    pub(crate) link: Option<&'a str>,
    /// Names that were typed and not taken.
    pub(crate) names: &'a str,
    /// What was just done.
    pub(crate) done: Option<&'static str>,
    /// What was not taken.
    pub(crate) problems: Problems,
}

impl MembersPage<'_> {
    fn manages(&self) -> bool {
        self.role >= Some(Role::Admin)
    }

    fn owns(&self) -> bool {
        self.role == Some(Role::Owner)
    }

    fn leaves(&self) -> bool {
        self.role >= Some(Role::Member)
    }
}

/// Somebody with a role.
#[derive(Debug)]
pub(crate) struct MemberRow {
    /// `u7` or `g12`.
    pub(crate) id: String,
    /// As people see it, with `~` for a guest.
    pub(crate) name: String,
    /// By which an account logs in.
    pub(crate) handle: Option<String>,
    /// The role.
    pub(crate) role: Role,
    /// Whether it is who looks.
    pub(crate) me: bool,
    /// What whoever looks could make of it.
    pub(crate) acts: Vec<Act>,
}

impl MemberRow {
    fn hue(&self) -> u32 {
        hue(&self.id)
    }

    fn initial(&self) -> String {
        initial(self.name.trim_start_matches('~'))
    }

    /// The handle, where it is not the name that people see.
    fn other_handle(&self) -> Option<&str> {
        self.handle.as_deref().filter(|handle| *handle != self.name)
    }

    fn word(&self) -> &'static str {
        match self.role {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Member => "member",
            Role::Banned => "kept out",
        }
    }
}

/// What can be made of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// An admin.
    Promote,
    /// A member like others.
    Demote,
    /// Nobody of this room.
    Remove,
    /// Nobody of it who may come back.
    Ban,
    /// Somebody who may.
    Forgive,
}

impl Act {
    /// What whoever has this role may try with somebody of another; core decides.
    pub(super) fn of(mine: Option<Role>, theirs: Role) -> Vec<Act> {
        match (mine, theirs) {
            (Some(Role::Owner), Role::Admin) => vec![Act::Demote, Act::Remove, Act::Ban],
            (Some(Role::Owner), Role::Member) => vec![Act::Promote, Act::Remove, Act::Ban],
            (Some(Role::Admin), Role::Member) => vec![Act::Remove, Act::Ban],
            (Some(Role::Owner | Role::Admin), Role::Banned) => vec![Act::Forgive],
            _ => vec![],
        }
    }

    fn value(self) -> &'static str {
        match self {
            Act::Promote => "admin",
            Act::Demote => "member",
            Act::Remove | Act::Forgive => "none",
            Act::Ban => "banned",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Act::Promote => "Make admin",
            Act::Demote => "Make member",
            Act::Remove => "Remove",
            Act::Ban => "Keep out",
            Act::Forgive => "Let come back",
        }
    }
}

/// A link that invites.
#[derive(Debug)]
pub(crate) struct InvitationRow {
    /// What ends it.
    pub(crate) id: String,
    /// Who made it.
    pub(crate) by: String,
    /// How often it can be used; `None`: any number of times.
    pub(crate) uses: Option<u32>,
    /// When it ends.
    pub(crate) expires: Moment,
}

impl InvitationRow {
    fn left(&self) -> String {
        match self.uses {
            Some(1) => "For one person".to_owned(),
            Some(uses) => format!("For {uses} people"),
            None => "For any number".to_owned(),
        }
    }
}

/// `GET /invite/TOKEN`.
#[derive(Debug, Template)]
#[template(path = "http_chat/group/invited.html")]
pub(crate) struct InvitedPage<'a> {
    /// Who looks.
    pub(crate) you: Option<You>,
    /// The link's token.
    pub(crate) token: &'a str,
    /// What the room is about.
    pub(crate) subject: &'a str,
    /// Who invites.
    pub(crate) by: &'a str,
}
