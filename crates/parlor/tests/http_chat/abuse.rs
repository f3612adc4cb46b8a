//! Connections that take their time are ended, and nobody waits for them (PROMISES S53).

use std::thread;

use super::support::http::{Connection, get};
use super::support::server::Server;
use super::support::wait_for;

/// Sends `drop` again and again until the server has hung up; answers what it said before.
fn drip(mut connection: Connection, drop: &[u8]) -> Vec<u8> {
    wait_for("the end of a slow connection", || {
        connection.write(drop);
        connection.has_ended().then(|| connection.rest())
    })
}

/// The real limits are 10 and 15 seconds, so this is the one test that takes that long.
#[test]
fn who_takes_too_long_is_cut_off_and_nobody_else_notices() {
    let server = Server::start();
    let key = server.room();
    let begun = |head: &str| {
        let mut connection = Connection::open(server.address());
        connection.write(head.as_bytes());
        connection
    };
    let post = format!("POST /send/{key} HTTP/1.1\r\nHost: x\r\n");
    let ends = [
        ("says nothing", begun(""), &b""[..]),
        ("stops in the request line", begun("GET / HT"), b""),
        ("drips headers", begun("GET / HTTP/1.1\r\nHost: x\r\nX: "), b"y"),
        ("stops in the headers", begun("GET / HTTP/1.1\r\nHost: x\r\n"), b""),
        ("sends no body", begun(&format!("{post}Content-Length: 5\r\n\r\n")), b""),
        ("drips a body", begun(&format!("{post}Content-Length: 60000\r\n\r\n")), b"x"),
        ("drips chunks", begun(&format!("{post}Transfer-Encoding: chunked\r\n\r\n")), b"1\r\nx\r\n"),
    ];
    thread::scope(|scope| {
        let slow: Vec<_> = ends
            .into_iter()
            .map(|(what, connection, drop)| (what, scope.spawn(move || drip(connection, drop))))
            .collect();
        // Meanwhile everybody else is served.
        while slow.iter().any(|(_, slow)| !slow.is_finished()) {
            server.ask(get("/healthz")).expect(200);
            thread::sleep(std::time::Duration::from_millis(50));
        }
        for (what, slow) in slow {
            let said = String::from_utf8(slow.join().expect("it was cut off")).unwrap();
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "who {what} heard {said}");
        }
    });
    assert_eq!(server.count(&key), 0, "something was stored");
}
