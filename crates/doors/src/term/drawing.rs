//! Everything that people at terminals see, as text. What people wrote goes through [`shown`] or [`push_indented`], which
//! let no control character through; nothing else puts it into a drawing.

use std::collections::HashSet;

use bytes::Bytes;
use parlor_core::connections::Identity;
use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::{ConnectionId, LOBBY, Timestamp};
use parlor_core::pulse::{Attendant, Change, ChangeKind};
use parlor_core::room_log::RoomLog;
use parlor_core::{Chat, Error, Fault};
use parlor_wire::http_chat::EventTime;
use parlor_wire::term::{encode, push_indented, shown};

/// Where people type.
pub(super) const PROMPT: &str = "> ";

/// [`PROMPT`] as it goes over the wire.
pub(super) const PROMPT_BYTES: Bytes = Bytes::from_static(b"\0\0\0\0\0\0\0\x02> ");

/// People whom a list names (protocols: term).
const LISTED_PEOPLE: usize = 50;

/// Comings and goings that get a line each; more are one line (protocols: term).
const LINES_OF_CHANGES: usize = 10;

/// What [`push_indented`] begins a line with.
const INDENT: &str = "  ";

const GREETING: &str = "Welcome to parlor. Choose a name: 3 to 30 characters of a-z, 0-9, _ and -\n";

const HOW_TO_WRITE: &str = "bc TEXT says TEXT to everyone, NAME TEXT says it to NAME alone; /help tells more\n";

const HELP: &str = concat!(
    "  bc TEXT        says TEXT to everyone in the room where you are\n",
    "  NAME TEXT      says TEXT to NAME alone; to somebody at a web page: guest-7 TEXT\n",
    "  /who           who is here\n",
    "  /rooms         the rooms that you can see\n",
    "  /join ROOM     goes into a room, by its name or key: bc speaks there then\n",
    "  /leave         leaves it: bc speaks in the room before again\n",
    "  /history [N]   the last N messages here, with their numbers\n",
    "  /me TEXT       says what you do: /me waves\n",
    "  /quit          leaves\n",
);

/// A text as strings on the wire.
pub(super) fn string(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + 8);
    encode(text, &mut out);
    out.into()
}

/// An answer to what was typed: the cursor stands at the beginning of a line.
pub(super) fn answer(lines: &str) -> Bytes {
    string(&format!("{lines}{PROMPT}"))
}

/// Something that comes while the person may be typing: it begins on a line of its own.
pub(super) fn update(lines: &str) -> Bytes {
    string(&format!("\n{lines}{PROMPT}"))
}

pub(super) fn greeting() -> Bytes {
    answer(GREETING)
}

pub(super) fn help() -> Bytes {
    answer(HELP)
}

/// A name with the mark of a guest, who never looks like an account.
fn marked(is_guest: bool, name: &str) -> String {
    format!("{}{}", if is_guest { "~" } else { "" }, shown(name))
}

/// How the author of an event is shown. A guest who holds the name at a terminal right now is nobody else.
pub(super) fn author(chat: &Chat, event: &Event) -> String {
    let marks = match event.author {
        Author::Guest(guest) => !chat.holds_name(guest, &event.name),
        Author::Account(_) | Author::System => false,
    };
    marked(marks, event.name.as_str())
}

/// How somebody who is here is shown.
pub(super) fn person(identity: &Identity) -> String {
    let is_guest = identity.who.is_none_or(Author::is_guest);
    marked(is_guest && !identity.holds_name, identity.name.as_str())
}

/// The same with what one writes to them by, if that is another word.
fn person_and_address(identity: &Identity) -> String {
    let shown = person(identity);
    let address = match (identity.who, &identity.handle) {
        (_, Some(handle)) => handle.as_str().to_owned(),
        (Some(Author::Guest(guest)), None) if !identity.holds_name => format!("guest-{guest}"),
        _ => return shown,
    };
    if shown.trim_start_matches('~') == address { shown } else { format!("{shown} ({address})") }
}

/// What a room is called.
pub(super) fn room(log: &RoomLog) -> String {
    let room = log.room();
    room.name.as_ref().map_or_else(|| format!("\"{}\"", shown(room.subject.as_str())), |name| name.as_str().to_owned())
}

/// A line of the list of rooms.
pub(super) fn listed_room(log: &RoomLog) -> String {
    let settings = log.room();
    let people = log.presence().people();
    let word = settings.name.as_ref().map_or_else(|| log.key().to_string(), |name| name.as_str().to_owned());
    let asks = if settings.gate().is_some() { ", asks a question" } else { "" };
    format!("  {word}  {}  ({people} here{asks})\n", shown(settings.subject.as_str()))
}

/// Whom one speaks to in a room.
fn addressed(log: &RoomLog) -> String {
    if log.id() == LOBBY { "everyone".to_owned() } else { room(log) }
}

