//! One run, from an empty store to the last check.

use std::sync::Arc;

use crate::counts::Counts;
use crate::executor::Executor;
use crate::plan::Plan;
use crate::settle;
use crate::town::Town;

/// Virtual time for what must come together, in microseconds: several looks at heads.
const QUIET_US: u64 = 4_000_000;

/// What happened in one run or in several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Same seed, same trace.
    pub(crate) trace: u64,
    counts: Counts,
}

/// Runs a seed.
///
/// # Errors
/// The first thing that did not hold.
pub(crate) fn run(seed: u64, plan: &Plan) -> Result<Report, String> {
    let mut executor = Executor::new(seed);
    let town = Town::build(&mut executor, plan)?;
    let result = live(&mut executor, &town);
    // What was found first tells more than what it led to.
    match town.oracle.violation() {
        Some(violation) => Err(violation),
        None => result.map(|()| Report { trace: town.sim.trace(), counts: town.oracle.facts().counts }),
    }
}

fn live(executor: &mut Executor, town: &Arc<Town>) -> Result<(), String> {
    let wrong = || town.oracle.has_violation();
    town.open();
    executor.run(town.plan.busy_ms * 1_000, wrong)?;
    town.calm();
    executor.run(QUIET_US, wrong)?;
    if wrong() {
        return Ok(());
    }
    settle::check_convergence(town);
    settle::check_memory(town);
    check_all(executor, town)?;
    restart_all(executor, town)?;
    check_all(executor, town)?;
    check_ends(executor, town)
}

fn check_all(executor: &mut Executor, town: &Arc<Town>) -> Result<(), String> {
    let checked = town.clone();
    let done = executor.finish(QUIET_US, async move {
        settle::check_store(&checked).await;
        for node in checked.cluster.numbers() {
            settle::check_node(checked.clone(), node).await;
        }
    })?;
    done.ok_or_else(|| "the last checks hang: a node does not answer".to_owned())
}

/// All nodes die and come back, and nothing durable is different. (I15)
fn restart_all(executor: &mut Executor, town: &Arc<Town>) -> Result<(), String> {
    let before = town.cluster.store.model().snapshot();
    let cluster = town.cluster.clone();
    let done = executor.finish(QUIET_US, async move {
        for node in cluster.numbers() {
            cluster.crash(node).await;
        }
        for node in cluster.numbers() {
            cluster.start(node).await;
        }
    })?;
    done.ok_or("the nodes did not come back")?;
    let same = town.cluster.store.model().snapshot() == before;
    town.oracle.must(same, || "I15: a restart changed what is durable".to_owned());
    Ok(())
}

/// Where nobody holds the chat any more, its engines end by themselves.
fn check_ends(executor: &mut Executor, town: &Arc<Town>) -> Result<(), String> {
    let groups: Vec<_> = town.cluster.numbers().filter_map(|node| town.cluster.release(node)).collect();
    executor.run(QUIET_US, || false)?;
    let alive: usize = groups.iter().map(|group| executor.alive(*group)).sum();
    town.oracle.must(alive == 0, || format!("{alive} engines run on though nobody holds the chat"));
    Ok(())
}

impl Report {
    pub(crate) fn add(&mut self, other: &Report) {
        self.trace ^= other.trace;
        self.counts.add(&other.counts);
    }

    pub(crate) fn committed(&self) -> u64 {
        self.counts.committed
    }

    /// Whether everything that the checks are about has happened.
    pub(crate) fn is_eventful(&self) -> bool {
        self.counts.all().iter().all(|count| *count > 0)
    }
}
