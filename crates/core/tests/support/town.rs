//! A chat whose time, randomness and passwords are the test's: for tests of accounts and what they do.

#![allow(dead_code, reason = "each test binary uses the part that it needs")]

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use parlor_core::account::Account;
use parlor_core::chat::NewPerson;
use parlor_core::ids::{Epoch, LOBBY, RoomId, RoomKey, Seq, Timestamp};
use parlor_core::limits::{Limits, Settings};
use parlor_core::model::{FakePasswords, Model};
use parlor_core::ports::{Bus, NoBus, Passwords};
use parlor_core::rates::Origin;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::sessions::Grant;
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
        Town::with(Limits::without_rates()).await
    }

    /// A chat in which accounts may do without a password.
    pub(crate) async fn passwordless() -> Town {
        Town::with(Settings { passwordless_accounts: true, ..Settings::from(Limits::without_rates()) }).await
    }

    pub(crate) async fn with_logins_a_minute(logins_per_minute_per_address: u32) -> Town {
        Town::with(Limits { logins_per_minute_per_address, ..Limits::without_rates() }).await
    }

    pub(crate) async fn with(settings: impl Into<Settings>) -> Town {
        let key = RoomKey::draw(|bytes| bytes.fill(7));
        let store = Arc::new(Model::new([0; 32], key, Epoch(1), Timestamp(1)));
        Town::over(store, Arc::default(), settings, 0).await
    }

    /// Another chat over the same store, in which nobody has looked at anything yet.
    pub(crate) async fn just_started(&self) -> (Arc<Chat>, Engines) {
        let world = World {
            store: self.store.clone(),
            bus: Arc::new(NoBus),
            clock: self.hands.clone(),
            entropy: Arc::new(Counter((1 << 48).into())),
            passwords: Arc::<Interrupted>::default(),
        };
        Chat::open(world, Limits::without_rates(), 1 << 20).await.unwrap()
    }

    /// The same store after a restart.
    pub(crate) async fn again(self, settings: impl Into<Settings>) -> Town {
        let Town { chat, store, hands, .. } = self;
        drop(chat);
        // Randomness does not begin anew.
        Town::over(store, hands, settings, 1 << 32).await
    }

    async fn over(store: Arc<Model>, hands: Arc<Hands>, settings: impl Into<Settings>, drawn: u64) -> Town {
        let (passwords, hints) = (Arc::<Interrupted>::default(), Arc::<Hints>::default());
        let world = World {
            store: store.clone(),
            bus: hints.clone(),
            clock: hands.clone(),
            entropy: Arc::new(Counter(drawn.into())),
            passwords: Arc::<Interrupted>::clone(&passwords),
        };
        let (chat, engines) = Chat::open(world, settings, 1 << 20).await.unwrap();
        let lobby = chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
        Town { chat, store, passwords, hands, lobby, hints, _engines: engines }
    }

    pub(crate) async fn add(&self, handle: &str, password: &str) -> Account {
        self.chat.add_account(&OPERATOR, None, handle, Some(password)).await.unwrap()
    }

    /// Somebody who makes an account, and the answer.
    pub(crate) async fn register(&self, handle: &str, password: Option<&str>) -> Result<Account, Error> {
        self.chat.register(from(1), NewPerson { handle, name: None, password }).await
    }

    /// A session of an account, as its client has it.
    pub(crate) async fn session(&self, account: &Account, label: &str) -> (String, Grant) {
        let token = self.chat.begin_session(account, label).await.unwrap().to_string();
        let grant = self.resume(&token).await.unwrap();
        (token, grant)
    }

    pub(crate) async fn resume(&self, token: &str) -> Option<Grant> {
        self.chat.resume(token).await.unwrap()
    }

    /// What other nodes were told.
    pub(crate) fn hints(&self) -> Vec<(RoomId, Seq)> {
        self.hints.0.lock().unwrap().clone()
    }
}

/// Somebody with an account.
pub(crate) fn by(account: &Account) -> Actor {
    Actor { who: Who::Account(account.id), origin: None }
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

/// Passwords during whose work something else may happen.
#[derive(Default)]
pub(crate) struct Interrupted {
    passwords: FakePasswords,
    next: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Interrupted {
    /// Does something while the next password is worked on.
    pub(crate) fn during_next(&self, act: impl FnOnce() + Send + 'static) {
        *self.next.lock().unwrap() = Some(Box::new(act));
    }

    pub(crate) fn hashed(&self) -> usize {
        self.passwords.hashed()
    }

    pub(crate) fn verified(&self) -> usize {
        self.passwords.verified()
    }

    fn interrupt(&self) {
        let act = self.next.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
    }
}

#[async_trait]
impl Passwords for Interrupted {
    async fn hash(&self, password: &str) -> Result<String, Error> {
        self.interrupt();
        self.passwords.hash(password).await
    }

    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Error> {
        self.interrupt();
        self.passwords.verify(password, hash).await
    }
}
