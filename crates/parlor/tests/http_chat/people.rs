//! Who posts: the guest of the cookies, or a new one.

use super::support::http::{get, post};
use super::support::person::{Person, SetCookie};
use super::support::server::Server;

fn author_id(server: &Server, key: &str, number: u64) -> String {
    let event = server.ask(get(format!("/msg/{key}/{number}")).header("Accept", "application/json")).expect(200).json();
    event["author"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_post_without_a_cookie_is_a_new_guest_and_gets_the_cookie() {
    let server = Server::start();
    let key = server.room();
    for _ in 0..2 {
        let cookies = SetCookie::all(&server.ask(post(format!("/send/{key}"), "hi")).expect(200));
        assert_eq!(cookies.len(), 1);
        assert_eq!((cookies[0].name.as_str(), cookies[0].path.as_str()), ("guest", "/"));
    }
    assert_ne!(author_id(&server, &key, 1), author_id(&server, &key, 2));
}

#[test]
fn a_guest_is_the_same_person_in_every_room_and_after_a_reload() {
    let server = Server::start();
    let rooms = [server.room(), server.room()];
    let mut anna = Person::new(&server);
    anna.say(&rooms[0], "without a page");
    anna.open(&rooms[0]);
    anna.say(&rooms[0], "with one");
    anna.open(&rooms[1]);
    anna.say(&rooms[1], "elsewhere");
    anna.open(&rooms[0]);
    let answer = anna.ask(post(format!("/send/{}", rooms[0]), "after a reload")).expect(200);
    assert_eq!(SetCookie::all(&answer), [], "who is known gets no new cookie");
    let id = author_id(&server, &rooms[0], 1);
    for (room, number) in [(&rooms[0], 2), (&rooms[1], 1), (&rooms[0], 3)] {
        assert_eq!(author_id(&server, room, number), id);
    }
}

#[test]
fn the_client_cookie_alone_tells_who_posts() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.open(&key);
    anna.say(&key, "both cookies");
    anna.keep_only("client");
    anna.say(&key, "only the page's");
    assert_eq!(author_id(&server, &key, 1), author_id(&server, &key, 2));
}

#[test]
fn the_page_names_the_guest_who_looks_at_it() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    let page = anna.open(&key).text();
    anna.say(&key, "hi");
    assert_eq!(super::pages::attribute(&page, "data-me"), author_id(&server, &key, 1));
}

#[test]
fn a_cookie_that_the_server_did_not_make_is_nobody() {
    let server = Server::start();
    let key = server.room();
    let (mut anna, mut ben) = (Person::new(&server), Person::new(&server));
    anna.say(&key, "hi");
    ben.say(&key, "hi");
    let victims = [author_id(&server, &key, 1), author_id(&server, &key, 2)];
    let number = victims[0].strip_prefix('g').unwrap();
    let real = anna.cookie("guest").value.clone();
    let other_last = format!("{}{}", &real[..real.len() - 1], if real.ends_with('0') { '1' } else { '0' });
    let with_bens_id = real.replacen(number, victims[1].strip_prefix('g').unwrap(), 1);
    let forged = [
        number.to_owned(),
        victims[0].clone(),
        format!("{number}."),
        format!("{number}.{}", "0".repeat(32)),
        real[..real.len() - 1].to_owned(),
        real.to_uppercase() + "x",
        other_last,
        with_bens_id,
        String::new(),
        "\u{fc}".to_owned(),
    ];
    // A guest's cookie is no client's, nor the other way round.
    anna.open(&key);
    let client = anna.cookie("client").value.clone();
    let forged = forged.iter().map(|value| ("guest", value)).chain([("client", &real), ("guest", &client)]);
    for (posted, (name, value)) in (3..).zip(forged) {
        let answer = server.ask(post(format!("/send/{key}"), "forged").header("Cookie", format!("{name}={value}")));
        assert_eq!(SetCookie::all(&answer.expect(200)).len(), 1, "{name}={value:?} was taken");
        assert!(!victims.contains(&author_id(&server, &key, posted)), "{name}={value:?} was taken");
    }
}

#[test]
fn another_servers_cookie_is_nobody() {
    let (here, there) = (Server::start(), Server::start());
    let key = there.room();
    let mut anna = Person::new(&here);
    anna.open(&here.room());
    let mut anna = anna.back_at(&there);
    let answer = anna.ask(post(format!("/send/{key}"), "hi")).expect(200);
    assert_eq!(SetCookie::all(&answer).len(), 1);
}

#[test]
fn an_author_is_never_what_the_client_claims() {
    let server = Server::start();
    let key = server.room();
    let form = "text=hi&author=u1&author_id=u1&guest=false&number=99&seq=99&time=2000-01-01T00:00:00Z&user=root";
    let request = post(format!("/send/{key}?author=u1&number=99"), form);
    server
        .ask(
            request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Chat-Author", "root")
                .header("Chat-Number", "99")
                .header("Authorization", "Basic cm9vdDpyb290"),
        )
        .expect(200);
    let event = server.ask(get(format!("/msg/{key}/1")).header("Accept", "application/json")).expect(200).json();
    assert!(event["author"]["id"].as_str().unwrap().starts_with('g'), "{event}");
    assert_eq!((&event["author"]["guest"], &event["number"]), (&true.into(), &1.into()));
    assert!(!event["time"].as_str().unwrap().starts_with("2000"));
}
