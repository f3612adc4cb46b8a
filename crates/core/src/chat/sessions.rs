//! Sessions: beginning, resuming, listing and ending them, and what ends by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Chat, World};
use crate::account::{Account, Session, TokenHash};
use crate::actor::{Actor, Who};
use crate::ids::{AccountId, LOBBY, Timestamp};
use crate::limits;
use crate::refusal::{Error, Fault, Refusal};
use crate::sessions::{Grant, InForce, LogIn, Onward, SessionToken, Use, later};

impl Chat {
    /// Begins a session of somebody whose password was just checked ([`Chat::check_password`]). `label` is what its owner will
    /// know it by, for example the program; what is too long of it is cut. Always a new token, whatever the client had before.
    ///
    /// # Errors
    /// `BadLogin` if the account was changed meanwhile, so that it may not log in any more; or a `Fault`.
    pub async fn begin_session(&self, account: &Account, label: &str) -> Result<SessionToken, Error> {
        let token = SessionToken::draw(|bytes| self.world.entropy.fill(bytes));
        let now = self.session_time();
        let session = Session {
            token: token.hash(),
            account: account.id,
            label: shortened(label),
            created: now,
            used: now,
            expires: later(now, self.session_ttl),
        };
        if !self.world.store.create_session(session).await? {
            return Err(Refusal::BadLogin.into());
        }
        // Whatever takes the right away changes the account before it ends its sessions: so either this look sees the change,
        // or that end finds this session.
        if let Err(error) = self.still_as(account).await {
            self.end_in_store(Ends::Session(token.hash())).await?;
            return Err(error);
        }
        let others =
            self.sessions_of(account.id).await?.into_iter().filter(|(session, _)| session.token != token.hash());
        for (unused, _) in others.skip(limits::SESSIONS - 1) {
            self.end(Ends::Session(unused.token)).await?;
        }
        Ok(token)
    }

