//! The checks themselves, checked: each of these worlds is wrong in one way, and some seed must show it.

use crate::plan::{Mutant, Plan};
use crate::run::run;

/// Seeds within which a wrong world must be found out.
const SEEDS: u64 = 60;

/// The violation that the first failing seed shows; it must speak of one of these.
fn is_caught(names: &[&str], change: impl Fn(&mut Plan)) {
    let mut others = Vec::new();
    for seed in 0..SEEDS {
        let mut plan = Plan::new(seed);
        change(&mut plan);
        match run(seed, &plan) {
            Ok(_) => {}
            Err(violation) if names.iter().any(|name| violation.contains(name)) => return,
            Err(violation) => others.push(violation),
        }
    }
    panic!("not caught by {names:?} within {SEEDS} seeds; caught otherwise: {others:#?}");
}

#[test]
fn a_store_that_acknowledges_before_it_commits_is_caught() {
    is_caught(&["I1", "I2", "I3"], |plan| {
        (plan.nodes, plan.mutant, plan.crash_ms) = (1, Mutant::AckEarly, 300);
    });
}

#[test]
fn a_store_that_shows_events_before_they_are_durable_is_caught() {
    is_caught(&["I3"], |plan| {
        (plan.nodes, plan.mutant, plan.crash_ms) = (2, Mutant::ShowEarly, 300);
    });
}

#[test]
fn a_store_that_looks_for_keys_outside_the_step_is_caught() {
    is_caught(&["I4"], |plan| {
        (plan.nodes, plan.mutant) = (3, Mutant::KeyOutside);
    });
}

#[test]
fn a_store_whose_reads_skip_an_event_is_caught() {
    is_caught(&["I6", "I8", "I9"], |plan| plan.mutant = Mutant::SkipOne);
}

#[test]
fn nodes_that_hear_no_hint_and_never_look_are_caught() {
    is_caught(&["I16"], |plan| {
        (plan.nodes, plan.lost, plan.polls_heads) = (3, 1_000, false);
    });
}
