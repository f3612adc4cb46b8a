//! The end of the server, and connections for which there is no place.

use super::client::{Answer, Client, OPEN, Way, request, server};
use super::support::server::Server;
use super::support::wait_for;

#[test]
fn a_server_that_stops_ends_its_connections() {
    let mut server = server();
    let mut listener = Client::named(&server, "adrian");
    listener.listen();
    let mut half = Client::named(&server, "josie");
    let mut plain = Client::named(&server, "john");
    // Whoever has the answer to what stands before it knows that it was read.
    half.write(b"PING CHAT/1.0\nContent-Length: 0\n\nSEND lobby CHAT/1.0\nContent-Length: 100\n\nhalf of it");
    half.framed_answer().expect(200);
    plain.write(b"PING CHAT/1.0\nContent-Length: 0\n\nSEND lobby CHAT/1.0\n\nhalf a line");
    plain.framed_answer().expect(200);
    let mut refused = Client::named(&server, "anna");
    refused.write(b"SEND lobby CHAT/1.0\nContent-Length: 10000\n\nhalf of it");
    refused.framed_answer().expect(413);
    listener.framed("PING").expect(200);
    server.terminate();
    assert!(server.ended().success());
    assert_eq!(listener.rest(), "", "nothing is said to who asked for nothing");
    let half = Answer::read(&half.rest()).expect(503);
    assert_eq!(half.header("Content-Length"), Some(half.body.len().to_string().as_str()), "it counts bytes");
    let plain = Answer::read(&plain.rest()).expect(503);
    assert_eq!((plain.headers.len(), plain.body), (0, half.body));
    assert_eq!(refused.rest(), "", "one answer to one request");
}

#[test]
fn what_was_acknowledged_outlives_the_server() {
    let mut server = server();
    let mut adrian = Client::named(&server, "adrian");
    let all: String =
        (0..200).map(|number| request(Way::Framed, "SEND lobby", &[], &format!("text {number}"))).collect();
    adrian.write(all.as_bytes());
    for _ in 0..50 {
        adrian.framed_answer().expect(200);
    }
    server.kill_and_start();
    assert!(server.count(&server.lobby()) >= 50);
}

#[test]
fn who_finds_no_place_is_told_so() {
    let server = Server::with(&[OPEN, ("PARLOR_LIMITS_CONNECTIONS_PER_ADDRESS", "2")]);
    // The connection that asked whether the server is up may still count.
    let _held = [(); 2].map(|()| wait_for("a place", || Client::try_connect(&server)));
    let refused = Client::connect(&server).rest();
    assert!(refused.starts_with("CHAT/1.0 429 Too Many Requests\n\n"), "{refused:?}");
}