    /// The session that a token proves, which is used by this: its end moves. `None` for a token that is none's, and for one
    /// whose session ended or was not used for too long. A use is noted in the store once a minute.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn resume(&self, token: &str) -> Result<Option<Grant>, Error> {
        let Some(token) = SessionToken::parse(token) else { return Ok(None) };
        let token = token.hash();
        let session = match self.connections.session(token) {
            Some(session) => session,
            None => match self.read_session(token).await? {
                Some(session) => session,
                None => return Ok(None),
            },
        };
        match session.use_it(self.session_time(), self.session_ttl) {
            Use::Free => {}
            Use::Note(used, expires) => self.note(token, used, expires).await,
            Use::Expired => self.end(Ends::Session(token)).await?,
        }
        Ok((!session.has_ended()).then(|| Grant::new(session)))
    }

    /// The log-ins of whoever asks that are in force: sessions, and connections that logged in by themselves. The last used
    /// first.
    ///
    /// # Errors
    /// `NotLoggedIn` for who has no account, or a `Fault`.
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<LogIn>, Error> {
        let account = account_of(actor)?;
        let sessions = self.sessions_of(account).await?.into_iter().map(|(session, connected)| LogIn {
            id: self.log_in_id(session.token),
            label: session.label,
            created: session.created,
            used: session.used,
            connected,
        });
        let now = self.session_time();
        let passing = self.connections.passing(account).into_iter().map(|passing| LogIn {
            id: self.guests.opaque("connection", &passing.connection.0.to_le_bytes()),
            label: passing.door.to_owned(),
            created: passing.since,
            used: now,
            connected: true,
        });
        let mut all: Vec<LogIn> = passing.chain(sessions).collect();
        all.sort_by_key(|log_in| std::cmp::Reverse(log_in.used));
        Ok(all)
    }

    /// What [`Chat::sessions`] calls a session: tells which of them is the asker's own.
    #[must_use]
    pub fn log_in_id(&self, session: TokenHash) -> String {
        self.guests.opaque("session", &session.0)
    }

    /// Ends one of the asker's log-ins, wherever it is; `false` if there is none like that (any more).
    ///
    /// # Errors
    /// `NotLoggedIn` for who has no account, or a `Fault`.
    pub async fn end_log_in(&self, actor: &Actor, id: &str) -> Result<bool, Error> {
        let account = account_of(actor)?;
        let sessions = self.world.store.sessions(account).await?;
        if let Some(session) = sessions.into_iter().find(|session| self.log_in_id(session.token) == id) {
            self.end(Ends::Session(session.token)).await?;
            return Ok(true);
        }
        let mut passing = self.connections.passing(account).into_iter();
        let meant = passing.find(|one| self.guests.opaque("connection", &one.connection.0.to_le_bytes()) == id);
        Ok(meant.is_some_and(|one| self.connections.end_passing(account, one.connection)))
    }

    /// Logs out: ends a session, on every connection.
    ///
    /// # Errors
    /// A `Fault`; the session may go on then.
    pub async fn end_session(&self, grant: &Grant) -> Result<(), Error> {
        self.end(Ends::Session(grant.session())).await
    }

    /// The account as it is now, if it may still log in with what let this one in.
    ///
    /// # Errors
    /// `BadLogin`, or a `Fault`.
    pub(crate) async fn still_as(&self, known: &Account) -> Result<Account, Error> {
        let now = self.world.store.account(known.id).await?;
        let same = |now: &Account| now.created == known.created && now.password == known.password && !now.disabled;
        Ok(now.filter(same).ok_or(Refusal::BadLogin)?)
    }

    /// Ends log-ins, here and in the store, even if whoever asked for it goes away meanwhile.
    async fn end(&self, what: Ends) -> Result<(), Error> {
        let ending = self.ending(what);
        self.end_in_store(what).await?;
        ending.finish();
        Ok(())
    }

    async fn end_what_was_left(&self, what: Ends) -> Result<(), Error> {
        let ending = self.ending(what);
        self.end_in_store(what).await?;
        let account = match what {
            Ends::Nothing { account } | Ends::LogIns { account, .. } => self.world.store.account(account).await?,
            Ends::Session(_) => None,
        };
        ending.finish();
        if let Some(account) = account {
            self.show_account(account);
        }
        Ok(())
    }

    /// To be held while something changes an account or its log-ins in the store. Once that is done they are ended here by
    /// [`Ending::finish`]; dropped before, it leaves the rest to the next look at the sessions.
    pub(super) fn ending(&self, what: Ends) -> Ending<'_> {
        Ending { chat: self, what: Some(what) }
    }

    pub(super) async fn end_in_store(&self, what: Ends) -> Result<(), Fault> {
        match what {
            Ends::Nothing { .. } => Ok(()),
            Ends::Session(token) => self.world.store.end_session(token).await.map(drop),
            Ends::LogIns { account, except } => self.world.store.end_sessions(account, except).await.map(drop),
        }
    }

    fn end_here(&self, what: Ends) {
        match what {
            Ends::Nothing { .. } => {}
            Ends::Session(token) => self.connections.end_session(token),
            Ends::LogIns { account, except } => self.connections.end_log_ins(account, except),
        }
    }

    /// Ends what was left to be ended, and once a minute what has expired. To be called twice a second.
    pub(super) async fn look_at_sessions(&self) {
        let left = std::mem::take(&mut *self.gate.left());
        for what in left {
            if let Err(error) = self.end_what_was_left(what).await {
                // It was left again.
                tracing::warn!(%error, "log-ins could not be ended; trying again");
            }
        }
        if !self.gate.is_time(self.world.clock.monotonic()) {
            return;
        }
        let now = self.session_time();
        for session in self.connections.sessions() {
            match session.look(now, self.session_ttl) {
                Use::Free => {}
                Use::Note(used, expires) => self.note(session.token(), used, expires).await,
                Use::Expired => self.connections.end_session(session.token()),
            }
        }
        if let Err(fault) = self.world.store.expire_sessions(now).await {
            tracing::warn!(%fault, "sessions that have expired could not be removed; trying again");
        }
    }

    async fn read_session(&self, token: TokenHash) -> Result<Option<Arc<InForce>>, Error> {
        loop {
            let version = self.connections.version();
            let Some(session) = self.world.store.session(token).await? else { return Ok(None) };
            let now = self.gate.onward.at(session.used);
            if session.expires <= now {
                return Ok(None);
            }
            let account = self.world.store.account(session.account).await?.filter(|account| !account.disabled);
            let Some(account) = account else { return Ok(None) };
            let session = InForce::new(&session, Arc::new(account));
            if let Some(session) = self.connections.enforce(session, version) {
                return Ok(Some(session));
            }
        }
    }

    /// Tells the store of a use. A store that takes no writes now sends nobody away.
    async fn note(&self, token: TokenHash, used: Timestamp, expires: Timestamp) {
        match self.world.store.touch_session(token, used, expires).await {
            Ok(true) => {}
            // Another node has ended it.
            Ok(false) => self.connections.end_session(token),
            Err(fault) => tracing::warn!(%fault, "the use of a session could not be noted"),
        }
    }

    /// An account's sessions as they are now, and whether a connection is bound to each; the last used first.
    async fn sessions_of(&self, account: AccountId) -> Result<Vec<(Session, bool)>, Error> {
        let now = self.session_time();
        let here = self.connections.sessions().into_iter().map(|session| (session.token(), session));
        let here: HashMap<TokenHash, Arc<InForce>> = here.collect();
        let mut sessions = Vec::new();
        for mut session in self.world.store.sessions(account).await? {
            let here = here.get(&session.token);
            let connected = here.is_some_and(|session| session.bound().is_some());
            session.used = here.map_or(session.used, |here| if connected { now } else { here.used() });
            // What a use has put off here may not be noted yet.
            if here.is_some() || session.expires > now {
                sessions.push((session, connected));
            }
        }
        sessions.sort_by_key(|(session, _)| std::cmp::Reverse(session.used));
        Ok(sessions)
    }

    fn session_time(&self) -> Timestamp {
        let wall = self.world.clock.wall();
        let seen = self.logs.in_use(LOBBY).map_or(wall, |lobby| lobby.head().at.max(wall));
        self.gate.onward.at(seen)
    }
}

