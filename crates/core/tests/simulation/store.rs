//! The model store as a node meets it: slow, at times out of reach, at times unable to say what it did.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use parlor_core::account::{Account, Guest, Invitation, NewAccount, ReadMark, Session, TokenHash};
use parlor_core::event::{Appended, Author, Draft, Event, Imported};
use parlor_core::ids::{AccountId, GuestId, LOBBY, MessageKey, Number, RoomId, Seq, Timestamp};
use parlor_core::model::{Model, State};
use parlor_core::names::Handle;
use parlor_core::ports::{IndexEntry, IndexLag, Store};
use parlor_core::refusal::Fault;
use parlor_core::room::{Head, NewRoom, Role, Room, RoomRef};

use crate::executor::{Sim, lock};
use crate::oracle::Oracle;
use crate::plan::Plan;

/// The one store of all nodes.
pub(crate) struct Flaky {
    pub(crate) sim: Arc<Sim>,
    pub(crate) oracle: Arc<Oracle>,
    pub(crate) plan: Plan,
    /// Whether it misbehaves now.
    pub(crate) faulty: AtomicBool,
    pub(crate) model: Mutex<Arc<Model>>,
    /// What a crash leaves, for the stores that are wrong on purpose.
    pub(crate) durable: Mutex<State>,
    /// Appends fail with a full disk until then.
    disk_full_until_us: Mutex<u64>,
}

impl Flaky {
    pub(crate) fn new(sim: &Arc<Sim>, oracle: &Arc<Oracle>, plan: &Plan, model: Model) -> Flaky {
        Flaky {
            sim: sim.clone(),
            oracle: oracle.clone(),
            plan: plan.clone(),
            faulty: AtomicBool::new(false),
            durable: Mutex::new(model.snapshot()),
            model: Mutex::new(Arc::new(model)),
            disk_full_until_us: Mutex::new(0),
        }
    }

    pub(crate) fn model(&self) -> Arc<Model> {
        lock(&self.model).clone()
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.faulty.load(Ordering::Relaxed)
    }

    fn throw(&self, in_thousand: u64) -> bool {
        self.is_faulty() && self.sim.dice(|dice| dice.chance(in_thousand))
    }

    pub(crate) async fn wait(&self) {
        let wait_us = self.sim.dice(|dice| dice.below(self.plan.store_wait_us + 1));
        if self.is_faulty() && wait_us > 0 {
            self.sim.sleep_us(wait_us).await;
        }
    }

    /// The way to the store, on which a request may get lost.
    async fn before(&self) -> Result<(), Fault> {
        self.wait().await;
        if self.throw(self.plan.store_faults) {
            return Err(Fault::Unavailable("the simulated store is out of reach".into()));
        }
        Ok(())
    }

    /// As [`Flaky::before`], for what writes.
    async fn before_write(&self) -> Result<(), Fault> {
        self.before().await?;
        let now = self.sim.now_us();
        if self.throw(self.plan.store_faults / 8) {
            *lock(&self.disk_full_until_us) = now + self.sim.dice(|dice| dice.between(1_000, 200_000));
        }
        if self.is_faulty() && now < *lock(&self.disk_full_until_us) {
            return Err(Fault::DiskFull);
        }
        Ok(())
    }

    /// Tells of events that the store made by itself, before anybody else can append behind them.
    async fn tell_own_events(&self, room: RoomId) -> Result<(), Fault> {
        let from = self.oracle.facts().head(room).next();
        for event in self.model().events(room, from, usize::MAX).await? {
            self.oracle.facts().take_event(&event);
        }
        Ok(())
    }

    /// Appends all but those that fail alone.
    async fn append_most(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, Fault> {
        let fails: Vec<bool> = drafts.iter().map(|_| self.throw(self.plan.lone_failures)).collect();
        let kept: Vec<Draft> =
            drafts.iter().zip(&fails).filter(|(_, fails)| !**fails).map(|(draft, _)| draft.clone()).collect();
        let mut outcomes = self.append_wrongly(kept.clone()).await?.into_iter();
        let mut all = Vec::new();
        let mut kept = kept.iter();
        for fails in fails {
            if fails {
                all.push(Appended::Failed(Fault::Unavailable("this simulated draft alone".into())));
                continue;
            }
            let outcome = outcomes.next().ok_or_else(|| Fault::Internal("one outcome a draft".into()))?;
            self.oracle.committed(kept.next().expect("one a kept draft"), &outcome);
            all.push(outcome);
        }
        Ok(all)
    }
}

/// Asks the model on a way that waits and may fail, there and back.
macro_rules! ask {
    ($self:ident, $before:ident, $verb:ident($($argument:expr),*)) => {{
        $self.$before().await?;
        let model = $self.model();
        let answer = model.$verb($($argument),*).await;
        $self.wait().await;
        answer
    }};
}

#[async_trait]
impl Store for Flaky {
    async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, Fault> {
        self.before_write().await?;
        self.sim.note(drafts.len() as u64);
        let outcomes = self.append_most(drafts).await?;
        self.wait().await;
        if self.throw(self.plan.unknown) {
            return Err(Fault::OutcomeUnknown("the simulated connection broke during the commit".into()));
        }
        Ok(outcomes)
    }

