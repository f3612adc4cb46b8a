//! Comet answers as programs read them.

use serde::Deserialize;

use super::answers::{Entry, Format};
use super::moment;
use crate::sexpr::{Limits, SexprError, Value};

/// A comet answer as a program reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CometReply {
    /// Where to go on.
    pub pos: u64,
    /// How many people are chatting.
    pub nc: u64,
    /// The server's version.
    pub ver: String,
    /// The session to go on with, or [`CID_EXPIRED`](super::CID_EXPIRED).
    pub cid: i64,
    /// Whether to throw away what is shown.
    pub refresh: bool,
    /// What is new.
    pub content: ReplyContent,
}

/// The content of a comet answer as a program reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyContent {
    /// Of S-expressions and of JSON with entries.
    Entries(Vec<Entry<'static>>),
    /// Of JSON with a fragment.
    Html(String),
}

/// Why an answer cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The body is no S-expression.
    #[error("the answer is no S-expression: {0}")]
    Sexpr(#[from] SexprError),
    /// The body is no such JSON.
    #[error("the answer is not the JSON that was expected: {0}")]
    Json(#[from] serde_json::Error),
    /// The S-expression is no association list.
    #[error("the answer is no association list")]
    NoPairs,
    /// A key is missing, or its value is something else than it should be.
    #[error("the answer has no proper {0}")]
    Key(&'static str),
}

impl CometReply {
    /// Reads the body that a program got.
    ///
    /// # Errors
    /// [`AnswerError`] where it is not of that format, or a key is missing.
    pub fn decode(body: &[u8], format: Format) -> Result<Self, AnswerError> {
        if format != Format::Sexpr {
            return Self::from_json(body, format);
        }
        let mut pairs = Pairs::parse(body)?;
        let content = pairs.take("content")?;
        let entries = content.as_list().ok_or(AnswerError::Key("content"))?;
        let entries: Option<Vec<_>> = entries.iter().map(entry_of).collect();
        Ok(Self {
            pos: pairs.count("pos")?,
            nc: pairs.count("nc")?,
            ver: pairs.text("ver")?,
            cid: pairs.number("cid")?,
            refresh: false,
            content: ReplyContent::Entries(entries.ok_or(AnswerError::Key("content"))?),
        })
    }

    fn from_json(body: &[u8], format: Format) -> Result<Self, AnswerError> {
        let CometJson { pos, nc, ver, cid, refresh, content } = serde_json::from_slice(body)?;
        let content = match (content, format) {
            (ContentJson::Html(fragment), Format::Html) => ReplyContent::Html(fragment),
            (ContentJson::Entries(entries), Format::Json) => {
                let entry = |(nick, (seconds, microseconds), text): EntryJson| {
                    let time = moment(seconds, microseconds)?;
                    Some(Entry { nick: nick.into(), time, text: text.into() })
                };
                let entries: Option<Vec<_>> = entries.into_iter().map(entry).collect();
                ReplyContent::Entries(entries.ok_or(AnswerError::Key("content"))?)
            }
            _ => return Err(AnswerError::Key("content")),
        };
        Ok(Self { pos, nc, ver, cid, refresh, content })
    }
}

#[derive(Deserialize)]
struct CometJson {
    pos: u64,
    nc: u64,
    ver: String,
    cid: i64,
    #[serde(default)]
    refresh: bool,
    content: ContentJson,
}

type EntryJson = (String, (i64, i64), String);

#[derive(Deserialize)]
#[serde(untagged)]
enum ContentJson {
    Html(String),
    Entries(Vec<EntryJson>),
}

/// `("nick" (SEC USEC) "text")`.
fn entry_of(value: &Value) -> Option<Entry<'static>> {
    let [nick, time, text] = value.as_list()? else {
        return None;
    };
    let [seconds, microseconds] = time.as_list()? else {
        return None;
    };
    Some(Entry {
        nick: nick.as_str()?.to_owned().into(),
        time: moment(seconds.as_integer()?, microseconds.as_integer()?)?,
        text: text.as_str()?.to_owned().into(),
    })
}

/// An association list of which one value after the other is taken.
pub(super) struct Pairs(Vec<(String, Value)>);

impl Pairs {
    pub(super) fn parse(body: &[u8]) -> Result<Self, AnswerError> {
        Value::parse(body, Limits::ANSWER)?.into_pairs().map(Self).ok_or(AnswerError::NoPairs)
    }

    fn take(&mut self, key: &'static str) -> Result<Value, AnswerError> {
        let at = self.0.iter().position(|(name, _)| name == key).ok_or(AnswerError::Key(key))?;
        Ok(self.0.remove(at).1)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<String, AnswerError> {
        match self.take(key)? {
            Value::String(text) => Ok(text),
            _ => Err(AnswerError::Key(key)),
        }
    }

    pub(super) fn number(&mut self, key: &'static str) -> Result<i64, AnswerError> {
        self.take(key)?.as_integer().ok_or(AnswerError::Key(key))
    }

    pub(super) fn count(&mut self, key: &'static str) -> Result<u64, AnswerError> {
        u64::try_from(self.number(key)?).map_err(|_| AnswerError::Key(key))
    }
}
