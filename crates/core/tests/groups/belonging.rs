//! Who belongs to a room, and to which rooms somebody belongs.

use parlor_core::event::Author;
use parlor_core::ids::{AccountId, LOBBY};
use parlor_core::limits::MEMBERS_ASKED_SINGLY;
use parlor_core::room::{Role, RoomRef};
use parlor_core::{Actor, Refusal};

use crate::world::{OPERATOR, Town, by, guest, refused};
use crate::{Tea, named};

#[tokio::test]
async fn members_see_each_other_by_handle() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    for who in [&tea.anna, &tea.ben, &tea.carl] {
        assert_eq!(chat.members(&by(who), &tea.log).await.unwrap().len(), 3);
    }
    let lobby = chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
    for actor in [guest(1), Actor::stranger(None)] {
        assert_eq!(refused(chat.members(&actor, &lobby).await), Refusal::Forbidden);
    }
    let handles = |members: Vec<parlor_core::chat::Member>| -> Vec<String> {
        members.into_iter().map(|member| member.identity.handle.unwrap().as_str().to_owned()).collect()
    };
    assert_eq!(handles(chat.members(&by(&tea.dora), &lobby).await.unwrap()), ["anna", "ben", "carl", "dora"]);
    chat.remove_account(&OPERATOR, tea.carl.id).await.unwrap();
    assert_eq!(handles(chat.members(&by(&tea.ben), &tea.log).await.unwrap()), ["anna", "ben"]);
}

#[tokio::test]
async fn a_crowd_is_listed_as_well_as_a_few() {
    let town = Town::new().await;
    let count = MEMBERS_ASKED_SINGLY + 30;
    for number in 1..=count {
        let id = Some(AccountId(number as u64));
        town.chat.add_account(&OPERATOR, id, &format!("m{number:04}"), Some("x")).await.unwrap();
    }
    let log = town.tea_room("tea").await;
    let lobby = town.chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
    town.chat.enter(&guest(9), &log, Some("tea")).await.unwrap();
    for number in [3, 2] {
        let who = Author::Account(AccountId(number));
        town.chat.set_role(&OPERATOR, &log, who, Some(Role::Admin)).await.unwrap();
    }
    let names = async |log| -> Vec<String> {
        let members = town.chat.members(&OPERATOR, log).await.unwrap();
        members.iter().map(|member| member.identity.name.as_str().to_owned()).collect()
    };
    assert_eq!(names(&log).await, ["m0002", "m0003", "guest-9"]);
    let all: Vec<String> = (1..=count).map(|number| format!("m{number:04}")).collect();
    assert_eq!(names(&lobby).await, all);
}

#[tokio::test]
async fn somebodys_rooms_are_those_with_a_role() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    chat.direct_room(&by(&tea.carl), Author::Account(tea.anna.id)).await.unwrap();
    let groups = async |actor: Actor| -> Vec<(u64, Role)> {
        let groups = chat.groups(&actor).await.unwrap();
        groups.iter().map(|(log, role)| (log.id().0, *role)).collect()
    };
    let id = tea.log.id().0;
    assert_eq!(groups(by(&tea.anna)).await, [(1, Role::Member), (id, Role::Owner)]);
    assert_eq!(groups(by(&tea.carl)).await, [(1, Role::Member), (id, Role::Member)]);
    tea.set(&tea.ben, &tea.carl, Some(Role::Banned)).await.unwrap();
    assert_eq!(groups(by(&tea.carl)).await, [(1, Role::Member)]);
    chat.close(&by(&tea.anna), &tea.log, None).await.unwrap();
    assert_eq!(groups(by(&tea.anna)).await, [(1, Role::Member)]);
    for nobody in [guest(1), Actor::stranger(None), OPERATOR] {
        assert_eq!(groups(nobody).await, []);
    }
}

#[tokio::test]
async fn who_is_here_hears_of_a_role() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let connection = chat.connect("test", None);
    connection.log_in(&tea.dora).await.unwrap();
    let inbox = connection.inbox();
    let (version, roles) = (inbox.version(), inbox.roles_version());
    chat.add_members(&by(&tea.anna), &tea.log, &[named("dora", Role::Member)]).await.unwrap();
    assert_eq!((inbox.version(), inbox.roles_version()), (version + 1, roles + 1));
    tea.set(&tea.anna, &tea.dora, Some(Role::Banned)).await.unwrap();
    assert_eq!(inbox.roles_version(), roles + 2);
    // A room of two is not a role.
    chat.direct_room(&by(&tea.anna), Author::Account(tea.dora.id)).await.unwrap();
    assert_eq!((inbox.version(), inbox.roles_version()), (version + 3, roles + 2));
}