/// ` in ROOM`, but for the lobby, where everybody is.
fn place(log: &RoomLog) -> String {
    if log.id() == LOBBY { String::new() } else { format!(" in {}", room(log)) }
}

/// `HEADER:` and the text, indented.
pub(super) fn said(header: &str, text: &str) -> String {
    let mut lines = format!("{header}:\n");
    push_indented(text, &mut lines);
    lines
}

/// An event of a room as its readers see it; `None`: nothing to be seen.
pub(super) fn event(chat: &Chat, log: &RoomLog, event: &Event) -> Option<String> {
    let name = author(chat, event);
    Some(match &event.body {
        Body::Message { state: MessageState::Redacted, .. } => {
            format!("message #{} by {name} was deleted\n", event.number)
        }
        Body::Message { text, reply_to, .. } => match acted(&name, text.as_str()) {
            Some(lines) => lines,
            None => {
                let answers = reply_to.map_or_else(String::new, |number| format!(", answering #{number}"));
                said(&format!("{name} to {}{answers}", addressed(log)), text.as_str())
            }
        },
        Body::Edit { target, text } => said(&format!("{name} changed message #{target}{}", place(log)), text.as_str()),
        Body::Redaction { target } => format!("{name} deleted message #{target}{}\n", place(log)),
        Body::Reaction { target, emoji, on: true } => {
            format!("{name} put {} on message #{target}{}\n", shown(emoji.as_str()), place(log))
        }
        Body::Reaction { target, emoji, on: false } => {
            format!("{name} took {} off message #{target}{}\n", shown(emoji.as_str()), place(log))
        }
        Body::Settings(change) => {
            let subject = change.subject.as_ref()?;
            format!("{name} changed the subject of {} to: {}\n", room(log), shown(subject.as_str()))
        }
        Body::Closed => format!("{} was closed\n", room(log)),
        // Who is here is told by who is here; roles are for those who give them.
        Body::Member { .. } => return None,
    })
}

/// What `/me TEXT` says: an ordinary message at every other door.
pub(super) fn act(name: &str, text: &str) -> String {
    format!("* {name} {text}")
}

/// A message of the author's own that [`act`] made, as it is. Nobody else's words can look like it: the name is the author's.
fn acted(name: &str, text: &str) -> Option<String> {
    let rest = text.strip_prefix("* ")?.strip_prefix(name)?.strip_prefix(' ')?;
    let mut lines = String::new();
    push_indented(rest, &mut lines);
    Some(format!("* {name} {}", lines.strip_prefix(INDENT).unwrap_or(&lines)))
}

/// A message of the past: its number, when it was said (UTC), and the message.
pub(super) fn past(chat: &Chat, log: &RoomLog, message: &Event) -> String {
    let lines = event(chat, log, message).unwrap_or_default();
    format!("#{} {} {lines}", message.number, minute(message.at))
}

/// `2026-11-21 10:00`, in UTC.
fn minute(at: Timestamp) -> String {
    let time = EventTime::from_unix_us(at.0).to_string();
    let (day, clock) = time.split_once('T').unwrap_or((&time, ""));
    format!("{day} {}", clock.get(..5).unwrap_or(clock))
}

/// Comings and goings, as everybody hears them or, with `listener`, as one of those who came or went does.
pub(super) fn changes<'a>(
    log: &RoomLog,
    changes: impl Iterator<Item = &'a Change>,
    listener: Option<ConnectionId>,
) -> Option<String> {
    let changes: Vec<&Change> = changes.filter(|change| Some(change.attendant.connection) != listener).collect();
    let lines = if changes.len() > LINES_OF_CHANGES { together(log, &changes) } else { one_by_one(log, &changes) };
    (!lines.is_empty()).then_some(lines)
}

fn one_by_one(log: &RoomLog, changes: &[&Change]) -> String {
    let elsewhere = elsewhere(log, changes);
    let mut lines = String::new();
    for change in changes {
        let name = person(&change.attendant.identity);
        // Who is here by another connection too does not come or go.
        let stays = change.attendant.identity.who.is_some_and(|who| elsewhere.contains(&who));
        match &change.kind {
            ChangeKind::Became { before } => {
                lines.push_str(&format!("{} is {name} now{}\n", person(before), place(log)));
            }
            _ if stays => {}
            ChangeKind::Came => lines.push_str(&format!("{name} is here{}\n", place(log))),
            ChangeKind::Left => lines.push_str(&format!("{name} has left{}\n", left_place(log))),
            ChangeKind::Broke => lines.push_str(&format!("{name} has been disconnected{}\n", from_place(log))),
        }
    }
    lines
}

/// The people who are here by a connection that none of these changes is about.
fn elsewhere(log: &RoomLog, changes: &[&Change]) -> HashSet<Author> {
    let concerned: HashSet<ConnectionId> = changes.iter().map(|change| change.attendant.connection).collect();
    let attendants = log.presence().roster().attendants.into_iter();
    attendants
        .filter(|attendant| !concerned.contains(&attendant.connection))
        .filter_map(|attendant| attendant.identity.who)
        .collect()
}

