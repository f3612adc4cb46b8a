//! Whatever takes a right away may come in the very moment in which it is used.

use std::sync::{Arc, Barrier};

use parlor_core::account::Account;
use parlor_core::event::Author;
use parlor_core::{Chat, Refusal, Who};

use crate::support::at_once;
use crate::world::{OPERATOR, Town, refused};

/// What somebody may do to an account while it logs in.
const ENDS: [fn(&Arc<Chat>, &Account); 3] = [
    |chat, account| at_once(chat.disable_account(&OPERATOR, account.id, true)).unwrap(),
    |chat, account| at_once(chat.set_password(&OPERATOR, account.id, Some("other"))).unwrap(),
    |chat, account| {
        at_once(chat.disable_account(&OPERATOR, account.id, true)).unwrap();
        at_once(chat.remove_account(&OPERATOR, account.id)).unwrap();
    },
];

#[tokio::test]
async fn who_was_checked_before_it_is_not_let_in_after_it() {
    for end in ENDS {
        let town = Town::new().await;
        town.add("anna", "tea").await;
        let checked = town.chat.check_password("anna", Some("tea"), None).await.unwrap();
        end(&town.chat, &checked);
        let connection = town.chat.connect("term", None);
        connection.take_name("gast").await.unwrap();
        assert_eq!(refused(connection.log_in(&checked).await), Refusal::BadLogin);
        assert_eq!(connection.identity().name.as_str(), "gast", "it is who it was");
        assert_eq!(refused(town.chat.begin_session(&checked, "x").await), Refusal::BadLogin);
        assert!(!town.chat.is_here(Author::Account(checked.id)));
    }
}

/// The account was looked at and was all right; before the connection is its own, it is not any more.
#[tokio::test]
async fn who_is_just_being_let_in_does_not_stay() {
    for end in ENDS {
        let town = Town::new().await;
        let anna = town.add("anna", "tea").await;
        let connection = town.chat.connect("term", None);
        let (chat, account) = (town.chat.clone(), anna.clone());
        // Time is looked at between the two.
        town.hands.at_next_look(move || end(&chat, &account));
        assert_eq!(refused(connection.log_in(&anna).await), Refusal::BadLogin);
        assert_eq!(connection.actor().who, Who::Stranger);
        assert!(!town.chat.is_here(Author::Account(anna.id)));

        let town = Town::new().await;
        let anna = town.add("anna", "tea").await;
        let (chat, account) = (town.chat.clone(), anna.clone());
        town.hands.at_next_look(move || end(&chat, &account));
        assert_eq!(refused(town.chat.begin_session(&anna, "x").await), Refusal::BadLogin);
    }
}

/// The account that is logged in is not removed; one that is about to be is, and does not come in behind it.
#[tokio::test]
async fn a_removal_is_not_overtaken_by_a_log_in() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let connection = Arc::new(town.chat.connect("term", None));
    let (within, account) = (connection.clone(), anna.clone());
    // Time is looked at after it was found that nobody is here.
    town.hands.at_next_look(move || at_once(within.log_in(&account)).unwrap());
    assert_eq!(town.chat.remove_account(&OPERATOR, anna.id).await, Ok(()));
    assert_eq!(connection.actor().who, Who::Stranger);
    assert_eq!(at_once(connection.ended()), parlor_core::connections::Ended::Revoked);
}

#[tokio::test]
async fn a_name_that_changes_while_somebody_logs_in_is_the_new_one() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let connection = town.chat.connect("term", None);
    let (chat, me) = (town.chat.clone(), crate::world::by(&anna));
    town.hands.at_next_look(move || at_once(chat.set_display_name(&me, b"Anna B.")).unwrap());
    connection.log_in(&anna).await.unwrap();
    assert_eq!(connection.identity().name.as_str(), "Anna B.");
}

/// Two threads, as they come: a session is resumed while it is ended. Whoever was faster, nothing is in force afterwards.
#[test]
fn a_session_that_is_resumed_while_it_is_ended_is_not_in_force() {
    let town = at_once(Town::new());
    let anna = at_once(town.add("anna", "tea"));
    for round in 0..500 {
        let token = at_once(town.chat.begin_session(&anna, "x")).unwrap().to_string();
        let begin = Barrier::new(2);
        let (grant, connection) = std::thread::scope(|scope| {
            let resumed = scope.spawn(|| {
                let connection = town.chat.connect("chat1", None);
                begin.wait();
                let grant = at_once(town.chat.resume(&token)).unwrap();
                if let Some(grant) = &grant {
                    // It may have ended again by now.
                    let _ = at_once(connection.bind(grant));
                }
                (grant, connection)
            });
            begin.wait();
            at_once(town.chat.set_password(&OPERATOR, anna.id, Some("tea"))).unwrap();
            resumed.join().unwrap()
        });
        assert!(grant.is_none_or(|grant| grant.has_ended()), "round {round}");
        assert_eq!(connection.actor().who, Who::Stranger, "round {round}");
        assert!(at_once(town.resume(&token)).is_none(), "round {round}");
    }
}
