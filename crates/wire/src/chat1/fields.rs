//! What the headers and the argument of a request say, each by its own grammar.

use std::fmt;
use std::str::FromStr;

use super::{Fault, MESSAGE_ID_BYTES_MAX, Request};

/// The typed readers. A header that came twice is a [`Fault`] in each of them.
impl Request {
    /// The argument, where there must be one.
    ///
    /// # Errors
    /// [`Fault::NoArgument`].
    pub fn required_argument(&self) -> Result<&str, Fault> {
        self.argument().ok_or(Fault::NoArgument)
    }

    /// The group and its owner, of `MK_GROUP GROUP:OWNER`; no owner means oneself.
    ///
    /// # Errors
    /// [`Fault::NoArgument`], [`Fault::BadGroup`].
    pub fn group_and_owner(&self) -> Result<(&str, Option<&str>), Fault> {
        let argument = self.required_argument()?;
        let (group, owner) = argument.split_once(':').map_or((argument, None), |(group, owner)| (group, Some(owner)));
        let is_bad = group.is_empty() || owner.is_some_and(|owner| owner.is_empty() || owner.contains(':'));
        if is_bad { Err(Fault::BadGroup) } else { Ok((group, owner)) }
    }

    /// Whom to add and as what, of `Invite: josie:user,john:user`: at least one, in their order, with repetitions.
    ///
    /// # Errors
    /// [`Fault::BadInvite`], [`Fault::BadRole`] for `owner` and every other role.
    pub fn invitations(&self) -> Result<Vec<Invitation<'_>>, Fault> {
        let value = self.value("Invite")?.ok_or(Fault::BadInvite)?;
        let invitation = |item: &'_ str| {
            let (name, role) = item.split_once(':').ok_or(Fault::BadInvite)?;
            let (name, role) = (name.trim_matches(BLANKS), role.trim_matches(BLANKS));
            if name.is_empty() || role.is_empty() || name.contains(BLANKS) {
                return Err(Fault::BadInvite);
            }
            Role::from_word(role).map(|role| (name.len(), role)).ok_or(Fault::BadRole)
        };
        value
            .split(',')
            .map(|item| {
                invitation(item).map(|(bytes, role)| Invitation { name: &item.trim_matches(BLANKS)[..bytes], role })
            })
            .collect()
    }

    /// The session that the request belongs to, of `Cookie: SESSIONID=<uuid>`. Other cookies are read over; an empty
    /// SESSIONID is none.
    ///
    /// # Errors
    /// [`Fault::BadSession`], [`Fault::TwoSessions`].
    pub fn session(&self) -> Result<Option<SessionId>, Fault> {
        let cookies = self.values("Cookie").flat_map(|value| value.split(';'));
        let mut session = None;
        for (name, value) in cookies.filter_map(|cookie| cookie.split_once('=')) {
            let value = value.trim_matches(BLANKS);
            let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            if name.trim_matches(BLANKS) != "SESSIONID" || bare.is_empty() {
                continue;
            }
            let found = bare.parse()?;
            if session.replace(found).is_some_and(|earlier| earlier != found) {
                return Err(Fault::TwoSessions);
            }
        }
        Ok(session)
    }

    /// The id of the message before which a page of history ends.
    ///
    /// # Errors
    /// [`Fault::BadBefore`] for an empty one or one with spaces. Whether there is such a message is for others to say.
    pub fn before(&self) -> Result<Option<&str>, Fault> {
        self.word("Before", Fault::BadBefore)
    }

    /// How many messages are wanted at most, from 1.
    ///
    /// # Errors
    /// [`Fault::BadLimit`]: 0, a sign, more than 19 digits.
    pub fn limit(&self) -> Result<Option<u64>, Fault> {
        let read = |value: &str| {
            let is_number = (1..=19).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
            let number = if is_number { value.parse().ok() } else { None };
            number.filter(|number| *number > 0).ok_or(Fault::BadLimit)
        };
        self.value("Limit")?.map(read).transpose()
    }

    /// The client's own id for what it sends, which makes sending it again safe.
    ///
    /// # Errors
    /// [`Fault::BadMessageId`] for other than 1 to 64 of `[A-Za-z0-9._~-]`.
    pub fn message_id(&self) -> Result<Option<&str>, Fault> {
        let is_id = |id: &str| {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
            (1..=MESSAGE_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_allowed)
        };
        let id = self.value("Message-Id")?;
        if id.is_none_or(is_id) { Ok(id) } else { Err(Fault::BadMessageId) }
    }

    /// Whom to remove.
    ///
    /// # Errors
    /// [`Fault::BadUser`] if it is missing, empty or not one word.
    pub fn user(&self) -> Result<&str, Fault> {
        self.word("User", Fault::BadUser)?.ok_or(Fault::BadUser)
    }

    /// The name to show.
    ///
    /// # Errors
    /// [`Fault::RepeatedHeader`].
    pub fn name(&self) -> Result<Option<&str>, Fault> {
        self.value("Name")
    }

    /// The password; with `PASSWORD` the new one. Spaces around it are no part of it.
    ///
    /// # Errors
    /// [`Fault::RepeatedHeader`].
    pub fn password(&self) -> Result<Option<&str>, Fault> {
        self.value("Password")
    }

    /// The password that was right so far.
    ///
    /// # Errors
    /// [`Fault::RepeatedHeader`].
    pub fn old_password(&self) -> Result<Option<&str>, Fault> {
        self.value("Old-Password")
    }

    fn word(&self, name: &str, fault: Fault) -> Result<Option<&str>, Fault> {
        let value = self.value(name)?;
        let is_word = |value: &str| !value.is_empty() && !value.contains(BLANKS);
        if value.is_none_or(is_word) { Ok(value) } else { Err(fault) }
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// One of those that `ADD_USER` adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitation<'a> {
    /// Who: not empty, without spaces, commas and colons; not checked otherwise.
    pub name: &'a str,
    /// As what.
    pub role: Role,
}

/// What somebody can be in a group by invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A member, `user`.
    User,
    /// An admin, `admin`.
    Admin,
}

impl Role {
    /// How the protocol writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Admin => "admin",
        }
    }

    fn from_word(word: &str) -> Option<Role> {
        [Role::User, Role::Admin].into_iter().find(|role| role.word() == word)
    }
}

/// The id of a session: a UUID, written in lower case and read in any. It is a secret, which `Debug` hides.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

/// `042cf5ba-7f52-4805-a2a0-3c6006fe3eee`
impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for SessionId {
    type Err = Fault;

    /// Reads 36 characters of hexadecimal digits with hyphens where [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562) has
    /// them, of any version.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let text: &[u8; 36] = text.as_bytes().try_into().map_err(|_| Fault::BadSession)?;
        let mut digits = [0_u8; 32];
        let mut count = 0;
        for (place, byte) in text.iter().enumerate() {
            match (matches!(place, 8 | 13 | 18 | 23), char::from(*byte).to_digit(16)) {
                (true, _) if *byte == b'-' => {}
                (false, Some(digit)) => {
                    digits[count] = u8::try_from(digit).expect("a hexadecimal digit is below 16");
                    count += 1;
                }
                _ => return Err(Fault::BadSession),
            }
        }
        Ok(SessionId(std::array::from_fn(|place| digits[2 * place] << 4 | digits[2 * place + 1])))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(hidden)")
    }
}
