//! What needs a clock that can be moved, and how much a connection takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parlor_core::ids::{Epoch, RoomKey, Timestamp};
use parlor_core::limits::{CACHE_BYTES, Limits, Settings};
use parlor_core::model::{FakePasswords, Model};
use parlor_core::ports::{Clock, Entropy, NoBus};
use parlor_core::refusal::What;
use parlor_core::{Actor, Chat, Error, Fault, Refusal, Who, World};
use parlor_wire::chat1::Framing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, pause};

use super::replies::No;

struct Still;

impl Clock for Still {
    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Nothing random, and never the same.
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

/// The server's side of a connection, and the client's.
async fn connect() -> (JoinHandle<()>, TcpStream) {
    connect_to(open().await).await
}

async fn open() -> Arc<Chat> {
    let world = World {
        store: Arc::new(Model::new([7; 32], RoomKey::draw(|bytes| bytes.fill(1)), Epoch(1), Timestamp(0))),
        bus: Arc::new(NoBus),
        clock: Arc::new(Still),
        entropy: Arc::new(Counting(AtomicU8::new(0))),
        passwords: Arc::new(FakePasswords::default()),
    };
    let settings = Settings { passwordless_accounts: true, ..Settings::from(Limits::without_rates()) };
    let (chat, engines) = Chat::open(world, settings, CACHE_BYTES).await.unwrap();
    Handle::current().spawn(engines.sequencer.run());
    chat
}

async fn connect_to(chat: Arc<Chat>) -> (JoinHandle<()>, TcpStream) {
    let tasks = Handle::current();
    let quiet = Duration::from_millis(40);
    let door = super::open(&crate::Streams { chat, history_on_join: 0, quiet, tasks: tasks.clone() });
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = socket.accept().await.unwrap();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let life = door.serve(stream, peer, stopping);
    let task = tasks.spawn(async move {
        life.await;
        drop(stop);
    });
    (task, client)
}

async fn hear_until(client: &mut TcpStream, end: &str) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        let mut buffer = [0; 1_024];
        let count = client.read(&mut buffer).await.unwrap();
        assert!(count > 0, "closed before {end:?}");
        heard.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn what_the_operator_says_to_everybody_is_pushed_to_who_listens() {
    let chat = open().await;
    let (_task, mut client) = connect_to(chat.clone()).await;
    for request in ["REG adrian", "USE adrian", "LISTEN"] {
        client.write_all(format!("{request} CHAT/1.0\nContent-Length: 0\n\n").as_bytes()).await.unwrap();
        hear_until(&mut client, "Content-Length: 0\n\n").await;
    }
    let operator = Actor { who: Who::Operator, origin: None };
    let elsewhere = chat.connect("test", None);
    elsewhere.be_guest().await.unwrap();
    chat.announce(&operator, &elsewhere, 0, b"back in an hour").unwrap();
    let heard = hear_until(&mut client, "back in an hour").await;
    assert!(heard.starts_with("MESSAGE ~guest-") && !heard.contains("Group:"), "{heard}");
}

#[tokio::test]
async fn a_refusal_has_the_status_of_the_protocol() {
    let chat = open().await;
    let second = Duration::from_millis(1_500);
    let cases: [(Refusal, &str); 12] = [
        (Refusal::NotFound, "404 Not Found\n\nthere is no such user or group\n"),
        (Refusal::NoSuchPerson, "404 Not Found\n\nthere is no such user or group\n"),
        (Refusal::Unknown("nobody".into()), "404 Not Found\n\nthere is no user \"nobody\"\n"),
        (Refusal::Forbidden, "403 Forbidden\n\nyou may not do this here\n"),
        (Refusal::TooMany { what: "groups", limit: 50 }, "403 Forbidden\n\ntoo many groups: the limit is 50\n"),
        (Refusal::NotLoggedIn, "401 Unauthorized\n\nyou are not logged in\n"),
        (Refusal::Empty(What::Message), "400 Bad Request\n\nthe message is empty\n"),
        (
            Refusal::TooLong { what: What::Name, limit: 64, unit: "bytes" },
            "400 Bad Request\n\nthe name is too long: the limit is 64 bytes\n",
        ),
        (
            Refusal::TooLong { what: What::Message, limit: 4_096, unit: "bytes" },
            "413 Payload Too Large\n\nthe message is too long: the limit is 4096 bytes\n",
        ),
        (Refusal::NameTaken, "409 Conflict\n\nthe name is taken\n"),
        (Refusal::AlreadyMember, "409 Conflict\n\nall of them are members already\n"),
        (
            Refusal::TooFast { retry_after: second },
            "429 Too Many Requests\nRetry-After: 2\n\ntoo fast: try again in 2 s\n",
        ),
    ];
    for (refusal, expected) in cases {
        let bytes = No::from(refusal).into_reply(&chat).bytes(Framing::Plain);
        assert_eq!(String::from_utf8_lossy(&bytes), format!("CHAT/1.0 {expected}"));
    }
}

#[tokio::test]
async fn a_fault_is_named_by_a_number_and_tells_nothing_else() {
    let chat = open().await;
    let fault = Fault::Corrupt("row 7 of events in /somewhere/parlor.db".into());
    let bytes = No::from(Error::from(fault)).into_reply(&chat).bytes(Framing::Plain);
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("CHAT/1.0 500 Internal Server Error\n\n"), "{text}");
    let id = text.trim_end().rsplit(' ').next().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
    assert!(!text.contains("parlor.db"), "{text}");
    for fault in [Fault::DiskFull, Fault::Unavailable("x".into()), Fault::OutcomeUnknown("x".into())] {
        let bytes = No::from(Error::from(fault)).into_reply(&chat).bytes(Framing::Plain);
        assert!(bytes.starts_with(b"CHAT/1.0 503 Service Unavailable\nRetry-After: 1\n\n"), "{bytes:?}");
    }
}

