//! Searching a room, and all rooms that somebody may read.

use parlor_core::chat::{Hits, RoomPlan};
use parlor_core::days::TimeZone;
use parlor_core::event::Author;
use parlor_core::ids::{Number, Timestamp};
use parlor_core::limits;
use parlor_core::query::Query;
use parlor_core::refusal::Refusal;
use parlor_core::room::{Access, RoomRef, SettingsChange};
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Chat};

use crate::world::{OPERATOR, Town, by, guest, refused};
use crate::{DAY_US, import, room, said};

fn query(text: &str) -> Query {
    Query::parse(text, &TimeZone::utc()).unwrap()
}

async fn search(chat: &Chat, actor: &Actor, log: &RoomLog, text: &str) -> Vec<u64> {
    let hits = chat.search(actor, log, &query(text), None, 100).await.unwrap();
    assert!(!hits.behind && hits.next.is_none(), "{hits:?}");
    hits.slots.iter().map(|slot| slot.event().number.0).collect()
}

#[tokio::test]
async fn words_phrases_names_and_days_are_found() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    let lines = [
        (0, "Ann", "green tea"),
        (1, "Ann", "tea is green"),
        (2, "Bob", "Green, tea"),
        (3, "Ann", "明日の午後"),
        (4, "Bob", "午後の明日の午"),
        (5, "Bob B", "no tea"),
    ];
    import(&town, &log, lines.iter().map(|(day, name, text)| said(day * DAY_US + 5, name, text)).collect()).await;
    for (text, expected) in [
        ("tea", vec![6, 3, 2, 1]),
        ("green tea", vec![3, 2, 1]),
        ("\"green tea\"", vec![3, 1]),
        ("from:ann tea", vec![2, 1]),
        ("from:bob", vec![5, 3]),
        ("from:\"bob b\"", vec![6]),
        ("from:carl", vec![]),
        ("tea before:1970-01-03", vec![2, 1]),
        ("tea after:1970-01-02", vec![6, 3]),
        ("tea after:1970-01-01 before:1970-01-03", vec![2]),
        ("tea after:1971-01-01", vec![]),
        ("明日の午後", vec![4]),
        ("午後", vec![5, 4]),
        ("午", vec![5, 4]),
    ] {
        assert_eq!(search(chat, &guest(1), &log, text).await, expected, "{text}");
    }
    // An edit keeps its author, and changes the words.
    let me = guest(2);
    let nick = parlor_core::text::DisplayName::new(b"Carl").ok();
    let options = PostOptions { nick, ..PostOptions::default() };
    chat.post(&me, &log, b"cofee", options).await.unwrap();
    chat.edit(&me, &log, Number(7), b"coffee", PostOptions::default()).await.unwrap();
    assert_eq!(search(chat, &me, &log, "from:carl coffee").await, [7]);
    assert_eq!(search(chat, &me, &log, "cofee").await, [0; 0]);
    chat.redact(&me, &log, Number(7)).await.unwrap();
    assert_eq!(search(chat, &me, &log, "from:carl").await, [0; 0]);
    town.end().await;
}

#[tokio::test]
async fn pages_of_hits_join_to_the_whole() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    // Every third is a hit; the others have its tokens and not its words.
    let lines = (0..600).map(|n| said(n, "Ann", if n % 3 == 0 { "茶の湯" } else { "の湯、茶の" }));
    import(&town, &log, lines.collect()).await;
    for limit in [1, 7, 100, 10_000] {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let Hits { slots, next, .. } = chat.search(&guest(1), &log, &query("茶の湯"), before, limit).await.unwrap();
            assert!(slots.len() <= limit.min(limits::SEARCH_HITS));
            all.extend(slots.iter().map(|slot| slot.event().number.0));
            assert!(next.is_none_or(|next| before.is_none_or(|before| next < before)), "{next:?} after {before:?}");
            before = next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(all, (1..=600).rev().filter(|n| n % 3 == 1).collect::<Vec<u64>>(), "{limit} at a time");
    }
    assert!(chat.search(&guest(1), &log, &query("茶"), None, 0).await.unwrap().slots.is_empty());
    town.end().await;
}

