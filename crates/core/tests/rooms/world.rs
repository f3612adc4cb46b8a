//! A chat with its engines running, whose time and randomness are the test's.

#![allow(dead_code, reason = "each test binary uses the part that it needs")]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parlor_core::account::Account;
use parlor_core::chat::RoomPlan;
use parlor_core::connections::{Connection, News};
use parlor_core::event::{Author, Body, Draft, NameChoice};
use parlor_core::ids::{Epoch, GuestId, RoomId, RoomKey, Seq, Timestamp};
use parlor_core::journal::Since;
use parlor_core::limits::Limits;
use parlor_core::model::{FakePasswords, Model};
use parlor_core::ports::{NoBus, Store};
use parlor_core::pulse::{Attendance, Stay};
use parlor_core::room::Role;
use parlor_core::room_log::RoomLog;
use parlor_core::text::DisplayName;
use parlor_core::{Actor, Chat, Who, World};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use crate::support::refused;
use crate::support::{Counter, Hands};

/// Whoever runs the server.
pub(crate) const OPERATOR: Actor = Actor { who: Who::Operator, origin: None };

/// A chat and all that it has of the world.
pub(crate) struct Town {
    pub(crate) chat: Arc<Chat>,
    pub(crate) store: Arc<Model>,
    pub(crate) hands: Arc<Hands>,
    pub(crate) stop: watch::Sender<bool>,
    engines: JoinSet<()>,
}

impl Town {
    pub(crate) async fn new() -> Town {
        let key = RoomKey::draw(|bytes| bytes.fill(7));
        Town::over(Arc::new(Model::new([0; 32], key, Epoch(1), Timestamp(1))), Limits::without_rates()).await
    }

    /// A start over a store that others may have used.
    pub(crate) async fn over(store: Arc<Model>, limits: Limits) -> Town {
        let hands = Arc::<Hands>::default();
        // Randomness does not begin anew where rooms were made before.
        let rooms = store.heads((1..1_000).map(RoomId).collect()).await.unwrap().len() as u64;
        let world = World {
            store: store.clone(),
            bus: Arc::new(NoBus),
            clock: hands.clone(),
            entropy: Arc::new(Counter(AtomicU64::new(rooms << 20))),
            passwords: Arc::new(FakePasswords::default()),
        };
        let (chat, all) = Chat::open(world, limits, 1 << 20).await.unwrap();
        let (mut engines, stop) = (JoinSet::new(), watch::Sender::new(false));
        engines.spawn(all.sequencer.run());
        engines.spawn(all.follower.run(|| std::future::ready(())));
        engines.spawn(all.caretaker.run(stop.subscribe()));
        let town = Town { chat, store, hands, stop, engines };
        town.settle().await;
        town
    }

    /// Lets everything happen that can happen without time passing.
    pub(crate) async fn settle(&self) {
        // On one thread a task that can run runs in turn, and no way of an event has so many stations.
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets time pass, with the looks that are made twice a second.
    pub(crate) async fn pass(&self, seconds: u64) {
        self.hands.turn(seconds);
        self.chat.look_at_heads().await.unwrap();
        self.settle().await;
    }

    /// Ends it in good order; its engines must end by themselves.
    pub(crate) async fn end(self) {
        let Town { chat, mut engines, .. } = self;
        drop(chat);
        while engines.join_next().await.is_some() {}
    }

    pub(crate) async fn account(&self, handle: &str) -> Account {
        self.chat.add_account(&OPERATOR, None, handle, Some("tea")).await.unwrap()
    }

    /// A guest with a connection.
    pub(crate) async fn connected_guest(&self) -> Connection {
        let connection = self.chat.connect("test", None);
        connection.be_guest().await.unwrap();
        connection
    }

    /// A room that asks for tea.
    pub(crate) async fn tea_room(&self, answer: &str) -> Arc<RoomLog> {
        let plan = RoomPlan {
            subject: b"tea",
            question: Some((b"what is in the pot?", answer.as_bytes())),
            ..RoomPlan::default()
        };
        self.chat.open_room(&OPERATOR, plan).await.unwrap()
    }

    /// Gives somebody a role, as an operator may.
    pub(crate) async fn give_role(&self, room: RoomId, who: Author, role: Role) {
        let name = NameChoice::Given(DisplayName::stored("parlor".to_owned()));
        let body = Body::Member { who, role: Some(role) };
        let draft = Draft { room, author: Author::System, name, body, key: None, now: Timestamp(1) };
        self.store.append(vec![draft]).await.unwrap();
        self.chat.heard(room, Seq(u64::MAX)).await.unwrap();
    }

    /// What was told to all, in words.
    pub(crate) fn news(&self) -> Vec<String> {
        let Since::Entries(entries) = self.chat.news().since(0) else { panic!("forgotten") };
        let told = |news: &News| match news {
            News::RoomOpened { log, by } => format!("opened {} {:?}", log.id(), by.map(|by| by.tag)),
            News::RoomClosed { log, by } => format!("closed {} {:?}", log.id(), by.map(|by| by.tag)),
            News::Announcement { .. } => "announced".to_owned(),
        };
        entries.iter().map(|(_, news)| told(news)).collect()
    }
}

/// A connection's attendance.
pub(crate) fn attend(town: &Town, log: &Arc<RoomLog>, connection: &Connection, stay: Stay) -> Attendance {
    town.chat.attend(log, connection.id(), connection.identity(), stay, 0)
}

pub(crate) fn guest(id: u64) -> Actor {
    Actor { who: Who::Guest(GuestId(id)), origin: None }
}

pub(crate) fn by(account: &Account) -> Actor {
    Actor { who: Who::Account(account.id), origin: None }
}
