//! `GET` and `POST /chat_create`.

use super::pages::{between, listing, unescaped};
use super::support::http::{Answer, Request, get, percent_encoded, post, post_form};
use super::support::server::Server;

fn is_listed(server: &Server, key: &str) -> bool {
    listing(&server.ask(get("/")).expect(200).text(), key).is_some()
}

fn subject(server: &Server, key: &str) -> String {
    let page = server.ask(get(format!("/chat/{key}"))).expect(200).text();
    unescaped(between(&page, "<h1 dir=\"auto\">", "</h1>").expect("a chat page has a heading"))
}

fn listed_rooms(server: &Server) -> usize {
    server.ask(get("/")).expect(200).text().matches("href=\"/chat/").count()
}

#[test]
fn a_link_makes_a_room_and_leads_to_it() {
    let server = Server::start();
    let answer = server.ask(get("/chat_create?subject=Friday+dinner%21&listed=1")).expect(303);
    let key = answer.room_key();
    assert_eq!(key.len(), 32);
    assert!(key.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()), "{key}");
    assert_eq!(subject(&server, &key), "Friday dinner!");
    assert!(is_listed(&server, &key));
}

#[test]
fn both_parameters_are_optional() {
    let server = Server::start();
    for (query, expected, listed) in [
        ("", "Untitled", false),
        ("?", "Untitled", false),
        ("?subject=", "Untitled", false),
        ("?subject=+++", "Untitled", false),
        ("?subject=Tea", "Tea", false),
        ("?listed=0", "Untitled", false),
        ("?listed=1", "Untitled", true),
        ("?public=1", "Untitled", true),
        ("?public=0", "Untitled", false),
        ("?subject=Tea&listed=0", "Tea", false),
        ("?subject=Tea&public=1", "Tea", true),
    ] {
        let key = server.created(&format!("/chat_create{query}"));
        assert_eq!(subject(&server, &key), expected, "{query:?}");
        assert_eq!(is_listed(&server, &key), listed, "{query:?}");
    }
}

#[test]
fn a_post_makes_a_room_too() {
    let server = Server::start();
    for (fields, expected, listed) in [
        (&[][..], "Untitled", false),
        (&[("subject", "Ünïcode & <b>"), ("listed", "1")], "Ünïcode & <b>", true),
        (&[("subject", "Tea"), ("public", "1")], "Tea", true),
        (&[("subject", "Tea"), ("listed", "0")], "Tea", false),
    ] {
        let key = server.ask(post_form("/chat_create", fields)).room_key();
        assert_eq!((subject(&server, &key).as_str(), is_listed(&server, &key)), (expected, listed), "{fields:?}");
    }
    server.ask(post("/chat_create", "")).room_key();
}

#[test]
fn every_room_has_a_key_of_its_own() {
    let server = Server::start();
    let keys: std::collections::HashSet<String> = (0..50).map(|_| server.room()).collect();
    assert_eq!(keys.len(), 50);
}

#[test]
fn asking_for_the_head_alone_makes_nothing() {
    let server = Server::start();
    let before = listed_rooms(&server);
    server.ask(Request::new("HEAD", "/chat_create?listed=1")).expect(405);
    assert_eq!(listed_rooms(&server), before);
}

#[test]
fn a_link_on_another_site_makes_nothing() {
    let server = Server::start();
    let before = listed_rooms(&server);
    let link = || get("/chat_create?listed=1");
    for request in [
        link().header("Sec-Fetch-Site", "cross-site"),
        link().header("Sec-Fetch-Site", "same-site"),
        link().header("Origin", "https://evil.example"),
        post_form("/chat_create", &[("listed", "1")]).header("Sec-Fetch-Site", "cross-site"),
        post_form("/chat_create", &[("listed", "1")]).header("Origin", "null"),
    ] {
        server.ask(request).expect(403);
    }
    assert_eq!(listed_rooms(&server), before);
    // Typed into the address bar, or followed from our own page.
    for site in ["none", "same-origin"] {
        server.ask(link().header("Sec-Fetch-Site", site)).expect(303);
    }
    assert_eq!(listed_rooms(&server), before + 2);
}

#[test]
fn a_subject_obeys_the_text_rule() {
    let server = Server::start();
    let before = listed_rooms(&server);
    let create = |encoded: &str| -> Answer { server.ask(get(format!("/chat_create?listed=1&subject={encoded}"))) };
    for (encoded, words) in [
        ("a%00b", "byte 1"),
        ("ab%0Ac", "byte 2"),
        ("%0D%0ASet-Cookie:x=y", "byte 0"),
        ("%1B%5B2J", "byte 0"),
        ("a%7F", "byte 1"),
        ("%C2%85", "byte 0"),
        ("ok%E2%80%AE", "byte 2"),
        ("%EF%BF%BE", "byte 0"),
        ("%FF", "UTF-8"),
        ("%ED%A0%80", "UTF-8"),
    ] {
        let refused = create(encoded).expect(400);
        assert!(refused.text().contains(words), "{encoded}: {}", refused.text());
    }
    let longest = "ü".repeat(100);
    let too_long = create(&percent_encoded(&format!("{longest}x"))).expect(400).text();
    assert!(too_long.contains("200"), "the limit is not named: {too_long}");
    assert_eq!(listed_rooms(&server), before, "something was stored");
    let key = create(&percent_encoded(&longest)).room_key();
    assert_eq!(subject(&server, &key), longest);
}

#[test]
fn a_subject_is_text_on_every_page() {
    let server = Server::start();
    let hostile = "</title><script>alert(1)</script>\"' onmouseover=alert(1) &lt;";
    let key = server.created(&format!("/chat_create?listed=1&subject={}", percent_encoded(hostile)));
    for target in ["/".to_owned(), format!("/chat/{key}")] {
        let page = server.ask(get(target)).expect(200).text();
        assert!(!page.contains("<script>") && page.contains("alert(1)"), "{page}");
    }
    assert_eq!(subject(&server, &key), hostile);
}
