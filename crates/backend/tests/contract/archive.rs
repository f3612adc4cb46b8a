//! A room's past: by time, by number, and what was said elsewhere.

use std::sync::Arc;

use parlor_core::event::{Appended, Author, Body, Event, Imported, MessageState};
use parlor_core::ids::{GuestId, LOBBY, Number, RoomId, Seq, Timestamp};
use parlor_core::names::RoomName;
use parlor_core::ports::Store;
use parlor_core::room::{Head, RoomRef, SettingsChange};
use parlor_core::text::Subject;
use tokio::task::JoinSet;

use crate::fixture::{ANN, GUEST, add, append, draft, emoji, log, make_room, message, name, new_room, reads, text};

fn said(at: i64, what: &str) -> Imported {
    Imported { at: Timestamp(at), author: GUEST, name: name("Zoë"), body: message(what) }
}

fn did(at: i64, body: Body) -> Imported {
    Imported { body, ..said(at, "") }
}

fn times(log: &[Event]) -> Vec<i64> {
    log.iter().map(|event| event.at.0).collect()
}

pub(crate) async fn a_time_has_its_place_in_a_log(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    let first_at = async |at: i64| {
        let (seq, number) = store.first_at(room, Timestamp(at)).await.unwrap();
        (seq.0, number.0)
    };
    for at in [i64::MIN, -1, 0, 1, i64::MAX] {
        assert_eq!(first_at(at).await, (1, 1), "an empty log begins and ends at once");
    }
    let settings = || Body::Settings(SettingsChange::default());
    // Times 10, 20, ...: message 1, a change, messages 2 and 3, a change, a change, message 4, a change.
    let bodies =
        [message("a"), settings(), message("b"), message("c"), settings(), settings(), message("d"), settings()];
    let entries = bodies.into_iter().zip(1_i64..).map(|(body, place)| did(place * 10, body));
    store.import(room, Seq(0), entries.collect()).await.unwrap().unwrap();
    let expected =
        [(i64::MIN, 1, 1), (10, 1, 1), (11, 2, 2), (20, 2, 2), (21, 3, 2), (30, 3, 2), (31, 4, 3), (45, 5, 4)];
    for (at, seq, number) in expected.into_iter().chain([(60, 6, 4), (61, 7, 4), (70, 7, 4), (71, 8, 5), (80, 8, 5)]) {
        assert_eq!(first_at(at).await, (seq, number), "{at}");
    }
    assert_eq!((first_at(81).await, first_at(i64::MAX).await), ((9, 5), (9, 5)));
    assert_eq!(store.first_at(RoomId(77), Timestamp(5)).await.unwrap(), (Seq(1), Number(1)));
    assert_eq!(store.first_at(RoomId(u64::MAX), Timestamp(5)).await.unwrap(), (Seq(1), Number(1)));
}

pub(crate) async fn messages_are_read_by_their_numbers(store: Arc<dyn Store>) {
    for what in ["a", "b", "c"] {
        add(&*store, LOBBY, message(what)).await;
        add(&*store, LOBBY, Body::Settings(SettingsChange::default())).await;
    }
    let log = log(&*store, LOBBY).await;
    let numbers = [3, 0, 1, 4, 1, u64::MAX].map(Number).to_vec();
    let read = store.messages(LOBBY, numbers).await.unwrap();
    assert_eq!(read, [log[4].clone(), log[0].clone(), log[0].clone()]);
    assert_eq!(store.messages(LOBBY, vec![]).await.unwrap(), []);
    assert_eq!(store.messages(RoomId(9), vec![Number(1)]).await.unwrap(), []);
}

pub(crate) async fn what_was_said_elsewhere_keeps_its_times(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    let entries = vec![said(-7, "a"), said(50, "b"), said(50, "c"), said(40, "d"), said(100, "e")];
    let head = store.import(room, Seq(0), entries).await.unwrap().unwrap();
    assert_eq!(head, Head { seq: Seq(5), number: Number(5), at: Timestamp(100), closed: false });
    let log = log(&*store, room).await;
    assert_eq!(times(&log), [-7, 50, 51, 52, 100]);
    assert!(log.iter().all(|event| event.author == GUEST && event.name == name("Zoë")));
    assert_eq!(store.room(RoomRef::Id(room)).await.unwrap().unwrap().head, head);
    assert_eq!(store.index_lag(9).await.unwrap()[0].head, head.seq);
    // Nobody's name is remembered by it.
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), None);
    // It goes on as any other log.
    assert_eq!(add(&*store, room, message("now")).await.at, Timestamp(101));
    let nothing = store.import(room, Seq(6), vec![]).await.unwrap();
    assert_eq!(nothing.map(|head| (head.seq, head.at)), Some((Seq(6), Timestamp(101))));
}

