//! Guests and sessions.

use std::sync::Arc;

use parlor_core::account::{Guest, Session, TokenHash};
use parlor_core::event::{Appended, Author, Body, Draft, NameChoice};
use parlor_core::ids::{AccountId, GuestId, LOBBY, RoomId, Timestamp};
use parlor_core::ports::Store;
use parlor_core::room::SettingsChange;

use crate::fixture::{GUEST, SECRET, append, draft, make_account, message, name};

pub(crate) async fn guest_numbers_are_given_once(store: Arc<dyn Store>) {
    assert_eq!(store.reserve_guests(256).await.unwrap(), GuestId(1));
    assert_eq!(store.reserve_guests(1).await.unwrap(), GuestId(257));
    assert_eq!(store.reserve_guests(10).await.unwrap(), GuestId(258));
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), None);
}

async fn speak(store: &dyn Store, choice: NameChoice, body: Body) -> String {
    let draft = Draft { author: GUEST, name: choice, ..draft(LOBBY, body) };
    let Appended::New { event, .. } = append(store, draft).await else { panic!("not appended") };
    event.name.as_str().to_owned()
}

pub(crate) async fn a_guests_name_is_remembered_by_its_messages(store: Arc<dyn Store>) {
    let given = |text: &str| NameChoice::Given(name(text));
    let remembered = |text: &str| NameChoice::RememberedOr(name(text));
    let other = || Body::Settings(SettingsChange::default());
    let guest = |remembered: Option<&str>| Guest { id: GuestId(1), name: remembered.map(name), account: None };
    assert_eq!(speak(&*store, given("Zoë"), other()).await, "Zoë");
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), None);
    assert_eq!(speak(&*store, remembered("guest-1"), message("a")).await, "guest-1");
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), Some(guest(None)));
    assert_eq!(speak(&*store, given("Ann"), message("b")).await, "Ann");
    assert_eq!(speak(&*store, remembered("guest-1"), message("c")).await, "Ann");
    assert_eq!(speak(&*store, remembered("guest-1"), other()).await, "Ann");
    assert_eq!(speak(&*store, given("other"), other()).await, "other");
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), Some(guest(Some("Ann"))));
    assert_eq!(speak(&*store, given("Bea"), message("d")).await, "Bea");
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), Some(guest(Some("Bea"))));
    // A refused draft teaches nothing, and an account's name is not a guest's.
    let refused = Draft { author: GUEST, name: given("Cat"), ..draft(RoomId(9), message("x")) };
    assert_eq!(append(&*store, refused).await, Appended::NoRoom);
    append(&*store, Draft { author: Author::Account(AccountId(1)), ..draft(LOBBY, message("x")) }).await;
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), Some(guest(Some("Bea"))));
}

pub(crate) async fn a_guest_is_claimed_once(store: Arc<dyn Store>) {
    let (bob, eve) = (make_account(&*store, None, "bob").await.id, make_account(&*store, None, "eve").await.id);
    speak(&*store, NameChoice::Given(name("Zoë")), message("a")).await;
    assert!(!store.claim_guest(GuestId(1), AccountId(5)).await.unwrap());
    assert!(store.claim_guest(GuestId(1), bob).await.unwrap());
    assert!(!store.claim_guest(GuestId(1), bob).await.unwrap());
    assert!(!store.claim_guest(GuestId(1), eve).await.unwrap());
    assert!(store.claim_guest(GuestId(2), bob).await.unwrap());
    let claimed = Guest { id: GuestId(1), name: Some(name("Zoë")), account: Some(bob) };
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), Some(claimed));
    // A new name leaves the claim, and so does the end of the account: the past is nobody else's.
    speak(&*store, NameChoice::Given(name("Bea")), message("b")).await;
    store.remove_account(bob, Timestamp(0)).await.unwrap();
    let claimed = Guest { id: GuestId(1), name: Some(name("Bea")), account: Some(bob) };
    assert_eq!(store.guest(GuestId(1)).await.unwrap(), Some(claimed));
    assert!(!store.claim_guest(GuestId(1), eve).await.unwrap());
}

pub(crate) async fn a_claim_is_told(store: Arc<dyn Store>) {
    let (bob, eve) = (make_account(&*store, None, "bob").await.id, make_account(&*store, None, "eve").await.id);
    assert_eq!(store.guests_of(bob).await.unwrap(), []);
    speak(&*store, NameChoice::Given(name("Zoë")), message("a")).await;
    for (guest, account) in [(9, bob), (1, bob), (3, eve)] {
        assert!(store.claim_guest(GuestId(guest), account).await.unwrap());
    }
    assert!(!store.claim_guest(GuestId(3), bob).await.unwrap());
    assert_eq!(store.guests_of(bob).await.unwrap(), [GuestId(1), GuestId(9)]);
    assert_eq!(store.guests_of(eve).await.unwrap(), [GuestId(3)]);
}

