//! `-d`: the server in the background, without `fork`.
//!
//! The program starts itself again with `--detached`. That child leaves the terminal's session, opens its doors, and says
//! so through its standard output; only then does the parent end, so `parlor serve -d && curl ...` finds an open door.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::failure::Failure;
use crate::logging;

/// The child's last byte when its doors are open (ASCII ACK); nothing that a banner holds.
const READY: u8 = 0x06;

/// Starts the child, waits until it serves or has failed, and passes its banner on.
///
/// # Errors
/// The child's exit code; it has said why on standard error, which it shares with us until it serves.
pub(crate) fn start() -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot find the program's own file")?;
    let mut child = Command::new(program)
        .args(std::env::args_os().skip(1))
        .arg("--detached")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the daemon")?;
    let mut said = Vec::new();
    child.stdout.take().expect("it is piped").read_to_end(&mut said).context("cannot hear the daemon")?;
    if let Some(banner) = said.strip_suffix(&[READY]) {
        io::stdout().write_all(banner)?;
        return Ok(());
    }
    let status = child.wait().context("cannot wait for the daemon")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0);
    Err(Failure::Child(code.unwrap_or(1)).into())
}

/// The child, once its doors are open. Its pid file is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Detached {
    pid_file: PathBuf,
}

/// Leaves the terminal's session, so that closing the terminal does not end the server.
///
/// # Errors
/// The process leads a group already: `--detached` was typed by hand.
pub(crate) fn leave_session() -> anyhow::Result<()> {
    rustix::process::setsid()
        .context("cannot detach from the terminal; use --daemon, which starts a process for that")?;
    Ok(())
}

/// Writes the pid file, tells the parent that the doors are open, and lets go of the terminal.
///
/// # Errors
/// The data directory or the log cannot be written.
pub(crate) fn ready(banner: &str, data_dir: &Path, log: &Path) -> anyhow::Result<Detached> {
    let pid_file = data_dir.join("parlor.pid");
    // One that is there is of a daemon that was killed: the store's lock says that nobody serves.
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&pid_file);
    file.and_then(|mut file| writeln!(file, "{}", std::process::id()))
        .with_context(|| format!("cannot write {}", pid_file.display()))?;
    let detached = Detached { pid_file };
    // Standard error was the terminal's until now, for the errors of the start. What still goes there from now on, such as
    // the runtime's own last words, belongs into the log.
    rustix::stdio::dup2_stderr(logging::open(log)?)?;
    let mut out = io::stdout().lock();
    // A parent that is gone cannot be told; the server serves all the same.
    let _ = out.write_all(banner.as_bytes()).and_then(|()| out.write_all(&[READY])).and_then(|()| out.flush());
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    // Holding the directory it was started in would keep that file system from being unmounted.
    std::env::set_current_dir(data_dir)?;
    Ok(detached)
}

impl Drop for Detached {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.pid_file) {
            tracing::warn!(%error, file = %self.pid_file.display(), "the pid file could not be removed");
        }
    }
}
