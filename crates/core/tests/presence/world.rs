//! A chat whose time and randomness are the test's.

use std::sync::Arc;

use parlor_core::connections::Identity;
use parlor_core::ids::{Epoch, GuestId, LOBBY, RoomKey, Timestamp};
use parlor_core::journal::Since;
use parlor_core::limits::Limits;
use parlor_core::model::Model;
use parlor_core::ports::NoBus;
use parlor_core::pulse::Change;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Chat, Engines, World, guests};

use crate::support::{Counter, Hands};

pub(crate) struct Town {
    pub(crate) chat: Arc<Chat>,
    pub(crate) hands: Arc<Hands>,
    pub(crate) lobby: Arc<RoomLog>,
    pub(crate) _engines: Engines,
}

pub(crate) async fn town() -> Town {
    let hands = Arc::new(Hands::default());
    let key = RoomKey::draw(|bytes| bytes.fill(7));
    let world = World {
        store: Arc::new(Model::new([0; 32], key, Epoch(1), Timestamp(1))),
        bus: Arc::new(NoBus),
        clock: hands.clone(),
        entropy: Arc::new(Counter::default()),
        passwords: Arc::new(parlor_core::model::FakePasswords::default()),
    };
    let (chat, engines) = Chat::open(world, Limits::without_rates(), 1 << 20).await.unwrap();
    let lobby = chat.find(&Actor::stranger(None), RoomRef::Id(LOBBY)).await.unwrap();
    Town { chat, hands, lobby, _engines: engines }
}

pub(crate) fn guest(id: u64) -> Arc<Identity> {
    Arc::new(Identity::guest(GuestId(id), guests::unnamed(GuestId(id))))
}

/// What changed since a version.
pub(crate) fn changes(log: &RoomLog, version: u64) -> Vec<Arc<Change>> {
    match log.presence().changes().since(version) {
        Since::Entries(entries) => entries.into_iter().map(|(_, change)| change).collect(),
        Since::Lost { version } => panic!("lost, now {version}"),
    }
}
