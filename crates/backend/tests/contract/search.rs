//! The search index: tokens come from core.

use std::sync::Arc;

use parlor_core::event::Body;
use parlor_core::ids::{LOBBY, Number, RoomId, Seq};
use parlor_core::ports::{IndexEntry, IndexLag, Store};
use parlor_core::search::{author_token, message_tokens, query_tokens, tokens};

use crate::fixture::{add, make_room, message};

/// Posts and indexes messages.
async fn say(store: &dyn Store, room: RoomId, texts: &[&str]) {
    for text in texts {
        let event = add(store, room, message(text)).await;
        let entry = IndexEntry { number: event.number, tokens: tokens(text) };
        store.index(room, event.seq, vec![entry]).await.unwrap();
    }
}

async fn hits(store: &dyn Store, room: RoomId, query: &str) -> Vec<u64> {
    let found = store.search(room, query_tokens(query), Number(0)..Number(u64::MAX), 100).await.unwrap();
    found.into_iter().map(|number| number.0).collect()
}

pub(crate) async fn all_tokens_must_be_there(store: Arc<dyn Store>) {
    say(&*store, LOBBY, &["Green tea, please", "black TEA", "coffee", "or and not near \"tea\" *", "naïve Straße"])
        .await;
    assert_eq!(hits(&*store, LOBBY, "tea").await, [4, 2, 1]);
    assert_eq!(hits(&*store, LOBBY, "tea green").await, [1]);
    assert_eq!(hits(&*store, LOBBY, "te").await, [0; 0]);
    assert_eq!(hits(&*store, LOBBY, "tea milk").await, [0; 0]);
    assert_eq!(hits(&*store, LOBBY, "").await, [0; 0]);
    // Words of SQLite's query language are words.
    assert_eq!(hits(&*store, LOBBY, "OR AND NOT NEAR").await, [4]);
    assert_eq!(hits(&*store, LOBBY, "naïve straße").await, [5]);
    assert_eq!(hits(&*store, LOBBY, "naive").await, [0; 0]);
}

pub(crate) async fn authors_are_found_by_their_names(store: Arc<dyn Store>) {
    for (number, name) in [(1, "Ann"), (2, "アン・B"), (3, "ann")] {
        let event = add(&*store, LOBBY, message("ann tea")).await;
        let entry = IndexEntry { number: Number(number), tokens: message_tokens("ann tea", name) };
        store.index(LOBBY, event.seq, vec![entry]).await.unwrap();
    }
    let by = async |name: &str, word: Option<&str>| -> Vec<u64> {
        let tokens = word.into_iter().map(str::to_owned).chain([author_token(name)]).collect();
        let found = store.search(LOBBY, tokens, Number(0)..Number(u64::MAX), 9).await.unwrap();
        found.into_iter().map(|number| number.0).collect()
    };
    assert_eq!((by("ANN", None).await, by("ｱﾝ b", Some("tea")).await), (vec![3, 1], vec![2]));
    assert_eq!((by("an", None).await, by("ann", Some("milk")).await, by("", None).await), (vec![], vec![], vec![]));
    assert_eq!(hits(&*store, LOBBY, "ann").await, [3, 2, 1]);
}

pub(crate) async fn japanese_is_found_by_one_and_two_characters(store: Arc<dyn Store>) {
    say(&*store, LOBBY, &["東京都に行く", "京都に行く", "ｶﾀｶﾅ と カタカナ", "東 京"]).await;
    for (query, expected) in [
        ("東", vec![4, 1]),
        ("京都", vec![2, 1]),
        ("東京", vec![1]),
        ("に行", vec![2, 1]),
        ("カタ", vec![3]),
        ("ナ", vec![3]),
        ("都京", vec![]),
    ] {
        assert_eq!(hits(&*store, LOBBY, query).await, expected, "{query}");
    }
}

pub(crate) async fn other_entries_take_the_place_of_the_old(store: Arc<dyn Store>) {
    say(&*store, LOBBY, &["old words", "other words"]).await;
    let entry = |number, text: &str| IndexEntry { number: Number(number), tokens: tokens(text) };
    store.index(LOBBY, Seq(2), vec![entry(1, "new words")]).await.unwrap();
    assert_eq!(hits(&*store, LOBBY, "old").await, [0; 0]);
    assert_eq!(hits(&*store, LOBBY, "new").await, [1]);
    assert_eq!(hits(&*store, LOBBY, "words").await, [2, 1]);
    store.index(LOBBY, Seq(2), vec![entry(1, ""), entry(9, "")]).await.unwrap();
    assert_eq!(hits(&*store, LOBBY, "new").await, [0; 0]);
    assert_eq!(hits(&*store, LOBBY, "words").await, [2]);
    // Of two entries for one message the later holds; and what was taken out can come back.
    store.index(LOBBY, Seq(2), vec![entry(1, "first"), entry(1, "second")]).await.unwrap();
    assert_eq!(hits(&*store, LOBBY, "first").await, [0; 0]);
    assert_eq!(hits(&*store, LOBBY, "second").await, [1]);
}

