//! Rooms of two.

use std::sync::Arc;

use parlor_core::event::{Author, Body, Draft};
use parlor_core::ids::{AccountId, GuestId, LOBBY, Number, RoomId, Seq, Timestamp};
use parlor_core::ports::Store;
use parlor_core::room::{NewRoom, Role, Room, RoomRef, pair};
use tokio::task::JoinSet;

use crate::fixture::{
    ANN, GUEST, add, append, draft, heads, key, log, make_account, make_room, message, new_direct, new_room,
};

const BOB: Author = Author::Account(AccountId(3));

async fn make(store: &dyn Store, number: u64, one: Author, other: Author) -> Room {
    store.create_room(new_direct(number, one, other)).await.unwrap().expect("the two have none yet")
}

async fn ids(store: &dyn Store, who: Author) -> Vec<RoomId> {
    store.direct_rooms(who, 9).await.unwrap().into_iter().map(|room| room.id).collect()
}

pub(crate) async fn two_people_have_one_room(store: Arc<dyn Store>) {
    assert_eq!(store.direct_room(pair(ANN, BOB)).await.unwrap(), None);
    let room = make(&*store, 1, ANN, BOB).await;
    assert_eq!(room.direct, Some((BOB, ANN)));
    assert_eq!((room.other(ANN), room.other(BOB), room.other(GUEST)), (Some(BOB), Some(ANN), None));
    for new in [new_direct(2, ANN, BOB), new_direct(2, BOB, ANN)] {
        assert_eq!(store.create_room(new).await.unwrap(), None);
    }
    let found = store.direct_room((BOB, ANN)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&room));
    for by in [RoomRef::Id(room.id), RoomRef::Key(key(1))] {
        assert_eq!(store.room(by).await.unwrap(), found);
    }
    // Each is somebody else's room: the other one counts, and whether it is a guest.
    for (number, other) in [(2, GUEST), (3, Author::Guest(GuestId(3))), (4, Author::System), (5, ANN)] {
        let room = make(&*store, number, ANN, other).await;
        assert_eq!(store.direct_room(pair(other, ANN)).await.unwrap(), Some(room));
    }
    assert_eq!(store.direct_room((ANN, BOB)).await.unwrap(), None, "the smaller code comes first");
    assert_eq!(store.listed_rooms(9).await.unwrap().len(), 1);
}

pub(crate) async fn both_are_members_from_the_start(store: Arc<dyn Store>) {
    let members = vec![(GUEST, Role::Member), (ANN, Role::Owner)];
    let new = NewRoom { members, ..new_direct(1, ANN, BOB) };
    let room = store.create_room(new).await.unwrap().unwrap();
    let member = |who| Body::Member { who, role: Some(Role::Member) };
    let bodies: Vec<_> = log(&*store, room.id).await.into_iter().map(|event| event.body).collect();
    assert_eq!(bodies, [member(BOB), member(ANN), member(GUEST)]);
    assert!(room.has_members);
    assert_eq!(store.role(room.id, ANN).await.unwrap(), Some(Role::Member));
    assert_eq!(store.rooms_of(BOB).await.unwrap(), [(room.id, Role::Member)]);
    // Messages have their numbers all the same.
    let first = add(&*store, room.id, message("hi")).await;
    assert_eq!((first.seq, first.number), (Seq(4), Number(1)));
    assert_eq!(store.message(room.id, Number(1)).await.unwrap(), Some(first));
    // Who else is in it does not make it theirs.
    assert_eq!(ids(&*store, GUEST).await, []);
    let alone = make(&*store, 2, ANN, ANN).await;
    assert_eq!(log(&*store, alone.id).await.len(), 1);
}

