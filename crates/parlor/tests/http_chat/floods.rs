//! Rates and counts: who takes too much is slowed, nobody else is.

use std::net::Ipv4Addr;

use super::pages::listing;
use super::support::http::{Answer, Connection, get, post};
use super::support::person::Person;
use super::support::server::Server;
use super::support::wait_for;

const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

fn send(person: &mut Person, key: &str) -> Answer {
    person.ask(post(format!("/send/{key}"), "hi"))
}

/// Posts until it is too fast; how often it was not.
fn flood(person: &mut Person, key: &str) -> (usize, Answer) {
    for count in 0..10_000 {
        let answer = send(person, key);
        if answer.status != 200 {
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
            return (count, answer.expect(429));
        }
    }
    panic!("ten thousand posts were not too fast");
}

#[test]
fn a_person_who_floods_is_slowed_alone() {
    let server = Server::with(&[("PARLOR_LIMITS_POSTS_PER_SECOND_PER_ADDRESS", "0")]);
    let (key, other) = (server.room(), server.room());
    let (mut anna, mut ben) = (Person::at(&server, HERE), Person::at(&server, HERE));
    anna.open(&key);
    ben.open(&key);
    let (taken, refused) = flood(&mut anna, &key);
    assert!(taken >= 20, "only {taken} at once");
    assert!(refused.text().contains("too fast"), "{}", refused.text());
    assert_eq!(server.count(&key), taken as u64, "what was refused was stored");
    send(&mut ben, &key).expect(200);
    send(&mut anna, &other).expect(200);
    // Who waits is let in again.
    wait_for("a slower post", || (send(&mut anna, &key).status == 200).then_some(()));
}

#[test]
fn throwing_the_cookie_away_does_not_help() {
    let server = Server::with(&[]);
    let key = server.room();
    let refused = (0..10_000).find_map(|count| {
        let answer = Connection::open_from(HERE, server.address()).ask(post(format!("/send/{key}"), "hi"));
        (answer.status == 429).then_some((count, answer))
    });
    let (count, answer) = refused.expect("ten thousand posts were not too fast");
    assert!(count >= 20 && answer.header("retry-after").is_some(), "{count} {answer:?}");
    Person::at(&server, ELSEWHERE).say(&key, "hi");
}

#[test]
fn an_address_that_floods_is_slowed_whoever_posts() {
    let server =
        Server::with(&[("PARLOR_LIMITS_POSTS_PER_SECOND_PER_ADDRESS", "3"), ("PARLOR_LIMITS_POSTS_BURST", "0")]);
    let key = server.room();
    let mut people: Vec<Person> = (0..3).map(|_| Person::at(&server, HERE)).collect();
    people.iter_mut().for_each(|person| drop(person.open(&key)));
    let mut other = Person::at(&server, ELSEWHERE);
    other.open(&key);
    let refused = (0..10_000).any(|count| send(&mut people[count % 3], &key).status == 429);
    assert!(refused, "ten thousand posts from one address were not too fast");
    send(&mut other, &key).expect(200);
}

#[test]
fn a_forged_forwarding_header_changes_nothing() {
    let server = Server::with(&[("PARLOR_LIMITS_ROOMS_PER_HOUR_PER_ADDRESS", "2")]);
    let create = |source: Ipv4Addr, forwarded: &str| {
        let request = get("/chat_create").header("X-Forwarded-For", forwarded).header("X-Real-IP", forwarded);
        Connection::open_from(source, server.address())
            .ask(request.header("Forwarded", format!("for={forwarded}")))
            .status
    };
    let statuses: Vec<u16> = (1..=4).map(|count| create(HERE, &format!("192.0.2.{count}"))).collect();
    assert_eq!(statuses, [303, 303, 429, 429]);
    assert_eq!(create(ELSEWHERE, "127.0.0.2"), 303);
}

#[test]
fn a_trusted_proxy_is_believed() {
    let server =
        Server::with(&[("PARLOR_LIMITS_ROOMS_PER_HOUR_PER_ADDRESS", "1"), ("PARLOR_TRUSTED_PROXIES", "127.0.0.2/32")]);
    let create = |source: Ipv4Addr, forwarded: &str| {
        let request = get("/chat_create").header("X-Forwarded-For", forwarded);
        Connection::open_from(source, server.address()).ask(request).status
    };
    assert_eq!([create(HERE, "192.0.2.1"), create(HERE, "192.0.2.1")], [303, 429]);
    assert_eq!(create(HERE, "192.0.2.2"), 303, "two clients of one proxy count as one");
    // What a client wrote there before the proxy added its address is not believed.
    assert_eq!(create(HERE, "192.0.2.99, 192.0.2.1"), 429);
    // And who is no proxy is not believed at all.
    assert_eq!([create(ELSEWHERE, "192.0.2.3"), create(ELSEWHERE, "192.0.2.4")], [303, 429]);
}

