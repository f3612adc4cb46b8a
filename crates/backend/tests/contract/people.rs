//! Guests, accounts, sessions, marks.

use std::sync::Arc;

use parlor_core::account::{Account, Guest, ReadMark, Session, TokenHash};
use parlor_core::event::{Appended, Author, Body, Draft, NameChoice};
use parlor_core::ids::{AccountId, GuestId, LOBBY, Number, RoomId, Timestamp};
use parlor_core::model::FIRST_ACCOUNT;
use parlor_core::ports::Store;
use parlor_core::room::SettingsChange;

use crate::fixture::{
    GUEST, SECRET, add, append, draft, handle, make_account, make_room, message, name, new_account, new_room,
};

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

pub(crate) async fn accounts_are_made_found_changed_and_removed(store: Arc<dyn Store>) {
    let mut new = new_account(Some(7), "bob");
    new.password = Some("$argon2id$...".to_owned());
    let bob = store.create_account(new).await.unwrap().unwrap();
    let expected = Account {
        id: AccountId(7),
        handle: handle("bob"),
        display_name: name("bob"),
        password: Some("$argon2id$...".to_owned()),
        disabled: false,
        created: Timestamp(3_000),
    };
    assert_eq!(bob, expected);
    assert_eq!(store.account(AccountId(7)).await.unwrap(), Some(bob.clone()));
    assert_eq!(store.account_by_handle(handle("BOB")).await.unwrap(), Some(bob.clone()));
    assert_eq!(store.account(AccountId(8)).await.unwrap(), None);
    assert_eq!(store.account_by_handle(handle("bo")).await.unwrap(), None);
    let changed = Account {
        display_name: name("Bob B."),
        password: None,
        disabled: true,
        // These two stay whatever is said of them.
        handle: handle("eve"),
        created: Timestamp(1),
        ..bob.clone()
    };
    assert!(store.update_account(changed).await.unwrap());
    let expected = Account { display_name: name("Bob B."), password: None, disabled: true, ..bob.clone() };
    assert_eq!(store.account(AccountId(7)).await.unwrap(), Some(expected.clone()));
    assert!(!store.update_account(Account { id: AccountId(8), ..bob }).await.unwrap());
    let (amy, zed) = (make_account(&*store, None, "amy").await, make_account(&*store, None, "zed").await);
    let all = store.accounts(None, 10).await.unwrap();
    assert_eq!(all, [amy.clone(), expected.clone(), zed.clone()]);
    assert_eq!(store.accounts(None, 2).await.unwrap(), [amy.clone(), expected.clone()]);
    assert_eq!(store.accounts(Some(handle("amy")), 1).await.unwrap(), [expected]);
    assert!(store.remove_account(AccountId(7), Timestamp(0)).await.unwrap());
    assert_eq!(store.accounts(Some(handle("b")), 10).await.unwrap(), [zed]);
    assert_eq!(store.account_by_handle(handle("bob")).await.unwrap(), None);
    make_account(&*store, None, "bob").await;
}

pub(crate) async fn handles_and_room_names_are_one_name_space(store: Arc<dyn Store>) {
    make_account(&*store, None, "bob").await;
    assert_eq!(store.create_room(new_room(1, Some("bob"))).await.unwrap(), None);
    let tea = store.create_room(new_room(1, Some("tea"))).await.unwrap().unwrap();
    assert_eq!(store.create_room(new_room(2, Some("tea"))).await.unwrap(), None);
    assert_eq!(store.create_account(new_account(None, "tea")).await.unwrap(), None);
    assert_eq!(store.create_account(new_account(None, "bob")).await.unwrap(), None);
    // The lobby's name is nothing but taken.
    assert_eq!(store.create_room(new_room(3, Some("lobby"))).await.unwrap(), None);
    assert_eq!(store.create_account(new_account(None, "lobby")).await.unwrap(), None);
    // A closed room and a removed account give their names back.
    add(&*store, tea.id, Body::Closed).await;
    let tea = make_account(&*store, None, "tea").await;
    store.remove_account(tea.id, Timestamp(0)).await.unwrap();
    assert!(store.create_room(new_room(4, Some("tea"))).await.unwrap().is_some());
}

pub(crate) async fn the_stores_own_account_numbers_are_never_used_again(store: Arc<dyn Store>) {
    assert_eq!(make_account(&*store, None, "a").await.id, FIRST_ACCOUNT);
    assert_eq!(make_account(&*store, Some(5), "b").await.id, AccountId(5));
    let beyond = FIRST_ACCOUNT.0 + 10;
    assert_eq!(make_account(&*store, Some(beyond), "c").await.id, AccountId(beyond));
    assert_eq!(make_account(&*store, None, "d").await.id, AccountId(beyond + 1));
    assert!(store.remove_account(AccountId(beyond + 1), Timestamp(0)).await.unwrap());
    assert_eq!(make_account(&*store, None, "e").await.id, AccountId(beyond + 2));
    for taken in [0, 5, beyond, 1 << 63, u64::MAX] {
        assert_eq!(store.create_account(new_account(Some(taken), "f")).await.unwrap(), None, "{taken}");
    }
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

pub(crate) async fn marks_move_forward_only(store: Arc<dyn Store>) {
    let bob = make_account(&*store, None, "bob").await.id;
    let room = make_room(&*store, 1).await.id;
    for _ in 0..5 {
        add(&*store, room, message("x")).await;
    }
    let mark = |number, at| ReadMark { number: Number(number), at: Timestamp(at) };
    assert_eq!(store.read_mark(room, bob).await.unwrap(), None);
    assert_eq!(store.mark_read(room, bob, mark(2, 10)).await.unwrap(), mark(2, 10));
    assert_eq!(store.mark_read(room, bob, mark(1, 20)).await.unwrap(), mark(2, 10));
    assert_eq!(store.mark_read(room, bob, mark(2, 20)).await.unwrap(), mark(2, 10));
    assert_eq!(store.mark_read(room, bob, mark(4, 5)).await.unwrap(), mark(4, 5));
    assert_eq!(store.mark_read(room, bob, mark(u64::MAX, 30)).await.unwrap(), mark(5, 30));
    assert_eq!(store.read_mark(room, bob).await.unwrap(), Some(mark(5, 30)));
    assert_eq!(store.read_mark(LOBBY, bob).await.unwrap(), None);
    for (room, account) in [(RoomId(9), bob), (room, AccountId(9))] {
        assert_eq!(store.mark_read(room, account, mark(1, 1)).await.unwrap(), mark(0, 0));
        assert_eq!(store.read_mark(room, account).await.unwrap(), None);
    }
    store.remove_account(bob, Timestamp(0)).await.unwrap();
    assert_eq!(store.read_mark(room, bob).await.unwrap(), None);
}

pub(crate) async fn the_secret_stays(store: Arc<dyn Store>) {
    store.reserve_guests(3).await.unwrap();
    make_account(&*store, None, "bob").await;
    assert_eq!(store.secret().await.unwrap(), SECRET);
}
