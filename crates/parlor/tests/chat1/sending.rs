//! `SEND` and `HISTORY`.

use super::client::{Client, OPEN, WAYS, Way, register, request, server};
use super::support::server::Server;
use super::support::wait_for;
use super::terminal::Terminal;

#[test]
fn a_message_to_a_user_is_for_the_two_alone() {
    let server = server();
    for (way, [from, to]) in WAYS.into_iter().zip([["adrian", "josie"], ["anna", "john"]]) {
        let (mut sender, mut receiver) = (Client::named(&server, from), Client::named(&server, to));
        let mut other = Client::named(&server, &format!("third-of-{from}"));
        let answer = sender.ask(way, &format!("SEND {to}"), &[], "Hey! :)").expect(200);
        assert_eq!((answer.reason.as_str(), answer.body.as_str()), ("OK", ""));
        let received = receiver.ask(way, "RECV", &[], "").expect(200);
        let message = &received.json()["messages"][0];
        assert_eq!((message["from"].as_str(), message["text"].as_str()), (Some(from), Some("Hey! :)")));
        assert!(message.get("group").is_none() && message["id"].is_string() && message["time"].is_string());
        assert_eq!(other.ask(way, "RECV", &[], "").expect(200).texts(), [""; 0]);
        assert_eq!(sender.ask(way, "RECV", &[], "").expect(200).texts(), [""; 0], "one's own are not received");
    }
}

#[test]
fn a_message_to_nobody_or_of_nothing_is_refused() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    register(&server, "josie", None);
    for way in WAYS {
        adrian.ask(way, "SEND nobody", &[], "x").expect(404);
        adrian.ask(way, "SEND a.b", &[], "x").expect(404);
        adrian.ask(way, "SEND josie", &[], " \n ").expect(400);
        adrian.ask(way, "SEND josie", &[], "a\u{1b}[2J").expect(400);
        adrian.ask(way, "SEND adrian", &[], "to myself").expect(400);
        adrian.ask(way, "SEND josie", &[], &"x".repeat(4_097)).expect(413);
        adrian.ask(way, "SEND josie", &[], &"x".repeat(10_000)).expect(413);
        Client::connect(&server).ask(way, "SEND josie", &[], "x").expect(401);
    }
    // Without a text: the plain one is over when nothing comes for two seconds.
    adrian.ask(Way::Framed, "SEND josie", &[], "").expect(400);
    adrian.write(b"SEND josie CHAT/1.0\n\n");
    assert!(adrian.plain_answer().starts_with("CHAT/1.0 400 Bad Request\n"));
    assert_eq!(Client::logged_in(&server, "josie").framed("RECV").texts(), [""; 0]);
    adrian.ask(Way::Framed, "SEND josie", &[], &"x".repeat(4_096)).expect(200);
}

#[test]
fn a_message_to_the_lobby_is_everybodys() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    let mut josie = Client::named(&server, "josie");
    let lobby = server.lobby();
    for (number, way) in (1..).zip(WAYS) {
        adrian.ask(way, "SEND lobby", &[], &format!("hello {number}")).expect(200);
        assert_eq!(server.line(&lobby, number), format!("adrian: hello {number}"), "durable when it was answered");
    }
    let received = josie.framed("RECV");
    assert_eq!(received.texts(), ["hello 1", "hello 2"]);
    assert_eq!(received.json()["messages"][0]["group"].as_str(), Some("lobby"));
}

#[test]
fn what_was_sent_with_an_id_can_be_sent_again() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    let mut josie = Client::named(&server, "josie");
    for way in WAYS {
        let id = format!("id-{way:?}");
        let headers = [("Message-Id", id.as_str())];
        for _ in 0..3 {
            adrian.ask(way, "SEND josie", &headers, "once").expect(200);
        }
        adrian.ask(way, "SEND josie", &headers, "another").expect(409);
        adrian.ask(way, "SEND josie", &[("Message-Id", "a b")], "x").expect(400);
        let received = josie.framed("RECV");
        assert_eq!(received.texts(), ["once"]);
        josie.framed(&format!("RECV {}", received.cursor())).expect(200);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    register(&server, "josie", None);
    let mut all = String::new();
    let mut expected = Vec::new();
    for number in 0..500 {
        let (line, text, status) = match number % 10 {
            3 => ("SEND nobody".to_owned(), "x".to_owned(), 404),
            5 => ("PING".to_owned(), String::new(), 200),
            7 => ("SEND josie".to_owned(), String::new(), 400),
            _ => ("SEND josie".to_owned(), format!("message {number}"), 200),
        };
        all += &request(Way::Framed, &line, &[], &text);
        expected.push(status);
    }
    adrian.write(all.as_bytes());
    let statuses: Vec<u16> = (0..500).map(|_| adrian.framed_answer().status).collect();
    assert_eq!(statuses, expected);
    let mut josie = Client::logged_in(&server, "josie");
    let received = josie.framed("RECV").texts();
    let sent = (0..500).filter(|number| ![3, 5, 7].contains(&(number % 10))).map(|number| format!("message {number}"));
    assert_eq!(received, sent.collect::<Vec<_>>());
}

#[test]
fn who_posts_too_fast_is_told_when_to_go_on() {
    let server = Server::with(&[OPEN]);
    let mut adrian = Client::named(&server, "adrian");
    for way in WAYS {
        let refused = (0..60).find_map(|number| {
            let answer = adrian.ask(way, "SEND lobby", &[], &format!("message {number}"));
            (answer.status == 429).then_some(answer)
        });
        let refused = refused.expect("a limit is met");
        assert!(refused.header("Retry-After").is_some_and(|after| after.parse::<u64>().unwrap() > 0), "{refused:?}");
    }
}

