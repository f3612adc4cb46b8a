//! What the checker found, for people and for tests.

use std::collections::BTreeMap;
use std::fmt;

/// How many examples of each anomaly a report keeps; the first ones tell the most.
const EXAMPLES_MAX: usize = 5;

/// The ways in which a history can break the promises, named as in Jepsen's checkers where they
/// have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// Acknowledged, and in the end nowhere in the room.
    LostWrite,
    /// More often in the room than it was written.
    Duplicate,
    /// One number, two contents at one door; or one message, two numbers.
    InconsistentOffset,
    /// One number, different contents at different doors.
    CrossDoorMismatch,
    /// A reader that follows a room was given a number beyond the next.
    PollSkip,
    /// A reader that follows a room was given a number that it had, or one before it.
    NonMonotonicPoll,
    /// Acknowledged and seen by a reader, and in the end nowhere in the room.
    Phantom,
    /// Seen by a reader without ever being durable: never acknowledged and in the end nowhere, or
    /// refused in every attempt and seen all the same.
    PrecommittedRead,
    /// Acknowledged before another was sent, and yet numbered after it.
    RealTimeInversion,
    /// In the room, though nobody wrote it: a text or an author was changed.
    NeverWritten,
    /// The numbers at the end are not 1, 2, 3, ... to the last.
    Gap,
}

impl Anomaly {
    /// All anomalies, for tables and tests.
    pub const ALL: [Anomaly; 11] = [
        Anomaly::LostWrite,
        Anomaly::Duplicate,
        Anomaly::InconsistentOffset,
        Anomaly::CrossDoorMismatch,
        Anomaly::PollSkip,
        Anomaly::NonMonotonicPoll,
        Anomaly::Phantom,
        Anomaly::PrecommittedRead,
        Anomaly::RealTimeInversion,
        Anomaly::NeverWritten,
        Anomaly::Gap,
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Anomaly::LostWrite => "lost write",
            Anomaly::Duplicate => "duplicate",
            Anomaly::InconsistentOffset => "inconsistent offset",
            Anomaly::CrossDoorMismatch => "cross-door mismatch",
            Anomaly::PollSkip => "poll skip",
            Anomaly::NonMonotonicPoll => "non-monotonic poll",
            Anomaly::Phantom => "phantom",
            Anomaly::PrecommittedRead => "precommitted read",
            Anomaly::RealTimeInversion => "real-time inversion",
            Anomaly::NeverWritten => "never written",
            Anomaly::Gap => "gap",
        }
    }
}

/// How much was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Records in all.
    pub records: u64,
    /// Rooms that occur.
    pub rooms: u64,
    /// Messages that somebody tried to write, repeats not counted.
    pub writes: u64,
    /// Those that were acknowledged.
    pub acked: u64,
    /// Messages that readers received.
    pub observed: u64,
    /// Messages in the rooms at the end.
    pub stored: u64,
}

/// One kind of anomaly in a history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    /// How often it was found.
    pub count: u64,
    /// The first of them, one sentence each.
    pub examples: Vec<String>,
}

/// The checker's judgement. Prints as a text of several lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How much was judged.
    pub totals: Totals,
    /// What was found; kinds that were not are absent.
    pub findings: BTreeMap<Anomaly, Finding>,
}

impl Report {
    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How often an anomaly was found.
    #[must_use]
    pub fn count(&self, anomaly: Anomaly) -> u64 {
        self.findings.get(&anomaly).map_or(0, |finding| finding.count)
    }

    pub(super) fn add(&mut self, anomaly: Anomaly, example: impl FnOnce() -> String) {
        let finding = self.findings.entry(anomaly).or_default();
        finding.count += 1;
        if finding.examples.len() < EXAMPLES_MAX {
            finding.examples.push(example());
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { records, rooms, writes, acked, observed, stored } = self.totals;
        writeln!(
            f,
            "{records} records, {rooms} rooms: {writes} messages written, {acked} of them acknowledged; \
             {observed} received by readers; {stored} in the rooms at the end"
        )?;
        if self.is_clean() {
            return writeln!(f, "no anomaly found");
        }
        for (anomaly, finding) in &self.findings {
            writeln!(f, "{}: {}", anomaly.name(), finding.count)?;
            for example in &finding.examples {
                writeln!(f, "  {example}")?;
            }
            let more = finding.count - finding.examples.len() as u64;
            if more > 0 {
                writeln!(f, "  and {more} more")?;
            }
        }
        Ok(())
    }
}
