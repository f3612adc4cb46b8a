//! The CHAT/1.0 door: posts that are sent ahead, messages that wait for somebody, people who stay logged in, and a flood of
//! log-ins beside posts.

mod client;
mod flood;
mod senders;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use self::client::{Client, request};
use self::senders::Senders;
use crate::Setup;
use crate::procfs::{CpuMeter, resident_kib};
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::{Latencies, Series};
use crate::writers::{Until, Writers, texts};

const GROUP: &str = "chat1";

const SENDERS: usize = 64;

/// Requests that each keeps open.
const AHEAD: usize = 16;

/// Messages that wait for who asks.
const WAITING: usize = 1_000;

/// People who are logged in and silent.
const IDLE_PEOPLE: usize = 10_000;

/// What follows the posts (the search index) must be done before the next run, and counts as their cost.
const SETTLE_PATIENCE: Duration = Duration::from_secs(120);

/// Measures all of it, each at a fresh server.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let mut figures = send(setup)?;
    figures.extend(receive(setup)?);
    figures.extend(idle(setup)?);
    figures.extend(flood::measure(setup)?);
    Ok(figures)
}

fn figure(name: impl Into<String>, unit: &'static str, measured: Series) -> Figure {
    Figure::new(GROUP, name, unit, measured)
}

/// Posts in groups, beside the same number of writers who post one by one over HTTP at the same server.
fn send(setup: &Setup) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let server = Server::start_parlor(&setup.server, &folder.path().join("chat1-send"))?;
    let mut senders = Senders::prepare(server.chat()?, SENDERS)?;
    let mut cpu = server.cpu();
    let (mut ours, mut theirs) = (Columns::default(), Columns::default());
    // Short runs, like this one and that of the writers, are not counted.
    let warming = setup.seconds.min(Duration::from_secs(1));
    senders.run(AHEAD, warming)?;
    for round in 1..=setup.runs {
        eprintln!("chat1: posts, run {round} of {}", setup.runs);
        let before = cpu.settle(SETTLE_PATIENCE)?;
        let run = senders.run(AHEAD, setup.seconds)?;
        ours.push(&mut cpu, before, run.posts, run.took, run.latencies)?;
        // New ones each time: the server ends HTTP connections that were silent for as long as the other half takes.
        let mut writers = Writers::prepare(server.address(), SENDERS, SENDERS)?;
        writers.run(Until::Elapsed(warming))?;
        let before = cpu.settle(SETTLE_PATIENCE)?;
        let run = writers.run(Until::Elapsed(setup.seconds))?;
        theirs.push(&mut cpu, before, run.posts, run.took, run.latencies)?;
    }
    senders.check_nothing_lost(server.chat()?)?;
    server.stop()?;
    let named = |what: &str| format!("{SENDERS} connections, {AHEAD} posts ahead: {what}");
    Ok(vec![
        figure(named("durable posts"), "1/s", ours.per_second)
            .beside(theirs.per_second)
            .wanted(Wanted::AtLeast(20_000.0)),
        figure(named("ack p50"), "ms", ours.p50_ms).beside(theirs.p50_ms),
        figure(named("ack p99"), "ms", ours.p99_ms).beside(theirs.p99_ms),
        figure(named("server CPU per post, with what follows it"), "us", ours.cpu_us).beside(theirs.cpu_us),
    ])
}

#[derive(Default)]
struct Columns {
    per_second: Series,
    p50_ms: Series,
    p99_ms: Series,
    cpu_us: Series,
}

impl Columns {
    fn push(
        &mut self,
        cpu: &mut CpuMeter,
        before: Duration,
        posts: u64,
        took: Duration,
        mut latencies: Latencies,
    ) -> Result<()> {
        let used = cpu.settle(SETTLE_PATIENCE)? - before;
        self.per_second.push(posts as f64 / took.as_secs_f64());
        self.p50_ms.push(latencies.quantile_ms(0.5));
        self.p99_ms.push(latencies.quantile_ms(0.99));
        self.cpu_us.push(used.as_secs_f64() * 1e6 / posts as f64);
        Ok(())
    }
}

