use std::collections::HashSet;

use parlor_core::account::TokenHash;
use parlor_core::limits::{Limits, SESSION_DAYS, SESSIONS};
use parlor_core::ports::Store;
use parlor_core::{Actor, Who};
use sha2::{Digest, Sha256};

use crate::world::{Town, by, from};

const DAY: u64 = 24 * 3_600;

#[tokio::test]
async fn a_session_survives_its_connection_and_a_restart() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, grant) = town.session(&anna, "a client").await;
    assert_eq!(*grant.account(), anna);
    assert_eq!(grant.actor(from(1)), Actor { who: Who::Account(anna.id), origin: from(1) });
    let again = town.resume(&token.to_uppercase()).await.unwrap();
    assert_eq!(again.session(), grant.session());
    drop((again, grant));
    let town = town.again(Limits::without_rates()).await;
    let grant = town.resume(&token).await.unwrap();
    assert_eq!(*grant.account(), anna);
    let listed = town.chat.sessions(&by(&anna)).await.unwrap();
    assert_eq!((listed[0].label.as_str(), listed[0].connected), ("a client", false));
    assert_eq!(listed[0].id, town.chat.log_in_id(grant.session()));
}

#[tokio::test]
async fn every_log_in_draws_a_token_of_its_own_and_the_store_has_its_hash_only() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let token = town.chat.begin_session(&anna, "x").await.unwrap();
        assert!(!format!("{token:?}").contains(&token.to_string()));
        assert!(seen.insert(token.to_string()));
    }
    let stored = format!("{:?}", town.store.snapshot());
    assert!(seen.iter().all(|token| !stored.contains(token.as_str())));
    let token = seen.iter().next().unwrap();
    let bytes: Vec<u8> = token
        .replace('-', "")
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let hash = TokenHash(Sha256::digest(bytes).into());
    assert!(town.store.session(hash).await.unwrap().is_some());
}

#[tokio::test]
async fn guessed_and_altered_tokens_open_nothing() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, _grant) = town.session(&anna, "x").await;
    for text in ["", "x", "../../etc", &token[1..], &format!("{token}0"), &token.replace('-', "")] {
        assert!(town.resume(text).await.is_none(), "{text}");
    }
    // Every token that differs in one digit, and many that differ in all.
    let digits = token.char_indices().filter(|(_, digit)| *digit != '-');
    let near = digits.flat_map(|(at, own)| {
        let token = &token;
        let others = "0123456789abcdef".chars().filter(move |digit| *digit != own);
        others.map(move |digit| format!("{}{digit}{}", &token[..at], &token[at + 1..]))
    });
    let far = (0..100_000_u32).map(|number| format!("{number:08x}-0000-4000-8000-000000000000"));
    for guess in near.chain(far) {
        assert!(town.resume(&guess).await.is_none(), "{guess}");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_was_not_used_for_its_time() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, _) = town.session(&anna, "x").await;
    for _ in 0..5 {
        town.hands.turn((SESSION_DAYS - 1) * DAY);
        assert!(town.resume(&token).await.is_some(), "a use moves its end");
    }
    let town = town.again(Limits::without_rates()).await;
    town.hands.turn((SESSION_DAYS - 1) * DAY);
    assert!(town.resume(&token).await.is_some(), "and the store heard of it");
    town.hands.turn(SESSION_DAYS * DAY);
    assert!(town.resume(&token).await.is_none());
    assert_eq!(town.store.sessions(anna.id).await, Ok(vec![]));
}

#[tokio::test]
async fn what_has_expired_stays_expired_when_the_clock_is_put_back() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let [(used, _), (unused, _)] = [town.session(&anna, "x").await, town.session(&anna, "y").await];
    town.hands.turn(SESSION_DAYS / 2 * DAY);
    assert!(town.resume(&used).await.is_some());
    town.hands.turn((SESSION_DAYS / 2 + 1) * DAY);
    assert!(town.resume(&used).await.is_some());
    town.hands.put_back(SESSION_DAYS * DAY);
    assert!(town.resume(&unused).await.is_none(), "it had expired by then");
    assert!(town.resume(&used).await.is_some());
}

#[tokio::test]
async fn a_clock_that_was_put_back_before_a_restart_revives_nothing() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (unused, _) = town.session(&anna, "x").await;
    town.hands.turn((SESSION_DAYS + 1) * DAY);
    // The lobby's log remembers the time: everybody who registers comes into it.
    town.add("ben", "x").await;
    town.hands.put_back((SESSION_DAYS + 1) * DAY);
    let (chat, _engines) = town.just_started().await;
    assert!(chat.resume(&unused).await.unwrap().is_none());
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (token, _grant) = town.session(&anna, "x").await;
    let used = async || town.store.sessions(anna.id).await.unwrap()[0].used;
    let began = used().await;
    for _ in 0..59 {
        town.hands.turn(1);
        assert!(town.resume(&token).await.is_some());
    }
    assert_eq!(used().await, began);
    town.hands.turn(1);
    assert!(town.resume(&token).await.is_some());
    assert_eq!(used().await.0, began.0 + 60_000_000);
    town.hands.turn(30);
    assert!(town.resume(&token).await.is_some());
    let listed = town.chat.sessions(&by(&anna)).await.unwrap();
    assert_eq!(listed[0].used.0, began.0 + 90_000_000, "whoever lists them sees the last use");
}

#[tokio::test]
async fn what_has_expired_is_removed_without_being_asked_for() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let (_, grant) = town.session(&anna, "x").await;
    town.hands.turn(SESSION_DAYS * DAY);
    town.chat.look_at_heads().await.unwrap();
    assert_eq!(town.store.sessions(anna.id).await, Ok(vec![]));
    assert!(grant.has_ended());
}

#[tokio::test]
async fn the_one_unused_for_the_longest_makes_room_for_one_more() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let mut tokens = Vec::new();
    for number in 0..SESSIONS {
        town.hands.turn(1);
        tokens.push(town.session(&anna, &number.to_string()).await.0);
    }
    // The first is used, though that is not noted yet.
    town.hands.turn(1);
    let first = town.resume(&tokens[0]).await.unwrap();
    let second = town.resume(&tokens[1]).await;
    drop(second);
    let third = town.resume(&tokens[2]).await.unwrap();
    let (newest, _) = town.session(&anna, "one more").await;
    assert_eq!(town.store.sessions(anna.id).await.unwrap().len(), SESSIONS);
    assert!(!first.has_ended() && !third.has_ended());
    assert!(town.resume(&tokens[3]).await.is_none());
    assert!(town.resume(&newest).await.is_some());
    assert!(town.resume(&tokens[4]).await.is_some());
}

#[tokio::test]
async fn a_label_is_cut_and_holds_no_controls() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    for (label, shown) in
        [("a\x1b[2Jb\r\n", "a[2Jb".to_owned()), (&"é".repeat(500), "é".repeat(100)), ("", String::new())]
    {
        let (token, grant) = town.session(&anna, label).await;
        let listed = town.chat.sessions(&by(&anna)).await.unwrap();
        let own = town.chat.log_in_id(grant.session());
        assert_eq!(listed.iter().find(|one| one.id == own).unwrap().label, shown);
        assert!(town.resume(&token).await.is_some());
    }
}
