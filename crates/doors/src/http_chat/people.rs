//! Who pollers are to the others in a room: the names of the guests that polled lately, and their being here.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use parlor_core::connections::Identity;
use parlor_core::event::Author;
use parlor_core::guests::unnamed;
use parlor_core::ids::GuestId;
use parlor_core::pulse::{Attendance, Stay};
use parlor_core::room_log::RoomLog;
use parlor_core::text::DisplayName;
use parlor_core::{Actor, Chat, Error, Who, limits};

use super::cookies::Cookies;
use super::visitor::Visitor;

/// The guests that polled lately, so that a poll need not ask the store for a name.
pub(super) struct People {
    // Held for memory work only.
    guests: Mutex<LruCache<GuestId, Arc<Identity>>>,
}

impl People {
    /// Nobody yet.
    pub(super) fn new() -> People {
        const KEPT: NonZeroUsize = NonZeroUsize::new(limits::KNOWN_GUESTS).expect("the limit is not 0");
        People { guests: Mutex::new(LruCache::new(KEPT)) }
    }

    /// Says that whoever polls is here in a room: until the answer is dropped, and ten seconds more.
    ///
    /// # Errors
    /// `NotFound` or `Forbidden` for who may not read there; a `Fault` of the store.
    pub(super) async fn attend(
        &self,
        chat: &Arc<Chat>,
        actor: &Actor,
        log: &Arc<RoomLog>,
        visitor: &Visitor,
    ) -> Result<Attendance, Error> {
        // Whoever is kept out of a room is not seen in it.
        chat.may_read(actor, log).await?;
        let cookies = &visitor.cookies;
        let identity = match (visitor.account(), cookies.guest) {
            (Some(account), _) => Arc::new(Identity::account(&account)),
            (None, Some(guest)) => self.guest(chat, guest, cookies.nickname.as_ref()).await?,
            (None, None) => Arc::new(Identity::unknown()),
        };
        let connection = cookies.connection.unwrap_or_else(|| chat.connection_of(actor));
        Ok(chat.attend(log, connection, identity, Stay::Polling, 0))
    }

    /// Whoever asks has said something under this name, and is called like this from now on.
    pub(super) fn named(
        &self,
        chat: &Arc<Chat>,
        actor: &Actor,
        log: &Arc<RoomLog>,
        cookies: &Cookies,
        name: &DisplayName,
    ) {
        let Who::Guest(guest) = actor.who else { return };
        let identity = Arc::new(Identity::guest(guest, name.clone()));
        self.lock().put(guest, identity.clone());
        // A request that hangs already is by somebody of the old name, and may hang for minutes.
        let connection = cookies.connection.unwrap_or_else(|| chat.connection_of(actor));
        if log.presence().identity(connection).is_some() {
            drop(chat.attend(log, connection, identity, Stay::Polling, 0));
        }
    }

    /// How somebody is known to others.
    ///
    /// # Errors
    /// `NoSuchPerson` for an account that is no more, or a `Fault` of the store.
    pub(super) async fn identity(&self, chat: &Chat, who: Author) -> Result<Arc<Identity>, Error> {
        match who {
            Author::Guest(guest) => self.guest(chat, guest, None).await,
            _ => Ok(Arc::new(chat.identity_of(who).await?)),
        }
    }

    async fn guest(&self, chat: &Chat, guest: GuestId, nickname: Option<&DisplayName>) -> Result<Arc<Identity>, Error> {
        let known = self.lock().get(&guest).cloned();
        let known = match known {
            Some(known) => known,
            None => {
                let known = Arc::new(Identity::guest(guest, chat.guest_name(guest).await?));
                // A post may have named the guest meanwhile; then that is the newer name.
                self.lock().get_or_insert(guest, || known).clone()
            }
        };
        match nickname {
            Some(nickname) if known.name == unnamed(guest) => Ok(Arc::new(Identity::guest(guest, nickname.clone()))),
            _ => Ok(known),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<GuestId, Arc<Identity>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
