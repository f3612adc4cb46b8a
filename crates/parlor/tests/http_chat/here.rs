//! `GET /here/KEY`: who is in a room, and which private messages one has.

use serde_json::Value;

use super::support::http::{Answer, Connection, get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::support::wait_for;

/// Comes into a room under a name and asks for a message, so that the person is here.
fn come(server: &Server, key: &str, name: &str) -> Person {
    let mut person = Person::new(server);
    person.open(key);
    person.ask(post_form(format!("/send/{key}"), &[("text", "hi"), ("nick", name)])).expect(200);
    person.ask(get(format!("/msg/{key}/1"))).expect(200);
    person
}

/// Who is here, as somebody is told who has seen `after`, or nothing.
fn here(person: &mut Person, key: &str, after: &str) -> Answer {
    person.ask(get(format!("/here/{key}?wait=0&after={after}")))
}

fn hang(person: &Person, key: &str, after: &str) -> Connection {
    let mut connection = person.connect();
    connection.send(&person.with_cookies(get(format!("/here/{key}?after={after}"))));
    connection
}

fn names(here: &Value) -> Vec<String> {
    let people = here["people"].as_array().unwrap();
    people.iter().map(|person| person["name"].as_str().unwrap().to_owned()).collect()
}

fn version(here: &Value) -> String {
    here["version"].as_str().unwrap().to_owned()
}

fn id_of(here: &Value, name: &str) -> String {
    let people = here["people"].as_array().unwrap();
    let person = people.iter().find(|person| person["name"] == name).unwrap_or_else(|| panic!("no {name} in {here}"));
    person["id"].as_str().unwrap().to_owned()
}

#[test]
fn it_names_the_people_and_counts_the_others() {
    let server = Server::start();
    let key = server.room();
    let mut anna = come(&server, &key, "anna");
    come(&server, &key, "Ben");
    // The same one in another tab, and somebody without a cookie.
    anna.open(&key);
    anna.ask(get(format!("/msg/{key}/1"))).expect(200);
    server.ask(get(format!("/msg/{key}/1"))).expect(200);
    let answer = here(&mut anna, &key, "").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let here = answer.json();
    assert_eq!((names(&here), &here["count"]), (vec!["anna".to_owned(), "Ben".to_owned()], &3.into()));
    assert!(here["people"][0]["guest"] == true && id_of(&here, "Ben").starts_with('g'), "{here}");
    assert_eq!(here["private"], serde_json::json!([]));
    // The page shows the same to whoever has no script.
    let page = anna.open(&key).text();
    assert!(page.contains("~anna") && page.contains("~Ben"), "{page}");
}

#[test]
fn it_hangs_until_something_changes() {
    let server = Server::start();
    let key = server.room();
    let mut anna = come(&server, &key, "anna");
    let seen = version(&here(&mut anna, &key, "").expect(200).json());
    here(&mut anna, &key, &seen).expect(204);
    let mut hanging = hang(&anna, &key, &seen);
    assert!(!hanging.has_something(), "it was answered before something changed");
    come(&server, &key, "Ben");
    let now = hanging.answer().expect(200).json();
    assert_eq!(names(&now), ["anna", "Ben"]);
    assert!(now.get("private").is_none(), "told again of private messages that did not change: {now}");
    // Another name is a change, too; so is that somebody has gone.
    let mut hanging = hang(&anna, &key, &version(&now));
    anna.ask(post_form(format!("/send/{key}"), &[("text", "hi"), ("nick", "Anne")])).expect(200);
    anna.ask(get(format!("/msg/{key}/1"))).expect(200);
    let now = hanging.answer().expect(200).json();
    assert_eq!(names(&now), ["Anne", "Ben"]);
    wait_for("the end of Ben's presence", || {
        anna.ask(get(format!("/msg/{key}/1"))).expect(200);
        let now = here(&mut anna, &key, "").expect(200).json();
        (names(&now) == ["Anne"]).then_some(())
    });
}

#[test]
fn a_new_name_is_told_of_while_its_bearer_waits() {
    let server = Server::start();
    let key = server.room();
    let mut anna = come(&server, &key, "anna");
    let mut waiting = anna.connect();
    waiting.send(&anna.with_cookies(get(format!("/msg/{key}/9"))));
    let seen = version(&here(&mut anna, &key, "").expect(200).json());
    let mut hanging = hang(&anna, &key, &seen);
    anna.ask(post_form(format!("/send/{key}"), &[("text", "hi"), ("nick", "Anne")])).expect(200);
    assert_eq!(names(&hanging.answer().expect(200).json()), ["Anne"]);
    assert!(!waiting.has_something());
}

#[test]
fn a_version_of_another_server_is_answered_at_once() {
    let mut server = Server::start();
    let key = server.room();
    let mut anna = come(&server, &key, "anna");
    let seen = version(&here(&mut anna, &key, "").expect(200).json());
    server.kill_and_start();
    let mut anna = anna.back_at(&server);
    for after in [seen.as_str(), "", "0", "nonsense", "a-b-c", "x-1-1", "%00"] {
        here(&mut anna, &key, after).expect(200);
    }
}

#[test]
fn private_messages_are_told_of_in_any_room() {
    let server = Server::start();
    let key = server.room();
    let (mut anna, mut ben) = (come(&server, &key, "anna"), come(&server, &key, "Ben"));
    let seen = here(&mut anna, &key, "").expect(200).json();
    let form = [("to", id_of(&seen, "Ben")), ("from", key.clone())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let direct = anna.ask(post_form("/direct", &form)).room_key();
    assert_eq!(ben.ask(post_form("/direct", &[("to", &id_of(&seen, "anna"))])).room_key(), direct);
    // Nothing was said there yet.
    let seen = here(&mut ben, &key, "").expect(200).json();
    assert_eq!(seen["private"], serde_json::json!([]));
    let mut hanging = hang(&ben, &key, &version(&seen));
    anna.say(&direct, "psst");
    let told = loop {
        // Those who do not poll any more leave meanwhile, which is told, too.
        let told = hanging.answer().expect(200).json();
        if told.get("private").is_some_and(|private| private != &serde_json::json!([])) {
            break told;
        }
        hanging = hang(&ben, &key, &version(&told));
    };
    assert_eq!(told["private"][0]["key"], direct.as_str());
    assert_eq!((&told["private"][0]["number"], &told["private"][0]["with"]["name"]), (&1.into(), &"anna".into()));
    let page = ben.open(&direct).text();
    assert!(page.contains("psst") && page.contains("Only the two of you"), "{page}");
    // For everybody else there is no such room.
    let mut carl = come(&server, &key, "Carl");
    for target in [format!("/chat/{direct}"), format!("/msg/{direct}/1"), format!("/here/{direct}")] {
        carl.ask(get(target.clone())).expect(404);
        server.ask(get(target)).expect(404);
    }
}

#[test]
fn a_room_of_two_is_made_for_people_who_are_here_only() {
    let server = Server::start();
    let key = server.room();
    let mut anna = come(&server, &key, "anna");
    let me = id_of(&here(&mut anna, &key, "").expect(200).json(), "anna");
    let direct = |person: &mut Person, to: &str| {
        person.ask(post_form("/direct", &[("to", to)]).header("Accept", "application/json"))
    };
    for (to, status, code) in [
        (me.as_str(), 400, "to_oneself"),
        ("g999999", 409, "away"),
        ("u999999", 404, "no_such_person"),
        ("", 400, "bad_person"),
        ("anna", 400, "bad_person"),
        ("g0", 400, "bad_person"),
        ("g-1", 400, "bad_person"),
        ("ü1", 400, "bad_person"),
    ] {
        let refused = direct(&mut anna, to).expect(status);
        assert_eq!(refused.json()["code"], code, "{to}");
    }
    let page = anna.ask(post_form("/direct", &[("to", "g999999"), ("from", &key)]).header("Accept", "text/html"));
    assert!(page.expect(409).text().contains(&format!("href=\"/chat/{key}\"")));
    let cross = post_form("/direct", &[("to", &me)]).header("Sec-Fetch-Site", "cross-site");
    Person::new(&server).ask(cross).expect(403);
}

#[test]
fn who_hangs_is_told_when_the_server_stops() {
    let mut server = Server::start();
    let key = server.room();
    let mut anna = come(&server, &key, "anna");
    let seen = version(&here(&mut anna, &key, "").expect(200).json());
    // Two requests at once: when the first is answered, the server has the second.
    let mut hanging = anna.connect();
    let second = anna.with_cookies(get(format!("/here/{key}?after={seen}")));
    hanging.write(&[get("/healthz").to_bytes(server.address()), second.to_bytes(server.address())].concat());
    hanging.answer().expect(200);
    server.terminate();
    let told = hanging.answer();
    // Anna's own going may be told first.
    assert!(matches!(told.status, 200 | 503), "{told:?}");
    assert_eq!(server.ended().code(), Some(0), "{}", server.log());
    assert!(!server.log().contains("did not end in time"), "{}", server.log());
}

#[test]
fn an_address_hangs_so_many_times() {
    let server = Server::with(&[("PARLOR_LIMITS_POLLS_PER_ADDRESS", "2")]);
    let key = server.room();
    let mut anna = come(&server, &key, "anna");
    let refused = wait_for("a refusal", || {
        let seen = version(&here(&mut anna, &key, "").expect(200).json());
        let mut hanging: Vec<Connection> = (0..3).map(|_| hang(&anna, &key, &seen)).collect();
        let answered =
            hanging.iter_mut().find_map(|connection| connection.has_something().then(|| connection.answer()));
        answered.filter(|answer| answer.status == 429)
    });
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    // Messages are waited for all the same.
    anna.ask(get(format!("/msg/{key}/2?wait=1"))).expect(204);
}
