//! A connection whose task crashes on purpose. Only a selftest opens such a door, so no client of a server can reach it.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use parlor_doors::accept::{Life, Serve, TurnedAway};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// The byte that crashes the task which reads it; others come back.
const CRASH: u8 = b'x';
/// The bytes of a bystander, before and after.
const STEADY: [u8; 2] = *b"ab";
/// How long an answer may take that should come at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// The name of the function that crashes, as a backtrace with symbols has it.
const CULPRIT: &str = "crash_on_purpose";

/// A door that echoes, and crashes if it is told to. Its connections run as those of every door do.
pub(super) struct Trapdoor;

impl Serve for Trapdoor {
    fn trusts(&self, _: IpAddr) -> bool {
        true
    }

    fn turned_away(&self, why: &TurnedAway) -> bytes::Bytes {
        why.to_string().into()
    }

    fn serve(self: Arc<Self>, mut stream: TcpStream, _: SocketAddr, _: watch::Receiver<bool>) -> Life {
        Box::pin(async move {
            while let Ok(byte) = stream.read_u8().await {
                if byte == CRASH {
                    crash_on_purpose();
                }
                if stream.write_u8(byte).await.is_err() {
                    break;
                }
            }
        })
    }
}

/// Crashes the task of one connection while another one watches: that one must not notice.
///
/// # Errors
/// What went on although it should have ended, or ended although it should have gone on.
pub(super) fn hold(trapdoor: SocketAddr) -> anyhow::Result<()> {
    let connect = || {
        let stream = std::net::TcpStream::connect_timeout(&trapdoor, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE)).map(|()| stream)
    };
    let (mut bystander, mut victim) = (connect()?, connect()?);
    echo(&mut bystander, STEADY[0])?;
    victim.write_all(&[CRASH])?;
    // Closed or reset: either way it has ended.
    let ended = matches!(victim.read(&mut [0]), Ok(0)) || victim.take_error()?.is_some();
    ensure!(ended, "the connection whose task crashed goes on");
    echo(&mut bystander, STEADY[1])
}

/// The lines of the log that tell of the crash; none if it does not.
pub(super) fn trace(log: &str) -> Vec<&str> {
    let mut lines = log.lines().skip_while(|line| !line.contains("a task panicked"));
    let first = lines.next();
    first.into_iter().chain(lines.take_while(|line| line.starts_with("    "))).collect()
}

/// Whether the lines name the function that crashed.
///
/// # Errors
/// They do not: whoever gets such a log from somebody learns nothing from it.
pub(super) fn check(trace: &[&str]) -> anyhow::Result<()> {
    ensure!(!trace.is_empty(), "the log does not tell of the crash");
    ensure!(trace.len() > 1, "the log tells of the crash without a backtrace");
    let named = trace[1..].iter().any(|line| line.contains(CULPRIT));
    ensure!(named, "the backtrace does not name {CULPRIT}; the binary was built or stripped without function names");
    Ok(())
}

/// Not inlined, else it would have no line in the backtrace.
#[inline(never)]
fn crash_on_purpose() {
    panic!("this connection crashes on purpose, for the selftest");
}

fn echo(stream: &mut std::net::TcpStream, byte: u8) -> anyhow::Result<()> {
    let mut answer = [0];
    stream
        .write_all(&[byte])
        .and_then(|()| stream.read_exact(&mut answer))
        .context("a connection beside the crash broke")?;
    ensure!(answer == [byte], "a connection beside the crash got a wrong answer");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crash_is_found_in_a_log_and_judged() {
        let log = "INFO open\nERROR a task panicked: x \n    0: std::rt\n    1: parlor::crash_on_purpose\nINFO stopped";
        let found = trace(log);
        assert_eq!(found, ["ERROR a task panicked: x ", "    0: std::rt", "    1: parlor::crash_on_purpose"]);
        assert!(check(&found).is_ok());
        for (log, reason) in [
            ("INFO open\n", "does not tell"),
            ("ERROR a task panicked: x\nINFO stopped", "without a backtrace"),
            ("ERROR a task panicked: crash_on_purpose\n    0: <unknown>\n", "does not name"),
        ] {
            assert!(check(&trace(log)).unwrap_err().to_string().contains(reason), "{log}");
        }
    }
}
