//! What is handed out, and from where on.

use parlor_core::event::Author;
use parlor_core::ids::{GuestId, Number, Seq};
use parlor_core::limits::{RECEIVED_BYTES, RECEIVED_EVENTS_NOTED, RECEIVED_MESSAGES, RECEIVED_ROOMS};
use parlor_core::ports::Store;
use parlor_core::room::Role;
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Refusal};

use crate::world::{OPERATOR, Town, by, guest, refused};
use crate::{lobby, places, receive, say, texts};

#[tokio::test]
async fn all_that_others_said_arrives_in_order_and_nothing_of_ones_own() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let (a, b) = (by(&anna), by(&ben));
    let lobby = lobby(&town).await;
    let tea = town.chat.make_group(&a, "tea").await.unwrap();
    town.chat.add_members(&a, &tea, &[("ben".to_owned(), Role::Member)]).await.unwrap();
    say(&town, &a, &tea, "1").await;
    let two = town.chat.direct_room(&a, Author::Account(ben.id)).await.unwrap();
    say(&town, &a, &two, "2").await;
    say(&town, &guest(7), &lobby, "3").await;
    say(&town, &b, &two, "of ben").await;
    say(&town, &a, &lobby, "4").await;
    say(&town, &a, &two, "5").await;
    let (first, cursor) = receive(&town, &b, None).await;
    assert_eq!(first, ["1", "2", "3", "4", "5"]);
    assert_eq!(receive(&town, &a, None).await.0, ["3", "of ben"]);
    // Until it is acknowledged, it arrives again.
    assert_eq!(receive(&town, &b, None).await.0, first);
    say(&town, &a, &tea, "6").await;
    assert_eq!(receive(&town, &b, Some(&cursor)).await.0, ["6"]);
    assert_eq!(receive(&town, &b, None).await.0, ["6"]);
}

#[tokio::test]
async fn only_accounts_receive() {
    let town = Town::new().await;
    for actor in [guest(1), Actor::stranger(None), OPERATOR] {
        assert_eq!(refused(town.chat.receive(&actor, None, 9).await), Refusal::NotLoggedIn);
    }
}

#[tokio::test]
async fn it_begins_with_what_was_not_seen_and_not_before_one_came() {
    let town = Town::new().await;
    let anna = town.account("anna").await;
    let lobby = lobby(&town).await;
    let tea = town.chat.make_group(&by(&anna), "tea").await.unwrap();
    for log in [&lobby, &tea] {
        say(&town, &by(&anna), log, "before").await;
    }
    let ben = town.account("ben").await;
    let who = Author::Account(ben.id);
    town.chat.set_role(&by(&anna), &tea, who, Some(Role::Member)).await.unwrap();
    town.chat.set_role(&by(&anna), &tea, who, Some(Role::Admin)).await.unwrap();
    let two = town.chat.direct_room(&by(&anna), who).await.unwrap();
    for (log, text) in [(&lobby, "l1"), (&tea, "t1"), (&two, "d1"), (&lobby, "l2"), (&tea, "t2"), (&two, "d2")] {
        say(&town, &by(&anna), log, text).await;
    }
    // At another door ben has seen some of it.
    town.chat.mark_seen(&by(&ben), &lobby, Number(2)).await.unwrap();
    town.chat.mark_seen(&by(&ben), &two, Number(1)).await.unwrap();
    town.chat.begin_receiving(ben.id).await.unwrap();
    // Later marks change nothing: it was seen, but not received.
    town.chat.mark_seen(&by(&ben), &tea, Number(3)).await.unwrap();
    assert_eq!(receive(&town, &by(&ben), None).await.0, ["t1", "l2", "t2", "d2"]);
    // To begin again does nothing.
    town.chat.begin_receiving(ben.id).await.unwrap();
    assert_eq!(receive(&town, &by(&ben), None).await.0, ["t1", "l2", "t2", "d2"]);
}