    async fn events(&self, room: RoomId, from: Seq, limit: usize) -> Result<Vec<Event>, Fault> {
        let events = ask!(self, before, events(room, from, limit))?;
        Ok(self.leave_out(events))
    }

    async fn messages_before(&self, room: RoomId, before: Number, limit: usize) -> Result<Vec<Event>, Fault> {
        let events = ask!(self, before, messages_before(room, before, limit))?;
        Ok(self.leave_out(events))
    }

    async fn secret(&self) -> Result<[u8; 32], Fault> {
        ask!(self, before, secret())
    }
    async fn ready(&self) -> Result<(), Fault> {
        ask!(self, before, ready())
    }
    async fn check(&self) -> Result<Vec<String>, Fault> {
        ask!(self, before, check())
    }
    async fn create_room(&self, room: NewRoom) -> Result<Option<Room>, Fault> {
        self.before_write().await?;
        let made = self.model().create_room(room).await?;
        if let Some(room) = &made {
            self.tell_own_events(room.id).await?;
        }
        self.wait().await;
        Ok(made)
    }
    async fn room(&self, by: RoomRef) -> Result<Option<Room>, Fault> {
        ask!(self, before, room(by))
    }
    async fn listed_rooms(&self, limit: usize) -> Result<Vec<Room>, Fault> {
        ask!(self, before, listed_rooms(limit))
    }
    async fn direct_room(&self, pair: (Author, Author)) -> Result<Option<Room>, Fault> {
        ask!(self, before, direct_room(pair))
    }
    async fn direct_rooms(&self, who: Author, limit: usize) -> Result<Vec<Room>, Fault> {
        ask!(self, before, direct_rooms(who, limit))
    }
    async fn rooms(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, Fault> {
        ask!(self, before, rooms(after, limit))
    }
    async fn vanishing_rooms(&self) -> Result<Vec<RoomId>, Fault> {
        ask!(self, before, vanishing_rooms())
    }
    async fn heads(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Result<Head, Fault>)>, Fault> {
        ask!(self, before, heads(rooms))
    }
    async fn message(&self, room: RoomId, number: Number) -> Result<Option<Event>, Fault> {
        ask!(self, before, message(room, number))
    }
    async fn messages(&self, room: RoomId, numbers: Vec<Number>) -> Result<Vec<Event>, Fault> {
        ask!(self, before, messages(room, numbers))
    }
    async fn first_at(&self, room: RoomId, at: Timestamp) -> Result<(Seq, Number), Fault> {
        ask!(self, before, first_at(room, at))
    }
    async fn import(&self, room: RoomId, after: Seq, entries: Vec<Imported>) -> Result<Option<Head>, Fault> {
        self.before_write().await?;
        let head = self.model().import(room, after, entries).await?;
        self.tell_own_events(room).await?;
        self.wait().await;
        Ok(head)
    }
    async fn has_key(&self, room: RoomId, author: Author, key: MessageKey) -> Result<bool, Fault> {
        ask!(self, before, has_key(room, author, key))
    }
    async fn reactions(&self, room: RoomId, number: Number) -> Result<Vec<(String, Author)>, Fault> {
        ask!(self, before, reactions(room, number))
    }
    async fn reserve_guests(&self, count: u64) -> Result<GuestId, Fault> {
        ask!(self, before_write, reserve_guests(count))
    }
    async fn guest(&self, id: GuestId) -> Result<Option<Guest>, Fault> {
        ask!(self, before, guest(id))
    }
    async fn claim_guest(&self, guest: GuestId, account: AccountId) -> Result<bool, Fault> {
        ask!(self, before_write, claim_guest(guest, account))
    }
    async fn guests_of(&self, account: AccountId) -> Result<Vec<GuestId>, Fault> {
        ask!(self, before, guests_of(account))
    }
    async fn create_account(&self, account: NewAccount) -> Result<Option<Account>, Fault> {
        self.before_write().await?;
        let made = self.model().create_account(account).await?;
        self.tell_own_events(LOBBY).await?;
        self.wait().await;
        Ok(made)
    }
    async fn account(&self, id: AccountId) -> Result<Option<Account>, Fault> {
        ask!(self, before, account(id))
    }
    async fn account_by_handle(&self, handle: Handle) -> Result<Option<Account>, Fault> {
        ask!(self, before, account_by_handle(handle))
    }
    async fn account_by_skeleton(&self, skeleton: String) -> Result<Option<Account>, Fault> {
        ask!(self, before, account_by_skeleton(skeleton))
    }
    async fn has_operator(&self) -> Result<bool, Fault> {
        ask!(self, before, has_operator())
    }
    async fn accounts(&self, after: Option<Handle>, limit: usize) -> Result<Vec<Account>, Fault> {
        ask!(self, before, accounts(after, limit))
    }
    async fn update_account(&self, account: Account) -> Result<bool, Fault> {
        ask!(self, before_write, update_account(account))
    }
    async fn remove_account(&self, id: AccountId, now: Timestamp) -> Result<bool, Fault> {
        ask!(self, before_write, remove_account(id, now))
    }
    async fn create_session(&self, session: Session) -> Result<bool, Fault> {
        ask!(self, before_write, create_session(session))
    }
    async fn session(&self, token: TokenHash) -> Result<Option<Session>, Fault> {
        ask!(self, before, session(token))
    }
    async fn sessions(&self, account: AccountId) -> Result<Vec<Session>, Fault> {
        ask!(self, before, sessions(account))
    }
    async fn touch_session(&self, token: TokenHash, used: Timestamp, expires: Timestamp) -> Result<bool, Fault> {
        ask!(self, before_write, touch_session(token, used, expires))
    }
    async fn end_session(&self, token: TokenHash) -> Result<bool, Fault> {
        ask!(self, before_write, end_session(token))
    }
    async fn end_sessions(&self, account: AccountId, except: Option<TokenHash>) -> Result<Vec<TokenHash>, Fault> {
        ask!(self, before_write, end_sessions(account, except))
    }
    async fn expire_sessions(&self, now: Timestamp) -> Result<u64, Fault> {
        ask!(self, before_write, expire_sessions(now))
    }
    async fn create_invitation(&self, invitation: Invitation) -> Result<bool, Fault> {
        ask!(self, before_write, create_invitation(invitation))
    }
    async fn invitation(&self, token: TokenHash) -> Result<Option<Invitation>, Fault> {
        ask!(self, before, invitation(token))
    }
    async fn use_invitation(&self, token: TokenHash, who: Author, now: Timestamp) -> Result<Option<RoomId>, Fault> {
        self.before_write().await?;
        let used = self.model().use_invitation(token, who, now).await?;
        if let Some(room) = used {
            self.tell_own_events(room).await?;
        }
        self.wait().await;
        Ok(used)
    }
    async fn invitations(&self, room: RoomId) -> Result<Vec<Invitation>, Fault> {
        ask!(self, before, invitations(room))
    }
    async fn end_invitation(&self, token: TokenHash) -> Result<bool, Fault> {
        ask!(self, before_write, end_invitation(token))
    }
    async fn role(&self, room: RoomId, who: Author) -> Result<Option<Role>, Fault> {
        ask!(self, before, role(room, who))
    }
    async fn members(&self, room: RoomId, after: Option<Author>, limit: usize) -> Result<Vec<(Author, Role)>, Fault> {
        ask!(self, before, members(room, after, limit))
    }
    async fn rooms_of(&self, who: Author) -> Result<Vec<(RoomId, Role)>, Fault> {
        ask!(self, before, rooms_of(who))
    }
    async fn mark_read(&self, room: RoomId, account: AccountId, mark: ReadMark) -> Result<ReadMark, Fault> {
        ask!(self, before_write, mark_read(room, account, mark))
    }
    async fn read_mark(&self, room: RoomId, account: AccountId) -> Result<Option<ReadMark>, Fault> {
        ask!(self, before, read_mark(room, account))
    }
    async fn marks(&self, account: AccountId) -> Result<Vec<(RoomId, ReadMark)>, Fault> {
        ask!(self, before, marks(account))
    }
    async fn mark_read_many(&self, marks: Vec<(AccountId, RoomId, ReadMark)>) -> Result<(), Fault> {
        ask!(self, before_write, mark_read_many(marks))
    }
    async fn received(&self, account: AccountId) -> Result<Vec<(RoomId, Seq)>, Fault> {
        ask!(self, before, received(account))
    }
    async fn mark_received(&self, positions: Vec<(AccountId, RoomId, Seq)>) -> Result<(), Fault> {
        ask!(self, before_write, mark_received(positions))
    }
    async fn index_lag(&self, limit: usize) -> Result<Vec<IndexLag>, Fault> {
        ask!(self, before, index_lag(limit))
    }
    async fn index(&self, room: RoomId, upto: Seq, entries: Vec<IndexEntry>) -> Result<(), Fault> {
        ask!(self, before_write, index(room, upto, entries))
    }
    async fn search(
        &self,
        room: RoomId,
        tokens: Vec<String>,
        numbers: Range<Number>,
        limit: usize,
    ) -> Result<Vec<Number>, Fault> {
        ask!(self, before, search(room, tokens, numbers, limit))
    }
}
