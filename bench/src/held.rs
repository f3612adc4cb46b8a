//! As many people as the descriptor limit allows, who say nothing: the memory of each, and what the server does meanwhile.

use anyhow::Result;

use crate::Setup;
use crate::crowd::Join;
use crate::fanout::{Door, TERM, WSCMD};
use crate::report::{Figure, Wanted};
use crate::stats::Series;

/// Descriptors that the server and the crowd need for other things.
const SPARE_DESCRIPTORS: u64 = 1_000;

/// More would say nothing new, and a machine without a limit has to end somewhere.
const PEOPLE_MAX: u64 = 100_000;

/// People in each room of a door where the crowd makes its rooms: there everybody is told of everyone who comes, and the
/// memory of a connection does not depend on that.
const PER_ROOM: usize = 1_000;

/// Long enough that whoever is asked whether he is still there is asked twice: a server that asks does so every 20 seconds.
const IDLE_SECONDS: f64 = 45.0;

/// Measures both doors, each at a fresh server.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for door in [&TERM, &WSCMD] {
        figures.extend(hold(setup, door)?);
    }
    Ok(figures)
}

fn hold(setup: &Setup, door: &Door) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let people = setup.people(setup.open_files.saturating_sub(SPARE_DESCRIPTORS).min(PEOPLE_MAX) as usize);
    let (_server, mut crowd) = door.open(setup, &folder.path().join("held"), PER_ROOM)?;
    eprintln!("{}: {people} people come and stay", door.name);
    let joined = crowd.join(Join { people, seconds: 0.0, is_narrow: false })?;
    let idle_percent = 100.0 * crowd.idle(IDLE_SECONDS)?;
    let named = |what: &str| format!("{people} people held: {what}");
    let figure = |what: &str, unit, value: f64| Figure::new(door.name, named(what), unit, Series::from(value));
    Ok(vec![
        figure("memory of each", "KiB", joined.kib_each).wanted(Wanted::AtMost(door.idle_kib)),
        figure("server CPU while idle, of a core", "%", idle_percent).wanted(Wanted::AtMost(5.0)),
        figure("until all have joined", "s", joined.seconds),
    ])
}
