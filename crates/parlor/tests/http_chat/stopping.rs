//! SIGTERM: everybody is answered, nothing is lost, the process ends by itself.

use std::net::TcpStream;

use super::pages::listing;
use super::support::http::{Connection, get};
use super::support::person::Person;
use super::support::server::Server;
use super::support::wait_for;

#[test]
fn who_hangs_is_told_to_come_back_and_the_process_ends_well() {
    let mut server = Server::start();
    let key = server.created("/chat_create?listed=1");
    Person::new(&server).say(&key, "kept");
    let mut hanging: Vec<Connection> =
        (1..=5).map(|last| Connection::open_from([127, 0, 1, last].into(), server.address())).collect();
    let mut for_json = Connection::open(server.address());
    for connection in &mut hanging {
        connection.send(&get(format!("/msg/{key}/2")));
    }
    for_json.send(&get(format!("/msg/{key}/2")).header("Accept", "application/json"));
    wait_for("six people", || {
        listing(&server.ask(get("/")).expect(200).text(), &key)?.contains("6 people here").then_some(())
    });
    let mut idle = Connection::open(server.address());
    idle.ask(get("/healthz")).expect(200);
    server.terminate();
    for connection in &mut hanging {
        let answer = connection.answer().expect(503);
        let retry_after: u64 = answer.header("retry-after").expect("when to come back").parse().expect("seconds");
        assert!(retry_after >= 1 && answer.text().contains("restart"), "{answer:?}");
        assert!(connection.is_closed());
    }
    let problem = for_json.answer().expect(503);
    assert_eq!(
        (problem.header("content-type"), problem.header("retry-after").is_some()),
        (Some("application/problem+json"), true)
    );
    assert!(idle.is_closed(), "an idle connection keeps the server from ending");
    assert_eq!(server.ended().code(), Some(0), "{}", server.log());
    assert!(TcpStream::connect(server.address()).is_err());
    server.start_again();
    assert!(server.line(&key, 1).ends_with(": kept"));
}

#[test]
fn who_has_said_half_a_request_is_not_waited_for() {
    let mut server = Server::start();
    let key = server.room();
    let half = b"GET / HTTP/1.1\r\nHost: a\r\n";
    let mut silent = Connection::open(server.address());
    let mut first = Connection::open(server.address());
    first.write(half);
    let mut second = Connection::open(server.address());
    second.ask(get("/healthz")).expect(200);
    second.write(half);
    let mut pipelining = Connection::open(server.address());
    pipelining.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET / HT");
    pipelining.answer().expect(200);
    let mut post = Connection::open(server.address());
    let head = "Host: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";
    post.write(format!("POST /send/{key} HTTP/1.1\r\n{head}").as_bytes());
    // It says that it wants the body, so it is waiting for that.
    post.answer().expect(100);
    post.write(b"hello");
    server.terminate();
    let told = post.answer().expect(503);
    assert!(told.header("retry-after").is_some() && told.text().contains("restart"), "{told:?}");
    for connection in [&mut silent, &mut first, &mut second, &mut pipelining, &mut post] {
        assert!(connection.is_closed());
    }
    assert_eq!(server.ended().code(), Some(0), "{}", server.log());
    assert!(!server.log().contains("did not end in time"), "{}", server.log());
    server.start_again();
    assert_eq!(server.count(&key), 0, "half a message was stored");
}

#[test]
fn a_post_that_is_being_answered_is_waited_for() {
    let mut server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.say(&key, "one");
    let mut connection = anna.connect();
    connection.send(&anna.with_cookies(super::support::http::post(format!("/send/{key}"), "two")));
    // The beginning of another request behind it changes nothing.
    connection.write(b"GET / HTTP/1.1\r\nHost: ");
    wait_for("the message", || {
        let found = server.ask(get(format!("/msg/{key}/2?wait=0")));
        (found.status == 200).then_some(())
    });
    server.terminate();
    assert_eq!(connection.answer().expect(200).number(), 2);
    assert_eq!(server.ended().code(), Some(0), "{}", server.log());
    assert!(!server.log().contains("did not end in time"), "{}", server.log());
}
