//! Live delivery over real sockets on this machine, with the store in memory.

use std::io::Read;
use std::net::TcpStream as Client;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parlor_core::connections::{Connection, Identity, News};
use parlor_core::cursor::End;
use parlor_core::event::{Author, Body, Draft, NameChoice};
use parlor_core::ids::{ConnectionId, Epoch, LOBBY, RoomKey, Seq, Timestamp};
use parlor_core::limits::{CACHE_BYTES, Limits};
use parlor_core::model::{FakePasswords, Model};
use parlor_core::ports::{Clock, Entropy, NoBus, Store};
use parlor_core::pulse::{Change, Stay};
use parlor_core::room::{Role, RoomRef};
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;
use parlor_core::slot::{Slot, Source};
use parlor_core::text::DisplayName;
use parlor_core::{Actor, Chat, Who, World};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::*;

/// How long a test waits for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

const OPERATOR: Actor = Actor { who: Who::Operator, origin: None };

/// A chat, its lobby, and a door that says `[SEQ TEXT]`, `[own SEQ]`, `[N changes]`, `[news]`.
struct Place {
    store: Arc<Model>,
    chat: Arc<Chat>,
    live: Arc<Live>,
    log: Arc<RoomLog>,
    encoded: Arc<AtomicUsize>,
    socket: TcpListener,
}

/// A connection of the place: its server side runs in a task, its client side is a plain socket.
struct Guest {
    client: Client,
    connection: ConnectionId,
    actor: Actor,
    task: JoinHandle<Told>,
    outlet: Arc<Outlet>,
}

/// What a connection's task saw.
#[derive(Debug, Default)]
struct Told {
    ends: Vec<End>,
    dead: Option<String>,
}

struct Plain(Arc<AtomicUsize>);

impl Voice for Plain {
    fn slot(&self, _: &RoomLog, slot: &Slot, _: Dialect) -> Option<Bytes> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let event = slot.event();
        Some(match &event.body {
            Body::Message { text, .. } => format!("[{} {}]", event.seq, text.as_str()).into(),
            _ => format!("[{} event]", event.seq).into(),
        })
    }

    fn own_slot(&self, _: &RoomLog, slot: &Slot, _: Dialect) -> Option<Bytes> {
        Some(format!("[own {}]", slot.event().seq).into())
    }

    fn changes(
        &self,
        _: &RoomLog,
        changes: &[Arc<Change>],
        listener: Option<ConnectionId>,
        _: Dialect,
        out: &mut Vec<u8>,
    ) {
        let own = if listener.is_some() { "own " } else { "" };
        out.extend_from_slice(format!("[{own}{} changes]", changes.len()).as_bytes());
    }

    fn news(&self, _: &News, _: Option<ConnectionId>, _: Dialect, out: &mut Vec<u8>) {
        out.extend_from_slice(b"[news]");
    }
}

struct Clocks;

impl Clock for Clocks {
    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Numbers that differ.
struct Counting(AtomicUsize);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (next >> (8 * (at % 4))) as u8;
        }
    }
}

impl Place {
    async fn open() -> Place {
        let key = RoomKey::draw(|bytes| bytes.fill(7));
        let store = Arc::new(Model::new([7; 32], key, Epoch(1), Timestamp(0)));
        let world = World {
            store: store.clone(),
            bus: Arc::new(NoBus),
            clock: Arc::new(Clocks),
            entropy: Arc::new(Counting(AtomicUsize::new(0))),
            passwords: Arc::new(FakePasswords::default()),
        };
        let (chat, engines) = Chat::open(world, Limits::without_rates(), CACHE_BYTES).await.unwrap();
        Handle::current().spawn(engines.sequencer.run());
        let encoded = Arc::new(AtomicUsize::new(0));
        let live = Live::new(chat.clone(), Arc::new(Plain(encoded.clone())), Handle::current());
        let log = chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Place { store, chat, live, log, encoded, socket }
    }

