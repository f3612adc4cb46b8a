//! A disk that changes what was written: what is served is right, or is not served.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parlor_backend::Sqlite;
use parlor_core::Fault;
use parlor_core::event::{Appended, Body, Event};
use parlor_core::ids::{LOBBY, Number, RoomId, Seq};
use parlor_core::ports::Store;
use parlor_core::room::{Head, Room, RoomRef};

use crate::fixture::{ANN, add, draft, emoji, heads, log, make_account, make_room, message, options, text};

/// All that people can see of the store.
#[derive(Debug, PartialEq)]
struct Seen {
    rooms: Vec<Room>,
    logs: Vec<Vec<Event>>,
    names: Vec<String>,
}

async fn fill(store: &Sqlite) -> Seen {
    make_account(store, None, "bob").await;
    let mut rooms = vec![LOBBY];
    rooms.push(make_room(store, 1).await.id);
    rooms.push(make_room(store, 2).await.id);
    for count in 0..60_u64 {
        for room in &rooms {
            add(store, *room, message(&format!("message {count} of {room}, {}", "long ".repeat(4 * count as usize))))
                .await;
        }
        if count % 10 == 9 {
            add(store, rooms[1], Body::Edit { target: Number(count), text: text("edited") }).await;
            add(store, rooms[1], Body::Redaction { target: Number(count - 5) }).await;
            let reaction = Body::Reaction { target: Number(count), emoji: emoji("👍"), on: true };
            add(store, rooms[1], reaction).await;
            add(store, rooms[2], Body::Member { who: ANN, role: None }).await;
        }
    }
    let mut seen = Seen { rooms: vec![], logs: vec![], names: vec!["bob".to_owned()] };
    for room in rooms {
        seen.rooms.push(store.room(RoomRef::Id(room)).await.unwrap().unwrap());
        seen.logs.push(log(store, room).await);
    }
    seen
}

/// Reads all that can be read, and compares. Answers how many verbs found damage.
async fn compare(store: &Sqlite, truth: &Seen) -> usize {
    let mut refused = 0;
    let mut damaged = |fault: Fault| {
        assert!(matches!(fault, Fault::Corrupt(_)), "{fault:?}");
        refused += 1;
    };
    for (room, log) in truth.rooms.iter().zip(&truth.logs) {
        match store.room(RoomRef::Id(room.id)).await {
            Ok(found) => assert_eq!(found.as_ref(), Some(room)),
            Err(fault) => damaged(fault),
        }
        match store.room(RoomRef::Key(room.key)).await {
            // A damaged index may not find it; it must not find another.
            Ok(found) => assert!(found.is_none_or(|found| found == *room)),
            Err(fault) => damaged(fault),
        }
        match store.events(room.id, Seq(1), 1_000).await {
            Ok(found) => assert_eq!(found, *log),
            Err(fault) => damaged(fault),
        }
        match store.messages_before(room.id, Number(30), 10).await {
            Ok(found) => {
                let numbers: Vec<_> = found.iter().map(|event| event.number.0).collect();
                assert_eq!(numbers, (20..30).collect::<Vec<_>>());
                assert!(found.iter().all(|event| log.contains(event)));
            }
            Err(fault) => damaged(fault),
        }
    }
    match store.listed_rooms(10).await {
        Ok(found) => assert!(found.iter().all(|room| truth.rooms.contains(room))),
        Err(fault) => damaged(fault),
    }
    match store.accounts(None, 10).await {
        Ok(found) => {
            assert!(found.iter().all(|account| truth.names.iter().any(|name| name == account.handle.as_str())))
        }
        Err(fault) => damaged(fault),
    }
    refused
}

/// A fixed sequence, so that a failure can be looked at again.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

#[tokio::test]
async fn a_flipped_bit_is_never_served() {
    let (dir, damaged) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let truth = fill(&store).await;
    drop(store);
    let sound = fs::read(dir.path().join("parlor.db")).unwrap();
    // Free space holds zeros; what is flipped there harms nobody and tells nothing.
    let content: Vec<usize> = (0..sound.len()).filter(|place| sound[*place] != 0).collect();
    let path = damaged.path().join("parlor.db");
    let mut state = 3;
    let (mut unharmed, mut found, mut refused) = (0, 0, 0);
    for _ in 0..120 {
        let (byte, bit) = (content[next(&mut state) % content.len()], next(&mut state) % 8);
        println!("byte {byte}, bit {bit}");
        let mut bytes = sound.clone();
        bytes[byte] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        match Sqlite::open(&options(damaged.path())) {
            Err(_) => refused += 1,
            Ok(store) => match compare(&store, &truth).await {
                0 => unharmed += 1,
                _ => found += 1,
            },
        }
    }
    println!("{unharmed} did no harm, {found} were found by readers, {refused} at the start");
    // Most of the content is in logs that were read whole.
    assert!(found + refused > 90, "{found} and {refused}");
}

