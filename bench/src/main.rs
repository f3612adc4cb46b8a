//! Measures a running parlor against baselines in the same run: `make bench`.
//!
//! It starts the server itself, loads it over loopback, reads its CPU time and memory from `/proc`, and prints each
//! figure beside what is wanted. It judges nothing by its exit code: 0 means that everything could be measured.
//!
//! Map: [`posts`], [`polls`], [`idle`] and [`pages`] each measure one part of the HTTP door; [`fanout`], [`held`],
//! [`joins`] and [`stalled`] one of the doors that tell people what is said; [`chat1`] that of CHAT/1.0. [`server`] starts the processes; [`baseline`]
//! and [`bare`] are the bare servers to compare with, [`others`] those of other people. [`http_load`] and [`writers`] make
//! the load over HTTP, with [`http_client`] and [`answer`] to read it; [`crowd`] is everybody in a room, in processes of
//! [`worker`], speaking a [`dialect`]. [`procfs`] reads the kernel's accounts; [`million`] makes the large store;
//! [`stats`] and [`report`] turn values into the table.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and runs the baseline's tasks and threads")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table and the progress are what it is for")]

mod answer;
mod bare;
mod baseline;
mod chat1;
mod crowd;
mod dialect;
mod fanout;
mod held;
mod http_client;
mod http_load;
mod idle;
mod joins;
mod million;
mod others;
mod pages;
mod polls;
mod posts;
mod procfs;
mod report;
mod server;
mod stalled;
mod stats;
mod worker;
mod writers;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use tempfile::TempDir;

use crate::crowd::Talk;
use crate::report::{Figure, Report, Wanted};
use crate::stats::{Latencies, Series};

/// Measures a release build of parlor and prints the figures of docs/performance.md
#[derive(Parser)]
#[command(name = "parlor-bench", args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    hidden: Option<Hidden>,
    /// The parlor to measure, a release build
    #[arg(long, required = true)]
    server: Option<PathBuf>,
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    part: Part,
    /// Runs of each measurement, of which the median counts [default: what docs/performance.md says, 3 to 9]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    runs: Option<u16>,
    /// One short run of everything with few people, to see that it works; its figures say nothing
    #[arg(long)]
    quick: bool,
    /// Seconds of each run of posts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Requests that wait at the same time
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    waiters: u32,
    /// Messages in the large room
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    messages: u64,
    /// Seconds that people who stopped reading go on to do so; after 30 the server may close them
    #[arg(long, default_value_t = 0)]
    stall_seconds: u16,
    /// Where stores are made: on the disk that shall be measured, never in memory
    #[arg(long, default_value = "target/bench")]
    work_dir: PathBuf,
    /// Also writes the figures to this file, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Hidden {
    /// Runs the bare server that parlor is compared with
    #[command(hide = true)]
    Baseline { port: u16 },
    /// Runs the bare loop that parlor's fan-out is compared with
    #[command(hide = true)]
    Bare { port: u16 },
    /// Is a crowd, told what to do on standard input
    #[command(hide = true)]
    Crowd(worker::Station),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    All,
    Posts,
    Polls,
    Idle,
    Pages,
    Size,
    FanoutTerm,
    FanoutWscmd,
    Held,
    Joins,
    Stalled,
    Chat1,
}

/// One part: takes its time, answers its rows of the table.
type Measure = fn(&Setup) -> Result<Vec<Figure>>;

/// What every measurement needs to know.
pub(crate) struct Setup {
    pub(crate) server: PathBuf,
    pub(crate) work_dir: PathBuf,
    pub(crate) runs: usize,
    pub(crate) seconds: Duration,
    pub(crate) waiters: usize,
    pub(crate) messages: u64,
    is_quick: bool,
    /// How long people go on to stall when all else is measured.
    pub(crate) stall: Duration,
    /// Runs that were asked for, for parts that have a number of their own.
    runs_asked: Option<u16>,
    /// The limit of open files of this process and of the servers.
    pub(crate) open_files: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.hidden {
        Some(Hidden::Baseline { port }) => return baseline::serve(port),
        Some(Hidden::Bare { port }) => return bare::serve(port),
        Some(Hidden::Crowd(station)) => return worker::obey(&station),
        None => {}
    }
    let setup = Setup::new(&arguments)?;
    let mut report = Report { circumstances: circumstances(&setup)?, figures: Vec::new() };
    let parts: [(Part, Measure); 11] = [
        (Part::Size, size),
        (Part::Idle, idle::measure),
        (Part::Pages, pages::measure),
        (Part::Posts, posts::measure),
        (Part::Polls, polls::measure),
        (Part::FanoutTerm, fanout::measure_term),
        (Part::FanoutWscmd, fanout::measure_wscmd),
        (Part::Held, held::measure),
        (Part::Joins, joins::measure),
        (Part::Stalled, stalled::measure),
        (Part::Chat1, chat1::measure),
    ];
    let mut failures = Vec::new();
    for (part, measure) in parts {
        if arguments.part == Part::All || arguments.part == part {
            // The others' figures took minutes: they are shown all the same.
            match measure(&setup) {
                Ok(figures) => report.figures.extend(figures),
                Err(error) => failures.push(format!("{}: {error:#}", name_of(part))),
            }
        }
    }
    println!("{}", report.table());
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report.to_json())?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    ensure!(failures.is_empty(), "not everything could be measured\n{}", failures.join("\n"));
    Ok(())
}

