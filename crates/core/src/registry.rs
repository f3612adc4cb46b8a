//! Who is connected to this node and which log-ins are in force: what ends a log-in must find it, however late it comes in.
//!
//! Whoever lets somebody in reads the store, which takes time, and meanwhile the right may go. So everything that concerns
//! accounts has a version here: it is taken before the store is read, and what was read is put in force only if it is still the
//! same. Whatever takes a right away changes the store first, then the version and all that is in force, in one step.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::Notify;

use crate::account::{Account, TokenHash};
use crate::connections::{Ended, Identity, Inbox};
use crate::event::Author;
use crate::ids::{AccountId, ConnectionId, Timestamp};
use crate::limits;
use crate::pulse::Stay;
use crate::refusal::Refusal;
use crate::room_log::RoomLog;
use crate::sessions::InForce;
use crate::text::DisplayName;

/// Everybody who is connected to this node, and every log-in that is in force here.
#[derive(Default)]
pub(crate) struct Connections {
    // Held for look-ups only. Taken before a connection's or a session's own lock, never after it.
    state: Mutex<State>,
}

struct State {
    by_id: HashMap<ConnectionId, Arc<Whom>>,
    /// Names held at terminals, and by whom.
    held: HashMap<DisplayName, Author>,
    /// Names that somebody is about to get.
    claimed: HashSet<Box<str>>,
    people: HashMap<Author, Present>,
    /// Those that somebody holds, and those used lately.
    sessions: LruCache<TokenHash, Arc<InForce>>,
    accounts: LruCache<AccountId, Arc<Account>>,
    /// Moves whenever what was read of an account or a session before may not hold any more.
    version: u64,
}

impl Default for State {
    fn default() -> State {
        const ACCOUNTS: NonZeroUsize = NonZeroUsize::new(limits::KNOWN_ACCOUNTS).expect("the limit is not 0");
        State {
            by_id: HashMap::new(),
            held: HashMap::new(),
            claimed: HashSet::new(),
            people: HashMap::new(),
            sessions: LruCache::unbounded(),
            accounts: LruCache::new(ACCOUNTS),
            version: 0,
        }
    }
}

/// A person with a connection or an attendance, or who polled within the last ten seconds.
#[derive(Default)]
struct Present {
    count: usize,
    /// When the count fell to 0.
    left: Duration,
    inbox: Arc<Inbox>,
}

/// Who a connection is. The connection itself holds it, and so does whatever may end its log-in.
pub(crate) struct Whom {
    door: &'static str,
    // Held for memory work only.
    now: Mutex<AsWhom>,
    /// Rung when it became nobody without having asked for it.
    rung: Notify,
}

struct AsWhom {
    identity: Arc<Identity>,
    inbox: Arc<Inbox>,
    bond: Bond,
    ended: Option<Ended>,
}

/// How a connection is an account's.
enum Bond {
    /// It is none's.
    None,
    /// It logged in by itself, then: that lasts as long as it does.
    Passing { since: Timestamp },
    /// By a session, which outlives it.
    Session(Arc<InForce>),
}

/// A log-in that lasts as long as its connection.
pub(crate) struct Passing {
    pub(crate) connection: ConnectionId,
    pub(crate) door: &'static str,
    pub(crate) since: Timestamp,
}

impl Whom {
    pub(crate) fn new(door: &'static str) -> Whom {
        let identity = Arc::new(Identity::unknown());
        let now = AsWhom { identity, inbox: Arc::default(), bond: Bond::None, ended: None };
        Whom { door, now: Mutex::new(now), rung: Notify::new() }
    }

    pub(crate) fn identity(&self) -> Arc<Identity> {
        self.lock().identity.clone()
    }

    pub(crate) fn inbox(&self) -> Arc<Inbox> {
        self.lock().inbox.clone()
    }

    /// Waits until it became nobody without having asked for it. Cancel safe.
    pub(crate) async fn ended(&self) -> Ended {
        loop {
            let mut rung = std::pin::pin!(self.rung.notified());
            // Waiting begins before looking, so that no end is missed between the two.
            rung.as_mut().enable();
            if let Some(why) = self.lock().ended {
                return why;
            }
            rung.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, AsWhom> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    // Connections

    /// Takes a connection in; `false` if its number is in use.
    pub(crate) fn add(&self, id: ConnectionId, whom: &Arc<Whom>) -> bool {
        match self.lock().by_id.entry(id) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(whom.clone());
                true
            }
        }
    }

    pub(crate) fn remove(&self, id: ConnectionId) {
        let mut state = self.lock();
        if let Some(whom) = state.by_id.remove(&id) {
            state.become_nobody(id, &whom, None);
        }
    }

    /// Who a connection is, at a door that keeps it open.
    pub(crate) fn identity(&self, id: ConnectionId) -> Option<Arc<Identity>> {
        self.lock().by_id.get(&id).map(|whom| whom.identity())
    }

    /// Makes a connection somebody who is no account.
    pub(crate) fn become_guest(&self, id: ConnectionId, whom: &Whom, identity: Identity) {
        let mut state = self.lock();
        if let Some(who) = identity.who.filter(|_| identity.holds_name) {
            state.held.insert(identity.name.clone(), who);
        }
        state.switch(id, whom, Arc::new(identity), Bond::None, None);
    }

