//! Direct messages.

use std::sync::Arc;

use parlor_core::chat::Whispered;
use parlor_core::event::{Author, Body};
use parlor_core::ids::{AccountId, GuestId, Number, Seq, Timestamp};
use parlor_core::limits::Limits;
use parlor_core::room::{Access, RoomRef, pair};
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Error, Refusal, Who};

use crate::world::{OPERATOR, Town, by, guest, refused};

async fn whisper(town: &Town, from: &Actor, to: Author, text: &str) -> Result<Whispered, Error> {
    town.chat.whisper(from, to, text.as_bytes(), PostOptions::default()).await
}

fn ids(logs: &[Arc<RoomLog>]) -> Vec<u64> {
    logs.iter().map(|log| log.id().0).collect()
}

#[tokio::test]
async fn two_people_have_one_room_that_nobody_else_finds() {
    let town = Town::new().await;
    let (anna, ben, eve) = (town.account("anna").await, town.account("ben").await, town.account("eve").await);
    let (a, b) = (Author::Account(anna.id), Author::Account(ben.id));
    let first = whisper(&town, &by(&anna), b, "hi").await.unwrap();
    let second = whisper(&town, &by(&ben), a, "hello").await.unwrap();
    assert_eq!(first.log.id(), second.log.id());
    assert_eq!((first.posted.slot.event().number, second.posted.slot.event().number), (Number(1), Number(2)));
    let room = first.log.room();
    assert_eq!((room.direct, room.access, room.listed), (Some(pair(a, b)), Access::Members, false));
    assert_eq!(room.subject.as_str(), "anna, ben");
    for who in [by(&anna), by(&ben)] {
        let log = town.chat.find(&who, RoomRef::Key(room.key)).await.unwrap();
        let said = town.chat.history(&who, &log, None, 9).await.unwrap();
        assert_eq!(said.len(), 2);
    }
    for who in [by(&eve), guest(1), Actor::stranger(None)] {
        assert_eq!(refused(town.chat.find(&who, RoomRef::Key(room.key)).await), Refusal::NotFound);
        assert_eq!(refused(town.chat.post(&who, &first.log, b"x", PostOptions::default()).await), Refusal::NotFound);
    }
    town.hands.turn(1);
    let other = whisper(&town, &by(&anna), Author::Account(eve.id), "hi").await.unwrap().log;
    assert_eq!(ids(&town.chat.direct_rooms(a).await.unwrap()), [other.id().0, room.id.0]);
    assert_eq!(ids(&town.chat.direct_rooms(b).await.unwrap()), [room.id.0]);
    assert_eq!(town.news(), [""; 0]);
}

#[tokio::test]
async fn what_can_not_be_said_makes_no_room() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let (a, b) = (Author::Account(anna.id), Author::Account(ben.id));
    let before = town.store.snapshot();
    let anna = by(&anna);
    assert_eq!(refused(whisper(&town, &anna, a, "hi").await), Refusal::ToOneself);
    assert_eq!(refused(whisper(&town, &anna, Author::Account(AccountId(99)), "hi").await), Refusal::NoSuchPerson);
    assert_eq!(refused(whisper(&town, &anna, Author::System, "hi").await), Refusal::NoSuchPerson);
    assert_eq!(refused(whisper(&town, &anna, Author::Guest(GuestId(77)), "hi").await), Refusal::Away);
    assert_eq!(refused(whisper(&town, &Actor::stranger(None), b, "hi").await), Refusal::Forbidden);
    assert_eq!(refused(whisper(&town, &OPERATOR, b, "hi").await), Refusal::Forbidden);
    assert!(matches!(refused(whisper(&town, &anna, b, " ").await), Refusal::Empty(_)));
    assert!(matches!(refused(whisper(&town, &anna, b, "\0").await), Refusal::BadCharacter { .. }));
    assert!(matches!(refused(whisper(&town, &anna, b, &"x".repeat(4_097)).await), Refusal::TooLong { .. }));
    assert!(town.store.snapshot() == before);
}

#[tokio::test]
async fn who_is_connected_gets_it_in_the_inbox() {
    let town = Town::new().await;
    let (anna, guest) = (town.account("anna").await, town.connected_guest().await);
    let (a, g) = (Author::Account(anna.id), guest.identity().who.unwrap());
    let away = whisper(&town, &guest.actor(), a, "are you there?").await.unwrap();
    assert!(away.away);
    assert_eq!(ids(&guest.inbox().rooms()), [away.log.id().0]);
    // It was kept, and is the first thing to see.
    let connection = town.chat.connect("test", None);
    connection.log_in(&anna).await.unwrap();
    assert_eq!(ids(&connection.inbox().rooms()), [away.log.id().0]);
    assert_eq!(town.chat.unseen_from(a, &away.log).await, Ok(Seq(0)));
    let (mine, theirs) = (connection.inbox().version(), guest.inbox().version());
    let answer = whisper(&town, &connection.actor(), g, "yes").await.unwrap();
    assert!(!answer.away);
    assert!(connection.inbox().version() > mine && guest.inbox().version() > theirs);
    assert_eq!(connection.inbox().rooms().len(), 1, "the room is there once");
    // A second connection of the same person, and a new room.
    let second = town.chat.connect("test", None);
    second.log_in(&anna).await.unwrap();
    let other = town.connected_guest().await;
    let log = whisper(&town, &other.actor(), a, "hi").await.unwrap().log;
    for inbox in [connection.inbox(), second.inbox()] {
        assert_eq!(ids(&inbox.rooms()).last(), Some(&log.id().0));
    }
    drop(guest);
    assert_eq!(refused(whisper(&town, &connection.actor(), g, "still?").await), Refusal::Away);
}

