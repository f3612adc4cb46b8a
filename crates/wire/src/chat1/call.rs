use std::borrow::Cow;

use super::{Framing, HEADERS_MAX, Invitation, LINE_BYTES_MAX, Method, SessionId};

/// A request as a client writes it.
///
/// ```
/// use parlor_wire::chat1::{Call, Field, Framing, Method};
///
/// let mut out = Vec::new();
/// Call::new(Method::Reg).argument("adrian").header(Field::Name, "Adrian van den Houten").write(Framing::Plain, &mut out)?;
/// assert_eq!(out, b"REG adrian CHAT/1.0\nName: Adrian van den Houten\n");
/// # Ok::<(), parlor_wire::chat1::CallError>(())
/// ```
#[derive(Clone)]
pub struct Call<'a> {
    method: Method,
    argument: Option<Cow<'a, str>>,
    headers: Vec<(Field, Cow<'a, str>)>,
    body: Option<&'a str>,
}

/// The headers of requests. `Content-Length` is written where it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The name to show.
    Name,
    /// The password.
    Password,
    /// The password that was right so far.
    OldPassword,
    /// Whom to add to a group; [`Call::invite`] writes it.
    Invite,
    /// Whom to remove from a group.
    User,
    /// The message before which a page of history ends.
    Before,
    /// How many messages are wanted at most.
    Limit,
    /// The client's own id for what it sends.
    MessageId,
    /// The session; [`Call::session`] writes it.
    Cookie,
}

impl Field {
    /// How the protocol writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Field::Name => "Name",
            Field::Password => "Password",
            Field::OldPassword => "Old-Password",
            Field::Invite => "Invite",
            Field::User => "User",
            Field::Before => "Before",
            Field::Limit => "Limit",
            Field::MessageId => "Message-Id",
            Field::Cookie => "Cookie",
        }
    }
}

/// Why a request cannot be written. Nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// [`Method::Other`], which has no word.
    #[error("there is no such method")]
    NoMethod,
    /// An argument that is empty or not one word.
    #[error("a name is one word without spaces and control characters")]
    Argument,
    /// A value that would not be read as it was written.
    #[error("`{}` cannot begin or end with a space, nor hold a control character", .0.word())]
    Value(Field),
    /// A line longer than a server reads.
    #[error("a line would be longer than {LINE_BYTES_MAX} bytes; make it shorter")]
    LongLine,
    /// More headers than a server reads.
    #[error("there would be more than {HEADERS_MAX} headers")]
    TooManyHeaders,
}

impl<'a> Call<'a> {
    /// A request without anything else.
    #[must_use]
    pub fn new(method: Method) -> Self {
        Call { method, argument: None, headers: Vec::new(), body: None }
    }

    /// The same with what stands after the method.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<Cow<'a, str>>) -> Self {
        self.argument = Some(argument.into());
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, field: Field, value: impl Into<Cow<'a, str>>) -> Self {
        self.headers.push((field, value.into()));
        self
    }

    /// The same in a session.
    #[must_use]
    pub fn session(self, session: SessionId) -> Self {
        self.header(Field::Cookie, format!("SESSIONID={session}"))
    }

    /// The same with whom to add to a group.
    #[must_use]
    pub fn invite(self, invitations: &[Invitation<'_>]) -> Self {
        let items: Vec<String> = invitations.iter().map(|one| format!("{}:{}", one.name, one.role.word())).collect();
        self.header(Field::Invite, items.join(","))
    }

    /// The same with a text.
    #[must_use]
    pub fn body(mut self, body: &'a str) -> Self {
        self.body = Some(body);
        self
    }

    /// Appends the request. A plain one ends when nothing follows, or when the next one does if it has no text.
    ///
    /// # Errors
    /// [`CallError`] for what a server would refuse or read otherwise; `out` is unchanged then.
    pub fn write(&self, framing: Framing, out: &mut Vec<u8>) -> Result<(), CallError> {
        let mut text = self.method.word().ok_or(CallError::NoMethod)?.to_owned();
        if let Some(argument) = &self.argument {
            if argument.is_empty() || argument.contains([' ', '\t']) || has_control(argument) {
                return Err(CallError::Argument);
            }
            text.extend([" ", argument]);
        }
        text.push_str(" CHAT/1.0\n");
        if self.headers.len() > HEADERS_MAX {
            return Err(CallError::TooManyHeaders);
        }
        for (field, value) in &self.headers {
            if has_control(value) || value.trim_matches(' ') != value {
                return Err(CallError::Value(*field));
            }
            text.extend([field.word(), ": ", value, "\n"]);
        }
        if text.lines().any(|line| line.len() > LINE_BYTES_MAX) {
            return Err(CallError::LongLine);
        }
        let body = self.body.unwrap_or_default();
        match framing {
            Framing::Framed => text.extend(["Content-Length: ", &body.len().to_string(), "\n\n", body]),
            // One line end closes the body and is no part of it, `\r\n` as a whole.
            Framing::Plain if body.ends_with('\r') => text.extend(["\n", body, "\r\n"]),
            Framing::Plain if self.body.is_some() => text.extend(["\n", body, "\n"]),
            Framing::Plain => {}
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_control())
}

/// Without headers and text, which hold passwords, sessions and messages.
impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("method", &self.method).field("argument", &self.argument).finish_non_exhaustive()
    }
}
