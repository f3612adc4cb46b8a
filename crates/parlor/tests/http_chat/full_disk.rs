//! No space left (here: more kept in reserve than any disk has): posts are refused, everything else goes on.

use super::support::http::{get, post};
use super::support::person::Person;
use super::support::server::Server;

const RESERVE: &str = "PARLOR_DISK_RESERVE";

#[test]
fn on_a_full_disk_reading_goes_on_and_posting_is_refused() {
    let mut server = Server::start();
    let key = server.created("/chat_create?listed=1");
    let mut anna = Person::new(&server);
    anna.say(&key, "before");
    server.set(RESERVE, "1048576");
    server.kill_and_start();
    let mut anna = anna.back_at(&server);
    let keyed = || post(format!("/send/{key}"), "kept back").header("Idempotency-Key", "k");
    for request in [keyed(), get("/chat_create")] {
        let refused = anna.ask(request).expect(507);
        assert!(refused.header("retry-after").is_some() && refused.text().contains("full"), "{refused:?}");
    }
    let problem = anna.ask(keyed().header("Accept", "application/json")).expect(507).json();
    assert_eq!(problem["code"], "disk_full");
    for target in ["/".to_owned(), format!("/chat/{key}"), format!("/msg/{key}/1"), "/healthz".to_owned()] {
        anna.ask(get(target)).expect(200);
    }
    server.ask(get(format!("/msg/{key}/2?wait=0"))).expect(204);
    let not_ready = server.ask(get("/readyz"));
    assert!(not_ready.status == 503 && not_ready.text().contains("full"), "{not_ready:?}");
    server.set(RESERVE, "0");
    server.kill_and_start();
    // Nothing was stored meanwhile, so the same key is still free.
    let answer = anna.back_at(&server).ask(keyed()).expect(200);
    assert_eq!((answer.number(), answer.header("chat-duplicate")), (2, None));
}
