use parlor_core::event::Author;
use parlor_core::pulse::{ChangeKind, Stay};
use parlor_core::{Actor, Refusal, Who};

use crate::support::at_once;
use crate::world::{OPERATOR, Town, by, from, refused};

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one() {
    let town = Town::new().await;
    let anna = town.add("anna", "old").await;
    for (old, expected) in [(None, Refusal::BadLogin), (Some("x"), Refusal::BadLogin), (Some(""), Refusal::BadPassword)]
    {
        assert_eq!(refused(town.chat.change_password(&by(&anna), old, Some("new"), None).await), expected);
    }
    let hashed = town.passwords.hashed();
    for (new, expected) in [(Some(""), Refusal::BadPassword), (None, Refusal::NoPassword)] {
        assert_eq!(refused(town.chat.change_password(&by(&anna), Some("old"), new, None).await), expected);
    }
    assert_eq!(town.passwords.hashed(), hashed);
    assert_eq!(town.chat.change_password(&by(&anna), Some("old"), Some("new"), None).await, Ok(()));
    assert_eq!(refused(town.chat.check_password("anna", Some("old"), None).await), Refusal::BadLogin);
    assert!(town.chat.check_password("anna", Some("new"), None).await.is_ok());
    for who in [Who::Stranger, Who::Operator] {
        let actor = Actor { who, origin: None };
        let answer = town.chat.change_password(&actor, Some("new"), Some("x"), None).await;
        assert_eq!(refused(answer), Refusal::NotLoggedIn);
    }
}

#[tokio::test]
async fn whoever_guesses_the_old_password_is_slowed_like_at_a_log_in() {
    let town = Town::new().await;
    let anna = town.add("anna", "old").await;
    let thief = Actor { origin: from(1), ..by(&anna) };
    for _ in 0..5 {
        let answer = town.chat.change_password(&thief, Some("x"), Some("new"), None).await;
        assert_eq!(refused(answer), Refusal::BadLogin);
    }
    let answer = town.chat.change_password(&thief, Some("old"), Some("new"), None).await;
    assert!(matches!(refused(answer), Refusal::TooFast { .. }));
}

/// Each change reads the account and writes all of it back: a slow one must not bring the old password back.
#[tokio::test]
async fn changes_at_once_do_not_undo_each_other() {
    let town = Town::new().await;
    let anna = town.add("anna", "old").await;
    let (chat, me) = (town.chat.clone(), by(&anna));
    town.passwords.during_next(move || {
        assert_eq!(at_once(chat.set_display_name(&me, b"Anna B.")), Ok(()));
    });
    assert_eq!(town.chat.change_password(&by(&anna), Some("old"), Some("new"), None).await, Ok(()));
    let now = town.chat.check_password("anna", Some("new"), None).await.unwrap();
    assert_eq!(now.display_name.as_str(), "Anna B.");

    let (chat, id, passwords) = (town.chat.clone(), anna.id, town.passwords.clone());
    // While the old one is looked at nothing happens; while the new one is hashed, this.
    town.passwords.during_next(move || {
        passwords.during_next(move || assert_eq!(at_once(chat.disable_account(&OPERATOR, id, true)), Ok(())));
    });
    assert_eq!(refused(town.chat.change_password(&by(&anna), Some("new"), Some("own"), None).await), Refusal::BadLogin);
    assert!(town.chat.accounts(&OPERATOR, None, 1).await.unwrap()[0].disabled, "it did not let itself in again");
}

#[tokio::test]
async fn a_new_display_name_is_shown_wherever_the_person_is() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let [here, elsewhere] = [town.chat.connect("term", None), town.chat.connect("term", None)];
    here.log_in(&anna).await.unwrap();
    elsewhere.be_guest().await.unwrap();
    let (_, grant) = town.session(&anna, "x").await;
    let _attendance = town.chat.attend(&town.lobby, here.id(), here.identity(), Stay::Connected, 0);
    let version = town.lobby.presence().changes().version();
    assert!(town.chat.set_display_name(&by(&anna), b"a\x1bb").await.is_err());
    assert_eq!(town.chat.set_display_name(&by(&anna), "Anna B.".as_bytes()).await, Ok(()));
    assert_eq!(here.identity().name.as_str(), "Anna B.");
    assert_eq!(grant.account().display_name.as_str(), "Anna B.");
    assert!(matches!(elsewhere.identity().who, Some(Author::Guest(_))));
    let parlor_core::journal::Since::Entries(changes) = town.lobby.presence().changes().since(version) else {
        panic!("forgotten")
    };
    let [(_, change)] = changes.as_slice() else { panic!("{changes:?}") };
    assert!(matches!(&change.kind, ChangeKind::Became { before } if before.name.as_str() == "anna"));
    assert_eq!(change.attendant.identity.name.as_str(), "Anna B.");
    assert_eq!(town.chat.identity_of(Author::Account(anna.id)).await.unwrap().name.as_str(), "Anna B.");
    let stranger = Actor::stranger(None);
    assert_eq!(refused(town.chat.set_display_name(&stranger, b"x").await), Refusal::NotLoggedIn);
}

#[tokio::test]
async fn who_proves_to_have_been_a_guest_owns_what_the_guest_said() {
    let town = Town::new().await;
    let [anna, ben] = [town.add("anna", "x").await, town.add("ben", "x").await];
    let guest = town.chat.new_guest().await.unwrap();
    let (token, author) = (town.chat.guest_token(guest), Author::Guest(guest));
    for bad in ["", "7", &token[1..], &format!("{token}0"), &town.chat.client_token(guest)] {
        assert_eq!(town.chat.claim_guest(&by(&anna), bad).await, Ok(false), "{bad}");
    }
    assert_eq!(town.chat.is_own(&by(&anna), author).await, Ok(false));
    assert_eq!(town.chat.claim_guest(&by(&anna), &token).await, Ok(true));
    assert_eq!(town.chat.claim_guest(&by(&anna), &token).await, Ok(true), "once more is no harm");
    assert_eq!(town.chat.claim_guest(&by(&ben), &token).await, Ok(false), "it is anna's");
    assert_eq!(town.chat.is_own(&by(&anna), author).await, Ok(true));
    assert_eq!(town.chat.is_own(&by(&ben), author).await, Ok(false));
    assert_eq!(town.chat.is_own(&by(&anna), Author::Account(anna.id)).await, Ok(true));
    assert_eq!(town.chat.is_own(&by(&anna), Author::Account(ben.id)).await, Ok(false));
    let myself = Actor { who: Who::Guest(guest), origin: None };
    assert_eq!(refused(town.chat.claim_guest(&myself, &token).await), Refusal::NotLoggedIn);
}
