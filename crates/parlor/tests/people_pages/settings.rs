//! `/account`.

use super::support::http::{get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{PASSWORD, leads_to, log_in, page, registered, with_password, wrong};

#[test]
fn a_name_is_changed_from_the_next_message_on() {
    let server = Server::start();
    let key = server.room();
    let mut ann = registered(&server, "ann");
    ann.say(&key, "before");
    assert_eq!(
        leads_to(&ann.ask(page(post_form("/account/name", &[("display", "  Ännchen ")])))),
        "/account?done=name"
    );
    let shown = ann.ask(page(get("/account?done=name"))).expect(200).text();
    assert!(shown.contains("value=\"Ännchen\"") && shown.contains("role=\"status\""), "{shown}");
    ann.say(&key, "after");
    assert_eq!((server.line(&key, 1), server.line(&key, 2)), ("ann: before".into(), "Ännchen: after".into()));
    registered(&server, "ben");
    for (display, status) in [("", 400), ("a\u{202e}b", 400), ("two\nlines", 400), (&"x".repeat(65), 400), ("BEN", 409)]
    {
        let answer = ann.ask(page(post_form("/account/name", &[("display", display)]))).expect(status);
        assert!(!wrong(&answer, "display").is_empty(), "{display:?}");
    }
    let shown = ann.ask(page(get("/account"))).expect(200).text();
    assert!(shown.contains("value=\"Ännchen\""), "{shown}");
}

#[test]
fn a_password_is_changed_by_who_knows_the_old_one() {
    let server = Server::start();
    let mut ann = with_password(&server, "ann");
    for (old, new, status, field) in [
        ("wrong", "battery staple", 401, "old"),
        ("", "battery staple", 401, "old"),
        (PASSWORD, &"x".repeat(1_025), 400, "new"),
    ] {
        let answer = ann.ask(page(post_form("/account/password", &[("old", old), ("new", new)]))).expect(status);
        assert!(!wrong(&answer, field).is_empty());
    }
    log_in(&server, "ann");
    let fields = [("old", PASSWORD), ("new", "battery staple")];
    assert_eq!(leads_to(&ann.ask(page(post_form("/account/password", &fields)))), "/account?done=password");
    ann.ask(page(get("/account"))).expect(200);
    let again =
        |password: &str| server.ask(page(post_form("/login", &[("name", "ann"), ("password", password)]))).status;
    assert_eq!((again(PASSWORD), again("battery staple")), (401, 303));
}

#[test]
fn who_has_no_password_sets_one() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let shown = ann.ask(page(get("/account"))).expect(200).text();
    assert!(!shown.contains("name=\"old\"") && shown.contains("Set a password"), "{shown}");
    ann.ask(page(post_form("/account/password", &[("new", PASSWORD)]))).expect(303);
    log_in(&server, "ann");
    assert_eq!(server.ask(page(post_form("/login", &[("name", "ann")]))).status, 401);
}

#[test]
fn log_ins_are_listed_by_what_they_are_and_end_one_by_one() {
    let server = Server::start();
    let mut desk = Person::new(&server);
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let form = [("name", "ann"), ("password", PASSWORD)];
    desk.ask(page(post_form("/register", &form)).header("User-Agent", firefox)).expect(303);
    let mut phone = Person::new(&server);
    let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1";
    phone.ask(page(post_form("/login", &form)).header("User-Agent", iphone)).expect(303);
    let shown = desk.ask(page(get("/account"))).expect(200).text();
    let rows: Vec<&str> = shown.split("<ul class=\"sessions\">").nth(1).unwrap().split("<li>").skip(1).collect();
    assert_eq!(rows.len(), 2, "{shown}");
    let row =
        |label: &str| *rows.iter().find(|row| row.contains(label)).unwrap_or_else(|| panic!("no {label}: {shown}"));
    assert!(row("Firefox on Linux").contains("this browser") && !row("Firefox on Linux").contains("name=\"id\""));
    let (_, rest) = row("Safari on iPhone").split_once("name=\"id\" value=\"").unwrap();
    let id = rest.split('"').next().unwrap();
    assert!(!shown.contains(&phone.cookie("session").value), "a token is shown");
    // Somebody else who knows it can do nothing with it.
    let mut eve = registered(&server, "eve");
    eve.ask(page(post_form("/account/end", &[("id", id)]))).expect(303);
    phone.ask(page(get("/account"))).expect(200);
    assert_eq!(leads_to(&desk.ask(page(post_form("/account/end", &[("id", id)])))), "/account?done=ended");
    assert!(leads_to(&phone.ask(page(get("/account")))).starts_with("/login"));
    desk.ask(page(get("/account"))).expect(200);
    desk.ask(page(post_form("/account/end", &[]))).expect(400);
}

#[test]
fn a_log_in_outlives_the_server() {
    let mut server = Server::start();
    let mut ann = registered(&server, "ann");
    ann.ask(page(get("/account"))).expect(200);
    server.kill_and_start();
    let mut ann = ann.back_at(&server);
    ann.ask(page(get("/account"))).expect(200);
}
