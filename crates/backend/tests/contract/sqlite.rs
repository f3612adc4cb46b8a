//! What only a store on a disk can keep or lose: restarts, locks, schemas, modes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use parlor_backend::{OpenError, Sqlite, SqliteOptions};
use parlor_core::Fault;
use parlor_core::account::{Account, Invitation, NewAccount, TokenHash};
use parlor_core::days::TimeZone;
use parlor_core::event::{Appended, Author, Body, Draft};
use parlor_core::ids::{Epoch, GuestId, LOBBY, Number, RoomId, Seq, Timestamp};
use parlor_core::names::RoomName;
use parlor_core::ports::{IndexEntry, Store};
use parlor_core::room::{Access, RoomRef, SettingsChange};
use parlor_core::search::message_tokens;
use parlor_core::text::Subject;
use rusqlite::types::Value;

use crate::fixture::{
    GUEST, SECRET, add, append, assert_sound, draft, handle, key, log, make_account, make_room, message, message_key,
    new_account, new_direct, options, text,
};

fn open_error(dir: &Path) -> OpenError {
    match Sqlite::open(&options(dir)) {
        Ok(_) => panic!("it could be opened"),
        Err(error) => error,
    }
}

/// A connection past the store, to do what another program could.
fn database(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.join("parlor.db")).unwrap()
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let bob = make_account(&store, None, "bob").await;
    let room = make_room(&store, 1).await;
    add(&store, room.id, message("teh")).await;
    add(&store, room.id, Body::Edit { target: Number(1), text: text("the") }).await;
    let keyed = Draft { key: message_key("k"), ..draft(room.id, message("once")) };
    let Appended::New { event: once, .. } = append(&store, keyed.clone()).await else { panic!("not appended") };
    store.index(room.id, Seq(1), vec![IndexEntry { number: Number(1), tokens: vec!["the".to_owned()] }]).await.unwrap();
    store.reserve_guests(10).await.unwrap();
    let (before, room) = (log(&store, room.id).await, store.room(RoomRef::Id(room.id)).await.unwrap());
    drop(store);

    // Another start has other randomness and another time: they are for new stores only.
    let other = SqliteOptions {
        lobby_key: key(77),
        lobby_epoch: Epoch(77),
        secret: [7; 32],
        now: Timestamp(77),
        ..options(dir.path())
    };
    let store = Sqlite::open(&other).unwrap();
    let id = room.as_ref().unwrap().id;
    assert_eq!(store.room(RoomRef::Id(id)).await.unwrap(), room);
    assert_eq!(log(&store, id).await, before);
    assert_eq!(store.secret().await.unwrap(), SECRET);
    assert_eq!(store.room(RoomRef::Id(LOBBY)).await.unwrap().unwrap().key, key(0));
    assert_eq!(store.account(bob.id).await.unwrap(), Some(bob));
    assert_eq!(store.reserve_guests(1).await.unwrap().0, 11);
    assert_eq!(append(&store, keyed).await, Appended::Duplicate(once));
    assert_eq!(store.search(id, vec!["the".to_owned()], Number(0)..Number(9), 9).await.unwrap(), [Number(1)]);
    assert_eq!(add(&store, id, message("next")).await.seq, Seq(4));
    assert_sound(&store).await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_crash() {
    let (dir, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Sqlite::open(&options(dir.path())).unwrap();
    for count in 0..50 {
        add(&store, LOBBY, message(&format!("m{count}"))).await;
    }
    // The files as they are while the process lives: nothing was moved out of the write-ahead log.
    for name in ["parlor.db", "parlor.db-wal"] {
        fs::copy(dir.path().join(name), crashed.path().join(name)).unwrap();
    }
    let recovered = Sqlite::open(&options(crashed.path())).unwrap();
    assert_eq!(log(&recovered, LOBBY).await, log(&store, LOBBY).await);
    assert_eq!(add(&recovered, LOBBY, message("next")).await.seq, Seq(51));
    assert_sound(&recovered).await;
}

#[tokio::test]
async fn a_closed_store_says_so_and_leaves_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    add(&store, LOBBY, message("a")).await;
    store.close();
    store.close();
    assert!(matches!(store.append(vec![draft(LOBBY, message("b"))]).await, Err(Fault::Unavailable(_))));
    assert!(matches!(store.room(RoomRef::Id(LOBBY)).await, Err(Fault::Unavailable(_))));
    assert!(matches!(store.ready().await, Err(Fault::Unavailable(_))));
    let mut files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["parlor.db", "parlor.lock"]);
    // Its lock is free though the value still lives.
    assert_eq!(log(&Sqlite::open(&options(dir.path())).unwrap(), LOBBY).await.len(), 1);
}

#[tokio::test]
async fn one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let error = open_error(dir.path());
    assert!(matches!(error, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()), "{error:?}");
    assert_eq!(error.exit_code(), 73);
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    // The one that has it is not disturbed.
    add(&store, LOBBY, message("a")).await;
    drop(store);
    drop(Sqlite::open(&options(dir.path())).unwrap());
}

