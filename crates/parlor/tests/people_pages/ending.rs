//! The end of a session reaches what hangs by it, and nothing that is said later does.

use super::support::http::{Connection, get, post, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{PASSWORD, log_in, page, with_password};

/// Hangs for the next message and for who is here.
fn hang(person: &mut Person, key: &str) -> [Connection; 2] {
    let here = person.ask(get(format!("/here/{key}?wait=0"))).expect(200).json();
    let version = here["version"].as_str().unwrap();
    [format!("/msg/{key}/1"), format!("/here/{key}?after={version}")].map(|target| {
        let mut connection = person.connect();
        connection.send(&person.with_cookies(get(target)).header("Accept", "application/json"));
        connection
    })
}

fn expect_logged_out(hanging: [Connection; 2]) {
    for mut connection in hanging {
        let answer = connection.answer().expect(401);
        assert_eq!(answer.json()["code"], "logged_out");
    }
}

/// Somebody hangs; then `end` ends the session.
fn check(end: impl FnOnce(&Server, &mut Person, &mut Person)) {
    let server = Server::start();
    let key = server.room();
    let mut desk = with_password(&server, "ann");
    let mut phone = log_in(&server, "ann");
    desk.open(&key);
    // The poll makes somebody here, which the other request is told of: so that one begins when all is quiet.
    desk.ask(get(format!("/msg/{key}/1?wait=0"))).expect(204);
    let mut hanging = hang(&mut desk, &key);
    assert!(!hanging[0].has_something() && !hanging[1].has_something());
    end(&server, &mut desk, &mut phone);
    expect_logged_out(hanging);
    desk.ask(post(format!("/send/{key}"), "still me?")).expect(401);
    desk.ask(get(format!("/msg/{key}/1?wait=0"))).expect(401);
    assert_eq!(server.count(&key), 0, "it was said by somebody else instead");
}

#[test]
fn logging_out_ends_what_hangs() {
    check(|_, desk, _| {
        // As another tab of the same browser does, which takes the cookie away from this one, too.
        let token = desk.cookie("session").value.clone();
        desk.ask(page(post_form("/logout", &[]))).expect(303);
        desk.give("session", &token);
    });
}

#[test]
fn ending_a_log_in_from_elsewhere_ends_what_hangs() {
    check(|_, _, phone| {
        let account = phone.ask(page(get("/account"))).expect(200).text();
        let (_, rest) = account.split_once("<button name=\"id\" value=\"").expect("another log-in is listed");
        let id = rest.split('"').next().unwrap();
        phone.ask(page(post_form("/account/end", &[("id", id)]))).expect(303);
        phone.ask(page(get("/account"))).expect(200);
    });
}

#[test]
fn ending_all_others_ends_what_hangs() {
    check(|_, _, phone| {
        phone.ask(page(post_form("/account/end", &[("others", "1")]))).expect(303);
        phone.ask(page(get("/account"))).expect(200);
    });
}

#[test]
fn another_password_ends_what_hangs_elsewhere() {
    check(|_, _, phone| {
        let fields = [("old", PASSWORD), ("new", "battery staple")];
        phone.ask(page(post_form("/account/password", &fields))).expect(303);
        phone.ask(page(get("/account"))).expect(200);
    });
}

#[test]
fn what_is_said_after_the_end_is_not_told() {
    let server = Server::start();
    let mut ben = with_password(&server, "ben");
    let key = server.room();
    for round in 1..=10 {
        let mut desk = with_password(&server, &format!("ann{round}"));
        let mut connection = desk.connect();
        connection.send(&desk.with_cookies(get(format!("/msg/{key}/{round}"))));
        desk.ask(page(post_form("/logout", &[]))).expect(303);
        ben.say(&key, "now that she is gone");
        assert_eq!(connection.answer().status, 401, "round {round}");
    }
}

#[test]
fn a_guest_hangs_on_while_others_log_out() {
    let server = Server::start();
    let key = server.room();
    let mut guest = Person::new(&server);
    guest.open(&key);
    let mut connection = guest.connect();
    connection.send(&guest.with_cookies(get(format!("/msg/{key}/1"))));
    let mut ann = with_password(&server, "ann");
    ann.ask(page(post_form("/logout", &[]))).expect(303);
    assert!(!connection.has_something());
    server.ask(post(format!("/send/{key}"), "hello")).expect(200);
    assert_eq!(connection.answer().status, 200);
}
