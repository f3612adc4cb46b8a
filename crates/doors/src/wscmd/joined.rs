//! The rooms that a connection is in.

use std::sync::Arc;

use parlor_core::ids::RoomId;
use parlor_core::pulse::Attendance;

use crate::live::Seat;

/// A room that a connection is in.
pub(super) struct Joined {
    pub(super) seat: Arc<Seat>,
    pub(super) attendance: Attendance,
}

/// The rooms of a connection, by their numbers. Most have one, so it is a list without room to spare: the smallest tree of the
/// standard library would be 640 bytes.
#[derive(Default)]
pub(super) struct Rooms(Vec<Joined>);

impl Rooms {
    pub(super) fn get(&self, room: RoomId) -> Option<&Joined> {
        Some(&self.0[self.place(room).ok()?])
    }

    /// Takes in a room that it does not have.
    pub(super) fn insert(&mut self, joined: Joined) {
        let (Ok(place) | Err(place)) = self.place(joined.room());
        self.0.reserve_exact(1);
        self.0.insert(place, joined);
    }

    pub(super) fn remove(&mut self, room: RoomId) -> Option<Joined> {
        let place = self.place(room).ok()?;
        Some(self.0.remove(place))
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Joined> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn place(&self, room: RoomId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&room, Joined::room)
    }
}

impl IntoIterator for Rooms {
    type Item = Joined;
    type IntoIter = std::vec::IntoIter<Joined>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Joined {
    fn room(&self) -> RoomId {
        self.attendance.log().id()
    }
}
