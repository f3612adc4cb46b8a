//! Accounts: their names, their numbers, the operator.

use std::sync::Arc;

use parlor_core::account::{Account, NewAccount};
use parlor_core::event::Body;
use parlor_core::ids::{AccountId, Timestamp};
use parlor_core::model::{FIRST_ACCOUNT, LAST_ACCOUNT};
use parlor_core::names::skeleton;
use parlor_core::ports::Store;
use tokio::task::JoinSet;

use crate::fixture::{add, handle, make_account, name, new_account, new_room};

pub(crate) async fn accounts_are_made_found_changed_and_removed(store: Arc<dyn Store>) {
    let mut new = new_account(Some(7), "bob");
    new.password = Some("$argon2id$...".to_owned());
    let bob = store.create_account(new).await.unwrap().unwrap();
    let expected = Account {
        id: AccountId(7),
        handle: handle("bob"),
        display_name: name("bob"),
        password: Some("$argon2id$...".to_owned()),
        disabled: false,
        operator: false,
        created: Timestamp(3_000),
    };
    assert_eq!(bob, expected);
    assert_eq!(store.account(AccountId(7)).await.unwrap(), Some(bob.clone()));
    assert_eq!(store.account_by_handle(handle("BOB")).await.unwrap(), Some(bob.clone()));
    assert_eq!(store.account(AccountId(8)).await.unwrap(), None);
    assert_eq!(store.account_by_handle(handle("bo")).await.unwrap(), None);
    let changed = Account {
        display_name: name("Bob B."),
        password: None,
        disabled: true,
        // These two stay whatever is said of them.
        handle: handle("eve"),
        created: Timestamp(1),
        ..bob.clone()
    };
    assert!(store.update_account(changed).await.unwrap());
    let expected = Account { display_name: name("Bob B."), password: None, disabled: true, ..bob.clone() };
    assert_eq!(store.account(AccountId(7)).await.unwrap(), Some(expected.clone()));
    assert!(!store.update_account(Account { id: AccountId(8), ..bob }).await.unwrap());
    let (amy, zed) = (make_account(&*store, None, "amy").await, make_account(&*store, None, "zed").await);
    let all = store.accounts(None, 10).await.unwrap();
    assert_eq!(all, [amy.clone(), expected.clone(), zed.clone()]);
    assert_eq!(store.accounts(None, 2).await.unwrap(), [amy.clone(), expected.clone()]);
    assert_eq!(store.accounts(Some(handle("amy")), 1).await.unwrap(), [expected]);
    assert!(store.remove_account(AccountId(7), Timestamp(0)).await.unwrap());
    assert_eq!(store.accounts(Some(handle("b")), 10).await.unwrap(), [zed]);
    assert_eq!(store.account_by_handle(handle("bob")).await.unwrap(), None);
    make_account(&*store, None, "bob").await;
}

pub(crate) async fn handles_and_room_names_are_one_name_space(store: Arc<dyn Store>) {
    make_account(&*store, None, "bob").await;
    assert_eq!(store.create_room(new_room(1, Some("bob"))).await.unwrap(), None);
    let tea = store.create_room(new_room(1, Some("tea"))).await.unwrap().unwrap();
    assert_eq!(store.create_room(new_room(2, Some("tea"))).await.unwrap(), None);
    assert_eq!(store.create_account(new_account(None, "tea")).await.unwrap(), None);
    assert_eq!(store.create_account(new_account(None, "bob")).await.unwrap(), None);
    // The lobby's name is nothing but taken.
    assert_eq!(store.create_room(new_room(3, Some("lobby"))).await.unwrap(), None);
    assert_eq!(store.create_account(new_account(None, "lobby")).await.unwrap(), None);
    // A closed room and a removed account give their names back.
    add(&*store, tea.id, Body::Closed).await;
    let tea = make_account(&*store, None, "tea").await;
    store.remove_account(tea.id, Timestamp(0)).await.unwrap();
    assert!(store.create_room(new_room(4, Some("tea"))).await.unwrap().is_some());
}

pub(crate) async fn the_stores_own_account_numbers_are_never_used_again(store: Arc<dyn Store>) {
    assert_eq!(make_account(&*store, None, "a").await.id, FIRST_ACCOUNT);
    assert_eq!(make_account(&*store, Some(5), "b").await.id, AccountId(5));
    let beyond = FIRST_ACCOUNT.0 + 10;
    assert_eq!(make_account(&*store, Some(beyond), "c").await.id, AccountId(beyond));
    assert_eq!(make_account(&*store, None, "d").await.id, AccountId(beyond + 1));
    assert!(store.remove_account(AccountId(beyond + 1), Timestamp(0)).await.unwrap());
    assert_eq!(make_account(&*store, None, "e").await.id, AccountId(beyond + 2));
    for taken in [0, 5, beyond, 1 << 63, u64::MAX] {
        assert_eq!(store.create_account(new_account(Some(taken), "f")).await.unwrap(), None, "{taken}");
    }
}

