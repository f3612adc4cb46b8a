//! `GET /msg/KEY/N` for messages that are still to come.

use super::pages::listing;
use super::support::http::{Connection, get};
use super::support::person::Person;
use super::support::server::Server;
use super::support::wait_for;

/// Waits until the front page counts so many people in a listed room: strangers who hang count one an address.
fn wait_until_here(server: &Server, key: &str, people: usize) {
    let words = if people == 1 { "1 person here".to_owned() } else { format!("{people} people here") };
    wait_for(&words, || {
        let index = server.ask(get("/")).expect(200).text();
        listing(&index, key)?.contains(&words).then_some(())
    });
}

fn hang(server: &Server, target: String) -> Connection {
    let mut connection = Connection::open(server.address());
    connection.send(&get(target));
    connection
}

#[test]
fn the_request_hangs_until_the_message_is_there() {
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    let mut hanging = hang(&server, format!("/msg/{key}/1"));
    wait_until_here(&server, &key, 1);
    assert!(!hanging.has_something(), "it was answered before there was a message");
    Person::new(&server).say(&key, "at last");
    let answer = hanging.answer().expect(200);
    assert_eq!(answer.number(), 1);
    assert!(answer.text().ends_with(": at last"));
}

#[test]
fn a_later_number_hangs_until_its_own_message() {
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    let mut anna = Person::new(&server);
    anna.say(&key, "one");
    let mut hanging = hang(&server, format!("/msg/{key}/4"));
    wait_until_here(&server, &key, 1);
    for text in ["two", "three"] {
        anna.say(&key, text);
        assert!(!hanging.has_something(), "it was answered with another message");
    }
    anna.say(&key, "four");
    assert!(hanging.answer().expect(200).text().ends_with(": four"));
}

#[test]
fn one_post_answers_everybody_who_hangs() {
    const PEOPLE: u8 = 250;
    let server = Server::start();
    let key = server.created("/chat_create?listed=1");
    let hang = |last: u8| {
        let mut connection = Connection::open_from([127, 0, 1, last].into(), server.address());
        connection.send(&get(format!("/msg/{key}/1")));
        connection
    };
    let mut hanging: Vec<Connection> = (1..=PEOPLE).map(hang).collect();
    wait_until_here(&server, &key, PEOPLE.into());
    // Some lose patience; nobody else is disturbed.
    hanging.drain(..usize::from(PEOPLE / 10));
    let mut anna = Person::new(&server);
    anna.open(&key);
    anna.say(&key, "everybody");
    for connection in &mut hanging {
        let answer = connection.answer().expect(200);
        assert!(answer.number() == 1 && answer.text().ends_with(": everybody"), "{answer:?}");
    }
}

#[test]
fn one_connection_follows_a_room() {
    let server = Server::start();
    let key = server.room();
    let mut reader = Connection::open(server.address());
    let mut anna = Person::new(&server);
    for number in 1..=20 {
        reader.send(&get(format!("/msg/{key}/{number}")));
        anna.say(&key, &format!("text {number}"));
        let answer = reader.answer().expect(200);
        assert_eq!(answer.number(), number);
        assert!(answer.text().ends_with(&format!(": text {number}")));
    }
}

#[test]
fn a_hang_ends_without_a_message_after_the_configured_time() {
    let server = Server::unlimited_with(&[("PARLOR_LONG_POLL_TIMEOUT", "1")]);
    let key = server.room();
    let mut connection = Connection::open(server.address());
    for target in [format!("/msg/{key}/1"), format!("/msg/{key}/1?wait="), format!("/msg/{key}/1?wait=86400")] {
        let answer = connection.ask(get(target)).expect(204);
        assert_eq!(answer.body, b"");
    }
    // The page asks again, and nothing was lost meanwhile.
    Person::new(&server).say(&key, "late");
    assert!(connection.ask(get(format!("/msg/{key}/1"))).expect(200).text().ends_with(": late"));
}

#[test]
fn all_readers_see_one_order() {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let server = Server::start();
    let key = server.room();
    let read = || {
        let mut connection = Connection::open(server.address());
        let message = |number: usize| connection.ask(get(format!("/msg/{key}/{number}"))).expect(200).text();
        (1..=WRITERS * EACH).map(message).collect::<Vec<String>>()
    };
    let write = |writer: usize| {
        let mut person = Person::new(&server);
        person.open(&key);
        for count in 0..EACH {
            person.say(&key, &format!("{writer} {count}"));
        }
    };
    let seen: Vec<Vec<String>> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(read)).collect();
        for writer in 0..WRITERS {
            scope.spawn(move || write(writer));
        }
        readers.into_iter().map(|reader| reader.join().expect("a reader reads")).collect()
    });
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(seen[0], read(), "history is another order than what was seen live");
    // Each writer's messages stand in the order in which they were acknowledged.
    for writer in 0..WRITERS {
        let own = seen[0].iter().filter_map(|line| line.split_once(&format!(": {writer} ")).map(|(_, count)| count));
        assert_eq!(own.collect::<Vec<_>>(), (0..EACH).map(|count| count.to_string()).collect::<Vec<_>>());
    }
}
