use parlor_core::Refusal;
use parlor_core::chat::NewPerson;
use parlor_core::ids::AccountId;
use parlor_core::limits::Limits;
use parlor_core::model::FIRST_ACCOUNT;
use std::time::Duration;

use crate::support::at_once;
use crate::world::{OPERATOR, Town, by, from, refused};

#[tokio::test]
async fn who_registers_is_a_member_of_the_lobby_and_may_log_in() {
    let town = Town::new().await;
    let before = town.lobby.head().seq;
    let new = NewPerson { handle: "Adrian", name: Some("Adrian van den Houten".as_bytes()), password: Some("tea") };
    let adrian = town.chat.register(from(1), new).await.unwrap();
    assert_eq!((adrian.id, adrian.handle.as_str(), adrian.operator), (FIRST_ACCOUNT, "adrian", false));
    assert_eq!(adrian.display_name.as_str(), "Adrian van den Houten");
    assert_eq!(town.lobby.head().seq, before.next());
    assert_eq!(town.chat.check_password("adrian", Some("tea"), from(1)).await, Ok(adrian.clone()));
    let josie = town.register("josie", Some("x")).await.unwrap();
    assert_eq!(josie.display_name.as_str(), "josie");
    let handles = town.chat.handles(&by(&josie)).await.unwrap();
    assert_eq!(handles.iter().map(|handle| handle.as_str()).collect::<Vec<_>>(), ["adrian", "josie"]);
    assert_eq!(refused(town.chat.handles(&parlor_core::Actor::stranger(None)).await), Refusal::NotLoggedIn);
}

#[tokio::test]
async fn what_cannot_be_had_costs_no_hashing() {
    let town = Town::new().await;
    town.register("adrian", Some("tea")).await.unwrap();
    let hashed = town.passwords.hashed();
    let reserved = Refusal::BadName("this name is reserved");
    for (handle, password, expected) in [
        ("adrian", Some("x"), Refusal::NameTaken),
        ("ADRIAN", Some("x"), Refusal::NameTaken),
        ("lobby", Some("x"), Refusal::NameTaken),
        ("root", Some("x"), reserved.clone()),
        ("adrnin", Some("x"), reserved),
        ("ben", None, Refusal::NoPassword),
        ("ben", Some(""), Refusal::BadPassword),
        ("ben", Some("x".repeat(1_000_000).as_str()), Refusal::BadPassword),
    ] {
        assert_eq!(refused(town.register(handle, password).await), expected, "{handle}");
    }
    let bad = refused(town.register("аdrian", Some("x")).await);
    assert!(matches!(bad, Refusal::BadName(_)), "{bad}");
    let shown = NewPerson { handle: "ben", name: Some(b"a\nb"), password: Some("x") };
    assert!(matches!(refused(town.chat.register(None, shown).await), Refusal::BadCharacter { .. }));
    assert_eq!(town.passwords.hashed(), hashed);
}

#[tokio::test]
async fn look_alikes_of_an_account_are_taken() {
    let town = Town::new().await;
    town.register("modern-al", Some("tea")).await.unwrap();
    for handle in ["MODERN-AL", "modem-al", "m0dern_a1"] {
        assert_eq!(refused(town.register(handle, Some("x")).await), Refusal::NameTaken, "{handle}");
        let added = town.chat.add_account(&OPERATOR, None, handle, Some("x")).await;
        assert_eq!(refused(added), Refusal::NameTaken, "{handle}");
    }
    let terminal = town.chat.connect("term", None);
    assert_eq!(refused(terminal.take_name("modem-al").await), Refusal::NameTaken);
}

#[tokio::test]
async fn nobody_is_shown_under_what_looks_like_somebody_elses_handle() {
    let town = Town::new().await;
    let anna = town.register("anna", Some("tea")).await.unwrap();
    town.register("paul", Some("tea")).await.unwrap();
    let ben = town.register("ben", Some("tea")).await.unwrap();
    let named = |name: &'static str| {
        let chat = town.chat.clone();
        async move {
            let new = NewPerson { handle: "eve", name: Some(name.as_bytes()), password: Some("x") };
            refused(chat.register(None, new).await)
        }
    };
    // Latin, Cyrillic, with a joiner inside, full width, capital I for l.
    for name in ["Anna", "аnnа", "an\u{200d}na", "ａｎｎａ", "PauI", "pau1"] {
        assert_eq!(named(name).await, Refusal::NameTaken, "{name}");
        assert_eq!(refused(town.chat.set_display_name(&by(&ben), name.as_bytes()).await), Refusal::NameTaken, "{name}");
    }
    for name in ["Admin", "аdmin", "r00t", "SYSTEM", "guest-7"] {
        assert_eq!(named(name).await, Refusal::BadName("this name is reserved"), "{name}");
    }
    for own in ["ANNA", "Anna", "Anna B.", "ALI", "Zoë", "山田"] {
        assert_eq!(town.chat.set_display_name(&by(&anna), own.as_bytes()).await, Ok(()), "{own}");
    }
}

