//! Log-ins that outlive a connection: what proves one, and what it gives to whoever holds it.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::account::{Account, Session, TokenHash};
use crate::actor::{Actor, Who};
use crate::ids::{ConnectionId, Timestamp};
use crate::limits;
use crate::rates::Origin;

/// What proves a session: the text of a random UUID, 122 bits of it from a cryptographic source. Shown to its client once; the
/// store has its hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(u128);

impl SessionToken {
    /// Draws one. `fill` must fill its argument with cryptographic randomness.
    pub(crate) fn draw(fill: impl FnOnce(&mut [u8])) -> SessionToken {
        let mut bytes = [0; 16];
        fill(&mut bytes);
        // RFC 9562, section 5.4: version 4, variant 10.
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        SessionToken(u128::from_be_bytes(bytes))
    }

    /// Reads one, in any case; `None` for what no session can have.
    pub(crate) fn parse(text: &str) -> Option<SessionToken> {
        const HYPHENS: [usize; 4] = [8, 13, 18, 23];
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut value = 0;
        for (at, byte) in bytes.iter().enumerate() {
            match (*byte, HYPHENS.contains(&at)) {
                (b'-', true) => {}
                (digit, false) => value = value << 4 | u128::from(char::from(digit).to_digit(16)?),
                _ => return None,
            }
        }
        Some(SessionToken(value))
    }

    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.to_be_bytes()).into())
    }
}

impl fmt::Display for SessionToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        write!(out, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever has it is the account.
        out.write_str("SessionToken(..)")
    }
}

/// A session in force, in the hands of a request or a connection. Cheap to clone.
#[derive(Clone)]
pub struct Grant(Arc<InForce>);

impl Grant {
    pub(crate) fn new(session: Arc<InForce>) -> Grant {
        Grant(session)
    }

    pub(crate) fn in_force(&self) -> &Arc<InForce> {
        &self.0
    }

    /// Whose it is, as the account is now.
    #[must_use]
    pub fn account(&self) -> Arc<Account> {
        self.0.account()
    }

    /// Which session it is.
    #[must_use]
    pub fn session(&self) -> TokenHash {
        self.0.token
    }

    /// Who asks with it: a stranger from the moment at which the session ended.
    #[must_use]
    pub fn actor(&self, origin: Option<Origin>) -> Actor {
        if self.has_ended() {
            return Actor::stranger(origin);
        }
        Actor { who: Who::Account(self.account().id), origin }
    }

    /// Whether the session was ended: by its owner, with the account's password, or by the operator.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.has_ended()
    }

    /// Waits until it is ended. Cancel safe.
    pub async fn ended(&self) {
        self.0.ended().await;
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Grant").field("account", &self.account().id).finish_non_exhaustive()
    }
}

/// One of an account's log-ins, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIn {
    /// What ends it: [`crate::Chat::end_log_in`]. Opaque, 32 hex digits.
    pub id: String,
    /// What it was called when it began; of a connection's own, its door.
    pub label: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was used last, to the minute.
    pub used: Timestamp,
    /// Whether a connection is bound to it.
    pub connected: bool,
}

/// A stored session on this node. Ended under the registry's lock only.
pub(crate) struct InForce {
    token: TokenHash,
    // Held for memory work only; taken after the registry's, never before it.
    state: Mutex<State>,
    /// Rung when it ends.
    rung: Notify,
}

struct State {
    account: Arc<Account>,
    used: Timestamp,
    /// When the store heard of a use last.
    noted: Timestamp,
    expires: Timestamp,
    bound: Option<ConnectionId>,
    ended: bool,
}

/// What becomes of a session by a use of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing more is to be done.
    Free,
    /// The store is to hear of it: used then, and with this end.
    Note(Timestamp, Timestamp),
    /// It was too late.
    Expired,
}

impl InForce {
    pub(crate) fn new(session: &Session, account: Arc<Account>) -> InForce {
        let (used, expires) = (session.used, session.expires);
        let state = State { account, used, noted: used, expires, bound: None, ended: false };
        InForce { token: session.token, state: Mutex::new(state), rung: Notify::new() }
    }

    pub(crate) fn token(&self) -> TokenHash {
        self.token
    }

    pub(crate) fn account(&self) -> Arc<Account> {
        self.lock().account.clone()
    }

