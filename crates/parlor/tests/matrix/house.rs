//! A server with people in every role and rooms of every kind, made through its doors.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use serde_json::Value;

use crate::chat1_client::{self, Client};
use crate::support::http::{Answer, Request, get, post, post_form};
use crate::support::person::Person;
use crate::support::server::Server;
use crate::table::{Kind, Who};
use crate::web_socket_client::text;
use crate::{by_web_socket, terminal};

/// The server's password.
pub(crate) const SERVER_PASSWORD: &str = "sesame, open";

/// The password of the one account that must have one: the operator's.
pub(crate) const PASSWORD: &str = "correct horse";

/// The answer to every room's question.
pub(crate) const ANSWER: &str = "tea";

/// Somebody who belongs to no room, to be taken into one.
pub(crate) const TARA: &str = "tara";

/// A member of every room, to be put out of it.
pub(crate) const TOM: &str = "toby";

/// A server and whoever comes to it.
pub(crate) struct House {
    pub(crate) server: Server,
    /// Everybody with an account at a browser, and a guest.
    browsers: BTreeMap<Who, Person>,
    /// Everybody with an account at a CHAT/1.0 client, and a stranger.
    clients: BTreeMap<Who, Client>,
    /// The numbers of the accounts.
    ids: BTreeMap<String, u64>,
    /// Names and texts that were given out.
    count: u32,
}

/// A room that was made.
pub(crate) struct Room {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    /// Its name; the key of one that has none.
    pub(crate) word: String,
    /// What the WebSocket text commands call it.
    pub(crate) number: u64,
    /// All that was said in it.
    pub(crate) said: Vec<String>,
}

impl Room {
    /// What was said when it was made.
    pub(crate) fn first(&self) -> &String {
        // The lobby was there before.
        self.said.iter().rfind(|text| text.starts_with("first-")).expect("something was said")
    }
}

impl House {
    /// Everybody has registered and is logged in at a browser.
    pub(crate) fn open() -> House {
        let variables = [chat1_client::OPEN, terminal::OPEN, ("PARLOR_SERVER_PASSWORD", SERVER_PASSWORD)];
        let server = Server::unlimited_with(&variables);
        let mut browsers = BTreeMap::new();
        for who in Who::ALL {
            let Some(name) = who.handle() else { continue };
            let (page, password) = match who {
                Who::OperatorsAccount => (operators_link(&server), PASSWORD),
                _ => ("/register".to_owned(), ""),
            };
            let mut browser = Person::new(&server);
            browser.ask(post_form(page, &[("name", name), ("password", password)])).expect(303);
            browsers.insert(who, browser);
        }
        let mut guest = Person::new(&server);
        guest.open(&server.lobby());
        browsers.insert(Who::Guest, guest);
        let mut house = House { server, browsers, clients: BTreeMap::new(), ids: BTreeMap::new(), count: 0 };
        for name in [TARA, TOM] {
            house.register(name);
        }
        let users = house.rows(&["user", "list"]);
        let id = |user: &Value| Some((user["name"].as_str()?.to_owned(), user["number"].as_u64()?));
        house.ids = users.iter().map(|user| id(user).expect("a user has a name and a number")).collect();
        house
    }

    /// Makes an account without a password.
    pub(crate) fn register(&self, name: &str) -> Person {
        let mut person = Person::new(&self.server);
        person.ask(post_form("/register", &[("name", name)])).expect(303);
        person
    }

    /// Somebody's browser.
    pub(crate) fn browser(&mut self, who: Who) -> &mut Person {
        self.browsers.get_mut(&who).unwrap_or_else(|| panic!("{who:?} has no browser"))
    }

    /// Asks as a program would, in somebody's name.
    pub(crate) fn ask(&mut self, who: Who, request: Request) -> Answer {
        let request = request.header("Accept", "application/json");
        if who == Who::Stranger { self.server.ask(request) } else { self.browser(who).ask(request) }
    }

    /// Somebody's CHAT/1.0 client, logged in.
    pub(crate) fn client(&mut self, who: Who) -> &mut Client {
        let server = &self.server;
        self.clients.entry(who).or_insert_with(|| match who.handle() {
            None => Client::connect(server),
            Some(name) => {
                let password = (who == Who::OperatorsAccount).then_some(PASSWORD);
                chat1_client::log_in(server, name, password).0
            }
        })
    }

    /// `u` and the number of an account, as pages write it.
    pub(crate) fn id(&self, name: &str) -> String {
        format!("u{}", self.ids.get(name).unwrap_or_else(|| panic!("{name} is nobody")))
    }

