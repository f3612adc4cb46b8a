//! Order and numbers.

use std::sync::Arc;

use parlor_core::event::{Appended, Body};
use parlor_core::ids::{LOBBY, Number, RoomId, Seq, Timestamp};
use parlor_core::ports::Store;
use parlor_core::room::{RoomRef, SettingsChange};
use parlor_core::text::Subject;
use tokio::task::JoinSet;

use crate::fixture::{add, append, draft, log, make_room, message};

fn other() -> Body {
    Body::Settings(SettingsChange { subject: Some(Subject::stored("new".to_owned())), ..SettingsChange::default() })
}

pub(crate) async fn positions_and_numbers_have_no_gap(store: Arc<dyn Store>) {
    let bodies = [other(), message("a"), other(), other(), message("b"), message("c"), other()];
    for body in bodies {
        add(&*store, LOBBY, body).await;
    }
    let log = log(&*store, LOBBY).await;
    let positions: Vec<_> = log.iter().map(|event| (event.seq.0, event.number.0)).collect();
    assert_eq!(positions, [(1, 0), (2, 1), (3, 1), (4, 1), (5, 2), (6, 3), (7, 3)]);
    let head = store.room(RoomRef::Id(LOBBY)).await.unwrap().unwrap().head;
    assert_eq!((head.seq, head.number, head.at), (Seq(7), Number(3), log[6].at));
    assert!(!head.closed);
}

pub(crate) async fn times_never_run_back_and_are_unique(store: Arc<dyn Store>) {
    let mut times = vec![];
    for now in [50, 60, 60, 10, 61, 1_000, -5] {
        let mut draft = draft(LOBBY, message("x"));
        draft.now = Timestamp(now);
        let Appended::New { event, .. } = append(&*store, draft).await else { panic!("not appended") };
        times.push(event.at.0);
    }
    assert_eq!(times, [50, 60, 61, 62, 63, 1_000, 1_001]);
    // An import may begin before 1970.
    let room = make_room(&*store, 1).await.id;
    let mut old = draft(room, message("old"));
    old.now = Timestamp(-7);
    let Appended::New { event, .. } = append(&*store, old).await else { panic!("not appended") };
    assert_eq!(event.at, Timestamp(-7));
}

pub(crate) async fn pages_join_to_the_whole(store: Arc<dyn Store>) {
    for count in 0..40 {
        let body = if count % 3 == 0 { other() } else { message(&format!("m{count}")) };
        add(&*store, LOBBY, body).await;
    }
    let whole = log(&*store, LOBBY).await;
    let messages: Vec<_> = whole.iter().filter(|event| event.body.is_message()).cloned().collect();
    for from in 0..=42 {
        for limit in [0, 1, 2, 7, 100] {
            let page = store.events(LOBBY, Seq(from), limit).await.unwrap();
            let expected: Vec<_> = whole.iter().filter(|event| event.seq.0 >= from).take(limit).cloned().collect();
            assert_eq!(page, expected, "from {from}, at most {limit}");
        }
    }
    for before in 0..=30 {
        for limit in [0, 1, 2, 7, 100] {
            let page = store.messages_before(LOBBY, Number(before), limit).await.unwrap();
            let earlier: Vec<_> = messages.iter().filter(|event| event.number.0 < before).cloned().collect();
            let expected = &earlier[earlier.len().saturating_sub(limit)..];
            assert_eq!(page, expected, "before {before}, at most {limit}");
        }
    }
    assert_eq!(store.messages_before(LOBBY, Number(u64::MAX), usize::MAX).await.unwrap(), messages);
    assert_eq!(store.events(LOBBY, Seq(u64::MAX), usize::MAX).await.unwrap(), []);
}