fn left_place(log: &RoomLog) -> String {
    if log.id() == LOBBY { String::new() } else { format!(" {}", room(log)) }
}

fn from_place(log: &RoomLog) -> String {
    if log.id() == LOBBY { String::new() } else { format!(" from {}", room(log)) }
}

fn together(log: &RoomLog, changes: &[&Change]) -> String {
    let count = |matches: fn(&ChangeKind) -> bool| changes.iter().filter(|change| matches(&change.kind)).count();
    let came = count(|kind| matches!(kind, ChangeKind::Came));
    let gone = count(|kind| matches!(kind, ChangeKind::Left));
    let broke = count(|kind| matches!(kind, ChangeKind::Broke));
    let became = count(|kind| matches!(kind, ChangeKind::Became { .. }));
    let parts = [
        (came, "came", "came"),
        (gone, "left", "left"),
        (broke, "was disconnected", "were disconnected"),
        (became, "took another name", "took other names"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .enumerate()
        .map(|(at, (count, one, many))| {
            let people = if at > 0 { "" } else { people_word(count) };
            format!("{count}{people} {}", if count == 1 { one } else { many })
        })
        .collect();
    format!("{}{}\n", parts.join(", "), place(log))
}

fn people_word(count: usize) -> &'static str {
    if count == 1 { " person" } else { " people" }
}

/// The list of who is here, one line; each person once, the reader first.
pub(super) fn people(log: &RoomLog, me: ConnectionId, my_identity: &Identity) -> String {
    // More than are named: some may be one person's.
    let attendants = log.presence().some(2 * LISTED_PEOPLE);
    let mut known: HashSet<Author> = my_identity.who.into_iter().collect();
    let is_news = |attendant: &&Attendant| match attendant.identity.who {
        Some(who) => known.insert(who),
        None => attendant.connection != me,
    };
    let others: Vec<&Attendant> = attendants.iter().filter(is_news).collect();
    let named = others.len().min(LISTED_PEOPLE - 1);
    let all_are_here = attendants.len() < 2 * LISTED_PEOPLE;
    let others_in_all = if all_are_here { others.len() } else { log.presence().people().saturating_sub(1) };
    let mut names: Vec<String> = others[..named].iter().map(|other| person_and_address(&other.identity)).collect();
    names.sort_unstable();
    names.insert(0, format!("{} (you)", person(my_identity)));
    let more = others_in_all.saturating_sub(named);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("here{}: {}{rest}\n", place(log), names.join(", "))
}

/// What the accepted name is answered with: who is here, what was said last, how to write.
pub(super) fn entrance(people: &str, history: &str) -> String {
    let said_before = if history.is_empty() { "nobody has said anything yet\n" } else { history };
    format!("\n{people}\n{said_before}\n{HOW_TO_WRITE}")
}

/// Something in a room of two, as one of the two sees it; `None`: nothing to be seen. `other`: the name of the other one.
pub(super) fn letter(chat: &Chat, letter: &Event, me: Option<Author>, other: &str) -> Option<String> {
    let (from, to) = if Some(letter.author) == me {
        ("you".to_owned(), other.to_owned())
    } else {
        (author(chat, letter), "you".to_owned())
    };
    match &letter.body {
        Body::Message { state: MessageState::Redacted, .. } => Some(format!("{from} deleted a message to {to}\n")),
        Body::Message { text, .. } => Some(said(&format!("{from} to {to}"), text.as_str())),
        Body::Edit { target, text } => Some(said(&format!("{from} changed message #{target} to {to}"), text.as_str())),
        Body::Redaction { target } => Some(format!("{from} deleted message #{target} to {to}\n")),
        Body::Reaction { target, emoji, on: true } => {
            Some(format!("{from} put {} on message #{target} to {to}\n", shown(emoji.as_str())))
        }
        _ => None,
    }
}

/// What somebody may not or cannot, or where we failed, as a line. `what`: what was tried.
pub(super) fn refusal(chat: &Chat, error: &Error) -> String {
    let sentence = match error {
        Error::Refused(refusal) => refusal.to_string(),
        Error::Failed(Fault::DiskFull) => "the disk is full: nothing was stored; try again later".to_owned(),
        Error::Failed(Fault::Unavailable(_)) => "nothing can be stored right now; try again in a moment".to_owned(),
        Error::Failed(Fault::OutcomeUnknown(_)) => {
            "nobody can say whether it was stored; look before you say it again".to_owned()
        }
        Error::Failed(fault @ (Fault::Corrupt(_) | Fault::Internal(_))) => {
            let id = format!("{:x}", chat.clock().wall().0);
            tracing::error!(%fault, id, "a terminal was answered with a failure");
            format!("something went wrong on this server; its operator finds it in the log as {id}")
        }
    };
    format!("{}\n", shown(&sentence))
}