#[test]
fn only_the_owner_can_read() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/b");
    let store = Sqlite::open(&options(&dir)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&parent.path().join("a")), 0o700);
    let files: Vec<_> = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(store);
}

#[tokio::test]
async fn a_store_of_schema_1_is_brought_on_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let db = database(dir.path());
    db.execute_batch(include_str!("../../src/sqlite/schema/1.sql")).unwrap();
    db.execute_batch(include_str!("schema-1.sql")).unwrap();
    let rows = |db: &rusqlite::Connection| {
        let mut statement = db.prepare("SELECT id, key, epoch, name, subject, created, sum FROM rooms").unwrap();
        let row = |row: &rusqlite::Row<'_>| (0..7).map(|cell| row.get(cell)).collect::<Result<Vec<Value>, _>>();
        statement.query_map([], row).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    let before = rows(&db);
    drop(db);
    let store = Sqlite::open(&options(dir.path())).unwrap();
    assert_sound(&store).await;
    let ids: Vec<_> = store.listed_rooms(9).await.unwrap().into_iter().map(|room| (room.id, room.direct)).collect();
    assert_eq!(ids, [(LOBBY, None)]);
    assert_eq!(log(&store, LOBBY).await.len(), 52);
    assert_eq!(store.vanishing_rooms().await.unwrap(), []);
    // What schema 2 is for.
    let zed = Author::Account(store.account_by_handle(handle("zed")).await.unwrap().unwrap().id);
    let room = store.create_room(new_direct(9, zed, GUEST)).await.unwrap().unwrap();
    add(&store, room.id, message("between us")).await;
    assert_eq!(store.direct_rooms(zed, 9).await.unwrap().len(), 1);
    assert_sound(&store).await;
    drop(store);
    let after = rows(&database(dir.path()));
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + 1);
    // The way back.
    let backup = rusqlite::Connection::open(dir.path().join("parlor.schema-1.backup.db")).unwrap();
    assert_eq!(rows(&backup), before);
}

#[tokio::test]
async fn a_store_of_schema_2_is_brought_on_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let db = database(dir.path());
    db.execute_batch(include_str!("../../src/sqlite/schema/1.sql")).unwrap();
    db.execute_batch(include_str!("../../src/sqlite/schema/2.sql")).unwrap();
    db.execute_batch(include_str!("schema-2.sql")).unwrap();
    drop(db);
    let store = Sqlite::open(&options(dir.path())).unwrap();
    assert_sound(&store).await;
    let accounts = store.accounts(None, 9).await.unwrap();
    let told: Vec<_> = accounts.iter().map(|account| (account.handle.as_str(), account.operator)).collect();
    assert_eq!(told, [("b0b", false), ("bob", false), ("tea", false)]);
    let (zero, bob) = (accounts[0].id, accounts[1].id);
    assert_eq!(store.direct_rooms(Author::System, 9).await.unwrap().len(), 1);
    assert_eq!((log(&store, LOBBY).await.len(), store.sessions(zero).await.unwrap().len()), (33, 1));
    assert_eq!(store.marks(bob).await.unwrap().len(), 1);
    // What schema 3 is for. Of two look-alikes that were there the first has the look.
    assert_eq!(store.guests_of(bob).await.unwrap(), [GuestId(3)]);
    assert_eq!(store.guests_of(zero).await.unwrap(), [GuestId(2)]);
    let found = store.account_by_skeleton("bob".to_owned()).await.unwrap();
    assert_eq!(found.map(|account| account.id), Some(bob));
    assert!(!store.has_operator().await.unwrap());
    let operator = NewAccount { operator: true, ..new_account(None, "ann") };
    let ann = store.create_account(operator).await.unwrap().unwrap();
    // Both go on: they log in by their handles and can be changed.
    for account in accounts {
        assert!(store.update_account(Account { disabled: true, ..account }).await.unwrap());
    }
    store.mark_received(vec![(zero, LOBBY, Seq(7)), (zero, RoomId(0), Seq(1))]).await.unwrap();
    let (token, by, created, expires) = (TokenHash([1; 32]), Author::Account(ann.id), Timestamp(1), Timestamp(9));
    let invitation = Invitation { token, room: LOBBY, by, uses: None, created, expires };
    assert!(store.create_invitation(invitation).await.unwrap());
    assert_eq!(store.expire_sessions(Timestamp(30)).await.unwrap(), 1);
    assert_sound(&store).await;
    // Without the first the other is still there.
    store.remove_account(bob, Timestamp(0)).await.unwrap();
    assert_eq!(store.account_by_skeleton("bob".to_owned()).await.unwrap(), None);
    assert_eq!(store.create_account(new_account(None, "b0b")).await.unwrap(), None);
    assert_sound(&store).await;
    drop(store);
    // The way back.
    let old = rusqlite::Connection::open(dir.path().join("parlor.schema-2.backup.db")).unwrap();
    let count = |sql: &str| old.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((count("PRAGMA user_version"), count("SELECT count(*) FROM accounts")), (2, 3));
}

