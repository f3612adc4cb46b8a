//! Somebody who looks at a room's page: hangs in `GET /msg/KEY/N` for the next message and posts with a form.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::pages::between;
use crate::support::http::{Answer, Connection, get, post_form};
use crate::support::person::Person;
use crate::support::server::Server;

use super::persona::{Persona, Seen};
use super::{Actor, Door, Heard, MOMENT, Message, NewRoom, Own, Whispered};

/// The person, with its cookies and the rooms that it has open.
pub(crate) struct WebPage {
    person: Person,
    nick: Option<String>,
    /// `guest-ID`.
    guest: Option<String>,
    /// Its own id, as the page has it.
    me: String,
    open: BTreeMap<String, Open>,
    /// By its key, the last number that was read of each room of two.
    private: BTreeMap<String, u64>,
    /// The rooms of two to which the page was led, by the other's id.
    direct: BTreeMap<String, String>,
    heard: Vec<Heard>,
}

/// A room's page in a tab.
struct Open {
    key: String,
    /// The number for which it hangs.
    next: u64,
    /// `None` when the connection was lost.
    poll: Option<Connection>,
    here: Here,
}

/// Who is in a room, as the page knows it.
#[derive(Default)]
struct Here {
    /// Hangs until that changes, or something private comes.
    poll: Option<Connection>,
    version: String,
    /// Names by ids; `None` before the first answer.
    people: Option<BTreeMap<String, String>>,
}

impl WebPage {
    pub(crate) fn new(server: &Server, nick: Option<&str>) -> WebPage {
        let mut person = Person::new(server);
        // Where the page keeps the name, so that who only looks is called by it too.
        if let Some(nick) = nick {
            person.give("chaton-nickname", nick);
        }
        WebPage {
            person,
            nick: nick.map(str::to_owned),
            guest: None,
            me: String::new(),
            open: BTreeMap::new(),
            private: BTreeMap::new(),
            direct: BTreeMap::new(),
            heard: vec![],
        }
    }

    fn key(&self, room: &str) -> String {
        self.open.get(room).unwrap_or_else(|| panic!("{room} is not open")).key.clone()
    }

    /// Opens a room's page, and hangs where its script hangs.
    fn show(&mut self, room: &str, key: String) {
        let page = self.person.open(&key);
        let me = between(&page.text(), " data-me=\"", "\"").unwrap_or_default().to_owned();
        let guest = me.strip_prefix('g').map(|id| format!("guest-{id}"));
        assert!(self.guest.is_none() || self.guest == guest, "the guest is {:?}, then {me:?}", self.guest);
        (self.guest, self.me) = (guest, me);
        let next = page.number() + 1;
        self.open.insert(room.to_owned(), Open { key, next, poll: None, here: Here::default() });
        self.hang(room);
        self.look_around(room);
    }

    /// Shows the open rooms as whoever it is now.
    fn reload(&mut self) {
        for (room, open) in std::mem::take(&mut self.open) {
            self.show(&room, open.key);
        }
    }

    /// Hangs until others are in the room than the page knows of.
    fn look_around(&mut self, room: &str) {
        let open = self.open.get_mut(room).expect("the room is open");
        let mut poll = open.here.poll.take().unwrap_or_else(|| self.person.connect());
        let target = format!("/here/{}?after={}", open.key, open.here.version);
        poll.send(&self.person.with_cookies(get(target)));
        open.here.poll = Some(poll);
    }

    /// Takes the answer of [`WebPage::look_around`].
    fn take_here(&mut self, room: &str) {
        let open = self.open.get_mut(room).expect("the room is open");
        let answer = open.here.poll.as_mut().expect("it hangs").read(true);
        let Ok(answer) = answer.map_err(drop).and_then(|answer| if answer.status < 300 { Ok(answer) } else { Err(()) })
        else {
            // The poll for messages hears of it too, and says so.
            open.here.poll = None;
            return;
        };
        if answer.status == 200 {
            let told = answer.json();
            text_of(&told["version"]).clone_into(&mut open.here.version);
            let people: BTreeMap<String, String> = list(&told["people"]).iter().map(named).collect();
            let before = open.here.people.replace(people.clone());
            if let Some(before) = before {
                self.heard.extend(came_and_went(room, &before, &people));
            }
            for private in told["private"].as_array().into_iter().flatten() {
                self.read_private(text_of(&private["key"]), private["number"].as_u64().expect("a number"));
            }
        }
        self.look_around(room);
    }

