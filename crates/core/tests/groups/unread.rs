//! A person's rooms and what is unread in them.

use parlor_core::event::Author;
use parlor_core::ids::{LOBBY, Number};
use parlor_core::limits::OWN_UNREAD;
use parlor_core::room::{Role, RoomRef};
use parlor_core::{Actor, Refusal};

use crate::world::{OPERATOR, Town, by, guest, refused};
use crate::{Tea, named, say};

/// A person's rooms, as number and unread.
async fn rooms(town: &Town, actor: &Actor) -> Vec<(u64, u64)> {
    let rooms = town.chat.rooms_of_person(actor).await.unwrap();
    rooms.iter().map(|room| (room.log.id().0, room.unread)).collect()
}

#[tokio::test]
async fn what_others_said_is_unread_until_it_is_seen() {
    let tea = Tea::new().await;
    let (town, chat, id) = (&tea.town, &tea.town.chat, tea.log.id().0);
    tea.say(&tea.anna, "one").await.unwrap();
    tea.say(&tea.ben, "two").await.unwrap();
    tea.say(&tea.anna, "three").await.unwrap();
    assert_eq!(rooms(town, &by(&tea.carl)).await, [(id, 3), (1, 0)]);
    assert_eq!(rooms(town, &by(&tea.ben)).await, [(id, 3), (1, 0)]);
    assert_eq!(rooms(town, &by(&tea.anna)).await, [(id, 2), (1, 0)], "what one says oneself is no news");
    chat.mark_seen(&by(&tea.carl), &tea.log, Number(2)).await.unwrap();
    assert_eq!(rooms(town, &by(&tea.carl)).await, [(id, 1), (1, 0)]);
    chat.mark_seen(&by(&tea.carl), &tea.log, Number(1)).await.unwrap();
    assert_eq!(rooms(town, &by(&tea.carl)).await, [(id, 1), (1, 0)], "marks move forward only");
    chat.mark_seen(&by(&tea.carl), &tea.log, Number(3)).await.unwrap();
    let room = chat.rooms_of_person(&by(&tea.carl)).await.unwrap().remove(0);
    assert_eq!((room.unread, room.mark, room.role, room.with), (0, Number(3), Some(Role::Member), None));
    // Other events than messages are nothing to read.
    tea.set(&tea.anna, &tea.dora, Some(Role::Member)).await.unwrap();
    chat.react(&by(&tea.anna), &tea.log, Number(1), "🙂".as_bytes(), true).await.unwrap();
    assert_eq!(rooms(town, &by(&tea.carl)).await, [(id, 0), (1, 0)]);
}

#[tokio::test]
async fn what_was_said_before_somebody_came_was_never_unread() {
    let tea = Tea::new().await;
    let town = &tea.town;
    let lobby = town.chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
    for log in [&tea.log, &lobby] {
        say(town, &by(&tea.anna), log, "before").await.unwrap();
    }
    let eve = town.account("eve").await;
    town.chat.add_members(&by(&tea.anna), &tea.log, &[named("eve", Role::Member)]).await.unwrap();
    for log in [&tea.log, &lobby] {
        say(town, &by(&tea.anna), log, "after").await.unwrap();
    }
    town.hands.turn(1);
    say(town, &by(&tea.anna), &tea.log, "after").await.unwrap();
    assert_eq!(rooms(town, &by(&eve)).await, [(tea.log.id().0, 2), (1, 1)]);
    // Being raised is not coming.
    tea.set(&tea.anna, &eve, Some(Role::Admin)).await.unwrap();
    assert_eq!(rooms(town, &by(&eve)).await, [(tea.log.id().0, 2), (1, 1)]);
}

#[tokio::test]
async fn rooms_of_two_are_among_them_and_the_latest_is_first() {
    let tea = Tea::new().await;
    let (town, chat) = (&tea.town, &tea.town.chat);
    let (anna, dora) = (Author::Account(tea.anna.id), Author::Account(tea.dora.id));
    town.hands.turn(1);
    let two = chat.whisper(&by(&tea.anna), dora, b"hi", Default::default()).await.unwrap().log;
    let seen = chat.rooms_of_person(&by(&tea.dora)).await.unwrap();
    let [first, lobby] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((first.log.id(), first.unread, first.with), (two.id(), 1, Some(anna)));
    assert_eq!((lobby.log.id(), lobby.with), (LOBBY, None));
    assert_eq!(rooms(town, &by(&tea.anna)).await.len(), 3);
    town.hands.turn(1);
    let log = chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
    say(town, &guest(1), &log, "hi").await.unwrap();
    assert_eq!(rooms(town, &by(&tea.dora)).await, [(1, 1), (two.id().0, 1)]);
    // Who left the lobby may come in still, and nothing is counted that was never begun.
    chat.leave(&by(&tea.carl), &log).await.unwrap();
    let room = chat.rooms_of_person(&by(&tea.carl)).await.unwrap();
    assert!(room.iter().any(|room| room.log.id() == LOBBY && room.role.is_none() && room.unread == 0));
    chat.set_role(&OPERATOR, &log, Author::Account(tea.carl.id), Some(Role::Banned)).await.unwrap();
    assert_eq!(rooms(town, &by(&tea.carl)).await, [(tea.log.id().0, 0)]);
}

#[tokio::test]
async fn guests_have_rooms_and_no_marks() {
    let town = Town::new().await;
    let anna = town.account("anna").await;
    let connection = town.connected_guest().await;
    let who = connection.identity().who.unwrap();
    let two = town.chat.whisper(&by(&anna), who, b"hi", Default::default()).await.unwrap().log;
    let of_guest = rooms(&town, &connection.actor()).await;
    assert_eq!(of_guest, [(two.id().0, 0), (1, 0)]);
    assert_eq!(rooms(&town, &Actor::stranger(None)).await, []);
    assert_eq!(refused(town.chat.receive(&connection.actor(), None, 9).await), Refusal::NotLoggedIn);
}

#[tokio::test]
async fn only_so_many_of_ones_own_are_passed_over() {
    let tea = Tea::new().await;
    for number in 0..OWN_UNREAD + 5 {
        tea.say(&tea.carl, &number.to_string()).await.unwrap();
    }
    tea.say(&tea.anna, "news").await.unwrap();
    assert_eq!(rooms(&tea.town, &by(&tea.carl)).await, [(tea.log.id().0, 6), (1, 0)]);
}
