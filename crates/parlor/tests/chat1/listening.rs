//! `LISTEN`: messages are pushed, first those that nobody received yet.

use super::client::{Client, WAYS, Way, log_in, register, server};
use super::support::wait_for;

#[test]
fn nothing_is_said_to_who_did_not_ask_for_it() {
    let server = server();
    let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
    adrian.say("josie", "one");
    adrian.say("lobby", "two");
    josie.hears_nothing();
    for way in WAYS {
        Client::connect(&server).ask(way, "LISTEN", &[], "").expect(401);
    }
}

#[test]
fn what_nobody_received_yet_comes_first() {
    for way in WAYS {
        let server = server();
        let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
        for (to, text) in [("josie", "one"), ("lobby", "two"), ("josie", "three")] {
            adrian.say(to, text);
        }
        let cursor = josie.framed("RECV").cursor();
        josie.framed(&format!("RECV {cursor}")).expect(200);
        for (to, text) in [("lobby", "four"), ("josie", "five"), ("lobby", "six")] {
            adrian.say(to, text);
        }
        josie.write(super::client::request(way, "LISTEN", &[], "").as_bytes());
        match way {
            Way::Framed => drop(josie.framed_answer().expect(200)),
            Way::Plain => josie.hears_bytes("CHAT/1.0 200 OK\n"),
        }
        assert_eq!(josie.hears(3), ["four", "five", "six"]);
        // One more LISTEN changes nothing.
        josie.listen();
        adrian.say("lobby", "seven");
        assert_eq!(josie.hears(1), ["seven"]);
        josie.hears_nothing();
    }
}

#[test]
fn a_push_says_who_where_and_what() {
    let server = server();
    let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
    adrian.framed("MK_GROUP chat").expect(201);
    adrian.ask(Way::Framed, "ADD_USER chat", &[("Invite", "josie:user")], "").expect(200);
    josie.listen();
    adrian.say("josie", "MESSAGE josie CHAT/1.0\n\nnot a second one");
    let direct = josie.pushed();
    assert_eq!((direct.sender.as_str(), direct.header("From")), ("adrian", Some("adrian")));
    assert_eq!(direct.text, "MESSAGE josie CHAT/1.0\n\nnot a second one");
    assert_eq!(direct.header("Group"), None);
    assert!(direct.header("Time").is_some_and(|time| time.ends_with('Z')), "{direct:?}");
    adrian.say("chat", "in the group");
    let grouped = josie.pushed();
    assert_eq!((grouped.sender.as_str(), grouped.header("Group")), ("adrian", Some("chat")));
    assert_ne!(grouped.header("Id"), direct.header("Id"));
    // The id is that of `HISTORY`.
    let history = josie.framed("HISTORY chat").json();
    assert_eq!(history["messages"][0]["id"].as_str(), grouped.header("Id"));
}

#[test]
fn a_guest_is_pushed_as_one() {
    use super::support::http::post_form;
    let server = server();
    let mut josie = Client::named(&server, "josie");
    josie.listen();
    let lobby = server.lobby();
    server.ask(post_form(format!("/send/{lobby}"), &[("text", "hello"), ("nick", "Zoë 猫")])).expect(200);
    let pushed = josie.pushed();
    assert_eq!((pushed.sender.as_str(), pushed.header("From")), ("~Zo%C3%AB%20%E7%8C%AB", Some("Zoë 猫")));
    assert_eq!(pushed.text, "hello");
}

#[test]
fn ones_own_messages_are_not_pushed_to_any_of_ones_connections() {
    let server = server();
    register(&server, "adrian", None);
    let (mut one, _) = log_in(&server, "adrian", None);
    let (mut other, _) = log_in(&server, "adrian", None);
    let mut josie = Client::named(&server, "josie");
    for client in [&mut one, &mut other] {
        client.listen();
    }
    one.say("lobby", "mine");
    one.say("josie", "mine, too");
    josie.say("lobby", "hers");
    josie.say("adrian", "hers, too");
    for client in [&mut one, &mut other] {
        let mut heard = client.hears(2);
        heard.sort();
        assert_eq!(heard, ["hers", "hers, too"], "each connection hears what others say, once");
        client.hears_nothing();
    }
}

