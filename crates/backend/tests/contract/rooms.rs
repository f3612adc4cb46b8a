//! Rooms.

use std::sync::Arc;

use parlor_core::days::TimeZone;
use parlor_core::event::{Appended, Author, Body, Draft};
use parlor_core::ids::{Epoch, LOBBY, Number, RoomId, Seq, Timestamp};
use parlor_core::names::RoomName;
use parlor_core::ports::{SYSTEM_NAME, Store};
use parlor_core::room::{Access, Gate, Head, NewRoom, Role, Room, RoomRef, SettingsChange, pair};
use parlor_core::text::Subject;

use crate::fixture::{
    ANN, GUEST, add, append, draft, heads, key, log, make_account, make_room, message, message_key, new_account,
    new_room,
};

pub(crate) async fn the_lobby_is_there(store: Arc<dyn Store>) {
    let lobby = Room {
        id: LOBBY,
        key: key(0),
        epoch: Epoch(u64::MAX - 5),
        name: Some(RoomName::lobby()),
        subject: Subject::stored("Lobby".to_owned()),
        listed: true,
        access: Access::Open,
        question: None,
        vanishes: false,
        direct: None,
        archive: false,
        time_zone: TimeZone::utc(),
        created: Timestamp(1_000),
        has_members: false,
        head: Head::default(),
        indexed: Seq(0),
    };
    assert_eq!(store.room(RoomRef::Name(RoomName::lobby())).await.unwrap(), Some(lobby.clone()));
    assert_eq!(store.listed_rooms(10).await.unwrap(), [lobby]);
}

pub(crate) async fn a_room_is_found_by_id_key_and_name(store: Arc<dyn Store>) {
    for access in Access::ALL {
        let number = 1 + u64::try_from(access.code()).unwrap();
        let text = format!("room-{number}");
        let gate = Gate { question: "Où ?".to_owned(), answer: "là".to_owned() };
        let new = NewRoom {
            access,
            listed: number == 2,
            question: (access == Access::Question).then_some(gate),
            vanishes: number == 1,
            archive: number != 1,
            time_zone: TimeZone::parse(if number == 3 { "Asia/Tokyo" } else { "UTC" }).unwrap(),
            ..new_room(number, Some(&text))
        };
        let room = store.create_room(new.clone()).await.unwrap().unwrap();
        assert_eq!(room.id, RoomId(number + 1));
        assert_eq!((room.key, room.epoch, &room.name, &room.subject), (new.key, new.epoch, &new.name, &new.subject));
        assert_eq!((room.listed, room.access, &room.question), (new.listed, new.access, &new.question));
        assert_eq!((room.archive, &room.time_zone), (new.archive, &new.time_zone));
        assert_eq!((room.vanishes, room.created, room.head), (new.vanishes, new.now, Head::default()));
        for by in [RoomRef::Id(room.id), RoomRef::Key(room.key), RoomRef::Name(RoomName::new(&text).unwrap())] {
            assert_eq!(store.room(by).await.unwrap(), Some(room.clone()));
        }
    }
    assert_eq!(store.room(RoomRef::Key(key(99))).await.unwrap(), None);
    assert_eq!(store.room(RoomRef::Name(RoomName::new("room").unwrap())).await.unwrap(), None);
    // Rooms without a name are no match for each other.
    make_room(&*store, 11).await;
    make_room(&*store, 12).await;
}

pub(crate) async fn a_key_is_used_once(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await;
    assert_eq!(store.create_room(new_room(1, None)).await.unwrap(), None);
    add(&*store, room.id, Body::Closed).await;
    assert_eq!(store.create_room(new_room(1, None)).await.unwrap(), None);
    assert_eq!(make_room(&*store, 2).await.id, RoomId(3));
}

