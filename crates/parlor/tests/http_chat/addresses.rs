//! Addresses have one form each, and methods are as they are.

use super::support::http::{Connection, Request, get, post};
use super::support::server::Server;

#[test]
fn there_is_one_form_of_each_address() {
    let server = Server::start();
    let key = server.room();
    server.ask(post(format!("/send/{key}"), "hi")).expect(200);
    let first = u32::from(key.as_bytes()[0]);
    let tricks = [
        format!("/chat/{key}/"),
        format!("/chat/{key}/."),
        format!("/chat//{key}"),
        format!("//chat/{key}"),
        format!("/./chat/{key}"),
        format!("/x/../chat/{key}"),
        format!("/x/%2e%2e/chat/{key}"),
        format!("/chat/%2e%2e/chat/{key}"),
        format!("/chat/{key}%00"),
        format!("/chat/%00{key}"),
        format!("/chat/{key}%20"),
        format!("/chat/{key}%2f"),
        format!("/chat/{key}.html"),
        format!("/chat\\{key}"),
        format!("/chat%2f{key}"),
        format!("/%63hat/{key}"),
        format!("/CHAT/{key}"),
        format!("/chat/%{first:02x}{}", &key[1..]),
        format!("/chat/{}", &key[1..]),
        format!("/chat/{key}0"),
        format!("/chat/;{key}"),
        format!("/msg/{key}"),
        format!("/msg/{key}/"),
        format!("/msg/{key}/1/"),
        format!("/msg/{key}/1/2"),
        format!("/msg/{key}//1"),
        format!("/msg/{key}%2f1"),
        "/chat".to_owned(),
        "/chat/".to_owned(),
        "/chat/..".to_owned(),
        "/chat/../../etc/passwd".to_owned(),
        "/../../etc/passwd".to_owned(),
        "/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/..%c0%af..%c0%afetc/passwd".to_owned(),
        "/chat_create/".to_owned(),
        "/index.html".to_owned(),
        "/room/lobby".to_owned() + "%00",
    ];
    let mut connection = Connection::open(server.address());
    for target in tricks {
        let answer = connection.ask(get(target.clone()));
        assert_eq!(answer.status, 404, "{target}: {answer:?}");
        assert!(!answer.text().contains("root:"), "{target}");
    }
}

#[test]
fn a_key_in_upper_case_is_another_key() {
    let server = Server::start();
    // A key of digits alone would be its own upper case.
    let key =
        std::iter::repeat_with(|| server.room()).find(|key| key.bytes().any(|byte| byte.is_ascii_lowercase())).unwrap();
    let upper = key.to_uppercase();
    server.ask(get(format!("/chat/{upper}"))).expect(404);
    server.ask(get(format!("/msg/{upper}/1?wait=0"))).expect(404);
    server.ask(post(format!("/send/{upper}"), "hi")).expect(404);
}

#[test]
fn a_room_that_is_not_there_looks_the_same_to_every_request() {
    let server = Server::start();
    let bodies: Vec<String> = ["0".repeat(32), "z".repeat(32), "nowhere".to_owned(), "x".repeat(64), "%FF".to_owned()]
        .iter()
        .map(|key| server.ask(get(format!("/chat/{key}"))).expect(404).text())
        .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

#[test]
fn only_the_methods_that_mean_something_are_known() {
    let server = Server::start();
    let key = server.room();
    for (method, target) in [
        ("POST", format!("/chat/{key}")),
        ("POST", format!("/msg/{key}/1")),
        ("POST", "/".to_owned()),
        ("GET", format!("/send/{key}")),
        ("PUT", format!("/send/{key}")),
        ("PATCH", format!("/send/{key}")),
        ("DELETE", format!("/chat/{key}")),
        ("DELETE", format!("/msg/{key}/1")),
        ("PUT", "/chat_create".to_owned()),
        ("HEAD", "/chat_create".to_owned()),
        ("OPTIONS", "/chat_create".to_owned()),
        ("OPTIONS", format!("/send/{key}")),
        ("OPTIONS", "/".to_owned()),
        ("TRACE", "/".to_owned()),
        ("TRACE", format!("/chat/{key}")),
        ("BREW", "/".to_owned()),
        ("get", "/".to_owned()),
        ("POSTS", format!("/send/{key}")),
    ] {
        let answer = server.ask(Request::new(method, target.clone())).expect(405);
        assert!(method == "HEAD" || !answer.body.is_empty(), "{method} {target}: no word why");
        let allowed = answer.header("allow").unwrap_or_else(|| panic!("{method} {target}: not what is allowed"));
        for allowed in allowed.split(',').map(str::trim) {
            let status = server.ask(Request::new(allowed, format!("{target}?wait=0"))).status;
            assert_ne!(status, 405, "{method} {target} says that {allowed} is allowed");
        }
    }
    let mut connection = Connection::open(server.address());
    connection.write(b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n");
    assert!(matches!(connection.answer().status, 400 | 405));
    server.ask(get(format!("/chat/{key}"))).expect(200);
    assert_eq!(server.count(&key), 0);
}

#[test]
fn a_trace_repeats_nothing() {
    let server = Server::start();
    let answer = server.ask(Request::new("TRACE", "/").header("Cookie", "guest=secret"));
    assert!(!answer.text().contains("secret"));
}
