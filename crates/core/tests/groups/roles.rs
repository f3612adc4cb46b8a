//! Roles are given and taken.

use parlor_core::cursor::{End, Next};
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, GuestId, LOBBY, Number};
use parlor_core::ports::Store;
use parlor_core::room::{Role, RoomRef};
use parlor_core::{Refusal, limits};

use crate::world::{OPERATOR, by, guest, refused};
use crate::{Tea, named};

#[tokio::test]
async fn admins_deal_with_members_and_owners_with_admins_too() {
    let tea = Tea::new().await;
    for (actor, who, role) in [
        (&tea.carl, &tea.dora, Some(Role::Member)),
        (&tea.carl, &tea.ben, None),
        (&tea.ben, &tea.dora, Some(Role::Admin)),
        (&tea.ben, &tea.anna, None),
        (&tea.ben, &tea.anna, Some(Role::Banned)),
        (&tea.anna, &tea.ben, Some(Role::Owner)),
        (&tea.ben, &tea.ben, Some(Role::Owner)),
        (&tea.ben, &tea.ben, Some(Role::Member)),
        (&tea.carl, &tea.carl, Some(Role::Admin)),
    ] {
        assert_eq!(refused(tea.set(actor, who, role).await), Refusal::Forbidden, "{actor:?} {who:?} {role:?}");
    }
    assert_eq!(tea.roles().await, "anna owner, ben admin, carl member");
    tea.set(&tea.ben, &tea.dora, Some(Role::Member)).await.unwrap();
    tea.set(&tea.ben, &tea.carl, Some(Role::Banned)).await.unwrap();
    assert_eq!(tea.roles().await, "anna owner, ben admin, dora member");
    let banned = tea.town.chat.banned(&by(&tea.ben), &tea.log).await.unwrap();
    assert_eq!(banned.iter().map(|member| member.who).collect::<Vec<_>>(), [Author::Account(tea.carl.id)]);
    assert_eq!(refused(tea.town.chat.banned(&by(&tea.dora), &tea.log).await), Refusal::Forbidden);
    tea.set(&tea.ben, &tea.carl, None).await.unwrap();
    tea.set(&tea.anna, &tea.dora, Some(Role::Admin)).await.unwrap();
    tea.set(&tea.anna, &tea.ben, Some(Role::Member)).await.unwrap();
    assert_eq!(tea.roles().await, "anna owner, ben member, dora admin");
    tea.set(&tea.anna, &tea.ben, None).await.unwrap();
    assert_eq!(tea.roles().await, "anna owner, dora admin");
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_trace() {
    let tea = Tea::new().await;
    let head = tea.log.head();
    tea.set(&tea.ben, &tea.carl, Some(Role::Member)).await.unwrap();
    assert_eq!(refused(tea.set(&tea.anna, &tea.dora, None).await), Refusal::NoSuchPerson);
    let nobody = Author::Account(AccountId(99));
    for role in [Role::Member, Role::Banned] {
        let set = tea.town.chat.set_role(&by(&tea.anna), &tea.log, nobody, Some(role)).await;
        assert_eq!(refused(set), Refusal::NoSuchPerson, "{role:?}");
        let set = tea.town.chat.set_role(&by(&tea.anna), &tea.log, Author::System, Some(role)).await;
        assert_eq!(refused(set), Refusal::NoSuchPerson, "{role:?}");
    }
    assert_eq!(tea.log.head(), head);
}

#[tokio::test]
async fn all_are_added_or_nobody() {
    let tea = Tea::new().await;
    let (chat, head) = (&tea.town.chat, tea.log.head());
    let mut people: Vec<_> = (0..9).map(|_| named("dora", Role::Member)).collect();
    people.push(named("nobody", Role::Member));
    let add = async |actor, people: &[(String, Role)]| chat.add_members(&by(actor), &tea.log, people).await;
    assert_eq!(refused(add(&tea.anna, &people).await), Refusal::Unknown("nobody".to_owned()));
    let long = [named("dora", Role::Member), named(&"x\u{1b}".repeat(999), Role::Member)];
    let Refusal::Unknown(shown) = refused(add(&tea.anna, &long).await) else { panic!("somebody has that name") };
    assert_eq!(shown.chars().count(), limits::ROOM_NAME_CHARS);
    // The right comes first: who may not add learns nothing of who is there.
    assert_eq!(refused(add(&tea.carl, &people).await), Refusal::Forbidden);
    for role in [Role::Owner, Role::Banned] {
        let people = [named("dora", Role::Member), named("nobody", role)];
        assert_eq!(refused(add(&tea.anna, &people).await), Refusal::Forbidden, "{role:?}");
    }
    assert_eq!(refused(add(&tea.ben, &[named("dora", Role::Admin)]).await), Refusal::Forbidden);
    let crowd: Vec<_> = (0..=limits::ADDED_MEMBERS).map(|_| named("dora", Role::Member)).collect();
    assert!(matches!(refused(add(&tea.anna, &crowd).await), Refusal::TooMany { .. }));
    let members = [named("anna", Role::Member), named("ben", Role::Member), named("CARL", Role::Member)];
    assert_eq!(refused(add(&tea.ben, &members).await), Refusal::AlreadyMember);
    assert_eq!((tea.roles().await.as_str(), tea.log.head()), ("anna owner, ben admin, carl member", head));
    // Who is a member keeps the role, and does not stand in the way of the others.
    let people = [named("ben", Role::Member), named("dora", Role::Admin), named("dora", Role::Member)];
    assert_eq!(add(&tea.anna, &people).await, Ok(1));
    assert_eq!(add(&tea.anna, &[named("carl", Role::Admin)]).await, Ok(1), "a member can be raised");
    assert_eq!(tea.roles().await, "anna owner, ben admin, carl admin, dora member");
    // Being added ends a ban.
    tea.set(&tea.ben, &tea.dora, Some(Role::Banned)).await.unwrap();
    assert_eq!(add(&tea.ben, &[named("dora", Role::Member)]).await, Ok(1));
}

#[tokio::test]
async fn the_last_owner_stays_while_others_are_there() {
    let tea = Tea::new().await;
    let leave = async |who| tea.town.chat.leave(&by(who), &tea.log).await;
    assert_eq!(refused(leave(&tea.anna).await), Refusal::LastOwner);
    for role in [None, Some(Role::Admin), Some(Role::Banned)] {
        assert_eq!(refused(tea.set(&tea.anna, &tea.anna, role).await), Refusal::LastOwner, "{role:?}");
    }
    leave(&tea.ben).await.unwrap();
    assert_eq!(refused(tea.say(&tea.ben, "x").await), Refusal::NotFound);
    // Who is banned does not count.
    tea.set(&tea.anna, &tea.carl, Some(Role::Banned)).await.unwrap();
    assert!(!tea.log.head().closed);
    tea.set(&tea.anna, &tea.anna, None).await.unwrap();
    assert!(tea.log.head().closed, "an owner who is alone takes the room along");
    tea.town.chat.make_group(&by(&tea.dora), "tea").await.unwrap();
}

#[tokio::test]
async fn an_owner_leaves_to_another_one() {
    let tea = Tea::new().await;
    // No verb makes a second owner: a store may hold one all the same.
    tea.town.give_role(tea.log.id(), Author::Account(tea.ben.id), Role::Owner).await;
    tea.town.chat.leave(&by(&tea.anna), &tea.log).await.unwrap();
    let left = tea.town.chat.members(&by(&tea.ben), &tea.log).await.unwrap();
    assert_eq!(left.iter().map(|member| member.role).collect::<Vec<_>>(), [Role::Owner, Role::Member]);
}

#[tokio::test]
async fn rooms_of_two_and_the_lobby_have_their_own_rules() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let (carl, dora) = (by(&tea.carl), Author::Account(tea.dora.id));
    let two = chat.direct_room(&carl, dora).await.unwrap();
    assert_eq!(refused(chat.leave(&carl, &two).await), Refusal::Forbidden);
    for actor in [carl, OPERATOR] {
        assert_eq!(refused(chat.set_role(&actor, &two, dora, Some(Role::Banned)).await), Refusal::Forbidden);
        let add = chat.add_members(&actor, &two, &[named("anna", Role::Member)]).await;
        assert_eq!(refused(add), Refusal::Forbidden);
    }
    let lobby = chat.find(&carl, RoomRef::Id(LOBBY)).await.unwrap();
    chat.leave(&carl, &lobby).await.unwrap();
    // It is open still, but who does not belong to it is told of no members.
    crate::say(&tea.town, &carl, &lobby, "hi").await.unwrap();
    assert_eq!(refused(chat.members(&carl, &lobby).await), Refusal::Forbidden);
    assert_eq!(refused(chat.leave(&carl, &lobby).await), Refusal::Forbidden);
    assert_eq!(refused(chat.leave(&guest(1), &lobby).await), Refusal::Forbidden);
    chat.set_role(&OPERATOR, &lobby, dora, Some(Role::Banned)).await.unwrap();
    assert_eq!(refused(crate::say(&tea.town, &by(&tea.dora), &lobby, "hi").await), Refusal::NotFound);
    chat.set_role(&OPERATOR, &lobby, Author::Guest(GuestId(1)), Some(Role::Banned)).await.unwrap();
    assert_eq!(refused(crate::say(&tea.town, &guest(1), &lobby, "hi").await), Refusal::NotFound);
    crate::say(&tea.town, &guest(2), &lobby, "hi").await.unwrap();
}