pub(crate) async fn settings_change_the_room(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await;
    let subject = Some(Subject::stored("Tea".to_owned()));
    let zone = |name: &str| Some(TimeZone::parse(name).unwrap());
    let changes = [
        SettingsChange { subject, ..SettingsChange::default() },
        SettingsChange { listed: Some(false), ..SettingsChange::default() },
        SettingsChange { listed: Some(true), access: Some(Access::Members), ..SettingsChange::default() },
        SettingsChange { access: Some(Access::Open), ..SettingsChange::default() },
        SettingsChange::default(),
        SettingsChange {
            name: None,
            subject: Some(Subject::default()),
            listed: Some(false),
            access: Some(Access::Question),
            archive: Some(true),
            time_zone: zone("Asia/Tokyo"),
        },
        SettingsChange { archive: Some(false), ..SettingsChange::default() },
        SettingsChange { archive: Some(true), time_zone: zone("UTC"), ..SettingsChange::default() },
        SettingsChange { archive: Some(false), subject: Some(Subject::default()), ..SettingsChange::default() },
        SettingsChange { time_zone: zone("Europe/Berlin"), ..SettingsChange::default() },
        SettingsChange {
            name: RoomName::new("milk").ok(),
            time_zone: zone("Asia/Kolkata"),
            ..SettingsChange::default()
        },
        SettingsChange { subject: Some(Subject::default()), time_zone: zone("UTC"), ..SettingsChange::default() },
        SettingsChange { name: RoomName::new("tea").ok(), ..SettingsChange::default() },
        SettingsChange {
            name: RoomName::new("cocoa").ok(),
            subject: Some(Subject::stored("two\nlines".to_owned())),
            listed: Some(true),
            access: Some(Access::Members),
            archive: None,
            time_zone: zone("America/St_Johns"),
        },
        SettingsChange {
            name: RoomName::new("cocoa").ok(),
            subject: Some(Subject::default()),
            ..SettingsChange::default()
        },
    ];
    let mut expected = room.clone();
    for change in changes {
        let event = add(&*store, room.id, Body::Settings(change.clone())).await;
        expected.apply(&change);
        expected.head = Head { seq: event.seq, number: Number(0), at: event.at, closed: false };
        assert_eq!(store.room(RoomRef::Id(room.id)).await.unwrap(), Some(expected.clone()));
        let listed = store.listed_rooms(10).await.unwrap();
        assert_eq!(listed.iter().any(|listed| listed.id == room.id), expected.listed);
        assert_eq!(log(&*store, room.id).await.pop().unwrap(), event);
    }
}

pub(crate) async fn listed_rooms_come_newest_event_first(store: Arc<dyn Store>) {
    let mut rooms = vec![LOBBY];
    for number in 1..=4 {
        rooms.push(make_room(&*store, number).await.id);
    }
    store.create_room(NewRoom { listed: false, ..new_room(5, None) }).await.unwrap();
    let listed = async |limit: usize| {
        let listed = store.listed_rooms(limit).await.unwrap();
        listed.into_iter().map(|room| room.id.0).collect::<Vec<_>>()
    };
    assert_eq!(listed(10).await, [5, 4, 3, 2, 1]);
    for (room, now) in [(rooms[1], 5_000), (rooms[0], 5_000), (rooms[3], 4_000), (rooms[2], 1)] {
        append(&*store, Draft { now: Timestamp(now), ..draft(room, message("x")) }).await;
    }
    // Room 3's only event is older than its making, and it is the event that counts.
    assert_eq!(listed(10).await, [2, 1, 4, 5, 3]);
    assert_eq!(listed(2).await, [2, 1]);
    assert_eq!(listed(0).await, [0; 0]);
    add(&*store, rooms[1], Body::Closed).await;
    assert_eq!(listed(10).await, [1, 4, 5, 3]);
}

