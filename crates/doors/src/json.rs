//! An event as JSON, the same at every door that speaks JSON (protocols: common rules).

use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::RoomKey;
use parlor_core::room::{Access, Role, SettingsChange};
use parlor_wire::http_chat::{AuthorJson, BodyJson, EventJson, EventTime, SettingsJson};

/// The event object as text.
pub(crate) fn event(event: &Event, room: RoomKey) -> String {
    let json = EventJson {
        room: room.to_string(),
        seq: event.seq.0,
        number: event.number.0,
        time: EventTime::from_unix_us(event.at.0),
        author: AuthorJson {
            id: author_id(event.author),
            name: event.name.as_str().to_owned(),
            guest: event.author.is_guest(),
        },
        body: body(&event.body),
    };
    json.to_json()
}

/// `u` and the account's number, `g` and the guest's, or `system`.
pub(crate) fn author_id(author: Author) -> String {
    match author {
        Author::Account(id) => format!("u{id}"),
        Author::Guest(id) => format!("g{id}"),
        Author::System => "system".to_owned(),
    }
}

fn body(body: &Body) -> BodyJson {
    match body {
        Body::Message { text, reply_to, state } => BodyJson::Message {
            text: text.as_str().to_owned(),
            reply_to: reply_to.map(|number| number.0),
            edited: *state == MessageState::Edited,
        },
        Body::Edit { target, text } => BodyJson::Edit { target: target.0, text: text.as_str().to_owned() },
        Body::Redaction { target } => BodyJson::Redaction { target: target.0 },
        Body::Reaction { target, emoji, on } => {
            BodyJson::Reaction { target: target.0, emoji: emoji.as_str().to_owned(), on: *on }
        }
        Body::Settings(change) => BodyJson::Settings(settings(change)),
        Body::Member { who, role } => {
            BodyJson::Member { who: author_id(*who), role: role.map(|role| role_name(role).to_owned()) }
        }
        Body::Closed => BodyJson::Closed,
    }
}

fn settings(change: &SettingsChange) -> SettingsJson {
    SettingsJson {
        name: change.name.as_ref().map(|name| name.as_str().to_owned()),
        subject: change.subject.as_ref().map(|subject| subject.as_str().to_owned()),
        listed: change.listed,
        access: change.access.map(|access| access_name(access).to_owned()),
        archive: change.archive,
        time_zone: change.time_zone.as_ref().map(|zone| zone.as_str().to_owned()),
    }
}

fn access_name(access: Access) -> &'static str {
    match access {
        Access::Open => "open",
        Access::Question => "question",
        Access::Members => "members",
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Banned => "banned",
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}