/// Its task, outlet, seats and entries in core beside it stay under 6 KiB.
#[test]
fn an_idle_connection_is_small() {
    let session = size_of::<super::session::Session>();
    assert!(session <= 384, "{session}");
}

#[tokio::test]
async fn the_future_of_an_idle_connection_is_small() {
    let (task, mut client) = connect().await;
    client.write_all(b"PING CHAT/1.0\nContent-Length: 0\n\n").await.unwrap();
    hear_until(&mut client, "Content-Length: 0\n\n").await;
    drop(client);
    task.await.unwrap();
    let life = super::session::size_of_life();
    assert!(life <= 1_216, "{life}");
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_for_five_minutes_is_sent_away_without_a_word() {
    let before = Instant::now();
    let (task, mut client) = connect().await;
    let mut heard = String::new();
    client.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "", "nobody has asked anything");
    assert!(before.elapsed() >= Duration::from_secs(300));
    drop(client);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_its_first_line_is_sent_away_too() {
    let before = Instant::now();
    let (_task, client) = connect().await;
    let (mut reads, mut writes) = client.into_split();
    Handle::current().spawn(async move {
        while writes.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    });
    let mut heard = String::new();
    reads.read_to_string(&mut heard).await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(320));
}

#[tokio::test]
async fn who_has_asked_something_may_be_silent_for_days() {
    let (_task, mut client) = connect().await;
    client
        .write_all(b"REG adrian CHAT/1.0\nContent-Length: 0\n\nUSE adrian CHAT/1.0\nContent-Length: 0\n\n")
        .await
        .unwrap();
    let heard = hear_until(&mut client, "Content-Length: 0\n\n").await;
    let heard = if heard.contains("SESSIONID") { heard } else { heard + &hear_until(&mut client, "\n\n").await };
    assert!(heard.contains("201 Created") && heard.contains("SESSIONID"), "{heard}");
    pause();
    advance(Duration::from_secs(7 * 86_400)).await;
    client.write_all(b"LIST_USER CHAT/1.0\nContent-Length: 0\n\n").await.unwrap();
    assert!(hear_until(&mut client, "]}").await.starts_with("CHAT/1.0 200 OK\n"));
}

#[tokio::test(start_paused = true)]
async fn a_plain_request_is_over_when_nothing_comes() {
    let (_task, mut client) = connect().await;
    client.write_all(b"REG adrian CHAT/1.0\n").await.unwrap();
    assert_eq!(hear_until(&mut client, "\n").await, "CHAT/1.0 201 Created\n");
    // In the middle of a line nothing is over, however long it takes.
    client.write_all(b"REG jo").await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    client.write_all(b"sie CHAT/1.0\nName: J").await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    client.write_all(b"o\n").await.unwrap();
    assert_eq!(hear_until(&mut client, "\n").await, "CHAT/1.0 201 Created\n");
}

#[tokio::test]
async fn a_plain_send_waits_two_seconds_for_its_text() {
    let (_task, mut client) = connect().await;
    client.write_all(b"REG adrian CHAT/1.0\nUSE adrian CHAT/1.0\n").await.unwrap();
    while !hear_until(&mut client, "\n").await.contains("SESSIONID") {}
    client.write_all(b"SEND lobby CHAT/1.0\n\n").await.unwrap();
    // Long after any other request would be over.
    tokio::time::sleep(Duration::from_millis(400)).await;
    client.write_all(b"hello\n").await.unwrap();
    assert_eq!(hear_until(&mut client, "\n").await, "CHAT/1.0 200 OK\n");
    pause();
    let before = Instant::now();
    client.write_all(b"SEND lobby CHAT/1.0\n\n").await.unwrap();
    assert!(hear_until(&mut client, "\n").await.starts_with("CHAT/1.0 400 Bad Request\n"));
    assert!(before.elapsed() >= Duration::from_secs(2));
}
