//! The runs, and the table of their medians.

use std::fs;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::candidates::{CANDIDATES, Candidate};
use crate::crowd::{Crowd, PING, PONG, TEXT, masked, plain};
use crate::process::Process;

/// The length of a text in bytes.
const TEXT_BYTES: usize = 100;

/// Messages before CPU time counts: until then buffers grow and threads start.
const WARM_UP: usize = 30;

/// Messages that idle connections have heard, so that their buffers were used.
const HEARD_WHEN_IDLE: usize = 5;

/// What to do.
pub(crate) struct Plan {
    pub(crate) runs: usize,
    /// Connections whose memory is measured.
    pub(crate) idle: usize,
    /// Connections that hear the messages whose CPU time is measured.
    pub(crate) listeners: usize,
    pub(crate) messages: usize,
}

/// What the runs of one server gave.
#[derive(Default)]
struct Row {
    /// Memory of a connection that was only greeted, in KiB.
    greeted: Vec<f64>,
    /// Memory of a connection that sent a ping and heard some texts, in KiB.
    used: Vec<f64>,
    /// CPU time of the server for each delivery, in microseconds.
    delivery: Vec<f64>,
    /// The same, divided by that of the first server in the same run.
    ratio: Vec<f64>,
}

impl Plan {
    /// Measures everything and prints it.
    pub(crate) fn carry_out(&self) -> Result<()> {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
        let mut loads = vec![load()?];
        let mut rows: Vec<Row> = CANDIDATES.iter().map(|_| Row::default()).collect();
        for run in 0..self.runs {
            for turn in 0..CANDIDATES.len() {
                // Each begins a run once, so that none has always the same neighbour.
                let index = (run + turn) % CANDIDATES.len();
                let candidate = &CANDIDATES[index];
                eprintln!("run {} of {}: {}", run + 1, self.runs, candidate.name);
                self.measure(candidate, &mut rows[index]).with_context(|| candidate.name)?;
            }
            let first = rows[0].delivery[run];
            for row in &mut rows {
                row.ratio.push(row.delivery[run] / first);
            }
            loads.push(load()?);
        }
        self.print(&rows, &loads);
        Ok(())
    }

    fn measure(&self, candidate: &Candidate, row: &mut Row) -> Result<()> {
        let mut server = Process::start(candidate.name)?;
        server.settled_cpu()?;
        let before = server.resident_kib()?;
        let mut crowd = Crowd::gather(server.port, self.idle)?;
        server.settled_cpu()?;
        row.greeted.push((server.resident_kib()? - before) / self.idle as f64);
        for index in 0..crowd.len() {
            crowd.send(index, &masked(PING, b"here?"))?;
        }
        crowd.all_hear(&plain(PONG, b"here?"))?;
        talk(&mut crowd, HEARD_WHEN_IDLE)?;
        server.settled_cpu()?;
        row.used.push((server.resident_kib()? - before) / self.idle as f64);
        // The server ends first, so that the ports here do not have to rest.
        drop(server);
        drop(crowd);

        let mut server = Process::start(candidate.name)?;
        let mut crowd = Crowd::gather(server.port, self.listeners)?;
        talk(&mut crowd, WARM_UP)?;
        let before = server.settled_cpu()?;
        talk(&mut crowd, self.messages)?;
        let used = server.settled_cpu()? - before;
        row.delivery.push(used.as_secs_f64() * 1e6 / (self.messages * self.listeners) as f64);
        drop(server);
        Ok(())
    }

    fn print(&self, rows: &[Row], loads: &[f64]) {
        let Plan { runs, idle, listeners, messages } = self;
        println!(
            "{idle} idle connections; {messages} messages of {TEXT_BYTES} bytes to {listeners}; median of {runs} (min..max)"
        );
        println!("load of the machine, a minute's mean: {}\n", spread(loads));
        println!("| server | idle, greeted, KiB | idle, used, KiB | CPU per delivery, us | ratio in the same run |");
        println!("|---|---|---|---|---|");
        for (candidate, row) in CANDIDATES.iter().zip(rows) {
            let cells = [&row.greeted, &row.used, &row.delivery, &row.ratio].map(|values| spread(values));
            println!("| {} | {} |", candidate.name, cells.join(" | "));
        }
    }
}

/// Sends one message after the other, each when everybody has heard the one before.
fn talk(crowd: &mut Crowd, messages: usize) -> Result<()> {
    for number in 0..messages {
        let text = format!("{number:>TEXT_BYTES$}");
        crowd.send(number % crowd.len(), &masked(TEXT, text.as_bytes()))?;
        crowd.all_hear(&plain(TEXT, text.as_bytes()))?;
    }
    Ok(())
}

/// Processes that wanted to run in the minute before.
fn load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    text.split(' ').next().and_then(|field| field.parse().ok()).context("/proc/loadavg is not understood")
}

/// Median, smallest and largest.
fn spread(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else { return "none".to_owned() };
    let median = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
    format!("{median:.2} ({min:.2}..{max:.2})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), "2.00 (1.00..3.00)");
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), "2.50 (1.00..4.00)");
    }

    #[test]
    fn this_process_starts_no_server_of_an_unknown_name() {
        assert!(crate::serve("none of them").is_err());
    }
}
