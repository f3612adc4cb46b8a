//! `POST /send/KEY`: the kinds of body.

use super::support::http::{Answer, get, post, post_form};
use super::support::server::Server;

const URLENCODED: &str = "application/x-www-form-urlencoded";

fn send(server: &Server, key: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    server.ask(post(format!("/send/{key}"), body).header("Content-Type", content_type))
}

/// The text of message `number`, whoever said it.
fn said(server: &Server, key: &str, number: u64) -> String {
    let answer = server.ask(get(format!("/msg/{key}/{number}?wait=0")).header("Accept", "application/json"));
    answer.expect(200).json()["text"].as_str().unwrap().to_owned()
}

#[test]
fn the_answer_says_which_number_it_became() {
    let server = Server::start();
    let key = server.room();
    for number in 1..=3 {
        let answer = server.ask(post(format!("/send/{key}"), "hi")).expect(200);
        assert_eq!((answer.number(), answer.header("chat-duplicate")), (number, None));
    }
}

#[test]
fn each_kind_of_body_carries_the_same_message() {
    let server = Server::start();
    let key = server.room();
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na=b&c+d%41 ü\r\n--x--\r\n";
    let cases: [(Option<&str>, &str, &str); 16] = [
        (None, "a=b&c+d%41 ü", "a=b&c+d%41 ü"),
        (Some("text/plain"), "a=b&c+d%41 ü", "a=b&c+d%41 ü"),
        (Some("text/plain; charset=utf-8"), "text=x", "text=x"),
        (Some("TEXT/PLAIN;charset=\"UTF-8\""), "hi", "hi"),
        (Some(URLENCODED), "hello", "hello"),
        (Some(URLENCODED), "100% & a+b %41", "100% & a+b %41"),
        (Some(URLENCODED), "ü", "ü"),
        (Some(URLENCODED), "text=a%3Db%26c%2Bd%2541+%C3%BC", "a=b&c+d%41 ü"),
        (Some(URLENCODED), "text=ü", "ü"),
        (Some(URLENCODED), "other=1&text=hi&nick=", "hi"),
        (Some("application/x-www-form-urlencoded; charset=UTF-8"), "text=hi", "hi"),
        (Some("multipart/form-data; boundary=x"), multipart, "a=b&c+d%41 ü"),
        (Some("multipart/form-data; boundary=\"x\""), multipart, "a=b&c+d%41 ü"),
        (
            Some("multipart/form-data; boundary=x"),
            "\r\n--x\r\ncontent-disposition: form-data; name=\"nick\"\r\n\r\nanna\r\n--x\r\ncontent-disposition: form-data; name=text\r\n\r\nhi\r\n--x--\r\n",
            "hi",
        ),
        (
            Some("Multipart/Form-Data; boundary=x"),
            "--x\r\nCONTENT-DISPOSITION: form-data; name=\"text\"\r\nCONTENT-TYPE: text/plain; charset=utf-8\r\n\r\nhi\r\n--x--",
            "hi",
        ),
        (
            Some("multipart/form-data; boundary=x"),
            "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\none\r\ntwo\r\n--x--\r\n",
            "one\ntwo",
        ),
    ];
    for (content_type, body, text) in cases {
        let request = post(format!("/send/{key}"), body);
        let request = content_type.iter().fold(request, |request, kind| request.header("Content-Type", *kind));
        let number = server.ask(request).expect(200).number();
        assert_eq!(said(&server, &key, number), text, "{content_type:?} {body:?}");
    }
}

#[test]
fn a_form_without_a_text_is_refused() {
    let server = Server::start();
    let key = server.room();
    let no_text = "--x\r\nContent-Disposition: form-data; name=\"nick\"\r\n\r\nanna\r\n--x--\r\n";
    for (content_type, body) in [
        (URLENCODED, "nick=anna"),
        (URLENCODED, "=hi"),
        (URLENCODED, "Text=hi"),
        (URLENCODED, "a=1&b"),
        ("multipart/form-data; boundary=x", no_text),
        ("multipart/form-data; boundary=x", "--x--\r\n"),
    ] {
        let refused = send(&server, &key, content_type, body).expect(400);
        assert!(refused.text().contains("text"), "{body:?}: {}", refused.text());
    }
    assert_eq!(server.count(&key), 0);
}

#[test]
fn a_body_that_cannot_be_read_is_refused() {
    let server = Server::start();
    let key = server.room();
    for (content_type, body, status) in [
        (URLENCODED, &b"text=100%"[..], 400),
        (URLENCODED, b"text=%zz", 400),
        (URLENCODED, b"text=%ff", 400),
        (URLENCODED, b"text=a\xffb", 400),
        (URLENCODED, b"ab\xffc", 400),
        (URLENCODED, b"text=a&text=b", 400),
        ("multipart/form-data", b"--x\r\n", 400),
        ("multipart/form-data; boundary=x", b"nothing of the kind", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi", 400),
        ("application/json", b"{\"text\":\"hi\"}", 415),
        ("text/html", b"<p>hi", 415),
        ("text/plain; charset=iso-8859-1", b"hi", 415),
        ("nonsense", b"hi", 415),
    ] {
        let refused = send(&server, &key, content_type, body).expect(status);
        assert!(!refused.body.is_empty(), "{content_type} {body:?}: no word why");
    }
    assert_eq!(server.count(&key), 0);
}

#[test]
fn an_unknown_room_takes_nothing() {
    let server = Server::start();
    let refused = server.ask(post(format!("/send/{}", "0".repeat(32)), "hi")).expect(404);
    assert!(refused.text().contains("no such room"), "{}", refused.text());
    server.ask(post("/send/lobby", "hi")).expect(404);
    assert_eq!(server.count(&server.lobby()), 0);
}

#[test]
fn a_chunked_body_is_a_body() {
    let server = Server::start();
    let key = server.room();
    let mut connection = super::support::http::Connection::open(server.address());
    connection.write(
        format!(
            "POST /send/{key} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"
        )
        .as_bytes(),
    );
    assert_eq!(connection.answer().expect(200).number(), 1);
    assert_eq!(said(&server, &key, 1), "hello world");
}

#[test]
fn a_limit_on_bodies_is_named() {
    let server = Server::start();
    let key = server.room();
    let refused = server.ask(post(format!("/send/{key}"), "x".repeat(64 * 1024 + 1))).expect(413);
    assert!(refused.text().contains("65536"), "{}", refused.text());
    let form = post_form(format!("/send/{key}"), &[("text", "hi"), ("other", &"x".repeat(60_000))]);
    assert_eq!(server.ask(form).expect(200).number(), 1);
}
