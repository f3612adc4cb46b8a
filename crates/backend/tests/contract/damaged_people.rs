//! A disk that changes what people have: their rights and places are right, or are not served.

use std::fs;
use std::path::Path;

use parlor_backend::Sqlite;
use parlor_core::Fault;
use parlor_core::account::{Invitation, NewAccount, ReadMark, Session, TokenHash};
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, GuestId, LOBBY, Number, RoomId, Seq, Timestamp};
use parlor_core::ports::Store;

use crate::fixture::{add, make_account, make_room, message, new_account, options};

const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const TOKEN: TokenHash = TokenHash([1; 32]);

/// What a disk may do to one row, and which verbs must refuse it.
const DAMAGE: [(&str, &[&str]); 12] = [
    ("UPDATE accounts SET operator = 0 WHERE id = 1", &["account ann", "all accounts"]),
    ("UPDATE accounts SET skeleton = 'eve' WHERE id = 2", &["account bob", "all accounts"]),
    ("UPDATE accounts SET disabled = 1 WHERE id = 2", &["account bob", "look bob", "all accounts"]),
    ("UPDATE received SET seq = seq - 1", &["received bob"]),
    ("UPDATE received SET room = 2", &["received bob"]),
    ("UPDATE marks SET number = number + 1", &["marks bob"]),
    ("UPDATE guests SET account = 2", &["guests bob"]),
    ("UPDATE sessions SET account = 2", &["sessions bob"]),
    ("UPDATE invitations SET uses = uses + 1", &["invitation", "invitations", "use"]),
    ("UPDATE invitations SET uses = -1", &["invitation", "invitations", "use"]),
    ("UPDATE invitations SET room = 2", &["invitation", "use"]),
    ("UPDATE invitations SET expires = expires + 100", &["invitation", "invitations", "use"]),
];

async fn fill(dir: &Path) {
    let store = Sqlite::open(&options(dir)).unwrap();
    let ann = NewAccount { operator: true, ..new_account(Some(ANN.0), "ann") };
    store.create_account(ann).await.unwrap().unwrap();
    make_account(&store, Some(BOB.0), "bob").await;
    make_room(&store, 1).await;
    for _ in 0..3 {
        add(&store, LOBBY, message("x")).await;
    }
    let (created, used, expires) = (Timestamp(10), Timestamp(10), Timestamp(100));
    let session = Session { token: TOKEN, account: ANN, label: "x".to_owned(), created, used, expires };
    assert!(store.create_session(session).await.unwrap());
    store.mark_received(vec![(BOB, LOBBY, Seq(4))]).await.unwrap();
    store.mark_read(LOBBY, BOB, ReadMark { number: Number(2), at: Timestamp(10) }).await.unwrap();
    assert!(store.claim_guest(GuestId(1), ANN).await.unwrap());
    let by = Author::Account(BOB);
    let invitation = Invitation { token: TOKEN, room: LOBBY, by, uses: Some(1), created, expires };
    assert!(store.create_invitation(invitation).await.unwrap());
}

/// The verbs that find damage.
async fn refused(store: &Sqlite) -> Vec<&'static str> {
    let mut refused = vec![];
    macro_rules! ask {
        ($($what:literal: $verb:ident($($argument:expr),*);)+) => {
            $(match store.$verb($($argument),*).await {
                Ok(_) => {}
                Err(Fault::Corrupt(_)) => refused.push($what),
                Err(other) => panic!("{}: {other:?}", $what),
            })+
        };
    }
    ask! {
        "account ann": account(ANN);
        "account bob": account(BOB);
        "look bob": account_by_skeleton("bob".to_owned());
        "all accounts": accounts(None, 9);
        "received bob": received(BOB);
        "marks bob": marks(BOB);
        "guests bob": guests_of(BOB);
        "sessions bob": sessions(BOB);
        "invitation": invitation(TOKEN);
        "invitations": invitations(LOBBY);
        "use": use_invitation(TOKEN, Author::Guest(GuestId(9)), Timestamp(20));
    }
    refused
}

#[tokio::test]
async fn a_damaged_row_is_not_served() {
    let (dir, damaged) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(dir.path()).await;
    let path = damaged.path().join("parlor.db");
    for (sql, expected) in DAMAGE {
        fs::copy(dir.path().join("parlor.db"), &path).unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
        drop(db);
        let store = Sqlite::open(&options(damaged.path())).unwrap();
        assert_eq!(refused(&store).await, expected, "{sql}");
        let damage = store.check().await.unwrap();
        assert!(damage.iter().any(|sentence| sentence.contains("checksum")), "{sql}: {damage:?}");
        // Who is refused gets in by no other way, and the rest goes on.
        assert_eq!(store.role(LOBBY, Author::Guest(GuestId(9))).await.unwrap().is_some(), !expected.contains(&"use"));
        add(&store, RoomId(2), message("goes on")).await;
    }
}