    /// Reads what is new in a room of two.
    fn read_private(&mut self, key: &str, newest: u64) {
        if !self.private.contains_key(key) {
            self.person.open(key);
        }
        let read = self.private.insert(key.to_owned(), newest).unwrap_or(0);
        for number in read + 1..=newest {
            let request = get(format!("/msg/{key}/{number}?wait=0"));
            let message = message(&self.person.ask(request.clone()).expect(200));
            let event = self.person.ask(request.header("Accept", "application/json")).expect(200).json();
            // What it said itself stands there too.
            if text_of(&event["author"]["id"]) != self.me {
                self.heard.push(Heard::Whispered { message: Message { number: None, ..message } });
            }
        }
    }

    /// The id of somebody in JSON, by which one writes to them.
    fn id_of(&mut self, to: &Persona) -> String {
        if let Some(account) = to.account {
            return format!("u{account}");
        }
        if let Some(number) = to.guest.as_deref().and_then(|guest| guest.strip_prefix("guest-")) {
            return format!("g{number}");
        }
        let shown = to.name.as_ref().map(|name| format!("~{name}")).expect("the name is known");
        let keys: Vec<String> = self.open.values().map(|open| open.key.clone()).collect();
        let mut known = keys.iter().flat_map(|key| self.who_is_in(key));
        known.find(|(_, name)| *name == shown).unwrap_or_else(|| panic!("the page does not show {shown}")).0
    }

    /// The ids and names of those who are in a room.
    fn who_is_in(&self, key: &str) -> Vec<(String, String)> {
        let request = self.person.with_cookies(get(format!("/here/{key}?wait=0")));
        let told = self.person.connect().ask(request).expect(200).json();
        let people: Vec<_> = list(&told["people"]).iter().map(named).collect();
        assert_eq!(told["count"].as_u64(), Some(people.len() as u64), "{told}");
        people
    }

    /// Hangs for the room's next message.
    fn hang(&mut self, room: &str) {
        let open = self.open.get_mut(room).expect("the room is open");
        let mut poll = open.poll.take().unwrap_or_else(|| self.person.connect());
        poll.send(&self.person.with_cookies(get(format!("/msg/{}/{}", open.key, open.next))));
        open.poll = Some(poll);
    }

    /// Takes the answer of a poll.
    fn take(&mut self, room: &str) {
        let open = self.open.get_mut(room).expect("the room is open");
        let Ok(answer) = open.poll.as_mut().expect("it hangs").read(true) else { return self.is_over(room) };
        match answer.status {
            200 => {
                let message = message(&answer);
                assert_eq!(message.number, Some(open.next), "another message was asked for: {message:?}");
                open.next += 1;
                self.heard.push(Heard::Said { room: room.to_owned(), message });
                self.hang(room);
            }
            204 => self.hang(room),
            // A deleted message has a number, a closed room has none.
            410 if answer.header("chat-number").is_some() => {
                open.next += 1;
                self.hang(room);
            }
            // Closed, or not the person's any more.
            410 | 404 => {
                open.poll = None;
                self.heard.push(Heard::Gone { room: room.to_owned() });
            }
            // Logged out elsewhere, or the server stops.
            401 | 503 => self.is_over(room),
            _ => panic!("a poll of {room} was answered {answer:?}"),
        }
    }

    /// The server has ended the connection.
    fn is_over(&mut self, room: &str) {
        self.open.get_mut(room).expect("the room is open").poll = None;
        self.heard.push(Heard::Ended);
    }
}