    /// Makes a connection nobody's.
    pub(crate) fn become_stranger(&self, id: ConnectionId, whom: &Whom) {
        self.lock().become_nobody(id, whom, None);
    }

    /// Makes a connection an account's for as long as it lasts, unless something has changed since `version`.
    pub(crate) fn log_in(
        &self,
        id: ConnectionId,
        whom: &Whom,
        account: &Account,
        since: Timestamp,
        version: u64,
    ) -> bool {
        let mut state = self.lock();
        if state.version != version {
            return false;
        }
        state.switch(id, whom, Arc::new(Identity::account(account)), Bond::Passing { since }, None);
        true
    }

    /// Makes a connection an account's by a session; the one that was before it becomes nobody's. `false` if the session has
    /// ended.
    pub(crate) fn bind(&self, id: ConnectionId, whom: &Whom, session: &Arc<InForce>) -> bool {
        let mut state = self.lock();
        if session.has_ended() {
            return false;
        }
        let identity = Arc::new(Identity::account(&session.account()));
        state.switch(id, whom, identity, Bond::Session(session.clone()), None);
        if let Some(older) = session.bind(id)
            && let Some(whom) = state.by_id.get(&older).cloned()
        {
            state.become_nobody(older, &whom, Some(Ended::Moved));
        }
        true
    }

    // People

    /// One more connection or attendance of a person.
    pub(crate) fn arrive(&self, who: Author) -> Arc<Inbox> {
        self.lock().arrive(who)
    }

    /// One less. Who polls is here for ten seconds more.
    pub(crate) fn depart(&self, who: Author, stay: Stay, now: Duration) {
        self.lock().depart(who, stay, now);
    }

    /// Forgets those who polled ten seconds ago for the last time.
    pub(crate) fn let_go(&self, now: Duration) {
        let linger = Duration::from_secs(limits::LINGER_SECONDS);
        self.lock().people.retain(|_, present| present.count > 0 || now.saturating_sub(present.left) < linger);
    }

    /// Shows a room of two, or a new message in it, to a person, if the person is here.
    pub(crate) fn deliver_room(&self, who: Author, log: &Arc<RoomLog>) {
        if let Some(inbox) = self.inbox(who) {
            inbox.add(log);
        }
    }

    pub(crate) fn has(&self, who: Author) -> bool {
        self.lock().people.contains_key(&who)
    }

    pub(crate) fn inbox(&self, who: Author) -> Option<Arc<Inbox>> {
        self.lock().people.get(&who).map(|present| present.inbox.clone())
    }

    // Names

    /// Who holds a name at a terminal.
    pub(crate) fn holder(&self, name: &str) -> Option<Author> {
        self.lock().held.get(&DisplayName::stored(name.to_owned())).copied()
    }

