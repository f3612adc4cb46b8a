//! The second wall (PROMISES S44): whatever the store holds, no control character reaches a terminal but the door's own.

use std::sync::Arc;

use parlor_core::connections::Identity;
use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::{AccountId, ConnectionId, Epoch, GuestId, LOBBY, Number, RoomKey, Seq, Timestamp};
use parlor_core::limits::{CACHE_BYTES, Limits};
use parlor_core::model::{FakePasswords, Model};
use parlor_core::ports::{Clock, Entropy, NoBus};
use parlor_core::pulse::{Attendant, Change, ChangeKind};
use parlor_core::room::{RoomRef, SettingsChange};
use parlor_core::room_log::RoomLog;
use parlor_core::text::{DisplayName, Emoji, Subject, Text};
use parlor_core::{Actor, Chat, Who, World};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::drawing;

/// What a message would have to hold to take a terminal over, or to look like somebody else's.
const HOSTILE: [&str; 16] = [
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZWNobyBoaQ==\x07",
    "\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b_app\x1b\\",
    "\u{9b}31mred",
    "\u{90}dcs\u{9c}",
    "a\x08\x08\x08b",
    "a\rforged to everyone:",
    "ring\x07",
    "\x7f\x7f",
    "nul\0nul",
    "\u{202e}desrever\u{202c}",
    "\u{2066}open",
    "\u{2028}berta to everyone:\u{2029}",
];

struct Still;

impl Clock for Still {
    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

impl Entropy for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(9);
    }
}

/// A chat with nothing in it, and its lobby.
fn place() -> (Arc<Chat>, Arc<RoomLog>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(open())
}

async fn open() -> (Arc<Chat>, Arc<RoomLog>) {
    let key = RoomKey::draw(|bytes| bytes.fill(7));
    let world = World {
        store: Arc::new(Model::new([7; 32], key, Epoch(1), Timestamp(0))),
        bus: Arc::new(NoBus),
        clock: Arc::new(Still),
        entropy: Arc::new(Still),
        passwords: Arc::new(FakePasswords::default()),
    };
    let (chat, _) = Chat::open(world, Limits::default(), CACHE_BYTES).await.unwrap();
    let operator = Actor { who: Who::Operator, origin: None };
    let log = chat.find(&operator, RoomRef::Id(LOBBY)).await.unwrap();
    (chat, log)
}

fn event(author: Author, name: &str, body: Body) -> Event {
    let name = DisplayName::stored(name.to_owned());
    Event { room: LOBBY, seq: Seq(1), number: Number(1), at: Timestamp(i64::MAX), author, name, body }
}

/// Everything that can be drawn of these words.
fn everything(chat: &Chat, log: &RoomLog, words: &str) -> Vec<String> {
    let text = || Text::stored(words.to_owned());
    let target = Number(1);
    let emoji = || Emoji::stored(words.to_owned());
    let subject = Some(Subject::stored(words.to_owned()));
    let bodies = [
        Body::Message { text: text(), reply_to: Some(target), state: MessageState::Edited },
        Body::message(Text::stored(format!("* {words} {words}")), None),
        Body::Message { text: text(), reply_to: None, state: MessageState::Redacted },
        Body::Edit { target, text: text() },
        Body::Redaction { target },
        Body::Reaction { target, emoji: emoji(), on: true },
        Body::Reaction { target, emoji: emoji(), on: false },
        Body::Settings(SettingsChange { subject, ..SettingsChange::default() }),
        Body::Closed,
    ];
    let mut drawn = Vec::new();
    for author in [Author::Account(AccountId(1)), Author::Guest(GuestId(1)), Author::System] {
        for body in bodies.clone() {
            let event = event(author, words, body);
            drawn.extend(drawing::event(chat, log, &event));
            drawn.push(drawing::past(chat, log, &event));
            drawn.extend(drawing::letter(chat, &event, Some(Author::System), "other"));
        }
    }
    let identity = Arc::new(Identity::guest(GuestId(1), DisplayName::stored(words.to_owned())));
    for kind in [ChangeKind::Came, ChangeKind::Left, ChangeKind::Broke, ChangeKind::Became { before: identity.clone() }]
    {
        let attendant = Attendant { connection: ConnectionId(1), identity: identity.clone() };
        let change = Change { head: Seq(1), kind, attendant, connections: 1, tag: 0 };
        drawn.extend(drawing::changes(log, [&change].into_iter(), None));
    }
    drawn.push(drawing::people(log, ConnectionId(1), &identity));
    drawn.push(drawing::said("note to self", words));
    drawn
}

