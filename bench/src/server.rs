//! The processes under measurement: parlor, a baseline, another server; each started here and ended here.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::procfs::CpuMeter;

/// Limits that protect a public server and would only measure themselves here: 0 switches each off.
const LIMITS_OFF: [&str; 8] = [
    "PARLOR_LIMITS_POSTS_BURST",
    "PARLOR_LIMITS_POSTS_PER_SECOND",
    "PARLOR_LIMITS_POSTS_PER_SECOND_PER_ADDRESS",
    "PARLOR_LIMITS_CONNECTIONS_PER_ADDRESS",
    "PARLOR_LIMITS_POLLS_PER_ADDRESS",
    "PARLOR_LIMITS_ROOMS_PER_HOUR_PER_ADDRESS",
    "PARLOR_LIMITS_LOGINS_PER_MINUTE_PER_ADDRESS",
    "PARLOR_LIMITS_REGISTRATIONS_PER_HOUR_PER_ADDRESS",
];

/// A store may have to be recovered before the server is ready.
const READY_PATIENCE: Duration = Duration::from_secs(60);

/// A running server; it is ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddrV4,
    /// The terminal door of a parlor.
    term: Option<SocketAddrV4>,
    /// Its CHAT/1.0 door.
    chat: Option<SocketAddrV4>,
    ready_after: Duration,
    log: PathBuf,
}

impl Server {
    /// Starts `parlor serve` on `data_dir` with its rates off and waits until `/healthz` answers 200.
    pub(crate) fn start_parlor(binary: &Path, data_dir: &Path) -> Result<Self> {
        let (address, term, chat) = (free_address()?, free_address()?, free_address()?);
        let mut command = Command::new(binary);
        command.args(["serve", "--http", &address.to_string(), "--term", &term.to_string()]);
        command.args(["--chat", &chat.to_string(), "--data-dir"]).arg(data_dir);
        command.envs(LIMITS_OFF.map(|key| (key, "0"))).stdin(Stdio::null());
        let mut server = Self::start(command, address, data_dir.with_extension("log"), is_healthy)?;
        (server.term, server.chat) = (Some(term), Some(chat));
        Ok(server)
    }

    /// Starts the bare hyper server of [`crate::baseline`], which is this binary again.
    pub(crate) fn start_baseline(work_dir: &Path) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["baseline", &address.port().to_string()]).stdin(Stdio::piped());
        Self::start(command, address, work_dir.join("baseline.log"), is_healthy)
    }

    /// Starts the bare loop of [`crate::bare`], which is this binary too.
    pub(crate) fn start_bare(work_dir: &Path) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", &address.port().to_string()]).stdin(Stdio::piped());
        Self::start(command, address, work_dir.join("bare.log"), accepts)
    }

    /// Starts another server; `command` makes the command for the port that it is given.
    pub(crate) fn start_other(log: PathBuf, command: impl FnOnce(SocketAddrV4) -> Result<Command>) -> Result<Self> {
        let address = free_address()?;
        let mut command = command(address)?;
        command.stdin(Stdio::null());
        Self::start(command, address, log, accepts)
    }

    fn start(
        mut command: Command,
        address: SocketAddrV4,
        log: PathBuf,
        is_ready: fn(SocketAddrV4) -> bool,
    ) -> Result<Self> {
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdout(output.try_clone()?).stderr(output);
        let begun = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut server = Self { child, address, term: None, chat: None, ready_after: Duration::ZERO, log };
        while !is_ready(address) {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status} before it was ready; it said:\n{}", server.last_words());
            }
            if begun.elapsed() > READY_PATIENCE {
                bail!("the server was not ready after 60 s; it said:\n{}", server.last_words());
            }
            // Half a millisecond is fine enough for a figure in tens of milliseconds, and leaves the server the core.
            std::thread::sleep(Duration::from_micros(500));
        }
        server.ready_after = begun.elapsed();
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Where parlor's terminal door listens.
    pub(crate) fn term(&self) -> Result<SocketAddrV4> {
        self.term.context("this server has no terminal door")
    }

    /// Where parlor's CHAT/1.0 door listens.
    pub(crate) fn chat(&self) -> Result<SocketAddrV4> {
        self.chat.context("this server has no CHAT/1.0 door")
    }

    /// From its start to its first 200 at `/healthz`.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A meter of its CPU time.
    pub(crate) fn cpu(&self) -> CpuMeter {
        CpuMeter::new(self.pid())
    }

    /// Ends it as an operator would (SIGTERM) and waits, so that its store is closed well.
    ///
    /// # Errors
    /// When it still runs after 15 s; then it is killed.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM)?;
        let deadline = Instant::now() + Duration::from_secs(15);
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                bail!("the server did not end within 15 s of SIGTERM; it said:\n{}", self.last_words());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now. Another process could take it before the server does; then the server says so and ends.
fn free_address() -> Result<SocketAddrV4> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, listener.local_addr()?.port()))
}

/// Whether it takes connections, for servers that cannot be asked.
fn accepts(address: SocketAddrV4) -> bool {
    TcpStream::connect(address).is_ok()
}

/// Whether `/healthz` answers 200. Refused and broken connections are what a server that starts looks like.
fn is_healthy(address: SocketAddrV4) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(&start == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
