//! Log-ins with a password, 100 a second, beside people who post.

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::client::Client;
use super::figure;
use crate::Setup;
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::Series;
use crate::writers::{Until, Writers};

const LOG_INS_PER_SECOND: u32 = 100;

/// Connections by which they come: so many that 100 a second are asked for while each waits for its answer for seconds.
const FLOODERS: u32 = 300;

/// People who post meanwhile: few, so that it is the log-ins that load the server.
const WRITERS: usize = 8;

const PASSWORD: &str = "correct horse battery staple";

/// The p99 of posts during the flood, beside that of the same posts before.
pub(super) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let server = Server::start_parlor(&setup.server, &folder.path().join("chat1-flood"))?;
    let headers = format!("Password: {PASSWORD}\n");
    Client::connect(server.chat()?)?.expect("REG flooded", &headers, "", 201)?;
    let (mut calm, mut flooded, mut answered, mut right) =
        (Series::default(), Series::default(), Series::default(), Series::default());
    for round in 1..=setup.rounds(3) {
        eprintln!("chat1: posts beside a flood of log-ins, run {round} of {}", setup.rounds(3));
        // New ones each time: the end of a flood takes longer than the server lets HTTP connections be silent.
        let mut writers = Writers::prepare(server.address(), WRITERS, WRITERS)?;
        writers.run(Until::Elapsed(setup.seconds.min(Duration::from_secs(1))))?;
        calm.push(writers.run(Until::Elapsed(setup.seconds))?.latencies.quantile_ms(0.99));
        let flood = Flood::begin(server.chat()?);
        // The first second fills the queue of those who wait for their turn.
        writers.run(Until::Elapsed(Duration::from_secs(1)))?;
        flood.counts.reset();
        let begun = Instant::now();
        flooded.push(writers.run(Until::Elapsed(setup.seconds))?.latencies.quantile_ms(0.99));
        let seconds = begun.elapsed().as_secs_f64();
        answered.push(flood.counts.answered.load(Ordering::Relaxed) as f64 / seconds);
        right.push(flood.counts.right.load(Ordering::Relaxed) as f64 / seconds);
        flood.end()?;
    }
    server.stop()?;
    let named = |what: &str| format!("{LOG_INS_PER_SECOND} log-ins/s beside posts: {what}");
    Ok(vec![
        figure(named("p99 of posts, beside without"), "ms", flooded).beside(calm).wanted(Wanted::RatioAtMost(3.0)),
        figure(named("log-ins that were answered"), "1/s", answered),
        figure(named("log-ins that got in"), "1/s", right),
    ])
}

/// Threads that log in, each again and again at its pace.
struct Flood {
    counts: &'static Counts,
    threads: Vec<thread::JoinHandle<Result<()>>>,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    right: AtomicU64,
    over: AtomicBool,
}

impl Counts {
    fn reset(&self) {
        self.answered.store(0, Ordering::Relaxed);
        self.right.store(0, Ordering::Relaxed);
    }
}

impl Flood {
    fn begin(server: SocketAddrV4) -> Flood {
        // A few bytes for each run of a process that ends soon.
        let counts: &'static Counts = Box::leak(Box::default());
        let threads = (0..FLOODERS).map(|_| thread::spawn(move || log_in_again(server, counts))).collect();
        Flood { counts, threads }
    }

    fn end(self) -> Result<()> {
        self.counts.over.store(true, Ordering::Relaxed);
        for flooder in self.threads {
            flooder.join().ok().context("a flooder panicked")??;
        }
        Ok(())
    }
}

fn log_in_again(server: SocketAddrV4, counts: &Counts) -> Result<()> {
    let pause = Duration::from_secs(1) * FLOODERS / LOG_INS_PER_SECOND;
    let headers = format!("Password: {PASSWORD}\n");
    let mut client = Client::connect(server)?;
    let mut due = Instant::now();
    while !counts.over.load(Ordering::Relaxed) {
        // Refused for being too fast is an answer, too.
        let answer = client.ask("USE flooded", &headers, "")?;
        counts.answered.fetch_add(1, Ordering::Relaxed);
        counts.right.fetch_add(u64::from(answer.status == 200), Ordering::Relaxed);
        due += pause;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
