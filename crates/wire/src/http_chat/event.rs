//! An event as JSON (protocols/README.md, "A message as JSON").
//!
//! Fields may be added, never changed: a reader ignores fields that it does not know. The order
//! in which they are written is that of the protocol file, so that equal events give equal bytes.

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time::EventTime;

/// One event of a room as every door that speaks JSON writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventJson {
    /// The room's key.
    pub room: String,
    /// The position in the room's log, from 1.
    pub seq: u64,
    /// The message's number; an event that is no message carries the count of messages so far.
    pub number: u64,
    /// When it happened.
    pub time: EventTime,
    /// Whose act it was.
    pub author: AuthorJson,
    /// What happened; it gives `kind` and the fields after `author`.
    pub body: BodyJson,
}

/// Whose act an event was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorJson {
    /// `u` and the account's number, or `g` and the guest's.
    pub id: String,
    /// The name as it was then, without the `~` that text doors put before a guest's.
    pub name: String,
    /// Whether it is somebody without an account.
    pub guest: bool,
}

impl AuthorJson {
    /// The name as text doors show it: a guest's with a leading `~`.
    #[must_use]
    pub fn shown_name(&self) -> String {
        let mark = if self.guest { "~" } else { "" };
        format!("{mark}{}", self.name)
    }
}

/// What happened, by `kind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyJson {
    /// `message`: somebody said something.
    Message {
        /// What was said.
        text: String,
        /// The number of the message that this one answers.
        reply_to: Option<u64>,
        /// Whether the text is a later one than the first.
        edited: bool,
    },
    /// `edit`: a message got another text.
    Edit {
        /// The message's number.
        target: u64,
        /// Its new text.
        text: String,
    },
    /// `redaction`: a message was deleted.
    Redaction {
        /// The message's number.
        target: u64,
    },
    /// `reaction`: a reaction was put on a message, or taken off.
    Reaction {
        /// The message's number.
        target: u64,
        /// The reaction.
        emoji: String,
        /// On or off.
        on: bool,
    },
    /// `settings`: the fields that changed, and no others.
    Settings(SettingsJson),
    /// `member`: somebody's membership changed.
    Member {
        /// Whose: an id as in [`AuthorJson::id`].
        who: String,
        /// The role from now on; null for somebody who is no member any more.
        role: Option<String>,
    },
    /// `closed`: the room is closed; the last event of its log.
    Closed,
}

impl BodyJson {
    /// The word that stands in the field `kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            BodyJson::Message { .. } => "message",
            BodyJson::Edit { .. } => "edit",
            BodyJson::Redaction { .. } => "redaction",
            BodyJson::Reaction { .. } => "reaction",
            BodyJson::Settings(_) => "settings",
            BodyJson::Member { .. } => "member",
            BodyJson::Closed => "closed",
        }
    }
}

/// The settings that an event of kind `settings` changed; what stayed is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsJson {
    /// The new name of the room's own; the old one is free.
    pub name: Option<String>,
    /// The new subject.
    pub subject: Option<String>,
    /// Whether strangers find the room in lists from now on.
    pub listed: Option<bool>,
    /// Who may enter from now on.
    pub access: Option<String>,
    /// Whether everybody may read the room's past days from now on.
    pub archive: Option<bool>,
    /// The name of the time zone in which the room's days begin from now on.
    pub time_zone: Option<String>,
}

impl EventJson {
    /// Writes the event as one line of JSON, without a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("text keys and plain values always serialise")
    }

    /// Reads an event.
    ///
    /// # Errors
    /// JSON's own error where the text is no JSON, a field is missing or of the wrong type, the
    /// time has another form, or the kind is unknown.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Serialize for EventJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("room", &self.room)?;
        map.serialize_entry("seq", &self.seq)?;
        map.serialize_entry("number", &self.number)?;
        map.serialize_entry("kind", self.body.kind())?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("author", &self.author)?;
        serialize_body(&self.body, &mut map)?;
        map.end()
    }
}

fn serialize_body<M: serde::ser::SerializeMap>(body: &BodyJson, map: &mut M) -> Result<(), M::Error> {
    match body {
        BodyJson::Message { text, reply_to, edited } => {
            map.serialize_entry("text", text)?;
            map.serialize_entry("reply_to", reply_to)?;
            map.serialize_entry("edited", edited)
        }
        BodyJson::Edit { target, text } => {
            map.serialize_entry("target", target)?;
            map.serialize_entry("text", text)
        }
        BodyJson::Redaction { target } => map.serialize_entry("target", target),
        BodyJson::Reaction { target, emoji, on } => {
            map.serialize_entry("target", target)?;
            map.serialize_entry("emoji", emoji)?;
            map.serialize_entry("on", on)
        }
        BodyJson::Settings(change) => serialize_settings(change, map),
        BodyJson::Member { who, role } => {
            map.serialize_entry("who", who)?;
            map.serialize_entry("role", role)
        }
        BodyJson::Closed => Ok(()),
    }
}