#[tokio::test]
async fn a_mark_says_what_was_seen() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let (a, b) = (Author::Account(anna.id), Author::Account(ben.id));
    let mut log = None;
    for text in ["one", "two", "three"] {
        log = Some(whisper(&town, &by(&anna), b, text).await.unwrap().log);
    }
    let log = log.unwrap();
    let ben_actor = by(&ben);
    assert_eq!(town.chat.unseen_from(b, &log).await, Ok(Seq(0)));
    // Two events stand before the first message: that the two are members.
    town.chat.mark_seen(&ben_actor, &log, Number(2)).await.unwrap();
    assert_eq!(town.chat.unseen_from(b, &log).await, Ok(Seq(4)));
    town.chat.mark_seen(&ben_actor, &log, Number(1)).await.unwrap();
    assert_eq!(town.chat.unseen_from(b, &log).await, Ok(Seq(4)));
    town.chat.mark_seen(&ben_actor, &log, Number(99)).await.unwrap();
    assert_eq!(town.chat.unseen_from(b, &log).await, Ok(log.head().seq));
    assert_eq!(town.chat.unseen_from(a, &log).await, Ok(Seq(0)));
    assert_eq!(refused(town.chat.mark_seen(&guest(5), &log, Number(1)).await), Refusal::NotFound);
    // A guest has no mark, in a room where it may read.
    let lobby = town.chat.find(&guest(5), RoomRef::Id(parlor_core::ids::LOBBY)).await.unwrap();
    town.chat.mark_seen(&guest(5), &lobby, Number(1)).await.unwrap();
    assert_eq!(town.chat.unseen_from(Author::Guest(GuestId(5)), &lobby).await, Ok(Seq(0)));
}

#[tokio::test]
async fn whoever_gets_a_number_again_does_not_get_its_past() {
    let town = Town::new().await;
    let anna = town.account("anna").await;
    let number = AccountId(5);
    let ben = town.chat.add_account(&OPERATOR, Some(number), "ben", Some("x")).await.unwrap();
    let b = Author::Account(ben.id);
    let past = whisper(&town, &by(&anna), b, "secret").await.unwrap().log;
    town.chat.remove_account(&OPERATOR, number).await.unwrap();
    assert_eq!(past.room().direct, None);
    assert_eq!(refused(whisper(&town, &by(&anna), b, "gone?").await), Refusal::NoSuchPerson);
    let eve = town.chat.add_account(&OPERATOR, Some(number), "eve", Some("x")).await.unwrap();
    let now = whisper(&town, &by(&anna), b, "hi").await.unwrap().log;
    assert_ne!(now.id(), past.id());
    assert_eq!(refused(town.chat.find(&by(&eve), RoomRef::Key(past.key())).await), Refusal::NotFound);
    assert_eq!(ids(&town.chat.direct_rooms(b).await.unwrap()), [now.id().0]);
    // Anna keeps it, among her rooms.
    let seen = town.chat.rooms_seen_by(&by(&anna)).await.unwrap();
    assert!(ids(&seen).contains(&past.id().0) && !ids(&seen).contains(&now.id().0));
}

#[tokio::test]
async fn two_who_begin_at_once_meet_in_one_room() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let (a, b) = (Author::Account(anna.id), Author::Account(ben.id));
    let (anna, ben) = (by(&anna), by(&ben));
    let (one, other) = tokio::join!(whisper(&town, &anna, b, "hi"), whisper(&town, &ben, a, "hi"));
    assert_eq!(one.unwrap().log.id(), other.unwrap().log.id());
}

#[tokio::test]
async fn making_rooms_for_people_has_a_rate() {
    let first = Town::new().await;
    let anna = first.account("anna").await;
    for number in 1..=40 {
        first.chat.add_account(&OPERATOR, Some(AccountId(number)), &format!("p{number}"), Some("x")).await.unwrap();
    }
    let town = Town::over(first.store.clone(), Limits::default()).await;
    let anna = Actor { who: Who::Account(anna.id), origin: None };
    let to = |number: u64| Author::Account(AccountId(number));
    let burst = u64::from(town.chat.limits().posts_burst);
    for number in 1..=burst {
        town.chat.direct_room(&anna, to(number)).await.unwrap();
    }
    let refusal = refused(town.chat.direct_room(&anna, to(burst + 1)).await);
    assert!(matches!(refusal, Refusal::TooFast { .. }), "{refusal:?}");
    // Those that are there are no news.
    town.chat.direct_room(&anna, to(1)).await.unwrap();
}

#[tokio::test]
async fn a_room_of_two_is_closed_by_the_operator_only_and_begun_anew() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let to = Author::Account(ben.id);
    let old = whisper(&town, &by(&anna), to, "hi").await.unwrap().log;
    assert_eq!(refused(town.chat.close(&by(&anna), &old, None).await), Refusal::Forbidden);
    town.chat.close(&OPERATOR, &old, None).await.unwrap();
    let new = whisper(&town, &by(&anna), to, "again").await.unwrap();
    assert_ne!(new.log.id(), old.id());
    let event = new.posted.slot.event();
    assert!(matches!(event.body, Body::Message { .. }) && event.at >= Timestamp(1));
}
