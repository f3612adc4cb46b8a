//! People who stop reading: whether the others notice, what the server keeps for them, and what they get when they go on.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::Setup;
use crate::crowd::{Join, Listened, Pace, Talk};
use crate::fanout::{Door, TERM, WSCMD};
use crate::procfs::resident_kib;
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::Series;
use crate::worker::{Station, Worker};

const OTHERS: usize = 1_000;
const STALLED: usize = 200;

/// What the latency is measured with.
const STEADY: Talk = Talk { posters: 8, pace: Pace::PerSecond(100.0), seconds: 3.0 };

/// What fills every buffer of those who do not read, if need be several times.
const FLOOD: Talk = Talk { posters: 8, pace: Pace::Open(32), seconds: 2.0 };

/// Times after which a kernel that still takes everything has no bound that could be reached.
const FLOODS_MAX: usize = 12;

/// Measures both doors, each at a fresh server.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for door in [&TERM, &WSCMD] {
        figures.extend(stall(setup, door)?);
    }
    Ok(figures)
}

#[derive(Default)]
struct Columns {
    p99_without_ms: Series,
    p99_with_ms: Series,
    growth_mib: Series,
    complete: Series,
    closed_with_reason: Series,
    /// Those that got everything or a reason, of all.
    served_percent: Series,
    resume_seconds: Series,
    missed: Series,
    /// What the kernel keeps for each of them when they go on.
    unread_kib: Series,
    missed_kib: Series,
}

fn stall(setup: &Setup, door: &Door) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let (server, mut others) = door.open(setup, &folder.path().join("stalled"), usize::MAX)?;
    let joined = others.join(Join { people: setup.people(OTHERS), seconds: 0.0, is_narrow: false })?;
    others.talk(setup.talk(STEADY))?;
    let people = setup.people(STALLED);
    let mut columns = Columns::default();
    let rounds = setup.rounds(3);
    for round in 1..=rounds {
        eprintln!("{}: {people} people stop reading, round {round} of {rounds}", door.name);
        let station = Station { room: joined.room.clone(), listens: true, ..door.station(&server, usize::MAX)? };
        columns.round(setup, &server, &mut others, station, people)?;
    }
    let named = |what: &str| format!("{people} people stop reading: {what}");
    let figure = |what: &str, unit, series| Figure::new(door.name, named(what), unit, series);
    Ok(vec![
        figure("p99 of the others (baseline: before)", "ms", columns.p99_with_ms)
            .beside(columns.p99_without_ms)
            .wanted(Wanted::RatioAtMost(1.2)),
        figure("growth of resident memory", "MiB", columns.growth_mib).wanted(Wanted::AtMost(64.0)),
        figure("posts that they missed", "", columns.missed),
        figure("the same in bytes, for each", "KiB", columns.missed_kib),
        figure("of that in the kernel's buffers", "KiB", columns.unread_kib),
        figure("got everything in order afterwards", "", columns.complete),
        figure("closed with a reason", "", columns.closed_with_reason),
        figure("got either", "%", columns.served_percent).wanted(Wanted::AtLeast(100.0)),
        figure("until they had everything", "s", columns.resume_seconds),
    ])
}

/// Posts until the kernel keeps by far not everything for those who do not read; answers the bytes of a delivery.
fn flood(setup: &Setup, others: &mut Worker, stalled: &Worker, people: usize) -> Result<f64> {
    let mut posted_bytes = 0.0;
    for _ in 0..FLOODS_MAX {
        let talked = others.talk(setup.talk(FLOOD))?;
        posted_bytes += f64::from(talked.posts) * talked.bytes_per_delivery;
        if (stalled.unread_bytes()? as f64) < 0.7 * posted_bytes * people as f64 {
            return Ok(talked.bytes_per_delivery);
        }
    }
    bail!("the kernel keeps {posted_bytes:.0} bytes for everyone who does not read; nobody is slow here")
}

impl Columns {
    fn round(
        &mut self,
        setup: &Setup,
        server: &Server,
        others: &mut Worker,
        station: Station,
        people: usize,
    ) -> Result<()> {
        self.p99_without_ms.push(others.talk(setup.talk(STEADY))?.p99_ms);
        let mut stalled = Worker::start(station)?;
        stalled.join(Join { people, seconds: 0.0, is_narrow: true })?;
        // From here on the stalled crowd has nothing to do, so it does not read.
        others.idle(0.5)?;
        others.forget()?;
        let kib_before = resident_kib(server.pid())?;
        let bytes_per_delivery = flood(setup, others, &stalled, people)?;
        let kib_flooded = resident_kib(server.pid())?;
        self.p99_with_ms.push(others.talk(setup.talk(STEADY))?.p99_ms);
        if !setup.stall.is_zero() {
            others.idle(setup.stall.as_secs_f64())?;
        }
        let kib_after = resident_kib(server.pid())?.max(kib_flooded);
        self.growth_mib.push((kib_after - kib_before) / 1024.0);
        let heard = others.heard()?;
        self.missed.push(f64::from(heard.posts));
        self.missed_kib.push(f64::from(heard.posts) * bytes_per_delivery / 1024.0);
        self.unread_kib.push(stalled.unread_bytes()? as f64 / 1024.0 / people as f64);
        let listened = stalled.listen(heard)?;
        self.resumed(&listened, people);
        drop(stalled);
        // Their leaving is told, which is not what the next round measures.
        others.idle(Duration::from_secs(1).as_secs_f64())?;
        Ok(())
    }

    fn resumed(&mut self, listened: &Listened, people: usize) {
        let Listened { complete, closed_with_reason, cut, reason, seconds } = listened;
        if let Some(reason) = reason {
            eprintln!("closed with the reason: {reason:?}");
        }
        if *cut > 0 {
            eprintln!("{cut} of {people} stalled people were closed without a reason");
        }
        self.complete.push(*complete as f64);
        self.closed_with_reason.push(*closed_with_reason as f64);
        self.served_percent.push((complete + closed_with_reason) as f64 * 100.0 / people as f64);
        self.resume_seconds.push(*seconds);
    }
}
