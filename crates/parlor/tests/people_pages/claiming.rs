//! Who wrote as a guest before logging in keeps that, or leaves it.

use super::support::http::{get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{leads_to, page, registered};

/// A guest of this name who has spoken in a room.
fn spoken(server: &Server, key: &str, nick: &str) -> Person {
    let mut guest = Person::new(server);
    guest.open(key);
    guest.ask(post_form(format!("/send/{key}"), &[("text", "hello"), ("nick", nick)])).expect(200);
    guest
}

#[test]
fn what_a_guest_wrote_is_kept_by_who_says_so() {
    let server = Server::start();
    let key = server.room();
    let mut ann = spoken(&server, &key, "Ann <b>");
    let was = ann.cookie("guest").value.clone();
    let to = leads_to(&ann.ask(page(post_form("/register", &[("name", "ann"), ("next", "/rooms")]))));
    assert_eq!(to, "/account/claim?next=/rooms");
    let asked = ann.ask(page(get(to))).expect(200).text();
    assert!(asked.contains("~Ann &#60;b&#62;"), "{asked}");
    assert!(ann.ask(page(get("/account"))).expect(200).text().contains("/account/claim"));
    let kept = ann.ask(page(post_form("/account/claim", &[("keep", "1"), ("next", "/rooms")])));
    assert_eq!(leads_to(&kept), "/rooms");
    assert!(!ann.has_cookie("guest"));
    assert!(!ann.ask(page(get("/account"))).expect(200).text().contains("/account/claim"));
    // Nobody else gets it with that cookie, not even a question.
    let mut eve = registered(&server, "eve");
    eve.give("guest", &was);
    assert_eq!(leads_to(&eve.ask(page(get("/account/claim")))), "/");
    eve.ask(page(post_form("/account/claim", &[("keep", "1")]))).expect(303);
}

#[test]
fn what_a_guest_wrote_is_left_by_who_says_so() {
    let server = Server::start();
    let key = server.room();
    registered(&server, "ann");
    let mut ann = spoken(&server, &key, "Ann");
    let was = ann.cookie("guest").value.clone();
    let to = leads_to(&ann.ask(page(post_form("/login", &[("name", "ann")]))));
    assert_eq!(to, "/account/claim?next=/");
    assert_eq!(leads_to(&ann.ask(page(post_form("/account/claim", &[("keep", "0")])))), "/");
    assert!(!ann.has_cookie("guest"));
    // It is still whoever has the cookie.
    let mut ben = registered(&server, "ben");
    ben.give("guest", &was);
    ben.ask(page(get("/account/claim"))).expect(200);
    ben.ask(page(post_form("/account/claim", &[("keep", "maybe")]))).expect(400);
}

#[test]
fn a_guest_who_said_nothing_is_not_asked_about() {
    let server = Server::start();
    let mut ann = Person::new(&server);
    ann.open(&server.room());
    assert!(ann.has_cookie("guest"));
    assert_eq!(leads_to(&ann.ask(page(post_form("/register", &[("name", "ann")])))), "/");
    assert!(!ann.has_cookie("guest"));
}

#[test]
fn a_forged_guest_is_nobody_to_claim() {
    let server = Server::start();
    let key = server.room();
    let real = spoken(&server, &key, "Ann").cookie("guest").value.clone();
    let forged = format!("{}{}", &real[..real.len() - 1], if real.ends_with('0') { '1' } else { '0' });
    let mut eve = registered(&server, "eve");
    eve.give("guest", &forged);
    assert_eq!(leads_to(&eve.ask(page(get("/account/claim")))), "/");
}
