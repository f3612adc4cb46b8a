//! `/login`, `/logout`, and what a session's cookie is good for.

use super::support::http::{Request, get, post, post_form};
use super::support::person::{Person, SetCookie};
use super::support::server::Server;
use super::{PASSWORD, leads_to, log_in, page, registered, with_password, wrong};

#[test]
fn one_is_the_same_at_two_browsers_and_logs_out_of_one() {
    let server = Server::start();
    let key = server.room();
    let mut desk = with_password(&server, "ann");
    let mut phone = log_in(&server, "ANN");
    desk.say(&key, "from the desk");
    phone.say(&key, "from the phone");
    assert_eq!(
        (server.line(&key, 1), server.line(&key, 2)),
        ("ann: from the desk".into(), "ann: from the phone".into())
    );
    let old = desk.cookie("session").value.clone();
    assert_eq!(leads_to(&desk.ask(page(post_form("/logout", &[])))), "/");
    assert!(!desk.has_cookie("session"));
    assert_eq!(leads_to(&desk.ask(page(get("/account")))), "/login?next=/account");
    phone.ask(page(get("/account"))).expect(200);
    // What was the cookie is good for nothing.
    let request = get("/account").header("Cookie", format!("session={old}"));
    assert!(leads_to(&server.ask(request)).starts_with("/login"));
}

#[test]
fn nobody_can_tell_a_wrong_password_from_a_name_that_is_nobodys() {
    let server = Server::start();
    with_password(&server, "ann");
    registered(&server, "bea");
    let ask = |name: &str, password: &str| {
        let answer = Person::new(&server).ask(page(post_form("/login", &[("name", name), ("password", password)])));
        let answer = answer.expect(401);
        assert_eq!(wrong(&answer, "password"), "Wrong name or password.");
        let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        (headers, answer.text().replace(&format!("value=\"{name}\""), "value=\"NAME\""))
    };
    let known = ask("ann", "wrong");
    assert_eq!(known, ask("abe", "wrong"));
    assert_eq!(known, ask("bea", "wrong"), "an account without a password is told apart");
    assert_eq!(known, ask("ann", ""), "no password is told apart");
    let plain = |name: &str| {
        let answer = server.ask(post_form("/login", &[("name", name), ("password", "wrong")])).expect(401);
        answer.text()
    };
    assert_eq!(plain("ann"), plain("nobody"));
}

#[test]
fn a_cookie_that_somebody_else_put_there_is_not_the_one_one_gets() {
    let server = Server::start();
    let mut mallory = with_password(&server, "mallory");
    let planted = mallory.cookie("session").value.clone();
    with_password(&server, "ann");
    let mut ann = Person::new(&server);
    ann.give("session", &planted);
    ann.ask(page(post_form("/login", &[("name", "ann"), ("password", PASSWORD)]))).expect(303);
    assert_ne!(ann.cookie("session").value, planted);
    // That log-in was replaced, and so is over, wherever it was.
    assert!(leads_to(&mallory.ask(page(get("/account")))).starts_with("/login"));
    let mut tried = Person::new(&server);
    let invented = "00000000-0000-4000-8000-000000000000";
    tried.give("session", invented);
    tried.ask(page(post_form("/login", &[("name", "ann"), ("password", PASSWORD)]))).expect(303);
    assert_ne!(tried.cookie("session").value, invented);
}

#[test]
fn an_invented_session_is_nobodys_and_whoever_acts_with_it_is_told() {
    let server = Server::start();
    let key = server.room();
    let real = registered(&server, "ann").cookie("session").value.clone();
    let other_last = format!("{}{}", &real[..35], if real.ends_with('0') { '1' } else { '0' });
    for token in ["", "x", "00000000-0000-4000-8000-000000000000", &other_last, &real[..35], &format!("{real}0")] {
        let with = |request: Request| request.header("Cookie", format!("session={token}"));
        for request in [
            get(format!("/msg/{key}/1?wait=0")),
            get(format!("/here/{key}?wait=0")),
            post(format!("/send/{key}"), "as whom?"),
            post_form(format!("/seen/{key}"), &[("number", "1")]),
            post_form("/direct", &[("to", "u1")]),
            post_form("/chat_create", &[("subject", "x")]),
        ] {
            let what = request.target().to_owned();
            let refused = server.ask(with(request).header("Accept", "application/json")).expect(401);
            assert_eq!(refused.json()["code"], "logged_out", "{what} with {token:?}");
        }
        // A page shows that, and goes on without it.
        let shown = server.ask(with(page(get(format!("/chat/{key}"))))).expect(200);
        let cookies = SetCookie::all(&shown);
        let session = cookies.iter().find(|cookie| cookie.name == "session").expect("it is taken away");
        assert!(session.value.is_empty() && session.attributes.contains(&"Max-Age=0".to_owned()), "{session:?}");
        assert!(shown.text().contains("href=\"/login?next=/chat/"), "{}", shown.text());
    }
    assert_eq!(server.count(&key), 0);
}

#[test]
fn a_page_that_was_open_when_somebody_logged_out_says_nothing_as_a_guest() {
    let server = Server::start();
    let key = server.room();
    let mut ann = registered(&server, "ann");
    ann.open(&key);
    ann.ask(page(post_form("/logout", &[]))).expect(303);
    let refused = ann.ask(post(format!("/send/{key}"), "as whom?").header("Accept", "application/json")).expect(401);
    assert_eq!(refused.json()["code"], "logged_out");
    ann.ask(get(format!("/msg/{key}/1?wait=0"))).expect(401);
    // Seen anew, the page is a guest's.
    ann.open(&key);
    assert_eq!(ann.say(&key, "as a guest"), 1);
    assert!(server.line(&key, 1).starts_with("~guest-"));
}

