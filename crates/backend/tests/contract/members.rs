//! Roles: projections of the logs.

use std::sync::Arc;

use parlor_core::event::{Author, Body};
use parlor_core::ids::{AccountId, GuestId, LOBBY, RoomId, Seq, Timestamp};
use parlor_core::ports::{SYSTEM_NAME, Store};
use parlor_core::room::{Role, RoomRef};

use crate::fixture::{ANN, GUEST, add, heads, log, make_account, make_room, message};

fn member(who: Author, role: Option<Role>) -> Body {
    Body::Member { who, role }
}

async fn has_members(store: &dyn Store, room: RoomId) -> bool {
    store.room(RoomRef::Id(room)).await.unwrap().expect("the room is open").has_members
}

pub(crate) async fn roles_follow_the_log(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    assert!(!has_members(&*store, room).await);
    for role in Role::ALL {
        let event = add(&*store, room, member(ANN, Some(role))).await;
        assert_eq!(log(&*store, room).await.last(), Some(&event));
        assert_eq!(store.role(room, ANN).await.unwrap(), Some(role));
        assert!(has_members(&*store, room).await);
    }
    assert_eq!(store.role(LOBBY, ANN).await.unwrap(), None);
    assert_eq!(store.role(room, GUEST).await.unwrap(), None);
    assert_eq!(store.rooms_of(ANN).await.unwrap(), [(room, Role::Owner)]);
    add(&*store, room, member(ANN, None)).await;
    add(&*store, room, member(GUEST, None)).await;
    assert_eq!(store.role(room, ANN).await.unwrap(), None);
    assert!(!has_members(&*store, room).await);
    add(&*store, room, member(GUEST, Some(Role::Banned))).await;
    add(&*store, room, Body::Closed).await;
    assert_eq!(store.rooms_of(GUEST).await.unwrap(), []);
    assert_eq!(store.role(room, GUEST).await.unwrap(), Some(Role::Banned));
}

pub(crate) async fn members_come_in_pages(store: Arc<dyn Store>) {
    let people: Vec<Author> =
        (1..=5).map(|id| Author::Account(AccountId(id))).chain((1..=5).map(|id| Author::Guest(GuestId(id)))).collect();
    for who in &people {
        add(&*store, LOBBY, member(*who, Some(Role::Member))).await;
    }
    let mut sorted = people.clone();
    sorted.sort_by_key(|who| who.code());
    let mut paged = vec![];
    loop {
        let page = store.members(LOBBY, paged.last().copied(), 3).await.unwrap();
        assert!(page.iter().all(|(_, role)| *role == Role::Member) && page.len() <= 3);
        if page.is_empty() {
            break;
        }
        paged.extend(page.into_iter().map(|(who, _)| who));
    }
    assert_eq!(paged, sorted);
}

pub(crate) async fn an_account_is_a_member_of_the_lobby_at_once(store: Arc<dyn Store>) {
    add(&*store, LOBBY, message("before")).await;
    let account = make_account(&*store, None, "bob").await;
    let who = Author::Account(account.id);
    assert_eq!(store.role(LOBBY, who).await.unwrap(), Some(Role::Member));
    let event = log(&*store, LOBBY).await.pop().unwrap();
    assert_eq!((event.seq, event.author, event.name.as_str()), (Seq(2), Author::System, SYSTEM_NAME));
    assert_eq!((event.body, event.at), (member(who, Some(Role::Member)), Timestamp(3_000)));
    assert!(has_members(&*store, LOBBY).await);
    // What is appended next comes after it.
    assert_eq!(add(&*store, LOBBY, message("after")).await.seq, Seq(3));
}

pub(crate) async fn an_account_that_goes_leaves_its_rooms(store: Arc<dyn Store>) {
    let (open, closed) = (make_room(&*store, 1).await.id, make_room(&*store, 2).await.id);
    let account = make_account(&*store, None, "bob").await;
    let who = Author::Account(account.id);
    for room in [open, closed] {
        add(&*store, room, member(who, Some(Role::Owner))).await;
    }
    add(&*store, closed, Body::Closed).await;
    let heads = heads(&*store, vec![LOBBY, open, closed]).await;
    assert!(store.remove_account(account.id, Timestamp(9_000)).await.unwrap());
    assert!(!store.remove_account(account.id, Timestamp(9_000)).await.unwrap());
    assert_eq!(store.rooms_of(who).await.unwrap(), []);
    for (room, head) in heads {
        let after = store.events(room, head.seq.next(), 10).await.unwrap();
        if room == closed {
            assert_eq!(after, []);
        } else {
            assert_eq!(
                (after[0].author, &after[0].body, after[0].at),
                (Author::System, &member(who, None), Timestamp(9_000))
            );
            assert_eq!(after.len(), 1);
            assert_eq!(store.role(room, who).await.unwrap(), None);
        }
    }
}
