//! A server that nobody talks to: how soon it is ready, and what it keeps in memory.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::Setup;
use crate::million::Million;
use crate::procfs::resident_kib;
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::Series;

/// Measures fresh starts on an empty store and on one with a million messages.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let folder = setup.scratch()?;
    let mut empty = Columns::default();
    for run in 0..setup.runs {
        empty.start(setup, &folder.path().join(format!("idle-{run}")))?;
    }
    let million = Million::ensure(setup)?;
    let mut full = Columns::default();
    for _ in 0..setup.runs {
        full.start(setup, &million.data_dir)?;
    }
    let figure = |name: &str, unit, measured| Figure::new("idle", name, unit, measured);
    let messages = setup.messages;
    Ok(vec![
        figure("resident, empty store", "MiB", empty.resident_mib).wanted(Wanted::AtMost(20.0)),
        figure(&format!("resident, {messages} messages"), "MiB", full.resident_mib).wanted(Wanted::AtMost(20.0)),
        figure("start to ready, empty store", "ms", empty.ready_ms).wanted(Wanted::AtMost(200.0)),
        figure(&format!("start to ready, {messages} messages"), "ms", full.ready_ms).wanted(Wanted::AtMost(2_000.0)),
    ])
}

#[derive(Default)]
struct Columns {
    resident_mib: Series,
    ready_ms: Series,
}

impl Columns {
    fn start(&mut self, setup: &Setup, data_dir: &Path) -> Result<()> {
        let server = Server::start_parlor(&setup.server, data_dir)?;
        self.ready_ms.push(server.ready_after().as_secs_f64() * 1e3);
        server.cpu().settle(Duration::from_secs(60))?;
        self.resident_mib.push(resident_kib(server.pid())? / 1024.0);
        server.stop()
    }
}
