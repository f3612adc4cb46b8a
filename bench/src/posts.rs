//! Durable posts: 64 writers in 100 rooms, beside the same requests answered without storing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::Setup;
use crate::http_client::Client;
use crate::procfs::CpuMeter;
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::Series;
use crate::writers::{Until, Writers};

const WRITERS: usize = 64;
const ROOMS: usize = 100;

/// What follows the posts (the search index) must be done before the next run, and counts as their cost.
const SETTLE_PATIENCE: Duration = Duration::from_secs(120);

/// Measures parlor and the baseline in turn, in `setup.runs` runs each.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let mut parlor = Contender::new(Server::start_parlor(&setup.server, &folder.path().join("posts"))?)?;
    let mut bare = Contender::new(Server::start_baseline(folder.path())?)?;
    // One short run each that is not counted: caches, allocators and the first pages of the store.
    parlor.run(setup.seconds.min(Duration::from_secs(1)), &mut Columns::default())?;
    bare.run(setup.seconds.min(Duration::from_secs(1)), &mut Columns::default())?;
    let (mut ours, mut theirs) = (Columns::default(), Columns::default());
    for run in 1..=setup.runs {
        eprintln!("posts: run {run} of {}", setup.runs);
        parlor.run(setup.seconds, &mut ours)?;
        bare.run(setup.seconds, &mut theirs)?;
    }
    parlor.check_nothing_lost()?;
    parlor.server.stop()?;
    let figure = |name, unit, ours, theirs| Figure::new("posts", name, unit, ours).beside(theirs);
    Ok(vec![
        figure("durable posts", "1/s", ours.per_second, theirs.per_second).wanted(Wanted::AtLeast(15_000.0)),
        figure("ack p50", "ms", ours.p50_ms, theirs.p50_ms),
        figure("ack p99", "ms", ours.p99_ms, theirs.p99_ms).wanted(Wanted::AtMost(25.0)),
        figure("ack max", "ms", ours.max_ms, theirs.max_ms),
        figure("server CPU per post, with what follows it", "us", ours.cpu_us, theirs.cpu_us),
        // The baseline leaves nothing for later, so there is no ratio.
        Figure::new("posts", "of that after the last ack", "us", ours.later_us),
        figure("load generator CPU per post", "us", ours.load_us, theirs.load_us),
    ])
}

/// The same quantities for either server.
#[derive(Default)]
struct Columns {
    per_second: Series,
    p50_ms: Series,
    p99_ms: Series,
    max_ms: Series,
    cpu_us: Series,
    later_us: Series,
    load_us: Series,
}

struct Contender {
    server: Server,
    writers: Writers,
    server_cpu: CpuMeter,
    own_cpu: CpuMeter,
}

impl Contender {
    fn new(server: Server) -> Result<Self> {
        let writers = Writers::prepare(server.address(), WRITERS, ROOMS)?;
        let (server_cpu, own_cpu) = (server.cpu(), CpuMeter::new(std::process::id()));
        Ok(Self { server, writers, server_cpu, own_cpu })
    }

    fn run(&mut self, time: Duration, columns: &mut Columns) -> Result<()> {
        let server_before = self.server_cpu.settle(SETTLE_PATIENCE)?;
        let own_before = self.own_cpu.read()?;
        let mut run = self.writers.run(Until::Elapsed(time))?;
        let own_after = self.own_cpu.read()?;
        let server_acked = self.server_cpu.read()?;
        let server_after = self.server_cpu.settle(SETTLE_PATIENCE)?;
        let per_post_us = |time: Duration| time.as_secs_f64() * 1e6 / run.posts as f64;
        columns.per_second.push(run.posts as f64 / run.took.as_secs_f64());
        columns.cpu_us.push(per_post_us(server_after - server_before));
        columns.later_us.push(per_post_us(server_after - server_acked));
        columns.load_us.push(per_post_us(own_after - own_before));
        columns.p50_ms.push(run.latencies.quantile_ms(0.5));
        columns.p99_ms.push(run.latencies.quantile_ms(0.99));
        columns.max_ms.push(run.latencies.quantile_ms(1.0));
        Ok(())
    }

    /// The numbers of one more post in every room must add up to what was acknowledged: none lost, none doubled.
    fn check_nothing_lost(&self) -> Result<()> {
        let begun = Instant::now();
        let mut client = Client::connect(self.server.address())?;
        let mut stored = 0;
        for key in self.writers.rooms() {
            let reply = client.post(&format!("/send/{key}"), "", "the last one")?.expect_status(200)?;
            stored += reply.chat_number()? - 1;
        }
        let posted = self.writers.posted();
        ensure!(stored == posted, "{posted} posts were acknowledged but {stored} are stored");
        eprintln!("posts: all {posted} acknowledged posts are stored (counted in {:.1?})", begun.elapsed());
        Ok(())
    }
}
