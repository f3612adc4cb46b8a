//! `Idempotency-Key`: posting twice is safe.

use super::support::http::{Request, get, post, post_form};
use super::support::person::Person;
use super::support::server::Server;

fn keyed(room: &str, key: &str, text: &str) -> Request {
    post(format!("/send/{room}"), text).header("Idempotency-Key", key)
}

#[test]
fn a_repeat_answers_like_the_first_and_appends_nothing() {
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    anna.say(&room, "before");
    let first = anna.ask(keyed(&room, "a-1", "hi")).expect(200);
    assert_eq!((first.number(), first.header("chat-duplicate")), (2, None));
    anna.say(&room, "after");
    for _ in 0..3 {
        let repeat = anna.ask(keyed(&room, "a-1", "hi")).expect(200);
        assert_eq!((repeat.number(), repeat.header("chat-duplicate")), (2, Some("true")));
    }
    assert_eq!(server.count(&room), 3);
    assert!(server.line(&room, 2).ends_with(": hi"));
}

#[test]
fn a_repeat_is_answered_however_much_was_said_since() {
    let server = Server::with(&[("PARLOR_LIMITS_POSTS_BURST", "3"), ("PARLOR_LIMITS_POSTS_PER_SECOND", "1")]);
    let room = server.room();
    let mut anna = Person::new(&server);
    anna.ask(keyed(&room, "a-1", "hi")).expect(200);
    let refused = (0..20).find(|number| anna.ask(keyed(&room, &format!("b-{number}"), "more")).status == 429);
    assert!(refused.is_some(), "the rate is reached");
    assert_eq!(anna.ask(keyed(&room, "a-1", "hi")).expect(200).header("chat-duplicate"), Some("true"));
    anna.ask(keyed(&room, "a-1", "another text")).expect(409);
}

#[test]
fn the_same_key_with_another_text_is_refused() {
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    anna.ask(keyed(&room, "k", "one")).expect(200);
    anna.ask(keyed(&room, "k", "two")).expect(409);
    assert_eq!(server.count(&room), 1);
    // The first one still holds.
    assert_eq!(anna.ask(keyed(&room, "k", "one")).expect(200).header("chat-duplicate"), Some("true"));
}

#[test]
fn the_text_counts_and_not_how_it_was_sent() {
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    anna.ask(keyed(&room, "k", "one\ntwo")).expect(200);
    for request in [
        post_form(format!("/send/{room}"), &[("text", "one\r\ntwo")]).header("Idempotency-Key", "k"),
        post_form(format!("/send/{room}"), &[("text", "one\ntwo"), ("nick", "anna")]).header("Idempotency-Key", "k"),
    ] {
        assert_eq!(anna.ask(request).expect(200).header("chat-duplicate"), Some("true"));
    }
    assert_eq!(server.count(&room), 1);
}

#[test]
fn a_key_belongs_to_one_person_in_one_room() {
    let server = Server::start();
    let rooms = [server.room(), server.room()];
    let (mut anna, mut ben) = (Person::new(&server), Person::new(&server));
    for (person, room, number) in [(&mut anna, &rooms[0], 1), (&mut ben, &rooms[0], 2)] {
        let answer = person.ask(keyed(room, "k", "hi")).expect(200);
        assert_eq!((answer.number(), answer.header("chat-duplicate")), (number, None));
    }
    let answer = anna.ask(keyed(&rooms[1], "k", "something else")).expect(200);
    assert_eq!((answer.number(), answer.header("chat-duplicate")), (1, None));
}

#[test]
fn racing_posts_with_one_key_append_once() {
    const RACERS: usize = 8;
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    anna.open(&room);
    for round in 1..=10 {
        let mut racers: Vec<_> = (0..RACERS).map(|_| anna.connect()).collect();
        for racer in &mut racers {
            racer.send(&anna.with_cookies(keyed(&room, &format!("round-{round}"), "hi")));
        }
        let answers: Vec<_> = racers.iter_mut().map(|racer| racer.answer().expect(200)).collect();
        assert!(answers.iter().all(|answer| answer.number() == round), "{answers:?}");
        let duplicates = answers.iter().filter(|answer| answer.header("chat-duplicate") == Some("true"));
        assert_eq!(duplicates.count(), RACERS - 1);
    }
    assert_eq!(server.count(&room), 10);
}

#[test]
fn racing_posts_with_one_key_and_two_texts_have_one_winner() {
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    anna.open(&room);
    for round in 1..=10 {
        let mut racers = [anna.connect(), anna.connect()];
        for (racer, text) in racers.iter_mut().zip(["one", "two"]) {
            racer.send(&anna.with_cookies(keyed(&room, &format!("round-{round}"), text)));
        }
        let mut statuses = racers.map(|mut racer| racer.answer().status);
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(server.count(&room), round);
    }
}

#[test]
fn a_key_is_1_to_64_plain_characters() {
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    let every = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-";
    for good in ["x", "~", &"x".repeat(64), &every[..33], &every[33..]] {
        anna.ask(keyed(&room, good, "hi")).expect(200);
    }
    let posted = server.count(&room);
    for bad in ["", " ", "a b", "a/b", "a,b", "\"a\"", "a:b", "ü", "a\tb", "a%20", &"x".repeat(65)] {
        let refused = anna.ask(keyed(&room, bad, "hi")).expect(400);
        assert!(refused.text().contains("64"), "{bad:?}: the rule is not told: {}", refused.text());
    }
    anna.ask(keyed(&room, "one", "hi").header("Idempotency-Key", "two")).expect(400);
    assert_eq!(server.count(&room), posted, "something was stored");
}

#[test]
fn a_refused_post_does_not_use_up_its_key() {
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    anna.ask(keyed(&room, "k", "bad \u{1b}")).expect(400);
    assert_eq!(anna.ask(keyed(&room, "k", "good")).expect(200).header("chat-duplicate"), None);
}

#[test]
fn without_a_key_the_same_text_twice_is_two_messages() {
    let server = Server::start();
    let room = server.room();
    let mut anna = Person::new(&server);
    assert_eq!((anna.say(&room, "hi"), anna.say(&room, "hi")), (1, 2));
    server.ask(get(format!("/msg/{room}/2?wait=0"))).expect(200);
}