    /// Keeps others from taking a name, in lower case, until the answer is dropped: who makes an account or holds a name looks
    /// first, works, and takes it last.
    ///
    /// # Errors
    /// `NameTaken` if somebody holds it or is about to get it.
    pub(crate) fn claim(&self, name: &str) -> Result<Claim<'_>, Refusal> {
        let mut state = self.lock();
        if state.held.contains_key(&DisplayName::stored(name.to_owned())) || !state.claimed.insert(name.into()) {
            return Err(Refusal::NameTaken);
        }
        Ok(Claim { connections: self, name: name.into() })
    }

    // Accounts and log-ins

    /// To be taken before the store is read.
    pub(crate) fn version(&self) -> u64 {
        self.lock().version
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        self.lock().accounts.get(&id).cloned()
    }

    /// Keeps an account that was just read, unless something has changed since `version`.
    pub(crate) fn keep_account(&self, account: &Arc<Account>, version: u64) {
        let mut state = self.lock();
        if state.version == version {
            state.accounts.put(account.id, account.clone());
        }
    }

    pub(crate) fn session(&self, token: TokenHash) -> Option<Arc<InForce>> {
        self.lock().sessions.get(&token).cloned()
    }

    /// Puts a session in force that was just read; answers the one that is in force now, which another may have been faster to
    /// read. `None`: something has changed since `version`.
    pub(crate) fn enforce(&self, session: InForce, version: u64) -> Option<Arc<InForce>> {
        let mut state = self.lock();
        if state.version != version {
            return None;
        }
        let token = session.token();
        let session = state.sessions.get_or_insert(token, || Arc::new(session)).clone();
        state.forget_idle();
        Some(session)
    }

    /// All sessions that are in force here.
    pub(crate) fn sessions(&self) -> Vec<Arc<InForce>> {
        self.lock().sessions.iter().map(|(_, session)| session.clone()).collect()
    }

    /// The log-ins of an account that last as long as their connections.
    pub(crate) fn passing(&self, account: AccountId) -> Vec<Passing> {
        let state = self.lock();
        let passing = state.by_id.iter().filter_map(|(connection, whom)| {
            let now = whom.lock();
            let Bond::Passing { since } = now.bond else { return None };
            let meant = now.identity.who == Some(Author::Account(account));
            meant.then_some(Passing { connection: *connection, door: whom.door, since })
        });
        passing.collect()
    }

    /// Ends the log-in of one connection; `false` if it is not this account's by itself.
    pub(crate) fn end_passing(&self, account: AccountId, connection: ConnectionId) -> bool {
        let mut state = self.lock();
        let Some(whom) = state.by_id.get(&connection).cloned() else { return false };
        let meant = whom.is_passing(account);
        if meant {
            state.become_nobody(connection, &whom, Some(Ended::Revoked));
        }
        meant
    }

    /// Ends a session, which is not in the store any more, and makes the connection that is bound to it nobody's.
    pub(crate) fn end_session(&self, token: TokenHash) {
        let mut state = self.lock();
        state.version += 1;
        state.end_session(token);
    }

    /// Ends every session of an account but one, and every log-in of its connections. What allowed them is not in the store any
    /// more.
    pub(crate) fn end_log_ins(&self, account: AccountId, except: Option<TokenHash>) {
        let mut state = self.lock();
        state.version += 1;
        state.accounts.pop(&account);
        let sessions = state.sessions.iter().map(|(_, session)| session);
        let sessions = sessions.filter(|session| session.account().id == account && Some(session.token()) != except);
        for token in sessions.map(|session| session.token()).collect::<Vec<_>>() {
            state.end_session(token);
        }
        let passing = state.by_id.iter().filter(|(_, whom)| whom.is_passing(account));
        let passing = passing.map(|(connection, whom)| (*connection, whom.clone()));
        for (connection, whom) in passing.collect::<Vec<_>>() {
            state.become_nobody(connection, &whom, Some(Ended::Revoked));
        }
    }

    /// Shows an account as it is now in the store, wherever it is logged in.
    pub(crate) fn show_account(&self, account: &Arc<Account>) {
        let mut state = self.lock();
        state.version += 1;
        state.accounts.put(account.id, account.clone());
        for (_, session) in state.sessions.iter().filter(|(_, session)| session.account().id == account.id) {
            session.set_account(account);
        }
        let identity = Arc::new(Identity::account(account));
        for whom in state.by_id.values() {
            let mut now = whom.lock();
            if now.identity.who == identity.who {
                now.identity = identity.clone();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Whom {
    fn is_passing(&self, account: AccountId) -> bool {
        let now = self.lock();
        matches!(now.bond, Bond::Passing { .. }) && now.identity.who == Some(Author::Account(account))
    }
}

impl State {
    fn arrive(&mut self, who: Author) -> Arc<Inbox> {
        let present = self.people.entry(who).or_default();
        present.count += 1;
        present.inbox.clone()
    }

    fn depart(&mut self, who: Author, stay: Stay, now: Duration) {
        let Some(present) = self.people.get_mut(&who) else { return };
        present.count = present.count.saturating_sub(1);
        present.left = now;
        if present.count == 0 && stay == Stay::Connected {
            self.people.remove(&who);
        }
    }

    fn become_nobody(&mut self, id: ConnectionId, whom: &Whom, ended: Option<Ended>) {
        self.switch(id, whom, Arc::new(Identity::unknown()), Bond::None, ended);
    }

    /// Makes a connection somebody else.
    fn switch(&mut self, id: ConnectionId, whom: &Whom, identity: Arc<Identity>, bond: Bond, ended: Option<Ended>) {
        let inbox = identity.who.map_or_else(Arc::default, |who| self.arrive(who));
        let next = AsWhom { identity, inbox, bond, ended };
        let before = std::mem::replace(&mut *whom.lock(), next);
        if before.identity.holds_name {
            self.held.remove(&before.identity.name);
        }
        if let Bond::Session(session) = &before.bond {
            session.unbind(id);
        }
        if let Some(who) = before.identity.who {
            self.depart(who, Stay::Connected, Duration::ZERO);
        }
        if ended.is_some() {
            whom.rung.notify_waiters();
        }
    }

    fn end_session(&mut self, token: TokenHash) {
        let Some(session) = self.sessions.pop(&token) else { return };
        if let Some(bound) = session.end()
            && let Some(whom) = self.by_id.get(&bound).cloned()
        {
            self.become_nobody(bound, &whom, Some(Ended::Revoked));
        }
    }

    /// Forgets the session that was not used for the longest, unless somebody holds it: whoever ends it must find it. Sessions
    /// are only handed out under this lock, so one that nobody holds now can't be taken meanwhile.
    fn forget_idle(&mut self) {
        if self.sessions.len() <= limits::IDLE_SESSIONS {
            return;
        }
        // One is looked at for each that came: if it is held, it goes to the other end and the next is looked at next time.
        if let Some((token, session)) = self.sessions.pop_lru()
            && Arc::strong_count(&session) > 1
        {
            self.sessions.put(token, session);
        }
    }
}

/// A name that nobody else can take meanwhile.
pub(crate) struct Claim<'a> {
    connections: &'a Connections,
    name: Box<str>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.connections.lock().claimed.remove(&self.name);
    }
}
