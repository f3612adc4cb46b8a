//! All chance of a run, from its seed; and the clock and the randomness that core is given.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlor_core::ids::Timestamp;
use parlor_core::ports::{Clock, Entropy};

use crate::executor::{Sim, lock};

/// A generator that stays the same for ever, so that a seed means the same next year (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 for an end of 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// Whether something happens that happens so often in a thousand.
    pub(crate) fn chance(&mut self, in_thousand: u64) -> bool {
        self.below(1_000) < in_thousand
    }

    /// One of several, if there are any.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.below(of.len() as u64);
        of.get(usize::try_from(place).expect("below a length"))
    }
}

/// The wall clock of a node may jump; the monotonic one is the time of the simulation.
pub(crate) struct SimClock {
    pub(crate) sim: Arc<Sim>,
    pub(crate) jump_us: AtomicI64,
}

/// Where wall clocks begin: some day in 2026.
pub(crate) const EPOCH_US: i64 = 1_790_000_000_000_000;

impl Clock for SimClock {
    fn wall(&self) -> Timestamp {
        let now = i64::try_from(self.sim.now_us()).expect("virtual time is short");
        Timestamp(EPOCH_US + now + self.jump_us.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.sim.now_us())
    }
}

/// Randomness of a node, apart from the dice that order things.
pub(crate) struct SimEntropy(pub(crate) Mutex<Dice>);

impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = lock(&self.0);
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&dice.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