pub(crate) async fn a_person_has_rooms_newest_event_first(store: Arc<dyn Store>) {
    let mut rooms = vec![];
    for (number, other) in [(1, BOB), (2, GUEST), (3, Author::Guest(GuestId(2))), (4, ANN)] {
        rooms.push(make(&*store, number, ANN, other).await.id);
    }
    make(&*store, 5, BOB, GUEST).await;
    make_room(&*store, 6).await;
    add(&*store, LOBBY, Body::Member { who: ANN, role: Some(Role::Owner) }).await;
    assert_eq!(ids(&*store, ANN).await, [rooms[3], rooms[2], rooms[1], rooms[0]]);
    for (room, now) in [(rooms[1], 7_000), (rooms[0], 7_000), (rooms[2], 6_000)] {
        append(&*store, Draft { now: Timestamp(now), ..draft(room, message("x")) }).await;
    }
    assert_eq!(ids(&*store, ANN).await, [rooms[1], rooms[0], rooms[2], rooms[3]]);
    let newest = store.direct_rooms(ANN, 1).await.unwrap();
    assert_eq!(newest, [store.room(RoomRef::Id(rooms[1])).await.unwrap().unwrap()]);
    assert_eq!(store.direct_rooms(ANN, 0).await.unwrap(), []);
    assert_eq!(ids(&*store, Author::Guest(GuestId(9))).await, []);
}

pub(crate) async fn a_closed_one_makes_place_for_another(store: Arc<dyn Store>) {
    let room = make(&*store, 1, ANN, BOB).await.id;
    add(&*store, room, Body::Closed).await;
    assert_eq!(store.direct_room((BOB, ANN)).await.unwrap(), None);
    assert_eq!(ids(&*store, ANN).await, []);
    let next = make(&*store, 2, ANN, BOB).await.id;
    assert_eq!(ids(&*store, ANN).await, [next]);
}

/// A number that is given again must not open the past of the one who had it.
pub(crate) async fn whoever_gets_a_number_again_gets_a_room_of_their_own(store: Arc<dyn Store>) {
    let bob = make_account(&*store, Some(3), "bob").await.id;
    let past = make(&*store, 1, ANN, BOB).await;
    add(&*store, past.id, message("secret")).await;
    assert!(store.remove_account(bob, Timestamp(9_000)).await.unwrap());
    assert_eq!(store.direct_room((BOB, ANN)).await.unwrap(), None);
    make_account(&*store, Some(3), "eve").await;
    assert_eq!(ids(&*store, BOB).await, []);
    assert_eq!(store.role(past.id, BOB).await.unwrap(), None);
    let own = make(&*store, 2, ANN, BOB).await;
    assert_eq!(store.direct_room((BOB, ANN)).await.unwrap(), Some(own.clone()));
    // The one who stays keeps what was said, in a room that is of two no longer.
    let left = store.room(RoomRef::Id(past.id)).await.unwrap().unwrap();
    assert_eq!((left.direct, left.access), (None, past.access));
    assert_eq!(store.rooms_of(ANN).await.unwrap(), [(past.id, Role::Member), (own.id, Role::Member)]);
    // Another role, or the end of a third person's, leaves it as it is.
    add(&*store, own.id, Body::Member { who: BOB, role: Some(Role::Admin) }).await;
    add(&*store, own.id, Body::Member { who: GUEST, role: None }).await;
    assert_eq!(ids(&*store, BOB).await, [own.id]);
}

pub(crate) async fn of_two_who_make_it_at_once_one_does(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for number in 1..=16 {
        let store = store.clone();
        let (one, other) = if number % 2 == 0 { (ANN, BOB) } else { (BOB, ANN) };
        tasks.spawn(async move { store.create_room(new_direct(number, one, other)).await.unwrap() });
    }
    let made: Vec<Room> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(store.direct_room((BOB, ANN)).await.unwrap().as_ref(), made.first());
    assert_eq!(heads(&*store, vec![made[0].id]).await, [(made[0].id, made[0].head)]);
    assert!(store.create_room(new_room(99, None)).await.unwrap().is_some());
}
