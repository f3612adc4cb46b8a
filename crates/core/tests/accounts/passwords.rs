use parlor_core::account::Account;
use parlor_core::ports::Store;
use parlor_core::{Error, Refusal};
use std::time::Duration;

use crate::support::at_once;
use crate::world::{Town, from, refused};

#[tokio::test]
async fn a_right_password_answers_the_account_in_whatever_case_the_name_is() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    assert_eq!(town.chat.check_password("anna", Some("tea"), from(1)).await, Ok(anna.clone()));
    assert_eq!(town.chat.check_password("ANNA", Some("tea"), None).await, Ok(anna));
}

#[tokio::test]
async fn nobody_can_tell_a_wrong_name_from_a_wrong_password() {
    let town = Town::new().await;
    town.add("anna", "tea").await;
    let open = Account { password: None, ..town.add("open", "x").await };
    assert!(town.store.update_account(open).await.unwrap());
    let disabled = Account { disabled: true, ..town.add("gone", "tea").await };
    assert!(town.store.update_account(disabled).await.unwrap());
    for (handle, password) in
        [("anna", "Tea"), ("nobody", "tea"), ("no name", "tea"), ("", "tea"), ("gone", "tea"), ("open", "x")]
    {
        let before = town.passwords.verified();
        assert_eq!(
            refused(town.chat.check_password(handle, Some(password), from(1)).await),
            Refusal::BadLogin,
            "{handle}"
        );
        assert_eq!(town.passwords.verified(), before + 1, "{handle} costs what others cost");
    }
}

#[tokio::test]
async fn what_is_no_password_costs_nothing() {
    let town = Town::with_logins_a_minute(1).await;
    town.add("anna", "tea").await;
    for password in ["", &"x".repeat(1_025), &"x".repeat(1_000_000)] {
        let answer = town.chat.check_password("anna", Some(password), from(1)).await;
        assert_eq!(refused(answer), Refusal::BadPassword);
    }
    assert_eq!(town.passwords.verified(), 0);
    assert!(town.chat.check_password("anna", Some("tea"), from(1)).await.is_ok(), "nor did they count");
}

#[tokio::test]
async fn after_five_failures_the_address_waits_and_others_do_not() {
    let town = Town::new().await;
    town.add("anna", "tea").await;
    for name in ["anna", "nobody"] {
        for _ in 0..5 {
            assert_eq!(refused(town.chat.check_password(name, Some("wrong"), from(1)).await), Refusal::BadLogin);
        }
        let before = town.passwords.verified();
        for _ in 0..1_000 {
            let wait = Refusal::TooFast { retry_after: Duration::from_secs(5) };
            assert_eq!(refused(town.chat.check_password(name, Some("tea"), from(1)).await), wait, "{name}");
        }
        assert_eq!(town.passwords.verified(), before, "who has to wait costs nothing");
    }
    assert!(town.chat.check_password("anna", Some("tea"), from(2)).await.is_ok(), "the owner is elsewhere");
    assert!(town.chat.check_password("anna", Some("tea"), None).await.is_ok());
    town.hands.turn(5);
    assert!(
        town.chat.check_password("anna", Some("tea"), from(1)).await.is_ok(),
        "the right one works after the delay"
    );
    assert_eq!(
        refused(town.chat.check_password("anna", Some("x"), from(1)).await),
        Refusal::BadLogin,
        "and makes up for all"
    );
}

#[tokio::test]
async fn an_address_tries_no_more_than_its_logins_a_minute() {
    let town = Town::with_logins_a_minute(3).await;
    town.add("anna", "tea").await;
    for _ in 0..3 {
        assert!(town.chat.check_password("anna", Some("tea"), from(1)).await.is_ok());
    }
    let wait = Refusal::TooFast { retry_after: Duration::from_secs(20) };
    assert_eq!(refused(town.chat.check_password("anna", Some("tea"), from(1)).await), wait);
    assert_eq!(town.passwords.verified(), 3);
    assert!(town.chat.check_password("anna", Some("tea"), from(2)).await.is_ok());
    town.hands.turn(20);
    assert!(town.chat.check_password("anna", Some("tea"), from(1)).await.is_ok());
}

/// Its turn came late: the account was disabled while the password waited for a thread.
#[tokio::test]
async fn an_account_that_changed_meanwhile_is_looked_at_again() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    let changes = [
        Account { disabled: true, ..anna.clone() },
        Account { password: Some("plain:coffee".to_owned()), ..anna.clone() },
    ];
    for change in changes {
        assert!(town.store.update_account(anna.clone()).await.unwrap());
        let store = town.store.clone();
        town.passwords.during_next(move || assert!(at_once(store.update_account(change)).unwrap()));
        let answer = town.chat.check_password("anna", Some("tea"), None).await;
        assert_eq!(answer, Err(Error::Refused(Refusal::BadLogin)));
    }
}
