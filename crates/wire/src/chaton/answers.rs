//! What programs are answered: log-in, comet and status, as S-expressions and as JSON with the same keys.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::replies::{AnswerError, Pairs};
use super::{NEVER_FAILS, parts};
use crate::http_chat::EventTime;
use crate::sexpr::write_string;

/// The `cid` that says: log in again.
pub const CID_EXPIRED: i64 = -1;
/// The largest `cid`: below 2^28.
pub const CID_MAX: i64 = (1 << 28) - 1;

/// One message of a comet answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Who said it, without `~` (protocols/chaton.md says which guests keep it).
    pub nick: Cow<'a, str>,
    /// When it was said.
    pub time: EventTime,
    /// What was said.
    pub text: Cow<'a, str>,
}

/// What a comet answer is written in, by the parameter `s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `s=1`: an S-expression.
    Sexpr,
    /// `s=0`: JSON with entries.
    Json,
    /// No `s`, or another one: JSON whose content is an HTML fragment.
    Html,
}

impl Format {
    /// The format that a parameter `s` of `comet` asks for.
    #[must_use]
    pub fn of_comet(s: Option<&str>) -> Self {
        match s {
            Some("1") => Format::Sexpr,
            Some("0") => Format::Json,
            _ => Format::Html,
        }
    }

    /// The format that a parameter `s` of `apilogin` asks for: never [`Format::Html`].
    #[must_use]
    pub fn of_login(s: Option<&str>) -> Self {
        if s == Some("0") { Format::Json } else { Format::Sexpr }
    }

    /// The media type with its character set.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Sexpr => "application/x-sexpr; charset=utf-8",
            Format::Json | Format::Html => "application/json; charset=utf-8",
        }
    }
}

/// The content of comet answers, encoded once for all who wait for it in one format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    format: Format,
    encoded: String,
}

impl Content {
    /// No content: `()`, `[]` or `""`.
    #[must_use]
    pub fn none(format: Format) -> Self {
        let encoded = match format {
            Format::Sexpr => "()",
            Format::Json => "[]",
            Format::Html => "\"\"",
        };
        Self { format, encoded: encoded.to_owned() }
    }

    /// `(("nick" (SEC USEC) "text") ...)`, in the order given.
    #[must_use]
    pub fn sexpr<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Self {
        let mut encoded = String::from("(");
        for entry in entries {
            if encoded.len() > 1 {
                encoded.push(' ');
            }
            let (seconds, microseconds) = parts(entry.time);
            encoded.push('(');
            write_string(&entry.nick, &mut encoded);
            write!(encoded, " ({seconds} {microseconds}) ").expect(NEVER_FAILS);
            write_string(&entry.text, &mut encoded);
            encoded.push(')');
        }
        encoded.push(')');
        Self { format: Format::Sexpr, encoded }
    }

    /// `[["nick",[SEC,USEC],"text"],...]`, in the order given.
    #[must_use]
    pub fn json<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Self {
        let entries: Vec<_> = entries.into_iter().map(|entry| (entry.nick, parts(entry.time), entry.text)).collect();
        Self { format: Format::Json, encoded: json(&entries) }
    }

    /// An HTML fragment, which the caller has made safe.
    #[must_use]
    pub fn html(fragment: &str) -> Self {
        Self { format: Format::Html, encoded: json(&fragment) }
    }

    /// What the answer must be written in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }
}

/// What `comet` answers, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CometAnswer<'a> {
    /// Where to go on: a position in the room's log, at most 2^63-1.
    pub pos: u64,
    /// How many people are chatting, at most 2^63-1.
    pub nc: u64,
    /// The server's version.
    pub ver: &'a str,
    /// The session: 1 to [`CID_MAX`], or [`CID_EXPIRED`].
    pub cid: i64,
    /// Whether what the client shows is to be thrown away, because its position was none. Written in JSON alone, where true.
    pub refresh: bool,
}

