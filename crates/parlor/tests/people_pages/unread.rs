//! `/rooms`: one's rooms with what is new in them, as one number that moves with what was seen.

use serde_json::Value;

use super::support::http::{Connection, get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{add, group, id, leads_to, page, registered, wrong};

/// What is new in a room, by the page of one's rooms.
fn new_in(person: &mut Person, key: &str) -> u64 {
    let text = person.ask(page(get("/rooms"))).expect(200).text();
    let (_, rest) = text.split_once(&format!("href=\"/chat/{key}\"")).unwrap_or_else(|| panic!("no {key} in {text}"));
    let row = rest.split("</a>").next().unwrap();
    row.split_once("<span class=\"badge\">").map_or(0, |(_, rest)| rest.split(' ').next().unwrap().parse().unwrap())
}

fn here(person: &mut Person, key: &str) -> Value {
    person.ask(get(format!("/here/{key}?wait=0"))).expect(200).json()
}

#[test]
fn what_is_new_is_counted_until_it_is_seen() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let key = group(&mut ann, "garden");
    add(&mut ann, &key, "ben");
    assert_eq!(new_in(&mut ann, &key), 0);
    for text in ["one", "two", "three"] {
        ben.say(&key, text);
    }
    assert_eq!(new_in(&mut ann, &key), 3);
    assert_eq!(new_in(&mut ben, &key), 0, "one's own words are no news");
    let front = ann.ask(page(get("/"))).expect(200).text();
    assert!(front.contains("<span class=\"badge\">3 new</span>"), "{front}");
    // The page of another room tells of it, too; by the script and without.
    let elsewhere = server.lobby();
    let told = here(&mut ann, &elsewhere);
    assert_eq!(told["rooms"], serde_json::json!([{"key": key, "subject": "garden", "unread": 3}]));
    assert!(ann.open(&elsewhere).text().contains("<span class=\"badge\">3 new</span>"));
    // What was said before somebody came is not new to them.
    let mut carl = registered(&server, "carl");
    add(&mut ann, &key, "carl");
    assert_eq!(new_in(&mut carl, &key), 0);
    // A part is seen, then a later part, then an earlier one, which changes nothing.
    for (seen, left) in [(1, 2), (2, 1), (1, 1)] {
        ann.ask(post_form(format!("/seen/{key}"), &[("number", &seen.to_string())])).expect(204);
        assert_eq!(new_in(&mut ann, &key), left, "seen up to {seen}");
    }
    ann.open(&key);
    assert_eq!(new_in(&mut ann, &key), 0, "a page that is shown is seen");
    ben.say(&key, "four");
    assert_eq!(new_in(&mut ann, &key), 1);
    ann.ask(get(format!("/chat/{key}")).header("Sec-Purpose", "prefetch")).expect(200);
    ann.ask(get(format!("/chat/{key}?before=2"))).expect(200);
    assert_eq!(new_in(&mut ann, &key), 1, "a page that nobody looks at, or an older one, was seen");
    for bad in ["0", "-1", "x", "", "9223372036854775808"] {
        ann.ask(post_form(format!("/seen/{key}"), &[("number", bad)])).expect(400);
    }
    ann.ask(post_form(format!("/seen/{key}"), &[("number", "9223372036854775807")])).expect(204);
    ben.say(&key, "five");
    assert_eq!(new_in(&mut ann, &key), 1, "more was seen than there was");
}

#[test]
fn somebody_who_is_away_finds_what_was_written_to_them() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let to = leads_to(&ann.ask(page(post_form("/direct", &[("name", "Ben")]))));
    let key = to.strip_prefix("/chat/").unwrap();
    let shown = ben.ask(page(get("/rooms"))).expect(200).text();
    assert!(!shown.contains(key), "nothing was said yet");
    ann.say(key, "only for you");
    assert_eq!(new_in(&mut ben, key), 1);
    let told = here(&mut ben, &server.lobby());
    assert_eq!(told["private"][0]["unread"], 1, "{told}");
    assert_eq!(told["private"][0]["with"]["name"], "ann");
    let page_of_two = ben.open(key).text();
    assert!(page_of_two.contains("only for you") && page_of_two.contains("<h1 dir=\"auto\">ann</h1>"), "{page_of_two}");
    assert_eq!(new_in(&mut ben, key), 0);
    // By the id that the list of people has, it is the same room.
    let ann_id = id(&mut ann, &server);
    assert_eq!(leads_to(&ben.ask(page(post_form("/direct", &[("to", &ann_id)])))), to);
}

#[test]
fn on_a_full_disk_an_account_reads_on() {
    let mut server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let key = group(&mut ann, "garden");
    add(&mut ann, &key, "ben");
    ann.say(&key, "before");
    ben.ask(get("/")).expect(200);
    // More kept in reserve than any disk has.
    server.set("PARLOR_DISK_RESERVE", "1048576");
    server.kill_and_start();
    let mut ben = ben.back_at(&server);
    for path in ["/", "/rooms", "/account", &format!("/chat/{key}"), &format!("/here/{key}"), &format!("/msg/{key}/1")]
    {
        let answer = ben.ask(get(path));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
}

#[test]
fn writing_to_nobody_is_said_at_the_field() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    for (name, status) in [("nobody", 404), ("<b>", 404), ("", 404), ("ann", 400)] {
        let answer = ann.ask(page(post_form("/direct", &[("name", name)]))).expect(status);
        assert!(!wrong(&answer, "name").is_empty());
        assert!(!answer.text().contains("<b>"), "{}", answer.text());
    }
    for (name, status) in [("a b", 400), ("ann", 409), ("lobby", 409), ("root", 400)] {
        let answer = ann.ask(page(post_form("/group", &[("group", name)]))).expect(status);
        assert!(!wrong(&answer, "group").is_empty());
    }
}

#[test]
fn a_page_that_hangs_is_told_of_what_is_new_elsewhere_and_of_what_was_seen_elsewhere() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let key = group(&mut ann, "garden");
    add(&mut ann, &key, "ben");
    let lobby = server.lobby();
    ann.open(&lobby);
    // Somebody who polls is here.
    ann.ask(get(format!("/msg/{lobby}/1?wait=0"))).expect(204);
    let told = here(&mut ann, &lobby);
    let hang = |ann: &Person, after: &Value| -> Connection {
        let mut connection = ann.connect();
        let after = after["version"].as_str().unwrap();
        connection.send(&ann.with_cookies(get(format!("/here/{lobby}?after={after}"))));
        connection
    };
    let mut hanging = hang(&ann, &told);
    assert!(!hanging.has_something());
    ben.say(&key, "look here");
    let told = hanging.answer().expect(200).json();
    assert_eq!(told["rooms"][0]["unread"], 1, "{told}");
    let mut hanging = hang(&ann, &told);
    assert!(!hanging.has_something());
    ann.ask(post_form(format!("/seen/{key}"), &[("number", "1")])).expect(204);
    let told = hanging.answer().expect(200).json();
    assert_eq!(told["rooms"][0]["unread"], 0, "{told}");
}