pub(crate) async fn a_room_can_have_members_from_the_start(store: Arc<dyn Store>) {
    let members = vec![(GUEST, Role::Member), (ANN, Role::Owner), (GUEST, Role::Admin)];
    let new = NewRoom { members, ..new_room(1, None) };
    let room = store.create_room(new).await.unwrap().unwrap();
    assert!(room.has_members);
    assert_eq!((room.head.seq, room.head.number), (Seq(2), Number(0)));
    assert_eq!(store.room(RoomRef::Id(room.id)).await.unwrap(), Some(room.clone()));
    // Their roles are events like all others.
    let log = log(&*store, room.id).await;
    let member = |who, role| Body::Member { who, role: Some(role) };
    let roles = [member(GUEST, Role::Member), member(ANN, Role::Owner)];
    assert_eq!(log.iter().map(|event| event.body.clone()).collect::<Vec<_>>(), roles);
    assert!(log.iter().all(|event| event.author == Author::System && event.name.as_str() == SYSTEM_NAME));
    assert_eq!((log[0].at, room.head.at), (Timestamp(2_001), log[1].at));
    assert_eq!(store.members(room.id, None, 9).await.unwrap(), [(GUEST, Role::Member), (ANN, Role::Owner)]);
    assert_eq!(store.index_lag(9).await.unwrap().len(), 1);
    assert_eq!(add(&*store, room.id, message("a")).await.seq, Seq(3));
}

fn named(room: RoomId, text: &str) -> Draft {
    draft(room, Body::Settings(SettingsChange { name: RoomName::new(text).ok(), ..SettingsChange::default() }))
}

pub(crate) async fn a_room_gets_a_name_that_is_free(store: Arc<dyn Store>) {
    let tea = store.create_room(new_room(1, Some("tea"))).await.unwrap().unwrap().id;
    let room = make_room(&*store, 2).await.id;
    make_account(&*store, None, "bob").await;
    let by_name = async |text: &str| {
        let found = store.room(RoomRef::Name(RoomName::new(text).unwrap())).await.unwrap();
        found.map(|room| room.id)
    };
    let before = heads(&*store, vec![tea, room]).await;
    for taken in ["tea", "bob", "lobby"] {
        let draft = Draft { key: message_key("k"), ..named(room, taken) };
        assert_eq!(append(&*store, draft).await, Appended::NameTaken, "{taken}");
    }
    // Nothing moved, and the key is not used up.
    assert_eq!(heads(&*store, vec![tea, room]).await, before);
    assert_eq!(store.room(RoomRef::Id(room)).await.unwrap().unwrap().name, None);
    let taken = Draft { key: message_key("k"), ..named(room, "milk") };
    let Appended::New { event, .. } = append(&*store, taken.clone()).await else { panic!("the name is free") };
    assert_eq!(append(&*store, taken).await, Appended::Duplicate(event));
    let other = Draft { key: message_key("k"), ..named(room, "other") };
    assert_eq!(append(&*store, other).await, Appended::KeyConflict);
    assert_eq!(by_name("milk").await, Some(room));
    // Its own name is no other room's; the old one is free, in the same batch, too.
    let drafts = vec![named(room, "milk"), named(tea, "milk"), named(room, "cocoa"), named(tea, "milk")];
    let outcomes = store.append(drafts).await.unwrap();
    let taken: Vec<bool> = outcomes.iter().map(|outcome| *outcome == Appended::NameTaken).collect();
    assert_eq!(taken, [false, true, false, false], "{outcomes:?}");
    for (text, holder) in [("tea", None), ("milk", Some(tea)), ("cocoa", Some(room))] {
        assert_eq!(by_name(text).await, holder, "{text}");
    }
    make_account(&*store, None, "tea").await;
    assert_eq!(store.create_account(new_account(None, "milk")).await.unwrap(), None);
    // A closed room has no name, whatever it was given.
    add(&*store, room, Body::Closed).await;
    assert_eq!(by_name("cocoa").await, None);
    assert_eq!(append(&*store, named(room, "new")).await, Appended::NoRoom);
}