#[test]
fn an_address_makes_20_rooms_an_hour() {
    let server = Server::with(&[]);
    let create = |source: Ipv4Addr| Connection::open_from(source, server.address()).ask(get("/chat_create"));
    for _ in 0..20 {
        create(HERE).expect(303);
    }
    let refused = create(HERE).expect(429);
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 1);
    create(ELSEWHERE).expect(303);
}

#[test]
fn an_address_has_so_many_hanging_polls() {
    let server = Server::with(&[("PARLOR_LIMITS_POLLS_PER_ADDRESS", "3")]);
    let key = server.created("/chat_create?listed=1");
    let poll = |source: Ipv4Addr, query: &str| {
        let mut connection = Connection::open_from(source, server.address());
        connection.send(&get(format!("/msg/{key}/1{query}")));
        connection
    };
    // People with cookies, whom one can count.
    let mut people: Vec<Person> = (0..3).map(|_| Person::at(&server, HERE)).collect();
    let hang = |person: &mut Person| {
        person.open(&key);
        let mut connection = person.connect();
        connection.send(&person.with_cookies(get(format!("/msg/{key}/1"))));
        connection
    };
    let mut hanging: Vec<Connection> = people.iter_mut().map(hang).collect();
    wait_for("three who hang", || {
        listing(&server.ask(get("/")).expect(200).text(), &key)?.contains("3 people here").then_some(())
    });
    let refused = poll(HERE, "").answer().expect(429);
    assert!(refused.header("retry-after").is_some() && refused.text().contains('3'), "{refused:?}");
    // Who does not hang needs no place, and others have their own.
    poll(HERE, "?wait=0").answer().expect(204);
    poll(ELSEWHERE, "?wait=1").answer().expect(204);
    // Who goes away makes room.
    hanging.pop();
    wait_for("a free place", || (poll(HERE, "?wait=1").answer().status == 204).then_some(()));
    Person::new(&server).say(&key, "hi");
    for connection in &mut hanging {
        connection.answer().expect(200);
    }
}

#[test]
fn an_address_has_so_many_connections() {
    let server = Server::with(&[("PARLOR_LIMITS_CONNECTIONS_PER_ADDRESS", "3")]);
    let mut held: Vec<Connection> = (0..3).map(|_| Connection::open_from(HERE, server.address())).collect();
    for connection in &mut held {
        connection.ask(get("/healthz")).expect(200);
    }
    // Told at once, before a request.
    let mut refused = Connection::open_from(HERE, server.address());
    let answer = refused.answer().expect(429);
    assert!(answer.text().contains("connections") && answer.text().contains('3'), "{}", answer.text());
    assert!(answer.header("retry-after").is_some() && refused.is_closed());
    Connection::open_from(ELSEWHERE, server.address()).ask(get("/healthz")).expect(200);
    held.pop();
    wait_for("a free place", || {
        let mut connection = Connection::open_from(HERE, server.address());
        connection.send(&get("/healthz"));
        connection.read(true).is_ok_and(|answer| answer.status == 200).then_some(())
    });
    for connection in &mut held {
        connection.ask(get("/healthz")).expect(200);
    }
}

#[test]
fn who_is_turned_away_while_asking_gets_to_see_why() {
    let server = Server::with(&[("PARLOR_LIMITS_CONNECTIONS_PER_ADDRESS", "1")]);
    let mut held = Connection::open_from(HERE, server.address());
    held.ask(get("/healthz")).expect(200);
    for _ in 0..5 {
        let mut refused = Connection::open_from(HERE, server.address());
        refused.write(&vec![b'x'; 100_000]);
        refused.answer().expect(429);
        // A reset would say that what was sent was not even looked at, and may take the answer away.
        assert_eq!(refused.end().map_err(|error| error.kind()), Ok(()));
    }
}

#[test]
fn the_server_has_so_many_connections() {
    let server = Server::unlimited_with(&[("PARLOR_LIMITS_CONNECTIONS", "4")]);
    let mut held = vec![];
    // The connections by which it was found to be open may not have ended yet; each place is taken once it is free.
    while held.len() < 4 {
        held.push(wait_for("a place", || {
            let mut connection = Connection::open(server.address());
            connection.send(&get("/healthz"));
            connection.read(true).is_ok_and(|answer| answer.status == 200).then_some(connection)
        }));
    }
    let mut refused = Connection::open(server.address());
    let answer = refused.answer().expect(503);
    assert!(answer.text().contains("connections") && answer.header("retry-after").is_some(), "{answer:?}");
    assert!(refused.is_closed());
    for connection in &mut held {
        connection.ask(get("/healthz")).expect(200);
    }
}
