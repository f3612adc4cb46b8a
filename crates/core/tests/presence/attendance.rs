use std::sync::Arc;

use parlor_core::event::Author;
use parlor_core::ids::{ConnectionId, GuestId};
use parlor_core::pulse::{ChangeKind, Stay};

use crate::world::{changes, guest, town};

const A: ConnectionId = ConnectionId(1);
const B: ConnectionId = ConnectionId(2);

#[tokio::test]
async fn who_comes_leaves_and_breaks_is_told_in_order_with_the_number_that_is_left() {
    let town = town().await;
    let a = town.chat.attend(&town.lobby, A, guest(1), Stay::Connected, 11);
    let b = town.chat.attend(&town.lobby, B, guest(2), Stay::Connected, 0);
    a.leave(12);
    drop(b);
    let told: Vec<_> = changes(&town.lobby, 0)
        .iter()
        .map(|change| (change.kind.clone(), change.attendant.connection, change.connections, change.tag))
        .collect();
    assert_eq!(
        told,
        [
            (ChangeKind::Came, A, 1, 11),
            (ChangeKind::Came, B, 2, 0),
            (ChangeKind::Left, A, 1, 12),
            (ChangeKind::Broke, B, 0, 0),
        ]
    );
    assert!(town.lobby.presence().roster().attendants.is_empty());
}

#[tokio::test]
async fn a_roster_goes_on_with_the_changes_behind_its_version() {
    let town = town().await;
    let _a = town.chat.attend(&town.lobby, A, guest(1), Stay::Connected, 0);
    let roster = town.lobby.presence().roster();
    assert_eq!(roster.attendants.iter().map(|one| one.connection).collect::<Vec<_>>(), [A]);
    let _b = town.chat.attend(&town.lobby, B, guest(2), Stay::Connected, 0);
    let later = changes(&town.lobby, roster.version);
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].attendant.connection, B);
}

#[tokio::test]
async fn a_poller_stays_ten_seconds_and_comes_back_unnoticed() {
    let town = town().await;
    drop(town.chat.attend(&town.lobby, A, guest(1), Stay::Polling, 0));
    town.hands.turn(9);
    town.chat.look_at_heads().await.unwrap();
    drop(town.chat.attend(&town.lobby, A, guest(1), Stay::Polling, 0));
    assert_eq!(changes(&town.lobby, 0).len(), 1, "it came once");
    assert!(town.chat.is_here(Author::Guest(GuestId(1))));
    town.hands.turn(11);
    town.chat.look_at_heads().await.unwrap();
    assert_eq!(town.lobby.presence().people(), 0);
    let told = changes(&town.lobby, 0);
    assert_eq!(told.last().map(|change| change.kind.clone()), Some(ChangeKind::Left));
    assert!(!town.chat.is_here(Author::Guest(GuestId(1))));
}

#[tokio::test]
async fn a_poller_that_polls_twice_at_once_is_one() {
    let town = town().await;
    let first = town.chat.attend(&town.lobby, A, guest(1), Stay::Polling, 0);
    drop(town.chat.attend(&town.lobby, A, guest(1), Stay::Polling, 0));
    town.hands.turn(100);
    town.chat.look_at_heads().await.unwrap();
    assert_eq!(town.lobby.presence().connections(), 1, "one of them still hangs");
    drop(first);
}

#[tokio::test]
async fn who_becomes_somebody_else_stays_where_it_is() {
    let town = town().await;
    let a = town.chat.attend(&town.lobby, A, guest(1), Stay::Connected, 0);
    a.become_other(guest(3), 5);
    let told = changes(&town.lobby, 1);
    assert_eq!(told[0].kind, ChangeKind::Became { before: guest(1) });
    assert_eq!((told[0].attendant.identity.clone(), told[0].tag), (guest(3), 5));
    assert!(town.chat.is_here(Author::Guest(GuestId(3))) && !town.chat.is_here(Author::Guest(GuestId(1))));
    a.leave(0);
    assert!(!town.chat.is_here(Author::Guest(GuestId(3))));
}

#[tokio::test]
async fn a_person_counts_once_and_strangers_by_connection() {
    let town = town().await;
    let unknown = Arc::new(parlor_core::connections::Identity::unknown());
    let _here = [(1, guest(1)), (2, guest(1)), (3, guest(2)), (4, unknown.clone()), (5, unknown)]
        .map(|(connection, who)| town.chat.attend(&town.lobby, ConnectionId(connection), who, Stay::Connected, 0));
    assert_eq!(town.lobby.presence().people(), 4);
    assert_eq!(town.lobby.presence().connections(), 5);
}