    pub(crate) fn set_account(&self, account: &Arc<Account>) {
        self.lock().account = account.clone();
    }

    pub(crate) fn used(&self) -> Timestamp {
        self.lock().used
    }

    pub(crate) fn bound(&self) -> Option<ConnectionId> {
        self.lock().bound
    }

    /// Binds a connection; answers another one that was bound before.
    pub(crate) fn bind(&self, connection: ConnectionId) -> Option<ConnectionId> {
        self.lock().bound.replace(connection).filter(|older| *older != connection)
    }

    pub(crate) fn unbind(&self, connection: ConnectionId) {
        let mut state = self.lock();
        if state.bound == Some(connection) {
            state.bound = None;
        }
    }

    /// Uses it, which moves its end to `ttl` from `now`. A connection that is bound to it uses it all the time.
    pub(crate) fn use_it(&self, now: Timestamp, ttl: Duration) -> Use {
        let mut state = self.lock();
        if state.expires <= now && state.bound.is_none() {
            return Use::Expired;
        }
        state.used = now;
        state.expires = later(now, ttl);
        if now < later(state.noted, Duration::from_secs(limits::SESSION_NOTE_SECONDS)) {
            return Use::Free;
        }
        // Before it is done, so that a store that takes no writes is not asked by every request.
        state.noted = now;
        Use::Note(now, state.expires)
    }

    /// What is to be done about it though nobody uses it: one that is bound to a connection is kept before half of its time has
    /// passed.
    pub(crate) fn look(&self, now: Timestamp, ttl: Duration) -> Use {
        let state = self.lock();
        let (bound, expired, half) = (state.bound.is_some(), state.expires <= now, later(now, ttl / 2));
        let early = state.expires < half;
        drop(state);
        match bound {
            false if expired => Use::Expired,
            true if early => self.use_it(now, ttl),
            _ => Use::Free,
        }
    }

    /// Ends it; answers the connection that was bound to it.
    pub(crate) fn end(&self) -> Option<ConnectionId> {
        let bound = {
            let mut state = self.lock();
            state.ended = true;
            state.bound.take()
        };
        self.rung.notify_waiters();
        bound
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    async fn ended(&self) {
        let mut rung = std::pin::pin!(self.rung.notified());
        // Waiting begins before looking, so that the end is not missed between the two.
        rung.as_mut().enable();
        if !self.has_ended() {
            rung.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time by which sessions expire: that of the world, but it never runs back, so that what has expired stays expired.
#[derive(Default)]
pub(crate) struct Onward(AtomicI64);

impl Onward {
    /// The time now, when the world says that it is `now`, or something is known to have happened then.
    pub(crate) fn at(&self, now: Timestamp) -> Timestamp {
        Timestamp(self.0.fetch_max(now.0, Ordering::AcqRel).max(now.0))
    }
}

/// A time so much later, or the last one there is.
pub(crate) fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_a_random_uuid_and_never_shown_by_accident() {
        let token = SessionToken::draw(|bytes| bytes.fill(0xff));
        assert_eq!(token.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let token = SessionToken::draw(|bytes| bytes.fill(0));
        assert_eq!(token.to_string(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(format!("{token:?} {:?}", token.hash()), "SessionToken(..) TokenHash(..)");
        for bad in ["", "00000000-0000-4000-8000-00000000000", "00000000000004000-8000-000000000000"] {
            assert_eq!(SessionToken::parse(bad), None, "{bad}");
        }
        for bad in ["g0000000-0000-4000-8000-000000000000", "+0000000-0000-4000-8000-000000000000"] {
            assert_eq!(SessionToken::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_token_is_read_as_it_is_written(bytes in any::<[u8; 16]>()) {
            let token = SessionToken::draw(|out| out.copy_from_slice(&bytes));
            prop_assert_eq!(SessionToken::parse(&token.to_string()), Some(token.clone()));
            prop_assert_eq!(SessionToken::parse(&token.to_string().to_uppercase()), Some(token));
        }

        #[test]
        fn whatever_is_sent_is_read_without_panic(text in "\\PC{0,40}", near in "[0-9a-fA-F-]{34,38}") {
            for text in [text, near] {
                let read = SessionToken::parse(&text);
                prop_assert!(read.is_none() || read.is_some_and(|token| token.to_string() == text.to_lowercase()));
            }
        }
    }
}