pub(crate) async fn vanishing_rooms_are_told_until_they_are_closed(store: Arc<dyn Store>) {
    assert_eq!(store.vanishing_rooms().await.unwrap(), []);
    let mut rooms = vec![];
    for number in 1..=4 {
        let new = NewRoom { vanishes: number != 2, ..new_room(number, None) };
        rooms.push(store.create_room(new).await.unwrap().unwrap().id);
    }
    add(&*store, rooms[3], Body::Settings(SettingsChange { listed: Some(false), ..SettingsChange::default() })).await;
    assert_eq!(store.vanishing_rooms().await.unwrap(), [rooms[0], rooms[2], rooms[3]]);
    add(&*store, rooms[2], Body::Closed).await;
    assert_eq!(store.vanishing_rooms().await.unwrap(), [rooms[0], rooms[3]]);
    assert!(store.room(RoomRef::Id(rooms[3])).await.unwrap().unwrap().vanishes);
}

pub(crate) async fn all_rooms_are_told_in_pages(store: Arc<dyn Store>) {
    let mut rooms = vec![LOBBY];
    for number in 1..=4 {
        let new = NewRoom { access: Access::Members, ..new_room(number, None) };
        rooms.push(store.create_room(new).await.unwrap().unwrap().id);
    }
    let of_two = NewRoom { direct: Some(pair(ANN, GUEST)), ..new_room(5, None) };
    store.create_room(of_two).await.unwrap().unwrap();
    add(&*store, rooms[2], Body::Closed).await;
    let told = async |after, limit| -> Vec<RoomId> {
        store.rooms(after, limit).await.unwrap().into_iter().map(|room| room.id).collect()
    };
    assert_eq!(told(None, 2).await, [rooms[0], rooms[1]]);
    assert_eq!(told(Some(rooms[1]), 9).await, [rooms[3], rooms[4]]);
    assert_eq!(told(Some(rooms[4]), 9).await, []);
    assert_eq!(told(None, 0).await, []);
}

pub(crate) async fn a_closed_room_is_gone_and_can_be_read(store: Arc<dyn Store>) {
    let room = store.create_room(new_room(1, Some("tea"))).await.unwrap().unwrap();
    add(&*store, room.id, message("a")).await;
    let drafts = vec![draft(room.id, Body::Closed), draft(room.id, message("late"))];
    let outcomes = store.append(drafts).await.unwrap();
    assert!(matches!(&outcomes[0], Appended::New { event, .. } if event.body == Body::Closed));
    assert_eq!(outcomes[1], Appended::NoRoom);
    let refs = [RoomRef::Id(room.id), RoomRef::Key(room.key), RoomRef::Name(RoomName::new("tea").unwrap())];
    for by in refs {
        assert_eq!(store.room(by).await.unwrap(), None);
    }
    assert_eq!(append(&*store, draft(room.id, Body::Closed)).await, Appended::NoRoom);
    let log = log(&*store, room.id).await;
    assert_eq!(log.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.messages_before(room.id, Number(9), 9).await.unwrap(), log[..1]);
    assert_eq!(store.message(room.id, Number(1)).await.unwrap().as_ref(), log.first());
    assert!(store.create_room(new_room(2, Some("tea"))).await.unwrap().is_some());
}

pub(crate) async fn heads_are_told_of_closed_rooms_too(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    let first = add(&*store, LOBBY, message("a")).await;
    let last = add(&*store, room, Body::Closed).await;
    let heads = heads(&*store, vec![room, RoomId(77), LOBBY]).await;
    let closed = Head { seq: Seq(1), number: Number(0), at: last.at, closed: true };
    let open = Head { seq: Seq(1), number: Number(1), at: first.at, closed: false };
    assert_eq!(heads, [(room, closed), (LOBBY, open)]);
    assert_eq!(store.heads(vec![]).await.unwrap(), []);
}
