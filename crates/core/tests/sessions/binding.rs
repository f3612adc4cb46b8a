use parlor_core::connections::Ended;
use parlor_core::event::Author;
use parlor_core::limits::{Limits, SESSION_DAYS};
use parlor_core::ports::Store;
use parlor_core::{Refusal, Who};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::support::{at_once, is_pending};
use crate::world::{Town, by, refused};

#[tokio::test]
async fn a_newer_connection_takes_the_session_and_the_older_is_nobodys() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, grant) = town.session(&anna, "x").await;
    let [older, newer] = [town.chat.connect("chat1", None), town.chat.connect("chat1", None)];
    older.bind(&grant).await.unwrap();
    assert_eq!(older.actor().who, Who::Account(anna.id));
    assert!(is_pending(older.ended()));
    older.bind(&grant).await.unwrap();
    assert!(is_pending(older.ended()), "its own session once more is nothing new");

    let mut waiting = pin!(older.ended());
    let mut context = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    newer.bind(&town.resume(&token).await.unwrap()).await.unwrap();
    assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(Ended::Moved));
    assert_eq!(older.actor().who, Who::Stranger);
    assert_eq!(older.identity().who, None);
    assert_eq!(at_once(older.ended()), Ended::Moved, "until it is somebody else");
    assert_eq!(newer.actor().who, Who::Account(anna.id));
    assert!(is_pending(newer.ended()));
    assert_eq!(town.chat.sessions(&by(&anna)).await.unwrap().len(), 1, "the id stays the same");

    older.become_stranger();
    assert!(is_pending(older.ended()));
    older.bind(&grant).await.unwrap();
    assert_eq!(at_once(newer.ended()), Ended::Moved, "and back");
}

#[tokio::test]
async fn an_end_is_seen_by_who_waits_and_by_who_comes_later() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, grant) = town.session(&anna, "x").await;
    let connection = town.chat.connect("chat1", None);
    connection.bind(&grant).await.unwrap();
    let (mut bound, mut granted) = (pin!(connection.ended()), pin!(grant.ended()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(bound.as_mut().poll(&mut context).is_pending());
    assert!(granted.as_mut().poll(&mut context).is_pending());
    town.chat.end_session(&grant).await.unwrap();
    assert_eq!(bound.as_mut().poll(&mut context), Poll::Ready(Ended::Revoked));
    assert_eq!(granted.as_mut().poll(&mut context), Poll::Ready(()));
    at_once(grant.ended());
    assert_eq!((connection.actor().who, grant.actor(None).who), (Who::Stranger, Who::Stranger));
    assert!(town.resume(&token).await.is_none());
    assert_eq!(refused(connection.bind(&grant).await), Refusal::NotLoggedIn);
    assert!(!town.chat.is_here(Author::Account(anna.id)));
}

#[tokio::test]
async fn a_connection_that_ends_leaves_the_session_and_nobody_behind() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, grant) = town.session(&anna, "x").await;
    let connection = town.chat.connect("chat1", None);
    connection.bind(&grant).await.unwrap();
    assert!(town.chat.is_here(Author::Account(anna.id)));
    assert!(town.chat.sessions(&by(&anna)).await.unwrap()[0].connected);
    drop(connection);
    assert!(!town.chat.is_here(Author::Account(anna.id)));
    assert!(!town.chat.sessions(&by(&anna)).await.unwrap()[0].connected);
    assert!(town.resume(&token).await.is_some());
}

#[tokio::test]
async fn a_connection_may_be_somebody_else_after_another() {
    let town = Town::new().await;
    let [anna, ben] = [town.add("anna", "x").await, town.add("ben", "x").await];
    let (_, of_anna) = town.session(&anna, "x").await;
    let connection = town.chat.connect("chat1", None);
    connection.bind(&of_anna).await.unwrap();
    connection.log_in(&ben).await.unwrap();
    assert_eq!(connection.actor().who, Who::Account(ben.id));
    assert!(!town.chat.is_here(Author::Account(anna.id)));
    town.chat.end_session(&of_anna).await.unwrap();
    assert!(is_pending(connection.ended()), "it is not bound to that one any more");
    connection.take_name("gast").await.unwrap();
    assert!(!town.chat.is_here(Author::Account(ben.id)));
    connection.become_stranger();
    assert_eq!(connection.actor().who, Who::Stranger);
    assert!(town.chat.connect("term", None).take_name("gast").await.is_ok(), "the name is free again");
}

#[tokio::test]
async fn a_connection_that_is_bound_uses_the_session_all_the_time() {
    const DAY: u64 = 24 * 3_600;
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, grant) = town.session(&anna, "x").await;
    let connection = town.chat.connect("chat1", None);
    connection.bind(&grant).await.unwrap();
    for _ in 0..SESSION_DAYS * 3 {
        town.hands.turn(DAY);
        town.chat.look_at_heads().await.unwrap();
    }
    assert!(is_pending(connection.ended()));
    assert_eq!(town.store.sessions(anna.id).await.unwrap().len(), 1);
    drop((connection, grant));
    let town = town.again(Limits::without_rates()).await;
    town.hands.turn(SESSION_DAYS / 2 * DAY - 1);
    assert!(town.resume(&token).await.is_some());
}

/// A whisper of somebody new comes to a person who binds a connection, though it was written while that person was away.
#[tokio::test]
async fn the_rooms_of_two_come_with_a_session() {
    let town = Town::new().await;
    let [anna, ben] = [town.add("anna", "x").await, town.add("ben", "x").await];
    let log = town.chat.direct_room(&by(&ben), Author::Account(anna.id)).await.unwrap();
    let (_, grant) = town.session(&anna, "x").await;
    let connection = town.chat.connect("chat1", None);
    connection.bind(&grant).await.unwrap();
    let rooms: Vec<_> = connection.inbox().rooms().iter().map(|log| log.id()).collect();
    assert_eq!(rooms, [log.id()]);
    town.chat.end_session(&grant).await.unwrap();
    assert!(connection.inbox().rooms().is_empty(), "a stranger has none");
}
