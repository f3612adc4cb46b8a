//! The nodes over the one store, their lives and deaths, and the bus between them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use parlor_core::ids::{RoomId, Seq};
use parlor_core::limits::Limits;
use parlor_core::model::FakePasswords;
use parlor_core::ports::Bus;
use parlor_core::{Chat, World};
use tokio::sync::watch;

use crate::dice::{Dice, SimClock, SimEntropy};
use crate::executor::{Group, OUTSIDE, Sim, lock, unless};
use crate::plan::Plan;
use crate::store::Flaky;

/// The nodes.
pub(crate) struct Cluster {
    pub(crate) sim: Arc<Sim>,
    pub(crate) plan: Plan,
    pub(crate) store: Arc<Flaky>,
    nodes: Vec<Node>,
    lives: AtomicU64,
}

struct Node {
    clock: Arc<SimClock>,
    up: Mutex<Option<Life>>,
}

/// A node from its start to its crash. Clients act through it, and whatever they have open ends with it.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) chat: Arc<Chat>,
    /// Its own group of tasks.
    pub(crate) group: Group,
    over: watch::Receiver<bool>,
    end: Arc<watch::Sender<bool>>,
}

impl Life {
    /// Does something through this node, unless the node dies meanwhile.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut over = self.over.clone();
        let crash = async move {
            // An error says that the node is gone altogether, which comes to the same.
            let _ = over.wait_for(|over| *over).await;
        };
        unless(crash, work).await
    }
}

impl Cluster {
    pub(crate) fn new(store: &Arc<Flaky>) -> Arc<Cluster> {
        let (sim, plan) = (store.sim.clone(), store.plan.clone());
        let node = |_| Node {
            clock: Arc::new(SimClock { sim: sim.clone(), jump_us: AtomicI64::new(0) }),
            up: Mutex::default(),
        };
        let nodes = (0..plan.nodes).map(node).collect();
        Arc::new(Cluster { nodes, sim, plan, store: store.clone(), lives: AtomicU64::new(OUTSIDE + 1) })
    }

    /// A node that is up, as the dice say.
    pub(crate) fn any(&self) -> Option<Life> {
        let node = self.sim.dice(|dice| dice.below(self.plan.nodes));
        self.life(node)
    }

    pub(crate) fn life(&self, node: u64) -> Option<Life> {
        lock(&self.node(node).up).clone()
    }

    pub(crate) fn numbers(&self) -> std::ops::Range<u64> {
        0..self.plan.nodes
    }

    /// Starts a node, as often as it takes.
    pub(crate) async fn start(self: &Arc<Self>, node: u64) {
        loop {
            let group = self.lives.fetch_add(1, Ordering::Relaxed);
            let world = World {
                store: self.store.clone(),
                bus: Arc::new(Wire { cluster: Arc::downgrade(self), from: node }),
                clock: self.node(node).clock.clone(),
                entropy: Arc::new(SimEntropy(Mutex::new(Dice::new(self.sim.dice(Dice::next))))),
                passwords: Arc::new(FakePasswords::default()),
            };
            let Ok((chat, engines)) = Chat::open(world, Limits::without_rates(), self.plan.cache_bytes).await else {
                self.sim.sleep_ms(20).await;
                continue;
            };
            self.sim.spawn(group, engines.sequencer.run());
            self.sim.spawn(group, engines.follower.run(|| std::future::ready(())));
            let end = watch::Sender::new(false);
            self.sim.spawn(group, engines.caretaker.run(end.subscribe()));
            if self.plan.polls_heads {
                self.sim.spawn(group, look_at_heads(self.sim.clone(), Arc::downgrade(&chat)));
            }
            let life = Life { chat, group, over: end.subscribe(), end: Arc::new(end) };
            *lock(&self.node(node).up) = Some(life);
            return;
        }
    }

    /// Takes a node down: its tasks with all that they have in flight, then whoever is connected to it.
    pub(crate) async fn crash(&self, node: u64) {
        let Some(life) = lock(&self.node(node).up).take() else { return };
        self.sim.doom(life.group);
        self.store.lose_power();
        // For a moment its connections are open still, and may hear what a node says whose engines are gone.
        let gap_us = self.sim.dice(|dice| if dice.chance(600) { dice.below(500) } else { 0 });
        if gap_us > 0 {
            self.sim.sleep_us(gap_us).await;
        }
        life.end.send_replace(true);
        self.store.oracle.facts().counts.crashes += 1;
    }

    /// Takes a node out of service in good order: nobody holds its chat any more, so its engines must end by themselves.
    pub(crate) fn release(&self, node: u64) -> Option<Group> {
        let life = lock(&self.node(node).up).take()?;
        life.end.send_replace(true);
        Some(life.group)
    }

    /// Sets a node's wall clock, by days and by steps.
    pub(crate) fn jump(&self, node: u64, by_us: i64) {
        self.node(node).clock.jump_us.store(by_us, Ordering::Relaxed);
    }

    fn node(&self, node: u64) -> &Node {
        &self.nodes[usize::try_from(node).expect("a few nodes")]
    }

    fn deliver(self: Arc<Self>, to: u64, room: RoomId, head: Seq, after_us: u64) {
        let sim = self.sim.clone();
        sim.clone().spawn(OUTSIDE, async move {
            sim.sleep_us(after_us).await;
            if let Some(life) = self.life(to) {
                // A node that can't read now hears of it at the next look at heads.
                let _ = life.run(life.chat.heard(room, head)).await;
            }
        });
    }
}

async fn look_at_heads(sim: Arc<Sim>, chat: Weak<Chat>) {
    loop {
        sim.sleep_ms(500).await;
        let Some(chat) = chat.upgrade() else { return };
        // What fails now is tried again in half a second, here as in the server.
        let _ = chat.look_at_heads().await;
    }
}

/// One node's end of the bus, which loses, doubles, delays, reorders and forges.
struct Wire {
    cluster: Weak<Cluster>,
    from: u64,
}

impl Bus for Wire {
    fn hint(&self, room: RoomId, head: Seq) {
        let Some(cluster) = self.cluster.upgrade() else { return };
        let plan = &cluster.plan;
        cluster.sim.note(head.0);
        let faulty = cluster.store.is_faulty() || plan.lost >= 1_000;
        for to in cluster.numbers().filter(|to| *to != self.from) {
            let throw = |in_thousand: u64| faulty && cluster.sim.dice(|dice| dice.chance(in_thousand));
            let delay = || if faulty { cluster.sim.dice(|dice| dice.below(plan.delay_ms * 1_000 + 1)) } else { 0 };
            if !throw(plan.lost) {
                cluster.clone().deliver(to, room, head, delay());
            }
            if throw(plan.doubled) {
                cluster.clone().deliver(to, room, head, delay());
            }
            if throw(plan.doubled) {
                let (room, head) = cluster.sim.dice(|dice| match dice.below(4) {
                    0 => (RoomId(dice.next()), head),
                    1 => (room, Seq(u64::MAX)),
                    2 => (room, Seq(head.0 + dice.below(1_000))),
                    _ => (room, Seq(dice.below(head.0 + 1))),
                });
                cluster.clone().deliver(to, room, head, delay());
            }
        }
    }
}
