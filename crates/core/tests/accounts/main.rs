//! Accounts and their passwords, over the model store, with a clock that the test holds.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "../support/mod.rs"]
mod support;

mod changing;
mod operator;
mod passwords;
mod registering;
#[path = "../support/town.rs"]
mod world;

use parlor_core::event::{Author, Body};
use parlor_core::ids::{AccountId, Epoch, RoomKey, Timestamp};
use parlor_core::model::FIRST_ACCOUNT;
use parlor_core::ports::Store;
use parlor_core::room::{Access, NewRoom, Role, RoomRef};
use parlor_core::text::Subject;
use parlor_core::{Actor, Error, Refusal, Who};

use crate::world::{OPERATOR, Town, refused};

#[tokio::test]
async fn the_operator_makes_accounts_with_numbers_of_their_own_or_given_ones() {
    let town = Town::new().await;
    let anna = town.chat.add_account(&OPERATOR, None, "Anna", Some("tea")).await.unwrap();
    assert_eq!((anna.id, anna.handle.as_str(), anna.display_name.as_str()), (FIRST_ACCOUNT, "anna", "anna"));
    let ben = town.chat.add_account(&OPERATOR, Some(AccountId(7)), "ben", Some("x")).await.unwrap();
    assert_eq!(ben.id, AccountId(7));
    assert_eq!(town.chat.account_named("BEN").await, Ok(Some(ben.clone())));
    assert_eq!(town.chat.account_named("no name").await, Ok(None));
    assert_eq!(town.chat.accounts(&OPERATOR, None, 10).await, Ok(vec![anna.clone(), ben.clone()]));
    assert_eq!(town.chat.accounts(&OPERATOR, Some(anna.handle), 10).await, Ok(vec![ben]));
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_before_any_hashing() {
    let town = Town::new().await;
    town.add("anna", "tea").await;
    let holder = town.chat.connect("term", None);
    holder.take_name("gast").await.unwrap();
    let before = town.passwords.hashed();
    let add = |id: Option<u64>, handle: &'static str, password: String| {
        let chat = town.chat.clone();
        async move { refused(chat.add_account(&OPERATOR, id.map(AccountId), handle, Some(&password)).await) }
    };
    let tea = || "tea".to_owned();
    assert_eq!(add(None, "anna", tea()).await, Refusal::NameTaken);
    assert_eq!(add(None, "gast", tea()).await, Refusal::NameTaken, "held at a terminal");
    assert_eq!(add(Some(FIRST_ACCOUNT.0), "ben", tea()).await, Refusal::NumberTaken);
    assert!(matches!(add(None, "b n", tea()).await, Refusal::BadName(_)));
    assert!(matches!(add(None, "everyone", tea()).await, Refusal::BadName(_)));
    assert_eq!(add(None, "ben", String::new()).await, Refusal::BadPassword);
    assert_eq!(add(None, "ben", "x".repeat(1_025)).await, Refusal::BadPassword);
    for number in [0, 1 << 63, u64::MAX] {
        assert_eq!(add(Some(number), "ben", tea()).await, Refusal::NumberTaken, "{number}");
    }
    assert_eq!(town.passwords.hashed(), before);
    assert!(town.chat.add_account(&OPERATOR, None, "ben", Some(&"x".repeat(1_024))).await.is_ok());
}

#[tokio::test]
async fn only_the_operator_deals_with_accounts() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    for who in [Who::Account(anna.id), Who::Guest(parlor_core::ids::GuestId(1)), Who::Stranger] {
        let actor = Actor { who, origin: None };
        assert_eq!(refused(town.chat.add_account(&actor, None, "ben", Some("x")).await), Refusal::Forbidden);
        assert_eq!(refused(town.chat.remove_account(&actor, anna.id).await), Refusal::Forbidden);
        assert_eq!(refused(town.chat.accounts(&actor, None, 10).await), Refusal::Forbidden);
        assert_eq!(refused(town.chat.all_rooms(&actor, None, 10).await), Refusal::Forbidden);
    }
    assert!(town.chat.account_named("anna").await.unwrap().is_some());
}

/// The store puts these events into logs by itself, past the sequencer; readers who wait must hear of them all the same.
#[tokio::test]
async fn who_reads_a_room_sees_accounts_come_and_go() {
    let town = Town::new().await;
    let before = town.lobby.head().seq;
    let anna = town.add("anna", "tea").await;
    assert_eq!(town.lobby.head().seq, before.next(), "everybody is a member of the lobby");

    let room = NewRoom {
        key: RoomKey::draw(|bytes| bytes.fill(9)),
        epoch: Epoch(3),
        name: None,
        subject: Subject::stored("tea".to_owned()),
        listed: true,
        access: Access::Members,
        question: None,
        vanishes: false,
        direct: None,
        archive: false,
        time_zone: parlor_core::days::TimeZone::utc(),
        members: vec![(Author::Account(anna.id), Role::Member)],
        now: Timestamp(1),
    };
    let room = town.store.create_room(room).await.unwrap().unwrap();
    let log = town.chat.find(&OPERATOR, RoomRef::Id(room.id)).await.unwrap();
    let (lobby, there) = (town.lobby.head().seq, log.head().seq);
    assert_eq!(town.chat.remove_account(&OPERATOR, anna.id).await, Ok(()));
    assert_eq!((town.lobby.head().seq, log.head().seq), (lobby.next(), there.next()));
    let last = town.store.events(room.id, log.head().seq, 1).await.unwrap();
    assert_eq!(last[0].body, Body::Member { who: Author::Account(anna.id), role: None });
    assert_eq!(town.store.role(room.id, Author::Account(anna.id)).await, Ok(None::<Role>));
    assert_eq!(
        town.hints(),
        [(town.lobby.id(), before.next()), (town.lobby.id(), lobby.next()), (room.id, there.next())]
    );
}

#[tokio::test]
async fn an_account_that_is_logged_in_is_not_removed() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let connection = town.chat.connect("term", None);
    connection.log_in(&anna).await.unwrap();
    assert_eq!(refused(town.chat.remove_account(&OPERATOR, anna.id).await), Refusal::LoggedIn);
    drop(connection);
    assert_eq!(town.chat.remove_account(&OPERATOR, anna.id).await, Ok(()));
    assert_eq!(refused(town.chat.remove_account(&OPERATOR, anna.id).await), Refusal::NotFound);
    let again = town.add("anna", "coffee").await;
    assert_ne!(again.id, anna.id, "the name is free, the number is not given again");
    let old = town.chat.check_password("anna", Some("tea"), None).await;
    assert_eq!(old, Err(Error::Refused(Refusal::BadLogin)));
}
