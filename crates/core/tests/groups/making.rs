//! Groups are made, found by those who belong to them, and look like none to everybody else.

use parlor_core::chat::{Place, RoomPlan};
use parlor_core::event::Author;
use parlor_core::ids::LOBBY;
use parlor_core::limits;
use parlor_core::names::RoomName;
use parlor_core::ports::Store;
use parlor_core::room::{Access, Role, RoomRef, SettingsChange};
use parlor_core::{Actor, Refusal};

use crate::world::{OPERATOR, Town, by, guest, refused};
use crate::{Tea, named, say};

#[tokio::test]
async fn a_group_is_its_owners_and_for_members_only() {
    let town = Town::new().await;
    let anna = town.account("anna").await;
    let log = town.chat.make_group(&by(&anna), "Tea").await.unwrap();
    let room = log.room();
    assert_eq!((room.access, room.listed, room.subject.as_str()), (Access::Members, false, "tea"));
    assert_eq!(room.name.as_ref().unwrap().as_str(), "tea");
    assert_eq!(town.store.role(log.id(), Author::Account(anna.id)).await, Ok(Some(Role::Owner)));
    say(&town, &by(&anna), &log, "hello").await.unwrap();
    assert_eq!(town.news(), [""; 0]);
}

#[tokio::test]
async fn names_of_groups_are_nobody_elses() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let terminal = chat.connect("term", None);
    terminal.take_name("held").await.unwrap();
    for name in ["tea", "TEA", "anna", "lobby", "held"] {
        assert_eq!(refused(chat.make_group(&by(&tea.dora), name).await), Refusal::NameTaken, "{name}");
    }
    for name in ["", "a b", "é", "admin", "guest-7", &"x".repeat(65)] {
        let refusal = refused(chat.make_group(&by(&tea.dora), name).await);
        assert!(matches!(refusal, Refusal::BadName(_)), "{name:?}: {refusal:?}");
    }
    for actor in [guest(1), Actor::stranger(None), OPERATOR] {
        assert_eq!(refused(chat.make_group(&actor, "new").await), Refusal::NotLoggedIn);
    }
    let two = by(&tea.dora);
    let (one, other) = tokio::join!(chat.make_group(&two, "new"), chat.make_group(&two, "new"));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "one of two at once wins");
}

#[tokio::test]
async fn to_others_a_group_looks_like_none() {
    let tea = Tea::new().await;
    let (chat, key) = (&tea.town.chat, tea.log.key());
    for name in ["tea", "nothing", key.as_str(), "a b"] {
        for actor in [by(&tea.dora), guest(1), Actor::stranger(None)] {
            assert_eq!(refused(chat.find_named(&actor, name).await), Refusal::NotFound, "{name}");
        }
    }
    let dora = by(&tea.dora);
    let (name, unnamed) = (RoomName::new("tea").unwrap(), RoomName::new("nothing").unwrap());
    for by_what in [RoomRef::Name(name), RoomRef::Name(unnamed), RoomRef::Key(key), RoomRef::Id(tea.log.id())] {
        assert_eq!(refused(chat.find(&dora, by_what).await), Refusal::NotFound);
    }
    assert_eq!(refused(chat.members(&dora, &tea.log).await), Refusal::NotFound);
    assert_eq!(refused(chat.banned(&dora, &tea.log).await), Refusal::NotFound);
    assert_eq!(refused(chat.leave(&dora, &tea.log).await), Refusal::NotFound);
    assert_eq!(refused(chat.add_members(&dora, &tea.log, &[named("dora", Role::Member)]).await), Refusal::NotFound);
    assert_eq!(refused(tea.set(&tea.dora, &tea.carl, None).await), Refusal::NotFound);
    assert_eq!(refused(chat.history(&dora, &tea.log, None, 9).await), Refusal::NotFound);
    // Whoever is banned is told no more than that.
    tea.set(&tea.anna, &tea.carl, Some(Role::Banned)).await.unwrap();
    assert_eq!(refused(chat.find_named(&by(&tea.carl), "tea").await), Refusal::NotFound);
    assert_eq!(refused(tea.say(&tea.carl, "x").await), Refusal::NotFound);
}

