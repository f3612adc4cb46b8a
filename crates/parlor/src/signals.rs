//! Being asked to stop: once means gracefully, twice means now.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::runtime;

/// What a shell reports for a process that ended by SIGINT; nobody waits for anything after the second request.
const EXIT_NOW: i32 = 130;

/// Listens for SIGTERM, SIGINT and SIGHUP (the terminal was closed) from now on: the first makes `stop` true.
///
/// # Errors
/// The system refuses a handler.
pub(crate) fn listen(stop: watch::Sender<bool>) -> io::Result<()> {
    let mut signals = Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        hangup: signal(SignalKind::hangup())?,
    };
    runtime::spawn(async move {
        let name = signals.next().await;
        tracing::info!(signal = name, "stopping; a second signal stops at once");
        stop.send_replace(true);
        let name = signals.next().await;
        tracing::warn!(signal = name, "stopping at once");
        std::process::exit(EXIT_NOW);
    });
    Ok(())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        // Cancel safe: `recv` of a signal is.
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}
