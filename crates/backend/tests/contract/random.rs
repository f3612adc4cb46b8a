//! Random histories: SQLite answers and holds what the model answers and holds, and both are what their logs say.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use parlor_backend::Sqlite;
use parlor_core::account::{Invitation, NewAccount, ReadMark, Session, TokenHash};
use parlor_core::days::TimeZone;
use parlor_core::event::{Appended, Author, Body, Draft, Imported, NameChoice};
use parlor_core::ids::{AccountId, GuestId, Number, RoomId, Seq, Timestamp};
use parlor_core::model::fold::Fold;
use parlor_core::model::{FIRST_ACCOUNT, LAST_ACCOUNT};
use parlor_core::names::{RoomName, skeleton};
use parlor_core::ports::{IndexEntry, Store};
use parlor_core::room::{Access, NewRoom, Role, RoomRef, SettingsChange, pair};
use parlor_core::text::Subject;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::fixture::{
    assert_sound, emoji, handle, key, log, message_key, name, new_account, new_model, new_room, options, text,
};

/// Few of everything, so that histories meet.
const ROOMS: u64 = 4;
const NUMBERS: u64 = 12;
const HANDLES: [&str; 5] = ["amy", "bob", "b0b", "tea", "zed"];
const WORDS: [&str; 4] = ["tea", "東京", "", "a b tea"];

/// The last is none that this version knows.
const ZONES: [&str; 3] = ["UTC", "Asia/Tokyo", "Mars/Olympus"];

#[derive(Debug, Clone)]
enum Act {
    Append(Vec<Draft>),
    /// What was said elsewhere, behind the end of a room's log or this far from it.
    Import(RoomId, u64, Vec<Imported>),
    Room(NewRoom),
    Account(Option<u64>, usize, bool),
    Remove(AccountId),
    Session(u8, AccountId, i64),
    Touch(u8, i64),
    End(u8),
    EndAll(AccountId, Option<u8>),
    Expire(i64),
    Mark(RoomId, AccountId, u64),
    MarkMany(Vec<(AccountId, RoomId, u64)>),
    Receive(Vec<(AccountId, RoomId, u64)>),
    Invite(Invitation),
    Come(u8, Author, i64),
    Uninvite(u8),
    Claim(GuestId, AccountId),
    Reserve(u64),
    /// What the search index's follower does, this many events at a time.
    Index(usize),
}

fn accounts() -> impl Strategy<Value = AccountId> {
    prop_oneof![(1..4_u64).prop_map(AccountId), (0..3_u64).prop_map(|n| AccountId(FIRST_ACCOUNT.0 + n))]
}

fn authors() -> impl Strategy<Value = Author> {
    let guests = (1..3_u64).prop_map(|id| Author::Guest(GuestId(id)));
    prop_oneof![2 => accounts().prop_map(Author::Account), 3 => guests, 1 => Just(Author::System)]
}

fn rooms() -> impl Strategy<Value = RoomId> {
    prop_oneof![4 => Just(RoomId(1)), 6 => (1..=ROOMS + 1).prop_map(RoomId)]
}

