//! Messages that are on their way together.

use parlor_core::event::Body;
use parlor_core::ids::{MessageKey, Number};
use parlor_core::limits::Limits;
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Error, Refusal, Who};

use crate::Tea;
use crate::world::{Town, by, refused};

#[tokio::test]
async fn what_is_submitted_first_is_said_first() {
    let tea = Tea::new().await;
    let (chat, anna) = (&tea.town.chat, by(&tea.anna));
    let mut tickets = Vec::new();
    for number in 0..1_000 {
        let text = number.to_string();
        tickets.push(chat.submit(&anna, &tea.log, text.as_bytes(), PostOptions::default()).await.unwrap());
    }
    // Who does not wait has said it all the same.
    drop(tickets.pop());
    for (number, ticket) in tickets.into_iter().enumerate() {
        let posted = ticket.posted().await.unwrap();
        let event = posted.slot.event();
        assert_eq!(event.number, Number(number as u64 + 1));
        assert!(matches!(&event.body, Body::Message { text, .. } if text.as_str() == number.to_string()));
    }
    tea.town.settle().await;
    assert_eq!(tea.log.head().number, Number(1_000));
}

#[tokio::test]
async fn what_can_not_be_said_is_refused_at_once_or_by_its_ticket() {
    let tea = Tea::new().await;
    let (chat, anna) = (&tea.town.chat, by(&tea.anna));
    let submit = async |actor: &Actor, text: &[u8], options| chat.submit(actor, &tea.log, text, options).await;
    let plain = PostOptions::default;
    let refusal = submit(&anna, b" ", plain()).await.err();
    assert!(matches!(refusal, Some(Error::Refused(Refusal::Empty(_)))), "{refusal:?}");
    let refusal = submit(&by(&tea.dora), b"x", plain()).await.err();
    assert_eq!(refusal, Some(Refusal::NotFound.into()));
    let reply = PostOptions { reply_to: Some(Number(9)), ..plain() };
    let ticket = submit(&anna, b"x", reply).await.unwrap();
    assert_eq!(refused(ticket.posted().await), Refusal::NoSuchMessage);
    let keyed = || PostOptions { key: MessageKey::parse("k"), ..plain() };
    let first = submit(&anna, b"x", keyed()).await.unwrap();
    let again = submit(&anna, b"x", keyed()).await.unwrap();
    let other = submit(&anna, b"y", keyed()).await.unwrap();
    assert!(!first.posted().await.unwrap().duplicate);
    assert!(again.posted().await.unwrap().duplicate);
    assert_eq!(refused(other.posted().await), Refusal::KeyConflict);
}

#[tokio::test]
async fn rates_hold_for_them_too() {
    let tea = Tea::new().await;
    let town = Town::over(tea.town.store.clone(), Limits::default()).await;
    let anna = Actor { who: Who::Account(tea.anna.id), origin: None };
    let log = town.chat.find(&anna, parlor_core::room::RoomRef::Id(tea.log.id())).await.unwrap();
    let mut last = None;
    for _ in 0..=town.chat.limits().posts_burst {
        last = town.chat.submit(&anna, &log, b"x", PostOptions::default()).await.err();
    }
    assert!(matches!(last, Some(Error::Refused(Refusal::TooFast { .. }))), "{last:?}");
}
