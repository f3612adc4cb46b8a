//! The HTML pages of this door: plain data in, escaped text out.
//!
//! The templates are in `crates/doors/templates/http_chat`. Everything that people wrote passes
//! askama's escaping there; no template marks anything as safe. Nothing here asks for a right, a
//! clock or a store: the routes fill these structs and call `render`.

use askama::Template;
use parlor_core::account::Account;

use super::account::pages::Problems;
use crate::json::author_id;

/// Who looks at a page with an account.
#[derive(Debug, Clone)]
pub struct You {
    /// `u7`.
    pub id: String,
    /// The name that people see.
    pub name: String,
    /// What was said in the person's rooms and not seen, where the page knows it.
    pub unread: u64,
}

impl You {
    /// Whoever has this account.
    pub fn of(account: &Account) -> You {
        let id = author_id(parlor_core::event::Author::Account(account.id));
        You { id, name: account.display_name.as_str().to_owned(), unread: 0 }
    }

    pub(crate) fn hue(&self) -> u32 {
        hue(&self.id)
    }

    pub(crate) fn initial(&self) -> String {
        initial(&self.name)
    }
}

/// `GET /`: the listed rooms and a form that makes one.
#[derive(Template)]
#[template(path = "http_chat/index.html")]
pub struct IndexPage<'a> {
    /// Who looks, with an account.
    pub you: Option<You>,
    /// Rooms of that person which are not listed.
    pub mine: Vec<MyRoom>,
    /// In the order in which they are shown.
    pub rooms: Vec<ListedRoom<'a>>,
    /// The limit on a subject, in bytes.
    pub subject_bytes_max: usize,
}

/// A room on the index.
#[derive(Debug)]
pub struct ListedRoom<'a> {
    /// 32 characters of `[0-9a-z]`.
    pub key: &'a str,
    /// What it is about; not empty.
    pub subject: &'a str,
    /// How many people are present at any door.
    pub people: usize,
    /// What was said in it and not seen by whoever looks, if that is known.
    pub unread: u64,
    /// When the last message came; none in a room without messages.
    pub last: Option<Moment>,
}

/// `GET /rooms`: the rooms of whoever is logged in.
#[derive(Template)]
#[template(path = "http_chat/rooms.html")]
pub(super) struct RoomsPage<'a> {
    /// Who looks.
    pub(super) you: Option<You>,
    /// Those first in which something was said last.
    pub(super) rooms: Vec<MyRoom>,
    /// What was just done.
    pub(super) done: Option<&'static str>,
    /// Whom to write to, as typed and not taken.
    pub(super) name: &'a str,
    /// A group's name, as typed and not taken.
    pub(super) group: &'a str,
    /// What was not taken.
    pub(super) problems: Problems,
    /// The limit on a handle.
    pub(super) handle_chars_max: usize,
    /// The limit on a group's name.
    pub(super) room_name_chars_max: usize,
}

/// A room of whoever looks.
#[derive(Debug)]
pub struct MyRoom {
    /// 32 characters of `[0-9a-z]`.
    pub key: String,
    /// What it is about, or who the other one is in a room of two.
    pub subject: String,
    /// What kind of room it is, for this person, in a few words.
    pub kind: &'static str,
    /// What was said in it by others and not seen.
    pub unread: u64,
    /// When the last message came.
    pub last: Option<Moment>,
}

/// `GET /chat/KEY`: a room, its last messages and the form that posts.
#[derive(Template)]
#[template(path = "http_chat/chat.html")]
pub struct ChatPage<'a> {
    /// 32 characters of `[0-9a-z]`.
    pub key: &'a str,
    /// What it is about; not empty.
    pub subject: &'a str,
    /// Whether the index shows the room.
    pub listed: bool,
    /// Whether nobody but its members knows of it.
    pub members_only: bool,
    /// Whether anybody has a role in it.
    pub has_members: bool,
    /// The address to hand on, best with scheme and host: `http://host/chat/KEY`. The script replaces it by what
    /// the browser's address bar says, which knows of proxies that the server does not.
    pub share_url: &'a str,
    /// The address for `curl`: `http://host/send/KEY`.
    pub send_url: &'a str,
    /// Oldest first, numbers ascending.
    pub messages: Vec<Message<'a>>,
    /// The `before` of the link to older messages; none at the beginning of the room.
    pub earlier: Option<u64>,
    /// The number of the first message that the page does not show yet. None on a page of older
    /// messages (`?before=N`), which neither waits nor posts.
    pub next: Option<u64>,
    /// Who looks at the page.
    pub me: Me<'a>,
    /// The limit on a message, in bytes of UTF-8.
    pub text_bytes_max: usize,
    /// A fresh idempotency key for the form of a browser without JavaScript.
    pub once: &'a str,
    /// Who is here.
    pub here: Here<'a>,
    /// The name of the other one, if this is a room of two.
    pub with: Option<&'a str>,
}

/// Who is in a room, and who else wrote to the one who looks.
#[derive(Debug, Default)]
pub struct Here<'a> {
    /// How many are here, whoever looks included.
    pub count: usize,
    /// Those of them that are known; whoever looks comes first.
    pub people: Vec<Present<'a>>,
    /// The rooms of two of whoever looks, newest first.
    pub private: Vec<PrivateRoom<'a>>,
    /// The other rooms of whoever looks, those first in which something happened last; only of an account.
    pub rooms: Vec<Belonging<'a>>,
}

/// A room that whoever looks belongs to.
#[derive(Debug)]
pub struct Belonging<'a> {
    /// 32 characters of `[0-9a-z]`.
    pub key: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// What was said in it by others and not seen.
    pub unread: u64,
}

impl Here<'_> {
    /// How many are here without being known by name.
    fn others(&self) -> usize {
        self.count.saturating_sub(self.people.len())
    }
}