fn bodies() -> impl Strategy<Value = Body> {
    let words = || (0..WORDS.len()).prop_map(|word| text(WORDS[word]));
    let number = || (0..NUMBERS).prop_map(Number);
    let role = proptest::option::weighted(0.7, (0..4_usize).prop_map(|role| Role::ALL[role]));
    let maybe = || proptest::option::of(any::<bool>());
    let parts = (0..10_usize, 0..4_usize, maybe(), 0..4_usize, maybe(), 0..6_usize);
    let settings = parts.prop_map(|(called, subject, listed, access, archive, zone)| {
        let name = HANDLES.get(called).map(|text| RoomName::new(text).unwrap());
        let subject = ["", "tea", "tea\nand milk"].get(subject).map(|text| Subject::stored((*text).to_owned()));
        let (access, time_zone) =
            (Access::ALL.get(access).copied(), ZONES.get(zone).map(|name| TimeZone::stored(name)));
        Body::Settings(SettingsChange { name, subject, listed, access, archive, time_zone })
    });
    prop_oneof![
        8 => (words(), proptest::option::weighted(0.2, number())).prop_map(|(text, reply)| Body::message(text, reply)),
        4 => (number(), words()).prop_map(|(target, text)| Body::Edit { target, text }),
        2 => number().prop_map(|target| Body::Redaction { target }),
        4 => (number(), 0..3_usize, any::<bool>()).prop_map(|(target, which, on)| {
            Body::Reaction { target, emoji: emoji(["👍", "a", "é"][which]), on }
        }),
        2 => settings,
        3 => (authors(), role).prop_map(|(who, role)| Body::Member { who, role }),
        1 => Just(Body::Closed),
    ]
}

fn drafts() -> impl Strategy<Value = Draft> {
    let key = proptest::option::weighted(0.3, 0..3_usize);
    let parts = (rooms(), authors(), bodies(), key, any::<bool>(), 0..3_usize, 0..60_i64);
    parts.prop_map(|(room, author, body, key, given, called, now)| {
        // The lobby stays open, as policy has it.
        let body = if room == RoomId(1) && body == Body::Closed { Body::message(text("x"), None) } else { body };
        let called = name(["Ann", "Bea", "Zoë"][called]);
        let name = if given { NameChoice::Given(called) } else { NameChoice::RememberedOr(called) };
        let key = key.and_then(|key| message_key(["k", "l", "m"][key]));
        Draft { room, author, name, body, key, now: Timestamp(now) }
    })
}

/// Numbers that an operator may give where the store's own begin and end.
fn given() -> impl Strategy<Value = u64> {
    let near = [FIRST_ACCOUNT.0 + 1, LAST_ACCOUNT.0 - 1, LAST_ACCOUNT.0, i64::MAX.cast_unsigned(), 0, 1 << 63];
    (0..near.len()).prop_map(move |which| near[which])
}

fn of_rooms(parts: Vec<(AccountId, u64, u64)>) -> Vec<(AccountId, RoomId, u64)> {
    parts.into_iter().map(|(account, room, position)| (account, RoomId(room), position)).collect()
}

fn invitations() -> impl Strategy<Value = Invitation> {
    let parts = (0..4_u8, rooms(), authors(), proptest::option::of(0..3_u32), 0..40_i64, 30..60_i64);
    parts.prop_map(|(token, room, by, uses, created, expires)| Invitation {
        token: TokenHash([token; 32]),
        room,
        by,
        uses,
        created: Timestamp(created),
        expires: Timestamp(expires),
    })
}

fn imports() -> impl Strategy<Value = Act> {
    let far = prop_oneof![4 => Just(0_u64), 1 => 1..3_u64];
    let entry = (-9..90_i64, drafts()).prop_map(|(at, Draft { author, name, body, .. })| {
        let (NameChoice::Given(name) | NameChoice::RememberedOr(name)) = name;
        Imported { at: Timestamp(at), author, name, body }
    });
    (rooms(), far, proptest::collection::vec(entry, 0..8)).prop_map(|(room, far, mut entries)| {
        entries.retain(|entry| room != RoomId(1) || entry.body != Body::Closed);
        Act::Import(room, far, entries)
    })
}

