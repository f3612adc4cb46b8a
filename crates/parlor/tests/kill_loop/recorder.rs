//! Writes the history: all threads send their records to one, which hands them to the checker as they come.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use parlor_client::history::{Act, Checker, Record, Report};

/// Records that wait for the checker; a full queue slows the load down instead of growing.
const WAITING_MAX: usize = 10_000;

pub(crate) struct Recorder {
    clock: Clock,
    sender: SyncSender<Record>,
    checking: JoinHandle<Report>,
}

/// What a thread writes with. Records of one thread keep their order.
pub(crate) struct Pen {
    clock: Clock,
    sender: SyncSender<Record>,
}

/// Microseconds since the test began, the same for all threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a history needs the real, shared, monotonic clock")]
    pub(crate) fn start() -> Clock {
        Clock(Instant::now())
    }

    pub(crate) fn us(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).expect("a test is shorter than 500,000 years")
    }
}

impl Recorder {
    /// Starts judging; the history goes to `file` as well, if there is one.
    pub(crate) fn start(file: Option<String>) -> Recorder {
        let (sender, records) = sync_channel(WAITING_MAX);
        let file = file.map(|path| BufWriter::new(File::create(path).expect("the history's file can be written")));
        let checking = std::thread::Builder::new().name("checker".to_owned());
        let checking = checking.spawn(move || judge(&records, file)).expect("one more thread");
        Recorder { clock: Clock::start(), sender, checking }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) fn pen(&self) -> Pen {
        Pen { clock: self.clock, sender: self.sender.clone() }
    }

    /// The verdict; every pen must have been dropped.
    pub(crate) fn finish(self) -> Report {
        drop(self.sender);
        self.checking.join().expect("the history is one")
    }
}

impl Pen {
    pub(crate) fn write(&self, process: &str, room: &str, act: Act) {
        let record = Record {
            at_us: self.clock.us(),
            process: process.to_owned(),
            door: "http-chat".to_owned(),
            room: room.to_owned(),
            act,
        };
        self.sender.send(record).expect("the checker lives until the test ends");
    }
}

fn judge(records: &Receiver<Record>, mut file: Option<BufWriter<File>>) -> Report {
    let mut checker = Checker::default();
    for record in records {
        if let Some(file) = &mut file {
            let line = serde_json::to_string(&record).expect("a record is plain");
            writeln!(file, "{line}").expect("the history's file can be written");
        }
        checker.add(record).expect("posters and readers record what they do");
    }
    if let Some(file) = &mut file {
        file.flush().expect("the history's file can be written");
    }
    checker.finish()
}