#[test]
fn a_page_that_is_somebodys_leads_to_the_log_in_and_back() {
    let server = Server::start();
    with_password(&server, "ann");
    let key = server.room();
    for path in ["/account", "/rooms", "/account/claim", &format!("/chat/{key}/members")] {
        let mut ann = Person::new(&server);
        let to = leads_to(&ann.ask(page(get(path))));
        assert_eq!(to, format!("/login?next={path}"));
        let form = ann.ask(page(get(to))).expect(200).text();
        assert!(form.contains(&format!("name=\"next\" value=\"{path}\"")), "{form}");
        let fields = [("name", "ann"), ("password", PASSWORD), ("next", path)];
        assert_eq!(leads_to(&ann.ask(page(post_form("/login", &fields)))), path);
        // Who is logged in is not asked again.
        assert_eq!(leads_to(&ann.ask(page(get(format!("/login?next={path}"))))), path);
        assert_eq!(leads_to(&ann.ask(page(get(format!("/register?next={path}"))))), path);
    }
}

#[test]
fn nobody_is_led_to_another_server() {
    let server = Server::start();
    for next in ["//evil.example/", "https://evil.example/", "/\\evil.example", "/\r\nLocation: //evil.example", "evil"]
    {
        let mut ann = Person::new(&server);
        let answer = ann.ask(page(post_form("/register", &[("name", "x"), ("next", next)])));
        if answer.status == 303 {
            assert_eq!(leads_to(&answer), "/", "{next:?}");
            ann.ask(page(post_form("/logout", &[]))).expect(303);
        }
        let answer = ann.ask(page(post_form("/login", &[("name", "x"), ("next", next)])));
        assert_eq!(leads_to(&answer), "/", "{next:?}");
    }
}

#[test]
fn other_sites_neither_log_anybody_in_nor_out() {
    let server = Server::start();
    let mut ann = with_password(&server, "ann");
    let forms: [(&str, &[(&str, &str)]); 6] = [
        ("/login", &[("name", "ann"), ("password", PASSWORD)]),
        ("/logout", &[]),
        ("/register", &[("name", "eve")]),
        ("/account/name", &[("display", "Eve")]),
        ("/account/password", &[("old", PASSWORD), ("new", "another one")]),
        ("/group", &[("group", "theirs")]),
    ];
    for (path, fields) in forms {
        let refused = ann.ask(page(post_form(path, fields)).header("Origin", "https://evil.example"));
        assert_eq!(refused.status, 403, "{path}");
        let refused = ann.ask(page(post_form(path, fields)).header("Sec-Fetch-Site", "cross-site"));
        assert_eq!(refused.status, 403, "{path}");
    }
    // A link to where a form goes does nothing: it shows the page with that form, as to who loads it again.
    for (path, goes) in [
        ("/logout", "/"),
        ("/account/name?display=Eve", "/account"),
        ("/account/end?others=1", "/account"),
        ("/account/password", "/account"),
        ("/group?group=theirs", "/rooms"),
        ("/direct?name=ann", "/rooms"),
        ("/chat/k3y/leave", "/chat/k3y/members"),
        ("/chat/k3y/close", "/chat/k3y/members"),
        ("/chat/k3y/role", "/chat/k3y/members"),
        ("/chat/k3y/invite", "/chat/k3y/members"),
    ] {
        assert_eq!(leads_to(&ann.ask(page(get(path)))), goes, "{path}");
    }
    let shown = ann.ask(page(get("/account"))).expect(200).text();
    assert!(shown.contains("value=\"ann\""), "{shown}");
}

#[test]
fn behind_a_proxy_that_speaks_tls_the_cookie_is_for_tls_only() {
    let server = Server::unlimited_with(&[("PARLOR_TRUSTED_PROXIES", "127.0.0.1")]);
    let form = [("name", "ann"), ("password", PASSWORD)];
    let request = page(post_form("/register", &form)).header("X-Forwarded-Proto", "https");
    let cookies = SetCookie::all(&server.ask(request).expect(303));
    let session = cookies.iter().find(|cookie| cookie.name == "session").unwrap();
    assert!(session.attributes.contains(&"Secure".to_owned()), "{session:?}");
}

#[test]
fn a_password_that_is_guessed_too_often_has_to_wait_whatever_it_is() {
    let server = Server::start();
    with_password(&server, "ann");
    let try_it = |password: &str| {
        Person::new(&server).ask(page(post_form("/login", &[("name", "ann"), ("password", password)])))
    };
    for _ in 0..5 {
        assert_eq!(try_it("wrong").status, 401);
    }
    let waits = try_it(PASSWORD).expect(429);
    assert!(waits.header("retry-after").is_some());
    assert!(waits.text().contains("role=\"alert\"") && waits.text().contains("value=\"ann\""));
    // Somebody else, from elsewhere, is not kept waiting.
    let mut elsewhere = Person::at(&server, [127, 0, 0, 2].into());
    elsewhere.ask(page(post_form("/login", &[("name", "ann"), ("password", PASSWORD)]))).expect(303);
}