#[tokio::test]
async fn rooms_that_come_later_begin_where_one_joins() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let who = Author::Account(ben.id);
    let [tea, coffee, asking] = [
        town.chat.make_group(&by(&anna), "tea").await.unwrap(),
        town.chat.make_group(&by(&anna), "coffee").await.unwrap(),
        town.tea_room("tea").await,
    ];
    town.chat.enter(&by(&anna), &asking, Some("tea")).await.unwrap();
    for log in [&tea, &coffee, &asking] {
        say(&town, &by(&anna), log, "before").await;
    }
    town.chat.add_members(&by(&anna), &tea, &[("ben".to_owned(), Role::Member)]).await.unwrap();
    let hour = std::time::Duration::from_secs(3_600);
    let token = town.chat.invite(&by(&anna), &coffee, None, hour).await.unwrap();
    town.chat.accept_invitation(&by(&ben), &token).await.unwrap();
    town.chat.enter(&by(&ben), &asking, Some("tea")).await.unwrap();
    for log in [&tea, &coffee, &asking] {
        say(&town, &by(&anna), log, log.id().to_string().as_str()).await;
    }
    let ids = [&tea, &coffee, &asking].map(|log| log.id().to_string());
    let (arrived, cursor) = receive(&town, &by(&ben), None).await;
    assert_eq!(arrived, ids);
    // A room of two that is begun now is new as a whole.
    let two = town.chat.direct_room(&by(&anna), who).await.unwrap();
    say(&town, &by(&anna), &two, "hi").await;
    // What is said while one is out is not for one, even after one comes back.
    say(&town, &by(&anna), &tea, "missed").await;
    town.chat.leave(&by(&ben), &tea).await.unwrap();
    say(&town, &by(&anna), &tea, "meanwhile").await;
    assert_eq!(receive(&town, &by(&ben), Some(&cursor)).await.0, ["hi"]);
    town.chat.add_members(&by(&anna), &tea, &[("ben".to_owned(), Role::Member)]).await.unwrap();
    say(&town, &by(&anna), &tea, "again").await;
    assert_eq!(receive(&town, &by(&ben), Some(&cursor)).await.0, ["hi", "again"]);
}

#[tokio::test]
async fn where_one_joined_is_found_without_having_been_noted() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let tea = town.chat.make_group(&by(&anna), "tea").await.unwrap();
    for number in 0..700 {
        say(&town, &by(&anna), &tea, &number.to_string()).await;
    }
    // As an operator of old may have done it, and then raised.
    town.give_role(tea.id(), Author::Account(ben.id), Role::Member).await;
    say(&town, &by(&anna), &tea, "one").await;
    town.give_role(tea.id(), Author::Account(ben.id), Role::Admin).await;
    for number in 0..700 {
        say(&town, &by(&anna), &tea, &number.to_string()).await;
    }
    let (arrived, _) = receive(&town, &by(&ben), None).await;
    assert_eq!((arrived.len(), arrived[0].as_str(), arrived[700].as_str()), (701, "one", "699"));
    let noted = town.store.received(ben.id).await.unwrap();
    assert!(noted.contains(&(tea.id(), Seq(702))), "{noted:?}");
}

#[tokio::test]
async fn what_was_received_was_seen() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let two = town.chat.direct_room(&by(&anna), Author::Account(ben.id)).await.unwrap();
    for text in ["one", "two"] {
        say(&town, &by(&anna), &two, text).await;
    }
    let unread = async || {
        let rooms = town.chat.rooms_of_person(&by(&ben)).await.unwrap();
        rooms.iter().find(|room| room.log.id() == two.id()).unwrap().unread
    };
    let first = town.chat.receive(&by(&ben), None, 1).await.unwrap();
    assert_eq!(unread().await, 2, "handed out is not got");
    assert_eq!(receive(&town, &by(&ben), Some(&first.cursor)).await.0, ["two"]);
    assert_eq!(unread().await, 1);
    // A listener got it.
    town.chat.note_received(vec![(ben.id, two.id(), two.head().seq)]).await.unwrap();
    assert_eq!(unread().await, 0);
    assert_eq!(receive(&town, &by(&ben), None).await.0, [""; 0]);
    assert_eq!(town.chat.received_in(ben.id, &two).await, Ok(two.head().seq));
}

