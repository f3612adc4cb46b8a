//! What this door shows of edits, deletions and closed rooms. It cannot make them, so the chat behind it does.

use parlor_core::ids::Number;
use parlor_core::sequencer::PostOptions;

use super::pages::messages;
use super::support::http::{Answer, Connection, Request, get, post};
use super::support::inside::{Inside, operator};
use super::support::person::SetCookie;
use super::support::wait_for;

struct Room {
    inside: Inside,
    key: String,
    guest: String,
}

impl Room {
    /// A listed room in which one guest has said these.
    fn with(texts: &[&str]) -> Room {
        let inside = Inside::start();
        let key = Connection::open(inside.address).ask(get("/chat_create?listed=1")).room_key();
        let page = Connection::open(inside.address).ask(get(format!("/chat/{key}"))).expect(200);
        let guest = SetCookie::all(&page).into_iter().find(|cookie| cookie.name == "guest").unwrap().value;
        let room = Room { inside, key, guest };
        for text in texts {
            room.ask(post(format!("/send/{}", room.key), *text)).expect(200);
        }
        room
    }

    fn ask(&self, request: Request) -> Answer {
        Connection::open(self.inside.address).ask(request.header("Cookie", format!("guest={}", self.guest)))
    }

    fn message(&self, number: u64) -> Answer {
        self.ask(get(format!("/msg/{}/{number}?wait=0", self.key)))
    }

    fn edit(&self, number: u64, text: &str) {
        let (log, author) = (self.inside.log(&self.key), self.inside.guest(&self.guest));
        let edited = self.inside.chat.edit(&author, &log, Number(number), text.as_bytes(), PostOptions::default());
        self.inside.run(edited).expect("it is the author's own");
    }

    fn delete(&self, number: u64) {
        let (log, author) = (self.inside.log(&self.key), self.inside.guest(&self.guest));
        self.inside.run(self.inside.chat.redact(&author, &log, Number(number))).expect("it is the author's own");
    }

    /// A request for the next message, that hangs.
    fn hang(&self, number: u64) -> Connection {
        let mut hanging = Connection::open(self.inside.address);
        hanging.send(&get(format!("/msg/{}/{number}", self.key)));
        wait_for("one who hangs", || {
            let index = self.ask(get("/")).expect(200).text();
            super::pages::listing(&index, &self.key)?.contains("1 person here").then_some(())
        });
        hanging
    }
}

#[test]
fn an_edited_message_answers_its_newest_text() {
    let room = Room::with(&["one", "two"]);
    for text in ["uno", "un"] {
        room.edit(1, text);
        let answer = room.message(1).expect(200);
        assert!(answer.number() == 1 && answer.text().ends_with(&format!(": {text}")), "{answer:?}");
    }
    let event = room.ask(get(format!("/msg/{}/1", room.key)).header("Accept", "application/json")).expect(200).json();
    assert_eq!((&event["text"], &event["edited"], &event["kind"]), (&"un".into(), &true.into(), &"message".into()));
    assert!(room.message(2).expect(200).text().ends_with(": two"));
    let page = room.ask(get(format!("/chat/{}", room.key))).expect(200).text();
    assert_eq!(messages(&page), [(1, "un".to_owned()), (2, "two".to_owned())]);
}

#[test]
fn a_deleted_message_is_gone_and_keeps_its_number() {
    let room = Room::with(&["one", "secret", "three"]);
    room.delete(2);
    let gone = room.message(2).expect(410);
    assert_eq!(gone.number(), 2);
    assert!(gone.text().contains("deleted") && !gone.text().contains("secret"), "{}", gone.text());
    room.ask(get(format!("/msg/{}/2", room.key)).header("Accept", "application/json")).expect(410);
    assert!(room.message(3).expect(200).text().ends_with(": three"));
    let page = room.ask(get(format!("/chat/{}", room.key))).expect(200).text();
    assert!(!page.contains("secret") && page.contains("three"), "{page}");
}

#[test]
fn events_that_are_no_messages_have_no_number() {
    let room = Room::with(&["one"]);
    let mut hanging = room.hang(2);
    room.edit(1, "uno");
    room.delete(1);
    assert!(!hanging.has_something(), "it was answered without a message");
    let answer = room.ask(post(format!("/send/{}", room.key), "two")).expect(200);
    assert_eq!(answer.number(), 2);
    assert!(hanging.answer().expect(200).text().ends_with(": two"));
    let event = room.ask(get(format!("/msg/{}/2", room.key)).header("Accept", "application/json")).expect(200).json();
    assert_eq!((event["seq"].as_u64(), event["number"].as_u64()), (Some(4), Some(2)));
}

#[test]
fn who_waits_in_a_room_that_is_closed_is_told_and_later_there_is_none() {
    let room = Room::with(&["one"]);
    let mut hanging = room.hang(2);
    let log = room.inside.log(&room.key);
    room.inside.run(room.inside.chat.close(&operator(), &log, None)).expect("the operator may");
    let gone = hanging.answer().expect(410);
    // Without a number it is the room that is gone, not a message.
    assert_eq!(gone.header("chat-number"), None);
    assert!(gone.text().contains("closed"), "{}", gone.text());
    let never = "0".repeat(32);
    for (target, other) in [
        (format!("/chat/{}", room.key), format!("/chat/{never}")),
        (format!("/msg/{}/1", room.key), format!("/msg/{never}/1")),
        (format!("/msg/{}/2", room.key), format!("/msg/{never}/2")),
    ] {
        assert_eq!(room.ask(get(target)).expect(404).body, room.ask(get(other)).expect(404).body);
    }
    room.ask(post(format!("/send/{}", room.key), "hi")).expect(404);
    assert!(!room.ask(get("/")).expect(200).text().contains(&room.key));
}
