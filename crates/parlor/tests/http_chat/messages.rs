//! `GET /msg/KEY/N` for messages that exist, and numbers that can't.

use super::support::http::{get, percent_encoded, post, post_form};
use super::support::person::Person;
use super::support::server::Server;

#[test]
fn a_message_is_a_line_of_text_with_its_parts_in_headers() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.ask(post_form(format!("/send/{key}"), &[("text", "hi\nthere"), ("nick", "anna")])).expect(200);
    let answer = server.ask(get(format!("/msg/{key}/1"))).expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.text(), "~anna: hi\nthere");
    assert_eq!(answer.header("chat-author"), Some("~anna"));
    assert_eq!(answer.header("chat-number"), Some("1"));
    let time = answer.header("chat-time").unwrap();
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert!(shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z'), "{time} is not RFC 3339");
}

#[test]
fn an_author_beyond_ascii_is_percent_encoded_in_the_header() {
    let server = Server::start();
    let key = server.room();
    let mut person = Person::new(&server);
    for (number, (nick, header)) in (1..).zip([
        ("Zoë", "UTF-8''~Zo%C3%AB"),
        ("茶 室", "UTF-8''~%E8%8C%B6%20%E5%AE%A4"),
        ("UTF-8''x", "~UTF-8''x"),
        ("a: b, \"c\"", "~a: b, \"c\""),
    ]) {
        person.ask(post_form(format!("/send/{key}"), &[("text", "hi"), ("nick", nick)])).expect(200);
        let answer = server.ask(get(format!("/msg/{key}/{number}"))).expect(200);
        assert_eq!(answer.header("chat-author"), Some(header));
        assert_eq!(answer.text(), format!("~{nick}: hi"));
    }
}

#[test]
fn as_json_it_is_the_event_with_its_fields_in_order() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.say(&key, "first");
    anna.ask(post_form(format!("/send/{key}"), &[("text", "hi \"you\"\n\u{1F375}"), ("nick", "Zoë")])).expect(200);
    let answer = server.ask(get(format!("/msg/{key}/2")).header("Accept", "application/json")).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json = answer.json();
    let id = json["author"]["id"].as_str().unwrap();
    assert!(id.strip_prefix('g').is_some_and(|id| id.parse::<u64>().is_ok()), "{id} is no guest");
    let time = answer.header("chat-time").unwrap();
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"room":"{key}","seq":2,"number":2,"kind":"message","time":"{time}","author":{{"id":"{id}","name":"Zoë","guest":true}},"text":"hi \"you\"\n🍵","reply_to":null,"edited":false}}"#
        )
    );
}

#[test]
fn json_is_only_for_who_asks_for_it() {
    let server = Server::start();
    let key = server.room();
    Person::new(&server).say(&key, "hi");
    for (accept, content_type) in [
        ("*/*", "text/plain; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/json;q=0.9, */*;q=0.1", "application/json"),
        ("Application/JSON", "application/json"),
    ] {
        let answer = server.ask(get(format!("/msg/{key}/1")).header("Accept", accept)).expect(200);
        assert_eq!(answer.header("content-type"), Some(content_type), "{accept}");
    }
}

#[test]
fn numbers_have_no_gap_and_each_room_its_own() {
    let server = Server::start();
    let rooms = [server.room(), server.room()];
    let mut anna = Person::new(&server);
    for number in 1..=10 {
        for key in &rooms {
            assert_eq!(anna.say(key, &format!("{key} {number}")), number);
        }
        // What is refused uses up no number.
        anna.ask(post(format!("/send/{}", rooms[0]), " ")).expect(400);
    }
    for key in &rooms {
        for number in 1..=10 {
            assert!(server.line(key, number).ends_with(&format!(": {key} {number}")));
        }
        server.ask(get(format!("/msg/{key}/11?wait=0"))).expect(204);
    }
}

#[test]
fn what_is_no_number_from_1_on_is_refused() {
    let server = Server::start();
    let key = server.room();
    Person::new(&server).say(&key, "hi");
    for number in [
        "0",
        "-1",
        "-0",
        "+1",
        "1.0",
        "1.5",
        "1e3",
        "0x1",
        "1_000",
        "1,000",
        "one",
        "NaN",
        "%31",
        "1%20",
        "%D9%A1",
        "１",
        "9223372036854775808",
        "18446744073709551616",
        "99999999999999999999",
        &"9".repeat(1000),
    ] {
        let refused = server.ask(get(format!("/msg/{key}/{number}"))).expect(400);
        assert_eq!(refused.header("content-type"), Some("text/plain; charset=utf-8"));
        assert!(refused.text().contains("number"), "{number}: {}", refused.text());
    }
    // The largest number there can be, and one beyond 32 bits: simply not there yet.
    for number in ["9223372036854775807", "4294967297"] {
        server.ask(get(format!("/msg/{key}/{number}?wait=0"))).expect(204);
    }
}

#[test]
fn a_wait_is_a_number_of_seconds() {
    let server = Server::start();
    let key = server.room();
    for wait in ["-1", "1.5", "1e3", "x", "+1", "%201", "%D9%A1"] {
        let refused = server.ask(get(format!("/msg/{key}/1?wait={wait}"))).expect(400);
        assert!(refused.text().contains("wait"), "{wait}: {}", refused.text());
    }
    let nothing_yet = server.ask(get(format!("/msg/{key}/1?wait=0"))).expect(204);
    assert_eq!(nothing_yet.body, b"");
    server.ask(get(format!("/msg/{key}/1?wait=1"))).expect(204);
    // For a message that is there, nobody waits.
    Person::new(&server).say(&key, "hi");
    for wait in ["0", "1", "300", "99999999999999999999"] {
        server.ask(get(format!("/msg/{key}/1?wait={wait}"))).expect(200);
    }
}

#[test]
fn a_message_belongs_to_its_room_alone() {
    let server = Server::start();
    let (here, there) = (server.room(), server.room());
    Person::new(&server).say(&here, "hi");
    server.ask(get(format!("/msg/{there}/1?wait=0"))).expect(204);
    let unknown = "0".repeat(32);
    for target in [format!("/msg/{unknown}/1"), format!("/msg/{unknown}/1?wait=0"), format!("/msg/{here}x/1")] {
        assert!(server.ask(get(target)).expect(404).text().contains("no such room"));
    }
    server.ask(get(format!("/msg/{}/1", percent_encoded("ключ")))).expect(404);
}
