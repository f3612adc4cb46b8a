//! The JSON in the bodies of answers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::http_chat::EventTime;

/// A list of names, as `LIST_USER` answers: `{"users": ["adrian", "josie"]}`, with these spaces, in the order given.
///
/// `key` is `users` or `groups`, or another word that needs no escapes.
#[must_use]
pub fn names_json<'a>(key: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = format!("{{\"{key}\": [");
    for (place, name) in names.into_iter().enumerate() {
        if place > 0 {
            text.push_str(", ");
        }
        text.push_str(&serde_json::to_string(name).expect("a text is written as JSON whatever it holds"));
    }
    text.push_str("]}");
    text
}

/// Reads a list of names, with any spaces and whatever other keys.
///
/// # Errors
/// What `serde_json` says, also where the key is missing.
pub fn read_names(key: &str, body: &str) -> Result<Vec<String>, serde_json::Error> {
    use serde::de::Error as _;

    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body)?;
    let names = object.remove(key).ok_or_else(|| serde_json::Error::custom("the list is missing"))?;
    serde_json::from_value(names)
}

/// What `RECV` and `HISTORY` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesJson<'a> {
    /// In the order in which they were said.
    #[serde(borrow)]
    pub messages: Vec<MessageJson<'a>>,
    /// What to ask with next; of `RECV` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cow<'a, str>>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageJson<'a> {
    /// Which message it is, as in `Id:` of a push.
    pub id: Cow<'a, str>,
    /// Who said it; a guest's name behind `~`.
    pub from: Cow<'a, str>,
    /// The group it was said in; none for a direct message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// When it was said.
    pub time: EventTime,
    /// What was said.
    pub text: Cow<'a, str>,
}
