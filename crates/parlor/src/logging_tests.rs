use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::*;

/// What a logger wrote, to look at afterwards.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: LogFormat, log: impl FnOnce()) -> String {
    let page = Page::default();
    let writer = page.clone();
    tracing::dispatcher::with_default(&dispatch(format, LogLevel::Info, false, move || writer.clone()), log);
    String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
}

const HOSTILE: &str =
    "x\r\n2026-11-21T00:00:00Z  INFO forged\x1b]52;c;aGk=\x07\u{9b}31m\u{202e}\u{2028}end\t{\"level\":\"INFO\"}";

#[test]
fn a_hostile_value_stays_inside_one_human_line() {
    let line = logged(LogFormat::Human, || {
        let _span = tracing::info_span!("request", path = HOSTILE).entered();
        tracing::info!(agent = HOSTILE, shown = %HOSTILE, "refused {HOSTILE}");
    });
    assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    let bad: Vec<char> =
        line.trim_end().chars().filter(|c| c.is_control() || "\u{202e}\u{2028}".contains(*c)).collect();
    assert_eq!(bad, Vec::<char>::new(), "{line:?}");
    assert!(line.contains("forged"), "the text itself is there: {line:?}");
}

#[test]
fn a_hostile_value_stays_inside_one_json_line_and_is_the_same_after_reading() {
    let line = logged(LogFormat::Json, || tracing::warn!(agent = HOSTILE, "refused"));
    assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    let object: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(object["agent"], HOSTILE);
    assert_eq!(object["message"], "refused");
    assert_eq!(object["level"], "WARN");
}

#[test]
fn lines_below_the_level_are_not_written() {
    let text = logged(LogFormat::Human, || {
        tracing::debug!("small");
        tracing::info!("great");
    });
    assert!(text.contains("great") && !text.contains("small"), "{text:?}");
}

#[test]
fn a_backtrace_keeps_its_lines_and_none_starts_at_the_margin() {
    let text = logged(LogFormat::Human, || tracing::error!(backtrace = %"one\ntwo", "broken"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1..], ["    one", "    two"], "{text:?}");
}

#[test]
fn a_panic_is_logged_with_its_place_and_backtrace_and_the_thread_that_catches_it_goes_on() {
    let before = panics();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(log_panic));
    let text = logged(LogFormat::Json, || {
        let caught = std::panic::catch_unwind(|| panic!("boom {}", HOSTILE));
        assert!(caught.is_err());
    });
    std::panic::set_hook(previous);
    assert_eq!(panics(), before + 1);
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], format!("a task panicked: boom {HOSTILE}; the server goes on"));
    assert!(line["place"].as_str().unwrap().contains("logging_tests.rs:"), "{line}");
    assert!(line["backtrace"].as_str().unwrap().contains("logging::"), "{line}");
}
