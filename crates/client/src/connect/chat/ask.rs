//! What a server is asked for, as a request of the protocol.

use std::borrow::Cow;

use parlor_wire::chat1::{Call, CallError, Field, Framing, Invitation, Method, Role, SessionId};

use crate::shown;

/// Something that the server is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Say {
        to: String,
        text: String,
    },
    Users {
        group: Option<String>,
    },
    Groups,
    History {
        of: String,
        limit: u64,
    },
    Register {
        name: String,
        display: Option<String>,
    },
    Login {
        name: String,
    },
    Logout,
    Make {
        group: String,
    },
    Invite {
        group: String,
        people: Vec<Invited>,
    },
    Remove {
        group: String,
        name: String,
    },
    Leave {
        group: String,
    },
    End {
        group: String,
    },
    Password,
    /// What was not received yet; with a cursor, all before it was.
    Receive {
        cursor: Option<String>,
    },
    Listen,
    Ping,
    /// A request as it was typed, whole.
    Raw(String),
}

/// Somebody who shall come into a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invited {
    pub(crate) name: String,
    pub(crate) is_admin: bool,
}

/// Passwords that belong to a request. They are asked for and never typed with it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets {
    /// The password; where one is changed, the new one.
    pub(crate) password: Option<String>,
    /// The one that is changed.
    pub(crate) old: Option<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secrets(..)")
    }
}

impl Ask {
    /// Appends the request. `message_id` makes a text that is sent twice one message.
    ///
    /// # Errors
    /// What cannot be written; nothing is then.
    pub(crate) fn write(
        &self,
        secrets: &Secrets,
        message_id: &str,
        session: Option<SessionId>,
        out: &mut Vec<u8>,
    ) -> Result<(), CallError> {
        if let Ask::Raw(request) = self {
            out.extend_from_slice(request.as_bytes());
            return Ok(());
        }
        let mut call = self.call(message_id);
        if let Some(password) = &secrets.password {
            call = call.header(Field::Password, password.as_str());
        }
        if let Some(old) = &secrets.old {
            call = call.header(Field::OldPassword, old.as_str());
        }
        if let Some(session) = session {
            call = call.session(session);
        }
        call.write(Framing::Framed, out)
    }

