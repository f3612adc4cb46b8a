//! Log lines: for people or as JSON, to standard error or a file, and never forged by what they quote.

use std::fmt::{self, Debug, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, field::Field};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::config::{LogFormat, LogLevel};
use crate::failure::Failure;

/// Tasks that panicked since the start.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Starts logging for the whole process and logs panics from then on.
///
/// # Errors
/// The log file cannot be opened.
pub(crate) fn start(format: LogFormat, level: LogLevel, file: Option<&Path>) -> Result<(), Failure> {
    let dispatch = match file {
        None => {
            let colours = format == LogFormat::Auto && io::stderr().is_terminal();
            dispatch(format, level, colours, io::stderr)
        }
        Some(path) => dispatch(format, level, false, Arc::new(open(path)?)),
    };
    // The only call, at the start of `serve`, so nobody else can have set one before.
    tracing::dispatcher::set_global_default(dispatch).expect("logging is started once");
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// How many tasks have panicked.
pub(crate) fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Opens a log for appending, for the owner's eyes only: addresses of people are in it.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|error| Failure::Files {
        what: format!("cannot open the log {}", path.display()),
        error,
        advice: "choose another with --log-file",
    })
}

fn dispatch<W>(format: LogFormat, level: LogLevel, colours: bool, writer: W) -> Dispatch
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_max_level(filter(level)).with_ansi(colours).with_writer(writer);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).into(),
        LogFormat::Auto | LogFormat::Human => builder.fmt_fields(debug_fn(human_field)).into(),
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// A backtrace is many lines, and they are ours: it keeps them, indented so that none looks like a line of the log.
fn human_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    match field.name() {
        "message" => write!(Escaped(writer), "{value:?} "),
        "backtrace" => {
            let trace = format!("{value:?}");
            trace.lines().try_for_each(|line| {
                writer.write_str("\n    ")?;
                write!(Escaped(writer), "{line}")
            })
        }
        name => {
            write!(writer, "{name}=")?;
            write!(Escaped(writer), "{value:?} ")
        }
    }
}

/// Writes control characters, line breaks of all kinds and marks that turn the direction of writing as `\u{1b}`:
/// a name or a header that is quoted in a line can neither begin a new line nor drive a terminal.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if c.is_control()
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
            {
                write!(self.0, "{}", c.escape_unicode())?;
            } else {
                self.0.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// A panic ends its task and nothing else; it is a bug all the same, so the log says everything about it.
fn log_panic(info: &PanicHookInfo<'_>) {
    PANICS.fetch_add(1, Ordering::Relaxed);
    let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    tracing::error!(
        place,
        thread = thread.name().unwrap_or("unnamed"),
        backtrace = %std::backtrace::Backtrace::force_capture(),
        "a task panicked: {}; the server goes on",
        info.payload_as_str().unwrap_or("no message"),
    );
}

#[cfg(test)]
#[path = "logging_tests.rs"]
mod tests;