pub(crate) async fn hits_come_newest_first_in_pages_of_one_room(store: Arc<dyn Store>) {
    let rooms = [LOBBY, make_room(&*store, 1).await.id, make_room(&*store, 2).await.id];
    for _ in 0..7 {
        for room in rooms {
            say(&*store, room, &["same", "filler"]).await;
        }
    }
    let same = || vec!["same".to_owned()];
    for room in rooms {
        let mut all = vec![];
        let mut before = Number(u64::MAX);
        loop {
            let page = store.search(room, same(), Number(0)..before, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            before = *last;
            all.extend(page.into_iter().map(|number| number.0));
        }
        assert_eq!(all, [13, 11, 9, 7, 5, 3, 1]);
    }
    assert_eq!(store.search(LOBBY, same(), Number(0)..Number(5), 100).await.unwrap(), [Number(3), Number(1)]);
    assert_eq!(store.search(LOBBY, same(), Number(0)..Number(0), 100).await.unwrap(), []);
    assert_eq!(store.search(LOBBY, same(), Number(0)..Number(5), 0).await.unwrap(), []);
    assert_eq!(store.search(LOBBY, same(), Number(3)..Number(8), 100).await.unwrap(), [7, 5, 3].map(Number));
    assert_eq!(store.search(LOBBY, same(), Number(3)..Number(8), 2).await.unwrap(), [7, 5].map(Number));
    assert_eq!(store.search(LOBBY, same(), Number(6)..Number(6), 100).await.unwrap(), []);
    assert_eq!(store.search(LOBBY, same(), Number(8)..Number(3), 100).await.unwrap(), []);
    assert_eq!(store.search(LOBBY, same(), Number(99)..Number(u64::MAX), 100).await.unwrap(), []);
    assert_eq!(store.search(RoomId(9), same(), Number(0)..Number(5), 100).await.unwrap(), []);
    assert_eq!(store.search(RoomId(u64::MAX), same(), Number(0)..Number(5), 100).await.unwrap(), []);
}

pub(crate) async fn the_lag_is_told_and_goes_away(store: Arc<dyn Store>) {
    let rooms = [LOBBY, make_room(&*store, 1).await.id, make_room(&*store, 2).await.id];
    assert_eq!(store.index_lag(10).await.unwrap(), []);
    for room in rooms {
        add(&*store, room, message("a")).await;
        add(&*store, room, message("b")).await;
    }
    add(&*store, rooms[2], Body::Closed).await;
    let lag = |room: RoomId, indexed, head| IndexLag { room, indexed: Seq(indexed), head: Seq(head) };
    let all = [lag(rooms[0], 0, 2), lag(rooms[1], 0, 2), lag(rooms[2], 0, 3)];
    assert_eq!(store.index_lag(10).await.unwrap(), all);
    assert_eq!(store.index_lag(2).await.unwrap(), all[..2]);
    store.index(rooms[0], Seq(1), vec![]).await.unwrap();
    store.index(rooms[1], Seq(2), vec![]).await.unwrap();
    assert_eq!(store.index_lag(10).await.unwrap(), [lag(rooms[0], 1, 2), all[2]]);
    store.index(rooms[2], Seq(3), vec![]).await.unwrap();
    store.index(rooms[0], Seq(2), vec![]).await.unwrap();
    assert_eq!(store.index_lag(10).await.unwrap(), []);
    add(&*store, rooms[1], message("c")).await;
    assert_eq!(store.index_lag(10).await.unwrap(), [lag(rooms[1], 2, 3)]);
}

pub(crate) async fn an_indexed_position_never_runs_back_or_ahead(store: Arc<dyn Store>) {
    for _ in 0..3 {
        add(&*store, LOBBY, message("a")).await;
    }
    let indexed = async || {
        let lobby = store.room(parlor_core::room::RoomRef::Id(LOBBY)).await.unwrap().unwrap();
        lobby.indexed.0
    };
    for (upto, expected) in [(2, 2), (1, 2), (0, 2), (99, 3), (u64::MAX, 3), (1, 3)] {
        store.index(LOBBY, Seq(upto), vec![]).await.unwrap();
        assert_eq!(indexed().await, expected, "{upto}");
    }
    store.index(RoomId(9), Seq(4), vec![]).await.unwrap();
}

pub(crate) async fn a_late_follower_changes_nothing(store: Arc<dyn Store>) {
    let event = add(&*store, LOBBY, message("old words")).await;
    add(&*store, LOBBY, message("more")).await;
    let entry = |text: &str| vec![IndexEntry { number: event.number, tokens: tokens(text) }];
    store.index(LOBBY, Seq(2), entry("new words")).await.unwrap();
    store.index(LOBBY, Seq(1), entry("old words")).await.unwrap();
    assert_eq!(hits(&*store, LOBBY, "old").await, [0; 0]);
    assert_eq!(hits(&*store, LOBBY, "new").await, [1]);
    store.index(LOBBY, Seq(2), entry("newest words")).await.unwrap();
    assert_eq!(hits(&*store, LOBBY, "newest").await, [1]);
}