fn acts() -> impl Strategy<Value = Act> {
    let two = proptest::option::of((authors(), authors()));
    let member = (authors(), (0..4_usize).prop_map(|role| Role::ALL[role]));
    let parts = (0..6_u64, proptest::option::of(0..HANDLES.len()), any::<bool>(), any::<bool>(), two, member);
    let room = parts.prop_map(|(number, called, listed, vanishes, two, member)| {
        let direct = two.map(|(one, other)| pair(one, other));
        let members = if vanishes { vec![member] } else { vec![] };
        let new = new_room(number, called.map(|index| HANDLES[index]));
        Act::Room(NewRoom { listed, vanishes, direct, members, ..new })
    });
    let ids = prop_oneof![3 => Just(None), 4 => (1..4_u64).prop_map(Some), 1 => given().prop_map(Some)];
    let marked = || proptest::collection::vec((accounts(), 0..ROOMS + 2, 0..30_u64), 0..4).prop_map(of_rooms);
    prop_oneof![
        12 => proptest::collection::vec(drafts(), 1..8).prop_map(Act::Append),
        3 => imports(),
        4 => room,
        2 => (ids, 0..HANDLES.len(), any::<bool>()).prop_map(|(id, which, operator)| Act::Account(id, which, operator)),
        1 => accounts().prop_map(Act::Remove),
        1 => (0..3_u8, accounts(), 0..9_i64).prop_map(|(token, account, used)| Act::Session(token, account, used)),
        1 => (0..3_u8, 0..9_i64).prop_map(|(token, used)| Act::Touch(token, used)),
        1 => (0..3_u8).prop_map(Act::End),
        1 => (accounts(), proptest::option::of(0..3_u8)).prop_map(|(account, but)| Act::EndAll(account, but)),
        1 => (25..35_i64).prop_map(Act::Expire),
        2 => marked().prop_map(Act::MarkMany),
        2 => marked().prop_map(Act::Receive),
        2 => invitations().prop_map(Act::Invite),
        3 => (0..4_u8, authors(), 20..60_i64).prop_map(|(token, who, now)| Act::Come(token, who, now)),
        1 => (0..4_u8).prop_map(Act::Uninvite),
        2 => (rooms(), accounts(), 0..9_u64).prop_map(|(room, account, number)| Act::Mark(room, account, number)),
        1 => (1..4_u64, accounts()).prop_map(|(guest, account)| Act::Claim(GuestId(guest), account)),
        1 => (0..3_u64).prop_map(Act::Reserve),
        2 => (1..6_usize).prop_map(Act::Index),
    ]
}

/// Does it, and tells all that was answered.
async fn act(store: &dyn Store, act: Act) -> String {
    let now = Timestamp(30);
    match act {
        Act::Append(drafts) => {
            let outcomes = store.append(drafts).await.unwrap();
            assert!(!outcomes.iter().any(|outcome| matches!(outcome, Appended::Failed(_))), "{outcomes:?}");
            format!("{outcomes:?}")
        }
        Act::Import(room, far, entries) => {
            let heads = store.heads(vec![room]).await.unwrap();
            let end = heads.into_iter().next().map_or(0, |(_, head)| head.unwrap().seq.0);
            format!("{:?}", store.import(room, Seq(end + far), entries).await)
        }
        Act::Room(room) => format!("{:?}", store.create_room(room).await),
        Act::Account(id, which, operator) => {
            let new = NewAccount { operator, ..new_account(id, HANDLES[which]) };
            format!("{:?}", store.create_account(new).await)
        }
        Act::Remove(id) => format!("{:?}", store.remove_account(id, now).await),
        Act::Session(token, account, used) => {
            let (token, used) = (TokenHash([token; 32]), Timestamp(used));
            let session = Session { token, account, label: "x".to_owned(), created: now, used, expires: now };
            format!("{:?}", store.create_session(session).await)
        }
        Act::Touch(token, used) => {
            format!("{:?}", store.touch_session(TokenHash([token; 32]), Timestamp(used), Timestamp(99)).await)
        }
        Act::End(token) => format!("{:?}", store.end_session(TokenHash([token; 32])).await),
        Act::EndAll(account, but) => {
            format!("{:?}", store.end_sessions(account, but.map(|token| TokenHash([token; 32]))).await)
        }
        Act::Expire(now) => format!("{:?}", store.expire_sessions(Timestamp(now)).await),
        Act::MarkMany(parts) => {
            let mark = |number| ReadMark { number: Number(number), at: now };
            let marks = parts.into_iter().map(|(account, room, number)| (account, room, mark(number)));
            format!("{:?}", store.mark_read_many(marks.collect()).await)
        }
        Act::Receive(parts) => {
            let positions = parts.into_iter().map(|(account, room, seq)| (account, room, Seq(seq)));
            format!("{:?}", store.mark_received(positions.collect()).await)
        }
        Act::Invite(invitation) => format!("{:?}", store.create_invitation(invitation).await),
        Act::Come(token, who, now) => {
            format!("{:?}", store.use_invitation(TokenHash([token; 32]), who, Timestamp(now)).await)
        }
        Act::Uninvite(token) => format!("{:?}", store.end_invitation(TokenHash([token; 32])).await),
        Act::Mark(room, account, number) => {
            let mark = ReadMark { number: Number(number), at: now };
            format!("{:?}", store.mark_read(room, account, mark).await)
        }
        Act::Claim(guest, account) => format!("{:?}", store.claim_guest(guest, account).await),
        Act::Reserve(count) => format!("{:?}", store.reserve_guests(count).await),
        Act::Index(events) => follow(store, events).await,
    }
}

