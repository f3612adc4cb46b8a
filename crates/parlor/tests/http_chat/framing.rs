//! Requests whose ends are in doubt, and requests that are too large: refused, and nothing after them is believed.

use super::support::http::{Answer, Connection, get, post};
use super::support::server::Server;

/// Sends bytes on a new connection; the answer, after which the server must have hung up.
fn refused(server: &Server, bytes: &[u8]) -> Answer {
    let mut connection = Connection::open(server.address());
    connection.write(bytes);
    let answer =
        connection.read(true).unwrap_or_else(|error| panic!("{error} for {:?}", String::from_utf8_lossy(bytes)));
    let rest = connection.rest();
    assert!(
        rest.is_empty(),
        "it went on after {:?}: {:?}",
        String::from_utf8_lossy(bytes),
        String::from_utf8_lossy(&rest)
    );
    answer
}

/// A post to a room with these header lines and this body.
fn raw(key: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("POST /send/{key} HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}").into_bytes()
}

#[test]
fn a_request_with_two_lengths_is_refused() {
    let server = Server::start();
    let key = server.room();
    // Whoever believes the other length sees a second request in the body.
    let smuggled = format!("0\r\n\r\nPOST /send/{key} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nsmugg");
    let length = smuggled.len();
    for headers in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        format!("transfer-encoding: Chunked\r\nX: y\r\ncontent-length: {length}\r\n"),
        "Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        "Content-Length: 5\r\nContent-Length: 5\r\n".to_owned(),
        "Content-Length: 5, 5\r\n".to_owned(),
    ] {
        let request = raw(&key, &headers, &smuggled);
        // Empty lines before a request are skipped, and must not hide what follows them.
        for before in ["", "\r\n", "\r\n\r\n"] {
            let answer = refused(&server, &[before.as_bytes(), &request].concat());
            assert_eq!(answer.status, 400, "{before:?} {headers}");
        }
    }
    assert_eq!(server.count(&key), 0, "something was stored");
}

#[test]
fn two_lengths_on_a_connection_that_was_used_are_refused_too() {
    let server = Server::start();
    let key = server.room();
    for first in [get("/healthz"), post(format!("/send/{key}"), "hi")] {
        for headers in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        ] {
            let mut connection = Connection::open(server.address());
            connection.ask(first.clone()).expect(200);
            connection.write(&raw(&key, headers, "0\r\n\r\n"));
            let answer = connection.answer().expect(400);
            assert!(answer.text().contains("Content-Length"), "{}", answer.text());
            assert!(connection.is_closed());
        }
    }
    assert_eq!(server.count(&key), 2);
}

#[test]
fn a_length_or_coding_that_is_none_is_refused() {
    let server = Server::start();
    let key = server.room();
    for headers in [
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: five\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Content-Length : 5\r\n",
        "X-Folded: a\r\n b\r\nContent-Length: 5\r\n",
        "X\0: a\r\nContent-Length: 5\r\n",
        "X: a\0b\r\nContent-Length: 5\r\n",
        ": a\r\nContent-Length: 5\r\n",
        "no colon\r\nContent-Length: 5\r\n",
        "X: a\rb\r\nContent-Length: 5\r\n",
    ] {
        let answer = refused(&server, &raw(&key, headers, "hello"));
        assert_eq!(answer.status, 400, "{headers:?}");
    }
    assert_eq!(server.count(&key), 0, "something was stored");
}

#[test]
fn lines_end_with_both_of_their_bytes() {
    let server = Server::start();
    let key = server.room();
    for bytes in [
        format!("POST /send/{key} HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello"),
        format!("POST /send/{key} HTTP/1.1\r\nHost: x\nContent-Length: 5\r\n\r\nhello"),
        format!("POST /send/{key} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\nhello"),
    ] {
        assert_eq!(refused(&server, bytes.as_bytes()).status, 400, "{bytes:?}");
    }
    assert_eq!(server.count(&key), 0, "something was stored");
}

#[test]
fn a_chunk_that_is_none_stores_nothing() {
    let server = Server::start();
    let key = server.room();
    for body in [
        "ffffffffffffffff1\r\nhello\r\n0\r\n\r\n",
        "10000000000000000\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "zz\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "\r\nhello\r\n",
    ] {
        let answer = refused(&server, &raw(&key, "Transfer-Encoding: chunked\r\n", body));
        assert_eq!(answer.status, 400, "{body:?}");
    }
    // Larger than a body may be, piece by piece.
    let piece = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let answer =
        refused(&server, &raw(&key, "Transfer-Encoding: chunked\r\n", &format!("{}0\r\n\r\n", piece.repeat(5))));
    assert_eq!(answer.status, 413);
    // Cut off before its end.
    let mut connection = Connection::open(server.address());
    connection.write(&raw(&key, "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"));
    connection.finish();
    connection.rest();
    let mut connection = Connection::open(server.address());
    connection.write(&raw(&key, "Content-Length: 10\r\n", "hello"));
    connection.finish();
    connection.rest();
    assert_eq!(server.count(&key), 0, "something was stored");
}

