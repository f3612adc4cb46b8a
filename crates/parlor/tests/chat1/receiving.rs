//! `RECV`: what arrived, and that it was received.

use super::client::{Client, WAYS, Way, log_in, register, server};

#[test]
fn asking_with_a_cursor_acknowledges_all_before_it() {
    for way in WAYS {
        let server = server();
        let mut adrian = Client::named(&server, "adrian");
        let mut josie = Client::named(&server, "josie");
        for text in ["one", "two"] {
            adrian.say("josie", text);
        }
        // An answer that was lost costs nothing: without a cursor it comes again.
        assert_eq!(josie.ask(way, "RECV", &[], "").expect(200).texts(), ["one", "two"]);
        let received = josie.ask(way, "RECV", &[], "").expect(200);
        assert_eq!(received.texts(), ["one", "two"]);
        adrian.say("josie", "three");
        let next = josie.ask(way, &format!("RECV {}", received.cursor()), &[], "").expect(200);
        assert_eq!(next.texts(), ["three"]);
        // The same cursor once more: the answer to it was lost.
        let again = josie.ask(way, &format!("RECV {}", received.cursor()), &[], "").expect(200);
        assert_eq!(again.texts(), ["three"]);
        let last = josie.ask(way, &format!("RECV {}", again.cursor()), &[], "").expect(200);
        assert_eq!(last.texts(), [""; 0]);
        assert_eq!(josie.ask(way, "RECV", &[], "").expect(200).texts(), [""; 0]);
    }
}

#[test]
fn a_cursor_that_was_never_given_is_refused() {
    for way in WAYS {
        let server = server();
        let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
        adrian.say("josie", "one");
        let cursor = josie.ask(way, "RECV", &[], "").cursor();
        let forged = format!("{}{}", if cursor.starts_with('A') { 'B' } else { 'A' }, &cursor[1..]);
        for bad in ["x", "0", "AAAA", "%00", &forged] {
            josie.ask(way, &format!("RECV {bad}"), &[], "").expect(400);
        }
        // Somebody else's is none.
        adrian.ask(way, &format!("RECV {cursor}"), &[], "").expect(400);
        Client::connect(&server).ask(way, "RECV", &[], "").expect(401);
        assert_eq!(josie.ask(way, "RECV", &[], "").texts(), ["one"]);
    }
}

#[test]
fn what_was_said_before_somebody_registered_is_history() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    adrian.say("lobby", "before");
    let mut josie = Client::named(&server, "josie");
    adrian.say("lobby", "after");
    assert_eq!(josie.framed("RECV").texts(), ["after"]);
    assert_eq!(josie.framed("HISTORY lobby").texts(), ["before", "after"]);
}

#[test]
fn who_was_away_gets_everything_in_order() {
    let mut server = server();
    register(&server, "josie", None);
    let (josie, session) = log_in(&server, "josie", None);
    drop(josie);
    let mut adrian = Client::named(&server, "adrian");
    adrian.framed("MK_GROUP chat").expect(201);
    adrian.ask(Way::Framed, "ADD_USER chat", &[("Invite", "josie:user")], "").expect(200);
    let places = ["josie", "chat", "lobby"];
    for number in 0..60 {
        adrian.say(places[number % 3], &format!("text {number}"));
    }
    server.kill_and_start();
    let mut josie = Client::with_session(&server, &session);
    let received = josie.framed("RECV");
    assert_eq!(received.texts(), (0..60).map(|number| format!("text {number}")).collect::<Vec<_>>());
    let groups: Vec<_> = received.json()["messages"].as_array().unwrap()[..3]
        .iter()
        .map(|message| message["group"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(groups, [None, Some("chat".to_owned()), Some("lobby".to_owned())]);
}

#[test]
fn many_come_in_pages_without_a_gap() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    let mut josie = Client::named(&server, "josie");
    let total = 1_234;
    let all: String = (0..total)
        .map(|number| super::client::request(Way::Framed, "SEND josie", &[], &format!("text {number}")))
        .collect();
    adrian.write(all.as_bytes());
    for _ in 0..total {
        adrian.framed_answer().expect(200);
    }
    let mut received = josie.framed("RECV");
    let mut texts = Vec::new();
    while !received.texts().is_empty() {
        texts.extend(received.texts());
        received = josie.framed(&format!("RECV {}", received.cursor())).expect(200);
    }
    assert_eq!(texts, (0..total).map(|number| format!("text {number}")).collect::<Vec<_>>());
}

#[test]
fn a_guest_is_shown_as_one() {
    use super::support::http::post_form;
    let server = server();
    let mut josie = Client::named(&server, "josie");
    let lobby = server.lobby();
    server.ask(post_form(format!("/send/{lobby}"), &[("text", "hello from a page"), ("nick", "Ben")])).expect(200);
    let received = josie.framed("RECV");
    assert_eq!(received.texts(), ["hello from a page"]);
    assert_eq!(received.json()["messages"][0]["from"].as_str(), Some("~Ben"));
}
