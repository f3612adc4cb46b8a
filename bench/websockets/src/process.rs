//! A server's process, and what the kernel says about it (proc(5)).

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Runs until it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    /// The CPU time of each thread when it was last seen, in nanoseconds.
    threads: HashMap<String, u64>,
}

impl Process {
    /// Starts this program again as that server.
    pub(crate) fn start(server: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.args(["serve", server]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("a server without an output")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().with_context(|| format!("the server {server:?} did not start"))?;
        Ok(Process { child, port, threads: HashMap::new() })
    }

    /// Its resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()).and_then(|field| field.parse().ok());
        kib.context("a process without VmRSS")
    }

    /// Its CPU time once it does next to nothing. It is read from `schedstat` of every thread, since `stat` counts in
    /// ticks of 10 ms; on loopback it has the receiving side's network stack in it, which runs in the sender.
    pub(crate) fn settled_cpu(&mut self) -> Result<Duration> {
        const SLICE: Duration = Duration::from_millis(50);
        const PATIENCE: Duration = Duration::from_secs(30);
        let begun = Instant::now();
        let mut before = self.cpu()?;
        let mut calm = 0;
        while calm < 3 {
            ensure!(begun.elapsed() < PATIENCE, "the server is still busy after {} s", PATIENCE.as_secs());
            std::thread::sleep(SLICE);
            let now = self.cpu()?;
            calm = if now - before <= SLICE / 100 { calm + 1 } else { 0 };
            before = now;
        }
        Ok(before)
    }

    fn cpu(&mut self) -> Result<Duration> {
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))?.flatten() {
            // A thread may end between the listing and the read; what it was seen with stays counted.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let Some(nanos) = text.split(' ').next().and_then(|field| field.parse().ok()) else {
                bail!("schedstat is not understood: {text:?}");
            };
            self.threads.insert(thread.file_name().to_string_lossy().into_owned(), nanos);
        }
        Ok(Duration::from_nanos(self.threads.values().sum()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
