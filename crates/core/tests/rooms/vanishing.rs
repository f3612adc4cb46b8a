//! Rooms that vanish when unused.

use std::sync::Arc;

use parlor_core::chat::RoomPlan;
use parlor_core::limits::{LINGER_SECONDS, Limits, UNUSED_SECONDS};
use parlor_core::pulse::Stay;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;

use crate::world::{OPERATOR, Town, attend};

async fn open(town: &Town) -> Arc<RoomLog> {
    let plan = RoomPlan { subject: b"for now", listed: true, vanishes: true, ..RoomPlan::default() };
    town.chat.open_room(&OPERATOR, plan).await.unwrap()
}

async fn is_open(town: &Town, log: &RoomLog) -> bool {
    town.settle().await;
    town.chat.find(&OPERATOR, RoomRef::Id(log.id())).await.is_ok()
}

#[tokio::test]
async fn it_is_closed_when_the_last_one_has_left() {
    let town = Town::new().await;
    let log = open(&town).await;
    let (one, other) = (town.connected_guest().await, town.connected_guest().await);
    let here = attend(&town, &log, &one, Stay::Connected);
    let there = attend(&town, &log, &other, Stay::Connected);
    assert!(is_open(&town, &log).await);
    here.leave(0);
    assert!(is_open(&town, &log).await, "somebody is there");
    // The other one's connection breaks.
    drop(there);
    assert!(!is_open(&town, &log).await);
    assert!(log.head().closed);
    assert_eq!(town.news(), [format!("opened {} None", log.id()), format!("closed {} None", log.id())]);
}

#[tokio::test]
async fn who_polls_is_there_ten_seconds_longer() {
    let town = Town::new().await;
    let log = open(&town).await;
    let one = town.connected_guest().await;
    drop(attend(&town, &log, &one, Stay::Polling));
    town.pass(LINGER_SECONDS - 1).await;
    assert!(is_open(&town, &log).await);
    drop(attend(&town, &log, &one, Stay::Polling));
    town.pass(LINGER_SECONDS - 1).await;
    assert!(is_open(&town, &log).await, "somebody came back");
    town.pass(1).await;
    assert!(!is_open(&town, &log).await);
}

#[tokio::test]
async fn a_room_that_nobody_came_to_waits_for_a_minute() {
    let town = Town::new().await;
    let log = open(&town).await;
    town.pass(UNUSED_SECONDS - 1).await;
    assert!(is_open(&town, &log).await);
    let later = open(&town).await;
    town.pass(1).await;
    assert!(!is_open(&town, &log).await);
    assert!(is_open(&town, &later).await);
}

#[tokio::test]
async fn other_rooms_stay() {
    let town = Town::new().await;
    let log = town.chat.open_room(&OPERATOR, RoomPlan::default()).await.unwrap();
    let one = town.connected_guest().await;
    attend(&town, &log, &one, Stay::Connected).leave(0);
    town.pass(UNUSED_SECONDS * 2).await;
    assert!(is_open(&town, &log).await);
}

#[tokio::test]
async fn after_a_restart_people_have_a_minute_to_come_back() {
    let town = Town::new().await;
    let [used, unused, left] = [open(&town).await, open(&town).await, open(&town).await];
    let one = town.connected_guest().await;
    let here = [&used, &unused, &left].map(|log| attend(&town, log, &one, Stay::Connected));
    // The server sends everybody away, which is no leaving.
    town.stop.send_replace(true);
    drop((here, one));
    assert!(is_open(&town, &used).await && is_open(&town, &unused).await);
    let store = town.store.clone();
    town.end().await;

    let town = Town::over(store, Limits::without_rates()).await;
    let one = town.connected_guest().await;
    let used = town.chat.find(&OPERATOR, RoomRef::Id(used.id())).await.unwrap();
    let left = town.chat.find(&OPERATOR, RoomRef::Id(left.id())).await.unwrap();
    let here = attend(&town, &used, &one, Stay::Connected);
    attend(&town, &left, &one, Stay::Connected).leave(0);
    assert!(!is_open(&town, &left).await, "the last one has left");
    town.pass(UNUSED_SECONDS - 1).await;
    assert!(is_open(&town, &unused).await);
    town.pass(1).await;
    assert!(!is_open(&town, &unused).await);
    assert!(is_open(&town, &used).await);
    drop(here);
    assert!(!is_open(&town, &used).await);
    drop((one, used, left));
    town.end().await;
}

#[tokio::test]
async fn one_that_somebody_else_closed_is_no_trouble() {
    let town = Town::new().await;
    let log = open(&town).await;
    town.chat.close(&OPERATOR, &log, None).await.unwrap();
    assert_eq!(town.news().len(), 2);
    town.pass(UNUSED_SECONDS).await;
    town.pass(1).await;
    // What was told is forgotten by now, but counted.
    assert_eq!(town.chat.news().version(), 2);
}