fn name_of(part: Part) -> String {
    part.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Setup {
    fn new(arguments: &Arguments) -> Result<Self> {
        let server = arguments.server.as_deref().unwrap_or(Path::new("target/release/parlor"));
        let server = server.canonicalize().with_context(|| {
            format!("there is no {}; build it first: cargo build --release -p parlor", server.display())
        })?;
        std::fs::create_dir_all(&arguments.work_dir)?;
        Ok(Self {
            server,
            work_dir: arguments.work_dir.canonicalize()?,
            runs: match arguments.runs {
                Some(runs) => runs.into(),
                None if arguments.quick => 1,
                None => 5,
            },
            seconds: Duration::from_secs(if arguments.quick { 1 } else { arguments.seconds.into() }),
            waiters: arguments.waiters as usize / if arguments.quick { 10 } else { 1 },
            messages: arguments.messages / if arguments.quick { 100 } else { 1 },
            is_quick: arguments.quick,
            stall: Duration::from_secs(arguments.stall_seconds.into()),
            runs_asked: arguments.runs,
            open_files: http_load::raise_open_files()?,
        })
    }

    /// How often to do what by itself is done `usual` times.
    pub(crate) fn rounds(&self, usual: usize) -> usize {
        match self.runs_asked {
            Some(runs) => runs.into(),
            None if self.is_quick => 1,
            None => usual,
        }
    }

    /// How many people come where by themselves `usual` do: never so few that a room of them is none.
    pub(crate) fn people(&self, usual: usize) -> usize {
        if self.is_quick { (usual / 10).max(50) } else { usual }
    }

    /// How long something lasts that by itself lasts `usual` seconds.
    pub(crate) fn seconds_of(&self, usual: f64) -> f64 {
        if self.is_quick { usual / 5.0 } else { usual }
    }

    /// The same talk, shorter when all is.
    pub(crate) fn talk(&self, usual: Talk) -> Talk {
        Talk { seconds: self.seconds_of(usual.seconds), ..usual }
    }

    /// A folder for stores that nobody needs afterwards; it goes when it is dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir> {
        Ok(tempfile::Builder::new().prefix("run-").tempdir_in(&self.work_dir)?)
    }
}

/// Bytes of the binary.
fn size(setup: &Setup) -> Result<Vec<Figure>> {
    let mib = std::fs::metadata(&setup.server)?.len() as f64 / (1024.0 * 1024.0);
    Ok(vec![Figure::new("size", "binary", "MiB", Series::from(mib)).wanted(Wanted::AtMost(25.0))])
}

/// What the figures depend on besides the code.
fn circumstances(setup: &Setup) -> Result<Vec<(&'static str, String)>> {
    let command: Vec<String> = std::env::args().collect();
    Ok(vec![
        ("machine", procfs::machine()),
        ("disk", format!("4 KiB written and synced in {:.2} ms (median)", sync_ms(&setup.work_dir)?)),
        ("load average", procfs::load_average()),
        ("date", first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        ("commit", first_line("git", &["describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"])),
        ("command", command.join(" ")),
        (
            "runs",
            format!(
                "{}, of posts {} s each; {} of one at a time",
                setup.runs,
                setup.seconds.as_secs(),
                setup.rounds(9)
            ),
        ),
    ])
}

/// What the disk takes to make a small write durable: the floor of every acknowledgement.
fn sync_ms(folder: &Path) -> Result<f64> {
    use std::os::unix::fs::FileExt;
    let file = tempfile::tempfile_in(folder)?;
    let mut latencies = Latencies::default();
    for block in 0..200 {
        let begun = Instant::now();
        file.write_all_at(&[0x5a; 4096], block * 4096)?;
        file.sync_data()?;
        latencies.push(begun.elapsed());
    }
    Ok(latencies.quantile_ms(0.5))
}

/// The first line that a command prints, or "unknown": a source archive has no git.
fn first_line(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let text = text.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    text.unwrap_or_else(|| "unknown".to_owned())
}
