//! kill -9 under load (PROMISES.md, 3.1): sixteen posters and twelve readers in eight rooms, a server that is killed at
//! random moments and started again, and the history checker's verdict over everything that was said and seen.
//!
//! `KILLS` sets the number of kills (20), `SEED` the seed of all chance (printed), `HISTORY` a file that gets the
//! history for `parlor check-history`.

mod poster;
mod reader;
mod recorder;
mod server;
mod world;

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parlor_client::history::Report;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use recorder::Recorder;
use server::{Server, Site};
use world::World;

const ROOMS: usize = 8;
const POSTERS: usize = 16;
const READERS: usize = 12;
/// How long a server lives before it is killed.
const LIFE_MS: std::ops::RangeInclusive<u64> = 50..=2_000;
/// The store is checked after every n-th kill only: a check recovers the store, and the server's own recovery is what
/// the other restarts try.
const KILLS_BETWEEN_CHECKS_MIN: u64 = 5;
const CHECKS_MAX: u64 = 20;

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let kills = setting("KILLS", 20);
    let seed = setting("SEED", getrandom::u64().expect("the system has randomness"));
    println!("KILLS={kills} SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let site = Site::new(&mut random);
    let recorder = Recorder::start(setting_text("HISTORY"));
    let mut server = site.start();
    let world = World::new(site.url(), recorder.clock(), server.make_rooms(ROOMS));
    let mut loop_figures = Figures::default();
    std::thread::scope(|scope| {
        // Whatever panics here: the threads stop, else the scope would wait for them for ever.
        let _end = world.end_on_drop();
        let posters: Vec<_> = (0..POSTERS)
            .map(|index| {
                let (world, record, seed) = (&world, recorder.pen(), random.random());
                scope.spawn(move || poster::run(world, &record, index, seed))
            })
            .collect();
        let readers: Vec<_> = (0..READERS)
            .map(|index| {
                let (world, record) = (&world, recorder.pen());
                scope.spawn(move || reader::follow(world, &record, index))
            })
            .collect();
        kill_and_restart(kills, &site, &mut server, &world, &mut random, &mut loop_figures);
        world.stop_posting.store(true, Ordering::SeqCst);
        world.wait_for(|| posters.iter().all(|poster| poster.is_finished()), "every post to be acknowledged");
        world.set_heads();
        world.wait_for(|| readers.iter().all(|reader| reader.is_finished()), "every reader to reach the end");
        reader::read_whole(&world, &recorder.pen());
        world.check();
    });
    server.stop();
    site.check_store();
    loop_figures.checks += 1;
    let report = recorder.finish();
    judge(kills, &world, &report);
    println!("{}", loop_figures.line(kills, seed, &world, &report));
}

#[expect(clippy::print_stdout, reason = "a run of a thousand kills should be seen to go on")]
fn kill_and_restart(
    kills: u64,
    site: &Site,
    server: &mut Server,
    world: &World,
    random: &mut StdRng,
    figures: &mut Figures,
) {
    let between_checks = KILLS_BETWEEN_CHECKS_MIN.max(kills / CHECKS_MAX);
    for kill in 1..=kills {
        // A life's length is what is tried here, not a wait for something to have happened.
        std::thread::sleep(Duration::from_millis(random.random_range(LIFE_MS)));
        world.check();
        server.kill();
        let checked = kill % between_checks == 0;
        if checked {
            site.check_store();
            figures.checks += 1;
        }
        *server = site.start();
        if !checked {
            figures.ready_ms.push(server.ready_ms());
        }
        if kill % 50 == 0 {
            println!("{kill} kills, {} acknowledged", world.acked.load(Ordering::Relaxed));
        }
    }
}

fn judge(kills: u64, world: &World, report: &Report) {
    assert!(report.is_clean(), "{report}");
    assert_eq!(world.first_fault(), None);
    let totals = report.totals;
    assert_eq!(totals.rooms, ROOMS as u64, "{report}");
    assert_eq!(totals.acked, world.acked.load(Ordering::SeqCst), "the checker judged another history: {report}");
    assert_eq!(totals.writes, totals.acked, "every post was repeated until it was acknowledged: {report}");
    assert_eq!(totals.stored, totals.acked, "{report}");
    assert!(totals.observed >= totals.stored, "every room was followed to its end: {report}");
    // A loop whose kills never hit a post would have shown nothing.
    let unknown = world.unknown.load(Ordering::SeqCst);
    assert!(unknown >= kills, "{unknown} posts without an answer in {kills} kills: the load was too low");
    let keys: HashSet<&str> = world.rooms.iter().map(|room| room.key.as_str()).collect();
    assert_eq!(keys.len(), ROOMS, "every room has a key of its own");
}

/// What a run measured besides being right.
#[derive(Debug, Default)]
struct Figures {
    /// From start to the first answer of `/readyz`, of restarts without a check before.
    ready_ms: Vec<u64>,
    checks: u64,
}

impl Figures {
    /// The line for docs/reliability.md.
    fn line(mut self, kills: u64, seed: u64, world: &World, report: &Report) -> String {
        self.ready_ms.sort_unstable();
        let percentile = |percent: usize| match self.ready_ms.len() {
            0 => "-".to_owned(),
            count => self.ready_ms[(count * percent).div_ceil(100).clamp(1, count) - 1].to_string(),
        };
        format!(
            "kill loop: {kills} kills, {} messages acknowledged, {} posts cut off, {} repeats found stored, \
             {} received by readers, 0 anomalies, {} store checks sound; \
             ready after p50 {} ms, p99 {} ms, longest {} ms; seed {seed}, {} build",
            report.totals.acked,
            world.unknown.load(Ordering::SeqCst),
            world.duplicates.load(Ordering::SeqCst),
            report.totals.observed,
            self.checks,
            percentile(50),
            percentile(99),
            percentile(100),
            if cfg!(debug_assertions) { "debug" } else { "release" },
        )
    }
}

fn setting(name: &str, default: u64) -> u64 {
    setting_text(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[expect(clippy::disallowed_methods, reason = "a test's own settings come from the environment")]
fn setting_text(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
