//! To whom a room is kept from there is none: whatever is asked, the answer is the same, byte for byte, as about a room that
//! was never made (PROMISES S13, S14, S16, S17, S19).

use std::collections::BTreeSet;
use std::path::Path;

use parlor_wire::chat1::Method;
use parlor_wire::wscmd::Command;

use crate::chat1_client::{Client, Way as Framing};
use crate::house::{ANSWER, House, Room, SERVER_PASSWORD};
use crate::support::http::{Answer, Connection, Request, get, post, post_form};
use crate::support::person::Person;
use crate::table::{Kind, Who};
use crate::web_socket_client::text;
use crate::{by_chat1, by_pages, by_terminal, by_web_socket};

/// Who does not belong to a group.
const OUTSIDE: [Who; 6] = [Who::Stranger, Who::Guest, Who::Account, Who::OperatorsAccount, Who::Removed, Who::Banned];

/// Which rooms are kept from whom.
const KEPT: [(Kind, &[Who]); 6] = [
    (Kind::Members, &OUTSIDE),
    (Kind::ListedMembers, &OUTSIDE),
    (Kind::OfTwo, &[Who::Stranger, Who::Guest, Who::Account, Who::OperatorsAccount, Who::Admin]),
    (Kind::Closed, &[Who::Stranger, Who::Account, Who::Banned, Who::Member, Who::Owner]),
    (Kind::Listed, &[Who::Banned]),
    (Kind::Question, &[Who::Banned]),
];

/// What somebody may call a room.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Called {
    word: String,
    key: String,
    number: u64,
}

impl Called {
    fn of(room: &Room) -> Called {
        Called { word: room.word.clone(), key: room.key.clone(), number: room.number }
    }

    /// A room that never was, by words of the same lengths.
    fn nowhere(&self) -> Called {
        let other = |text: &str| text.chars().rev().collect::<String>();
        let nowhere = Called { word: other(&self.word), key: other(&self.key), number: self.number + 1_000 };
        assert!(nowhere.word != self.word && nowhere.key != self.key, "{self:?} reads the same backwards");
        nowhere
    }

    /// A text without what the room was called in it.
    fn unnamed(&self, text: &str) -> String {
        text.replace(&self.key, "KEY").replace(&self.word, "WORD")
    }
}

/// Asks of each room that is kept from somebody, and of none.
fn compare(what: &str, mut ask: impl FnMut(&mut House, Who, &Called) -> Option<Vec<String>>) {
    let mut house = House::open();
    let mut differ = Vec::new();
    for (kind, kept_from) in KEPT {
        let room = Called::of(&house.build(kind));
        let nowhere = room.nowhere();
        for who in kept_from {
            let (Some(about), Some(about_none)) = (ask(&mut house, *who, &room), ask(&mut house, *who, &nowhere))
            else {
                continue;
            };
            assert!(!about.is_empty() && about.len() == about_none.len(), "{what}: nothing was asked");
            for (about, about_none) in about.iter().zip(&about_none) {
                let (about, about_none) = (room.unnamed(about), nowhere.unnamed(about_none));
                if about != about_none {
                    differ.push(format!("{kind:?}, {who:?}:\n{about}\ninstead of\n{about_none}\n"));
                }
            }
        }
    }
    assert!(differ.is_empty(), "{what}:\n{}", differ.join("\n"));
}

/// What a form has: names and values.
type Fields = &'static [(&'static str, &'static str)];

/// Everything that names a room in its address, with what it takes.
const ADDRESSES: [(&str, &str, Fields); 12] = [
    ("GET", "/chat/{room}", &[]),
    ("GET", "/msg/{room}/{number}", &[]),
    ("POST", "/send/{room}", &[("text", "hello")]),
    ("GET", "/here/{room}", &[]),
    ("POST", "/answer/{room}", &[("answer", ANSWER)]),
    ("POST", "/seen/{room}", &[("number", "1")]),
    ("GET", "/chat/{room}/members", &[]),
    ("POST", "/chat/{room}/members", &[("names", "tara"), ("as", "member")]),
    ("POST", "/chat/{room}/role", &[("who", "u1"), ("role", "none")]),
    ("POST", "/chat/{room}/invite", &[("uses", "1"), ("days", "1")]),
    ("POST", "/chat/{room}/leave", &[]),
    ("POST", "/chat/{room}/close", &[]),
];

#[test]
fn no_page_tells_a_room_from_none() {
    compare("the pages", |house, who, called| {
        let mut answers = vec![];
        for (method, address, fields) in ADDRESSES {
            for word in [&called.key, &called.word] {
                let path = address.replace("{room}", word).replace("{number}", "1");
                for accept in ["text/html", "application/json", "*/*"] {
                    // Those that are only for one of the two methods say so, and no more, about every room.
                    for request in [get(format!("{path}?wait=0")), post_form(path.clone(), fields)] {
                        let answer = fetch(house, who, request.header("Accept", accept));
                        answers.push(format!("{method} {path} ({accept}): {}", bytes_of(&answer)));
                    }
                }
            }
        }
        for target in [format!("/chat/{}?before=9&limit=3", called.key), format!("/msg/{}/1", called.key)] {
            let head = fetch(house, who, Request::new("HEAD", target));
            answers.push(format!("HEAD: {}", bytes_of(&head)));
        }
        Some(answers)
    });
}

