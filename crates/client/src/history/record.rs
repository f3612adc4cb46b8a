//! One line of a history.

use std::io;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Something that a process did or learned.
///
/// As JSON, flat: `{"kind":"ack","at_us":1200,"process":"w3","door":"http-chat","room":"KEY",
/// "key":"w3-17","number":42}`. `kind` decides which of `key`, `number`, `author` and `text` are
/// there; see [`Act`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "Flat")]
pub struct Record {
    /// When, in microseconds of a monotonic clock that all processes share; any zero.
    pub at_us: u64,
    /// Who: one poster, or one reader with one cursor for each room, also across reconnects.
    pub process: String,
    /// The door through which it happened, such as `http-chat`.
    pub door: String,
    /// The room's key.
    pub room: String,
    /// What.
    pub act: Act,
}

/// What a process did or learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// `invoke`: a post is about to be sent, for the first time or again.
    Invoke {
        /// The client's own key of the message; one message of a process in a room, one key.
        key: String,
        /// The author as readers will see it.
        author: String,
        /// The text. To find duplicates, texts of one author in one room must differ.
        text: String,
    },
    /// `ack`: the server said that the message is in the room.
    Ack {
        /// Which message.
        key: String,
        /// The number that the server named.
        number: u64,
    },
    /// `err`: the server refused, and by that promised that this attempt left nothing behind.
    Err {
        /// Which message.
        key: String,
    },
    /// `unknown`: no answer came; the message may or may not be in the room.
    Unknown {
        /// Which message.
        key: String,
    },
    /// `observe`: a reader received a message in the course of following the room.
    Observe {
        /// Its number.
        number: u64,
        /// Its author as shown.
        author: String,
        /// Its text.
        text: String,
    },
    /// `final`: the same, in the reading of the whole room at the very end.
    Final {
        /// Its number.
        number: u64,
        /// Its author as shown.
        author: String,
        /// Its text.
        text: String,
    },
}

/// Why a history cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A line is no record.
    #[error("line {line} is no record of a history: {error}; see docs/reliability.md for the format")]
    NoRecord {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// A line is not UTF-8.
    #[error("line {line} is not UTF-8; a history is JSON, one object a line")]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
    },
    /// An answer to a post that was never sent.
    #[error("process {process} has an answer for the key {key:?} in room {room} before any invoke")]
    AnswerWithoutInvoke {
        /// The process.
        process: String,
        /// The room.
        room: String,
        /// The message's key.
        key: String,
    },
    /// One key, two messages: then no promise says what is right.
    #[error("process {process} used the key {key:?} in room {room} for two different messages")]
    KeyReused {
        /// The process.
        process: String,
        /// The room.
        room: String,
        /// The message's key.
        key: String,
    },
    /// An error with the line where it was found.
    #[error("line {line}: {error}")]
    AtLine {
        /// The line, from 1.
        line: u64,
        /// What was found there.
        error: Box<HistoryError>,
    },
    /// The history cannot be read, or the report not be written.
    #[error("cannot read the history or write the report: {0}")]
    Io(#[from] io::Error),
}

/// A record as its line has it.
#[derive(Serialize, Deserialize)]
struct Flat {
    kind: Kind,
    at_us: u64,
    process: String,
    door: String,
    room: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Invoke,
    Ack,
    Err,
    Unknown,
    Observe,
    Final,
}

impl From<Record> for Flat {
    fn from(record: Record) -> Self {
        let (kind, key, number, author, text) = match record.act {
            Act::Invoke { key, author, text } => (Kind::Invoke, Some(key), None, Some(author), Some(text)),
            Act::Ack { key, number } => (Kind::Ack, Some(key), Some(number), None, None),
            Act::Err { key } => (Kind::Err, Some(key), None, None, None),
            Act::Unknown { key } => (Kind::Unknown, Some(key), None, None, None),
            Act::Observe { number, author, text } => (Kind::Observe, None, Some(number), Some(author), Some(text)),
            Act::Final { number, author, text } => (Kind::Final, None, Some(number), Some(author), Some(text)),
        };
        let Record { at_us, process, door, room, .. } = record;
        Flat { kind, at_us, process, door, room, key, number, author, text }
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Flat { kind, at_us, process, door, room, key, number, author, text } = Flat::deserialize(deserializer)?;
        let key = key.ok_or_else(|| D::Error::missing_field("key"));
        let number = number.ok_or_else(|| D::Error::missing_field("number"));
        let author = author.ok_or_else(|| D::Error::missing_field("author"));
        let text = text.ok_or_else(|| D::Error::missing_field("text"));
        let act = match kind {
            Kind::Invoke => Act::Invoke { key: key?, author: author?, text: text? },
            Kind::Ack => Act::Ack { key: key?, number: number? },
            Kind::Err => Act::Err { key: key? },
            Kind::Unknown => Act::Unknown { key: key? },
            Kind::Observe => Act::Observe { number: number?, author: author?, text: text? },
            Kind::Final => Act::Final { number: number?, author: author?, text: text? },
        };
        Ok(Record { at_us, process, door, room, act })
    }
}
