//! Invitations.

use std::time::Duration;

use parlor_core::event::Author;
use parlor_core::limits::INVITATIONS;
use parlor_core::room::Role;
use parlor_core::{Actor, Refusal};
use tokio::task::JoinSet;

use crate::world::{OPERATOR, by, guest, refused};
use crate::{Tea, named};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn who_has_the_token_becomes_a_member_once() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let token = chat.invite(&by(&tea.ben), &tea.log, Some(1), HOUR).await.unwrap();
    assert_eq!(token.len(), 32);
    for actor in [guest(1), Actor::stranger(None), OPERATOR] {
        assert_eq!(refused(chat.accept_invitation(&actor, &token).await), Refusal::NotLoggedIn);
    }
    let invited = chat.invitation(&token).await.unwrap();
    assert_eq!((invited.log.id(), invited.by.as_str()), (tea.log.id(), "ben"));
    // Who belongs to it already uses nothing up.
    chat.accept_invitation(&by(&tea.carl), &token).await.unwrap();
    let log = chat.accept_invitation(&by(&tea.dora), &token).await.unwrap();
    assert_eq!(log.id(), tea.log.id());
    tea.say(&tea.dora, "hello").await.unwrap();
    assert_eq!(tea.roles().await, "anna owner, ben admin, carl member, dora member");
    let head = tea.log.head();
    chat.accept_invitation(&by(&tea.dora), &token).await.unwrap();
    assert_eq!(tea.log.head(), head, "a repeat is answered like the first");
    let eve = tea.town.account("eve").await;
    assert_eq!(refused(chat.accept_invitation(&by(&eve), &token).await), Refusal::NotFound);
    assert_eq!(refused(chat.invitation(&token).await), Refusal::NotFound);
}

#[tokio::test]
async fn of_fifty_at_once_one_comes_in() {
    let tea = Tea::new().await;
    let token = tea.town.chat.invite(&by(&tea.anna), &tea.log, Some(1), HOUR).await.unwrap();
    let mut tries = JoinSet::new();
    for number in 0..50 {
        let who = tea.town.account(&format!("e{number}")).await;
        let (chat, token) = (tea.town.chat.clone(), token.clone());
        tries.spawn(async move { chat.accept_invitation(&by(&who), &token).await.is_ok() });
    }
    let came = tries.join_all().await.into_iter().filter(|came| *came).count();
    assert_eq!(came, 1);
    assert_eq!(tea.town.chat.members(&by(&tea.anna), &tea.log).await.unwrap().len(), 4);
}

#[tokio::test]
async fn an_invitation_ends() {
    let tea = Tea::new().await;
    let (chat, dora) = (&tea.town.chat, by(&tea.dora));
    let accept = async |token: &str| refused(chat.accept_invitation(&dora, token).await);
    // With time.
    let token = chat.invite(&by(&tea.anna), &tea.log, None, HOUR).await.unwrap();
    tea.town.hands.turn(3_600);
    assert_eq!(accept(&token).await, Refusal::NotFound);
    assert_eq!(refused(chat.invitation(&token).await), Refusal::NotFound);
    assert_eq!(chat.invitations(&by(&tea.anna), &tea.log).await.unwrap(), []);
    // By whoever may make them, and by nobody else.
    let token = chat.invite(&by(&tea.anna), &tea.log, None, HOUR).await.unwrap();
    let [open] = &chat.invitations(&by(&tea.ben), &tea.log).await.unwrap()[..] else { panic!("one") };
    assert_eq!((open.by.as_str(), open.uses, open.expires.0 - open.created.0), ("anna", None, 3_600_000_000));
    assert!(!open.id.contains(&token));
    assert_eq!(refused(chat.end_invitation(&by(&tea.carl), &tea.log, &open.id).await), Refusal::Forbidden);
    let other = chat.make_group(&by(&tea.dora), "coffee").await.unwrap();
    assert_eq!(refused(chat.end_invitation(&dora, &other, &open.id).await), Refusal::NotFound);
    chat.end_invitation(&by(&tea.ben), &tea.log, &open.id).await.unwrap();
    assert_eq!(accept(&token).await, Refusal::NotFound);
    // With the right of who made it.
    let by_ben = chat.invite(&by(&tea.ben), &tea.log, None, HOUR).await.unwrap();
    tea.set(&tea.anna, &tea.ben, Some(Role::Member)).await.unwrap();
    assert_eq!(accept(&by_ben).await, Refusal::NotFound);
    assert_eq!(refused(chat.invitation(&by_ben).await), Refusal::NotFound);
    // With the room.
    let token = chat.invite(&by(&tea.anna), &tea.log, None, HOUR).await.unwrap();
    chat.close(&by(&tea.anna), &tea.log, None).await.unwrap();
    assert_eq!(accept(&token).await, Refusal::NotFound);
}

#[tokio::test]
async fn what_is_no_token_opens_nothing() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let token = chat.invite(&by(&tea.anna), &tea.log, None, HOUR).await.unwrap();
    let upper = token.to_uppercase();
    for wrong in ["", "x", &token[1..], &format!("{token}0"), &format!("{}g", &token[1..]), &"0".repeat(32)] {
        assert_eq!(refused(chat.accept_invitation(&by(&tea.dora), wrong).await), Refusal::NotFound, "{wrong:?}");
        assert_eq!(refused(chat.invitation(wrong).await), Refusal::NotFound, "{wrong:?}");
    }
    if upper != token {
        assert_eq!(refused(chat.invitation(&upper).await), Refusal::NotFound);
    }
}

#[tokio::test]
async fn only_who_may_invite_makes_them() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let invite = async |actor: Actor| refused(chat.invite(&actor, &tea.log, None, HOUR).await);
    assert_eq!(invite(by(&tea.carl)).await, Refusal::Forbidden);
    for outside in [by(&tea.dora), guest(1), Actor::stranger(None)] {
        assert_eq!(invite(outside).await, Refusal::NotFound);
    }
    let two = chat.direct_room(&by(&tea.carl), Author::Account(tea.dora.id)).await.unwrap();
    assert_eq!(refused(chat.invite(&OPERATOR, &two, None, HOUR).await), Refusal::Forbidden);
    for _ in 0..INVITATIONS {
        chat.invite(&by(&tea.ben), &tea.log, Some(0), HOUR).await.unwrap();
    }
    let full = Refusal::TooMany { what: "invitations to one room", limit: INVITATIONS };
    assert_eq!(invite(by(&tea.anna)).await, full);
    let open = chat.invitations(&by(&tea.anna), &tea.log).await.unwrap();
    assert!(open.iter().all(|invitation| invitation.uses == Some(1)), "nobody means to invite nobody");
}

#[tokio::test]
async fn who_is_banned_is_not_let_in_by_one() {
    let tea = Tea::new().await;
    let chat = &tea.town.chat;
    let token = chat.invite(&by(&tea.anna), &tea.log, None, HOUR).await.unwrap();
    tea.set(&tea.anna, &tea.dora, Some(Role::Banned)).await.unwrap();
    assert_eq!(refused(chat.accept_invitation(&by(&tea.dora), &token).await), Refusal::NotFound);
    // An admin who is banned leaves no way in behind.
    let by_ben = chat.invite(&by(&tea.ben), &tea.log, None, HOUR).await.unwrap();
    tea.set(&tea.anna, &tea.ben, Some(Role::Banned)).await.unwrap();
    chat.add_members(&by(&tea.anna), &tea.log, &[named("ben", Role::Admin)]).await.unwrap();
    assert_eq!(refused(chat.invitation(&by_ben).await), Refusal::NotFound);
}
