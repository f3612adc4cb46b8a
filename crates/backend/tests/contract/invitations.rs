//! Invitations.

use std::sync::Arc;

use parlor_core::account::{Invitation, TokenHash};
use parlor_core::event::{Author, Body};
use parlor_core::ids::{AccountId, GuestId, LOBBY, RoomId, Timestamp};
use parlor_core::ports::{SYSTEM_NAME, Store};
use parlor_core::room::Role;
use tokio::task::JoinSet;

use crate::fixture::{ANN, GUEST, add, heads, log, make_account, make_room};

const BOB: Author = Author::Account(AccountId(3));

fn token(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

/// One of Ann's, made at 100 and ending at 200.
fn new(number: u8, room: RoomId, uses: Option<u32>) -> Invitation {
    Invitation { token: token(number), room, by: ANN, uses, created: Timestamp(100), expires: Timestamp(200) }
}

async fn invite(store: &dyn Store, new: Invitation) {
    assert!(store.create_invitation(new).await.unwrap(), "the token is new and the room is open");
}

async fn come(store: &dyn Store, number: u8, who: Author) -> Option<RoomId> {
    store.use_invitation(token(number), who, Timestamp(150)).await.unwrap()
}

async fn left(store: &dyn Store, number: u8) -> Option<u32> {
    store.invitation(token(number)).await.unwrap().expect("it is there").uses
}

async fn set_role(store: &dyn Store, room: RoomId, who: Author, role: Option<Role>) {
    add(store, room, Body::Member { who, role }).await;
}

pub(crate) async fn whoever_has_it_becomes_a_member(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    invite(&*store, new(1, room, Some(2))).await;
    assert!(!store.create_invitation(new(1, room, None)).await.unwrap(), "the token is used");
    assert!(!store.create_invitation(new(2, RoomId(9), None)).await.unwrap(), "there is no such room");
    assert_eq!(store.invitation(token(1)).await.unwrap(), Some(new(1, room, Some(2))));
    assert_eq!(store.invitation(token(2)).await.unwrap(), None);
    assert_eq!(come(&*store, 1, BOB).await, Some(room));
    assert_eq!(store.role(room, BOB).await.unwrap(), Some(Role::Member));
    assert_eq!(left(&*store, 1).await, Some(1));
    let event = log(&*store, room).await.pop().unwrap();
    assert_eq!((event.author, event.name.as_str(), event.at), (Author::System, SYSTEM_NAME, Timestamp(150)));
    assert_eq!(event.body, Body::Member { who: BOB, role: Some(Role::Member) });
    assert_eq!(come(&*store, 1, GUEST).await, Some(room));
    let before = heads(&*store, vec![room]).await;
    assert_eq!(come(&*store, 1, Author::Guest(GuestId(2))).await, None, "none is left");
    assert_eq!(come(&*store, 2, Author::Guest(GuestId(2))).await, None, "there is none");
    assert_eq!(heads(&*store, vec![room]).await, before);
    // Any number of people, and of rooms.
    invite(&*store, new(2, LOBBY, None)).await;
    for who in [BOB, GUEST, ANN] {
        assert_eq!(come(&*store, 2, who).await, Some(LOBBY));
    }
    assert_eq!(left(&*store, 2).await, None);
    assert_eq!(store.rooms_of(BOB).await.unwrap(), [(LOBBY, Role::Member), (room, Role::Member)]);
}

pub(crate) async fn who_has_a_role_takes_no_use(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    invite(&*store, new(1, room, Some(1))).await;
    set_role(&*store, room, GUEST, Some(Role::Banned)).await;
    set_role(&*store, room, ANN, Some(Role::Owner)).await;
    let before = heads(&*store, vec![room]).await;
    assert_eq!(come(&*store, 1, GUEST).await, None, "banned");
    assert_eq!(come(&*store, 1, ANN).await, Some(room));
    assert_eq!((heads(&*store, vec![room]).await, left(&*store, 1).await), (before, Some(1)));
    assert_eq!(store.role(room, ANN).await.unwrap(), Some(Role::Owner));
    // The answer to the last one may get lost: the second try is answered the same.
    for _ in 0..2 {
        assert_eq!(come(&*store, 1, BOB).await, Some(room));
        assert_eq!(left(&*store, 1).await, Some(0));
    }
    assert_eq!(store.role(room, GUEST).await.unwrap(), Some(Role::Banned));
}

pub(crate) async fn an_invitation_ends_with_its_time_its_room_and_its_maker(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    let bob = Author::Account(make_account(&*store, Some(3), "bob").await.id);
    let is_there = async |number| store.invitation(token(number)).await.unwrap().is_some();
    invite(&*store, new(1, room, None)).await;
    for (now, comes) in [(200, None), (i64::MAX, None), (199, Some(room))] {
        assert_eq!(store.use_invitation(token(1), GUEST, Timestamp(now)).await.unwrap(), comes, "at {now}");
    }
    assert!(store.end_invitation(token(1)).await.unwrap());
    assert!(!store.end_invitation(token(1)).await.unwrap());
    assert_eq!(come(&*store, 1, BOB).await, None);
    // Who leaves or is banned invites nobody any more; others do, and to other rooms.
    for (number, role) in [(2, None), (3, Some(Role::Banned))] {
        invite(&*store, Invitation { by: bob, ..new(number, room, None) }).await;
        invite(&*store, Invitation { by: bob, ..new(number + 10, LOBBY, None) }).await;
        invite(&*store, new(number + 20, room, None)).await;
        set_role(&*store, room, bob, Some(Role::Member)).await;
        assert!(is_there(number).await);
        set_role(&*store, room, bob, role).await;
        assert_eq!(
            (is_there(number).await, is_there(number + 10).await, is_there(number + 20).await),
            (false, true, true)
        );
    }
    // The account goes, with what it made where it has no role, too.
    invite(&*store, Invitation { by: bob, ..new(4, room, None) }).await;
    set_role(&*store, room, bob, None).await;
    invite(&*store, Invitation { by: bob, ..new(5, room, None) }).await;
    store.remove_account(AccountId(3), Timestamp(0)).await.unwrap();
    for number in [4, 5, 12, 13] {
        assert!(!is_there(number).await, "{number}");
    }
    add(&*store, room, Body::Closed).await;
    assert_eq!((is_there(22).await, come(&*store, 23, ANN).await), (false, None));
    assert!(!store.create_invitation(new(6, room, None)).await.unwrap());
}

pub(crate) async fn a_rooms_invitations_come_newest_first(store: Arc<dyn Store>) {
    let (room, other) = (make_room(&*store, 1).await.id, make_room(&*store, 2).await.id);
    let at = |number, room, created, expires| Invitation {
        created: Timestamp(created),
        expires: Timestamp(expires),
        ..new(number, room, Some(u32::MAX))
    };
    let made = [at(3, room, 10, 90), at(2, room, 10, 50), at(1, room, 20, 51)];
    for new in made.iter().chain([&at(4, other, 10, 20)]) {
        invite(&*store, new.clone()).await;
    }
    let [third, second, first] = made;
    assert_eq!(store.invitations(room).await.unwrap(), [first.clone(), second, third.clone()]);
    // The next one takes the place of what has expired in its room.
    let next = at(5, room, 50, 60);
    invite(&*store, next.clone()).await;
    assert_eq!(store.invitations(room).await.unwrap(), [next, first, third]);
    assert_eq!(store.invitations(other).await.unwrap(), [at(4, other, 10, 20)]);
    assert_eq!(store.invitations(RoomId(9)).await.unwrap(), []);
}

pub(crate) async fn of_many_who_come_at_once_as_many_do_as_there_are_uses(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    invite(&*store, new(1, room, Some(5))).await;
    let mut tasks = JoinSet::new();
    for guest in 1..=16 {
        let (store, who) = (store.clone(), Author::Guest(GuestId(guest)));
        tasks.spawn(async move { come(&*store, 1, who).await });
    }
    let came = tasks.join_all().await.into_iter().flatten().count();
    assert_eq!((came, store.members(room, None, 99).await.unwrap().len()), (5, 5));
    assert_eq!(left(&*store, 1).await, Some(0));
}