    /// A connection that sits in the lobby from now on.
    async fn guest(&self) -> Guest {
        let mark = Mark::now(&self.log);
        self.guest_from(mark).await
    }

    async fn guest_from(&self, mark: Mark) -> Guest {
        let (connection, stream, client) = self.connect().await;
        let (id, actor) = (connection.id(), connection.actor());
        let outlet = Outlet::new(stream, id, actor);
        self.live.join(&outlet, Topic::Room(self.log.clone()), mark);
        let task = Handle::current().spawn(serve(self.live.clone(), outlet.clone(), connection));
        Guest { client, connection: id, actor, task, outlet }
    }

    async fn connect(&self) -> (Connection, TcpStream, Client) {
        let client = Client::connect(self.socket.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let (stream, _) = self.socket.accept().await.unwrap();
        let connection = self.chat.connect("test", None);
        connection.be_guest().await.unwrap();
        (connection, stream, client)
    }

    async fn post(&self, text: &str) {
        self.chat.post(&OPERATOR, &self.log, text.as_bytes(), PostOptions::default()).await.unwrap();
    }
}

/// The life of a connection that reads nothing of its client but the end.
async fn serve(live: Arc<Live>, outlet: Arc<Outlet>, _connection: Connection) -> Told {
    let mut told = Told::default();
    loop {
        match outlet.event().await {
            Ok(Event::Behind) => match live.catch_up(&outlet).await {
                Ok(CaughtUp::Level) => {}
                Ok(CaughtUp::Ended(_, end)) => told.ends.push(end),
                Err(dead) => {
                    told.dead = Some(dead.to_string());
                    break;
                }
            },
            Ok(Event::Readable) => {
                let mut buffer = [0; 64];
                match outlet.try_read(&mut buffer) {
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Ok(1..) => {}
                    _ => break,
                }
            }
            Err(_) => break,
        }
    }
    outlet.close();
    told
}

impl Guest {
    /// What it reads until `last` comes, in pieces without their brackets.
    async fn hears_until(mut self, last: &str) -> (Guest, Vec<String>) {
        let end = format!("[{last}]");
        Handle::current()
            .spawn_blocking(move || {
                let mut heard = Vec::new();
                let mut buffer = [0; 65_536];
                while !heard.ends_with(end.as_bytes()) {
                    let count = self.client.read(&mut buffer).expect("what it waits for comes");
                    assert!(count > 0, "the connection was closed before {end} came");
                    heard.extend_from_slice(&buffer[..count]);
                }
                (self, pieces(&heard))
            })
            .await
            .unwrap()
    }

    /// Says nothing more, and hears the rest.
    async fn leave_hearing(self) -> (Told, Vec<String>) {
        let Guest { mut client, task, .. } = self;
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let told = task.await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        (told, pieces(&rest))
    }

