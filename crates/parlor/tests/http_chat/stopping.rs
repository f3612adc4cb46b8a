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
    let mut hanging: Vec<Connection> = (0..5).map(|_| Connection::open(server.address())).collect();
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
