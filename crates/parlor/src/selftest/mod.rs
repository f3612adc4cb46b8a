//! `parlor selftest`: a private server, one real conversation at each door, and a crash on purpose.

mod crash;
mod private;

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context;
use parlor_client::conversation::{CONVERSATIONS, Doors};
use parlor_core::ports::Clock;
use parlor_doors::DOORS;

use crate::runtime::SystemClock;
use private::Private;

/// The word for every door.
pub(crate) const ALL: &str = "all";
/// The word for the crash.
pub(crate) const PANIC: &str = "panic";

/// Lines of the private server's log that are shown after a failure.
const LOG_LINES_MAX: usize = 200;

/// Lines of the backtrace that are shown when all went well; what comes below them is the runtime's.
const TRACE_LINES_MAX: usize = 40;

/// Tests what was asked for: [`ALL`], [`PANIC`], or the name of a door.
///
/// # Errors
/// The private server could not be started or stopped, or something failed; which, the lines have said.
pub(crate) fn run(what: &str) -> anyhow::Result<()> {
    let server = Private::start()?;
    let failures = if what == PANIC { crashes(&server)? } else { converses(what, server.doors())? };
    if failures > 0 {
        show_log(&server.log()?)?;
    }
    let stopped = server.stop();
    if failures > 0 {
        anyhow::bail!("the selftest failed; the lines above say where");
    }
    stopped
}

/// What can be tested.
pub(crate) fn choices() -> Vec<&'static str> {
    [ALL].into_iter().chain(DOORS.iter().map(|door| door.name)).chain([PANIC]).collect()
}

/// Holds the conversations and answers how many failed.
fn converses(what: &str, doors: &Doors) -> anyhow::Result<usize> {
    let mut failures = 0;
    for door in DOORS.iter().filter(|door| what == ALL || what == door.name) {
        failures += tell(door.name, timed(|| converse(door.name, doors)))?;
    }
    Ok(failures)
}

/// Crashes a task, looks whether everything else goes on, and answers how many of that failed.
fn crashes(server: &Private) -> anyhow::Result<usize> {
    let mut failures = tell(PANIC, timed(|| crash::hold(server.trapdoor())))?;
    let log = server.log()?;
    let trace = crash::trace(&log);
    failures += tell("backtrace", (crash::check(&trace), Duration::ZERO))?;
    failures += converses(ALL, server.doors())?;
    if failures == 0 {
        // After a failure the whole log is shown.
        show_trace(&trace)?;
    }
    Ok(failures)
}

/// Holds the conversation of one door.
fn converse(door: &str, doors: &Doors) -> anyhow::Result<()> {
    let found = CONVERSATIONS.iter().find(|(name, _)| *name == door);
    let (_, hold) = found.context("there is no conversation for this door; the client must learn one")?;
    Ok(hold(doors)?)
}

/// Does something, and how long it took.
fn timed(act: impl FnOnce() -> anyhow::Result<()>) -> (anyhow::Result<()>, Duration) {
    let clock = SystemClock::new();
    (act(), clock.monotonic())
}

/// Prints a line and answers how many failures it tells of.
fn tell(name: &str, (result, took): (anyhow::Result<()>, Duration)) -> io::Result<usize> {
    let mut out = io::stdout().lock();
    let took = if took.is_zero() { String::new() } else { format!("{} ms", took.as_millis()) };
    let failures = match result {
        Ok(()) => {
            writeln!(out, "{}", format!("{name:<12}ok      {took:>8}").trim_end())?;
            0
        }
        Err(error) => {
            writeln!(out, "{name:<12}failed  {took:>8}  {error:#}")?;
            1
        }
    };
    out.flush()?;
    Ok(failures)
}

fn show_trace(trace: &[&str]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\nThe log says:")?;
    trace.iter().take(TRACE_LINES_MAX).try_for_each(|line| writeln!(out, "{line}"))?;
    match trace.len().saturating_sub(TRACE_LINES_MAX) {
        0 => Ok(()),
        more => writeln!(out, "    ... and {more} lines more, down to the start of the thread"),
    }
}

fn show_log(log: &str) -> io::Result<()> {
    let mut err = io::stderr().lock();
    writeln!(err, "the log of the private server:")?;
    log.lines().take(LOG_LINES_MAX).try_for_each(|line| writeln!(err, "  {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_door_has_a_conversation_and_none_is_called_like_another_choice() {
        for door in &DOORS {
            assert!(CONVERSATIONS.iter().any(|(name, _)| *name == door.name), "{} has none", door.name);
            assert!(![ALL, PANIC].contains(&door.name));
        }
    }
}