fn serialize_settings<M: serde::ser::SerializeMap>(change: &SettingsJson, map: &mut M) -> Result<(), M::Error> {
    if let Some(name) = &change.name {
        map.serialize_entry("name", name)?;
    }
    if let Some(subject) = &change.subject {
        map.serialize_entry("subject", subject)?;
    }
    if let Some(listed) = &change.listed {
        map.serialize_entry("listed", listed)?;
    }
    if let Some(access) = &change.access {
        map.serialize_entry("access", access)?;
    }
    if let Some(archive) = &change.archive {
        map.serialize_entry("archive", archive)?;
    }
    if let Some(time_zone) = &change.time_zone {
        map.serialize_entry("time_zone", time_zone)?;
    }
    Ok(())
}

/// Every field that any kind has, as it is read. The kind decides which must be there; reading
/// flat keeps one error path and lets fields come in any order.
#[derive(Deserialize)]
struct AnyEvent {
    room: String,
    seq: u64,
    number: u64,
    kind: String,
    time: EventTime,
    author: AuthorJson,
    text: Option<String>,
    reply_to: Option<u64>,
    edited: Option<bool>,
    target: Option<u64>,
    emoji: Option<String>,
    on: Option<bool>,
    name: Option<String>,
    subject: Option<String>,
    listed: Option<bool>,
    access: Option<String>,
    archive: Option<bool>,
    time_zone: Option<String>,
    who: Option<String>,
    role: Option<String>,
}

