//! Pages of 100 messages anywhere in a room of a million, read by one client.

use std::fs::File;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::fs::{Advice, fadvise};

use crate::Setup;
use crate::http_client::Client;
use crate::million::Million;
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::{Latencies, Series};
use crate::writers::TEXT_MARK;

/// Messages of a page.
const PAGE: u64 = 100;

/// Pages read for each row in each run.
const REQUESTS: usize = 300;

/// Measures each place in the log, in `setup.runs` runs.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let million = Million::ensure(setup)?;
    let last = setup.messages;
    let places = [("head", last + 1), ("middle", last / 2 + 1), ("start", PAGE + 1)];
    let mut rng = StdRng::seed_from_u64(2);
    let mut rows: Vec<Row> = places.iter().map(|(name, _)| Row::new(name)).collect();
    let mut anywhere = Row::new("anywhere");
    let mut cold = Row::new("anywhere, nothing cached at first");
    for run in 1..=setup.runs {
        eprintln!("pages: run {run} of {}", setup.runs);
        million.forget_cached()?;
        let server = Server::start_parlor(&setup.server, &million.data_dir)?;
        let mut client = Client::connect(server.address())?;
        let mut random = || rng.random_range(PAGE + 1..=last + 1);
        cold.run(&mut client, &million.key, &mut random)?;
        for (row, &(_, before)) in rows.iter_mut().zip(&places) {
            row.run(&mut client, &million.key, || before)?;
        }
        anywhere.run(&mut client, &million.key, &mut random)?;
        server.stop()?;
    }
    rows.extend([anywhere, cold]);
    Ok(rows.into_iter().flat_map(Row::figures).collect())
}

struct Row {
    name: &'static str,
    p50_ms: Series,
    p99_ms: Series,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, p50_ms: Series::default(), p99_ms: Series::default() }
    }

    fn run(&mut self, client: &mut Client, key: &str, mut before: impl FnMut() -> u64) -> Result<()> {
        let mut latencies = Latencies::default();
        for _ in 0..REQUESTS {
            let path = format!("/chat/{key}?before={}&limit={PAGE}", before());
            let begun = Instant::now();
            let reply = client.get(&path)?;
            latencies.push(begun.elapsed());
            let reply = reply.expect_status(200)?;
            let text = String::from_utf8_lossy(&reply.body);
            let messages = text.matches(TEXT_MARK).count();
            ensure!(messages >= PAGE as usize, "{path} shows {messages} messages instead of {PAGE}");
        }
        self.p50_ms.push(latencies.quantile_ms(0.5));
        self.p99_ms.push(latencies.quantile_ms(0.99));
        Ok(())
    }

    fn figures(self) -> [Figure; 2] {
        let figure =
            |what, series| Figure::new("pages", format!("{what} of {PAGE} messages, {}", self.name), "ms", series);
        [figure("p50", self.p50_ms), figure("p99", self.p99_ms).wanted(Wanted::AtMost(20.0))]
    }
}

impl Million {
    /// Asks the kernel to forget the store's files, so that the next server reads them from the disk.
    fn forget_cached(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.data_dir)? {
            let path = entry?.path();
            if path.is_file() {
                let file = File::open(&path)?;
                // Only clean pages can be forgotten.
                file.sync_all()?;
                fadvise(&file, 0, None, Advice::DontNeed).with_context(|| format!("forgetting {}", path.display()))?;
            }
        }
        Ok(())
    }
}
