//! What everybody in a run shares, and the one who breaks things.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use parlor_core::chat::RoomPlan;
use parlor_core::event::{Author, Body, Draft, NameChoice};
use parlor_core::ids::{AccountId, Epoch, GuestId, Number, RoomId, RoomKey, Timestamp};
use parlor_core::model::Model;
use parlor_core::ports::Store;
use parlor_core::room::{Access, Role, RoomRef, SettingsChange};
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;
use parlor_core::text::{DisplayName, Subject};
use parlor_core::{Actor, Error, Fault, Refusal, Who};

use crate::cluster::{Cluster, Life};
use crate::dice::{Dice, EPOCH_US};
use crate::executor::{Executor, OUTSIDE, Sim, lock};
use crate::oracle::Oracle;
use crate::plan::Plan;
use crate::store::Flaky;
use crate::{pages, posters, readers, whisperers};

/// A run of one seed.
pub(crate) struct Town {
    pub(crate) sim: Arc<Sim>,
    pub(crate) oracle: Arc<Oracle>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) plan: Plan,
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) accounts: Vec<AccountId>,
    guests: Mutex<Vec<GuestId>>,
    quiet: AtomicBool,
    words: AtomicU64,
}

/// Whoever runs the server.
pub(crate) const OPERATOR: Actor = Actor { who: Who::Operator, origin: None };

/// What the room that asks a question wants to hear.
const ANSWER: &str = "tea";

/// Comes into a room, with the answer if it asks for one.
pub(crate) async fn enter(life: &Life, actor: &Actor, log: &Arc<RoomLog>) -> Result<(), Error> {
    match log.room().access {
        Access::Question => life.chat.enter(actor, log, Some(ANSWER)).await,
        Access::Open | Access::Members => Ok(()),
    }
}

/// A guest without an address.
pub(crate) fn guest(id: GuestId) -> Actor {
    Actor { who: Who::Guest(id), origin: None }
}

impl Town {
    /// Builds a town whose nodes are up and whose rooms exist.
    ///
    /// # Errors
    /// A sentence, when even that went wrong.
    pub(crate) fn build(executor: &mut Executor, plan: &Plan) -> Result<Arc<Town>, String> {
        let sim = executor.sim().clone();
        let oracle = Arc::new(Oracle::default());
        let key = RoomKey::draw(|bytes| bytes.fill(7));
        let model = Model::new([9; 32], key, Epoch(1), Timestamp(EPOCH_US));
        let store = Arc::new(Flaky::new(&sim, &oracle, plan, model));
        let cluster = Cluster::new(&store);
        let built = cluster.clone();
        let (count, asks, whisperers) = (plan.rooms, plan.asks, plan.whisperers);
        let rooms = executor.finish(60_000_000, async move {
            for node in built.numbers() {
                built.start(node).await;
            }
            let life = built.life(0).ok_or("the first node is not up")?;
            let mut rooms = vec![parlor_core::ids::LOBBY];
            for number in 1..count {
                let subject = format!("room {number}");
                let question = (asks && number == 2).then_some((&b"what is in the pot?"[..], ANSWER.as_bytes()));
                let listed = number == 1;
                let plan = RoomPlan { subject: subject.as_bytes(), listed, question, ..RoomPlan::default() };
                let log = life.chat.open_room(&OPERATOR, plan).await;
                rooms.push(log.map_err(|error| error.to_string())?.id());
            }
            let mut accounts = Vec::new();
            for number in 0..whisperers {
                let account = life.chat.add_account(&OPERATOR, None, &format!("person{number}"), Some("x")).await;
                accounts.push(account.map_err(|error| error.to_string())?.id);
            }
            Ok::<_, String>((rooms, accounts))
        })?;
        let (rooms, accounts) = rooms.ok_or("the town was not built within a minute")??;
        oracle.facts().asks = rooms.get(2).copied().filter(|_| asks);
        let (guests, quiet, words) = (Mutex::default(), AtomicBool::new(false), AtomicU64::new(0));
        Ok(Arc::new(Town { sim, oracle, cluster, plan: plan.clone(), rooms, accounts, guests, quiet, words }))
    }