pub(crate) async fn a_step_of_an_import_happens_once(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    let lines = || vec![said(1, "a"), said(2, "b")];
    assert!(store.import(room, Seq(0), lines()).await.unwrap().is_some());
    for after in [0, 1, 3, u64::MAX] {
        assert_eq!(store.import(room, Seq(after), lines()).await.unwrap(), None, "after {after}");
    }
    assert_eq!(store.import(RoomId(77), Seq(0), lines()).await.unwrap(), None);
    assert_eq!(times(&log(&*store, room).await), [1, 2]);
    // Of many who go on from one place at once one does.
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.spawn(async move { store.import(room, Seq(2), vec![said(9, "c"), said(9, "d")]).await.unwrap() });
    }
    let winners = tasks.join_all().await.into_iter().flatten().count();
    assert_eq!((winners, log(&*store, room).await.len()), (1, 4));
    add(&*store, room, Body::Closed).await;
    assert_eq!(store.import(room, Seq(5), lines()).await.unwrap(), None);
}

pub(crate) async fn a_whole_log_can_be_said_again(store: Arc<dyn Store>) {
    let from = store.create_room(new_room(1, Some("tea"))).await.unwrap().unwrap().id;
    let answer = Body::message(text("yes"), Some(Number(1)));
    let subject = Some(Subject::stored("Milk".to_owned()));
    let settings = Body::Settings(SettingsChange { subject, ..SettingsChange::default() });
    for body in [message("tee"), message("oops"), answer, settings] {
        add(&*store, from, body).await;
    }
    let on = |emoji_text, on| Body::Reaction { target: Number(3), emoji: emoji(emoji_text), on };
    let edit = Body::Edit { target: Number(1), text: text("tea") };
    for body in [edit, Body::Redaction { target: Number(2) }, on("👍", true), on("a", true), on("a", false)] {
        add(&*store, from, body).await;
    }
    let said = log(&*store, from).await;
    let to = make_room(&*store, 2).await.id;
    let entries = said.iter().cloned().map(|Event { at, author, name, body, .. }| Imported { at, author, name, body });
    store.import(to, Seq(0), entries.collect()).await.unwrap().unwrap();
    let again: Vec<Event> = log(&*store, to).await.into_iter().map(|event| Event { room: from, ..event }).collect();
    assert_eq!(again, said);
    assert_eq!(store.reactions(to, Number(3)).await.unwrap(), [("👍".to_owned(), ANN)]);
    assert_eq!(reads(&*store, to, 1).await, ("tea".to_owned(), MessageState::Edited));
    assert_eq!(store.room(RoomRef::Id(to)).await.unwrap().unwrap().subject.as_str(), "Milk");
}

pub(crate) async fn what_has_no_place_is_left_out(store: Arc<dyn Store>) {
    store.create_room(new_room(1, Some("tea"))).await.unwrap().unwrap();
    let room = make_room(&*store, 2).await.id;
    let name = |name: &str| SettingsChange { name: RoomName::new(name).ok(), ..SettingsChange::default() };
    let entries = vec![
        did(1, Body::message(text("to nobody"), Some(Number(9)))),
        did(2, Body::Edit { target: Number(9), text: text("x") }),
        did(3, Body::Redaction { target: Number(0) }),
        did(4, Body::Reaction { target: Number(2), emoji: emoji("a"), on: true }),
        did(5, Body::Settings(name("tea"))),
        did(6, Body::Message { text: text("a"), reply_to: Some(Number(1)), state: MessageState::Edited }),
        did(7, Body::Member { who: Author::System, role: None }),
        did(8, Body::Closed),
        said(9, "late"),
    ];
    let head = store.import(room, Seq(0), entries).await.unwrap().unwrap();
    assert_eq!((head.seq, head.number, head.closed), (Seq(4), Number(2), true));
    let log = log(&*store, room).await;
    assert_eq!(times(&log), [1, 6, 7, 8]);
    assert_eq!(log[0].body, message("to nobody"));
    assert_eq!(log[1].body, Body::message(text("a"), Some(Number(1))));
    assert_eq!(append(&*store, draft(room, message("b"))).await, Appended::NoRoom);
}
