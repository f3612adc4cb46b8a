//! How a door puts what happens into bytes.

use std::sync::Arc;

use bytes::Bytes;
use parlor_core::connections::News;
use parlor_core::ids::ConnectionId;
use parlor_core::pulse::Change;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;

/// Which of a door's variants of the same bytes a connection wants, for example how it counts lengths. 0 at first.
pub type Dialect = u8;

/// A door's words for what happens, whole frames each. Nothing here may wait.
pub trait Voice: Send + Sync + 'static {
    /// What everybody hears of an event; `None`: nothing. Made for all connections of a dialect at once: best kept in the
    /// slot's cell.
    fn slot(&self, log: &RoomLog, slot: &Slot, dialect: Dialect) -> Option<Bytes>;

    /// What the connection hears by which the event came in (see [`Slot::source`]).
    fn own_slot(&self, log: &RoomLog, slot: &Slot, dialect: Dialect) -> Option<Bytes>;

    /// Appends what is heard of comings and goings, a second's worth at most, in order. `listener`: the connection that
    /// hears it, if one of them is its own; else it is made for everybody.
    fn changes(
        &self,
        log: &RoomLog,
        changes: &[Arc<Change>],
        listener: Option<ConnectionId>,
        dialect: Dialect,
        out: &mut Vec<u8>,
    );

    /// Appends what is heard of news. `listener`: as in [`Voice::changes`].
    fn news(&self, news: &News, listener: Option<ConnectionId>, dialect: Dialect, out: &mut Vec<u8>);
}
