//! `/register`.

use super::support::http::{get, post_form, urlencoded};
use super::support::person::{Person, SetCookie};
use super::support::server::Server;
use super::{PASSWORD, leads_to, page, registered, wrong};

#[test]
fn who_registers_is_logged_in_and_speaks_as_the_account() {
    let server = Server::start();
    let mut ann = Person::new(&server);
    let fields = [("name", "Ann"), ("display", "Ann of Åland"), ("password", PASSWORD), ("next", "/account")];
    let answer = ann.ask(page(post_form("/register", &fields)));
    assert_eq!(leads_to(&answer), "/account");
    let cookies = SetCookie::all(&answer);
    let session = cookies.iter().find(|cookie| cookie.name == "session").unwrap();
    assert_eq!(session.attributes, ["HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Lax"]);
    let lengths: Vec<usize> = session.value.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{}", session.value);

    let key = server.room();
    let shown = ann.open(&key).text();
    assert!(!shown.contains("name=\"nick\"") && shown.contains("data-name=\"Ann of Åland\""), "{shown}");
    assert!(!ann.has_cookie("guest"), "an account needs no guest");
    ann.say(&key, "hello");
    let event = server.ask(get(format!("/msg/{key}/1")).header("Accept", "application/json")).expect(200).json();
    assert_eq!(event["author"]["name"], "Ann of Åland");
    assert_eq!(event["author"]["guest"], false);
    assert!(event["author"]["id"].as_str().unwrap().starts_with('u'), "{event}");
    assert_eq!(server.line(&key, 1), "Ann of Åland: hello");
    // It is a member of the lobby, and owns what it makes.
    let mine = ann.ask(get("/rooms")).expect(200).text();
    assert!(mine.contains(&server.lobby()), "{mine}");
}

#[test]
fn what_is_wrong_stands_at_its_field_and_what_was_typed_stays() {
    let server = Server::unlimited_with(&[("PARLOR_PASSWORDLESS_ACCOUNTS", "false")]);
    Person::new(&server).ask(page(post_form("/register", &[("name", "adrian"), ("password", PASSWORD)]))).expect(303);
    let long = "n".repeat(65);
    let secret = "p".repeat(1_025);
    for (name, display, password, status, code, field) in [
        ("", "", PASSWORD, 400, "bad_name", "name"),
        ("a b", "", PASSWORD, 400, "bad_name", "name"),
        ("root", "", PASSWORD, 400, "bad_name", "name"),
        ("guest-7", "", PASSWORD, 400, "bad_name", "name"),
        ("ADRIAN", "", PASSWORD, 409, "name_taken", "name"),
        ("lobby", "", PASSWORD, 409, "name_taken", "name"),
        ("adr1an", "a\u{7}b", PASSWORD, 400, "bad_character", "display"),
        ("ann", &long, PASSWORD, 400, "too_long", "display"),
        ("ann", "Ann", "", 400, "no_password", "password"),
        ("ann", "Ann", &secret, 400, "bad_password", "password"),
    ] {
        let fields = [("name", name), ("display", display), ("password", password), ("next", "/rooms")];
        let answer = Person::new(&server).ask(page(post_form("/register", &fields))).expect(status);
        assert!(!wrong(&answer, field).is_empty());
        let text = answer.text();
        let invalid = text.matches("aria-invalid=\"true\"").count();
        assert_eq!(invalid, 1, "{name:?} {display:?}: {text}");
        assert!(text.contains(&format!("aria-describedby=\"{field}-wrong")), "{text}");
        assert!(text.contains("name=\"next\" value=\"/rooms\""), "{text}");
        assert!(password.is_empty() || !text.contains(password), "a password is repeated: {text}");
        assert!(name.is_empty() || text.contains(&format!("value=\"{name}\"")), "{text}");
        assert_eq!(SetCookie::all(&answer), []);
        let request = post_form("/register", &fields).header("Accept", "application/json");
        let problem = Person::new(&server).ask(request).expect(status).json();
        assert_eq!(problem["code"], code, "{name:?} {display:?}: {problem}");
    }
}

#[test]
fn a_page_does_not_show_what_was_typed_as_anything_but_text() {
    let server = Server::start();
    let hostile = "\"><img src=x onerror=alert(1)>";
    let fields = [("name", hostile), ("display", hostile), ("next", "/\"><script>alert(1)</script>")];
    let text = Person::new(&server).ask(page(post_form("/register", &fields))).expect(400).text();
    assert!(!text.contains("<img") && !text.contains("<script>alert"), "{text}");
    assert!(text.contains("name=\"next\" value=\"/\""), "{text}");
}

#[test]
fn of_those_who_want_a_name_at_once_one_gets_it() {
    let server = Server::start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Person::new(&server).ask(page(post_form("/register", &[("name", "ann")]))).status))
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
}

#[test]
fn a_password_of_a_megabyte_is_refused_before_anything_is_done_with_it() {
    let server = Server::start();
    let body = urlencoded(&[("name", "ann"), ("password", &"x".repeat(1_000_000))]);
    let request = super::support::http::post("/register", body);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(server.ask(request).status, 413);
    let mut ann = registered(&server, "ann");
    ann.ask(get("/account")).expect(200);
}

#[test]
fn an_address_registers_so_many_an_hour() {
    let server = Server::with(&[("PARLOR_LIMITS_REGISTRATIONS_PER_HOUR_PER_ADDRESS", "2")]);
    registered(&server, "ann");
    registered(&server, "ben");
    let answer = Person::new(&server).ask(page(post_form("/register", &[("name", "carl")]))).expect(429);
    assert!(answer.header("retry-after").is_some());
    assert!(answer.text().contains("role=\"alert\""));
    // It does not count against another address.
    let elsewhere = Person::at(&server, [127, 0, 0, 2].into()).ask(page(post_form("/register", &[("name", "carl")])));
    assert_eq!(elsewhere.status, 303);
}

#[test]
fn of_two_names_the_one_that_is_taken_is_named() {
    let server = Server::start();
    registered(&server, "olga");
    let refused = |name: &str, display: &str| {
        Person::new(&server).ask(page(post_form("/register", &[("name", name), ("display", display)]))).expect(409)
    };
    assert!(wrong(&refused("ann", "Olga"), "display").contains("Somebody logs in with this name"));
    assert!(wrong(&refused("olga", "Ann"), "name").contains("This name is somebody"));
    // A look-alike: which one it is only core knows, so that neither is blamed.
    let text = refused("ann", "o1ga").text();
    assert!(text.contains("role=\"alert\">One of the two names"), "{text}");
    assert!(!text.contains("aria-invalid"), "{text}");
}