    /// A word that was not used yet.
    pub(crate) fn fresh(&mut self, word: &str) -> String {
        self.count += 1;
        format!("{word}-{}", self.count)
    }

    /// Makes a room of this kind with somebody in each role, in which one thing was said.
    pub(crate) fn build(&mut self, kind: Kind) -> Room {
        let word = self.fresh("room");
        let mut room = Room { kind, key: String::new(), word, number: 0, said: vec![] };
        room.key = match kind {
            Kind::Listed => self.create(&room.word, &[("listed", "1")]),
            Kind::Unlisted => self.create(&room.word, &[]),
            Kind::Members | Kind::Closed => self.create(&room.word, &[("members", "1")]),
            Kind::ListedMembers => self.create(&room.word, &[("members", "1"), ("listed", "1")]),
            Kind::Question => self.create_asking(&room.word),
            Kind::OfTwo => self.open_direct(),
            Kind::Lobby => self.server.lobby(),
        };
        match kind {
            Kind::OfTwo => room.word.clone_from(&room.key),
            Kind::Lobby => room.word = "lobby".to_owned(),
            _ => {}
        }
        room.number = self.number(&room);
        self.cast(&room);
        if kind == Kind::Lobby {
            room.said = self.log(&room);
        }
        let first = self.fresh("first");
        self.host_says(&mut room, &first);
        if kind == Kind::OfTwo {
            // So that it is not shown to her when she comes in elsewhere.
            self.browser(Who::Member).open(&room.key);
        }
        if kind == Kind::Closed {
            self.browser(Who::Owner).ask(post(format!("/chat/{}/close", room.key), "")).expect(303);
        }
        assert_eq!(self.change_of(&room), None, "{kind:?} as it was just made");
        room
    }

    /// Makes another in the place of a room that an act has changed.
    pub(crate) fn rebuild(&mut self, room: &mut Room) {
        if !matches!(room.kind, Kind::Lobby | Kind::OfTwo | Kind::Closed) {
            self.close(&room.key);
        }
        *room = self.build(room.kind);
    }

    /// Nobody owns more than a number of rooms. The act may have ended it already.
    fn close(&mut self, key: &str) {
        let answer = self.browser(Who::Owner).ask(post(format!("/chat/{key}/close"), ""));
        assert!(matches!(answer.status, 303 | 404), "{} {}", answer.status, answer.text());
    }

    /// Says something as who may do it in any case.
    pub(crate) fn host_says(&mut self, room: &mut Room, text: &str) {
        self.browser(Who::Owner).say(&room.key, text);
        room.said.push(text.to_owned());
    }

    /// What is not as it was in a room: who belongs to it, and what was said in it.
    pub(crate) fn change_of(&mut self, room: &Room) -> Option<String> {
        if room.kind == Kind::Closed {
            return None;
        }
        let (said, members) = (self.log(room), self.members(&room.key));
        if said != room.said {
            return Some(format!("{said:?} was said there instead of {:?}", room.said));
        }
        let expected: BTreeMap<&str, &str> = match room.kind {
            Kind::OfTwo => [("mira", "member"), ("olga", "member")].into(),
            Kind::Lobby => [("adam", "admin"), ("mira", "member"), (TOM, "member")].into(),
            _ => [("olga", "owner"), ("adam", "admin"), ("mira", "member"), (TOM, "member")].into(),
        };
        let found: BTreeMap<&str, &str> = members.iter().map(|(name, role)| (name.as_str(), role.as_str())).collect();
        let differ = found != expected;
        differ.then(|| format!("its members are {found:?} instead of {expected:?}"))
    }

    /// The handles and roles of those who belong to a room.
    pub(crate) fn members(&self, room: &str) -> BTreeMap<String, String> {
        let rows = self.rows(&["room", "members", room]);
        let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
        rows.iter().map(|row| (text(row, "name"), text(row, "role"))).collect()
    }

    /// Runs one of the operator's commands; answers what it printed, or what it complained.
    pub(crate) fn command(&self, words: &[&str]) -> Result<String, String> {
        let data = self.server.data_dir();
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
        command.args(words).arg("--data-dir").arg(&data).env_clear().env("HOME", &data).current_dir(&data);
        let Output { status, stdout, stderr } = command.output().expect("the binary starts");
        let text = |bytes| String::from_utf8(bytes).expect("the program speaks UTF-8");
        if status.success() { Ok(text(stdout)) } else { Err(text(stderr)) }
    }

