//! Who counts as here: whoever asks for messages, for as long as they ask and ten seconds more.

use std::net::Ipv4Addr;

use super::pages::listing;
use super::support::http::{Connection, get};
use super::support::person::Person;
use super::support::server::Server;

/// What the front page says of how many are in a listed room.
fn people(server: &Server, key: &str) -> String {
    let index = server.ask(get("/")).expect(200).text();
    let listing = listing(&index, key).expect("the room is listed").to_owned();
    let here = ["Nobody here now", "person here", "people here"].into_iter().find_map(|words| {
        let at = listing.rfind(words)?;
        let number = listing[..at].rsplit('>').next()?.trim();
        Some(if number.is_empty() { "0".to_owned() } else { number.to_owned() })
    });
    here.expect("the listing says how many are here")
}

#[test]
fn who_shows_no_cookie_is_one_person_an_address() {
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    assert_eq!(people(&server, &key), "0");
    for (source, expected) in [(2, "1"), (2, "1"), (3, "2"), (2, "2"), (3, "2")] {
        let mut connection = Connection::open_from(Ipv4Addr::new(127, 0, 0, source), server.address());
        connection.ask(get(format!("/msg/{key}/1?wait=0"))).expect(204);
        assert_eq!(people(&server, &key), expected);
    }
}

#[test]
fn polls_that_are_answered_at_once_count() {
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    let mut people_here: Vec<Person> = (0..3).map(|_| Person::new(&server)).collect();
    people_here[0].say(&key, "hello");
    assert_eq!(people(&server, &key), "0", "who only speaks is not here");
    for (person, expected) in people_here.iter_mut().zip(["1", "2", "3"]) {
        person.open(&key);
        person.ask(get(format!("/msg/{key}/1"))).expect(200);
        assert_eq!(people(&server, &key), expected);
    }
    // The same one again, in another tab.
    people_here[1].open(&key);
    people_here[1].ask(get(format!("/msg/{key}/1"))).expect(200);
    assert_eq!(people(&server, &key), "3");
}

#[test]
fn a_poll_that_is_refused_does_not_count() {
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    server.ask(get(format!("/msg/{key}/0"))).expect(400);
    server.ask(get(format!("/msg/{key}/1?wait=soon"))).expect(400);
    assert_eq!(people(&server, &key), "0");
}
