use parlor_core::connections::NameIs;
use parlor_core::event::Author;
use parlor_core::{Error, Refusal};

use crate::world::town;

#[tokio::test]
async fn a_name_is_one_connections_until_it_ends() {
    let town = town().await;
    let [a, b] = [town.chat.connect("term", None), town.chat.connect("term", None)];
    assert_ne!(a.id(), b.id());
    assert_eq!(a.take_name("anna").await, Ok(NameIs::Yours));
    assert_eq!(b.take_name("anna").await, Err(Error::Refused(Refusal::NameTaken)));
    let anna = a.identity().who;
    assert!(a.identity().holds_name && anna.is_some());
    assert_eq!(town.chat.person_named("anna").await, Ok(anna));
    assert!(town.chat.connected(a.id()).is_some());
    let id = a.id();
    drop(a);
    assert_eq!(town.chat.person_named("anna").await, Ok(None));
    assert_eq!(town.chat.connected(id), None);
    assert_eq!(b.take_name("anna").await, Ok(NameIs::Yours));
    assert_ne!(b.identity().who, anna, "another guest");
}

#[tokio::test]
async fn what_is_no_name_or_reserved_or_a_rooms_is_refused() {
    let town = town().await;
    let connection = town.chat.connect("term", None);
    for name in ["", "ab", "Anna", "anna b", "ann\u{1b}[2J", "änna", "everyone", "guest-7", "x".repeat(31).as_str()] {
        let refused = connection.take_name(name).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::BadName(_)))), "{name:?}: {refused:?}");
    }
    assert_eq!(connection.take_name("lobby").await, Err(Error::Refused(Refusal::NameTaken)));
    assert_eq!(connection.identity().who, None, "a refused name changes nothing");
}

#[tokio::test]
async fn a_guest_without_a_name_is_found_by_its_number_while_it_is_here() {
    let town = town().await;
    let connection = town.chat.connect("term", None);
    connection.be_guest().await.unwrap();
    let identity = connection.identity();
    let Some(Author::Guest(id)) = identity.who else { panic!("{identity:?} is no guest") };
    assert_eq!(identity.name.as_str(), format!("guest-{id}"));
    assert_eq!(town.chat.person_named(&format!("guest-{id}")).await, Ok(identity.who));
    drop(connection);
    assert_eq!(town.chat.person_named(&format!("guest-{id}")).await, Ok(None));
}
