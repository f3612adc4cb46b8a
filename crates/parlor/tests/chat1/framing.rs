//! Where a request ends.

use super::client::{Answer, Client, PONG, WAYS, Way, register, request, server};

#[test]
fn an_answer_has_the_form_of_its_request() {
    let server = server();
    register(&server, "adrian", None);
    let mut client = Client::connect(&server);
    client.write(b"USE nobody CHAT/1.0\n");
    assert_eq!(client.plain_answer(), "CHAT/1.0 404 Not Found\n\nthere is no such user\n");
    client.write(b"USE nobody CHAT/1.0\nContent-Length: 0\n\n");
    let answer = client.framed_answer();
    assert_eq!((answer.header("Content-Length"), answer.body.as_str()), (Some("21"), "there is no such user"));
    client.write(b"USE adrian CHAT/1.0\r\n\r\n");
    let answer = client.plain_answer();
    let session =
        answer.strip_prefix("CHAT/1.0 200 OK\nSet-Cookie: SESSIONID=").and_then(|rest| rest.strip_suffix('\n'));
    assert_eq!(session.map(str::len), Some(36), "{answer:?}");
    client.write(b"LIST_USER CHAT/1.0\n\n");
    assert_eq!(client.plain_answer(), "CHAT/1.0 200 OK\n\n{\"users\": [\"adrian\"]}\n");
}

#[test]
fn lines_may_come_in_pieces_and_with_either_end() {
    let server = server();
    register(&server, "adrian", None);
    let mut client = Client::connect(&server);
    for byte in request(Way::Framed, "USE adrian", &[("X", "y")], "").bytes() {
        client.write(&[byte]);
    }
    client.framed_answer().expect(200);
    client.write(b"SEND lobby CHAT/1.0\r\nContent-Length: 5\r\n\r\nhello");
    client.framed_answer().expect(200);
    assert_eq!(server.line(&server.lobby(), 1), "adrian: hello");
}

#[test]
fn plain_requests_of_known_methods_may_follow_each_other() {
    let server = server();
    register(&server, "adrian", None);
    let mut client = Client::connect(&server);
    client.write(b"USE adrian CHAT/1.0\nLIST_USER CHAT/1.0\nPING CHAT/1.0\n");
    let all = client.plain_answer();
    let answers: Vec<&str> = all.split("CHAT/1.0 ").filter(|part| !part.is_empty()).collect();
    assert_eq!(answers.len(), 3, "{all:?}");
    assert!(answers[0].starts_with("200 OK\nSet-Cookie"), "{all:?}");
    assert_eq!(answers[1..], ["200 OK\n\n{\"users\": [\"adrian\"]}\n", "200 OK\n"]);
}

#[test]
fn a_line_in_a_body_is_never_a_command() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    let mut josie = Client::named(&server, "josie");
    let texts = [
        "first\n\nSEND lobby CHAT/1.0\n\nsmuggled",
        "SEND lobby CHAT/1.0\nContent-Length: 3\n\nabc",
        "LOGOUT CHAT/1.0\n",
        "x\r\n\r\nRM_GROUP lobby CHAT/1.0\r\n",
        "CHAT/1.0 200 OK",
    ];
    for way in WAYS {
        for text in texts {
            adrian.ask(way, "SEND josie", &[], text).expect(200);
            let received = josie.framed("RECV");
            let expected = text.replace("\r\n", "\n");
            let expected = if way == Way::Plain { expected.as_str() } else { &expected };
            assert_eq!(received.texts(), [expected], "{way:?}");
            josie.framed(&format!("RECV {}", received.cursor())).expect(200);
        }
    }
    assert_eq!(server.count(&server.lobby()), 0);
    adrian.framed("LIST_USER").expect(200);
}

#[test]
fn who_closes_the_writing_side_gets_the_answer_at_once() {
    let server = super::support::server::Server::unlimited_with(&[super::client::OPEN, ("PARLOR_QUIET_MS", "10000")]);
    register(&server, "adrian", None);
    for (text, expected) in [
        ("USE nobody CHAT/1.0", 404),
        ("USE nobody CHAT/1.0\n", 404),
        ("USE nobody CHAT/1.0\nPassword: x", 404),
        ("SEND adrian CHAT/1.0\n\nhello", 401),
        ("SEND adrian CHAT/1.0\nContent-Length: 10\n\nhello", 400),
    ] {
        let mut client = Client::connect(&server);
        client.write(text.as_bytes());
        client.half_close();
        let answer = client.rest();
        assert_eq!(Answer::read(&answer).status, expected, "{text:?}: {answer:?}");
    }
    // What was begun before is done, too.
    let mut client = Client::connect(&server);
    client.write(request(Way::Framed, "USE adrian", &[], "").as_bytes());
    let posts: String =
        (0..100).map(|number| request(Way::Framed, "SEND lobby", &[], &format!("text {number}"))).collect();
    client.write(posts.as_bytes());
    client.half_close();
    assert_eq!(client.rest().matches("CHAT/1.0 200 OK\n").count(), 101);
    assert_eq!(server.count(&server.lobby()), 100);
}

#[test]
fn the_letter_o_passes_for_the_zero() {
    let server = server();
    register(&server, "adrian", None);
    let mut client = Client::connect(&server);
    client.write(b"USE adrian CHAT/1.O\n");
    assert!(client.plain_answer().starts_with("CHAT/1.0 200 OK\n"));
    client.write(b"PING CHAT/1.O\nContent-Length: 0\n\n");
    assert_eq!(client.framed_answer(), Answer::read(PONG));
}
