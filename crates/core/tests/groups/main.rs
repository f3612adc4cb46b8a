//! Groups: their making, roles, members, invitations, and what is unread; over the model store, with a clock that the test
//! holds.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "../support/mod.rs"]
mod support;

mod belonging;
mod inviting;
mod making;
mod roles;
mod submitting;
mod unread;
#[path = "../rooms/world.rs"]
mod world;

use std::sync::Arc;

use parlor_core::account::Account;
use parlor_core::event::Author;
use parlor_core::room::Role;
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::{PostOptions, Posted};
use parlor_core::{Actor, Error};

use crate::world::{Town, by};

/// A group `tea` with anna as its owner, ben as an admin, and carl as a member; dora does not belong to it.
struct Tea {
    town: Town,
    log: Arc<RoomLog>,
    anna: Account,
    ben: Account,
    carl: Account,
    dora: Account,
}

impl Tea {
    async fn new() -> Tea {
        let town = Town::new().await;
        let [anna, ben, carl, dora] = ["anna", "ben", "carl", "dora"];
        let (anna, ben) = (town.account(anna).await, town.account(ben).await);
        let (carl, dora) = (town.account(carl).await, town.account(dora).await);
        let log = town.chat.make_group(&by(&anna), "tea").await.unwrap();
        let people = [named("ben", Role::Admin), named("carl", Role::Member)];
        assert_eq!(town.chat.add_members(&by(&anna), &log, &people).await, Ok(2));
        Tea { town, log, anna, ben, carl, dora }
    }

    /// Everybody's role, as `anna owner, ben admin`.
    async fn roles(&self) -> String {
        let members = self.town.chat.members(&by(&self.anna), &self.log).await.unwrap();
        let words = members.iter().map(|member| {
            let handle =
                member.identity.handle.as_ref().map_or(member.identity.name.as_str(), |handle| handle.as_str());
            format!("{handle} {:?}", member.role).to_lowercase()
        });
        words.collect::<Vec<_>>().join(", ")
    }

    async fn set(&self, actor: &Account, who: &Account, role: Option<Role>) -> Result<(), Error> {
        self.town.chat.set_role(&by(actor), &self.log, Author::Account(who.id), role).await
    }

    async fn say(&self, who: &Account, text: &str) -> Result<Posted, Error> {
        say(&self.town, &by(who), &self.log, text).await
    }
}

async fn say(town: &Town, who: &Actor, log: &Arc<RoomLog>, text: &str) -> Result<Posted, Error> {
    town.chat.post(who, log, text.as_bytes(), PostOptions::default()).await
}

fn named(handle: &str, role: Role) -> (String, Role) {
    (handle.to_owned(), role)
}
