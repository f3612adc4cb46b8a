//! A room's past by time and by number, and who may bring in what was said elsewhere.

use std::ops::Range;

use parlor_core::event::Body;
use parlor_core::ids::{Number, Seq, Timestamp};
use parlor_core::limits;
use parlor_core::refusal::Refusal;
use parlor_core::room::{Access, SettingsChange};
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Chat};

use crate::world::{OPERATOR, Town, by, guest, refused};
use crate::{import, room, said};

fn numbers(range: Range<u64>) -> Range<Number> {
    Number(range.start)..Number(range.end)
}

async fn read(chat: &Chat, log: &RoomLog, range: Range<u64>) -> Vec<u64> {
    let slots = chat.messages(&guest(1), log, numbers(range)).await.unwrap();
    assert!(slots.iter().all(|slot| slot.event().body.is_message()));
    slots.iter().map(|slot| slot.event().number.0).collect()
}

#[tokio::test]
async fn a_range_of_messages_is_read_whatever_stands_between_them() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    assert_eq!(read(chat, &log, 0..9).await, [0; 0]);
    import(&town, &log, (0..1_200).map(|n| said(n, "Ann", "tea")).collect()).await;
    assert_eq!(read(chat, &log, 0..u64::MAX).await, (1..=1_200).collect::<Vec<_>>());
    // Now and then something else, and once a crowd of it.
    let other = || parlor_core::event::Imported { body: Body::Settings(SettingsChange::default()), ..said(0, "", "") };
    import(&town, &log, (0..1_300).map(|n| if n % 13 == 0 { other() } else { said(n, "Ann", "tea") }).collect()).await;
    assert_eq!(read(chat, &log, 1_100..2_000).await, (1_100..2_000).collect::<Vec<_>>());
    import(&town, &log, (0..3_000).map(|_| other()).collect()).await;
    import(&town, &log, vec![said(0, "Ann", "tea")]).await;
    assert_eq!(read(chat, &log, 1_900..u64::MAX).await, (1_900..=2_401).collect::<Vec<_>>());
    assert_eq!(read(chat, &log, 7..8).await, [7]);
    let (back, beyond) = (Number(8)..Number(7), numbers(2_402..9_999));
    assert!(chat.messages(&guest(1), &log, back).await.unwrap().is_empty());
    assert!(chat.messages(&guest(1), &log, beyond).await.unwrap().is_empty());
    // What was deleted keeps its place.
    chat.redact(&OPERATOR, &log, Number(7)).await.unwrap();
    assert_eq!(read(chat, &log, 6..9).await, [6, 7, 8]);
    town.end().await;
}

#[tokio::test]
async fn a_read_is_bounded() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    let most = limits::ARCHIVE_DAY;
    let mut left = most + 5;
    while left > 0 {
        let step = left.min(limits::IMPORT_BATCH as u64);
        import(&town, &log, (0..step).map(|_| said(0, "Ann", "tea")).collect()).await;
        left -= step;
    }
    let first = read(chat, &log, 3..u64::MAX).await;
    assert_eq!((first.len() as u64, first[0], first.last().copied()), (most, 3, Some(most + 2)));
    town.end().await;
}

#[tokio::test]
async fn a_moment_is_found_by_the_message_that_follows_it() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    let me = guest(1);
    assert_eq!(chat.message_at(&me, &log, Timestamp(i64::MIN)).await, Ok(Number(1)));
    import(&town, &log, vec![said(10, "Ann", "a"), said(20, "Ann", "b")]).await;
    for (at, number) in [(i64::MIN, 1), (10, 1), (11, 2), (20, 2), (21, 3), (i64::MAX, 3)] {
        assert_eq!(chat.message_at(&me, &log, Timestamp(at)).await, Ok(Number(number)), "{at}");
    }
    town.end().await;
}

#[tokio::test]
async fn an_archive_is_public_while_the_room_is() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    assert_eq!(chat.public_archive(&log), Ok(()));
    for (change, is_public) in [
        (SettingsChange { archive: Some(false), ..SettingsChange::default() }, false),
        (SettingsChange { archive: Some(true), ..SettingsChange::default() }, true),
        (SettingsChange { access: Some(Access::Members), ..SettingsChange::default() }, false),
        (SettingsChange { access: Some(Access::Question), ..SettingsChange::default() }, false),
        (SettingsChange { access: Some(Access::Open), ..SettingsChange::default() }, true),
        (SettingsChange { listed: Some(false), ..SettingsChange::default() }, true),
    ] {
        chat.configure(&OPERATOR, &log, change.clone()).await.unwrap();
        let expected = if is_public { Ok(()) } else { Err(Refusal::NotFound) };
        assert_eq!(chat.public_archive(&log), expected, "{change:?}");
    }
    chat.close(&OPERATOR, &log, None).await.unwrap();
    assert_eq!(chat.public_archive(&log), Err(Refusal::NotFound));
    let unknown = chat.open_room(&OPERATOR, Default::default()).await.unwrap();
    assert_eq!(chat.public_archive(&unknown), Err(Refusal::NotFound), "it has to be asked for");
    town.end().await;
}

#[tokio::test]
async fn the_operator_brings_in_what_was_said_elsewhere() {
    let town = Town::new().await;
    let (chat, log) = (&town.chat, room(&town, "tea").await);
    let anna = town.account("anna").await;
    for actor in [guest(1), by(&anna), Actor::stranger(None)] {
        assert_eq!(refused(chat.import(&actor, &log, Seq(0), vec![]).await), Refusal::Forbidden);
    }
    let too_many = vec![said(0, "Ann", "tea"); limits::IMPORT_BATCH + 1];
    assert!(matches!(refused(chat.import(&OPERATOR, &log, Seq(0), too_many).await), Refusal::TooMany { .. }));
    let lines = || vec![said(10, "Ann", "a"), said(20, "Ann", "b")];
    let head = chat.import(&OPERATOR, &log, Seq(0), lines()).await.unwrap().unwrap();
    // Whoever is in the room sees it at once.
    assert_eq!((log.head(), head.number), (head, Number(2)));
    assert_eq!(chat.import(&OPERATOR, &log, Seq(0), lines()).await, Ok(None));
    let slot = chat.message(&guest(1), &log, Number(2)).await.unwrap();
    assert_eq!((slot.event().at, slot.event().name.as_str()), (Timestamp(20), "Ann"));
    // It goes on from there.
    let posted = chat.post(&guest(1), &log, b"c", PostOptions::default()).await.unwrap();
    assert_eq!(posted.slot.event().number, Number(3));
    let closed = chat.import(&OPERATOR, &log, Seq(3), vec![said(30, "Ann", "d")]).await.unwrap().unwrap();
    assert_eq!(closed.seq, Seq(4));
    chat.close(&OPERATOR, &log, None).await.unwrap();
    assert_eq!(refused(chat.import(&OPERATOR, &log, Seq(5), lines()).await), Refusal::RoomClosed);
    town.end().await;
}
