//! Nicknames: where they come from, and what they may be.

use super::support::http::{get, percent_encoded, post, post_form};
use super::support::person::Person;
use super::support::server::Server;

fn send_as(person: &mut Person, key: &str, nick: &str) -> super::support::http::Answer {
    person.ask(post_form(format!("/send/{key}"), &[("text", "hi"), ("nick", nick)]))
}

/// The author of a message, as every text door shows it.
fn author(server: &Server, key: &str, number: u64) -> String {
    server.line(key, number).split_once(": ").unwrap().0.to_owned()
}

/// The author's id and name.
fn id_and_name(server: &Server, key: &str, number: u64) -> (String, String) {
    let event = server.ask(get(format!("/msg/{key}/{number}")).header("Accept", "application/json")).expect(200).json();
    assert_eq!(event["author"]["guest"], true, "a guest passes for an account");
    let text = |field: &str| event["author"][field].as_str().unwrap().to_owned();
    (text("id"), text("name"))
}

#[test]
fn without_any_name_a_guest_is_called_by_the_id() {
    let server = Server::start();
    let key = server.room();
    Person::new(&server).say(&key, "hi");
    let (id, name) = id_and_name(&server, &key, 1);
    assert_eq!(format!("guest-{}", id.strip_prefix('g').unwrap()), name);
    assert_eq!(author(&server, &key, 1), format!("~{name}"));
}

#[test]
fn a_nick_is_remembered_until_the_next() {
    let server = Server::start();
    let (key, other) = (server.room(), server.room());
    let mut anna = Person::new(&server);
    send_as(&mut anna, &key, "anna").expect(200);
    anna.say(&key, "hi");
    send_as(&mut anna, &key, "").expect(200);
    send_as(&mut anna, &key, "   ").expect(200);
    anna.say(&other, "hi");
    for (room, number) in [(&key, 1), (&key, 2), (&key, 3), (&key, 4), (&other, 1)] {
        assert_eq!(author(&server, room, number), "~anna");
    }
    send_as(&mut anna, &key, " Anna B ").expect(200);
    anna.say(&key, "hi");
    assert_eq!((author(&server, &key, 5), author(&server, &key, 6)), ("~Anna B".to_owned(), "~Anna B".to_owned()));
    assert_eq!(author(&server, &key, 1), "~anna", "what was said stays said by that name");
    assert_eq!(id_and_name(&server, &key, 1).0, id_and_name(&server, &key, 6).0);
}

#[test]
fn the_nick_comes_first_then_the_remembered_one_then_the_cookie() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.give("chaton-nickname", &percent_encoded("Zoë"));
    anna.say(&key, "by the cookie");
    send_as(&mut anna, &key, "anna").expect(200);
    anna.say(&key, "remembered");
    let authors: Vec<String> = (1..=3).map(|number| author(&server, &key, number)).collect();
    assert_eq!(authors, ["~Zoë", "~anna", "~anna"]);
}

#[test]
fn a_cookie_that_is_no_name_counts_as_none() {
    let server = Server::start();
    let key = server.room();
    for (number, cookie) in (1..).zip(["%0A", "%FF", "", "%1B[2J", &"x".repeat(65)]) {
        let mut person = Person::new(&server);
        person.give("chaton-nickname", cookie);
        person.say(&key, "hi");
        assert!(author(&server, &key, number).starts_with("~guest-"), "{cookie:?}");
    }
}

#[test]
fn a_nick_is_one_line_of_at_most_64_characters() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.say(&key, "hi");
    let tower = "e\u{301}\u{302}\u{303}\u{304}\u{305}";
    for (nick, words) in [
        ("a\nb", "byte 1"),
        ("a\tb", "byte 1"),
        ("ab\u{1b}[2J", "byte 2"),
        ("\u{7f}", "byte 0"),
        ("a\u{85}", "byte 1"),
        ("ü\u{202e}", "byte 2"),
        ("\u{2066}x", "byte 0"),
        ("x\u{2028}y", "byte 1"),
        ("\u{fdd0}", "byte 0"),
        (&"x".repeat(65), "64"),
        (tower, "4"),
    ] {
        let refused = send_as(&mut anna, &key, nick).expect(400);
        assert!(refused.text().contains(words), "{nick:?}: {}", refused.text());
    }
    assert_eq!(server.count(&key), 1, "something was stored");
    for (number, nick) in
        (2..).zip(["x".repeat(64), "茶".repeat(64), "👩‍🚀 e\u{301}".to_owned(), "a: b".to_owned(), "~root".to_owned()])
    {
        send_as(&mut anna, &key, &nick).expect(200);
        assert_eq!(id_and_name(&server, &key, number).1, nick);
    }
}

#[test]
fn two_guests_may_share_a_nick_and_stay_two_people() {
    let server = Server::start();
    let key = server.room();
    for _ in 0..2 {
        send_as(&mut Person::new(&server), &key, "anna").expect(200);
    }
    assert_ne!(id_and_name(&server, &key, 1).0, id_and_name(&server, &key, 2).0);
}

#[test]
fn a_refused_post_changes_no_name() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    send_as(&mut anna, &key, "anna").expect(200);
    anna.ask(post_form(format!("/send/{key}"), &[("text", " "), ("nick", "other")])).expect(400);
    anna.ask(post(format!("/send/{key}"), "hi")).expect(200);
    assert_eq!(author(&server, &key, 2), "~anna");
}