#[test]
fn too_many_or_too_large_headers_are_refused() {
    let server = Server::start();
    let key = server.room();
    let many = |count: usize| (0..count).map(|count| format!("X-{count}: y\r\n")).collect::<String>();
    for headers in [
        many(100),
        many(10_000),
        format!("X: {}\r\n", "y".repeat(17 * 1024)),
        format!("X: {}\r\n", "y".repeat(1 << 20)),
        format!("{}: y\r\n", "x".repeat(20 * 1024)),
        format!("Cookie: {}\r\n", "a=b; ".repeat(4_000)),
    ] {
        let answer = refused(&server, &raw(&key, &format!("{headers}Content-Length: 5\r\n"), "hello"));
        assert_eq!(answer.status, 431, "{:.40}", headers);
    }
    assert_eq!(server.count(&key), 0, "something was stored");
    // What browsers send fits by far.
    let mut connection = Connection::open(server.address());
    connection.write(&raw(
        &key,
        &format!("{}Cookie: {}\r\nContent-Length: 5\r\n", many(50), "a=b; ".repeat(1_000)),
        "hello",
    ));
    connection.answer().expect(200);
}

#[test]
fn an_address_that_is_too_long_is_refused() {
    let server = Server::start();
    for length in [9 * 1024, 17 * 1024, 1 << 20] {
        let answer = refused(&server, format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(length)).as_bytes());
        assert!(matches!(answer.status, 414 | 431), "{}", answer.status);
    }
    let in_our_words = server.ask(get(format!("/{}", "x".repeat(9 * 1024)))).expect(414);
    assert!(in_our_words.text().contains("8192"), "the limit is not named: {}", in_our_words.text());
    server.ask(get(format!("/?{}", "x".repeat(7 * 1024)))).expect(200);
}

#[test]
fn a_request_names_one_host() {
    let server = Server::start();
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \"><script>\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: x\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        "GET /\r\n\r\n",
        "nonsense\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\x7c\x03\x03\r\n\r\n",
    ] {
        let answer = refused(&server, head.as_bytes());
        assert!(matches!(answer.status, 400 | 505), "{head:?}: {}", answer.status);
    }
}

#[test]
fn a_compressed_body_is_not_taken() {
    let server = Server::start();
    let key = server.room();
    for coding in ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, identity"] {
        server.ask(post(format!("/send/{key}"), "hi").header("Content-Encoding", coding)).expect(415);
    }
    assert_eq!(server.count(&key), 0);
    server.ask(post(format!("/send/{key}"), "hi").header("Content-Encoding", "identity")).expect(200);
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let server = Server::start();
    let key = server.room();
    let mut connection = Connection::open(server.address());
    let cookie = super::support::person::SetCookie::all(&server.ask(get(format!("/chat/{key}"))))
        .into_iter()
        .find(|cookie| cookie.name == "guest")
        .unwrap();
    let posts: Vec<u8> = (0..50)
        .flat_map(|count| {
            let request = post(format!("/send/{key}"), format!("text {count}"));
            request.header("Cookie", format!("guest={}", cookie.value)).to_bytes(server.address())
        })
        .collect();
    connection.write(&posts);
    for number in 1..=50 {
        assert_eq!(connection.answer().expect(200).number(), number);
    }
    for number in 1..=50 {
        assert!(server.line(&key, number).ends_with(&format!(": text {}", number - 1)));
    }
}

#[test]
fn a_client_that_asks_before_it_sends_is_told_to_go_on() {
    let server = Server::start();
    let key = server.room();
    let mut connection = Connection::open(server.address());
    connection.write(&raw(&key, "Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
    connection.answer().expect(100);
    connection.write(b"hello");
    connection.answer().expect(200);
    // Too large: said at once, before anybody sends it.
    let mut connection = Connection::open(server.address());
    connection.write(&raw(&key, "Expect: 100-continue\r\nContent-Length: 1000000\r\n", ""));
    connection.answer().expect(413);
    assert_eq!(server.count(&key), 1);
}
