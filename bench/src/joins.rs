//! Ten thousand people who come into one room within a minute: everybody could be told of everybody, fifty million times.

use anyhow::Result;

use crate::Setup;
use crate::crowd::Join;
use crate::dialect::Language;
use crate::fanout::{Door, TERM, WSCMD};
use crate::report::{Figure, Wanted};
use crate::stats::Series;

const PEOPLE: usize = 10_000;

/// A third of the minute: three times as hard, and the harness has other things to do.
const SECONDS: f64 = 20.0;

/// A tenth of what telling everybody of everybody at once would be.
const TOLD_MAX: f64 = 5e6;

/// Measures both doors, each at a fresh server.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for door in [&TERM, &WSCMD] {
        figures.extend(come(setup, door)?);
    }
    Ok(figures)
}

fn come(setup: &Setup, door: &Door) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let people = setup.people(PEOPLE);
    let seconds = setup.seconds_of(SECONDS);
    let (_server, mut crowd) = door.open(setup, &folder.path().join("joins"), usize::MAX)?;
    eprintln!("{}: {people} people come within {seconds} s", door.name);
    let joined = crowd.join(Join { people, seconds, is_narrow: false })?;
    let named = |what: &str| format!("{people} people join: {what}");
    let figure = |what: &str, unit, value: f64| Figure::new(door.name, named(what), unit, Series::from(value));
    let (told, written) = (joined.announcements as f64, joined.reads as f64);
    // The terminal's lines are joined into one; the other protocol has a message for each, which can share a write.
    let (told, written) = match door.language {
        Language::Term => {
            (figure("lines told", "", told).wanted(Wanted::AtMost(TOLD_MAX)), figure("reads", "", written))
        }
        _ => (figure("messages told", "", told), figure("reads", "", written).wanted(Wanted::AtMost(TOLD_MAX))),
    };
    Ok(vec![
        told,
        written,
        figure("bytes told", "MB", joined.bytes as f64 / 1e6),
        figure("server CPU", "s", joined.server_cpu_seconds),
        figure("until all have joined", "s", joined.seconds),
    ])
}