pub(crate) async fn a_number_at_the_end_leaves_the_stores_own(store: Arc<dyn Store>) {
    let (last, end) = (i64::MAX.cast_unsigned(), LAST_ACCOUNT.0);
    for given in [last, last - 1, end, end + 1] {
        assert_eq!(make_account(&*store, Some(given), &format!("n{given}")).await.id, AccountId(given));
    }
    assert_eq!(make_account(&*store, None, "a").await.id, FIRST_ACCOUNT);
    // The last one below the end moves the store's own up to where others are, which it leaves out.
    make_account(&*store, Some(end - 1), "b").await;
    assert_eq!(make_account(&*store, None, "c").await.id, AccountId(end + 2));
    store.remove_account(AccountId(end + 2), Timestamp(0)).await.unwrap();
    assert_eq!(make_account(&*store, None, "d").await.id, AccountId(end + 3));
}

pub(crate) async fn look_alikes_are_one_handle(store: Arc<dyn Store>) {
    let bob = make_account(&*store, None, "b0b-rnw").await;
    for taken in ["bob-rnw", "b0b_mw", "BOB-mvv"] {
        assert_eq!(store.create_account(new_account(None, taken)).await.unwrap(), None, "{taken}");
        // Rooms are told apart by their names alone.
        let found = store.account_by_skeleton(skeleton(taken)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&bob));
    }
    assert_eq!(store.account_by_skeleton("b0b-rnw".to_owned()).await.unwrap(), None, "that is no skeleton");
    assert_eq!(store.account_by_skeleton(skeleton("bab")).await.unwrap(), None);
    assert!(store.create_room(new_room(1, Some("bob-mw"))).await.unwrap().is_some());
    assert!(store.update_account(Account { disabled: true, ..bob.clone() }).await.unwrap());
    assert_eq!(store.create_account(new_account(None, "bob_mw")).await.unwrap(), None);
    store.remove_account(bob.id, Timestamp(0)).await.unwrap();
    assert_eq!(store.account_by_skeleton(skeleton("bob-mw")).await.unwrap(), None);
    make_account(&*store, None, "bob_mw").await;
}

fn operator(text: &str) -> NewAccount {
    NewAccount { operator: true, ..new_account(None, text) }
}

pub(crate) async fn one_account_is_the_operator(store: Arc<dyn Store>) {
    make_account(&*store, None, "bob").await;
    assert!(!store.has_operator().await.unwrap());
    assert_eq!(store.create_account(operator("bob")).await.unwrap(), None);
    assert!(!store.has_operator().await.unwrap());
    let ann = store.create_account(operator("ann")).await.unwrap().unwrap();
    assert!(ann.operator && store.has_operator().await.unwrap());
    assert_eq!(store.account(ann.id).await.unwrap(), Some(ann.clone()));
    assert_eq!(store.create_account(operator("eve")).await.unwrap(), None);
    assert!(!make_account(&*store, None, "eve").await.operator);
    // It stays what it is, whatever is said of it, and so do others.
    assert!(store.update_account(Account { operator: false, disabled: true, ..ann.clone() }).await.unwrap());
    let eve = store.account_by_handle(handle("eve")).await.unwrap().unwrap();
    assert!(store.update_account(Account { operator: true, ..eve.clone() }).await.unwrap());
    let expected = Account { disabled: true, ..ann.clone() };
    assert_eq!(store.account(ann.id).await.unwrap(), Some(expected));
    assert_eq!(store.account(eve.id).await.unwrap(), Some(eve));
    assert!(store.has_operator().await.unwrap());
    store.remove_account(ann.id, Timestamp(0)).await.unwrap();
    assert!(!store.has_operator().await.unwrap());
    assert!(store.create_account(operator("zed")).await.unwrap().is_some());
}

pub(crate) async fn of_many_who_would_be_the_operator_one_is(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let store = store.clone();
        tasks.spawn(async move { store.create_account(operator(&format!("ann{number}"))).await.unwrap() });
    }
    let made: Vec<Account> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(store.accounts(None, 99).await.unwrap(), made);
}