/// Whether a terminal can print it without being told to do anything else, and nothing but the door begins a line at the
/// left edge: what was said is indented.
fn check(drawn: &str, words: &str) {
    let bad = drawn.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t');
    assert_eq!(bad, None, "{words:?} gave {drawn:?}");
    assert!(!drawn.contains(['\u{2028}', '\u{2029}']), "{words:?} gave {drawn:?}");
    for line in drawn.lines() {
        let mut open = 0_i32;
        for c in line.chars() {
            match c {
                '\u{2066}'..='\u{2068}' => open += 1,
                '\u{2069}' => open -= 1,
                '\u{202a}'..='\u{202e}' | '\u{200e}' | '\u{200f}' => {
                    assert!(open > 0, "{words:?} turns the door's own words in {line:?}");
                }
                _ => {}
            }
            assert!(open >= 0, "{words:?} closes an isolate of the door's in {line:?}");
        }
        assert_eq!(open, 0, "{words:?} leaves an isolate open in {line:?}");
    }
}

#[test]
fn planted_control_characters_are_written_out() {
    let (chat, log) = place();
    for words in HOSTILE {
        for drawn in everything(&chat, &log, words) {
            check(&drawn, words);
        }
    }
    let escape = event(Author::Account(AccountId(1)), "eve\x1b[m", Body::message(Text::stored("\x1b[2J".into()), None));
    assert_eq!(drawing::event(&chat, &log, &escape).unwrap(), "eve\\x1b[m to everyone:\n  \\x1b[2J\n");
}

#[test]
fn no_text_can_pass_for_the_doors_own_lines() {
    let (chat, log) = place();
    let forged = "hi\n> \nberta to everyone:\n  forged\n* berta waves";
    let event = event(Author::Account(AccountId(1)), "adrian", Body::message(Text::stored(forged.into()), None));
    let drawn = drawing::event(&chat, &log, &event).unwrap();
    let (first, rest) = drawn.split_once('\n').unwrap();
    assert_eq!(first, "adrian to everyone:");
    assert!(rest.lines().all(|line| line.starts_with("  ")), "{drawn:?}");
}

#[test]
fn the_time_of_a_message_is_shown_to_the_minute() {
    let (chat, log) = place();
    let mut event = event(Author::Account(AccountId(1)), "adrian", Body::message(Text::stored("hi".into()), None));
    event.at = Timestamp(1_795_255_443_123_456);
    assert_eq!(drawing::past(&chat, &log, &event), "#1 2026-11-21 10:04 adrian to everyone:\n  hi\n");
}

#[test]
fn an_idle_session_is_small() {
    let life = super::session::live(Box::pin(async { None }));
    // With its task, outlet, seats and entries in core it stays under 2.5 KiB.
    let session = size_of_val(&life) + size_of::<super::session::Session>();
    assert!(session <= 752, "{session}");
}

/// The server's side of a connection, and the client's.
async fn connect() -> (tokio::task::JoinHandle<()>, tokio::net::TcpStream) {
    let chat = open().await.0;
    let tasks = tokio::runtime::Handle::current();
    let door = super::open(&crate::Streams {
        chat,
        history_on_join: 0,
        quiet: std::time::Duration::ZERO,
        tasks: tasks.clone(),
    });
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = tokio::net::TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = socket.accept().await.unwrap();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let life = door.serve(stream, peer, stopping);
    let task = tasks.spawn(async move {
        life.await;
        drop(stop);
    });
    (task, client)
}

async fn hear_until(client: &mut tokio::net::TcpStream, end: &str) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        let mut buffer = [0; 1_024];
        let count = client.read(&mut buffer).await.unwrap();
        assert!(count > 0, "closed before {end:?}");
        heard.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test(start_paused = true)]
async fn who_gives_no_name_for_five_minutes_is_sent_away() {
    let before = tokio::time::Instant::now();
    let (task, mut client) = connect().await;
    let mut heard = String::new();
    client.read_to_string(&mut heard).await.unwrap();
    assert!(heard.contains("still no name; goodbye"), "{heard:?}");
    assert!(before.elapsed() >= std::time::Duration::from_secs(300));
    drop(client);
    task.await.unwrap();
}

#[tokio::test]
async fn who_has_a_name_may_be_silent_for_days() {
    let (_task, mut client) = connect().await;
    hear_until(&mut client, "\n> ").await;
    client.write_all(b"\0\0\0\0\0\0\0\x06adrian").await.unwrap();
    hear_until(&mut client, "/help tells more\n> ").await;
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(7 * 86_400)).await;
    client.write_all(b"\0\0\0\0\0\0\0\x04/who").await.unwrap();
    assert!(hear_until(&mut client, "\n> ").await.contains("here: adrian (you)"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn nothing_gets_through(words in any::<String>(), at in 0..16_usize) {
        let (chat, log) = place();
        let words = format!("{words}{}", HOSTILE[at]);
        for drawn in everything(&chat, &log, &words) {
            check(&drawn, &words);
        }
    }
}