    /// The rooms that were there from the start, and those of two.
    pub(crate) fn all_rooms(&self) -> Vec<RoomId> {
        self.rooms.iter().copied().chain(self.oracle.facts().direct.values().copied()).collect()
    }

    /// Lets people in, and everything go wrong that the plan says.
    pub(crate) fn open(self: &Arc<Self>) {
        self.cluster.store.faulty.store(true, Ordering::Relaxed);
        for number in 0..self.plan.posters {
            self.sim.spawn(OUTSIDE, posters::poster(self.clone(), number));
        }
        let [cursors, waiters, historians] = self.plan.readers;
        for number in 0..cursors {
            self.sim.spawn(OUTSIDE, readers::cursor(self.clone(), number));
        }
        for number in 0..waiters {
            self.sim.spawn(OUTSIDE, pages::waiter(self.clone(), number));
        }
        for _ in 0..historians {
            self.sim.spawn(OUTSIDE, pages::historian(self.clone()));
            self.sim.spawn(OUTSIDE, pages::searcher(self.clone()));
        }
        for number in 0..self.accounts.len() {
            self.sim.spawn(OUTSIDE, whisperers::whisperer(self.clone(), number));
        }
        if self.plan.operator {
            self.sim.spawn(OUTSIDE, operate(self.clone()));
        }
        if self.plan.crash_ms > 0 {
            self.sim.spawn(OUTSIDE, crash(self.clone()));
        }
        if self.plan.clocks_jump {
            self.sim.spawn(OUTSIDE, jump(self.clone()));
        }
    }

