//! What each command does, and who may give it.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use parlor_core::{Error, Refusal, limits};
use parlor_wire::websocket::CloseCode;
use parlor_wire::wscmd::{Command, Message, Secret};

use super::replies;
use super::rooms::NewRoom;
use super::session::{Flow, Session};

/// What became of the server's password in a command.
enum Password {
    Right,
    Wrong,
    /// Wrong so often that the connection ends.
    WrongForTheLastTime,
}

impl Session {
    /// Does what a command says, and answers it.
    pub(super) async fn perform(&mut self, command: Command<'_>) -> Flow {
        let messageid = command.messageid();
        let done = match command {
            Command::Nop {} => Ok(()),
            Command::Logout { messageid, disconnect } => match self.log_out(messageid, disconnect).await {
                Ok(true) => return ControlFlow::Break(Some((CloseCode::NORMAL, "".into()))),
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            },
            Command::AddChatroom { messageid, room_name, question, answer_hashed, server_password } => {
                let Some(stays) = self.check_if_given(server_password).await else { return TOO_OFTEN };
                self.add_room(messageid, NewRoom { room_name, question, answer_hashed, stays }).await
            }
            Command::GetChatroomDetails { messageid, chatroomid } => self.details(messageid, chatroomid).await,
            Command::GetChatroomList { messageid } => self.list(messageid).await,
            Command::GetUsersInChatroom { messageid, chatroomid } => self.users_in(messageid, chatroomid),
            Command::JoinChatroom { messageid, chatroomid, leave_other_chatrooms, answerhashed } => {
                self.join(messageid, chatroomid, leave_other_chatrooms, answerhashed).await
            }
            Command::LeaveChatroom { messageid, chatroomid } => self.leave(messageid, chatroomid).await,
            Command::Login { messageid, username, password } => self.log_in(messageid, username, password).await,
            Command::Send { messageid, chatroomid, message } => self.send(messageid, chatroomid, message).await,
            Command::SendTo { messageid, chatclientid, userid, message } => {
                self.send_to(messageid, chatclientid, userid, message).await
            }
            Command::AddUser { server_password, .. }
            | Command::RemoveUser { server_password, .. }
            | Command::GetUsers { server_password, .. }
            | Command::RemoveChatroom { server_password, .. }
            | Command::SendToAll { server_password, .. } => match self.check(server_password).await {
                Password::Right => self.operate(command).await,
                Password::Wrong => Err(Refusal::WrongServerPassword.into()),
                Password::WrongForTheLastTime => return TOO_OFTEN,
            },
        };
        if let Err(error) = done {
            self.error(&replies::sentence(&error), messageid);
        }
        ControlFlow::Continue(())
    }

    /// What only whoever runs the server may do; the password was right.
    async fn operate(&mut self, command: Command<'_>) -> Result<(), Error> {
        match command {
            Command::AddUser { messageid, userid, username, password, .. } => {
                self.add_user(messageid, userid, username, password).await
            }
            Command::RemoveUser { messageid, userid, .. } => self.remove_user(messageid, userid).await,
            Command::GetUsers { messageid, status, .. } => self.users(messageid, status).await,
            Command::RemoveChatroom { messageid, chatroomid, .. } => self.remove_room(messageid, chatroomid).await,
            Command::SendToAll { messageid, message, .. } => {
                let operator = self.operator();
                self.door.http.chat.announce(&operator, &self.connection, messageid, message.as_bytes())?;
                self.say(&Message::Success { messageid });
                Ok(())
            }
            _ => Err(Refusal::Forbidden.into()),
        }
    }

    /// Whether a password that may be left out is there and right; `None`: wrong for the last time.
    async fn check_if_given(&mut self, password: Secret<'_>) -> Option<bool> {
        if password.0.is_empty() {
            return Some(false);
        }
        match self.check(password).await {
            Password::Right => Some(true),
            Password::Wrong => Some(false),
            Password::WrongForTheLastTime => None,
        }
    }

    async fn check(&mut self, password: Secret<'_>) -> Password {
        if self.door.http.options.server_password.is(password.0) {
            return Password::Right;
        }
        self.wrong_passwords += 1;
        if self.wrong_passwords >= limits::SERVER_PASSWORDS_WRONG {
            return Password::WrongForTheLastTime;
        }
        if self.wrong_passwords >= limits::SERVER_PASSWORDS_WRONG_AT_ONCE {
            tokio::time::sleep(Duration::from_secs(limits::SERVER_PASSWORD_PAUSE_SECONDS)).await;
        }
        Password::Wrong
    }
}

const TOO_OFTEN: Flow = ControlFlow::Break(Some((CloseCode::POLICY, Cow::Borrowed("too many wrong server passwords"))));