#[tokio::test]
async fn a_flipped_bit_in_the_write_ahead_log_is_never_served() {
    let (dir, damaged) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let truth = fill(&store).await;
    let copy = |name: &str| fs::read(dir.path().join(name)).unwrap();
    let (database, sound) = (copy("parlor.db"), copy("parlor.db-wal"));
    let mut state = 5;
    for _ in 0..40 {
        let (byte, bit) = (next(&mut state) % sound.len(), next(&mut state) % 8);
        println!("byte {byte}, bit {bit}");
        let mut bytes = sound.clone();
        bytes[byte] ^= 1 << bit;
        fs::write(damaged.path().join("parlor.db"), &database).unwrap();
        fs::write(damaged.path().join("parlor.db-wal"), bytes).unwrap();
        let Ok(store) = Sqlite::open(&options(damaged.path())) else { continue };
        // Recovery ends before the damage: what is there is the beginning of what was.
        for log in &truth.logs {
            let found = store.events(log[0].room, Seq(1), 1_000).await.unwrap();
            // Without the bodies, which later edits changed in place.
            let place = |event: &Event| (event.seq, event.number, event.at, event.author);
            assert!(found.iter().map(place).eq(log.iter().take(found.len()).map(place)));
        }
        crate::fixture::assert_sound(&store).await;
    }
}

/// Overwrites one room's newest events on the disk, as a bad sector would.
fn spoil(dir: &Path, room: RoomId) {
    let db = rusqlite::Connection::open(dir.join("parlor.db")).unwrap();
    let spoilt =
        db.execute("UPDATE events SET text = text || 'x' WHERE room = ?1 AND id & 65535 > 3", [room.0 as i64]).unwrap();
    assert!(spoilt > 0);
}

#[tokio::test]
async fn a_damaged_room_leaves_the_others_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    fill(&store).await;
    drop(store);
    let bad = RoomId(2);
    spoil(dir.path(), bad);
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&options(dir.path())).unwrap());
    let Err(Fault::Corrupt(what)) = store.events(bad, Seq(1), 10).await else { panic!("served") };
    assert!(what.contains("room 2") && what.contains("event 4"), "{what}");
    assert_eq!(store.events(bad, Seq(1), 3).await.unwrap().len(), 3);
    assert_eq!(store.events(RoomId(3), Seq(1), 10).await.unwrap().len(), 10);
    // In one batch: the draft that needs a damaged row fails alone.
    let edit = Body::Edit { target: Number(10), text: text("x") };
    let drafts =
        vec![draft(LOBBY, message("a")), draft(bad, edit), draft(RoomId(3), message("b")), draft(LOBBY, message("c"))];
    let outcomes = store.append(drafts).await.unwrap();
    assert!(matches!(&outcomes[1], Appended::Failed(Fault::Corrupt(_))), "{:?}", outcomes[1]);
    let place = |outcome: &Appended| match outcome {
        Appended::New { event, .. } => Some((event.room, event.seq)),
        _ => None,
    };
    let seqs: Vec<_> = outcomes.iter().filter_map(place).collect();
    let heads: Vec<Head> = heads(&*store, vec![LOBBY, RoomId(3)]).await.into_iter().map(|(_, head)| head).collect();
    assert_eq!(seqs.len(), 3);
    assert_eq!((heads[0].seq, heads[1].seq), (seqs[2].1, seqs[1].1));
    let damage = store.check().await.unwrap();
    assert!(!damage.is_empty() && damage.iter().all(|sentence| sentence.contains("room 2")), "{damage:?}");
}

#[tokio::test]
async fn a_damaged_head_does_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    fill(&store).await;
    let rooms = vec![LOBBY, RoomId(2), RoomId(3)];
    let sound = heads(&store, rooms.clone()).await;
    drop(store);
    let db = rusqlite::Connection::open(dir.path().join("parlor.db")).unwrap();
    assert_eq!(db.execute("UPDATE heads SET seq = seq + 1 WHERE room = 2", []).unwrap(), 1);
    drop(db);
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let found = store.heads(rooms).await.unwrap();
    assert_eq!(found.iter().map(|(room, _)| *room).collect::<Vec<_>>(), [LOBBY, RoomId(2), RoomId(3)]);
    for ((room, head), (_, sound)) in found.into_iter().zip(sound) {
        match head {
            Ok(head) => assert_eq!((room != RoomId(2), head), (true, sound)),
            Err(Fault::Corrupt(what)) => assert!(room == RoomId(2) && what.contains("room 2"), "{what}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    // The room itself is not served, the others are.
    assert!(matches!(store.room(RoomRef::Id(RoomId(2))).await, Err(Fault::Corrupt(_))));
    add(&store, LOBBY, message("goes on")).await;
}
