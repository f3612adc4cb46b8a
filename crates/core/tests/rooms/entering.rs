//! Rooms that ask a question.

use parlor_core::chat::RoomPlan;
use parlor_core::event::{Author, Body};
use parlor_core::ids::{GuestId, Seq};
use parlor_core::limits::Limits;
use parlor_core::ports::Store;
use parlor_core::room::{Access, Role, SettingsChange};
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Refusal};

use crate::world::{OPERATOR, Town, by, guest, refused};

#[tokio::test]
async fn the_answer_makes_a_member_once() {
    let town = Town::new().await;
    let log = town.tea_room("tea").await;
    let (me, author) = (guest(1), Author::Guest(GuestId(1)));
    for answer in [None, Some(""), Some("coffee"), Some("Tea")] {
        assert_eq!(refused(town.chat.enter(&me, &log, answer).await), Refusal::WrongAnswer, "{answer:?}");
    }
    let post = async || town.chat.post(&me, &log, b"hi", PostOptions::default()).await;
    assert_eq!(refused(post().await), Refusal::Forbidden);
    assert_eq!(refused(town.chat.history(&me, &log, None, 9).await), Refusal::Forbidden);
    assert_eq!(log.head().seq, Seq(0));
    town.chat.enter(&me, &log, Some("tea")).await.unwrap();
    let event = town.store.events(log.id(), Seq(1), 9).await.unwrap().remove(0);
    assert_eq!((event.author, event.body), (author, Body::Member { who: author, role: Some(Role::Member) }));
    post().await.unwrap();
    // Who is a member needs no answer any more; one that is given must be right still (protocols: wscmd).
    town.chat.enter(&me, &log, None).await.unwrap();
    town.chat.enter(&me, &log, Some("tea")).await.unwrap();
    assert_eq!(refused(town.chat.enter(&me, &log, Some("coffee")).await), Refusal::WrongAnswer);
    assert_eq!(log.head().seq, Seq(2));
    assert_eq!(refused(town.chat.enter(&guest(2), &log, None).await), Refusal::WrongAnswer);
}

#[tokio::test]
async fn a_hash_that_was_stored_is_answered_by_what_it_was_made_of() {
    let town = Town::new().await;
    // printf %s tea | sha256sum
    let hash = "a9f74d1ec36ebdeb2da3f6e5868090cd2a2d20b3dcca7b62f60304b1d3d9ef42";
    let log = town.tea_room(hash).await;
    town.chat.enter(&guest(1), &log, Some("tea")).await.unwrap();
    town.chat.enter(&guest(2), &log, Some(hash)).await.unwrap();
    assert_eq!(refused(town.chat.enter(&guest(3), &log, Some(&hash.to_uppercase())).await), Refusal::WrongAnswer);
}

#[tokio::test]
async fn whoever_makes_it_is_in() {
    let town = Town::new().await;
    let anna = town.account("anna").await;
    let plan = RoomPlan { subject: b"x", question: Some((b"q", b"a")), ..RoomPlan::default() };
    let log = town.chat.open_room(&by(&anna), plan).await.unwrap();
    town.chat.enter(&by(&anna), &log, None).await.unwrap();
    town.chat.post(&by(&anna), &log, b"hi", PostOptions::default()).await.unwrap();
    // An account owns what it makes; a guest is a member, no more.
    town.chat.close(&by(&anna), &log, None).await.unwrap();
    let log = town.chat.open_room(&guest(1), plan).await.unwrap();
    town.chat.post(&guest(1), &log, b"hi", PostOptions::default()).await.unwrap();
    assert_eq!(refused(town.chat.close(&guest(1), &log, None).await), Refusal::Forbidden);
    let log = town.chat.open_room(&Actor::stranger(None), plan).await.unwrap();
    assert_eq!(log.head().seq, Seq(0));
}

#[tokio::test]
async fn an_open_room_is_entered_without_a_trace() {
    let town = Town::new().await;
    let log = town.chat.open_room(&OPERATOR, RoomPlan::default()).await.unwrap();
    for answer in [None, Some("x")] {
        town.chat.enter(&guest(1), &log, answer).await.unwrap();
    }
    assert_eq!(refused(town.chat.enter(&Actor::stranger(None), &log, None).await), Refusal::Forbidden);
    assert_eq!(log.head().seq, Seq(0));
    // With a question that it was not made with nobody can come in.
    let asks = SettingsChange { access: Some(Access::Question), ..SettingsChange::default() };
    town.chat.configure(&OPERATOR, &log, asks).await.unwrap();
    assert_eq!(refused(town.chat.enter(&guest(1), &log, Some("")).await), Refusal::Forbidden);
    town.chat.enter(&OPERATOR, &log, None).await.unwrap();
}

#[tokio::test]
async fn who_is_shut_out_does_not_come_in_by_the_answer() {
    let town = Town::new().await;
    let log = town.tea_room("tea").await;
    town.give_role(log.id(), Author::Guest(GuestId(1)), Role::Banned).await;
    assert_eq!(refused(town.chat.enter(&guest(1), &log, Some("tea")).await), Refusal::NotFound);
    assert_eq!(refused(town.chat.enter(&Actor::stranger(None), &log, Some("tea")).await), Refusal::Forbidden);
    let role = town.store.role(log.id(), Author::Guest(GuestId(1))).await.unwrap();
    assert_eq!(role, Some(Role::Banned));
}

#[tokio::test]
async fn guesses_count_as_posts() {
    let first = Town::new().await;
    let log = first.tea_room("tea").await;
    let town = Town::over(first.store.clone(), Limits::default()).await;
    let log = town.chat.find(&OPERATOR, parlor_core::room::RoomRef::Id(log.id())).await.unwrap();
    for _ in 0..town.chat.limits().posts_burst {
        assert_eq!(refused(town.chat.enter(&guest(1), &log, Some("x")).await), Refusal::WrongAnswer);
    }
    let refusal = refused(town.chat.enter(&guest(1), &log, Some("tea")).await);
    assert!(matches!(refusal, Refusal::TooFast { .. }), "{refusal:?}");
    town.hands.turn(1);
    town.chat.enter(&guest(1), &log, Some("tea")).await.unwrap();
}
