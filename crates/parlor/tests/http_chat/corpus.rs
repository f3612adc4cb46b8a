//! Hostile texts (PROMISES 3.10): whatever is accepted comes back as it was, by text, by JSON, and on the page.

use super::pages::messages;
use super::support::corpus::{corpus, expected};
use super::support::http::{Connection, get, post, post_form};
use super::support::person::Person;
use super::support::server::Server;

#[test]
fn what_is_accepted_comes_back_the_same_by_every_way() {
    let server = Server::unlimited_with(&[("PARLOR_HISTORY_ON_JOIN", "500")]);
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.ask(post_form(format!("/send/{key}"), &[("text", "first"), ("nick", "anna")])).expect(200);
    let mut connection = anna.connect();
    let mut accepted = vec![(1, "first".to_owned())];
    for text in corpus() {
        let plain = post(format!("/send/{key}"), text.clone()).header("Content-Type", "text/plain; charset=utf-8");
        for request in [plain, post_form(format!("/send/{key}"), &[("text", &text)])] {
            let answer = connection.ask(anna.with_cookies(request));
            match expected(&text) {
                Ok(text) => accepted.push((answer.expect(200).number(), text)),
                Err(refused) => {
                    let said = answer.text();
                    assert!(said.contains(&refused.sentence()), "{text:?}: {said}");
                    assert_eq!(answer.status, refused.status(), "{text:?}");
                }
            }
        }
    }
    assert!(accepted.len() > 500, "{} texts were taken", accepted.len());
    let mut reader = Connection::open(server.address());
    for (number, text) in &accepted {
        let line = reader.ask(get(format!("/msg/{key}/{number}"))).expect(200).text();
        assert_eq!(line, format!("~anna: {text}"));
        let event =
            reader.ask(get(format!("/msg/{key}/{number}")).header("Accept", "application/json")).expect(200).json();
        assert_eq!((event["text"].as_str(), event["number"].as_u64()), (Some(text.as_str()), Some(*number)));
    }
    let page = server.ask(get(format!("/chat/{key}"))).expect(200).text();
    assert_eq!(messages(&page), accepted[accepted.len() - 500..]);
}

#[test]
fn a_hostile_text_stays_the_same_over_a_restart() {
    let mut server = Server::start();
    let key = server.room();
    let texts: Vec<String> = corpus().iter().filter_map(|text| expected(text).ok()).collect();
    let mut anna = Person::new(&server);
    anna.open(&key);
    let mut connection = anna.connect();
    for text in &texts {
        connection.ask(anna.with_cookies(post(format!("/send/{key}"), text.clone()))).expect(200);
    }
    server.kill_and_start();
    let mut reader = Connection::open(server.address());
    for (number, text) in (1..).zip(&texts) {
        let line = reader.ask(get(format!("/msg/{key}/{number}"))).expect(200).text();
        assert_eq!(line.split_once(": ").map(|(_, said)| said), Some(text.as_str()));
    }
}
