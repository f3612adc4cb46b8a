//! Pages of other sites cannot post here with somebody's cookies (PROMISES S25).

use super::support::http::{post, post_form};
use super::support::person::Person;
use super::support::server::Server;

#[test]
fn a_post_is_taken_from_our_pages_and_from_programs_only() {
    let server = Server::start();
    let key = server.room();
    let own = format!("http://{}", server.address());
    let other_port = "http://127.0.0.1:1";
    let mut anna = Person::new(&server);
    anna.open(&key);
    let mut taken = 0;
    for (origin, site, allowed) in [
        (None, None, true),
        (Some(own.as_str()), None, true),
        (Some(own.as_str()), Some("same-origin"), true),
        (None, Some("same-origin"), true),
        (None, Some("none"), true),
        (Some("https://evil.example"), None, false),
        (Some("null"), None, false),
        (Some(other_port), None, false),
        (Some("http://localhost"), None, false),
        (Some("http://127.0.0.1.evil.example"), None, false),
        (Some("127.0.0.1"), None, false),
        (Some(""), None, false),
        (Some("https://evil.example"), Some("cross-site"), false),
        (Some(own.as_str()), Some("cross-site"), false),
        (Some(own.as_str()), Some("same-site"), false),
        (None, Some("cross-site"), false),
        (None, Some("same-site"), false),
        (None, Some("nonsense"), false),
    ] {
        let as_text = post(format!("/send/{key}"), "hi").header("Content-Type", "text/plain");
        for mut request in [as_text, post_form(format!("/send/{key}"), &[("text", "hi")])] {
            for (name, value) in [("Origin", origin), ("Sec-Fetch-Site", site)] {
                request = value.iter().fold(request, |request, value| request.header(name, *value));
            }
            let answer = anna.ask(request);
            assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{origin:?} {site:?}: {answer:?}");
            taken += u64::from(allowed);
        }
    }
    assert_eq!(server.count(&key), taken, "something refused was stored");
}

#[test]
fn the_host_that_was_asked_is_our_origin() {
    let server = Server::start();
    let key = server.room();
    for (host, origin, status) in [
        ("chat.example", "https://chat.example", 200),
        ("Chat.Example:8080", "http://chat.example:8080", 200),
        ("chat.example", "https://chat.example.evil", 403),
        ("chat.example", "https://evil.example", 403),
        ("chat.example:8080", "http://chat.example", 403),
    ] {
        let request = post(format!("/send/{key}"), "hi").header("Host", host).header("Origin", origin);
        assert_eq!(server.ask(request).status, status, "{host} {origin}");
    }
}
