//! When the last message of a room came. The head of its log tells when anything happened last, which a new member, a new
//! name or an edit is, too: the lobby would seem to be talked in whenever somebody makes an account.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use parlor_core::ids::{Number, RoomId, RoomKey, Timestamp};
use parlor_core::room::{Head, RoomRef};
use parlor_core::{Actor, Chat, Error, limits};

/// The times of the last messages that pages asked for lately: each is read once, however often it is shown.
pub(super) struct LastTimes {
    // Held for memory work only.
    known: Mutex<LruCache<RoomId, (Number, Timestamp)>>,
}

impl LastTimes {
    /// None yet.
    pub(super) fn new() -> LastTimes {
        // The front page, and the rooms of a few people; a few dozen bytes each.
        const KEPT: NonZeroUsize = NonZeroUsize::new(4 * limits::LISTED_ROOMS).expect("the limit is not 0");
        LastTimes { known: Mutex::new(LruCache::new(KEPT)) }
    }

    /// When the last message of a room came, as its head was; `None`: there is none. Whoever may see a room but not read in
    /// it is told when anything happened there last.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub(super) async fn of(
        &self,
        chat: &Chat,
        actor: &Actor,
        (id, key): (RoomId, RoomKey),
        head: Head,
    ) -> Result<Option<Timestamp>, Error> {
        if head.number.0 == 0 {
            return Ok(None);
        }
        // Nothing but messages happened there.
        if head.seq.0 == head.number.0 {
            return Ok(Some(head.at));
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        if let Some((_, at)) = known.filter(|(number, _)| *number >= head.number) {
            return Ok(Some(at));
        }
        let newest = match chat.find(actor, RoomRef::Key(key)).await {
            Ok(log) => chat.history(actor, &log, None, 1).await,
            Err(error) => Err(error),
        };
        match newest {
            Ok(slots) => Ok(slots.last().map(|slot| {
                let event = slot.event();
                self.known.lock().unwrap_or_else(PoisonError::into_inner).put(id, (event.number, event.at));
                event.at
            })),
            Err(Error::Refused(_)) => Ok(Some(head.at)),
            Err(error) => Err(error),
        }
    }
}
