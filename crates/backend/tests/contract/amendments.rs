//! Edits, redactions, reactions, replies.

use std::sync::Arc;

use parlor_core::event::{Appended, Author, Body, MessageState, NameChoice};
use parlor_core::ids::{LOBBY, Number};
use parlor_core::ports::Store;

use crate::fixture::{ANN, GUEST, add, append, draft, emoji, log, message, name, reads, text};

fn edit(target: u64, to: &str) -> Body {
    Body::Edit { target: Number(target), text: text(to) }
}

fn redaction(target: u64) -> Body {
    Body::Redaction { target: Number(target) }
}

fn reaction(target: u64, what: &str, on: bool) -> Body {
    Body::Reaction { target: Number(target), emoji: emoji(what), on }
}

pub(crate) async fn an_edit_replaces_the_text(store: Arc<dyn Store>) {
    let posted = add(&*store, LOBBY, message("teh")).await;
    let outcome = append(&*store, draft(LOBBY, edit(1, "the"))).await;
    let Appended::New { event, amended: Some(amended) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(event.body, edit(1, "the"));
    assert_eq!((event.seq.0, event.number.0), (2, 1));
    // Only the text and the state are others: place, time, author and name are those of the posting.
    let body = Body::Message { text: text("the"), reply_to: None, state: MessageState::Edited };
    assert_eq!(amended, parlor_core::event::Event { body, ..posted });
    assert_eq!(store.message(LOBBY, Number(1)).await.unwrap(), Some(amended.clone()));
    assert_eq!(log(&*store, LOBBY).await, [amended, event]);
    add(&*store, LOBBY, edit(1, "The")).await;
    assert_eq!(reads(&*store, LOBBY, 1).await, ("The".to_owned(), MessageState::Edited));
}

pub(crate) async fn a_redaction_blanks_the_message_and_its_edits(store: Arc<dyn Store>) {
    add(&*store, LOBBY, message("secret 1")).await;
    add(&*store, LOBBY, message("other")).await;
    add(&*store, LOBBY, edit(1, "secret 2")).await;
    add(&*store, LOBBY, edit(2, "another")).await;
    add(&*store, LOBBY, edit(1, "secret 3")).await;
    add(&*store, LOBBY, reaction(1, "👍", true)).await;
    let outcome = append(&*store, draft(LOBBY, redaction(1))).await;
    let Appended::New { amended: Some(amended), .. } = outcome else { panic!("{outcome:?}") };
    let body = Body::Message { text: text(""), reply_to: None, state: MessageState::Redacted };
    assert_eq!(amended.body, body);
    let log = log(&*store, LOBBY).await;
    assert!(!format!("{log:?}").contains("secret"), "{log:?}");
    assert_eq!(log[0], amended);
    assert_eq!(log[2].body, edit(1, ""));
    assert_eq!(log[3].body, edit(2, "another"));
    assert_eq!(log[6].body, redaction(1));
    assert_eq!(reads(&*store, LOBBY, 2).await, ("another".to_owned(), MessageState::Edited));
    assert_eq!(store.reactions(LOBBY, Number(1)).await.unwrap(), []);
}

pub(crate) async fn what_is_deleted_or_missing_is_no_target(store: Arc<dyn Store>) {
    add(&*store, LOBBY, message("a")).await;
    add(&*store, LOBBY, redaction(1)).await;
    for target in [0, 1, 2, u64::MAX] {
        for body in [edit(target, "x"), redaction(target), reaction(target, "x", true), reaction(target, "x", false)] {
            assert_eq!(append(&*store, draft(LOBBY, body)).await, Appended::NoTarget, "{target}");
        }
    }
    for target in [0, 2, u64::MAX] {
        let body = Body::message(text("x"), Some(Number(target)));
        assert_eq!(append(&*store, draft(LOBBY, body)).await, Appended::NoTarget, "{target}");
    }
    assert_eq!(log(&*store, LOBBY).await.len(), 2);
}

pub(crate) async fn a_reply_may_answer_what_is_deleted(store: Arc<dyn Store>) {
    add(&*store, LOBBY, message("a")).await;
    add(&*store, LOBBY, redaction(1)).await;
    let reply = Body::message(text("why?"), Some(Number(1)));
    let event = add(&*store, LOBBY, reply.clone()).await;
    assert_eq!(event.body, reply);
    assert_eq!(store.message(LOBBY, Number(2)).await.unwrap(), Some(event));
}

pub(crate) async fn an_event_can_amend_what_its_own_batch_appended(store: Arc<dyn Store>) {
    let bodies = [message("a"), edit(1, "b"), message("c"), redaction(2), edit(2, "d"), edit(1, "e")];
    let outcomes = store.append(bodies.into_iter().map(|body| draft(LOBBY, body)).collect()).await.unwrap();
    assert_eq!(outcomes[4], Appended::NoTarget);
    // What an answer says of a message is how it stood at that event.
    assert!(matches!(&outcomes[0], Appended::New { event, .. } if event.body == message("a")));
    assert_eq!(reads(&*store, LOBBY, 1).await, ("e".to_owned(), MessageState::Edited));
    assert_eq!(reads(&*store, LOBBY, 2).await, (String::new(), MessageState::Redacted));
}

pub(crate) async fn reactions_are_a_set(store: Arc<dyn Store>) {
    add(&*store, LOBBY, message("a")).await;
    let by = |author: Author, what: &str, on: bool| {
        let mut draft = draft(LOBBY, reaction(1, what, on));
        draft.author = author;
        draft.name = NameChoice::Given(name("x"));
        draft
    };
    let drafts = vec![
        by(ANN, "👍", true),
        by(ANN, "👍", true),
        by(GUEST, "👍", true),
        by(Author::System, "👍", true),
        by(ANN, "B", true),
        by(ANN, "a", true),
        by(ANN, "a", false),
        by(GUEST, "a", false),
    ];
    let outcomes = store.append(drafts).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Appended::New { amended: None, .. })));
    let expected = [("B", ANN), ("👍", GUEST), ("👍", Author::System), ("👍", ANN)];
    let expected = expected.map(|(what, who)| (what.to_owned(), who));
    assert_eq!(store.reactions(LOBBY, Number(1)).await.unwrap(), expected);
}

pub(crate) async fn a_state_in_a_draft_is_not_believed(store: Arc<dyn Store>) {
    let body = Body::Message { text: text("a"), reply_to: None, state: MessageState::Redacted };
    assert_eq!(add(&*store, LOBBY, body).await.body, message("a"));
    assert_eq!(reads(&*store, LOBBY, 1).await, ("a".to_owned(), MessageState::Posted));
}