#[test]
fn history_goes_back_in_pages() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    let mut josie = Client::named(&server, "josie");
    for number in 1..=7 {
        let (one, other) = if number % 2 == 1 { (&mut adrian, "josie") } else { (&mut josie, "adrian") };
        one.say(other, &format!("text {number}"));
    }
    for way in WAYS {
        let page = adrian.ask(way, "HISTORY josie", &[("Limit", "3")], "").expect(200);
        assert_eq!(page.texts(), ["text 5", "text 6", "text 7"], "one's own are in it, too");
        let first = page.json()["messages"][0]["id"].as_str().unwrap().to_owned();
        let page = adrian.ask(way, "HISTORY josie", &[("Limit", "3"), ("Before", &first)], "").expect(200);
        assert_eq!(page.texts(), ["text 2", "text 3", "text 4"]);
        let page = adrian.ask(way, "HISTORY josie", &[("Before", "2")], "").expect(200);
        assert_eq!(page.texts(), ["text 1"]);
        let page = josie.ask(way, "HISTORY adrian", &[], "").expect(200);
        assert_eq!(page.texts().len(), 7);
        assert!(page.json().get("cursor").is_none());
        assert_eq!(page.json()["messages"][1]["from"].as_str(), Some("josie"));
        for (name, value) in [("Limit", "0"), ("Limit", "-1"), ("Limit", "x"), ("Before", "x"), ("Before", "0")] {
            adrian.ask(way, "HISTORY josie", &[(name, value)], "").expect(400);
        }
        adrian.ask(way, "HISTORY nobody", &[], "").expect(404);
        adrian.ask(way, "HISTORY", &[], "").expect(400);
        Client::connect(&server).ask(way, "HISTORY josie", &[], "").expect(401);
    }
    register(&server, "john", None);
    assert_eq!(adrian.framed("HISTORY john").expect(200).texts(), [""; 0]);
    assert_eq!(josie.framed("HISTORY lobby").expect(200).texts(), [""; 0]);
}

#[test]
fn a_name_means_whoever_has_it_now() {
    let server = Server::unlimited_with(&[OPEN, ("PARLOR_TERM", "127.0.0.1:0")]);
    // Both have written to the name before, and are not to go on with whoever had it then.
    let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));

    let mut first = Terminal::named(&server, "tina");
    for (writer, way) in [(&mut adrian, Way::Plain), (&mut josie, Way::Framed)] {
        writer.ask(way, "SEND tina", &[], "to the first one").expect(200);
        first.hears("to the first one");
    }
    first.leave();
    for (writer, way) in [(&mut adrian, Way::Plain), (&mut josie, Way::Framed)] {
        wait_for("the guest to be gone", || {
            (writer.ask(way, "SEND tina", &[], "to nobody").status == 404).then_some(())
        });
    }
    let mut second = Terminal::named(&server, "tina");
    for (writer, way) in [(&mut adrian, Way::Plain), (&mut josie, Way::Framed)] {
        writer.ask(way, "SEND tina", &[], "to the second one").expect(200);
        second.hears("to the second one");
    }
    second.leave();
    wait_for("the name to be free", || (Client::connect(&server).framed("REG tina").status == 201).then_some(()));
    let mut tina = Client::logged_in(&server, "tina");
    adrian.ask(Way::Plain, "SEND tina", &[], "to the account").expect(200);
    josie.ask(Way::Framed, "SEND tina", &[], "to the account, too").expect(200);
    assert_eq!(tina.framed("RECV").texts(), ["to the account", "to the account, too"]);
}

#[test]
fn a_guest_is_answered_by_the_word_of_the_message() {
    let server = Server::unlimited_with(&[OPEN, ("PARLOR_TERM", "127.0.0.1:0")]);
    let mut adrian = Client::named(&server, "adrian");
    register(&server, "josie", None);
    adrian.listen();
    let mut tina = Terminal::named(&server, "tina");
    tina.says("adrian psst");
    let word = adrian.pushed().sender;
    assert_eq!(word, "~tina");
    for way in WAYS {
        let text = format!("answered {way:?}");
        adrian.ask(way, &format!("SEND {word}"), &[], &text).expect(200);
        tina.hears(&text);
        // It never means an account or a group.
        for nobody in ["~josie", "~lobby", "~", "~~tina", "~ben"] {
            let answer = adrian.ask(way, &format!("SEND {nobody}"), &[], "x");
            assert_eq!(answer, adrian.ask(way, "SEND nobody", &[], "x").expect(404), "{nobody}");
            adrian.ask(way, &format!("HISTORY {nobody}"), &[], "").expect(404);
        }
    }
    let history = adrian.framed("HISTORY ~tina");
    assert_eq!(history.texts(), ["psst", "answered Plain", "answered Framed"]);
    assert_eq!(history.json()["messages"][0]["from"].as_str(), Some("~tina"));
}

#[test]
fn before_is_a_message_also_where_nothing_was_said() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    register(&server, "josie", None);
    for way in WAYS {
        for bad in ["x", "0", "-1", "1.2.3", "elsewhere.1"] {
            for of in ["josie", "lobby"] {
                adrian.ask(way, &format!("HISTORY {of}"), &[("Before", bad)], "").expect(400);
            }
        }
        assert_eq!(adrian.ask(way, "HISTORY josie", &[("Before", "1")], "").expect(200).texts(), [""; 0]);
    }
}
