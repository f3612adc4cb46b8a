//! People without an account: known by a token that only this server can have made, so that
//! a page view stores nothing and a post looks nothing up.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::ids::{ConnectionId, GuestId};
use crate::limits;
use crate::ports::{Entropy, Store};
use crate::refusal::Fault;
use crate::text::DisplayName;

pub(crate) struct Guests {
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    /// Keys the tokens; made with the store.
    secret: [u8; 32],
    /// Numbers taken from the store and not given away yet.
    block: Mutex<Range<u64>>,
}

impl Guests {
    pub(crate) fn new(store: Arc<dyn Store>, entropy: Arc<dyn Entropy>, secret: [u8; 32]) -> Guests {
        Guests { store, entropy, secret, block: Mutex::new(0..0) }
    }

    /// A guest whom nobody has seen yet.
    pub(crate) async fn make(&self) -> Result<GuestId, Fault> {
        loop {
            if let Some(id) = self.lock().next() {
                return Ok(GuestId(id));
            }
            // Two who come here at once take two blocks; the numbers of one of them are lost, which harms nobody.
            let first = self.store.reserve_guests(limits::GUEST_BLOCK).await?.0;
            *self.lock() = first..first + limits::GUEST_BLOCK;
        }
    }

    /// A number for a client that nobody can guess: 53 bits, which a JavaScript number holds; never 0.
    pub(crate) fn draw_connection(&self) -> ConnectionId {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        ConnectionId((u64::from_le_bytes(bytes) >> 11).max(1))
    }

    /// The number of somebody who comes without one: always the same for the same parts, and nobody can compute it.
    pub(crate) fn connection_of(&self, parts: &[&str]) -> ConnectionId {
        let mac = self.mac(&[&["connection"], parts].concat());
        // 52 bits: a JavaScript number holds them.
        ConnectionId(u64::from_str_radix(&mac[..13], 16).expect("a MAC is hex").max(1))
    }

    /// What proves to be this guest: `ID.MAC`, as long as the store lives.
    pub(crate) fn token(&self, guest: GuestId) -> String {
        format!("{guest}.{}", self.mac(&["guest", &guest.to_string()]))
    }

    pub(crate) fn verify(&self, token: &str) -> Option<GuestId> {
        let (id, mac) = token.split_once('.')?;
        self.is_mac(mac, &["guest", id]).then(|| id.parse().ok().map(GuestId))?
    }

    /// What proves to be this connection of this guest: `ID.CONNECTION.MAC`.
    pub(crate) fn client_token(&self, guest: GuestId, connection: ConnectionId) -> String {
        let connection = format!("{:016x}", connection.0);
        let mac = self.mac(&["client", &guest.to_string(), &connection]);
        format!("{guest}.{connection}.{mac}")
    }

    pub(crate) fn verify_client(&self, token: &str) -> Option<(GuestId, ConnectionId)> {
        let (id, rest) = token.split_once('.')?;
        let (connection, mac) = rest.split_once('.')?;
        if !self.is_mac(mac, &["client", id, connection]) {
            return None;
        }
        Some((GuestId(id.parse().ok()?), ConnectionId(u64::from_str_radix(connection, 16).ok()?)))
    }

    /// A name for something of this kind from which nobody can tell what it is: 32 hex digits, always the same.
    pub(crate) fn opaque(&self, kind: &str, bytes: &[u8]) -> String {
        self.mac(&["opaque", kind, &hex(bytes)])
    }

    pub(crate) fn is_mac(&self, mac: &str, parts: &[&str]) -> bool {
        self.mac(parts).as_bytes().ct_eq(mac.as_bytes()).into()
    }

    /// The first 128 bits of HMAC-SHA256 over the parts, in hex. No part holds a `.`, so the joint is unambiguous.
    pub(crate) fn mac(&self, parts: &[&str]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        mac.update(parts.join(".").as_bytes());
        let bytes = mac.finalize().into_bytes();
        hex(&bytes[..16])
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Range<u64>> {
        self.block.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(nibble), 16).expect("a nibble is below 16"));
        }
        hex
    })
}

/// The name of a guest who gave none.
#[must_use]
pub fn unnamed(guest: GuestId) -> DisplayName {
    DisplayName::stored(format!("guest-{guest}"))
}