    /// Ends the client side; answers what its server side saw.
    async fn leave(self) -> Told {
        drop(self.client);
        self.task.await.unwrap()
    }
}

fn pieces(heard: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(heard).unwrap();
    text.split_terminator(']').map(|piece| piece.strip_prefix('[').expect("a piece").to_owned()).collect()
}

fn expected(range: std::ops::RangeInclusive<usize>) -> Vec<String> {
    range.map(|n| format!("{n} text {n}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_everything_once_and_it_is_put_into_bytes_once() {
    let place = Place::open().await;
    let mut guests = Vec::new();
    for _ in 0..20 {
        guests.push(place.guest().await);
    }
    for n in 1..=50 {
        place.post(&format!("text {n}")).await;
    }
    for guest in guests {
        let (guest, heard) = guest.hears_until("50 text 50").await;
        assert_eq!(heard, expected(1..=50));
        guest.leave().await;
    }
    // A connection that joins while a round goes on reads for itself; here all had joined.
    assert!(place.encoded.load(Ordering::Relaxed) <= 2 * 50, "{}", place.encoded.load(Ordering::Relaxed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_while_others_speak_misses_nothing_and_hears_nothing_twice() {
    let place = Arc::new(Place::open().await);
    let speaker = {
        let place = place.clone();
        Handle::current().spawn(async move {
            for n in 1..=400 {
                place.post(&format!("text {n}")).await;
            }
        })
    };
    let mut guests = Vec::new();
    for _ in 0..60 {
        let mark = Mark::now(&place.log);
        // What comes between the look at the room and the seat is caught up with.
        tokio::task::yield_now().await;
        guests.push((mark.seq.0 as usize, place.guest_from(mark).await));
    }
    speaker.await.unwrap();
    for (from, guest) in guests {
        if from < 400 {
            let (_guest, heard) = guest.hears_until("400 text 400").await;
            assert_eq!(heard, expected(from + 1..=400));
        }
    }
}

/// More than the socket buffers of both sides hold.
const FLOOD: usize = 6_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_reading_costs_the_others_nothing_and_gets_everything_later() {
    let place = Place::open().await;
    let stalled = place.guest().await;
    let reader = place.guest().await;
    let long = "x".repeat(2_000);
    let heard = Handle::current().spawn(reader.hears_until("6001 end"));
    for _ in 1..=FLOOD {
        place.post(&long).await;
    }
    place.post("end").await;
    let (reader, heard) = heard.await.unwrap();
    assert_eq!(heard.len(), FLOOD + 1);
    assert!(stalled.outlet.is_behind(), "the flood was too small for this machine's socket buffers");
    assert!(stalled.outlet.lock().leftover.len() <= 2 * limits::ROUND_BYTES);
    let (stalled, heard) = stalled.hears_until("6001 end").await;
    let numbers: Vec<usize> = heard.iter().map(|piece| piece.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (1..=FLOOD + 1).collect::<Vec<_>>());
    place.post("after").await;
    for guest in [stalled, reader] {
        let (guest, heard) = guest.hears_until("6002 after").await;
        assert_eq!(heard, ["6002 after"], "both are written to by rounds again");
        assert!(!guest.outlet.is_behind());
        assert!(guest.leave().await.ends.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_for_thirty_seconds_is_dead() {
    let place = Place::open().await;
    let (connection, stream, client) = place.connect().await;
    let outlet = Outlet::new(stream, connection.id(), connection.actor());
    outlet.say(vec![b'x'; 32 << 20]);
    let dead = place.live.flush(&outlet).await.unwrap_err();
    assert!(matches!(dead, Dead::Stalled), "{dead}");
    drop(client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_by_which_it_came_hears_it_in_other_words() {
    let place = Place::open().await;
    let (one, other) = (place.guest().await, place.guest().await);
    let source = Source { connection: one.connection, tag: 0, door: "test" };
    let options = PostOptions { source: Some(source), ..PostOptions::default() };
    place.chat.post(&one.actor, &place.log, b"mine", options).await.unwrap();
    place.post("text 2").await;
    assert_eq!(one.hears_until("2 text 2").await.1, ["own 1", "2 text 2"]);
    assert_eq!(other.hears_until("2 text 2").await.1, ["1 mine", "2 text 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_came_before_something_was_said_is_told_before_it() {
    let place = Place::open().await;
    let listener = place.guest().await;
    let identity = Arc::new(Identity::unknown());
    let connection = place.chat.draw_connection();
    let here = place.chat.attend(&place.log, connection, identity, Stay::Connected, 0);
    place.post("text 1").await;
    let (listener, heard) = listener.hears_until("1 text 1").await;
    assert_eq!(heard, ["1 changes", "1 text 1"]);
    here.leave(0);
    let (listener, heard) = listener.hears_until("1 changes").await;
    assert_eq!(heard, ["1 changes"]);
    listener.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_comes_is_told_of_together() {
    let place = Place::open().await;
    let listener = place.guest().await;
    let crowd: Vec<_> = (0..500)
        .map(|_| {
            let identity = Arc::new(Identity::unknown());
            place.chat.attend(&place.log, place.chat.draw_connection(), identity, Stay::Connected, 0)
        })
        .collect();
    place.post("text 1").await;
    let (_listener, heard) = listener.hears_until("1 text 1").await;
    let told: usize = heard.iter().filter_map(|piece| piece.strip_suffix(" changes")?.parse::<usize>().ok()).sum();
    assert_eq!(told, 500);
    assert!(heard.len() <= 12 + 1, "ten by themselves, the rest in one: {heard:?}");
    drop(crowd);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_shut_out_hears_nothing_after_that() {
    let place = Place::open().await;
    let (out, stays) = (place.guest().await, place.guest().await);
    place.post("text 1").await;
    let who = out.actor.author().unwrap();
    // As another node would.
    let body = Body::Member { who, role: Some(Role::Banned) };
    let name = NameChoice::Given(DisplayName::stored("op".into()));
    let draft = Draft { room: LOBBY, author: Author::System, name, body, key: None, now: Timestamp(0) };
    place.store.append(vec![draft]).await.unwrap();
    place.chat.heard(LOBBY, Seq(2)).await.unwrap();
    place.post("text 3").await;
    assert_eq!(stays.hears_until("3 text 3").await.1, ["1 text 1", "2 event", "3 text 3"]);
    let (out, heard) = out.hears_until("1 text 1").await;
    assert_eq!(heard, ["1 text 1"]);
    let (told, rest) = out.leave_hearing().await;
    assert_eq!(rest, [""; 0]);
    assert_eq!(told.ends, [End::Removed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_closed_ends_its_seats() {
    let mut place = Place::open().await;
    place.log = place.chat.open_room(&OPERATOR, parlor_core::chat::RoomPlan::default()).await.unwrap();
    let guest = place.guest().await;
    place.chat.close(&OPERATOR, &place.log, None).await.unwrap();
    let (guest, heard) = guest.hears_until("1 event").await;
    assert_eq!(heard, ["1 event"]);
    assert_eq!(guest.leave().await.ends, [End::Closed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audience_ends_with_its_last_seat_and_begins_again() {
    let place = Place::open().await;
    for round in 1..=3 {
        let mut guests = Vec::new();
        for _ in 0..100 {
            guests.push(place.guest().await);
        }
        place.post(&format!("text {round}")).await;
        for guest in guests {
            guest.hears_until(&format!("{round} text {round}")).await.0.leave().await;
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !place.live.lock().is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "the audience is still there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_tells_those_who_wait_and_those_who_are_written_to() {
    let place = Place::open().await;
    let (stalled, waits) = (place.guest().await, place.guest().await);
    let reader = Handle::current().spawn(waits.hears_until("6001 end"));
    let long = "x".repeat(2_000);
    for _ in 1..=FLOOD {
        place.post(&long).await;
    }
    place.post("end").await;
    let (waits, _) = reader.await.unwrap();
    assert!(stalled.outlet.is_behind());
    place.live.stop();
    let late = place.guest().await;
    assert_eq!(stalled.task.await.unwrap().dead.as_deref(), Some("the server stops"));
    assert_eq!(waits.task.await.unwrap().dead, None);
    assert_eq!(late.task.await.unwrap().dead, None, "who comes too late is told too");
}

/// What a connection takes beside its task and its name (issue: 2.5 KiB in all at the terminal door).
#[test]
fn an_outlet_and_its_seats_are_small() {
    // 16 more for its counts make 192, which is what an allocator has.
    assert!(size_of::<Outlet>() <= 176, "{}", size_of::<Outlet>());
    assert!(size_of::<Seat>() <= 48, "{}", size_of::<Seat>());
    assert!(size_of::<Letters>() <= 80, "{}", size_of::<Letters>());
}