#[test]
fn what_was_pushed_is_received() {
    let mut server = server();
    register(&server, "josie", None);
    let (mut josie, session) = log_in(&server, "josie", None);
    let mut adrian = Client::named(&server, "adrian");
    josie.listen();
    adrian.say("josie", "one");
    adrian.say("lobby", "two");
    let mut heard = josie.hears(2);
    heard.sort();
    assert_eq!(heard, ["one", "two"]);
    // Also by the connection that hears it, and while it does.
    assert_eq!(josie.framed("RECV").texts(), [""; 0]);
    adrian.say("lobby", "three");
    assert_eq!(josie.hears(1), ["three"]);
    drop(josie);
    let mut back = wait_for("the end of the connection", || {
        let mut back = Client::with_session(&server, &session);
        back.framed("RECV").texts().is_empty().then_some(back)
    });
    adrian.say("josie", "four");
    back.listen();
    assert_eq!(back.hears(1), ["four"]);
    // Written down when a server stops, too.
    adrian.say("lobby", "five");
    assert_eq!(back.hears(1), ["five"]);
    server.terminate();
    assert!(server.ended().success());
    server.start_again();
    let mut back = Client::with_session(&server, &session);
    assert_eq!(back.framed("RECV").texts(), [""; 0]);
}

#[test]
fn groups_joined_and_left_later_are_followed() {
    let server = server();
    let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
    josie.listen();
    adrian.framed("MK_GROUP chat").expect(201);
    for round in 0..3 {
        adrian.say("chat", "before");
        adrian.ask(Way::Framed, "ADD_USER chat", &[("Invite", "josie:user")], "").expect(200);
        adrian.say("chat", &format!("round {round}"));
        assert_eq!(josie.hears(1), [format!("round {round}")]);
        adrian.ask(Way::Framed, "RM_USER chat", &[("User", "josie")], "").expect(200);
        adrian.say("chat", "after");
        josie.hears_nothing();
    }
    // A group of one's own, made while one listens.
    josie.framed("MK_GROUP hers").expect(201);
    josie.ask(Way::Framed, "ADD_USER hers", &[("Invite", "adrian:user")], "").expect(200);
    adrian.say("hers", "hello");
    assert_eq!(josie.hears(1), ["hello"]);
    josie.framed("RM_GROUP hers").expect(200);
    josie.framed("LEAVE lobby").expect(200);
    adrian.say("lobby", "unheard");
    josie.hears_nothing();
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice_while_people_come_and_go() {
    let server = server();
    register(&server, "josie", None);
    let (first, session) = log_in(&server, "josie", None);
    drop(first);
    let total = 600;
    let mut adrian = Client::named(&server, "adrian");
    let mut heard: Vec<usize> = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..total {
                adrian.say(if number % 2 == 0 { "lobby" } else { "josie" }, &format!("{number}"));
            }
        });
        let number = |text: &String| text.parse::<usize>().unwrap();
        let mut round = 0;
        while heard.len() < total {
            let mut josie = Client::with_session(&server, &session);
            josie.listen();
            // Some are heard, then the connection says good-bye: what was on its way is heard before the end.
            round += 1;
            let count = (7 * round).min(total - heard.len());
            heard.extend(josie.hears(count).iter().map(number));
            josie.half_close();
            heard.extend(josie.pushes_until_end().iter().map(|push| number(&push.text)));
        }
    });
    for parity in 0..2 {
        let of_one_place: Vec<usize> = heard.iter().copied().filter(|number| number % 2 == parity).collect();
        assert_eq!(of_one_place, (0..total).filter(|number| number % 2 == parity).collect::<Vec<_>>());
    }
}

#[test]
fn removal_ends_what_is_heard() {
    let server = server();
    let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
    adrian.framed("MK_GROUP chat").expect(201);
    adrian.ask(Way::Framed, "ADD_USER chat", &[("Invite", "josie:user")], "").expect(200);
    josie.listen();
    adrian.say("chat", "one");
    assert_eq!(josie.hears(1), ["one"]);
    adrian.ask(Way::Framed, "RM_USER chat", &[("User", "josie")], "").expect(200);
    adrian.say("chat", "two");
    adrian.say("lobby", "three");
    // What comes after the removal was said after it: had the second been pushed, it would have come before.
    assert_eq!(josie.hears(1), ["three"]);
    josie.framed("LIST_USER chat").expect(404);
}