#[tokio::test]
async fn without_a_password_only_where_that_is_allowed() {
    let town = Town::passwordless().await;
    let josie = town.register("josie", None).await.unwrap();
    assert_eq!(town.chat.check_password("josie", None, from(1)).await, Ok(josie.clone()));
    assert_eq!(refused(town.chat.check_password("josie", Some("x"), from(1)).await), Refusal::BadLogin);
    let anna = town.register("anna", Some("tea")).await.unwrap();
    for nobody in ["anna", "nobody", "no name"] {
        assert_eq!(refused(town.chat.check_password(nobody, None, from(1)).await), Refusal::BadLogin, "{nobody}");
    }
    // What was made there is shut elsewhere.
    let token = town.session(&josie, "x").await.0;
    let town = town.again(Limits::without_rates()).await;
    assert_eq!(refused(town.chat.check_password("josie", None, from(1)).await), Refusal::BadLogin);
    assert!(town.resume(&token).await.is_some(), "a session is not ended by that");
    assert_eq!(town.chat.change_password(&by(&josie), None, Some("now"), None).await, Ok(()));
    assert!(town.chat.check_password("josie", Some("now"), from(1)).await.is_ok());
    assert_eq!(refused(town.chat.change_password(&by(&anna), Some("tea"), None, None).await), Refusal::NoPassword);
}

#[tokio::test]
async fn an_address_registers_no_more_than_its_share_and_failures_do_not_count() {
    let limits = Limits { registrations_per_hour_per_address: 2, ..Limits::without_rates() };
    let town = Town::with(limits).await;
    town.register("a", Some("x")).await.unwrap();
    for _ in 0..5 {
        assert_eq!(refused(town.register("a", Some("x")).await), Refusal::NameTaken);
    }
    town.register("b", Some("x")).await.unwrap();
    let hashed = town.passwords.hashed();
    let wait = Refusal::TooFast { retry_after: Duration::from_secs(1_800) };
    assert_eq!(refused(town.register("c", Some("x")).await), wait);
    assert_eq!(town.passwords.hashed(), hashed);
    assert!(town.chat.add_account(&OPERATOR, None, "d", Some("x")).await.is_ok(), "the operator has no rate");
    let elsewhere = NewPerson { handle: "c", name: None, password: Some("x") };
    assert!(town.chat.register(from(2), elsewhere).await.is_ok());
    town.hands.turn(1_800);
    assert!(town.register("e", Some("x")).await.is_ok());
}

/// While its password was hashed, a terminal could take the name, and then there were two of it.
#[tokio::test]
async fn a_name_that_an_account_is_being_made_of_is_nobody_elses() {
    let town = Town::new().await;
    let chat = town.chat.clone();
    town.passwords.during_next(move || {
        let terminal = chat.connect("term", None);
        assert_eq!(refused(at_once(terminal.take_name("anna"))), Refusal::NameTaken);
        let second = NewPerson { handle: "anna", name: None, password: Some("y") };
        assert_eq!(refused(at_once(chat.register(None, second))), Refusal::NameTaken);
        assert_eq!(at_once(chat.person_named("anna")), Ok(None), "nobody has it yet");
    });
    town.register("anna", Some("x")).await.unwrap();
    let terminal = town.chat.connect("term", None);
    assert!(matches!(terminal.take_name("anna").await, Ok(parlor_core::connections::NameIs::Account(_))));
}

#[tokio::test]
async fn a_name_whose_account_was_not_made_is_free_again() {
    let town = Town::new().await;
    town.add("ben", "x").await;
    let taken = town.chat.add_account(&OPERATOR, Some(AccountId(0)), "anna", Some("x")).await;
    assert_eq!(refused(taken), Refusal::NumberTaken);
    assert!(town.chat.connect("term", None).take_name("anna").await.is_ok());
    assert!(town.register("anna", Some("x")).await.is_ok(), "the terminal that had it is gone");
}
