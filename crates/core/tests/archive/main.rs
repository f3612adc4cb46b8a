//! A room's past: searching it, reading it by time and by number, bringing in what was said elsewhere; over the model store.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod reading;
mod searching;
#[path = "../support/mod.rs"]
mod support;
#[path = "../rooms/world.rs"]
mod world;

use std::sync::Arc;

use parlor_core::chat::RoomPlan;
use parlor_core::event::{Author, Body, Imported};
use parlor_core::ids::{GuestId, Seq, Timestamp};
use parlor_core::room_log::RoomLog;
use parlor_core::text::{DisplayName, Text};

use crate::world::{OPERATOR, Town};

/// A day in microseconds.
const DAY_US: i64 = 86_400_000_000;

/// A listed room of the operator's.
async fn room(town: &Town, subject: &str) -> Arc<RoomLog> {
    let plan = RoomPlan { subject: subject.as_bytes(), listed: true, archive: true, ..RoomPlan::default() };
    town.chat.open_room(&OPERATOR, plan).await.unwrap()
}

/// What somebody said elsewhere.
fn said(at: i64, name: &str, text: &str) -> Imported {
    Imported {
        at: Timestamp(at),
        author: Author::Guest(GuestId(9)),
        name: DisplayName::stored(name.to_owned()),
        body: Body::message(Text::stored(text.to_owned()), None),
    }
}

/// Brings it in behind the end of a room's log.
async fn import(town: &Town, log: &RoomLog, entries: Vec<Imported>) -> Seq {
    let after = log.head().seq;
    town.chat.import(&OPERATOR, log, after, entries).await.unwrap().expect("the log ends there").seq
}
