use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Framing, SessionId};
use crate::http_chat::EventTime;

macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident $code:literal $reason:literal)*) => {
        /// How a request went.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Status {
            $($(#[$doc])* $variant,)*
        }

        impl Status {
            /// All that there are.
            pub const ALL: &[Status] = &[$(Status::$variant,)*];

            /// The number.
            #[must_use]
            pub fn code(self) -> u16 {
                match self {
                    $(Status::$variant => $code,)*
                }
            }

            /// The words after the number.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self {
                    $(Status::$variant => $reason,)*
                }
            }
        }
    };
}

statuses! {
    /// Done.
    Ok 200 "OK"
    /// Made.
    Created 201 "Created"
    /// Not understood.
    BadRequest 400 "Bad Request"
    /// Only for somebody who is logged in, or the log-in failed.
    Unauthorized 401 "Unauthorized"
    /// Not for this person.
    Forbidden 403 "Forbidden"
    /// No such user or group, for all that this person may know.
    NotFound 404 "Not Found"
    /// No such method.
    NotAllowed 405 "Command Not Allowed"
    /// Taken, or so already.
    Conflict 409 "Conflict"
    /// Too long.
    TooLarge 413 "Payload Too Large"
    /// Too fast.
    TooFast 429 "Too Many Requests"
    /// A fault of the server.
    Internal 500 "Internal Server Error"
    /// The server is about to stop.
    Unavailable 503 "Service Unavailable"
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// How it went.
    pub status: Status,
    /// The session that the client shall bring from now on.
    pub session: Option<SessionId>,
    /// After how many seconds asking again has a chance.
    pub retry_after_s: Option<u64>,
    /// The text; empty for none. It may hold anything: a framed one is counted, and who asked without a length reads to
    /// the end of what comes.
    pub body: &'a str,
}

impl<'a> Answer<'a> {
    /// An answer of a status alone.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Answer { status, session: None, retry_after_s: None, body: "" }
    }

    /// The same with a text.
    #[must_use]
    pub fn with_body(self, body: &'a str) -> Self {
        Answer { body, ..self }
    }

    /// The same with the session that the client shall bring from now on.
    #[must_use]
    pub fn with_session(self, session: SessionId) -> Self {
        Answer { session: Some(session), ..self }
    }

    /// The same, telling after how many seconds asking again has a chance.
    #[must_use]
    pub fn with_retry_after_s(self, seconds: u64) -> Self {
        Answer { retry_after_s: Some(seconds), ..self }
    }

    /// Appends the answer, with the framing of its request.
    ///
    /// Plain, the line ends at the end of the body become one; framed, the body is written as it is.
    pub fn write(&self, framing: Framing, out: &mut Vec<u8>) {
        push(out, format_args!("CHAT/1.0 {} {}\n", self.status.code(), self.status.reason()));
        if let Some(session) = self.session {
            push(out, format_args!("Set-Cookie: SESSIONID={session}\n"));
        }
        if let Some(seconds) = self.retry_after_s {
            push(out, format_args!("Retry-After: {seconds}\n"));
        }
        match framing {
            Framing::Framed => push_body(self.body, out),
            Framing::Plain => {
                let body = self.body.trim_end_matches(['\n', '\r']);
                if !body.is_empty() {
                    push(out, format_args!("\n{body}\n"));
                }
            }
        }
    }
}

/// A message that the server pushes to a connection that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push<'a> {
    /// Who said it.
    pub sender: Sender<'a>,
    /// The group it was said in; none for a direct message.
    pub group: Option<&'a str>,
    /// Which message it is.
    pub id: &'a str,
    /// When it was said.
    pub time: EventTime,
    /// What was said.
    pub text: &'a str,
}

impl Push<'_> {
    /// Appends the push, which is always framed.
    ///
    /// Control characters in the names and in the id are percent-encoded, so that none can end a line. No name that parlor
    /// allows has any; so what is read is what was written.
    pub fn write(&self, out: &mut Vec<u8>) {
        push(out, format_args!("MESSAGE {} CHAT/1.0\n", self.sender));
        if let Some(group) = self.group {
            push(out, format_args!("Group: {}\n", OneLine(group)));
        }
        let (from, id) = (OneLine(self.sender.name), OneLine(self.id));
        push(out, format_args!("From: {from}\nId: {id}\nTime: {}\n", self.time));
        push_body(self.text, out);
    }
}

/// Who said something. Prints as the one word of `MESSAGE`: a guest's name behind `~`, and what is not of
/// `[A-Za-z0-9_~-]` percent-encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender<'a> {
    /// The name, without `~`.
    pub name: &'a str,
    /// Whether it is somebody without an account.
    pub is_guest: bool,
}

const NOT_IN_WORD: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'~').remove(b'-');

impl fmt::Display for Sender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An account's name never begins so; were there one, it must not look like a guest's.
        let (mark, name) = match (self.is_guest, self.name.strip_prefix('~')) {
            (true, _) => ("~", self.name),
            (false, Some(rest)) => ("%7E", rest),
            (false, None) => ("", self.name),
        };
        write!(f, "{mark}{}", utf8_percent_encode(name, NOT_IN_WORD))
    }
}

/// Reads the word of `MESSAGE`, as strictly as it is written: the name, and whether it is a guest's.
pub(super) fn read_sender(word: &str) -> Option<(String, bool)> {
    let (name, is_guest) = word.strip_prefix('~').map_or((word, false), |name| (name, true));
    let mut parts = name.split('%');
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_~-".contains(&byte));
    let is_escape = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    let is_word = parts.next().is_some_and(is_plain) && parts.all(|part| is_escape(part) && is_plain(part));
    let name = percent_decode_str(name).decode_utf8().ok()?;
    is_word.then(|| (name.into_owned(), is_guest))
}

/// A text that ends no line, whatever it holds.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(|char: char| char.is_ascii_control()) {
            let text = part.trim_end_matches(|char: char| char.is_ascii_control());
            f.write_str(text)?;
            part[text.len()..].bytes().try_for_each(|control| write!(f, "%{control:02X}"))?;
        }
        Ok(())
    }
}

fn push_body(body: &str, out: &mut Vec<u8>) {
    push(out, format_args!("Content-Length: {}\n\n{body}", body.len()));
}

fn push(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    std::io::Write::write_fmt(out, text).expect("a vector takes every byte");
}