pub(crate) async fn sessions_begin_are_used_and_end(store: Arc<dyn Store>) {
    let bob = make_account(&*store, None, "bob").await.id;
    let session = |token: u8, used: i64| Session {
        token: TokenHash([token; 32]),
        account: bob,
        label: format!("door {token}"),
        created: Timestamp(10),
        used: Timestamp(used),
        expires: Timestamp(100),
    };
    for (token, used) in [(1, 20), (2, 30), (3, 20)] {
        assert!(store.create_session(session(token, used)).await.unwrap());
    }
    assert!(!store.create_session(session(1, 99)).await.unwrap());
    assert!(!store.create_session(Session { account: AccountId(1), ..session(9, 20) }).await.unwrap());
    assert_eq!(store.session(TokenHash([1; 32])).await.unwrap(), Some(session(1, 20)));
    assert_eq!(store.session(TokenHash([9; 32])).await.unwrap(), None);
    assert_eq!(store.sessions(bob).await.unwrap(), [session(2, 30), session(1, 20), session(3, 20)]);
    assert!(store.touch_session(TokenHash([3; 32]), Timestamp(40), Timestamp(140)).await.unwrap());
    assert!(!store.touch_session(TokenHash([9; 32]), Timestamp(40), Timestamp(140)).await.unwrap());
    let touched = Session { expires: Timestamp(140), ..session(3, 40) };
    assert_eq!(store.sessions(bob).await.unwrap(), [touched, session(2, 30), session(1, 20)]);
    assert!(store.end_session(TokenHash([2; 32])).await.unwrap());
    assert!(!store.end_session(TokenHash([2; 32])).await.unwrap());
    assert_eq!(store.sessions(bob).await.unwrap().len(), 2);
    store.remove_account(bob, Timestamp(0)).await.unwrap();
    assert_eq!(store.sessions(bob).await.unwrap(), []);
    assert_eq!(store.session(TokenHash([1; 32])).await.unwrap(), None);
}

pub(crate) async fn many_sessions_end_at_once(store: Arc<dyn Store>) {
    let (bob, eve) = (make_account(&*store, None, "bob").await.id, make_account(&*store, None, "eve").await.id);
    for (token, account, expires) in [(3, bob, 100), (1, bob, 101), (2, bob, 99), (4, eve, 100), (5, bob, 200)] {
        let (created, used) = (Timestamp(10), Timestamp(i64::from(token)));
        let (token, expires) = (TokenHash([token; 32]), Timestamp(expires));
        let session = Session { token, account, label: String::new(), created, used, expires };
        assert!(store.create_session(session).await.unwrap());
    }
    let tokens = async |account| {
        let sessions = store.sessions(account).await.unwrap();
        sessions.iter().map(|session| session.token.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(store.expire_sessions(Timestamp(98)).await.unwrap(), 0);
    assert_eq!(store.expire_sessions(Timestamp(99)).await.unwrap(), 1);
    assert_eq!(tokens(bob).await, [5, 3, 1]);
    let ended = store.end_sessions(bob, Some(TokenHash([5; 32]))).await.unwrap();
    assert_eq!(ended, [TokenHash([1; 32]), TokenHash([3; 32])]);
    assert_eq!((tokens(bob).await, tokens(eve).await), (vec![5], vec![4]));
    assert_eq!(store.end_sessions(bob, Some(TokenHash([5; 32]))).await.unwrap(), []);
    // Somebody else's session saves none.
    assert_eq!(store.end_sessions(bob, Some(TokenHash([4; 32]))).await.unwrap(), [TokenHash([5; 32])]);
    assert_eq!(store.end_sessions(AccountId(9), None).await.unwrap(), []);
    assert_eq!(store.expire_sessions(Timestamp(i64::MAX)).await.unwrap(), 1);
    assert_eq!(tokens(eve).await, []);
}

pub(crate) async fn the_secret_stays(store: Arc<dyn Store>) {
    store.reserve_guests(3).await.unwrap();
    make_account(&*store, None, "bob").await;
    assert_eq!(store.secret().await.unwrap(), SECRET);
}
