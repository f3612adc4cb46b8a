use parlor_core::chat::NewPerson;
use parlor_core::ids::AccountId;
use parlor_core::{Actor, Refusal};

use crate::support::at_once;
use crate::world::{OPERATOR, Town, by, from, refused};

fn person(handle: &str) -> NewPerson<'_> {
    NewPerson { handle, name: None, password: Some("tea") }
}

#[tokio::test]
async fn the_first_with_the_link_is_the_operator_and_nobody_after() {
    let town = Town::new().await;
    let token = town.chat.operator_link().await.unwrap().unwrap();
    assert_eq!(town.chat.operator_link().await, Ok(Some(token.clone())), "one for a start");
    assert_eq!(token.len(), 32);
    for wrong in ["", &token[1..], &"0".repeat(32)] {
        let answer = town.chat.register_operator(from(1), wrong, person("eve")).await;
        assert_eq!(refused(answer), Refusal::NotFound, "{wrong}");
    }
    let anna = town.chat.register_operator(from(1), &token, person("anna")).await.unwrap();
    assert!(anna.operator);
    assert_eq!(refused(town.chat.register_operator(from(1), &token, person("eve")).await), Refusal::NotFound);
    assert_eq!(town.chat.operator_link().await, Ok(None));
    assert!(!town.register("ben", Some("x")).await.unwrap().operator);
}

#[tokio::test]
async fn a_used_link_stays_used_and_a_new_start_draws_another() {
    let town = Town::new().await;
    let token = town.chat.operator_link().await.unwrap().unwrap();
    let anna = town.chat.register_operator(None, &token, person("anna")).await.unwrap();
    assert_eq!(town.chat.remove_account(&OPERATOR, anna.id).await, Ok(()));
    assert_eq!(refused(town.chat.register_operator(None, &token, person("eve")).await), Refusal::NotFound);
    let town = town.again(parlor_core::limits::Limits::without_rates()).await;
    assert_eq!(
        refused(town.chat.register_operator(None, &token, person("eve")).await),
        Refusal::NotFound,
        "not asked for"
    );
    let other = town.chat.operator_link().await.unwrap().unwrap();
    assert_ne!(other, token);
    assert!(town.chat.register_operator(None, &other, person("eve")).await.is_ok());
}

#[tokio::test]
async fn a_refused_try_leaves_the_link_to_be_used() {
    let town = Town::passwordless().await;
    let token = town.chat.operator_link().await.unwrap().unwrap();
    let new = NewPerson { password: None, ..person("anna") };
    let answer = town.chat.register_operator(None, &token, new).await;
    assert_eq!(refused(answer), Refusal::NoPassword, "not even on a private machine");
    assert_eq!(refused(town.chat.register_operator(None, &token, person("lobby")).await), Refusal::NameTaken);
    assert!(town.chat.register_operator(None, &token, person("anna")).await.is_ok());
}

#[tokio::test]
async fn of_two_who_use_the_link_at_once_one_wins() {
    let town = Town::new().await;
    let token = town.chat.operator_link().await.unwrap().unwrap();
    let (chat, same) = (town.chat.clone(), token.clone());
    town.passwords.during_next(move || {
        assert!(at_once(chat.register_operator(None, &same, person("fast"))).is_ok());
    });
    assert_eq!(refused(town.chat.register_operator(None, &token, person("slow")).await), Refusal::NotFound);
    let accounts = town.chat.accounts(&OPERATOR, None, 10).await.unwrap();
    assert_eq!(accounts.iter().map(|account| account.handle.as_str()).collect::<Vec<_>>(), ["fast"]);
}

#[tokio::test]
async fn the_operators_account_may_do_what_the_operator_may() {
    let town = Town::new().await;
    let token = town.chat.operator_link().await.unwrap().unwrap();
    let anna = town.chat.register_operator(None, &token, person("anna")).await.unwrap();
    let me = by(&anna);
    let ben = town.chat.add_account(&me, Some(AccountId(7)), "ben", Some("x")).await.unwrap();
    assert_eq!(town.chat.accounts(&me, None, 10).await.unwrap().len(), 2);
    assert_eq!(town.chat.set_password(&me, ben.id, Some("y")).await, Ok(()));
    assert_eq!(town.chat.disable_account(&me, ben.id, true).await, Ok(()));
    assert_eq!(town.chat.remove_account(&me, ben.id).await, Ok(()));
    assert_eq!(town.chat.disable_account(&OPERATOR, anna.id, true).await, Ok(()));
    assert_eq!(refused(town.chat.accounts(&me, None, 10).await), Refusal::Forbidden, "a disabled one may not");
}

#[tokio::test]
async fn nobody_else_may_do_any_of_it() {
    let town = Town::new().await;
    let [anna, ben] = [town.add("anna", "x").await, town.add("ben", "x").await];
    for actor in [by(&anna), Actor::stranger(from(1))] {
        assert_eq!(refused(town.chat.set_password(&actor, ben.id, Some("y")).await), Refusal::Forbidden);
        assert_eq!(refused(town.chat.disable_account(&actor, ben.id, true).await), Refusal::Forbidden);
        assert_eq!(refused(town.chat.remove_account(&actor, ben.id).await), Refusal::Forbidden);
    }
    assert!(town.chat.check_password("ben", Some("x"), None).await.is_ok());
}

#[tokio::test]
async fn a_password_that_the_operator_sets_holds_and_the_old_one_does_not() {
    let town = Town::new().await;
    let anna = town.add("anna", "old").await;
    for (password, expected) in [
        (Some(""), Refusal::BadPassword),
        (Some("x".repeat(1_025).as_str()), Refusal::BadPassword),
        (None, Refusal::NoPassword),
    ] {
        assert_eq!(refused(town.chat.set_password(&OPERATOR, anna.id, password).await), expected);
    }
    assert_eq!(town.chat.set_password(&OPERATOR, anna.id, Some("new")).await, Ok(()));
    assert_eq!(refused(town.chat.check_password("anna", Some("old"), None).await), Refusal::BadLogin);
    assert!(town.chat.check_password("anna", Some("new"), None).await.is_ok());
    let nobody = AccountId(99);
    assert_eq!(refused(town.chat.set_password(&OPERATOR, nobody, Some("x")).await), Refusal::NoSuchPerson);
    assert_eq!(refused(town.chat.disable_account(&OPERATOR, nobody, true).await), Refusal::NoSuchPerson);
}

#[tokio::test]
async fn who_is_disabled_is_let_in_again_when_enabled() {
    let town = Town::new().await;
    let anna = town.add("anna", "tea").await;
    assert_eq!(town.chat.disable_account(&OPERATOR, anna.id, true).await, Ok(()));
    assert_eq!(refused(town.chat.check_password("anna", Some("tea"), None).await), Refusal::BadLogin);
    assert_eq!(town.chat.disable_account(&OPERATOR, anna.id, false).await, Ok(()));
    assert_eq!(town.chat.check_password("anna", Some("tea"), None).await, Ok(anna));
}