/// What is kept to let people in and out.
pub(super) struct Gate {
    onward: Onward,
    /// The time of the next look for what has expired. Held for memory work only.
    next_look: Mutex<Duration>,
    /// What was to be done when whoever asked for it went away. Held for memory work only.
    left: Mutex<Vec<Ends>>,
    /// One change of an account at a time: each reads the account, changes it and writes all of it back.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Held for memory work only.
    pub(super) operator_token: Mutex<super::operator::OperatorToken>,
}

impl Gate {
    pub(super) async fn new(world: &World) -> Result<Gate, Fault> {
        let onward = Onward::default();
        for (_, head) in world.store.heads(vec![LOBBY]).await? {
            // A damaged lobby is told of by whoever comes into it.
            onward.at(head.map_or(Timestamp(0), |head| head.at));
        }
        let next_look = world.clock.monotonic() + LOOK;
        Ok(Gate {
            onward,
            next_look: Mutex::new(next_look),
            left: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            operator_token: Mutex::default(),
        })
    }

    fn is_time(&self, now: Duration) -> bool {
        let mut next = self.next_look.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = now >= *next;
        if is_time {
            *next = now + LOOK;
        }
        is_time
    }

    fn left(&self) -> MutexGuard<'_, Vec<Ends>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const LOOK: Duration = Duration::from_secs(limits::SESSIONS_LOOK_SECONDS);

/// Which log-ins end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// None, but the account is another now.
    Nothing {
        /// The account.
        account: AccountId,
    },
    /// A session.
    Session(TokenHash),
    /// All of an account's sessions but one, and its connections' own.
    LogIns {
        /// The account.
        account: AccountId,
        /// The one that stays.
        except: Option<TokenHash>,
    },
}

