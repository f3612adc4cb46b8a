//! The process is killed: what was acknowledged is there, and everybody is who they were.

use super::pages::messages;
use super::support::http::{get, post};
use super::support::person::{Person, SetCookie};
use super::support::server::Server;

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let mut server = Server::start();
    let key = server.created("/chat_create?subject=Tea&listed=1");
    let mut anna = Person::new(&server);
    anna.open(&key);
    let first_client = anna.cookie("client").value.clone();
    let texts: Vec<String> = (1..=30).map(|count| format!("text {count} ü\n🍵")).collect();
    for (number, text) in (1..).zip(&texts) {
        assert_eq!(anna.say(&key, text), number);
    }
    let keyed = |text: &str| post(format!("/send/{key}"), text).header("Idempotency-Key", "over-the-kill");
    assert_eq!(anna.ask(keyed("once")).expect(200).number(), 31);
    let as_json = |server: &Server, number: u64| {
        server.ask(get(format!("/msg/{key}/{number}")).header("Accept", "application/json")).expect(200).text()
    };
    let before: Vec<String> = (1..=31).map(|number| as_json(&server, number)).collect();
    server.kill_and_start();
    let mut anna = anna.back_at(&server);
    // Every event is the same to the byte.
    let after: Vec<String> = (1..=31).map(|number| as_json(&server, number)).collect();
    assert_eq!(after, before);
    // A post whose answer was lost is repeated safely.
    let repeat = anna.ask(keyed("once")).expect(200);
    assert_eq!((repeat.number(), repeat.header("chat-duplicate")), (31, Some("true")));
    anna.ask(keyed("twice")).expect(409);
    // The numbers go on, and the guest is the same one, by either cookie.
    let answer = anna.ask(post(format!("/send/{key}"), "and on")).expect(200);
    assert_eq!((answer.number(), SetCookie::all(&answer)), (32, vec![]));
    anna.keep_only("client");
    assert_eq!(anna.cookie("client").value, first_client);
    assert_eq!(anna.say(&key, "by the page's cookie"), 33);
    let authors: Vec<String> = [1, 32, 33]
        .map(|number| {
            serde_json::from_str::<serde_json::Value>(&as_json(&server, number)).unwrap()["author"].to_string()
        })
        .to_vec();
    assert!(authors.iter().all(|author| *author == authors[0]), "{authors:?}");
    // A new guest is nobody who was here before.
    Person::new(&server).say(&key, "new");
    let newcomer: serde_json::Value = serde_json::from_str(&as_json(&server, 34)).unwrap();
    assert_ne!(newcomer["author"].to_string(), authors[0]);
    let index = server.ask(get("/")).expect(200).text();
    assert!(super::pages::listing(&index, &key).unwrap().contains("Tea"));
    assert_eq!(messages(&anna.open(&key).text()).len(), 34);
}

#[test]
fn a_name_is_remembered_over_a_kill() {
    let mut server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.ask(super::support::http::post_form(format!("/send/{key}"), &[("text", "hi"), ("nick", "Zoë")])).expect(200);
    server.kill_and_start();
    anna.back_at(&server).say(&key, "again");
    assert_eq!(server.line(&key, 2), "~Zoë: again");
}

#[test]
fn the_lobby_keeps_its_key() {
    let mut server = Server::start();
    let key = server.lobby();
    for _ in 0..2 {
        server.kill_and_start();
        assert_eq!(server.lobby(), key);
    }
}

#[test]
fn who_polls_carries_on_after_a_kill() {
    let mut server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.say(&key, "one");
    let mut hanging = anna.connect();
    hanging.send(&get(format!("/msg/{key}/2")));
    server.kill_and_start();
    assert!(hanging.is_closed());
    let mut anna = anna.back_at(&server);
    let mut hanging = anna.connect();
    hanging.send(&get(format!("/msg/{key}/2")));
    assert_eq!(anna.say(&key, "two"), 2);
    assert!(hanging.answer().expect(200).text().ends_with(": two"));
}