#[tokio::test]
async fn nothing_after_a_removal_is_read() {
    let tea = Tea::new().await;
    let (chat, carl) = (&tea.town.chat, by(&tea.carl));
    let mut cursor = chat.attach(&carl, &tea.log, None).await.unwrap();
    tea.say(&tea.anna, "one").await.unwrap();
    let mut polls = tokio::task::JoinSet::new();
    {
        let (chat, log) = (chat.clone(), tea.log.clone());
        polls.spawn(async move { chat.message(&carl, &log, Number(9)).await });
    }
    tea.town.settle().await;
    assert!(polls.try_join_next().is_none(), "it hangs");
    tea.set(&tea.ben, &tea.carl, None).await.unwrap();
    tea.say(&tea.anna, "two").await.unwrap();
    let Next::Events(slots) = cursor.next(99).await.unwrap() else { panic!("nothing") };
    let last = slots.last().unwrap().event();
    assert!(matches!(last.body, parlor_core::event::Body::Member { role: None, .. }), "{last:?}");
    assert!(matches!(cursor.next(99).await.unwrap(), Next::End(End::Removed)));
    // The poll does not hang until its message comes.
    tea.town.settle().await;
    let answer = polls.try_join_next().expect("it has ended").unwrap();
    assert_eq!(refused(answer), Refusal::NotFound);
}