/// Somebody who is here.
#[derive(Debug)]
pub struct Present<'a> {
    /// `u7` or `g12`.
    pub id: &'a str,
    /// Without `~`.
    pub name: &'a str,
    /// Whether the name gets a `~`.
    pub guest: bool,
    /// Whether it is who looks.
    pub me: bool,
}

impl Present<'_> {
    fn hue(&self) -> u32 {
        hue(self.id)
    }

    fn initial(&self) -> String {
        initial(self.name)
    }
}

/// A room of two in which something was said.
#[derive(Debug)]
pub struct PrivateRoom<'a> {
    /// 32 characters of `[0-9a-z]`.
    pub key: &'a str,
    /// The other one.
    pub with: Present<'a>,
    /// Its newest message.
    pub number: u64,
    /// What was said in it by the other one and not seen; 0 if only the browser can tell.
    pub unread: u64,
}

/// `GET /chat/KEY` of a room that asks a question, for somebody who has not answered it.
#[derive(Template)]
#[template(path = "http_chat/question.html")]
pub struct QuestionPage<'a> {
    /// 32 characters of `[0-9a-z]`.
    pub key: &'a str,
    /// What it is about; not empty.
    pub subject: &'a str,
    /// What it asks.
    pub question: &'a str,
    /// Whether the last answer was not the right one.
    pub was_wrong: bool,
    /// The limit on an answer, in bytes.
    pub answer_bytes_max: usize,
}

/// Who looks at a page.
#[derive(Debug)]
pub struct Me<'a> {
    /// `u7` or `g12` as in the JSON of a message; empty if not known yet.
    pub id: &'a str,
    /// A guest may change the name with every message; an account is asked for none.
    pub guest: bool,
    /// The name this person chose, without `~`; empty if none yet.
    pub nick: &'a str,
    /// The name that stands in for a name not chosen: `guest-12`.
    pub fallback: &'a str,
}

impl Me<'_> {
    /// The name that others see, with `~` for a guest.
    fn shown(&self) -> String {
        let name = if self.nick.is_empty() { self.fallback } else { self.nick };
        format!("{}{name}", if self.guest { "~" } else { "" })
    }
}

/// A message of the log.
#[derive(Debug)]
pub struct Message<'a> {
    /// Its number in the room, from 1.
    pub number: u64,
    /// Who wrote it.
    pub author: Author<'a>,
    /// The newest text, as it was posted: not escaped, with its line breaks.
    pub text: &'a str,
    /// When it was posted.
    pub at: Moment,
    /// Whether the text is not the first one.
    pub edited: bool,
    /// Whether only the number is left; then author and text are not shown.
    pub deleted: bool,
}

/// The author of a message as it was posted.
#[derive(Debug)]
pub struct Author<'a> {
    /// `u7` or `g12`.
    pub id: String,
    /// Without `~`.
    pub name: &'a str,
    /// Whether the name gets a `~`.
    pub guest: bool,
}

/// A point in time, written for people who have no JavaScript; with it, the page shows their own
/// time zone.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Microseconds since 1970.
    pub at_us: i64,
    /// RFC 3339, UTC.
    pub iso: String,
    /// `14:05`, UTC.
    pub clock: String,
    /// `Saturday, 21 November 2026`, UTC.
    pub day: String,
}

impl Moment {
    /// Writes out a time in microseconds since 1970. A time outside the years -9999 to 9999 can only
    /// come from a damaged store; it is shown as 1970 and does not take the page down.
    pub fn from_us(at_us: i64) -> Self {
        let at = jiff::Timestamp::from_microsecond(at_us).unwrap_or_default();
        Self {
            at_us,
            iso: at.to_string(),
            clock: at.strftime("%H:%M").to_string(),
            day: at.strftime("%A, %-d %B %Y").to_string(),
        }
    }
}

/// A message together with how it stands to the one above it.
struct Row<'a> {
    message: &'a Message<'a>,
    starts_day: bool,
    continues: bool,
    own: bool,
    hue: u32,
    initial: String,
}

/// Posts of one person closer than this stand under one name. The script has the same number.
const GROUP_GAP_US: i64 = 10 * 60 * 1_000_000;

/// How many colours of names the style sheet has. The script has the same number.
const HUES: u32 = 8;

/// What the script clones and fills.
static BLANK: Message<'static> = Message {
    number: 0,
    author: Author { id: String::new(), name: "", guest: false },
    text: "",
    at: Moment { at_us: 0, iso: String::new(), clock: String::new(), day: String::new() },
    edited: false,
    deleted: false,
};

impl<'a> ChatPage<'a> {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let above = std::iter::once(None).chain(self.messages.iter().map(Some));
        above.zip(&self.messages).map(|(above, message)| {
            let starts_day = above.is_none_or(|above| above.at.day != message.at.day);
            Row {
                message,
                starts_day,
                continues: !starts_day && above.is_some_and(|above| continues(above, message)),
                own: message.author.id == self.me.id,
                hue: hue(&message.author.id),
                initial: initial(message.author.name),
            }
        })
    }

    fn blank(&self) -> Row<'static> {
        Row { message: &BLANK, starts_day: false, continues: false, own: false, hue: 0, initial: String::new() }
    }
}

fn continues(above: &Message<'_>, message: &Message<'_>) -> bool {
    !above.deleted
        && above.author.id == message.author.id
        && above.author.name == message.author.name
        && message.at.at_us - above.at.at_us < GROUP_GAP_US
}

/// The colour of a person's name: FNV-1a of the id, so that every page and the script agree.
pub(crate) fn hue(id: &str) -> u32 {
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % HUES
}

pub(crate) fn initial(name: &str) -> String {
    name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default()
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
