//! No space left (here: more kept in reserve than any disk has): posts are refused, everything else goes on.

use super::support::http::{get, post};
use super::support::person::Person;
use super::support::server::Server;
use super::support::wait_for;

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

#[test]
fn when_there_is_space_again_posting_goes_on_by_itself() {
    const MIB: u64 = 1024 * 1024;
    let mut server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.open(&key);
    // Everything but a part is the reserve: a file twice as large as that cuts into it, and other programs do not so soon.
    let disk = rustix::fs::statvfs(server.data_dir()).expect("the data directory is there");
    let free = disk.f_bavail * disk.f_frsize;
    let part = (free / 4).min(1 << 30);
    let reserve = ((free - part) / MIB).min(1 << 20);
    server.set(RESERVE, &reserve.to_string());
    server.kill_and_start();
    let mut anna = anna.back_at(&server);
    anna.say(&key, "while there is space");
    let filler = server.data_dir().with_file_name("filler");
    let file = std::fs::File::create(&filler).expect("tests may write temporary files");
    // Its blocks are taken without being written.
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, free - reserve * MIB + part)
        .expect("there is space for it");
    let keyed = || post(format!("/send/{key}"), "kept back").header("Idempotency-Key", "k");
    wait_for("a refusal", || (anna.ask(keyed()).status == 507).then_some(()));
    let mut reader = Person::new(&server);
    reader.open(&key);
    let mut hanging = reader.connect();
    hanging.send(&reader.with_cookies(get(format!("/msg/{key}/2"))));
    server.ask(get(format!("/msg/{key}/1"))).expect(200);
    std::fs::remove_file(&filler).expect("it is ours");
    drop(file);
    let posted = wait_for("an answer", || Some(anna.ask(keyed())).filter(|answer| answer.status == 200));
    assert_eq!((posted.number(), posted.header("chat-duplicate")), (2, None));
    assert!(hanging.answer().expect(200).text().ends_with(": kept back"));
}
