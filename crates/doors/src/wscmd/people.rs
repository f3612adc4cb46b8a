//! The commands about people: accounts, and what is said.

use std::collections::BTreeMap;

use parlor_core::event::Author;
use parlor_core::ids::{AccountId, ConnectionId, RoomId};
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Error, Refusal, Who, limits};
use parlor_wire::wscmd::{ListedUser, Message, STATUS_BOTH, STATUS_LOGGED_IN, STATUS_LOGGED_OFF, Secret};

use super::session::Session;
use crate::live::Letters;

impl Session {
    /// Whoever has given the server's password.
    pub(super) fn operator(&self) -> Actor {
        Actor { who: Who::Operator, ..self.connection.actor() }
    }

    pub(super) async fn log_in(&mut self, messageid: u64, username: &str, password: Secret<'_>) -> Result<(), Error> {
        let chat = &self.door.http.chat;
        let account = chat.check_password(username, given(password), self.connection.actor().origin).await?;
        self.connection.log_in(&account).await?;
        self.say(&Message::Success { messageid });
        self.be_somebody_else(messageid).await
    }

    /// Whether the connection is to be closed.
    pub(super) async fn log_out(&mut self, messageid: u64, disconnect: bool) -> Result<bool, Error> {
        let logged_in = matches!(self.connection.actor().who, Who::Account(_));
        if !logged_in && !disconnect {
            return Err(Refusal::NotLoggedIn.into());
        }
        self.leave_all(messageid).await;
        if disconnect {
            return Ok(true);
        }
        self.connection.log_out().await?;
        self.be_somebody_else(messageid).await?;
        self.say(&Message::Success { messageid });
        Ok(false)
    }

    pub(super) async fn add_user(
        &mut self,
        messageid: u64,
        userid: u64,
        username: &str,
        password: Secret<'_>,
    ) -> Result<(), Error> {
        // 0 is "nobody": who asks for it leaves the choice to the server.
        let id = (userid != 0).then_some(AccountId(userid));
        self.door.http.chat.add_account(&self.operator(), id, username, given(password)).await?;
        self.say(&Message::Success { messageid });
        Ok(())
    }

    pub(super) async fn remove_user(&mut self, messageid: u64, userid: u64) -> Result<(), Error> {
        self.door.http.chat.remove_account(&self.operator(), AccountId(userid)).await?;
        self.say(&Message::Success { messageid });
        Ok(())
    }

    pub(super) async fn users(&mut self, messageid: u64, status: u64) -> Result<(), Error> {
        if !(STATUS_LOGGED_IN..=STATUS_BOTH).contains(&status) {
            let sentence = "status is 1 for logged in, 2 for logged off, 3 for both";
            self.error(sentence, Some(messageid));
            return Ok(());
        }
        let chat = &self.door.http.chat;
        let mut accounts = BTreeMap::new();
        let mut after = None;
        loop {
            let page = chat.accounts(&self.operator(), after, limits::LISTED_ACCOUNTS).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.handle.clone());
            accounts.extend(page.into_iter().map(|account| (account.id, account.handle)));
        }
        let users = accounts.iter().filter_map(|(id, handle)| {
            let here = chat.is_here(Author::Account(*id));
            let is = if here { STATUS_LOGGED_IN } else { STATUS_LOGGED_OFF };
            (status & is != 0).then_some(ListedUser { userid: id.0, username: handle.as_str(), status: is })
        });
        self.say(&Message::Users { messageid, users: users.collect() });
        Ok(())
    }

    /// The answer is the message itself, which comes like anybody's.
    pub(super) async fn send(&mut self, messageid: u64, chatroomid: u64, message: &str) -> Result<(), Error> {
        let joined = self.rooms.get(RoomId(chatroomid)).ok_or(Refusal::NotHere)?;
        let options = self.as_said_here(messageid);
        let (actor, log) = (self.connection.actor(), joined.attendance.log());
        self.door.http.chat.post(&actor, log, message.as_bytes(), options).await?;
        Ok(())
    }

    pub(super) async fn send_to(
        &mut self,
        messageid: u64,
        chatclientid: u64,
        userid: u64,
        message: &str,
    ) -> Result<(), Error> {
        let chat = &self.door.http.chat;
        let to = match (chatclientid, userid) {
            (0, 0) => return Err(Refusal::NoSuchPerson.into()),
            (connection, 0) => {
                let identity = chat.connected(ConnectionId(connection)).ok_or(Refusal::Away)?;
                identity.who.ok_or(Refusal::Away)?
            }
            (_, userid) => Author::Account(AccountId(userid)),
        };
        let actor = self.connection.actor();
        chat.whisper(&actor, to, message.as_bytes(), self.as_said_here(messageid)).await?;
        self.say(&Message::Success { messageid });
        Ok(())
    }

    /// The rooms hear the new identity, and what was kept for it is shown.
    async fn be_somebody_else(&mut self, messageid: u64) -> Result<(), Error> {
        self.keep_rooms(messageid).await;
        self.outlet.set_actor(self.connection.actor());
        for joined in self.rooms.iter() {
            joined.attendance.become_other(self.connection.identity(), messageid);
        }
        self.letters = Letters::of(&self.connection);
        self.open_letters().await;
        Ok(())
    }

    fn as_said_here(&self, messageid: u64) -> PostOptions {
        PostOptions { source: Some(self.connection.source(messageid)), ..PostOptions::default() }
    }
}

/// This protocol has no word for a password that was not given.
fn given(password: Secret<'_>) -> Option<&str> {
    (!password.0.is_empty()).then_some(password.0)
}
