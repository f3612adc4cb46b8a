//! Rooms that ask a question: nobody reads or writes there who has not answered it.

use parlor_core::chat::RoomPlan;

use super::support::http::{Connection, Request, get, post, post_form};
use super::support::inside::{Inside, operator};
use super::support::person::{Person, SetCookie};

struct Room {
    inside: Inside,
    key: String,
}

impl Room {
    fn open() -> Room {
        let inside = Inside::start();
        let plan = RoomPlan {
            subject: b"Secret garden",
            question: Some((b"Who has the <key>?", b"Mary Lennox")),
            ..RoomPlan::default()
        };
        let log = inside.run(inside.chat.open_room(&operator(), plan)).expect("a room");
        let key = log.key().to_string();
        Room { inside, key }
    }

    fn ask(&self, request: Request) -> super::support::http::Answer {
        Connection::open(self.inside.address).ask(request)
    }

    fn answer(&self, answer: &str) -> Request {
        post_form(format!("/answer/{}", self.key), &[("answer", answer)])
    }
}

#[test]
fn who_has_not_answered_reads_and_writes_nothing() {
    let room = Room::open();
    let key = &room.key;
    for request in [
        get(format!("/msg/{key}/1")),
        get(format!("/msg/{key}/1?wait=0")),
        get(format!("/here/{key}")),
        post(format!("/send/{key}"), "let me in"),
    ] {
        let refused = room.ask(request.header("Accept", "application/json")).expect(403);
        let problem = refused.json();
        assert_eq!(problem["code"], "question", "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("question"), "{problem}");
    }
    let page = room.ask(get(format!("/chat/{key}"))).expect(200).text();
    assert!(
        page.contains("Who has the &#60;key&#62;?") && page.contains(&format!("action=\"/answer/{key}\"")),
        "{page}"
    );
    assert!(!page.contains("Mary") && !page.contains("id=\"composer\""), "{page}");
}

#[test]
fn the_right_answer_lets_in_for_good() {
    let room = Room::open();
    let key = &room.key;
    let mut anna = Person::of(room.inside.address);
    anna.open(key);
    for wrong in ["mary lennox", "", "Mary Lennox "] {
        let refused = anna.ask(room.answer(wrong).header("Accept", "application/json")).expect(403);
        assert_eq!(refused.json()["code"], "wrong_answer", "{wrong:?}");
        let page = anna.ask(room.answer(wrong).header("Accept", "text/html")).expect(403).text();
        assert!(page.contains("not the answer") && page.contains("name=\"answer\""), "{page}");
        anna.ask(get(format!("/msg/{key}/1?wait=0"))).expect(403);
    }
    let entered = anna.ask(room.answer("Mary Lennox")).expect(303);
    assert_eq!(entered.room_key(), *key);
    let page = anna.open(key).text();
    assert!(page.contains("id=\"composer\""), "{page}");
    assert_eq!(anna.say(key, "hello"), 1);
    // Another one still has to answer.
    room.ask(get(format!("/msg/{key}/1"))).expect(403);
}

#[test]
fn who_answers_without_a_cookie_is_a_guest_from_then_on() {
    let room = Room::open();
    let entered = room.ask(room.answer("Mary Lennox")).expect(303);
    let cookies = SetCookie::all(&entered);
    let [guest] = &cookies[..] else { panic!("{cookies:?}") };
    let asked = get(format!("/msg/{}/1?wait=0", room.key)).header("Cookie", format!("guest={}", guest.value));
    room.ask(asked).expect(204);
}

#[test]
fn an_answer_is_a_form_of_our_own_page() {
    let room = Room::open();
    room.ask(post(format!("/answer/{}", room.key), "other=1")).expect(400);
    room.ask(room.answer("Mary Lennox").header("Origin", "https://evil.example")).expect(403);
    room.ask(post_form(format!("/answer/{}", "0".repeat(32)), &[("answer", "x")])).expect(404);
}