/// Whoever asks keeps no cookie of it: the next answer is as the first would be.
fn fetch(house: &mut House, who: Who, request: Request) -> Answer {
    let address = house.server.address();
    let request = match who {
        Who::Stranger => request,
        who => Person::with_cookies(house.browser(who), request),
    };
    Connection::open(address).ask(request)
}

fn bytes_of(answer: &Answer) -> String {
    let lines = answer.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date"));
    let head: Vec<String> = lines.map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{}\n{}\n\n{}", answer.status, head.join("\n"), answer.text())
}

/// An address that is not among those that are compared would be a hole.
#[test]
fn every_address_of_a_room_is_compared() {
    // What has another thing in it than a room: an invitation, the operator's link.
    let found = routes().into_iter().filter(|route| route.contains('{') && !route.contains("{token}"));
    let compared = ADDRESSES.iter().map(|(_, address, _)| (*address).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(found.collect::<BTreeSet<_>>(), compared, "list every address that names a room in ADDRESSES");
}

/// What is compared and never tried by who may do it would be a hole in the table.
#[test]
fn every_request_that_names_a_room_is_in_the_table() {
    for (method, address, _) in ADDRESSES {
        assert!(by_pages::PAGES.does(&format!("{method} {address}")), "write a row for {method} {address}");
    }
    for method in Method::ALL.iter().filter(|method| !named_by(**method).is_empty()) {
        let word = method.word().unwrap();
        assert!(by_chat1::CHAT1.does(word), "write a row for {word}");
    }
}

/// All addresses that the server has.
fn routes() -> BTreeSet<String> {
    let mut sources = String::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../doors/src"), &mut sources);
    let address = |(at, _)| sources[at..].split('"').nth(1).unwrap().to_owned();
    let routes: BTreeSet<String> = sources.match_indices(".route(").map(address).collect();
    assert!(routes.len() > 20, "{routes:?}");
    routes
}

fn read_all(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The requests of a method that name a room: a header and the body. That a name is taken `MK_GROUP` and `REG` tell to
/// everybody: users and groups share one name space, and somebody must be told to choose another (protocols/chat1.md).
fn named_by(method: Method) -> &'static [(&'static str, &'static str, &'static str)] {
    match method {
        Method::ListUser | Method::Leave | Method::RmGroup => &[("", "", "")],
        Method::AddUser => &[("Invite", "tara:user", ""), ("Invite", "nobody:admin", "")],
        Method::RmUser => &[("User", "toby", ""), ("User", "nobody", "")],
        Method::Send => &[("", "", "hello"), ("Message-Id", "once", "hello")],
        Method::History => &[("", "", ""), ("Limit", "3", ""), ("Before", "1", "")],
        Method::Reg
        | Method::Use
        | Method::MkGroup
        | Method::Recv
        | Method::Listen
        | Method::ListGroup
        | Method::Password
        | Method::Logout
        | Method::Ping
        | Method::Other => &[],
    }
}

#[test]
fn no_request_tells_a_group_from_none() {
    compare("CHAT/1.0", |house, who, called| {
        if who == Who::Guest {
            return None;
        }
        let mut answers = vec![];
        for method in Method::ALL {
            for (name, value, body) in named_by(*method) {
                for word in [&called.word, &called.key] {
                    let line = format!("{} {word}", method.word().unwrap());
                    let headers: &[(&str, &str)] = if name.is_empty() { &[] } else { &[(name, value)] };
                    let answer = house.client(who).ask(Framing::Framed, &line, headers, body);
                    answers.push(format!("{line} {headers:?}: {answer:?}"));
                }
            }
        }
        answers.extend(plain(house.client(who), called));
        Some(answers)
    });
}

/// The same without lengths: each takes as long as the server waits for more.
fn plain(client: &mut Client, called: &Called) -> Vec<String> {
    let ask = |line: String| {
        client.write(format!("{line} CHAT/1.0\n").as_bytes());
        format!("{line}: {}", client.plain_answer())
    };
    [format!("LIST_USER {}", called.word), format!("HISTORY {}", called.word)].map(ask).into()
}

/// Whether a command names a room. One that is new does not compile here: if it does, it is to be compared below.
fn names_a_room(command: &Command<'_>) -> bool {
    match command {
        Command::GetChatroomDetails { .. }
        | Command::GetUsersInChatroom { .. }
        | Command::JoinChatroom { .. }
        | Command::LeaveChatroom { .. }
        | Command::RemoveChatroom { .. }
        | Command::Send { .. } => true,
        Command::AddChatroom { .. }
        | Command::AddUser { .. }
        | Command::GetChatroomList { .. }
        | Command::GetUsers { .. }
        | Command::Login { .. }
        | Command::Logout { .. }
        | Command::Nop { .. }
        | Command::RemoveUser { .. }
        | Command::SendTo { .. }
        | Command::SendToAll { .. } => false,
    }
}

