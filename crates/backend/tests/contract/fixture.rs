//! What the suite's tests are made of: stores, drafts, people.

use std::sync::Arc;

use parlor_backend::{Sqlite, SqliteOptions};
use parlor_core::account::{Account, NewAccount};
use parlor_core::days::TimeZone;
use parlor_core::event::{Appended, Author, Body, Draft, Event, NameChoice};
use parlor_core::ids::{AccountId, Epoch, GuestId, MessageKey, Number, RoomId, RoomKey, Seq, Timestamp};
use parlor_core::model::Model;
use parlor_core::names::{Handle, RoomName};
use parlor_core::ports::Store;
use parlor_core::room::{Access, Head, NewRoom, Room, pair};
use parlor_core::text::{DisplayName, Emoji, Subject, Text};
use tempfile::TempDir;

pub(crate) const ANN: Author = Author::Account(AccountId(7));
pub(crate) const GUEST: Author = Author::Guest(GuestId(1));
pub(crate) const SECRET: [u8; 32] = [42; 32];

/// A store with what it needs to stay alive.
pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    _dir: Option<TempDir>,
}

impl Fixture {
    pub(crate) fn model() -> Fixture {
        Fixture { store: Arc::new(new_model()), _dir: None }
    }

    pub(crate) fn sqlite() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&options(dir.path())).unwrap();
        Fixture { store: Arc::new(sqlite), _dir: Some(dir) }
    }
}

pub(crate) fn new_model() -> Model {
    Model::new(SECRET, key(0), Epoch(u64::MAX - 5), Timestamp(1_000))
}

pub(crate) fn options(dir: &std::path::Path) -> SqliteOptions {
    SqliteOptions {
        dir: dir.to_owned(),
        disk_reserve_bytes: 0,
        lobby_key: key(0),
        lobby_epoch: Epoch(u64::MAX - 5),
        secret: SECRET,
        now: Timestamp(1_000),
    }
}

pub(crate) fn key(number: u64) -> RoomKey {
    RoomKey::parse(&format!("{number:0>32}")).unwrap()
}

pub(crate) fn text(text: &str) -> Text {
    Text::stored(text.to_owned())
}

pub(crate) fn name(text: &str) -> DisplayName {
    DisplayName::stored(text.to_owned())
}

pub(crate) fn emoji(text: &str) -> Emoji {
    Emoji::stored(text.to_owned())
}

pub(crate) fn message(said: &str) -> Body {
    Body::message(text(said), None)
}

pub(crate) fn handle(text: &str) -> Handle {
    Handle::new(text).unwrap()
}

pub(crate) fn message_key(text: &str) -> Option<MessageKey> {
    Some(MessageKey::parse(text).unwrap())
}

/// A draft of Ann's at time 0: what a test is about is changed in it.
pub(crate) fn draft(room: RoomId, body: Body) -> Draft {
    Draft { room, author: ANN, name: NameChoice::Given(name("Ann")), body, key: None, now: Timestamp(0) }
}

pub(crate) fn new_room(number: u64, room_name: Option<&str>) -> NewRoom {
    NewRoom {
        key: key(number),
        epoch: Epoch(number),
        name: room_name.map(|text| RoomName::new(text).unwrap()),
        subject: Subject::stored(format!("Room {number}")),
        listed: true,
        access: Access::Open,
        question: None,
        vanishes: false,
        direct: None,
        archive: false,
        time_zone: TimeZone::utc(),
        members: vec![],
        now: Timestamp(2_000 + i64::try_from(number).unwrap()),
    }
}

pub(crate) fn new_account(id: Option<u64>, text: &str) -> NewAccount {
    NewAccount {
        id: id.map(AccountId),
        handle: handle(text),
        display_name: name(text),
        password: None,
        operator: false,
        now: Timestamp(3_000),
    }
}

/// A room of two people, in any order.
pub(crate) fn new_direct(number: u64, one: Author, other: Author) -> NewRoom {
    NewRoom { direct: Some(pair(one, other)), access: Access::Members, listed: false, ..new_room(number, None) }
}

/// The suite's verbs: the store's, without what the test is not about.
pub(crate) async fn make_room(store: &dyn Store, number: u64) -> Room {
    store.create_room(new_room(number, None)).await.unwrap().expect("the room's key is new")
}

pub(crate) async fn make_account(store: &dyn Store, id: Option<u64>, text: &str) -> Account {
    store.create_account(new_account(id, text)).await.unwrap().expect("the account is new")
}

pub(crate) async fn append(store: &dyn Store, draft: Draft) -> Appended {
    let mut outcomes = store.append(vec![draft]).await.unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

/// Appends what must be new; answers the event.
pub(crate) async fn add(store: &dyn Store, room: RoomId, body: Body) -> Event {
    match append(store, draft(room, body)).await {
        Appended::New { event, .. } => event,
        other => panic!("not appended: {other:?}"),
    }
}

/// The heads of rooms that are all readable.
pub(crate) async fn heads(store: &dyn Store, rooms: Vec<RoomId>) -> Vec<(RoomId, Head)> {
    let heads = store.heads(rooms).await.unwrap();
    heads.into_iter().map(|(room, head)| (room, head.unwrap())).collect()
}

pub(crate) async fn log(store: &dyn Store, room: RoomId) -> Vec<Event> {
    store.events(room, Seq(0), usize::MAX).await.unwrap()
}

/// A message's text, and whether and how it was changed.
pub(crate) async fn reads(store: &dyn Store, room: RoomId, number: u64) -> (String, parlor_core::event::MessageState) {
    match store.message(room, Number(number)).await.unwrap().expect("the message exists").body {
        Body::Message { text, state, .. } => (text.as_str().to_owned(), state),
        other => panic!("no message: {other:?}"),
    }
}

pub(crate) async fn assert_sound(store: &dyn Store) {
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
