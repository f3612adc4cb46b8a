//! Many client connections on one thread: an epoll loop that sends ready-made bytes and finds where answers end.
//!
//! The load shares the machine with the server, so it must be cheap: one read per answer, one write per request,
//! no task, no allocation while it runs.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::answer::Answer;

/// Connections that leave from one source address before the next is taken: well below the 28,000 ports of one.
const CONNECTIONS_PER_SOURCE: u32 = 4_000;

/// Longest answer that the load reads, in bytes; pages are read by [`crate::http_client::Client`] instead.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Connections to one server, numbered from 0 in the order of [`Fleet::connect`].
pub(crate) struct Fleet {
    epoll: OwnedFd,
    connections: Vec<Connection>,
    ready: Vec<Event>,
    scratch: Vec<u8>,
}

struct Connection {
    socket: OwnedFd,
    /// The beginning of an answer whose end has not come; empty nearly always.
    partial: Vec<u8>,
}

impl Fleet {
    /// A fleet without connections.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            connections: Vec::new(),
            ready: Vec::with_capacity(256),
            scratch: vec![0; ANSWER_BYTES_MAX],
        })
    }

    /// Opens one more connection and answers its index. Source addresses are spread over 127.1.0.0/16.
    pub(crate) fn connect(&mut self, server: SocketAddrV4) -> Result<usize> {
        let index = self.connections.len();
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
        rustix::net::bind(&socket, &next_source())?;
        rustix::net::connect(&socket, &server).with_context(|| format!("connection {index} to {server}"))?;
        rustix::net::sockopt::set_tcp_nodelay(&socket, true)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
        self.connections.push(Connection { socket, partial: Vec::new() });
        Ok(index)
    }

    /// Sends a whole request; requests here are far smaller than any socket buffer.
    pub(crate) fn send(&self, index: usize, request: &[u8]) -> Result<()> {
        let sent = rustix::net::send(&self.connections[index].socket, request, SendFlags::NOSIGNAL);
        match sent {
            Ok(bytes) if bytes == request.len() => Ok(()),
            Ok(bytes) => bail!("connection {index} took {bytes} of {} bytes", request.len()),
            Err(error) => Err(error).with_context(|| format!("sending on connection {index}")),
        }
    }

    /// Waits up to `patience` and appends the connections that have something to read to `ready`.
    pub(crate) fn wait(&mut self, patience: Duration, ready: &mut Vec<usize>) -> Result<()> {
        let patience = rustix::event::Timespec::try_from(patience).context("a wait of more than centuries")?;
        self.ready.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.ready), Some(&patience)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("epoll_wait"),
        }
        ready.extend(self.ready.iter().map(|event| { event.data }.u64() as usize));
        Ok(())
    }

    /// Reads what a connection has; `Some` when that completes the answer, `None` when more must come.
    ///
    /// # Errors
    /// When the server closed the connection, or sent more than the one answer that was asked for.
    pub(crate) fn read(&mut self, index: usize) -> Result<Option<(Answer, &[u8])>> {
        let Connection { socket, partial } = &mut self.connections[index];
        let bytes = match rustix::net::recv(&*socket, self.scratch.as_mut_slice(), RecvFlags::empty()) {
            Ok((0, _)) => bail!("the server closed connection {index}"),
            Ok((bytes, _)) => bytes,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading from connection {index}")),
        };
        if partial.is_empty() && Answer::parse(&self.scratch[..bytes])?.is_none() {
            partial.extend_from_slice(&self.scratch[..bytes]);
            return Ok(None);
        }
        let whole = if partial.is_empty() {
            bytes
        } else {
            partial.extend_from_slice(&self.scratch[..bytes]);
            if Answer::parse(partial)?.is_none() {
                return Ok(None);
            }
            let whole = partial.len();
            if whole > ANSWER_BYTES_MAX {
                bail!("an answer on connection {index} has more than {ANSWER_BYTES_MAX} bytes");
            }
            self.scratch[..whole].copy_from_slice(partial);
            partial.clear();
            whole
        };
        let answer = Answer::parse(&self.scratch[..whole])?.context("an answer that was whole a moment ago")?;
        if answer.bytes != whole {
            bail!("connection {index} got {} bytes that nobody asked for", whole - answer.bytes);
        }
        Ok(Some((answer, &self.scratch[..whole])))
    }

    /// Waits until each of the first `count` connections has answered once, all with `status`.
    /// Answers when the last one came.
    pub(crate) fn collect(&mut self, count: usize, status: u16, patience: Duration) -> Result<Instant> {
        let deadline = Instant::now() + patience;
        let mut ready = Vec::with_capacity(256);
        let mut answered = 0;
        while answered < count {
            if Instant::now() > deadline {
                bail!("only {answered} of {count} answers came within {} s", patience.as_secs());
            }
            self.wait(Duration::from_millis(100), &mut ready)?;
            for index in ready.drain(..) {
                if let Some((answer, bytes)) = self.read(index)? {
                    if answer.status != status {
                        bail!("connection {index} was answered: {}", String::from_utf8_lossy(bytes));
                    }
                    answered += 1;
                }
            }
        }
        Ok(Instant::now())
    }
}

/// Raises the soft limit of open files to the hard one, for us and the servers that we start; answers that limit.
pub(crate) fn raise_open_files() -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// Fresh source addresses for the life of the process: ports of closed connections stay taken for a minute.
fn next_source() -> SocketAddrV4 {
    static CONNECTIONS: AtomicU32 = AtomicU32::new(0);
    let source = CONNECTIONS.fetch_add(1, Ordering::Relaxed) / CONNECTIONS_PER_SOURCE;
    let [_, _, high, low] = (source + 1).to_be_bytes();
    SocketAddrV4::new(Ipv4Addr::new(127, 1, high, low), 0)
}