#[test]
fn no_command_tells_a_room_from_none() {
    compare("the WebSocket text commands", |house, who, called| {
        if who == Who::Stranger {
            return None;
        }
        let id = called.number;
        let mut commands = vec![
            format!("getchatroomdetails(5,{id})"),
            format!("getusersinchatroom(5,{id})"),
            format!("joinchatroom(5,{id},0,{})", text(ANSWER)),
            format!("joinchatroom(5,{id},1,0,)"),
            format!("leavechatroom(5,{id})"),
            format!("send(5,{id},{})", text("hello")),
            format!("removechatroom(5,{id},{})", text("not that")),
        ];
        // To the operator a room of two is none of this door's, and one that has ended is none: only these two kinds are
        // kept from the three.
        if matches!(who, Who::Member | Who::Admin | Who::Owner) {
            commands.push(format!("removechatroom(5,{id},{})", text(SERVER_PASSWORD)));
        }
        let mut client = by_web_socket::come(house, who);
        let answers = commands.iter().map(|command| {
            assert!(names_a_room(&Command::read(command).unwrap().0), "{command}");
            let (name, rest) = command.split_once(',').unwrap();
            let rest = rest.replacen(&id.to_string(), "ID", 1);
            client.say(command);
            format!("{name},{rest}: {}", client.read())
        });
        let answers = answers.collect();
        by_web_socket::go(client);
        Some(answers)
    });
}

/// What can be typed at a terminal behind a `/`; of these only `/join` names a room.
const LINES: [&str; 8] = ["/who", "/rooms", "/join", "/leave", "/history", "/me", "/quit", "/help"];

#[test]
fn no_line_tells_a_room_from_none() {
    compare("the terminal", |house, who, called| {
        if who == Who::Stranger {
            return None;
        }
        let mut terminal = by_terminal::come(house, who).expect("nobody is banned from the lobby");
        let help = terminal.ask("/help");
        let new = help.split_whitespace().find(|word| word.starts_with('/') && !LINES.contains(word));
        assert_eq!(new, None, "a command that is new is to be compared here if it names a room");
        let words = [&called.word, &called.key, &called.word.to_uppercase()].map(|word| format!("/join {word}"));
        let to_one = [&called.word, &called.key].map(|word| format!("{word} hello"));
        let lines = words.into_iter().chain(to_one);
        let answers = lines.map(|line| {
            let shown = called.word.to_uppercase();
            format!("{line}: {}", terminal.ask(&line)).replace(&shown, "WORD")
        });
        let answers = answers.collect();
        by_terminal::go(terminal);
        Some(answers)
    });
}

/// Nobody is told that a group was made or ended who does not belong to it, and everybody is told of a listed room.
#[test]
fn no_news_tell_of_a_room() {
    let mut house = House::open();
    let mut listeners = [Who::Guest, Who::Account, Who::Banned].map(|who| (who, by_web_socket::come(&house, who)));
    for kind in [Kind::Members, Kind::ListedMembers, Kind::Unlisted] {
        let room = house.build(kind);
        house.browser(Who::Owner).ask(post(format!("/chat/{}/close", room.key), "")).expect(303);
    }
    let listed = house.build(Kind::Listed);
    for (who, listener) in &mut listeners {
        let told = listener.read();
        let made = format!("chatroomcreated(0,{},{}", listed.number, text(&listed.word));
        assert!(told.starts_with(&made), "{who:?} was told {told}, and not at once {made}");
    }
}

/// No list of any door has a room in it that is kept from who looks (PROMISES S18, S19).
#[test]
fn no_list_tells_of_a_room() {
    let mut house = House::open();
    let lobby = house.server.lobby();
    let pages: Vec<String> = routes().into_iter().filter(|route| !route.contains('{')).collect();
    for (kind, kept_from) in KEPT {
        let room = house.build(kind);
        for who in kept_from.iter().copied() {
            let mut lists = vec![];
            let pages = pages.iter().cloned();
            for address in pages.chain([format!("/chat/{lobby}"), format!("/here/{lobby}?wait=0")]) {
                lists.push(bytes_of(&fetch(&mut house, who, get(address).header("Accept", "text/html"))));
            }
            if who != Who::Guest {
                // Before a room ends its members are told what is said in it.
                for line in
                    ["LIST_GROUP", "LIST_USER", "RECV"].into_iter().take(if kind == Kind::Closed { 2 } else { 3 })
                {
                    lists.push(house.client(who).framed(line).body);
                }
            }
            if who != Who::Stranger {
                let mut client = by_web_socket::come(&house, who);
                lists.push(by_web_socket::answer(&mut client, "getchatroomlist(5)", "chatroomlist(5"));
                by_web_socket::go(client);
                let mut terminal = by_terminal::come(&mut house, who).expect("nobody is banned from the lobby");
                lists.push(terminal.ask("/rooms"));
                by_terminal::go(terminal);
            }
            for list in lists {
                let tells = [&room.key, &room.word, room.first()].into_iter().find(|word| list.contains(word.as_str()));
                assert_eq!(tells, None, "{kind:?}, {who:?}: {list}");
            }
        }
    }
}