#[tokio::test]
async fn a_name_means_a_person_or_a_room_one_belongs_to() {
    let tea = Tea::new().await;
    let (chat, carl) = (&tea.town.chat, by(&tea.carl));
    let room = async |actor: &Actor, name: &str| match chat.find_named(actor, name).await.unwrap() {
        Place::Room(log) => log.id(),
        Place::Person(who) => panic!("{name} is {who:?}"),
    };
    assert_eq!(room(&carl, "Tea").await, tea.log.id());
    assert_eq!(room(&carl, tea.log.key().as_str()).await, tea.log.id());
    assert_eq!(room(&OPERATOR, "tea").await, tea.log.id());
    for actor in [carl, guest(1), Actor::stranger(None)] {
        assert_eq!(room(&actor, "lobby").await, LOBBY);
    }
    let person = chat.find_named(&carl, "ANNA").await.unwrap();
    assert!(matches!(person, Place::Person(who) if who == Author::Account(tea.anna.id)));
    // An open room is found by who belongs to it, and a room of two by nobody: it has the other one's name.
    let open =
        RoomPlan { subject: b"open", named: parlor_core::chat::Named::IfFree, listed: true, ..Default::default() };
    let open = chat.open_room(&by(&tea.anna), open).await.unwrap();
    assert_eq!(room(&by(&tea.anna), "open").await, open.id());
    assert_eq!(refused(chat.find_named(&carl, "open").await), Refusal::NotFound);
    let two = chat.direct_room(&carl, Author::Account(tea.anna.id)).await.unwrap();
    assert_eq!(refused(chat.find_named(&carl, two.key().as_str()).await), Refusal::NotFound);
}

#[tokio::test]
async fn a_room_can_get_another_name_that_is_free() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let rename = async |log, name: &str| {
        let change = SettingsChange { name: Some(RoomName::new(name).unwrap()), ..SettingsChange::default() };
        chat.configure(&by(&tea.anna), log, change).await
    };
    let other = chat.make_group(&by(&tea.anna), "coffee").await.unwrap();
    let terminal = chat.connect("term", None);
    terminal.take_name("held").await.unwrap();
    for name in ["coffee", "ben", "lobby", "held"] {
        assert_eq!(refused(rename(&tea.log, name).await), Refusal::NameTaken, "{name}");
    }
    rename(&tea.log, "tea").await.unwrap();
    rename(&tea.log, "herbs").await.unwrap();
    rename(&other, "tea").await.unwrap();
    // Names that were found before have moved.
    for (name, id) in [("herbs", tea.log.id()), ("tea", other.id())] {
        let place = chat.find_named(&by(&tea.anna), name).await.unwrap();
        assert!(matches!(place, Place::Room(log) if log.id() == id), "{name}");
    }
    assert_eq!(refused(chat.find_named(&by(&tea.anna), "coffee").await), Refusal::NotFound);
    let lobby = chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
    let change = SettingsChange { name: Some(RoomName::new("hall").unwrap()), ..SettingsChange::default() };
    assert_eq!(refused(chat.configure(&OPERATOR, &lobby, change).await), Refusal::Forbidden);
}

#[tokio::test]
async fn one_account_owns_a_bounded_number_of_rooms() {
    let town = Town::new().await;
    let anna = town.account("anna").await;
    for number in 0..limits::ROOMS_OWNED {
        town.chat.make_group(&by(&anna), &format!("r{number}")).await.unwrap();
    }
    let full = Refusal::TooMany { what: "rooms that you own", limit: limits::ROOMS_OWNED };
    assert_eq!(refused(town.chat.make_group(&by(&anna), "more").await), full);
    assert_eq!(refused(town.chat.open_room(&by(&anna), RoomPlan::default()).await), full);
    let Place::Room(first) = town.chat.find_named(&by(&anna), "r0").await.unwrap() else { panic!("no room") };
    town.chat.close(&by(&anna), &first, None).await.unwrap();
    town.chat.make_group(&by(&anna), "more").await.unwrap();
}

#[tokio::test]
async fn only_accounts_make_rooms_for_members_only() {
    let town = Town::new().await;
    let plan = RoomPlan { subject: b"x", members_only: true, ..RoomPlan::default() };
    for actor in [guest(1), Actor::stranger(None)] {
        assert_eq!(refused(town.chat.open_room(&actor, plan).await), Refusal::NotLoggedIn);
    }
    let log = town.chat.open_room(&OPERATOR, plan).await.unwrap();
    assert_eq!((log.room().access, log.head().seq.0), (Access::Members, 0));
}