#[tokio::test]
async fn a_listener_is_told_where_to_begin_in_each_room() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let lobby = lobby(&town).await;
    say(&town, &by(&anna), &lobby, "hi").await;
    let two = town.chat.direct_room(&by(&anna), Author::Account(ben.id)).await.unwrap();
    let tea = town.chat.make_group(&by(&ben), "tea").await.unwrap();
    let upto = async || -> Vec<(u64, u64)> {
        let rooms = town.chat.received_upto(ben.id).await.unwrap();
        rooms.iter().map(|(log, seq)| (log.id().0, seq.0)).collect()
    };
    // Two events of the lobby are that the two came.
    assert_eq!(upto().await, [(1, 2), (two.id().0, 0), (tea.id().0, 1)]);
    town.chat.note_received(vec![(ben.id, two.id(), Seq(1)), (ben.id, tea.id(), Seq(99))]).await.unwrap();
    assert_eq!(upto().await, [(1, 2), (two.id().0, 1), (tea.id().0, 1)]);
    town.chat.leave(&by(&ben), &lobby).await.unwrap();
    town.chat.close(&by(&ben), &tea, None).await.unwrap();
    assert_eq!(upto().await, [(two.id().0, 1)]);
}

#[tokio::test]
async fn deleted_messages_do_not_arrive_and_edited_ones_as_they_are_now() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let lobby = lobby(&town).await;
    for text in ["one", "two", "three"] {
        say(&town, &by(&anna), &lobby, text).await;
    }
    town.chat.redact(&by(&anna), &lobby, Number(1)).await.unwrap();
    town.chat.edit(&by(&anna), &lobby, Number(2), b"deux", PostOptions::default()).await.unwrap();
    town.chat.react(&by(&anna), &lobby, Number(3), "🙂".as_bytes(), true).await.unwrap();
    assert_eq!(receive(&town, &by(&ben), None).await.0, ["deux", "three"]);
}

#[tokio::test]
async fn what_one_said_as_a_guest_is_ones_own_once_claimed() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let lobby = lobby(&town).await;
    for (who, text) in [(3, "as a guest"), (4, "by another one")] {
        say(&town, &guest(who), &lobby, text).await;
    }
    assert!(town.chat.claim_guest(&by(&ben), &town.chat.guest_token(GuestId(3))).await.unwrap());
    assert_eq!(receive(&town, &by(&ben), None).await.0, ["by another one"]);
    assert_eq!(receive(&town, &by(&anna), None).await.0, ["as a guest", "by another one"]);
    // It is ben's to change.
    town.chat.edit(&by(&ben), &lobby, Number(1), b"changed", PostOptions::default()).await.unwrap();
    assert_eq!(refused(town.chat.redact(&by(&ben), &lobby, Number(2)).await), Refusal::Forbidden);
    town.chat.redact(&by(&ben), &lobby, Number(1)).await.unwrap();
}

#[tokio::test]
async fn nothing_arrives_from_a_room_one_was_sent_away_from() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    let tea = town.chat.make_group(&by(&anna), "tea").await.unwrap();
    let who = Author::Account(ben.id);
    for role in [None, Some(Role::Banned)] {
        town.chat.set_role(&by(&anna), &tea, who, Some(Role::Member)).await.unwrap();
        say(&town, &by(&anna), &tea, "one").await;
        let (arrived, cursor) = receive(&town, &by(&ben), None).await;
        assert_eq!(arrived, ["one"]);
        town.chat.set_role(&by(&anna), &tea, who, role).await.unwrap();
        say(&town, &by(&anna), &tea, "two").await;
        assert_eq!(receive(&town, &by(&ben), None).await.0, [""; 0]);
        assert_eq!(receive(&town, &by(&ben), Some(&cursor)).await.0, [""; 0]);
    }
}

