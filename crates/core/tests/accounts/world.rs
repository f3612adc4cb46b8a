//! A chat whose time, randomness and passwords are the test's.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use parlor_core::account::Account;
use parlor_core::ids::{Epoch, LOBBY, RoomId, RoomKey, Seq, Timestamp};
use parlor_core::limits::Limits;
use parlor_core::model::{FakePasswords, Model};
use parlor_core::ports::{Bus, Passwords, Store};
use parlor_core::rates::Origin;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Chat, Engines, Error, Who, World};

pub(crate) use crate::support::refused;
use crate::support::{Counter, Hands};

/// Whoever runs the server.
pub(crate) const OPERATOR: Actor = Actor { who: Who::Operator, origin: None };

/// A chat and all that it has of the world.
pub(crate) struct Town {
    pub(crate) chat: Arc<Chat>,
    pub(crate) store: Arc<Model>,
    pub(crate) passwords: Arc<Interrupted>,
    pub(crate) hands: Arc<Hands>,
    pub(crate) lobby: Arc<RoomLog>,
    hints: Arc<Hints>,
    _engines: Engines,
}

impl Town {
    pub(crate) async fn new() -> Town {
        Town::with_logins_a_minute(0).await
    }

    pub(crate) async fn with_logins_a_minute(logins_per_minute_per_address: u32) -> Town {
        let key = RoomKey::draw(|bytes| bytes.fill(7));
        let store = Arc::new(Model::new([0; 32], key, Epoch(1), Timestamp(1)));
        let (passwords, hands, hints) = (Arc::default(), Arc::<Hands>::default(), Arc::<Hints>::default());
        let world = World {
            store: store.clone(),
            bus: hints.clone(),
            clock: hands.clone(),
            entropy: Arc::new(Counter::default()),
            passwords: Arc::<Interrupted>::clone(&passwords),
        };
        let limits = Limits { logins_per_minute_per_address, ..Limits::without_rates() };
        let (chat, engines) = Chat::open(world, limits, 1 << 20).await.unwrap();
        let lobby = chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
        Town { chat, store, passwords, hands, lobby, hints, _engines: engines }
    }

    pub(crate) async fn add(&self, handle: &str, password: &str) -> Account {
        self.chat.add_account(&OPERATOR, None, handle, password).await.unwrap()
    }

    /// What other nodes were told.
    pub(crate) fn hints(&self) -> Vec<(RoomId, Seq)> {
        self.hints.0.lock().unwrap().clone()
    }
}

/// Somebody's address.
pub(crate) fn from(last: u8) -> Option<Origin> {
    Some(Origin::from(IpAddr::from([10, 0, 0, last])))
}

#[derive(Default)]
struct Hints(Mutex<Vec<(RoomId, Seq)>>);

impl Bus for Hints {
    fn hint(&self, room: RoomId, head: Seq) {
        self.0.lock().unwrap().push((room, head));
    }
}

/// Passwords during whose work an account may change.
#[derive(Default)]
pub(crate) struct Interrupted {
    passwords: FakePasswords,
    next: Mutex<Option<(Arc<Model>, Account)>>,
}

impl Interrupted {
    pub(crate) fn before_verifying(&self, store: Arc<Model>, change: Account) {
        *self.next.lock().unwrap() = Some((store, change));
    }

    pub(crate) fn hashed(&self) -> usize {
        self.passwords.hashed()
    }

    pub(crate) fn verified(&self) -> usize {
        self.passwords.verified()
    }
}

#[async_trait]
impl Passwords for Interrupted {
    async fn hash(&self, password: &str) -> Result<String, Error> {
        self.passwords.hash(password).await
    }

    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Error> {
        let next = self.next.lock().unwrap().take();
        if let Some((store, change)) = next {
            assert!(store.update_account(change).await.unwrap());
        }
        self.passwords.verify(password, hash).await
    }
}
