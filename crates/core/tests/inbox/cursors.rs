//! Cursors: who may present which.

use parlor_core::account::Account;
use parlor_core::event::Author;
use parlor_core::limits::{Limits, RECEIVE_CURSOR_CHARS, RECEIVED_ROOMS};
use parlor_core::room::Role;
use parlor_core::{Error, Refusal};

use crate::world::{OPERATOR, Town, by};
use crate::{lobby, receive, say};

#[tokio::test]
async fn a_cursor_is_its_accounts_and_unchanged() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let lobby = lobby(&town).await;
    say(&town, &by(&anna), &lobby, "one").await;
    let (_, cursor) = receive(&town, &by(&ben), None).await;
    let before = town.store.snapshot();
    let check = async |who: &Account, cursor: &str| {
        let answer = town.chat.receive(&by(who), Some(cursor), 9).await.map(|_| ());
        assert_eq!(answer, Err(Error::Refused(Refusal::BadCursor)), "{cursor}");
    };
    check(&anna, &cursor).await;
    for at in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
        check(&ben, std::str::from_utf8(&changed).unwrap()).await;
        check(&ben, &cursor[..at]).await;
    }
    for wrong in ["é".repeat(32), format!("{cursor}0"), format!("{cursor}-1_9"), "0".repeat(100_000)] {
        check(&ben, &wrong).await;
    }
    assert!(town.store.snapshot() == before, "nothing is acknowledged by it");
    receive(&town, &by(&ben), Some(&cursor)).await;
}

#[tokio::test]
async fn a_cursor_fits_a_line_and_outlives_the_server() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    for number in 0..RECEIVED_ROOMS {
        let log = town.chat.open_room(&OPERATOR, Default::default()).await.unwrap();
        town.chat.set_role(&OPERATOR, &log, Author::Account(ben.id), Some(Role::Member)).await.unwrap();
        say(&town, &by(&anna), &log, &number.to_string()).await;
    }
    let (arrived, cursor) = receive(&town, &by(&ben), None).await;
    assert_eq!(arrived.len(), RECEIVED_ROOMS);
    assert!(cursor.len() <= RECEIVE_CURSOR_CHARS, "{}", cursor.len());
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{cursor}");
    let store = town.store.clone();
    town.end().await;
    let town = Town::over(store, Limits::without_rates()).await;
    assert_eq!(receive(&town, &by(&ben), None).await.0, arrived);
    let (rest, next) = receive(&town, &by(&ben), Some(&cursor)).await;
    assert_eq!(rest, [""; 0]);
    // An answer without messages has a cursor that acknowledges nothing more.
    assert_eq!(receive(&town, &by(&ben), Some(&next)).await.0, [""; 0]);
    // An old one takes nothing back.
    say(&town, &by(&anna), &lobby(&town).await, "news").await;
    let (news, _) = receive(&town, &by(&ben), Some(&cursor)).await;
    assert_eq!(news, ["news"]);
}
