//! The model's search index.

use std::ops::Range;

use super::{State, place};
use crate::ids::{Number, RoomId, Seq};
use crate::ports::{IndexEntry, IndexLag};

impl State {
    pub(super) fn take_into_index(&mut self, room: RoomId, upto: Seq, entries: Vec<IndexEntry>) {
        let Some(of_room) = place(room).and_then(|place| self.rooms.get_mut(place)) else { return };
        let upto = upto.min(of_room.head.seq);
        if upto < of_room.indexed {
            return;
        }
        of_room.indexed = upto;
        for entry in entries {
            self.index.insert((room, entry.number), entry.tokens.into_iter().collect());
        }
    }

    pub(super) fn search(&self, room: RoomId, tokens: &[String], numbers: Range<Number>, limit: usize) -> Vec<Number> {
        if tokens.is_empty() || numbers.is_empty() {
            return Vec::new();
        }
        let entries = self.index.range((room, numbers.start)..(room, numbers.end)).rev();
        let found = entries.filter(|(_, has)| tokens.iter().all(|token| has.contains(token)));
        found.map(|((_, number), _)| *number).take(limit).collect()
    }

    pub(super) fn index_lag(&self, limit: usize) -> Vec<IndexLag> {
        let lags = self.rooms.iter();
        lags.map(|room| IndexLag { room: room.id, indexed: room.indexed, head: room.head.seq })
            .filter(|lag| lag.indexed < lag.head)
            .take(limit)
            .collect()
    }
}