#[tokio::test]
async fn an_answer_is_bounded_in_messages_bytes_and_rooms() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let lobby = lobby(&town).await;
    for number in 0..RECEIVED_MESSAGES + 5 {
        say(&town, &by(&anna), &lobby, &number.to_string()).await;
    }
    let (first, cursor) = receive(&town, &by(&ben), None).await;
    assert_eq!(first.len(), RECEIVED_MESSAGES);
    let (rest, cursor) = receive(&town, &by(&ben), Some(&cursor)).await;
    assert_eq!(rest, ["1000", "1001", "1002", "1003", "1004"]);
    assert_eq!(town.chat.receive(&by(&ben), None, 0).await.unwrap().messages.len(), 1, "at least one");
    let large = "x".repeat(4_096);
    for _ in 0..RECEIVED_BYTES / large.len() + 2 {
        say(&town, &by(&anna), &lobby, &large).await;
    }
    let (first, cursor) = receive(&town, &by(&ben), Some(&cursor)).await;
    assert_eq!(first.len(), RECEIVED_BYTES / large.len());
    assert_eq!(receive(&town, &by(&ben), Some(&cursor)).await.0.len(), 2);
}

#[tokio::test]
async fn of_many_rooms_some_come_with_the_next_answer() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let mut expected = Vec::new();
    for number in 0..RECEIVED_ROOMS + 10 {
        let plan = parlor_core::chat::RoomPlan { subject: b"x", ..Default::default() };
        let log = town.chat.open_room(&OPERATOR, plan).await.unwrap();
        town.chat.set_role(&OPERATOR, &log, Author::Account(ben.id), Some(Role::Member)).await.unwrap();
        say(&town, &by(&anna), &log, &number.to_string()).await;
        expected.push((log.id(), 1));
    }
    let mut got = Vec::new();
    let mut cursor = None;
    loop {
        let received = town.chat.receive(&by(&ben), cursor.as_deref(), usize::MAX).await.unwrap();
        if received.messages.is_empty() {
            break;
        }
        assert!(received.messages.len() <= RECEIVED_ROOMS);
        got.extend(places(&received));
        cursor = Some(received.cursor);
    }
    assert_eq!(got, expected);
}

#[tokio::test]
async fn what_one_said_alone_does_not_stand_in_the_way() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let lobby = lobby(&town).await;
    // More than one answer looks at.
    for _ in 0..parlor_core::limits::RECEIVED_EVENTS + 10 {
        town.chat.post(&by(&ben), &lobby, b"x", PostOptions::default()).await.unwrap();
    }
    say(&town, &by(&anna), &lobby, "news").await;
    // Without a cursor, so nothing is ever acknowledged.
    for _ in 0..2 {
        assert_eq!(receive(&town, &by(&ben), None).await.0, ["news"]);
    }
    let noted = town.store.received(ben.id).await.unwrap().into_iter().find(|(room, _)| *room == lobby.id());
    assert!(noted.unwrap().1.0 >= parlor_core::limits::RECEIVED_EVENTS as u64);
    // A few are only passed over.
    let before = town.store.snapshot();
    let (_, cursor) = receive(&town, &by(&ben), None).await;
    receive(&town, &by(&ben), Some(&cursor)).await;
    assert!(town.store.snapshot() != before);
    let before = town.store.snapshot();
    receive(&town, &by(&ben), None).await;
    assert!(town.store.snapshot() == before, "to ask writes nothing");
    for _ in 0..RECEIVED_EVENTS_NOTED {
        town.chat.post(&by(&ben), &lobby, b"x", PostOptions::default()).await.unwrap();
    }
    let before = town.store.snapshot();
    assert_eq!(receive(&town, &by(&ben), None).await.0, [""; 0]);
    assert!(town.store.snapshot() != before);
}

#[tokio::test]
async fn a_message_that_comes_while_the_others_are_got_is_not_lost() {
    let town = Town::new().await;
    let (anna, ben) = (town.account("anna").await, town.account("ben").await);
    town.chat.begin_receiving(ben.id).await.unwrap();
    let (a, b) = (by(&anna), by(&ben));
    let lobby = lobby(&town).await;
    for number in 0..50 {
        say(&town, &a, &lobby, &number.to_string()).await;
    }
    let mut got = Vec::new();
    let mut cursor: Option<String> = None;
    for number in 50..100 {
        let text = number.to_string();
        let (_, received) = tokio::join!(say(&town, &a, &lobby, &text), town.chat.receive(&b, cursor.as_deref(), 3));
        let received = received.unwrap();
        got.extend(texts(&received));
        cursor = Some(received.cursor);
    }
    got.extend(receive(&town, &b, cursor.as_deref()).await.0);
    assert_eq!(got, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}