async fn follow(store: &dyn Store, count: usize) -> String {
    let lags = store.index_lag(3).await.unwrap();
    for lag in &lags {
        let events = store.events(lag.room, lag.indexed.next(), count).await.unwrap();
        let upto = events.last().expect("the room lags").seq;
        let words = |text: &parlor_core::text::Text| text.as_str().split_whitespace().map(str::to_owned).collect();
        let entries = events.iter().filter_map(|event| match &event.body {
            Body::Message { text, .. } => Some(IndexEntry { number: event.number, tokens: words(text) }),
            Body::Edit { target, text } => Some(IndexEntry { number: *target, tokens: words(text) }),
            Body::Redaction { target } => Some(IndexEntry { number: *target, tokens: vec![] }),
            _ => None,
        });
        store.index(lag.room, upto, entries.collect()).await.unwrap();
    }
    format!("{lags:?}")
}

/// All that the verbs that read can tell, each with its question.
async fn everything(store: &dyn Store) -> Vec<String> {
    let mut told = vec![];
    macro_rules! tell {
        ($($question:tt)+) => { told.push(format!("{}: {:?}", stringify!($($question)+), store.$($question)+.await.unwrap())) };
    }
    tell!(secret());
    tell!(listed_rooms(2));
    tell!(listed_rooms(100));
    tell!(heads((0..9).map(RoomId).collect()));
    tell!(index_lag(100));
    tell!(vanishing_rooms());
    tell!(rooms(None, 3));
    tell!(rooms(Some(RoomId(2)), 100));
    for id in (0..=ROOMS + 2).map(RoomId) {
        tell!(room(RoomRef::Id(id)));
        tell!(room(RoomRef::Key(key(id.0))));
        tell!(events(id, Seq(1), 1_000));
        tell!(events(id, Seq(5), 3));
        tell!(messages_before(id, Number(1_000), 1_000));
        tell!(messages_before(id, Number(5), 3));
        tell!(messages(id, vec![Number(3), Number(0), Number(1), Number(1), Number(u64::MAX)]));
        for at in [i64::MIN, 0, 20, 40, 3_003, 3_010, i64::MAX] {
            tell!(first_at(id, Timestamp(at)));
        }
        tell!(members(id, None, 100));
        tell!(invitations(id));
        for number in (0..NUMBERS).map(Number) {
            tell!(message(id, number));
            tell!(reactions(id, number));
        }
        for word in ["tea", "東京", "a"] {
            tell!(search(id, vec![word.to_owned()], Number(0)..Number(100), 100));
            tell!(search(id, vec![word.to_owned(), "tea".to_owned()], Number(2)..Number(7), 2));
        }
    }
    tell!(accounts(None, 100));
    tell!(has_operator());
    for called in HANDLES {
        tell!(account_by_handle(handle(called)));
        tell!(account_by_skeleton(skeleton(called)));
        tell!(room(RoomRef::Name(RoomName::new(called).unwrap())));
    }
    for id in (1..4).chain(FIRST_ACCOUNT.0..FIRST_ACCOUNT.0 + 3).map(AccountId) {
        tell!(account(id));
        tell!(sessions(id));
        tell!(guests_of(id));
        tell!(marks(id));
        tell!(received(id));
        tell!(rooms_of(Author::Account(id)));
        tell!(direct_rooms(Author::Account(id), 100));
        for guest in (1..3).map(GuestId) {
            tell!(direct_room(pair(Author::Account(id), Author::Guest(guest))));
        }
        for room in (1..=ROOMS).map(RoomId) {
            tell!(read_mark(room, id));
            tell!(role(room, Author::Account(id)));
        }
    }
    for id in (1..5).map(GuestId) {
        tell!(guest(id));
        tell!(rooms_of(Author::Guest(id)));
        tell!(direct_rooms(Author::Guest(id), 2));
    }
    for token in 0..4 {
        tell!(session(TokenHash([token; 32])));
        tell!(invitation(TokenHash([token; 32])));
    }
    told
}

