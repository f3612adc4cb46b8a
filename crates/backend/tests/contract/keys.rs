//! Idempotency.

use std::sync::Arc;

use parlor_core::event::{Appended, Author, Body, Draft, MessageState};
use parlor_core::ids::{GuestId, LOBBY, Number, RoomId, Seq};
use parlor_core::ports::Store;
use tokio::task::JoinSet;

use crate::fixture::{GUEST, add, append, draft, log, make_room, message, message_key, text};

fn keyed(room: RoomId, key: &str, body: Body) -> Draft {
    Draft { key: message_key(key), ..draft(room, body) }
}

pub(crate) async fn a_repeat_gets_the_first_answer(store: Arc<dyn Store>) {
    let first = append(&*store, keyed(LOBBY, "k", message("a"))).await;
    let Appended::New { event, .. } = first else { panic!("{first:?}") };
    add(&*store, LOBBY, message("between")).await;
    let again = append(&*store, keyed(LOBBY, "k", message("a"))).await;
    assert_eq!(again, Appended::Duplicate(event));
    assert_eq!(log(&*store, LOBBY).await.len(), 2);
}

pub(crate) async fn a_key_is_known_for_its_author_and_room_alone(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    append(&*store, keyed(room, "k", message("a"))).await;
    let author = draft(room, message("a")).author;
    let other = Author::Guest(GuestId(7));
    for (room, author, key, expected) in
        [(room, author, "k", true), (room, author, "K", false), (room, other, "k", false), (LOBBY, author, "k", false)]
    {
        let key = message_key(key).unwrap();
        assert_eq!(store.has_key(room, author, key.clone()).await, Ok(expected), "{room} {author:?} {key:?}");
    }
}

pub(crate) async fn another_body_is_a_conflict(store: Arc<dyn Store>) {
    append(&*store, keyed(LOBBY, "k", message("a"))).await;
    let others = [
        message("b"),
        message(""),
        Body::message(text("a"), Some(Number(1))),
        Body::Redaction { target: Number(1) },
        Body::Edit { target: Number(1), text: text("a") },
        Body::Closed,
    ];
    for body in others {
        assert_eq!(append(&*store, keyed(LOBBY, "k", body)).await, Appended::KeyConflict);
    }
    assert_eq!(log(&*store, LOBBY).await.len(), 1);
}

pub(crate) async fn keys_are_of_an_author_and_a_room(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    let by = |author: Author, draft: Draft| Draft { author, ..draft };
    let drafts = vec![
        keyed(LOBBY, "k", message("a")),
        keyed(LOBBY, "K", message("b")),
        keyed(room, "k", message("c")),
        by(GUEST, keyed(LOBBY, "k", message("d"))),
        by(Author::Guest(GuestId(7)), keyed(LOBBY, "k", message("e"))),
        draft(LOBBY, message("f")),
        draft(LOBBY, message("f")),
    ];
    for outcome in store.append(drafts).await.unwrap() {
        assert!(matches!(outcome, Appended::New { .. }), "{outcome:?}");
    }
}

pub(crate) async fn two_drafts_of_one_batch_may_share_a_key(store: Arc<dyn Store>) {
    let drafts = vec![
        keyed(LOBBY, "k", message("a")),
        keyed(LOBBY, "k", message("a")),
        keyed(LOBBY, "k", message("b")),
        draft(LOBBY, message("c")),
    ];
    let outcomes = store.append(drafts).await.unwrap();
    let Appended::New { event, .. } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(outcomes[1], Appended::Duplicate(event.clone()));
    assert_eq!(outcomes[2], Appended::KeyConflict);
    assert!(matches!(&outcomes[3], Appended::New { event, .. } if event.seq == Seq(2)));
}

pub(crate) async fn a_key_outlives_edits_deletion_and_closing(store: Arc<dyn Store>) {
    let room = make_room(&*store, 1).await.id;
    let redaction = || keyed(room, "r", Body::Redaction { target: Number(1) });
    append(&*store, keyed(room, "k", message("a"))).await;
    add(&*store, room, Body::Edit { target: Number(1), text: text("b") }).await;
    let state_of = |outcome: &Appended| match outcome {
        Appended::Duplicate(event) => match &event.body {
            Body::Message { state, .. } => Some(*state),
            _ => None,
        },
        _ => None,
    };
    let again = append(&*store, keyed(room, "k", message("a"))).await;
    assert_eq!(state_of(&again), Some(MessageState::Edited));
    assert_eq!(append(&*store, keyed(room, "k", message("b"))).await, Appended::KeyConflict);
    append(&*store, redaction()).await;
    append(&*store, keyed(room, "end", Body::Closed)).await;
    let again = append(&*store, keyed(room, "k", message("a"))).await;
    assert_eq!(state_of(&again), Some(MessageState::Redacted));
    // A repeated redaction has no target any more, and a repeated closing no open room: each is the first one still.
    assert!(matches!(append(&*store, redaction()).await, Appended::Duplicate(event) if event.seq == Seq(3)));
    let closed = append(&*store, keyed(room, "end", Body::Closed)).await;
    assert!(matches!(closed, Appended::Duplicate(event) if event.body == Body::Closed));
    assert_eq!(append(&*store, keyed(room, "new", message("x"))).await, Appended::NoRoom);
}

pub(crate) async fn of_racing_drafts_one_is_appended(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut seqs = vec![];
            for count in 0..20 {
                let noise = draft(LOBBY, message(&format!("noise {task}")));
                let same = keyed(LOBBY, &format!("k{count}"), message(&format!("same {count}")));
                seqs.push(match store.append(vec![noise, same]).await.unwrap().remove(1) {
                    Appended::New { event, .. } => (event.seq, true),
                    Appended::Duplicate(event) => (event.seq, false),
                    other => panic!("{other:?}"),
                });
            }
            seqs
        });
    }
    let answers = tasks.join_all().await;
    for count in 0..20 {
        let of_key: Vec<_> = answers.iter().map(|seqs| seqs[count]).collect();
        assert_eq!(of_key.iter().filter(|(_, new)| *new).count(), 1);
        assert!(of_key.iter().all(|(seq, _)| *seq == of_key[0].0));
    }
    assert_eq!(log(&*store, LOBBY).await.len(), 16 * 20 + 20);
}
