//! Read marks, and how far logs were handed out.

use std::sync::Arc;

use parlor_core::account::ReadMark;
use parlor_core::event::Body;
use parlor_core::ids::{AccountId, LOBBY, Number, RoomId, Seq, Timestamp};
use parlor_core::ports::Store;

use crate::fixture::{add, make_account, make_room, message};

fn mark(number: u64, at: i64) -> ReadMark {
    ReadMark { number: Number(number), at: Timestamp(at) }
}

pub(crate) async fn marks_move_forward_only(store: Arc<dyn Store>) {
    let bob = make_account(&*store, None, "bob").await.id;
    let room = make_room(&*store, 1).await.id;
    for _ in 0..5 {
        add(&*store, room, message("x")).await;
    }
    assert_eq!(store.read_mark(room, bob).await.unwrap(), None);
    assert_eq!(store.mark_read(room, bob, mark(2, 10)).await.unwrap(), mark(2, 10));
    assert_eq!(store.mark_read(room, bob, mark(1, 20)).await.unwrap(), mark(2, 10));
    assert_eq!(store.mark_read(room, bob, mark(2, 20)).await.unwrap(), mark(2, 10));
    assert_eq!(store.mark_read(room, bob, mark(4, 5)).await.unwrap(), mark(4, 5));
    assert_eq!(store.mark_read(room, bob, mark(u64::MAX, 30)).await.unwrap(), mark(5, 30));
    assert_eq!(store.read_mark(room, bob).await.unwrap(), Some(mark(5, 30)));
    assert_eq!(store.read_mark(LOBBY, bob).await.unwrap(), None);
    for (room, account) in [(RoomId(9), bob), (room, AccountId(9))] {
        assert_eq!(store.mark_read(room, account, mark(1, 1)).await.unwrap(), mark(0, 0));
        assert_eq!(store.read_mark(room, account).await.unwrap(), None);
    }
    store.remove_account(bob, Timestamp(0)).await.unwrap();
    assert_eq!(store.read_mark(room, bob).await.unwrap(), None);
}

pub(crate) async fn all_marks_of_an_account_are_told(store: Arc<dyn Store>) {
    let (bob, eve) = (make_account(&*store, None, "bob").await.id, make_account(&*store, None, "eve").await.id);
    let room = make_room(&*store, 1).await.id;
    for _ in 0..3 {
        add(&*store, room, message("x")).await;
    }
    assert_eq!(store.marks(bob).await.unwrap(), []);
    // One step for all; what there is no room or account for does not disturb the others.
    let many = vec![
        (bob, room, mark(1, 10)),
        (AccountId(9), room, mark(1, 10)),
        (bob, RoomId(9), mark(1, 10)),
        (eve, room, mark(9, 20)),
        (bob, LOBBY, mark(7, 30)),
        (bob, room, mark(2, 40)),
        (bob, room, mark(1, 50)),
    ];
    store.mark_read_many(many).await.unwrap();
    add(&*store, room, Body::Closed).await;
    assert_eq!(store.marks(bob).await.unwrap(), [(LOBBY, mark(0, 30)), (room, mark(2, 40))]);
    assert_eq!(store.marks(eve).await.unwrap(), [(room, mark(3, 20))]);
    assert_eq!(store.marks(AccountId(9)).await.unwrap(), []);
    store.mark_read_many(vec![]).await.unwrap();
    store.remove_account(bob, Timestamp(0)).await.unwrap();
    assert_eq!((store.marks(bob).await.unwrap().len(), store.marks(eve).await.unwrap().len()), (0, 1));
}

pub(crate) async fn positions_move_forward_only(store: Arc<dyn Store>) {
    let (bob, eve) = (make_account(&*store, None, "bob").await.id, make_account(&*store, None, "eve").await.id);
    let (room, empty) = (make_room(&*store, 1).await.id, make_room(&*store, 2).await.id);
    for _ in 0..4 {
        add(&*store, room, message("x")).await;
    }
    assert_eq!(store.received(bob).await.unwrap(), []);
    store.mark_received(vec![(bob, room, Seq(2)), (bob, room, Seq(1)), (eve, room, Seq(1))]).await.unwrap();
    assert_eq!(store.received(bob).await.unwrap(), [(room, Seq(2))]);
    // At most the head; a room without events has a position all the same.
    let many =
        [(bob, room, Seq(u64::MAX)), (bob, empty, Seq(5)), (bob, RoomId(77), Seq(1)), (AccountId(9), room, Seq(1))];
    store.mark_received(many.to_vec()).await.unwrap();
    assert_eq!(store.received(bob).await.unwrap(), [(room, Seq(4)), (empty, Seq(0))]);
    assert_eq!(store.received(eve).await.unwrap(), [(room, Seq(1))]);
    assert_eq!(store.received(AccountId(9)).await.unwrap(), []);
    add(&*store, room, Body::Closed).await;
    store.mark_received(vec![(eve, room, Seq(9))]).await.unwrap();
    assert_eq!(store.received(eve).await.unwrap(), [(room, Seq(5))]);
    store.mark_received(vec![]).await.unwrap();
    store.remove_account(bob, Timestamp(0)).await.unwrap();
    assert_eq!((store.received(bob).await.unwrap().len(), store.received(eve).await.unwrap().len()), (0, 1));
}

pub(crate) async fn room_0_holds_what_it_is_given(store: Arc<dyn Store>) {
    let (none, bob) = (RoomId(0), make_account(&*store, None, "bob").await.id);
    store.mark_received(vec![(bob, LOBBY, Seq(1)), (bob, none, Seq(0))]).await.unwrap();
    assert_eq!(store.received(bob).await.unwrap(), [(none, Seq(0)), (LOBBY, Seq(1))]);
    for (given, holds) in [(7, 7), (3, 7), (1 << 40, 1 << 40)] {
        store.mark_received(vec![(bob, none, Seq(given))]).await.unwrap();
        assert_eq!(store.received(bob).await.unwrap()[0], (none, Seq(holds)));
    }
    store.mark_received(vec![(AccountId(9), none, Seq(1))]).await.unwrap();
    assert_eq!(store.received(AccountId(9)).await.unwrap(), []);
}