    /// Ends the faults; whoever acts on its own account stops.
    pub(crate) fn calm(&self) {
        self.quiet.store(true, Ordering::Relaxed);
        self.cluster.store.faulty.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::Relaxed)
    }

    /// A word that nobody said before.
    pub(crate) fn word(&self) -> String {
        format!("w{}x", self.words.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn dice<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        self.sim.dice(throw)
    }

    pub(crate) fn any_room(&self) -> RoomId {
        self.dice(|dice| *dice.pick(&self.rooms).expect("the lobby is there"))
    }

    /// Waits from `first` to `last` milliseconds.
    pub(crate) async fn pause(&self, first: u64, last: u64) {
        let time_us = self.dice(|dice| dice.between(first * 1_000, last * 1_000));
        self.sim.sleep_us(time_us).await;
    }

    /// Ends at some time soon if the dice say so, and never otherwise: how people lose patience or the network.
    pub(crate) async fn cut(&self, in_thousand: u64, last_ms: u64) {
        if !self.is_quiet() && self.dice(|dice| dice.chance(in_thousand)) {
            self.pause(0, last_ms).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    /// A new guest of whichever node answers.
    pub(crate) async fn make_guest(&self) -> GuestId {
        loop {
            if let Some(life) = self.cluster.any()
                && let Some(Ok(guest)) = life.run(life.chat.new_guest()).await
            {
                let mut guests = lock(&self.guests);
                self.oracle.must(!guests.contains(&guest), || format!("two people are the guest {guest}"));
                guests.push(guest);
                return guest;
            }
            self.pause(1, 20).await;
        }
    }

    /// The newest message of which a node has told that it is stored; only where its store can always be read:
    /// a node that can't tells all the same.
    pub(crate) fn told(&self, life: &Life, room: RoomId) -> Option<Number> {
        let told = self.oracle.facts().told_by.get(&(life.group, room)).copied();
        told.filter(|_| self.plan.store_reads_soundly())
    }

    /// Takes note of a fault, which must be one that the simulation made.
    pub(crate) fn injected(&self, fault: &Fault) {
        let ours = matches!(fault, Fault::Unavailable(_) | Fault::DiskFull | Fault::OutcomeUnknown(_));
        self.oracle.must(ours, || format!("nobody made this fault: {fault}"));
        self.oracle.facts().counts.faults += 1;
    }

    /// Takes note of a refusal that is only right if the room is closed to `who`, or was.
    pub(crate) fn must_be_shut_out(&self, doing: &str, room: RoomId, who: Author, error: &Error) {
        let wrong = *error == Error::Refused(Refusal::WrongAnswer);
        let shut = !wrong && self.oracle.facts().was_ever_shut_out(room, who);
        self.oracle.must(shut, || format!("{who:?} {doing} in room {room} was refused without a reason: {error}"));
    }
}

/// The operator: subjects, access, roles, and at times the end of a room.
async fn operate(town: Arc<Town>) {
    while !town.is_quiet() {
        town.pause(20, 300).await;
        let room = town.any_room();
        let Some(life) = town.cluster.any() else { continue };
        let what = town.dice(|dice| dice.below(100));
        if what < 40 {
            // Nobody waits for the answer: the log says what became of it, and nodes hear of it by looking only.
            let draft = member_event(&town, room);
            let _ = life.run(town.cluster.store.append(vec![draft])).await;
            if what < 20 {
                // Something to see at once for whom it concerned.
                let _ = life.run(say(&town, &life, room)).await;
            }
            continue;
        }
        let act = async {
            let log = life.chat.find(&OPERATOR, RoomRef::Id(room)).await?;
            if what < 43 && room != parlor_core::ids::LOBBY {
                return life.chat.close(&OPERATOR, &log, None).await;
            }
            let access = town.dice(|dice| dice.pick(&[None, Some(Access::Members), Some(Access::Open)]).copied());
            let subject = what.is_multiple_of(2).then(|| Subject::stored(town.word()));
            let change = SettingsChange { access: access.flatten(), subject, ..SettingsChange::default() };
            life.chat.configure(&OPERATOR, &log, change).await
        };
        if let Some(Err(Error::Refused(refusal))) = life.run(act).await {
            let closed = town.oracle.facts().is_closed(room);
            town.oracle.must(closed, || format!("the operator was refused in room {room}: {refusal}"));
        }
    }
    open_again(&town).await;
}

async fn say(town: &Town, life: &Life, room: RoomId) -> Result<(), Error> {
    let log = life.chat.find(&OPERATOR, RoomRef::Id(room)).await?;
    life.chat.post(&OPERATOR, &log, town.word().as_bytes(), PostOptions::default()).await.map(|_| ())
}

/// Most runs end with every room open to all, so that most readers must see the end.
async fn open_again(town: &Town) {
    if town.dice(|dice| dice.chance(300)) {
        return;
    }
    for &room in &town.rooms {
        let change = SettingsChange { access: Some(Access::Open), ..SettingsChange::default() };
        let draft = system_draft(town, room, Body::Settings(change));
        let _ = town.cluster.store.append(vec![draft]).await;
    }
}

fn member_event(town: &Town, room: RoomId) -> Draft {
    let roles = [None, Some(Role::Member), Some(Role::Banned), Some(Role::Admin)];
    let guests = lock(&town.guests).clone();
    let (who, role) = town.dice(|dice| (dice.pick(&guests).copied(), dice.pick(&roles).copied()));
    let who = Author::Guest(who.unwrap_or(GuestId(1)));
    system_draft(town, room, Body::Member { who, role: role.flatten() })
}

fn system_draft(town: &Town, room: RoomId, body: Body) -> Draft {
    let name = NameChoice::Given(DisplayName::stored("system".to_owned()));
    let now = i64::try_from(town.sim.now_us()).expect("virtual time is short");
    Draft { room, author: Author::System, name, body, key: None, now: Timestamp(EPOCH_US + now) }
}

async fn crash(town: Arc<Town>) {
    while !town.is_quiet() {
        town.pause(town.plan.crash_ms / 2, town.plan.crash_ms * 3 / 2).await;
        let node = town.dice(|dice| dice.below(town.plan.nodes));
        if town.is_quiet() {
            return;
        }
        town.cluster.crash(node).await;
        town.pause(1, 150).await;
        town.cluster.start(node).await;
    }
}

/// A day forth, a day back, or a small step.
async fn jump(town: Arc<Town>) {
    const DAY_US: i64 = 86_400_000_000;
    while !town.is_quiet() {
        town.pause(50, 500).await;
        let (node, jump) = town.dice(|dice| {
            let jump = dice.pick(&[0, DAY_US, -DAY_US, 3_000_000, -3_000_000]).copied();
            (dice.below(town.plan.nodes), jump.unwrap_or(0))
        });
        town.cluster.jump(node, jump);
    }
}
