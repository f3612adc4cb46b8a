//! What has arrived for an account, handed out with cursors that acknowledge: over the model store, with a clock that the test
//! holds.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "../support/mod.rs"]
mod support;

mod cursors;
mod random;
mod receiving;
#[path = "../rooms/world.rs"]
mod world;

use std::sync::Arc;

use parlor_core::Actor;
use parlor_core::chat::Received;
use parlor_core::event::Body;
use parlor_core::ids::{LOBBY, RoomId};
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;

use crate::world::{OPERATOR, Town};

async fn lobby(town: &Town) -> Arc<RoomLog> {
    town.chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap()
}

/// Says something, a second after what was said before.
async fn say(town: &Town, who: &Actor, log: &Arc<RoomLog>, text: &str) {
    town.hands.turn(1);
    town.chat.post(who, log, text.as_bytes(), PostOptions::default()).await.unwrap();
}

/// What has arrived, all of it, and the cursor.
async fn receive(town: &Town, who: &Actor, cursor: Option<&str>) -> (Vec<String>, String) {
    let received = town.chat.receive(who, cursor, usize::MAX).await.unwrap();
    (texts(&received), received.cursor)
}

fn texts(received: &Received) -> Vec<String> {
    let said = received.messages.iter().map(|(_, slot)| match &slot.event().body {
        Body::Message { text, .. } => text.as_str().to_owned(),
        other => panic!("{other:?} is no message"),
    });
    said.collect()
}

/// Where messages stand: room and position.
fn places(received: &Received) -> Vec<(RoomId, u64)> {
    received.messages.iter().map(|(log, slot)| (log.id(), slot.event().number.0)).collect()
}
