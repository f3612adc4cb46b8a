//! `GET /`.

use super::pages::{attribute, between, inputs, listing};
use super::support::http::{get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::support::wait_for;

fn index(server: &Server) -> String {
    server.ask(get("/")).expect(200).text()
}

/// Waits until the front page says this of a room.
fn wait_until_listed(server: &Server, key: &str, words: &str) {
    wait_for(words, || listing(&index(server), key)?.contains(words).then_some(()));
}

#[test]
fn it_shows_the_listed_rooms_and_no_others() {
    let server = Server::start();
    let listed = server.created("/chat_create?subject=Friday+dinner&listed=1");
    let unlisted = server.created("/chat_create?subject=Surprise+for+Anna");
    let answer = server.ask(get("/")).expect(200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let index = answer.text();
    assert!(listing(&index, &listed).unwrap().contains("Friday dinner"), "{index}");
    assert!(!index.contains(&unlisted) && !index.contains("Surprise"), "{index}");
}

#[test]
fn it_counts_the_people_who_are_here_each_once() {
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    assert!(listing(&index(&server), &key).unwrap().contains("Nobody here"));
    let poll = || get(format!("/msg/{key}/1"));
    let mut anna = Person::new(&server);
    anna.open(&key);
    let mut hanging = vec![anna.connect()];
    hanging[0].send(&anna.with_cookies(poll()));
    wait_until_listed(&server, &key, "1 person here");
    // Her second tab: another client, the same guest.
    anna.open(&key);
    let mut second = anna.connect();
    second.send(&anna.with_cookies(poll()));
    hanging.push(second);
    let mut ben = Person::new(&server);
    ben.open(&key);
    hanging.push(ben.connect());
    hanging[2].send(&ben.with_cookies(poll()));
    wait_until_listed(&server, &key, "2 people here");
    ben.say(&key, "hi");
    for connection in &mut hanging {
        assert_eq!(connection.answer().expect(200).number(), 1);
    }
    // Between two polls they are still here.
    assert!(listing(&index(&server), &key).unwrap().contains("2 people here"));
}

#[test]
fn it_shows_the_time_of_the_last_message() {
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    assert!(!listing(&index(&server), &key).unwrap().contains("<time"));
    let mut anna = Person::new(&server);
    for text in ["one", "two"] {
        anna.say(&key, text);
    }
    let message = server.ask(get(format!("/msg/{key}/2"))).expect(200);
    let time = message.header("chat-time").unwrap().to_owned();
    let shown = attribute(listing(&index(&server), &key).unwrap(), "datetime");
    // Up to the second: the two need not write the same number of digits after it.
    assert_eq!(shown.get(..19), time.get(..19), "{shown} {time}");
}

#[test]
fn who_makes_an_account_has_said_nothing_in_the_lobby() {
    let server = Server::start();
    let key = server.lobby();
    Person::new(&server).say(&key, "one");
    let before = attribute(listing(&index(&server), &key).unwrap(), "datetime");
    // It is a member of the lobby, which that room's log tells, too.
    let mut ann = Person::new(&server);
    ann.ask(post_form("/register", &[("name", "ann")])).expect(303);
    assert_eq!(attribute(listing(&index(&server), &key).unwrap(), "datetime"), before);
    let mine = ann.ask(get("/rooms").header("Accept", "text/html")).expect(200).text();
    assert!(mine.contains(&before), "{mine}");
    Person::new(&server).say(&key, "two");
    assert_ne!(attribute(listing(&index(&server), &key).unwrap(), "datetime"), before);
}

#[test]
fn its_form_makes_a_room_without_javascript() {
    let server = Server::start();
    let index = index(&server);
    let form = between(&index, "<form action=\"/chat_create\" method=\"post\"", "</form>").unwrap();
    let fields = inputs(form);
    assert_eq!(fields, [("subject".to_owned(), None), ("listed".to_owned(), Some("1".to_owned()))]);
    let made = server.ask(
        post_form("/chat_create", &[("subject", "Tea"), ("listed", "1")])
            .header("Origin", format!("http://{}", server.address()))
            .header("Sec-Fetch-Site", "same-origin"),
    );
    let key = made.room_key();
    assert!(listing(&self::index(&server), &key).unwrap().contains("Tea"));
}