#[tokio::test]
async fn a_search_that_finds_little_says_where_to_go_on() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    let count = limits::SEARCH_CANDIDATES + 10;
    let mut lines: Vec<_> = (1..).zip(0..count).map(|(at, _)| said(at, "Ann", "の湯、茶の")).collect();
    lines.insert(0, said(0, "Ann", "茶の湯"));
    import(&town, &log, lines).await;
    let first = chat.search(&guest(1), &log, &query("茶の湯"), None, 10).await.unwrap();
    // It may be that the index was still far behind: then it is asked again.
    assert!(first.behind || first.next.is_some(), "{first:?}");
    let mut before = None;
    let mut steps = 0;
    let found = loop {
        let hits = chat.search(&guest(1), &log, &query("茶の湯"), before, 10).await.unwrap();
        if hits.behind {
            town.settle().await;
            continue;
        }
        steps += 1;
        before = hits.next;
        if !hits.slots.is_empty() || before.is_none() {
            break hits.slots;
        }
    };
    assert_eq!((found.len(), found[0].event().number, steps), (1, Number(1), 2));
    town.end().await;
}

#[tokio::test]
async fn rights_are_those_of_reading() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    import(&town, &log, vec![said(5, "Ann", "tea")]).await;
    assert_eq!(search(chat, &Actor::stranger(None), &log, "tea").await, [1]);
    let closed = SettingsChange { access: Some(Access::Members), ..SettingsChange::default() };
    chat.configure(&OPERATOR, &log, closed).await.unwrap();
    assert_eq!(refused(chat.search(&guest(1), &log, &query("tea"), None, 9).await), Refusal::NotFound);
    town.end().await;
}

#[tokio::test]
async fn all_rooms_that_somebody_may_read_are_searched_at_once() {
    let town = Town::new().await;
    let chat = &town.chat;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let (one, two) = (room(&town, "one").await, room(&town, "two").await);
    let unlisted = chat.open_room(&OPERATOR, RoomPlan::default()).await.unwrap();
    let group = chat.make_group(&by(&anna), "group").await.unwrap();
    let asks = town.tea_room("tea").await;
    import(&town, &one, vec![said(10, "Ann", "tea one"), said(40, "Ann", "tea four")]).await;
    import(&town, &two, vec![said(20, "Bob", "tea two"), said(30, "Ann", "milk")]).await;
    import(&town, &unlisted, vec![said(25, "Ann", "tea nowhere")]).await;
    import(&town, &asks, vec![said(26, "Ann", "tea behind a question")]).await;
    town.hands.turn(1);
    chat.post(&by(&anna), &group, b"tea in the group", PostOptions::default()).await.unwrap();
    town.hands.turn(1);
    chat.whisper(&by(&anna), Author::Account(ben.id), b"tea for two", PostOptions::default()).await.unwrap();
    let found = async |actor: &Actor, text: &str, before: Option<i64>, limit: usize| -> Vec<String> {
        let hits = chat.search_everywhere(actor, &query(text), before.map(Timestamp), limit).await.unwrap();
        let text = |event: &parlor_core::event::Event| match &event.body {
            parlor_core::event::Body::Message { text, .. } => text.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        hits.iter().map(|(_, slot)| text(slot.event())).collect()
    };
    let open = ["tea four", "tea two", "tea one"];
    assert_eq!(found(&guest(1), "tea", None, 9).await, open);
    assert_eq!(found(&Actor::stranger(None), "tea", None, 9).await, open);
    assert_eq!(found(&guest(1), "tea from:ann", None, 9).await, ["tea four", "tea one"]);
    assert_eq!(found(&guest(1), "tea", Some(40), 1).await, ["tea two"]);
    assert_eq!(found(&guest(1), "tea", None, 2).await, open[..2]);
    assert_eq!(found(&guest(1), "tea", None, 0).await, [""; 0]);
    let of_anna = ["tea for two", "tea in the group", "tea four", "tea two", "tea one"];
    assert_eq!(found(&by(&anna), "tea", None, 9).await, of_anna);
    assert_eq!(found(&by(&anna), "tea", None, 3).await, of_anna[..3]);
    assert_eq!(found(&by(&ben), "tea", None, 9).await, ["tea for two", "tea four", "tea two", "tea one"]);
    // Who is not in a group any more finds nothing of it, nor is it said that there is one.
    chat.close(&by(&anna), &group, None).await.unwrap();
    assert_eq!(found(&by(&anna), "group", None, 9).await, [""; 0]);
    chat.find(&OPERATOR, RoomRef::Id(unlisted.id())).await.unwrap();
    town.end().await;
}