impl<'a> CometAnswer<'a> {
    /// The answer to an unknown or expired `cid`; it goes with [`Content::none`].
    #[must_use]
    pub fn expired(nc: u64, ver: &'a str) -> Self {
        Self { pos: 0, nc, ver, cid: CID_EXPIRED, refresh: false }
    }

    /// The whole body, in the content's format.
    #[must_use]
    pub fn encode(&self, content: &Content) -> String {
        let mut out = String::with_capacity(content.encoded.len() + self.ver.len() + 96);
        let Self { pos, nc, cid, .. } = self;
        if content.format == Format::Sexpr {
            write!(out, "((pos . {pos}) (nc . {nc}) (ver . ").expect(NEVER_FAILS);
            write_string(self.ver, &mut out);
            write!(out, ") (cid . {cid}) (content . {}))", content.encoded).expect(NEVER_FAILS);
        } else {
            let (ver, content) = (json(&self.ver), &content.encoded);
            let refresh = if self.refresh { ",\"refresh\":true" } else { "" };
            write!(out, "{{\"pos\":{pos},\"nc\":{nc},\"ver\":{ver},\"cid\":{cid},\"content\":{content}{refresh}}}")
                .expect(NEVER_FAILS);
        }
        out
    }
}

/// What `apilogin` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginAnswer<'a> {
    /// Where to post, as a URL.
    pub post_uri: Cow<'a, str>,
    /// Where to poll.
    pub comet_uri: Cow<'a, str>,
    /// The room's icon.
    pub icon_uri: Cow<'a, str>,
    /// The room's name, for people.
    pub room_name: Cow<'a, str>,
    /// The session: 1 to [`CID_MAX`].
    pub cid: i64,
    /// Where to begin polling, at most 2^63-1.
    pub pos: u64,
}

impl LoginAnswer<'_> {
    /// The body in a format; [`Format::Html`] has no form of its own here and gives JSON.
    #[must_use]
    pub fn encode(&self, format: Format) -> String {
        if format != Format::Sexpr {
            return json(self);
        }
        let mut out = String::from("((post-uri . ");
        write_string(&self.post_uri, &mut out);
        out.push_str(") (comet-uri . ");
        write_string(&self.comet_uri, &mut out);
        out.push_str(") (icon-uri . ");
        write_string(&self.icon_uri, &mut out);
        out.push_str(") (room-name . ");
        write_string(&self.room_name, &mut out);
        write!(out, ") (cid . {}) (pos . {}))", self.cid, self.pos).expect(NEVER_FAILS);
        out
    }

    /// Reads the body that a program got, as S-expression or JSON.
    ///
    /// # Errors
    /// [`AnswerError`] where it is neither, or a key is missing.
    pub fn decode(body: &[u8], format: Format) -> Result<LoginAnswer<'static>, AnswerError> {
        if format != Format::Sexpr {
            return Ok(serde_json::from_slice(body)?);
        }
        let mut pairs = Pairs::parse(body)?;
        Ok(LoginAnswer {
            post_uri: pairs.text("post-uri")?.into(),
            comet_uri: pairs.text("comet-uri")?.into(),
            icon_uri: pairs.text("icon-uri")?.into(),
            room_name: pairs.text("room-name")?.into(),
            cid: pairs.number("cid")?,
            pos: pairs.count("pos")?,
        })
    }
}

/// What `var/status.js` and `var/status.scm` hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusAnswer {
    /// When the last message was posted, in whole Unix seconds; 0 if there is none.
    pub last_post: i64,
    /// How many clients are connected, programs included; at most 2^63-1.
    pub num_chatters: u64,
    /// How many messages were posted, at most 2^63-1.
    pub post_sequence: u64,
}

impl StatusAnswer {
    /// The file's text in a format; [`Format::Html`] has no form of its own here and gives JSON.
    #[must_use]
    pub fn encode(&self, format: Format) -> String {
        if format != Format::Sexpr {
            return json(self);
        }
        let Self { last_post, num_chatters, post_sequence } = self;
        format!("((last-post . {last_post}) (num-chatters . {num_chatters}) (post-sequence . {post_sequence}))")
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists of them are written as JSON whatever they hold")
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