#[tokio::test]
async fn a_role_is_remembered_until_an_event_changes_it() {
    let tea = Tea::new().await;
    let who = Author::Account(tea.carl.id);
    tea.say(&tea.carl, "one").await.unwrap();
    // Behind the node's back, as another node would do it: as long as its event is not here, nothing has happened.
    let seq = {
        use parlor_core::event::{Appended, Body, Draft, NameChoice};
        let name = NameChoice::Given(parlor_core::text::DisplayName::stored("parlor".to_owned()));
        let body = Body::Member { who, role: None };
        let now = parlor_core::ids::Timestamp(1);
        let draft = Draft { room: tea.log.id(), author: Author::System, name, body, key: None, now };
        let appended = tea.town.store.append(vec![draft]).await.unwrap().remove(0);
        let Appended::New { event, .. } = appended else { panic!("{appended:?}") };
        event.seq
    };
    tea.town.chat.may_read(&by(&tea.carl), &tea.log).await.unwrap();
    tea.town.chat.heard(tea.log.id(), seq).await.unwrap();
    assert_eq!(refused(tea.say(&tea.carl, "two").await), Refusal::NotFound);
}

#[tokio::test]
async fn the_rooms_that_one_person_belongs_to_are_bounded() {
    let tea = Tea::new().await;
    let (chat, dora) = (&tea.town.chat, Author::Account(tea.dora.id));
    // Rooms of two do not count.
    for handle in ["anna", "ben"] {
        let other = chat.account_named(handle).await.unwrap().unwrap();
        chat.direct_room(&by(&tea.dora), Author::Account(other.id)).await.unwrap();
    }
    // One is the lobby.
    for _ in 1..limits::ROOMS_BELONGED {
        let log = chat.open_room(&OPERATOR, parlor_core::chat::RoomPlan::default()).await.unwrap();
        chat.set_role(&OPERATOR, &log, dora, Some(Role::Member)).await.unwrap();
    }
    let full = Refusal::TooMany { what: "rooms that one person belongs to", limit: limits::ROOMS_BELONGED };
    assert_eq!(refused(tea.set(&tea.anna, &tea.dora, Some(Role::Member)).await), full);
    assert_eq!(refused(chat.add_members(&by(&tea.anna), &tea.log, &[named("dora", Role::Member)]).await), full);
    assert_eq!(refused(chat.make_group(&by(&tea.dora), "own").await), full);
    let question = tea.town.tea_room("tea").await;
    assert_eq!(refused(chat.enter(&by(&tea.dora), &question, Some("tea")).await), full);
}