/// Somebody who was away asks until nothing is left.
fn receive(setup: &Setup) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let server = Server::start_parlor(&setup.server, &folder.path().join("chat1-recv"))?;
    let (mut adrian, mut josie) = (Client::connect(server.chat()?)?, Client::connect(server.chat()?)?);
    adrian.register("adrian")?;
    josie.register("josie")?;
    let texts = texts();
    let mut latencies = Latencies::default();
    let mut cursor = String::new();
    let rounds = 20 * setup.rounds(5);
    eprintln!("chat1: {WAITING} messages wait, {rounds} times");
    for _ in 0..rounds {
        let posts: Vec<u8> =
            (0..WAITING).flat_map(|turn| request("SEND josie", "", &texts[turn % texts.len()])).collect();
        adrian.send(&posts)?;
        for _ in 0..WAITING {
            ensure!(adrian.answer()?.status == 200, "a message was not taken");
        }
        let begun = Instant::now();
        let mut received = 0;
        while received < WAITING {
            let line = if cursor.is_empty() { "RECV".to_owned() } else { format!("RECV {cursor}") };
            let answer: serde_json::Value = serde_json::from_slice(&josie.expect(&line, "", "", 200)?.body)?;
            let messages = answer["messages"].as_array().map_or(0, Vec::len);
            ensure!(messages > 0, "only {received} of {WAITING} came");
            received += messages;
            answer["cursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
        }
        latencies.push(begun.elapsed());
        ensure!(received == WAITING, "{received} came instead of {WAITING}");
    }
    server.stop()?;
    let named = |what: &str| format!("RECV of {WAITING} messages that waited: {what}");
    Ok(vec![
        figure(named("p50"), "ms", Series::from(latencies.quantile_ms(0.5))),
        figure(named("p99"), "ms", Series::from(latencies.quantile_ms(0.99))).wanted(Wanted::AtMost(50.0)),
    ])
}

/// Many people, each with an account, who have logged in and say nothing.
fn idle(setup: &Setup) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let people = setup.people(IDLE_PEOPLE).min(setup.open_files.saturating_sub(1_000) as usize);
    let server = Server::start_parlor(&setup.server, &folder.path().join("chat1-idle"))?;
    let mut clerk = Client::connect(server.chat()?)?;
    eprintln!("chat1: {people} people register, log in and stay");
    for group in (0..people).collect::<Vec<_>>().chunks(500) {
        let requests: Vec<u8> = group.iter().flat_map(|index| request(&format!("REG idle-{index}x"), "", "")).collect();
        clerk.send(&requests)?;
        for _ in group {
            let answer = clerk.answer()?;
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            ensure!(answer.status == 201, "an account was not made: {} {said}", answer.status);
        }
    }
    let mut cpu = server.cpu();
    cpu.settle(SETTLE_PATIENCE)?;
    let before = resident_kib(server.pid())?;
    let mut clients = Vec::with_capacity(people);
    for index in 0..people {
        let mut client = Client::connect(server.chat()?)?;
        client.expect(&format!("USE idle-{index}x"), "", "", 200)?;
        clients.push(client);
    }
    let used = cpu.settle(SETTLE_PATIENCE)?;
    let each = (resident_kib(server.pid())? - before) / people as f64;
    let seconds = setup.seconds_of(5.0);
    std::thread::sleep(Duration::from_secs_f64(seconds));
    let percent = 100.0 * (cpu.read()? - used).as_secs_f64() / seconds;
    drop(clients);
    server.stop()?;
    let named = |what: &str| format!("{people} logged in and idle: {what}");
    Ok(vec![
        figure(named("memory of each"), "KiB", Series::from(each)).wanted(Wanted::AtMost(6.0)),
        figure(named("server CPU, of a core"), "%", Series::from(percent)),
    ])
}
