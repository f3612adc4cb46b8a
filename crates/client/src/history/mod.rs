//! The history checker: was anything lost, doubled or reordered? (PROMISES.md, 3.9)
//!
//! A history is a text of JSON objects, one a line, that load generators wrote down while they
//! posted and read: see [`Record`]. Because every message has a number, and numbers are the
//! total order that the server claims, no search for an order is needed: the checker sorts and
//! compares, in O(n log n) for n records.
//!
//! What it takes for granted: the records of one process stand in the order in which it acted;
//! all processes share one monotonic clock; whoever wrote in the history's rooms is in the
//! history; and each room was read whole, from number 1, after everything else (`final`). A room
//! without such a reading counts as empty at the end.

mod check;
mod record;
mod report;

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};

pub use check::{Checker, check};
pub use record::{Act, HistoryError, Record};
pub use report::{Anomaly, Finding, Report, Totals};

/// Reads a history, writes the report, and tells whether the history is free of anomalies.
///
/// # Errors
/// [`HistoryError`] where a line is no record, a record contradicts the ones before it, or the
/// history cannot be read or the report not be written.
pub fn run(history: &mut dyn BufRead, output: &mut dyn Write) -> Result<bool, HistoryError> {
    let mut checker = Checker::default();
    let mut text = String::new();
    for line in 1_u64.. {
        text.clear();
        let read = history.read_line(&mut text).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => HistoryError::NotUtf8 { line },
            _ => HistoryError::Io(error),
        })?;
        if read == 0 {
            break;
        }
        if text.trim().is_empty() {
            continue;
        }
        let record = serde_json::from_str(&text).map_err(|error| HistoryError::NoRecord { line, error })?;
        checker.add(record).map_err(|error| HistoryError::AtLine { line, error: Box::new(error) })?;
    }
    let report = checker.finish();
    write!(output, "{report}")?;
    Ok(report.is_clean())
}