    fn call<'a>(&'a self, message_id: &'a str) -> Call<'a> {
        let named = |method, name: &'a str| Call::new(method).argument(name);
        match self {
            Ask::Say { to, text } => named(Method::Send, to).header(Field::MessageId, message_id).body(text),
            Ask::Users { group: Some(group) } => named(Method::ListUser, group),
            Ask::Users { group: None } => Call::new(Method::ListUser),
            Ask::Groups => Call::new(Method::ListGroup),
            Ask::History { of, limit } => named(Method::History, of).header(Field::Limit, limit.to_string()),
            Ask::Register { name, display: None } => named(Method::Reg, name),
            Ask::Register { name, display: Some(display) } => {
                named(Method::Reg, name).header(Field::Name, display.as_str())
            }
            Ask::Login { name } => named(Method::Use, name),
            Ask::Logout => Call::new(Method::Logout),
            Ask::Make { group } => named(Method::MkGroup, group),
            Ask::Invite { group, people } => {
                let invitation = |one: &'a Invited| Invitation {
                    name: &one.name,
                    role: if one.is_admin { Role::Admin } else { Role::User },
                };
                named(Method::AddUser, group).invite(&people.iter().map(invitation).collect::<Vec<_>>())
            }
            Ask::Remove { group, name } => named(Method::RmUser, group).header(Field::User, name.as_str()),
            Ask::Leave { group } => named(Method::Leave, group),
            Ask::End { group } => named(Method::RmGroup, group),
            Ask::Password => Call::new(Method::Password),
            Ask::Receive { cursor: Some(cursor) } => named(Method::Recv, cursor),
            Ask::Receive { cursor: None } => Call::new(Method::Recv),
            Ask::Listen => Call::new(Method::Listen),
            Ask::Ping | Ask::Raw(_) => Call::new(Method::Ping),
        }
    }

    /// Whether it can be asked again where nobody knows if the first time was heard.
    pub(crate) fn is_repeatable(&self) -> bool {
        match self {
            // A text has an id by which the server knows it again.
            Ask::Say { .. } | Ask::Users { .. } | Ask::Groups | Ask::History { .. } => true,
            Ask::Login { .. } | Ask::Receive { .. } | Ask::Listen | Ask::Ping => true,
            Ask::Register { .. } | Ask::Logout | Ask::Make { .. } | Ask::Invite { .. } | Ask::Remove { .. } => false,
            Ask::Leave { .. } | Ask::End { .. } | Ask::Password | Ask::Raw(_) => false,
        }
    }

    /// What it is about, before a sentence about what became of it; safe for a terminal.
    pub(crate) fn label(&self) -> String {
        let label: Cow<'_, str> = match self {
            Ask::Say { to, .. } => format!("not sent to {to}").into(),
            Ask::Users { group: Some(group) } => format!("/users {group}").into(),
            Ask::Users { group: None } => "/users".into(),
            Ask::Groups => "/groups".into(),
            Ask::History { of, .. } => format!("/history {of}").into(),
            Ask::Register { name, .. } => format!("{name} is not registered").into(),
            Ask::Login { name } => format!("not logged in as {name}").into(),
            Ask::Logout => "/logout".into(),
            Ask::Make { group } => format!("/make {group}").into(),
            Ask::Invite { group, .. } => format!("/invite {group}").into(),
            Ask::Remove { group, name } => format!("/remove {group} {name}").into(),
            Ask::Leave { group } => format!("/leave {group}").into(),
            Ask::End { group } => format!("/end {group}").into(),
            Ask::Password => "the password is not changed".into(),
            Ask::Receive { .. } => "/receive".into(),
            Ask::Listen => "/listen".into(),
            Ask::Ping => "/ping".into(),
            Ask::Raw(request) => request.lines().next().unwrap_or_default().into(),
        };
        shown::line(&label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(ask: &Ask, secrets: &Secrets) -> Result<String, CallError> {
        let mut out = Vec::new();
        ask.write(secrets, "id-1", None, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    fn own(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn an_ask_is_one_framed_request() {
        let none = Secrets::default();
        let say = Ask::Say { to: own("josie"), text: own("SEND bob CHAT/1.0\n\nhi") };
        let expected = "SEND josie CHAT/1.0\nMessage-Id: id-1\nContent-Length: 21\n\nSEND bob CHAT/1.0\n\nhi";
        assert_eq!(written(&say, &none).unwrap(), expected);
        let secrets = Secrets { password: Some(own("new one")), old: Some(own("old")) };
        let expected = "PASSWORD CHAT/1.0\nPassword: new one\nOld-Password: old\nContent-Length: 0\n\n";
        assert_eq!(written(&Ask::Password, &secrets).unwrap(), expected);
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
        let people = vec![Invited { name: own("a"), is_admin: true }, Invited { name: own("b"), is_admin: false }];
        let expected = "ADD_USER chat CHAT/1.0\nInvite: a:admin,b:user\nContent-Length: 0\n\n";
        assert_eq!(written(&Ask::Invite { group: own("chat"), people }, &none).unwrap(), expected);
        let history = Ask::History { of: own("chat"), limit: 5 };
        assert_eq!(written(&history, &none).unwrap(), "HISTORY chat CHAT/1.0\nLimit: 5\nContent-Length: 0\n\n");
    }

    #[test]
    fn nothing_typed_becomes_a_second_header_or_request() {
        for name in ["a b", "a\nPassword: x", "", "a\r"] {
            assert_eq!(
                written(&Ask::Login { name: own(name) }, &Secrets::default()),
                Err(CallError::Argument),
                "{name:?}"
            );
        }
        let secrets = Secrets { password: Some(own("a\nb")), old: None };
        assert_eq!(written(&Ask::Password, &secrets), Err(CallError::Value(Field::Password)));
        assert_eq!(Ask::Login { name: own("a\u{1b}[2J") }.label(), "not logged in as a\\x1b[2J");
    }
}
