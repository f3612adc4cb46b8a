//! What a seed makes of the world: how large it is, and how badly it behaves.

use crate::dice::Dice;

/// The shape of one run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Nodes over the one store.
    pub(crate) nodes: u64,
    /// Rooms, the lobby among them.
    pub(crate) rooms: u64,
    /// People who post, each a guest.
    pub(crate) posters: u64,
    /// Readers by cursor, by number, by page.
    pub(crate) readers: [u64; 3],
    /// Virtual time until the faults end, in milliseconds.
    pub(crate) busy_ms: u64,
    /// Longest wait before and after a verb of the store, in microseconds.
    pub(crate) store_wait_us: u64,
    /// Verbs that fail before they do anything, in a thousand.
    pub(crate) store_faults: u64,
    /// Appends that are done and answer that the outcome is unknown, in a thousand.
    pub(crate) unknown: u64,
    /// Drafts that fail alone in their batch, in a thousand.
    pub(crate) lone_failures: u64,
    /// Hints that are lost, in a thousand.
    pub(crate) lost: u64,
    /// Hints that come twice, and hints that somebody forges, in a thousand each.
    pub(crate) doubled: u64,
    /// Longest way of a hint, in milliseconds: what differs overtakes.
    pub(crate) delay_ms: u64,
    /// Mean time between crashes in milliseconds; 0: none.
    pub(crate) crash_ms: u64,
    /// Whether wall clocks jump.
    pub(crate) clocks_jump: bool,
    /// Bytes of each node's page cache.
    pub(crate) cache_bytes: usize,
    /// Whether the operator changes rooms and roles.
    pub(crate) operator: bool,
    /// Whether nodes look at the heads twice a second.
    pub(crate) polls_heads: bool,
    /// What is wrong with the store on purpose.
    pub(crate) mutant: Mutant,
    /// Whether the third room asks a question.
    pub(crate) asks: bool,
    /// People with accounts, who send direct messages.
    pub(crate) whisperers: u64,
}

/// What a store can get wrong: each must be caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Nothing.
    None,
    /// It answers before what it answers about is durable.
    AckEarly,
    /// It shows events before they are durable.
    ShowEarly,
    /// It looks for a key before the step that appends.
    KeyOutside,
    /// It leaves one event out of a read.
    SkipOne,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Plan {
        // Not the dice of the run, so that a plan changed by hand leaves the rest of the run as it was.
        let mut dice = Dice::new(seed ^ 0xA11A);
        let calm = dice.chance(150);
        let mut up_to = |limit| if calm { 0 } else { dice.below(limit) };
        let (often, unknown, lone_failures) = (up_to(10) == 9, up_to(80), up_to(20));
        let store_faults = up_to(if often { 500 } else { 60 });
        let (lost, doubled, crash_ms) = (up_to(1_001), up_to(300), 200 + up_to(2_500));
        Plan {
            nodes: dice.between(1, 3),
            rooms: dice.between(1, 3),
            posters: dice.between(2, 4),
            readers: [dice.between(2, 5), dice.between(1, 3), dice.between(1, 2)],
            busy_ms: dice.between(800, 2_500),
            store_wait_us: *dice.pick(&[0, 300, 4_000, 20_000]).expect("not empty"),
            store_faults,
            unknown,
            lone_failures,
            lost,
            doubled,
            delay_ms: *dice.pick(&[0, 10, 400]).expect("not empty"),
            crash_ms: if calm || dice.chance(300) { 0 } else { crash_ms },
            clocks_jump: dice.chance(500),
            cache_bytes: *dice.pick(&[1, 40_000, 1 << 20]).expect("not empty"),
            operator: dice.chance(700),
            polls_heads: true,
            mutant: Mutant::None,
            asks: dice.chance(500),
            whisperers: *dice.pick(&[0, 0, 2, 3]).expect("not empty"),
        }
        .perhaps_alone(dice.chance(300))
    }

    /// A single node whose store can be read has no need to look at heads: it makes all events itself.
    fn perhaps_alone(mut self, alone: bool) -> Plan {
        if alone && self.nodes == 1 {
            (self.polls_heads, self.operator, self.store_faults) = (false, false, 0);
        }
        self
    }

    /// Whether a read of the store always succeeds.
    pub(crate) fn store_reads_soundly(&self) -> bool {
        self.store_faults == 0
    }
}