/// What the logs say, folded here, is what the verbs say.
async fn assert_projections_follow_the_logs(store: &dyn Store) {
    for (id, _) in store.heads((1..9).map(RoomId).collect()).await.unwrap() {
        let Some(room) = store.room(RoomRef::Id(id)).await.unwrap() else { continue };
        let mut fold = Fold::new(id);
        let log = log(store, id).await;
        log.iter().for_each(|event| fold.take(event));
        let mut reactions = vec![];
        for number in log.iter().map(|event| event.number).collect::<BTreeSet<_>>() {
            let on_message = store.reactions(id, number).await.unwrap();
            reactions.extend(on_message.into_iter().map(|(emoji, who)| (number, emoji, who)));
        }
        let roles = store.members(id, None, 1_000).await.unwrap();
        assert_eq!(fold.compare(&room, &roles, &reactions), Vec::<String>::new());
    }
}

async fn compare(acts: Vec<Act>) {
    let dir = tempfile::tempdir().unwrap();
    let model = new_model();
    let sqlite = Sqlite::open(&options(dir.path())).unwrap();
    for next in acts {
        let expected = act(&model, next.clone()).await;
        assert_eq!(act(&sqlite, next).await, expected);
    }
    let expected = everything(&model).await;
    assert_same(&everything(&sqlite).await, &expected);
    assert_projections_follow_the_logs(&sqlite).await;
    assert_projections_follow_the_logs(&model).await;
    assert_sound(&model).await;
    assert_sound(&sqlite).await;
    drop(sqlite);
    let sqlite = Sqlite::open(&options(dir.path())).unwrap();
    assert_same(&everything(&sqlite).await, &expected);
    let restored = parlor_core::model::Model::restore(model.snapshot());
    assert_same(&everything(&restored).await, &expected);
}

fn assert_same(told: &[String], expected: &[String]) {
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!(told, expected);
    }
    assert_eq!(told.len(), expected.len());
}

#[test]
fn random_histories_are_the_same_in_every_store() {
    let seed = match seed_from_environment() {
        Some(seed) => seed,
        None => RandomState::new().build_hasher().finish(),
    };
    println!("seed {seed}: run again with PARLOR_TEST_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: 25, max_shrink_iters: 400, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runner.run(&proptest::collection::vec(acts(), 1..60), |acts| {
        runtime.block_on(compare(acts));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("seed {seed}: {error}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a test takes its seed from outside, to repeat a failure")]
fn seed_from_environment() -> Option<u64> {
    std::env::var("PARLOR_TEST_SEED").ok()?.parse().ok()
}
