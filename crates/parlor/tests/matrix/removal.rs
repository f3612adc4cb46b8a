//! Whoever may not read a room any more hears nothing that is said after that, wherever they were listening (PROMISES S15,
//! S16): a hanging request ends, a seat at a terminal or a web socket is taken away, and nothing more is pushed.

use parlor_core::policy::{self, Standing, Verb};
use parlor_core::room::{Access, Role};

use crate::chat1_client::Client;
use crate::house::{ANSWER, House, Room};
use crate::support::http::{Connection, get, post, post_form};
use crate::support::wait_for;
use crate::table::{Kind, Who};
use crate::terminal::Terminal;
use crate::web_socket_client::{self, text};
use crate::{by_terminal, by_web_socket};

/// Mira, who listens at every door.
struct Listening {
    message: Connection,
    here: Connection,
    pushed: Client,
    terminal: Terminal,
    socket: web_socket_client::Client,
}

impl Listening {
    fn begin(house: &mut House, room: &mut Room) -> Listening {
        let mira = house.browser(Who::Member);
        let next = mira.open(&room.key).number() + 1;
        let mut message = mira.connect();
        message.send(&mira.with_cookies(get(format!("/msg/{}/{next}", room.key))));
        let mut pushed = crate::chat1_client::log_in(&house.server, "mira", None).0;
        pushed.listen();
        let mut terminal = by_terminal::come(house, Who::Member).unwrap();
        let joined = terminal.ask(&format!("/join {}", room.word));
        assert!(joined.contains("bc speaks here now"), "{joined}");
        let mut socket = by_web_socket::come(house, Who::Member);
        for (number, answer) in [(1, ""), (room.number, ANSWER)] {
            let command = format!("joinchatroom(5,{number},0,{})", text(answer));
            let joined = by_web_socket::answer(&mut socket, &command, &format!("userjoinedchatroom(5,{number},"));
            assert!(!joined.starts_with("error("), "{joined}");
        }
        // All of them hear what is said.
        house.host_says(room, "before");
        let heard = message.answer();
        assert_eq!((heard.status, heard.text().as_str()), (200, "olga: before"));
        while pushed.pushed().text != "before" {}
        while !terminal.string().contains("before") {}
        while !socket.read().contains("before") {}
        let mira = house.browser(Who::Member);
        message.send(&mira.with_cookies(get(format!("/msg/{}/{}", room.key, next + 1))));
        let here = hang_in_here(house, room);
        Listening { message, here, pushed, terminal, socket }
    }
}

/// Hangs until others are in the room than are now. What else changes at the beginning is waited for.
fn hang_in_here(house: &mut House, room: &Room) -> Connection {
    let mira = house.browser(Who::Member);
    let version = |target: String| {
        let told = mira.connect().ask(mira.with_cookies(get(target)));
        (told.status == 200).then(|| told.json()["version"].as_str().unwrap().to_owned())
    };
    let mut seen = version(format!("/here/{}?wait=0", room.key)).expect("a first answer tells all");
    wait_for("a room in which nobody comes and goes", || {
        match version(format!("/here/{}?after={seen}&wait=1", room.key)) {
            None => Some(()),
            Some(newer) => {
                seen = newer;
                None
            }
        }
    });
    let mut here = mira.connect();
    here.send(&mira.with_cookies(get(format!("/here/{}?after={seen}", room.key))));
    here
}

/// What is done to Mira.
#[derive(Debug, Clone, Copy)]
enum Done {
    Role(&'static str),
    /// By a request of CHAT/1.0.
    Removed,
    /// By the operator's command.
    RemovedByCommand,
}

fn remove(house: &mut House, room: &Room, done: Done) {
    match done {
        Done::Role(role) => {
            let mira = house.id("mira");
            let request = post_form(format!("/chat/{}/role", room.key), &[("who", &mira), ("role", role)]);
            house.browser(Who::Owner).ask(request).expect(303);
        }
        Done::Removed => {
            let line = format!("RM_USER {}", room.word);
            house.client(Who::Owner).ask(crate::chat1_client::Way::Framed, &line, &[("User", "mira")], "").expect(200);
        }
        Done::RemovedByCommand => {
            house.command(&["room", "members", &room.key, "--remove", "mira"]).unwrap();
        }
    }
}

/// Cuts Mira off, and checks that she hears nothing of what follows. `status`: what a hanging request ends with.
fn check(kind: Kind, done: Done, status: u16) {
    let mut house = House::open();
    let mut room = house.build(kind);
    let Listening { mut message, mut here, mut pushed, mut terminal, mut socket } =
        Listening::begin(&mut house, &mut room);
    remove(&mut house, &room, done);
    house.host_says(&mut room, "after");
    let lobby = house.server.lobby();
    house.browser(Who::Owner).say(&lobby, "in the lobby");

    for hanging in [&mut message, &mut here] {
        let ended = hanging.answer();
        assert_eq!(ended.status, status, "{kind:?}, {done:?}: {}", ended.text());
        assert!(!ended.text().contains("after"), "{}", ended.text());
    }
    // What is said in the lobby was said after it: had that been told, it would have come before.
    assert_eq!(pushed.pushed().text, "in the lobby", "{kind:?}, {done:?}");
    let mut screen = String::new();
    while !screen.contains("in the lobby") {
        screen += &terminal.string();
    }
    assert!(screen.contains(&format!("you may not be in {} any more", room.word)), "{screen}");
    assert!(!screen.contains("after"), "{screen}");
    let mut told = vec![];
    while !told.last().is_some_and(|told: &String| told.contains("in the lobby")) {
        told.push(socket.read());
    }
    assert!(!told.iter().any(|told| told.contains("after")), "{told:?}");

    // And says nothing in it either.
    let said = terminal.ask("bc to whom?");
    assert_eq!(said, "> ", "it is said in the lobby");
    let refused = by_web_socket::answer(&mut socket, &format!("send(6,{},2,hi)", room.number), "chat(6,");
    assert!(refused.contains("you are not in this room"), "{refused}");
    let received = house.client(Who::Member).framed("RECV").expect(200).texts();
    assert!(!received.iter().any(|text| text == "after"), "{received:?}");
    pushed.ask(crate::chat1_client::Way::Framed, &format!("SEND {}", room.word), &[], "hi").expect(404);
    assert_eq!(house.ask(Who::Member, post(format!("/send/{}", room.key), "hi")).status, status);
    assert!(house.change_of(&room).is_some_and(|change| change.contains("members")), "nothing was said in the room");
}

/// What a request in a room ends with for who stands to it like this.
fn status(access: Access, standing: Standing) -> u16 {
    match policy::check(Verb::Read, access, standing) {
        Ok(()) => 200,
        Err(parlor_core::Refusal::Forbidden) => 403,
        Err(_) => 404,
    }
}

#[test]
fn whoever_is_put_out_of_a_group_hears_no_more_of_it() {
    let status = status(Access::Members, Standing::Visitor);
    check(Kind::Members, Done::Role("none"), status);
    check(Kind::Members, Done::Removed, status);
    check(Kind::Members, Done::RemovedByCommand, status);
}

#[test]
fn whoever_is_banned_hears_no_more_wherever_it_was() {
    for (kind, access) in
        [(Kind::Members, Access::Members), (Kind::Listed, Access::Open), (Kind::Question, Access::Question)]
    {
        check(kind, Done::Role("banned"), status(access, Standing::With(Role::Banned)));
    }
}

#[test]
fn whoever_is_put_out_of_a_room_that_asks_has_to_answer_again() {
    check(Kind::Question, Done::Role("none"), status(Access::Question, Standing::Visitor));
}