#[tokio::test]
async fn a_store_of_schema_3_is_brought_on_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let db = database(dir.path());
    for step in [
        include_str!("../../src/sqlite/schema/1.sql"),
        include_str!("../../src/sqlite/schema/2.sql"),
        include_str!("../../src/sqlite/schema/3.sql"),
        include_str!("schema-3.sql"),
    ] {
        db.execute_batch(step).unwrap();
    }
    drop(db);
    let store = Sqlite::open(&options(dir.path())).unwrap();
    assert_sound(&store).await;
    let rooms = store.rooms(None, 9).await.unwrap();
    let told: Vec<_> = rooms.iter().map(|room| (room.subject.as_str(), room.listed, room.access)).collect();
    assert_eq!(told, [("Lobby", true, Access::Open), ("Coffee", false, Access::Members), ("Tea", true, Access::Open)]);
    assert!(rooms.iter().all(|room| !room.archive && room.time_zone == TimeZone::utc()));
    let changed = SettingsChange {
        name: RoomName::new("cafe").ok(),
        subject: Some(Subject::stored("Coffee".to_owned())),
        listed: Some(false),
        access: Some(Access::Members),
        ..SettingsChange::default()
    };
    assert_eq!(log(&store, rooms[1].id).await[0].body, Body::Settings(changed));
    // What schema 4 is for. The index is empty, and its follower begins anew; a room without events has nothing to index.
    let lags = store.index_lag(9).await.unwrap();
    let lags: Vec<_> = lags.into_iter().map(|lag| (lag.room.0, lag.indexed.0, lag.head.0)).collect();
    assert_eq!(lags, [(1, 0, 7), (2, 0, 1), (3, 0, 8), (4, 0, 3)]);
    let found = async |token: &str| store.search(LOBBY, vec![token.to_owned()], Number(0)..Number(9), 9).await.unwrap();
    assert_eq!(found("tea").await, []);
    let entry = IndexEntry { number: Number(1), tokens: message_tokens("Green tea", "Ann") };
    store.index(LOBBY, Seq(7), vec![entry]).await.unwrap();
    assert_eq!((found("tea").await, found("Φann").await), (vec![Number(1)], vec![Number(1)]));
    let zone = TimeZone::parse("Asia/Tokyo").unwrap();
    let archive = SettingsChange { archive: Some(true), time_zone: Some(zone.clone()), ..SettingsChange::default() };
    add(&store, LOBBY, Body::Settings(archive)).await;
    let lobby = store.room(RoomRef::Id(LOBBY)).await.unwrap().unwrap();
    assert!(lobby.has_public_archive() && lobby.time_zone == zone);
    assert_sound(&store).await;
    drop(store);
    // What is set is in the row's checksum.
    database(dir.path()).execute_batch("UPDATE rooms SET time_zone = 'UTC' WHERE id = 1").unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    assert!(matches!(store.room(RoomRef::Id(LOBBY)).await, Err(Fault::Corrupt(_))));
    // The way back.
    let old = rusqlite::Connection::open(dir.path().join("parlor.schema-3.backup.db")).unwrap();
    let count = |sql: &str| old.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((count("PRAGMA user_version"), count("SELECT count(*) FROM events")), (3, 19));
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Sqlite::open(&options(dir.path())).unwrap());
    database(dir.path()).pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(dir.path().join("parlor.db")).unwrap();
    let error = open_error(dir.path());
    assert!(matches!(error, OpenError::TooNew { found: 99, known: 4, .. }), "{error:?}");
    assert_eq!(error.exit_code(), 65);
    let sentence = error.to_string();
    assert!(sentence.contains("99") && sentence.contains("up to 4"), "{sentence}");
    assert_eq!(fs::read(dir.path().join("parlor.db")).unwrap(), before);
}

#[test]
fn a_file_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path()).execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(matches!(open_error(dir.path()), OpenError::NotParlor(_)));
    database(dir.path()).pragma_update(None, "application_id", 0x1234).unwrap();
    assert!(matches!(open_error(dir.path()), OpenError::NotParlor(_)));
    fs::write(dir.path().join("parlor.db"), "no database, but long enough to be looked at: ".repeat(99)).unwrap();
    let error = open_error(dir.path());
    assert!(matches!(error, OpenError::Corrupt(_)), "{error:?}");
    assert_eq!(error.exit_code(), 65);
}

#[test]
fn a_place_that_can_not_be_written_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    // Where even root can make nothing: below a file, and below the list of processes.
    for dir in [file.clone(), file.join("dir"), Path::new("/proc/parlor").to_owned()] {
        let error = open_error(&dir);
        assert!(matches!(&error, OpenError::Files { .. }), "{error:?}");
        assert_eq!(error.exit_code(), 73);
        assert!(error.to_string().contains(&*dir.to_string_lossy()), "{error}");
    }
}
