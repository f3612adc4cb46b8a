//! What every answer says to browsers and caches; the assets; the answers for watchers.

use super::pages::attribute;
use super::support::http::{Answer, Request, get, post};
use super::support::person::Person;
use super::support::server::Server;

fn pages(server: &Server) -> Vec<Answer> {
    let key = server.created("/chat_create?listed=1");
    Person::new(server).say(&key, "hi");
    let html = |target: String| server.ask(get(target).header("Accept", "text/html"));
    vec![
        html("/".to_owned()).expect(200),
        html(format!("/chat/{key}")).expect(200),
        html(format!("/chat/{key}?before=1")).expect(200),
        html("/chat/nowhere".to_owned()).expect(404),
        html("/nothing".to_owned()).expect(404),
        html(format!("/msg/{key}/0")).expect(400),
        server.ask(post("/send/nowhere", "hi").header("Accept", "text/html")).expect(404),
        server.ask(post("/", "hi").header("Accept", "text/html").header("Origin", "null")).expect(403),
    ]
}

#[test]
fn pages_carry_a_strict_policy_and_nothing_inline() {
    let server = Server::start();
    for page in pages(&server) {
        let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("no policy: {page:?}"));
        let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(directives.contains(&directive), "{directive} is not in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        let html = page.text();
        assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains("javascript:"), "{html}");
        for tag in html.split('<').skip(1) {
            let inline_handler =
                tag.split_whitespace().skip(1).any(|word| word.starts_with("on") && word.contains('='));
            assert!(!inline_handler, "<{tag}");
            assert!(!tag.starts_with("script") || tag.contains(" src=\"/assets/"), "<{tag}");
        }
    }
}

#[test]
fn every_answer_is_nobody_elses_business() {
    let server = Server::start();
    let key = server.room();
    let mut answers = pages(&server);
    for request in [
        post(format!("/send/{key}"), "hi"),
        get(format!("/msg/{key}/1")),
        get(format!("/msg/{key}/2?wait=0")),
        get("/chat_create"),
        get("/chat/lobby"),
        get(format!("/msg/{key}/1")).header("Accept", "application/json"),
        post(format!("/send/{key}"), " "),
        get("/healthz").header("Origin", "https://evil.example"),
    ] {
        answers.push(server.ask(request));
    }
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        assert!(matches!(answer.header("referrer-policy"), Some("same-origin" | "no-referrer")), "{answer:?}");
        assert!(
            answer.headers.iter().all(|(name, _)| !name.to_lowercase().starts_with("access-control-")),
            "{answer:?}"
        );
    }
}

#[test]
fn what_may_change_is_kept_by_no_cache() {
    let server = Server::start();
    let key = server.room();
    let mut answers = pages(&server);
    for (request, status) in [
        (post(format!("/send/{key}"), "hi"), 200),
        (get(format!("/msg/{key}/1")), 200),
        (get(format!("/msg/{key}/1")).header("If-None-Match", "*"), 200),
        (get(format!("/msg/{key}/1")).header("Range", "bytes=0-1"), 200),
        (get(format!("/msg/{key}/2?wait=0")), 204),
        (get("/chat_create"), 303),
        (get("/chat/lobby"), 303),
        (post(format!("/send/{key}"), " "), 400),
        (get("/nothing"), 404),
    ] {
        answers.push(server.ask(request).expect(status));
    }
    for answer in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!((answer.header("etag"), answer.header("last-modified")), (None, None));
    }
}

#[test]
fn the_assets_that_pages_name_are_kept_for_ever() {
    let server = Server::start();
    let page = server.ask(get("/")).expect(200).text();
    let links = page.split('<').filter(|tag| tag.contains("\"/assets/"));
    let addresses: Vec<String> =
        links.map(|tag| attribute(tag, if tag.starts_with("link") { "href" } else { "src" })).collect();
    assert!(addresses.len() >= 3, "{addresses:?}");
    for address in addresses {
        let asset = server.ask(get(address.clone())).expect(200);
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"), "{address}");
        let expected = match address.split('?').next().unwrap().rsplit('.').next().unwrap() {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("what is a {other}?"),
        };
        assert_eq!(asset.header("content-type"), Some(expected));
        assert!(!asset.body.is_empty());
        let tag = asset.header("etag").expect("an asset has a tag").to_owned();
        let again = server.ask(get(address.clone()).header("If-None-Match", tag)).expect(304);
        assert!(again.body.is_empty(), "{address}");
        // An address of another build must not pin these bytes.
        let other = server.ask(get(format!("{address}0"))).expect(200);
        assert!(!other.header("cache-control").unwrap().contains("immutable"), "{address}");
    }
    server.ask(get("/assets/../Cargo.toml")).expect(404);
    server.ask(get("/assets/")).expect(404);
}

#[test]
fn a_head_is_the_answer_without_its_body() {
    let server = Server::start();
    let key = server.room();
    Person::new(&server).say(&key, "hi");
    for target in
        ["/".to_owned(), format!("/chat/{key}"), format!("/msg/{key}/1"), "/healthz".to_owned(), "/readyz".to_owned()]
    {
        let (head, whole) = (server.ask(Request::new("HEAD", target.clone())), server.ask(get(target.clone())));
        assert_eq!(head.status, 200, "{target}");
        for name in ["content-type", "content-length", "cache-control", "chat-number", "content-security-policy"] {
            assert_eq!(head.header(name), whole.header(name), "{target}: {name}");
        }
    }
    // Nothing stands between this answer and the next.
    let mut connection = super::support::http::Connection::open(server.address());
    connection.ask(Request::new("HEAD", format!("/chat/{key}"))).expect(200);
    assert!(connection.ask(get(format!("/msg/{key}/1"))).expect(200).text().ends_with(": hi"));
    server.ask(Request::new("HEAD", "/chat/nowhere")).expect(404);
    server.ask(Request::new("HEAD", format!("/send/{key}"))).expect(405);
}

#[test]
fn watchers_hear_that_it_lives_and_that_it_is_ready() {
    let server = Server::start();
    for target in ["/healthz", "/readyz"] {
        let answer = server.ask(get(target)).expect(200);
        assert!(answer.text().ends_with('\n'), "{target}");
    }
}
