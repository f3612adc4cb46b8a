//! What the kernel says in `/proc` about a process under measurement (proc(5)).

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Sums the CPU time of a process over all its threads, in nanoseconds.
///
/// It reads `schedstat` of every thread, because `stat` counts in ticks of 10 ms. A thread that ended keeps
/// what it was last seen with, so the sum never runs back. On loopback it includes the receive side's
/// network stack, which runs in the sender.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    pid: u32,
    threads: HashMap<String, u64>,
}

impl CpuMeter {
    /// A meter for the process with this id.
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid, threads: HashMap::new() }
    }

    /// CPU time used since the process began.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn read(&mut self) -> Result<Duration> {
        let folder = format!("/proc/{}/task", self.pid);
        let threads = fs::read_dir(&folder).with_context(|| format!("cannot read {folder}; the process has ended"))?;
        for thread in threads.flatten() {
            // A thread may end between the listing and the read; what it was seen with stays counted.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
            let nanos: u64 = nanos.with_context(|| format!("schedstat is not understood: {text:?}"))?;
            self.threads.insert(thread.file_name().to_string_lossy().into_owned(), nanos);
        }
        Ok(Duration::from_nanos(self.threads.values().sum()))
    }

    /// Waits until the process does next to nothing (1 % of a core, three times in a row), and answers its CPU time.
    ///
    /// # Errors
    /// When the process is gone, or still busy at `patience`.
    pub(crate) fn settle(&mut self, patience: Duration) -> Result<Duration> {
        const SLICE: Duration = Duration::from_millis(50);
        let deadline = Instant::now() + patience;
        let mut before = self.read()?;
        let mut calm = 0;
        while calm < 3 {
            if Instant::now() > deadline {
                bail!("the server was still busy {} s after its last request", patience.as_secs());
            }
            std::thread::sleep(SLICE);
            let now = self.read()?;
            calm = if now - before <= SLICE / 100 { calm + 1 } else { 0 };
            before = now;
        }
        Ok(before)
    }
}

/// Resident memory of a process in KiB.
///
/// # Errors
/// When the process is gone.
pub(crate) fn resident_kib(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}; the process has ended"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()).and_then(|field| field.parse().ok());
    kib.with_context(|| format!("{path} has no VmRSS"))
}

/// Bytes that the kernel keeps for readers at the addresses 127.`network`.0.0/16: sent and not read yet, or not even sent.
///
/// # Errors
/// When `/proc/net/tcp` cannot be read.
pub(crate) fn unread_bytes(network: u8) -> Result<u64> {
    let text = fs::read_to_string("/proc/net/tcp").context("cannot read /proc/net/tcp")?;
    // An address is the hexadecimal number that its four bytes make on a machine that puts the lowest first.
    let sign = format!("{network:02X}7F");
    let is_there = |end: &str| end.get(4..8) == Some(sign.as_str());
    let mut bytes = 0;
    for line in text.lines().skip(1) {
        let mut fields = line.split_whitespace().skip(1);
        let (Some(local), Some(remote), Some(queues)) = (fields.next(), fields.next(), fields.nth(1)) else { continue };
        let Some((sent, received)) = queues.split_once(':') else { continue };
        let queue = if is_there(remote) {
            sent
        } else if is_there(local) {
            received
        } else {
            continue;
        };
        bytes += u64::from_str_radix(queue, 16).with_context(|| format!("a queue of {queue:?}"))?;
    }
    Ok(bytes)
}

/// What the figures were measured on: CPU, cores and kernel, in one line.
pub(crate) fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(':').nth(1)).map_or("unknown CPU", str::trim);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}

/// How busy the machine was in the minute before: figures of a busy one say little.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = text.split(' ').next().unwrap_or("unknown");
    format!("{minute} in the minute before; more than about 0.5 spoils speeds and latencies")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_process_has_memory_and_uses_time() {
        let pid = std::process::id();
        assert!(resident_kib(pid).unwrap() > 100.0);
        let mut meter = CpuMeter::new(pid);
        let before = meter.read().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while meter.read().unwrap() == before {
            assert!(Instant::now() < deadline, "CPU time never grew");
        }
    }

    #[test]
    fn what_a_reader_leaves_unread_is_seen_in_the_kernel() {
        use std::io::Write;
        use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let reader =
            rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
        rustix::net::bind(&reader, &SocketAddrV4::new(Ipv4Addr::new(127, 253, 0, 1), 0)).unwrap();
        rustix::net::connect(&reader, &listener.local_addr().unwrap()).unwrap();
        let (mut writer, _) = listener.accept().unwrap();
        assert_eq!(unread_bytes(253).unwrap(), 0);
        writer.write_all(&[0; 1234]).unwrap();
        assert_eq!(unread_bytes(253).unwrap(), 1234);
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        let pid = u32::MAX >> 1;
        assert!(resident_kib(pid).is_err());
        assert!(CpuMeter::new(pid).read().is_err());
    }
}