impl Actor for WebPage {
    fn door(&self) -> Door {
        Door::WebPage
    }

    fn heard(&self) -> &[Heard] {
        &self.heard
    }

    fn listen(&mut self) {
        let hangs = |open: &Open| open.poll.is_some() || open.here.poll.is_some();
        let rooms: Vec<String> =
            self.open.iter().filter(|(_, open)| hangs(open)).map(|(room, _)| room.clone()).collect();
        if rooms.is_empty() {
            return std::thread::sleep(MOMENT);
        }
        let end = Instant::now() + MOMENT;
        let has_something = |poll: &mut Option<Connection>| {
            poll.as_mut().is_some_and(|poll| poll.has_something_within(Duration::from_millis(1)))
        };
        let mut heard = false;
        while !heard && Instant::now() < end {
            for room in &rooms {
                let open = self.open.get_mut(room).expect("it is one of them");
                let (message, here) = (has_something(&mut open.poll), has_something(&mut open.here.poll));
                if message {
                    self.take(room);
                }
                if here {
                    self.take_here(room);
                }
                heard |= message || here;
            }
        }
    }

    fn enter(&mut self, room: &str, answer: Option<&str>) -> Result<(), String> {
        let found = self.person.ask(get(format!("/chat/{room}")));
        if found.status != 303 {
            return Err(found.text());
        }
        let key = found.room_key();
        let page = self.person.ask(get(format!("/chat/{key}"))).expect(200);
        if page.header("chat-number").is_none() {
            // It asks the room's question.
            let answer = answer.ok_or_else(|| page.text())?;
            let answered = self.person.ask(post_form(format!("/answer/{key}"), &[("answer", answer)]));
            if answered.status != 303 {
                return Err(answered.text());
            }
        }
        self.show(room, key);
        Ok(())
    }

    fn say(&mut self, room: &str, text: &str) -> Result<Option<u64>, String> {
        let mut fields = vec![("text", text)];
        fields.extend(self.nick.as_deref().map(|nick| ("nick", nick)));
        let answer = self.person.ask(post_form(format!("/send/{}", self.key(room)), &fields));
        if answer.status == 200 { Ok(Some(answer.number())) } else { Err(answer.text()) }
    }

    fn history(&mut self, room: &str, count: usize) -> Option<Vec<Message>> {
        let key = self.key(room);
        let newest = self.person.open(&key).number();
        let mut connection = self.person.connect();
        let first = (newest + 1).saturating_sub(count as u64).max(1);
        let numbered = (first..=newest).map(|number| {
            let target = format!("/msg/{key}/{number}?wait=0");
            let said = message(&connection.ask(self.person.with_cookies(get(target.clone()))).expect(200));
            let request = self.person.with_cookies(get(target)).header("Accept", "application/json");
            let event = connection.ask(request).expect(200).json();
            let guest = event["author"]["guest"].as_bool().expect("an author is a guest or not");
            let name = event["author"]["name"].as_str().expect("an author has a name");
            let author = Seen::Named(format!("{}{name}", if guest { "~" } else { "" }));
            let text = event["text"].as_str().expect("a message has a text").to_owned();
            let told = Message { author, text, number: event["number"].as_u64() };
            assert_eq!(said, told, "as text and as JSON it is not the same");
            told
        });
        Some(numbered.collect())
    }

    fn leave_room(&mut self, room: &str) {
        self.open.remove(room).expect("the room is open");
    }

    fn whisper(&mut self, to: &Persona, text: &str) -> Result<Whispered, String> {
        let id = self.id_of(to);
        let key = match self.direct.get(&id) {
            Some(key) => key.clone(),
            None => {
                let led = self.person.ask(post_form("/direct", &[("to", &id)]));
                if led.status != 303 {
                    return Err(led.text());
                }
                let key = led.room_key();
                self.person.open(&key);
                self.direct.insert(id, key.clone());
                key
            }
        };
        let said = self.person.ask(post_form(format!("/send/{key}"), &[("text", text)]));
        if said.status == 200 { Ok(Whispered::Taken) } else { Err(said.text()) }
    }