/// Log-ins that are ending.
pub(super) struct Ending<'a> {
    chat: &'a Chat,
    what: Option<Ends>,
}

impl Ending<'_> {
    /// The store has no word for them any more: they end here.
    pub(super) fn finish(mut self) {
        if let Some(what) = self.what.take() {
            self.chat.end_here(what);
        }
    }

    /// Nothing was changed, so nothing ends.
    pub(super) fn forget(mut self) {
        self.what = None;
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let Some(what) = self.what else { return };
        let mut left = self.chat.gate.left();
        if !left.contains(&what) {
            left.push(what);
        }
    }
}

/// The account of whoever asks.
pub(super) fn account_of(actor: &Actor) -> Result<AccountId, Refusal> {
    match actor.who {
        Who::Account(id) => Ok(id),
        _ => Err(Refusal::NotLoggedIn),
    }
}

fn shortened(label: &str) -> String {
    let label: String = label.chars().filter(|c| !c.is_control()).collect();
    label[..label.floor_char_boundary(limits::SESSION_LABEL_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use crate::ids::{Epoch, RoomKey};
    use crate::limits::Limits;
    use crate::model::{FakePasswords, Model};
    use crate::ports::{Clock, Entropy, NoBus};
    use crate::text::DisplayName;

    struct Still;

    impl Clock for Still {
        fn wall(&self) -> Timestamp {
            Timestamp(1)
        }
        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    impl Entropy for Still {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    /// The answer of what never has to wait: the model store does not.
    fn at_once<T>(work: impl Future<Output = T>) -> T {
        match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("the model store made somebody wait"),
        }
    }

    /// Whoever changes a password may hang up before the answer: the log-ins that the change was to end must not go on.
    #[test]
    fn what_somebody_left_half_ended_is_ended_at_the_next_look() {
        let key = RoomKey::draw(|bytes| bytes.fill(7));
        let world = World {
            store: Arc::new(Model::new([0; 32], key, Epoch(1), Timestamp(1))),
            bus: Arc::new(NoBus),
            clock: Arc::new(Still),
            entropy: Arc::new(Still),
            passwords: Arc::new(FakePasswords::default()),
        };
        let (chat, _engines) = at_once(Chat::open(world, Limits::without_rates(), 1 << 20)).unwrap();
        let operator = Actor { who: Who::Operator, origin: None };
        let anna = at_once(chat.add_account(&operator, None, "anna", Some("x"))).unwrap();
        let connection = chat.connect("term", None);
        at_once(connection.log_in(&anna)).unwrap();
        let token = at_once(chat.begin_session(&anna, "x")).unwrap().to_string();
        let grant = at_once(chat.resume(&token)).unwrap().unwrap();
        let all = Ends::LogIns { account: anna.id, except: None };

        chat.ending(all).forget();
        at_once(chat.look_at_sessions());
        assert!(!grant.has_ended(), "nothing was changed, so nothing ended");
        let renamed = Account { display_name: DisplayName::stored("Anna B.".to_owned()), ..anna.clone() };
        assert!(at_once(chat.world.store.update_account(renamed)).unwrap());
        drop(chat.ending(Ends::Nothing { account: anna.id }));
        at_once(chat.look_at_sessions());
        assert_eq!(connection.identity().name.as_str(), "Anna B.");
        assert!(!grant.has_ended());
        drop(chat.ending(all));
        drop(chat.ending(all));
        assert_eq!(*chat.gate.left(), [all], "each once, or it would grow");
        at_once(chat.look_at_sessions());
        assert!(grant.has_ended() && connection.actor().who == Who::Stranger);
        assert!(at_once(chat.resume(&token)).unwrap().is_none(), "nor is it in the store");
        assert!(chat.gate.left().is_empty());
    }
}