impl<'de> Deserialize<'de> for EventJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let any = AnyEvent::deserialize(deserializer)?;
        let missing = D::Error::missing_field;
        let body = match any.kind.as_str() {
            "message" => BodyJson::Message {
                text: any.text.ok_or_else(|| missing("text"))?,
                reply_to: any.reply_to,
                edited: any.edited.ok_or_else(|| missing("edited"))?,
            },
            "edit" => BodyJson::Edit {
                target: any.target.ok_or_else(|| missing("target"))?,
                text: any.text.ok_or_else(|| missing("text"))?,
            },
            "redaction" => BodyJson::Redaction { target: any.target.ok_or_else(|| missing("target"))? },
            "reaction" => BodyJson::Reaction {
                target: any.target.ok_or_else(|| missing("target"))?,
                emoji: any.emoji.ok_or_else(|| missing("emoji"))?,
                on: any.on.ok_or_else(|| missing("on"))?,
            },
            "settings" => BodyJson::Settings(SettingsJson {
                name: any.name,
                subject: any.subject,
                listed: any.listed,
                access: any.access,
                archive: any.archive,
                time_zone: any.time_zone,
            }),
            "member" => BodyJson::Member { who: any.who.ok_or_else(|| missing("who"))?, role: any.role },
            "closed" => BodyJson::Closed,
            other => return Err(D::Error::custom(format!("the kind {other:?} is unknown"))),
        };
        let AnyEvent { room, seq, number, time, author, .. } = any;
        Ok(Self { room, seq, number, time, author, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of the protocol file, byte for byte.
    const EXAMPLE: &str = r#"{"room":"KEY","seq":57,"number":42,"kind":"message","time":"2026-11-21T10:00:00.123456Z","author":{"id":"u7","name":"adrian","guest":false},"text":"hi","reply_to":41,"edited":false}"#;

    fn example() -> EventJson {
        EventJson {
            room: "KEY".to_owned(),
            seq: 57,
            number: 42,
            time: EventTime::from_unix_us(1_795_255_200_123_456),
            author: AuthorJson { id: "u7".to_owned(), name: "adrian".to_owned(), guest: false },
            body: BodyJson::Message { text: "hi".to_owned(), reply_to: Some(41), edited: false },
        }
    }

    #[test]
    fn the_protocols_example_is_written_and_read() {
        assert_eq!(example().to_json(), EXAMPLE);
        assert_eq!(EventJson::from_json(EXAMPLE).unwrap(), example());
    }

    #[test]
    fn every_kind_is_written_with_what_it_names() {
        let cases = [
            (
                BodyJson::Message { text: "a\"b\n".to_owned(), reply_to: None, edited: true },
                r#""text":"a\"b\n","reply_to":null,"edited":true}"#,
            ),
            (BodyJson::Edit { target: 3, text: "new".to_owned() }, r#""target":3,"text":"new"}"#),
            (BodyJson::Redaction { target: 3 }, r#""target":3}"#),
            (
                BodyJson::Reaction { target: 3, emoji: "👍".to_owned(), on: false },
                r#""target":3,"emoji":"👍","on":false}"#,
            ),
            (
                BodyJson::Settings(SettingsJson {
                    name: Some("tea".to_owned()),
                    subject: Some("s".to_owned()),
                    listed: Some(true),
                    access: None,
                    archive: Some(true),
                    time_zone: Some("Asia/Tokyo".to_owned()),
                }),
                r#""name":"tea","subject":"s","listed":true,"archive":true,"time_zone":"Asia/Tokyo"}"#,
            ),
            (BodyJson::Settings(SettingsJson::default()), r#""guest":false}}"#),
            (
                BodyJson::Member { who: "g9".to_owned(), role: Some("member".to_owned()) },
                r#""who":"g9","role":"member"}"#,
            ),
            (BodyJson::Member { who: "u7".to_owned(), role: None }, r#""who":"u7","role":null}"#),
            (BodyJson::Closed, r#""guest":false}}"#),
        ];
        for (body, end) in cases {
            let event = EventJson { body, ..example() };
            let json = event.to_json();
            assert!(json.ends_with(end), "{json}");
            assert!(json.contains(&format!(r#""kind":"{}""#, event.body.kind())), "{json}");
            assert_eq!(EventJson::from_json(&json).unwrap(), event);
        }
    }

    #[test]
    fn a_reader_ignores_fields_that_it_does_not_know() {
        let later = EXAMPLE.replacen('{', r#"{"pinned":{"by":["u1"]},"#, 1);
        assert_eq!(EventJson::from_json(&later).unwrap(), example());
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let cases = [
            ("", "EOF"),
            ("[]", "invalid"),
            (&EXAMPLE.replace("message", "poem"), "the kind \"poem\" is unknown"),
            (&EXAMPLE.replace(r#""text":"hi","#, ""), "missing field `text`"),
            (&EXAMPLE.replace(r#""seq":57,"#, ""), "missing field `seq`"),
            (&EXAMPLE.replace("57", "-57"), "invalid value"),
            (&EXAMPLE.replace("57", "5.7"), "invalid type"),
            (&EXAMPLE.replace("57", "57,\"seq\":57"), "duplicate field"),
            (&EXAMPLE.replace("123456Z", "123Z"), "a time is written like"),
            (&EXAMPLE.replace("hi", "\\ud800"), "hex escape"),
            (&EXAMPLE.replace("\"hi\"", &"[".repeat(100_000)), "invalid type"),
        ];
        for (text, reason) in cases {
            let error = EventJson::from_json(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_guest_is_shown_with_a_tilde() {
        let mut author = example().author;
        assert_eq!(author.shown_name(), "adrian");
        author.guest = true;
        assert_eq!(author.shown_name(), "~adrian");
    }

    fn body() -> impl Strategy<Value = BodyJson> {
        prop_oneof![
            (any::<String>(), any::<Option<u64>>(), any::<bool>())
                .prop_map(|(text, reply_to, edited)| BodyJson::Message { text, reply_to, edited }),
            (any::<u64>(), any::<String>()).prop_map(|(target, text)| BodyJson::Edit { target, text }),
            any::<u64>().prop_map(|target| BodyJson::Redaction { target }),
            (any::<u64>(), any::<String>(), any::<bool>()).prop_map(|(target, emoji, on)| BodyJson::Reaction {
                target,
                emoji,
                on
            }),
            (any::<[Option<String>; 4]>(), any::<[Option<bool>; 2]>()).prop_map(
                |([name, subject, access, time_zone], [listed, archive])| {
                    BodyJson::Settings(SettingsJson { name, subject, listed, access, archive, time_zone })
                }
            ),
            (any::<String>(), any::<Option<String>>()).prop_map(|(who, role)| BodyJson::Member { who, role }),
            Just(BodyJson::Closed),
        ]
    }

    proptest! {
        #[test]
        fn any_event_reads_back(
            room in "[0-9a-z]{32}", seq: u64, number: u64, us: i64, id: String, name: String, guest: bool, body in body(),
        ) {
            let author = AuthorJson { id, name, guest };
            let event = EventJson { room, seq, number, time: EventTime::from_unix_us(us), author, body };
            let json = event.to_json();
            prop_assert!(!json.contains('\n'));
            prop_assert_eq!(EventJson::from_json(&json).unwrap(), event);
        }
    }
}
