//! Refusals in the words of who asks: a sentence, a problem document (RFC 9457), or a page.

use super::support::http::{Request, get, post, post_form};
use super::support::server::Server;

/// Refusals of all kinds: the request, its status, its code, and a word of the sentence.
fn refusals(server: &Server) -> Vec<(Request, u16, &'static str, &'static str)> {
    let room = server.room();
    let keyed = |text: &str| post(format!("/send/{room}"), text).header("Idempotency-Key", "k").header("Cookie", "x=y");
    vec![
        (get(format!("/chat/{}", "0".repeat(32))), 404, "not_found", "no such room"),
        (get("/chat/nowhere"), 404, "not_found", "no such room"),
        (get("/nothing/here"), 404, "not_found", "nothing at this address"),
        (get(format!("/msg/{room}/0")), 400, "bad_number", "number"),
        (get(format!("/msg/{room}/1?wait=x")), 400, "bad_wait", "wait"),
        (keyed(" "), 400, "empty", "empty"),
        (keyed("\u{1b}"), 400, "bad_character", "byte 0"),
        (keyed(&"x".repeat(4097)), 413, "too_long", "4096"),
        (keyed("x").header("Sec-Fetch-Site", "cross-site"), 403, "cross_site", "another site"),
        (keyed("x").header("Content-Encoding", "gzip"), 415, "bad_encoding", "compressed"),
        (keyed("x").header("Content-Type", "application/json"), 415, "unsupported_type", "text/plain"),
        (Request::new("DELETE", format!("/send/{room}")), 405, "method_not_allowed", "method"),
        (post_form(format!("/send/{room}"), &[("nick", "x")]), 400, "no_text", "text"),
    ]
}

#[test]
fn a_program_without_a_wish_gets_a_plain_sentence() {
    let server = Server::start();
    for (request, status, _, words) in refusals(&server) {
        let answer = server.ask(request).expect(status);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        let text = answer.text();
        assert!(text.contains(words) && text.ends_with('\n') && !text.contains('<'), "{status}: {text}");
        assert_eq!(text.lines().count(), 1);
    }
}

#[test]
fn who_accepts_json_gets_a_problem_document() {
    let server = Server::start();
    for (request, status, code, words) in refusals(&server) {
        let answer = server.ask(request.header("Accept", "application/json")).expect(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let problem = answer.json();
        assert_eq!(
            (problem["status"].as_u64(), problem["code"].as_str()),
            (Some(status.into()), Some(code)),
            "{problem}"
        );
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
        let said = format!("{} {}", problem["detail"].as_str().unwrap(), problem["advice"].as_str().unwrap_or(""));
        assert!(said.contains(words), "{problem}");
    }
}

#[test]
fn a_browser_gets_a_page() {
    let server = Server::start();
    for (request, status, _, words) in refusals(&server) {
        let answer = server.ask(request.header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")).expect(status);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        let page = answer.text();
        let said = page.to_lowercase();
        assert!(said.starts_with("<!doctype html>") && said.contains(words), "{status}: {page}");
        assert!(page.contains("href=\"/\""), "no way out of here: {page}");
    }
}

#[test]
fn the_page_after_a_refused_form_leads_back_to_the_room() {
    let server = Server::start();
    let room = server.room();
    let refused = server.ask(post_form(format!("/send/{room}"), &[("text", " ")]).header("Accept", "text/html"));
    let page = refused.expect(400).text();
    assert!(page.contains(&format!("href=\"/chat/{room}\"")), "{page}");
}

#[test]
fn what_an_error_page_quotes_is_text() {
    let server = Server::start();
    let room = server.room();
    let form = "<script>alert(1)</script>=1&<script>alert(1)</script>=2";
    for request in [
        post(format!("/send/{room}"), form).header("Content-Type", "application/x-www-form-urlencoded"),
        get("/msg/\"><script>alert(1)</script>/1"),
        get("/<script>alert(1)</script>"),
        get(format!("/msg/{room}/%3Cscript%3Ealert(1)%3C%2Fscript%3E")),
        post("/send/\"><script>alert(1)</script>", "x"),
    ] {
        let answer = server.ask(request.header("Accept", "text/html"));
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert!(!answer.text().contains("<script>alert"), "{}", answer.text());
    }
}

#[test]
fn too_fast_is_said_in_every_face() {
    let server = Server::with(&[("PARLOR_LIMITS_ROOMS_PER_HOUR_PER_ADDRESS", "1")]);
    server.room();
    for (accept, content_type) in [
        ("*/*", "text/plain; charset=utf-8"),
        ("application/json", "application/problem+json"),
        ("text/html", "text/html; charset=utf-8"),
    ] {
        let answer = server.ask(get("/chat_create").header("Accept", accept)).expect(429);
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    }
}