    /// The rows of a list.
    pub(crate) fn rows(&self, words: &[&str]) -> Vec<Value> {
        let printed = self.command(&[words, &["--json"]].concat()).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        printed.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    /// What was said in a room, as who may read it in any case is told.
    fn log(&mut self, room: &Room) -> Vec<String> {
        let browser = self.browser(Who::Owner);
        let newest = browser.open(&room.key).number();
        let mut connection = browser.connect();
        let texts = (1..=newest).map(|number| {
            let request = browser.with_cookies(get(format!("/msg/{}/{number}?wait=0", room.key)));
            let event = connection.ask(request.header("Accept", "application/json")).expect(200).json();
            event["text"].as_str().expect("a message has a text").to_owned()
        });
        texts.collect()
    }

    fn create(&mut self, name: &str, more: &[(&str, &str)]) -> String {
        let fields = [&[("subject", name), ("name", name)][..], more].concat();
        self.browser(Who::Owner).ask(post_form("/chat_create", &fields)).room_key()
    }

    /// Only the WebSocket text commands make a room that asks.
    fn create_asking(&mut self, name: &str) -> String {
        let mut socket = by_web_socket::come(self, Who::Owner);
        let strings = [name, "What do we drink?", ANSWER, SERVER_PASSWORD].map(text).concat();
        let made = by_web_socket::answer(&mut socket, &format!("addchatroom(1,{strings})"), "chatroomcreated(1,");
        assert!(made.starts_with("chatroomcreated("), "{made}");
        by_web_socket::go(socket);
        self.browser(Who::Owner).ask(get(format!("/chat/{name}"))).room_key()
    }

    fn open_direct(&mut self) -> String {
        let olga = self.id("olga");
        self.browser(Who::Member).ask(post_form("/direct", &[("to", &olga)])).room_key()
    }

    fn number(&mut self, room: &Room) -> u64 {
        if room.kind == Kind::OfTwo {
            // Nothing tells it. Numbers follow each other: it is at most that of the next room that is made.
            let next = self.fresh("next");
            let next = self.create(&next, &[]);
            let number = self.number_of(&next) - 1;
            self.close(&next);
            return number;
        }
        self.number_of(&room.key)
    }

    /// By the operator's list.
    pub(crate) fn number_of(&self, key: &str) -> u64 {
        let rooms = self.rows(&["room", "list"]);
        let room = rooms.iter().find(|room| room["key"] == key).unwrap_or_else(|| panic!("{key} is not listed"));
        room["number"].as_u64().expect("a room has a number")
    }

    /// Gives everybody the role that they are to have.
    fn cast(&mut self, room: &Room) {
        match room.kind {
            Kind::OfTwo => return,
            Kind::Lobby => {
                // Everybody with an account begins there as a member.
                for name in ["mira", TOM] {
                    self.operates(&["room", "members", "lobby", "--add", name]);
                }
                self.operates(&["room", "members", "lobby", "--admin", "adam"]);
                self.change_role(Who::Admin, room, "bert", "banned");
                let members: BTreeSet<String> = self.members("lobby").into_keys().collect();
                for name in ["nora", "opal", "rita", "olga", TARA] {
                    if members.contains(name) {
                        self.operates(&["room", "members", "lobby", "--remove", name]);
                    }
                }
                return;
            }
            _ => {}
        }
        let members = format!("/chat/{}/members", room.key);
        let olga = self.browser(Who::Owner);
        olga.ask(post_form(members.clone(), &[("names", "adam"), ("as", "admin")])).expect(303);
        olga.ask(post_form(members, &[("names", &format!("mira, rita, {TOM}")), ("as", "member")])).expect(303);
        self.change_role(Who::Owner, room, "bert", "banned");
        self.change_role(Who::Owner, room, "rita", "none");
    }

    fn change_role(&mut self, by: Who, room: &Room, name: &str, role: &str) {
        let who = self.id(name);
        let request = post_form(format!("/chat/{}/role", room.key), &[("who", &who), ("role", role)]);
        self.browser(by).ask(request).expect(303);
    }

    fn operates(&self, words: &[&str]) {
        self.command(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
}

/// Where the first account with the operator's rights is made, as the banner says it.
fn operators_link(server: &Server) -> String {
    let data = server.data_dir();
    let banner = std::fs::read_to_string(data.parent().unwrap().join("stdout")).unwrap();
    let (_, rest) = banner.split_once("/setup/").unwrap_or_else(|| panic!("no link for the operator in {banner}"));
    format!("/setup/{}", rest.split_whitespace().next().unwrap())
}
