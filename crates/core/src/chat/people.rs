//! Guests, what proves who they are, and who is here.

use std::sync::Arc;

use super::Chat;
use crate::actor::Actor;
use crate::guests;
use crate::ids::{ConnectionId, GuestId};
use crate::pulse::Attendance;
use crate::refusal::Error;
use crate::room_log::RoomLog;
use crate::text::DisplayName;

impl Chat {
    /// A guest whom nobody has seen yet.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn new_guest(&self) -> Result<GuestId, Error> {
        Ok(self.guests.make().await?)
    }

    /// What proves to be this guest, for ever.
    #[must_use]
    pub fn guest_token(&self, guest: GuestId) -> String {
        self.guests.token(guest)
    }

    /// The guest that a token proves; `None` for a token that is not ours.
    #[must_use]
    pub fn guest_of(&self, token: &str) -> Option<GuestId> {
        self.guests.verify(token)
    }

    /// A new client identifier of a guest: who it is, and which connection.
    #[must_use]
    pub fn client_token(&self, guest: GuestId) -> String {
        self.guests.client_token(guest, self.guests.draw_connection())
    }

    /// The guest and connection that a client identifier proves.
    #[must_use]
    pub fn client_of(&self, token: &str) -> Option<(GuestId, ConnectionId)> {
        self.guests.verify_client(token)
    }

    /// The name that a guest goes by: the nickname of its last post, else `guest-ID`.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn guest_name(&self, guest: GuestId) -> Result<DisplayName, Error> {
        let known = self.world.store.guest(guest).await?;
        Ok(known.and_then(|guest| guest.name).unwrap_or_else(|| guests::unnamed(guest)))
    }

    /// 128 random bits in hex: a key that nobody else has.
    #[must_use]
    pub fn draw_token(&self) -> String {
        let mut bytes = [0; 16];
        self.world.entropy.fill(&mut bytes);
        format!("{:032x}", u128::from_le_bytes(bytes))
    }

    /// Says that a connection is in a room, until the answer is dropped and ten seconds more.
    #[must_use]
    pub fn attend(&self, actor: &Actor, log: &Arc<RoomLog>, connection: Option<ConnectionId>) -> Attendance {
        let connection = connection.unwrap_or_else(|| self.guests.draw_connection());
        Attendance::begin(log.clone(), self.world.clock.clone(), connection, actor.author())
    }
}
