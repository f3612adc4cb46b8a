//! How a door puts what happens into bytes.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use parlor_core::Error;
use parlor_core::connections::News;
use parlor_core::ids::ConnectionId;
use parlor_core::pulse::Change;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;

/// Which of a door's variants of the same bytes a connection wants, for example how it counts lengths. 0 at first.
pub type Dialect = u8;

/// What a door looks up before it can put events into bytes.
pub type Preparing<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A door's words for what happens, whole frames each. Nothing here may wait but [`Voice::prepare`].
pub trait Voice: Send + Sync + 'static {
    /// Looks up what [`Voice::slot`] needs for these; `None`: nothing. Asked before them, and again after a fault.
    fn prepare<'a>(&'a self, _slots: &'a [Arc<Slot>]) -> Option<Preparing<'a>> {
        None
    }

    /// Whether all connections of a person hear in other words ([`Voice::own_slot`]) what the person said, and not only the
    /// one by which it came in.
    fn knows_its_people(&self) -> bool {
        false
    }

    /// What everybody hears of an event; `None`: nothing. Made for all connections of a dialect at once: best kept in the
    /// slot's cell.
    fn slot(&self, log: &RoomLog, slot: &Slot, dialect: Dialect) -> Option<Bytes>;

    /// What the connection hears by which the event came in (see [`Slot::source`] and [`Voice::knows_its_people`]).
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