pub(crate) async fn messages_are_found_between_other_events(store: Arc<dyn Store>) {
    // Runs of other events of every length up to 12: where a message stands can't be guessed from its number.
    for run in 0..12 {
        for _ in 0..run {
            add(&*store, LOBBY, other()).await;
        }
        add(&*store, LOBBY, message(&format!("after {run}"))).await;
    }
    let whole = log(&*store, LOBBY).await;
    for event in whole.iter().filter(|event| event.body.is_message()) {
        assert_eq!(store.message(LOBBY, event.number).await.unwrap().as_ref(), Some(event));
    }
    let page = store.messages_before(LOBBY, Number(13), 5).await.unwrap();
    assert_eq!(page.iter().map(|event| event.number.0).collect::<Vec<_>>(), [8, 9, 10, 11, 12]);
    for number in [0, 13, u64::MAX] {
        assert_eq!(store.message(LOBBY, Number(number)).await.unwrap(), None, "{number}");
    }
}

pub(crate) async fn racing_batches_of_many_rooms_are_numbered_each_by_itself(store: Arc<dyn Store>) {
    let mut rooms = vec![LOBBY];
    for number in 1..4 {
        rooms.push(make_room(&*store, number).await.id);
    }
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (store, rooms) = (store.clone(), rooms.clone());
        tasks.spawn(async move {
            let mut events = vec![];
            for batch in 0..10 {
                let drafts = rooms.iter().map(|room| draft(*room, message(&format!("{task}.{batch}")))).collect();
                for outcome in store.append(drafts).await.unwrap() {
                    let Appended::New { event, .. } = outcome else { panic!("not appended: {outcome:?}") };
                    events.push(event);
                }
            }
            // Who appended one after the other finds them in this order.
            for room in rooms {
                let mine: Vec<_> = events.iter().filter(|event| event.room == room).map(|event| event.seq).collect();
                assert!(mine.is_sorted() && mine.len() == 10);
            }
            events
        });
    }
    let mut answered: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    answered.sort_by_key(|event| (event.room, event.seq));
    let mut logs = vec![];
    for room in rooms {
        let log = log(&*store, room).await;
        assert_eq!(log.iter().map(|event| event.seq.0).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
        logs.extend(log);
    }
    assert_eq!(answered, logs);
}

pub(crate) async fn a_refused_draft_leaves_its_neighbours(store: Arc<dyn Store>) {
    let drafts = vec![
        draft(LOBBY, message("a")),
        draft(RoomId(99), message("nowhere")),
        draft(LOBBY, Body::Redaction { target: Number(7) }),
        draft(LOBBY, message("b")),
    ];
    let outcomes = store.append(drafts).await.unwrap();
    assert!(matches!(&outcomes[0], Appended::New { event, amended: None } if event.seq == Seq(1)));
    assert_eq!(outcomes[1..3], [Appended::NoRoom, Appended::NoTarget]);
    assert!(matches!(&outcomes[3], Appended::New { event, .. } if event.seq == Seq(2)));
    assert_eq!(store.append(vec![]).await.unwrap(), []);
    assert_eq!(log(&*store, LOBBY).await.len(), 2);
}

pub(crate) async fn all_texts_come_back_as_they_were(store: Arc<dyn Store>) {
    let long = "あ".repeat(21_845);
    let texts =
        ["", " ", "\t\n", "'); DROP TABLE events; --", "\u{202E}x", "👩‍👩‍👧", "e\u{301}", "\u{E000}", "%s%n", "\\", &long];
    for said in texts {
        let posted = add(&*store, LOBBY, message(said)).await;
        assert_eq!(posted.body, message(said));
        assert_eq!(store.message(LOBBY, posted.number).await.unwrap(), Some(posted));
    }
}

pub(crate) async fn what_does_not_exist_reads_as_nothing(store: Arc<dyn Store>) {
    for room in [RoomId(0), RoomId(2), RoomId(u64::MAX)] {
        assert_eq!(store.room(RoomRef::Id(room)).await.unwrap(), None);
        assert_eq!(store.heads(vec![room]).await.unwrap(), []);
        assert_eq!(log(&*store, room).await, []);
        assert_eq!(store.messages_before(room, Number(5), 5).await.unwrap(), []);
        assert_eq!(store.message(room, Number(1)).await.unwrap(), None);
        assert_eq!(store.reactions(room, Number(1)).await.unwrap(), []);
        assert_eq!(append(&*store, draft(room, message("x"))).await, Appended::NoRoom);
    }
    store.ready().await.unwrap();
}