    fn here(&mut self, room: &str) -> Vec<Seen> {
        self.who_is_in(&self.key(room)).into_iter().map(|(_, name)| Seen::Named(name)).collect()
    }

    fn make_room(&mut self, room: &NewRoom) {
        assert_eq!((room.question, room.vanishes), (None, false), "a page makes plain rooms");
        let fields = [("subject", room.name), ("name", room.name), ("listed", "1")];
        let key = self.person.ask(post_form("/chat_create", &fields)).room_key();
        self.show(room.name, key);
    }

    fn remove_room(&mut self, room: &str) {
        panic!("nobody can delete {room} at a page")
    }

    fn log_in(&mut self, handle: &str, password: &str) -> Result<(), String> {
        let answer = self.person.ask(post_form("/login", &[("name", handle), ("password", password)]));
        if answer.status != 303 {
            return Err(answer.text());
        }
        (self.guest, self.nick) = (None, None);
        self.reload();
        Ok(())
    }

    fn log_out(&mut self) {
        self.person.ask(post_form("/logout", &[])).expect(303);
        self.guest = None;
        self.reload();
    }

    fn own(&self) -> Own {
        Own { guest: self.guest.clone(), ..Own::default() }
    }

    fn leave(&mut self) {
        // A page that is closed: there is no word for it in this protocol.
        self.open.clear();
    }

    fn break_off(&mut self) {
        self.open.values_mut().for_each(|open| (open.poll, open.here.poll) = (None, None));
    }

    fn come_back(&mut self, server: &Server) {
        let person = std::mem::replace(&mut self.person, Person::new(server));
        self.person = person.back_at(server);
        let rooms: Vec<String> = self.open.keys().cloned().collect();
        for room in rooms {
            let open = self.open.get_mut(&room).expect("it is one of them");
            open.poll = None;
            open.here = Here::default();
            self.hang(&room);
            self.look_around(&room);
        }
    }
}

/// Who came into a room and who went, between two lists.
fn came_and_went(room: &str, before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Heard> {
    let only = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| {
        let new = these.iter().filter(|(id, name)| those.get(*id) != Some(name));
        new.map(|(_, name)| (room.to_owned(), Seen::Named(name.clone()))).collect::<Vec<_>>()
    };
    let came = only(now, before).into_iter().map(|(room, who)| Heard::Came { room, who });
    let left = before.iter().filter(|(id, _)| !now.contains_key(*id));
    // This door tells no difference between leaving and breaking off.
    let left =
        left.map(|(_, name)| Heard::Left { room: room.to_owned(), who: Seen::Named(name.clone()), broke: false });
    came.chain(left).collect()
}

/// A person of a list: the id and the name, with `~` before a guest's.
fn named(person: &Value) -> (String, String) {
    let mark = if person["guest"].as_bool().expect("a guest or not") { "~" } else { "" };
    (text_of(&person["id"]).to_owned(), format!("{mark}{}", text_of(&person["name"])))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A message in its form for people: `AUTHOR: TEXT`, with its parts in headers.
fn message(answer: &Answer) -> Message {
    let author = answer.header("chat-author").map(decoded).expect("a message has an author");
    let line = answer.text();
    let text = line.strip_prefix(&format!("{author}: ")).unwrap_or_else(|| panic!("{line:?} is not by {author:?}"));
    Message { text: text.to_owned(), author: Seen::Named(author), number: Some(answer.number()) }
}

/// A header's value that may be extended (RFC 8187).
fn decoded(value: &str) -> String {
    let Some(encoded) = value.strip_prefix("UTF-8''") else { return value.to_owned() };
    let mut bytes = vec![];
    let mut rest = encoded.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("hexadecimal digits");
                (u8::from_str_radix(digits, 16).expect("hexadecimal digits"), after)
            }
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).expect("an author is UTF-8")
}
