//! Thousands of people in one room on one thread: an epoll loop that posts, and checks what each of them hears.
//!
//! It must be cheap, for it takes the same cores as the server: one read brings as many messages as are there, a message
//! costs a search for its [`mark`] and a few additions, and nothing is allocated for it.
//! [`talk`] posts and measures; [`tally`] counts.

mod mark;
mod talk;
mod tally;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, sockopt};
use serde::{Deserialize, Serialize};

pub(crate) use self::talk::{Pace, Talk, Talked, Texts};
use self::tally::Tally;
pub(crate) use self::tally::{Ear, Heard, POSTERS_MAX};
use crate::dialect::bare::Wrapping;
use crate::dialect::{Dialect, Session, Stage};
use crate::procfs::{CpuMeter, resident_kib};

/// Joins on their way at the same time, when they are not spread over a time: below any accept queue, and enough for a
/// server that lets people in once a second.
const JOINS_AT_ONCE: usize = 256;

/// Connections that leave from one source address before the next is taken: well below the 28,000 ports of one.
const CONNECTIONS_PER_SOURCE: usize = 4_000;

/// How long nothing may happen that should.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the kernel keeps of a slow reader: about this much at its end, and little at the server's, because the server's
/// kernel sizes its buffer by the segments that the reader announces. With the large buffers of loopback a reader
/// would have to sleep through megabytes before the server noticed.
const NARROW_RECEIVE_BYTES: usize = 8 * 1024;
const NARROW_SEGMENT_BYTES: u32 = 536;

/// Connections to one server, all in its room.
pub(crate) struct Crowd<D> {
    dialect: D,
    server: SocketAddrV4,
    pid: u32,
    cpu: CpuMeter,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    events: Vec<Event>,
    scratch: Vec<u8>,
    tally: Tally,
    joined: usize,
    closed: usize,
    /// Second byte of the source addresses, so that processes do not compete for ports.
    network: u8,
    /// Whether others post and this crowd only hears.
    is_foreign: bool,
    /// The fewest bytes that held a post: an announcement may have come with one, but hardly with each.
    sample: Option<Vec<u8>>,
}

struct Connection {
    socket: OwnedFd,
    session: Session,
    heard: Heard,
    /// The beginning of a message whose end has not come; empty nearly always.
    partial: Vec<u8>,
    /// What the socket did not take; empty nearly always.
    unsent: Vec<u8>,
    /// Whether we want to know when the socket takes more.
    awaits_room: bool,
    is_open: bool,
}

/// How people come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Join {
    pub(crate) people: usize,
    /// Over how long their coming is spread; 0: as fast as the server lets them in.
    pub(crate) seconds: f64,
    /// With the smallest buffers, so that not reading is soon felt at the server.
    pub(crate) is_narrow: bool,
}

/// What their coming cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Joined {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) reads: u64,
    pub(crate) announcements: u64,
    pub(crate) server_cpu_seconds: f64,
    /// Growth of the server's resident memory for each of them.
    pub(crate) kib_each: f64,
    /// The room's id, where one must know it.
    pub(crate) room: Option<String>,
}

/// How a crowd that only heard got on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Listened {
    /// Connections that heard exactly what was expected.
    pub(crate) complete: usize,
    /// Connections that the server closed and told why.
    pub(crate) closed_with_reason: usize,
    /// Connections that the server closed without a word.
    pub(crate) cut: usize,
    /// One of the reasons.
    pub(crate) reason: Option<String>,
    pub(crate) seconds: f64,
}

impl<D: Dialect> Crowd<D> {
    /// Nobody yet. `network` is the second byte of the source addresses, 127.x.0.0/16.
    pub(crate) fn new(dialect: D, server: SocketAddrV4, pid: u32, network: u8, is_foreign: bool) -> Result<Self> {
        Ok(Self {
            dialect,
            server,
            pid,
            cpu: CpuMeter::new(pid),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            connections: Vec::new(),
            events: Vec::with_capacity(512),
            scratch: vec![0; 64 * 1024],
            tally: Tally::new(),
            joined: 0,
            closed: 0,
            network,
            is_foreign,
            sample: None,
        })
    }

    /// Lets people come and waits until all are in the room and the server has nothing more to do.
    ///
    /// # Errors
    /// When one is refused or cut off, or nobody gets any further for 30 s.
    pub(crate) fn join(&mut self, join: &Join) -> Result<Joined> {
        let cpu_before = self.settle()?;
        let kib_before = resident_kib(self.pid)?;
        self.tally.clear();
        let target = self.connections.len() + join.people;
        let already = self.connections.len();
        let begun = Instant::now();
        let mut progress = (self.joined, begun);
        while self.joined < target {
            let due = if join.seconds > 0.0 {
                already + (begun.elapsed().as_secs_f64() / join.seconds * join.people as f64) as usize + 1
            } else {
                self.joined + JOINS_AT_ONCE
            };
            while self.connections.len() < due.min(target) && !self.dialect.must_wait(self.connections.len()) {
                self.connect(join.is_narrow)?;
            }
            self.poll(Duration::from_millis(2))?;
            ensure!(self.closed == 0, "{} joining people were cut off", self.closed);
            if self.joined > progress.0 {
                progress = (self.joined, Instant::now());
            } else if progress.1.elapsed() > PATIENCE {
                bail!("only {} of {target} people joined, nobody for 30 s", self.joined);
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let cpu = self.settle()? - cpu_before;
        Ok(Joined {
            seconds,
            bytes: self.tally.bytes,
            reads: self.tally.reads,
            announcements: self.tally.announcements,
            server_cpu_seconds: cpu.as_secs_f64(),
            kib_each: (resident_kib(self.pid)? - kib_before) / join.people as f64,
            room: self.dialect.room().map(str::to_owned),
        })
    }

    /// Reads until all have heard `expected` or were closed; stops when nothing comes for 30 s.
    pub(crate) fn listen(&mut self, expected: Heard) -> Result<Listened> {
        let begun = Instant::now();
        let mut bytes = (self.tally.bytes, begun);
        let is_done = |connection: &Connection| connection.heard == expected || !connection.is_open;
        while !self.connections.iter().all(is_done) {
            self.poll(Duration::from_millis(20))?;
            if self.tally.bytes > bytes.0 {
                bytes = (self.tally.bytes, Instant::now());
            } else if bytes.1.elapsed() > PATIENCE {
                break;
            }
        }
        let mut listened = Listened { seconds: begun.elapsed().as_secs_f64(), ..Listened::default() };
        for connection in &self.connections {
            match &connection.session.farewell {
                _ if connection.heard == expected => listened.complete += 1,
                Some(farewell) if !connection.is_open => {
                    listened.closed_with_reason += 1;
                    listened.reason.get_or_insert_with(|| farewell.clone());
                }
                _ if !connection.is_open => listened.cut += 1,
                _ => {}
            }
        }
        Ok(listened)
    }

    /// Reads for a while, and answers the share of a core that the server uses meanwhile.
    pub(crate) fn idle(&mut self, seconds: f64) -> Result<f64> {
        let before = self.settle()?;
        let begun = Instant::now();
        while begun.elapsed().as_secs_f64() < seconds {
            self.poll(Duration::from_millis(100))?;
        }
        let share = (self.cpu.read()? - before).as_secs_f64() / begun.elapsed().as_secs_f64();
        ensure!(self.closed == 0, "{} idle people were cut off", self.closed);
        Ok(share)
    }

    /// Lets everybody forget what they heard, so that what comes next can be compared with another crowd's.
    pub(crate) fn forget(&mut self) {
        self.connections.iter_mut().for_each(|connection| connection.heard = Heard::default());
    }

    /// What all have heard, posters that get no echo excepted.
    ///
    /// # Errors
    /// When two heard different posts, or in a different order.
    pub(crate) fn heard(&self) -> Result<Heard> {
        self.tally.check()?;
        let from = if self.dialect.echoes() { 0 } else { POSTERS_MAX.min(self.connections.len().saturating_sub(1)) };
        let mut listeners = self.connections[from..].iter();
        let heard = listeners.next().context("a crowd of nobody")?.heard;
        match listeners.position(|listener| listener.heard != heard) {
            Some(index) => bail!("{} heard other posts than {from}, or in another order", from + 1 + index),
            None => Ok(heard),
        }
    }

    /// What the server put around the text of a post, if a read brought exactly one.
    pub(crate) fn wrapping(&self) -> Option<Wrapping> {
        let sample = self.sample.as_deref()?;
        let at = mark::find(sample)?.at;
        Some(Wrapping { before: sample[..at].to_vec(), after: sample.get(at + crate::writers::TEXT_BYTES..)?.to_vec() })
    }

    /// The protocol's state, for what only one of them has.
    pub(crate) fn dialect(&mut self) -> &mut D {
        &mut self.dialect
    }

    /// Reads until the server does next to nothing (5 % of a core, three times in a row); answers its CPU time.
    ///
    /// [`CpuMeter::settle`] would not do: a crowd that does not read keeps the server from getting done.
    fn settle(&mut self) -> Result<Duration> {
        const SLICE: Duration = Duration::from_millis(40);
        let deadline = Instant::now() + Duration::from_secs(120);
        let mut before = self.cpu.read()?;
        let mut calm = 0;
        while calm < 3 {
            ensure!(Instant::now() < deadline, "the server was still busy after two minutes");
            let slice_end = Instant::now() + SLICE;
            let bytes_before = self.tally.bytes;
            while let Some(rest) = slice_end.checked_duration_since(Instant::now()) {
                self.poll(rest)?;
            }
            let now = self.cpu.read()?;
            let is_calm = now - before <= SLICE / 20 && self.tally.bytes == bytes_before;
            calm = if is_calm { calm + 1 } else { 0 };
            before = now;
        }
        Ok(before)
    }

    fn connect(&mut self, is_narrow: bool) -> Result<()> {
        let index = self.connections.len();
        let [_, _, high, low] = ((index / CONNECTIONS_PER_SOURCE + 1) as u32).to_be_bytes();
        let source = SocketAddrV4::new(Ipv4Addr::new(127, self.network, high, low), 0);
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
        if is_narrow {
            sockopt::set_socket_recv_buffer_size(&socket, NARROW_RECEIVE_BYTES)?;
            socket2::SockRef::from(&socket).set_tcp_mss(NARROW_SEGMENT_BYTES)?;
        }
        rustix::net::bind(&socket, &source)?;
        rustix::net::connect(&socket, &self.server)
            .with_context(|| format!("connection {index} to {}", self.server))?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
        let mut session = Session { index, stage: Stage::Connected, farewell: None };
        let mut unsent = Vec::new();
        self.dialect.hello(&mut session, &mut unsent);
        self.connections.push(Connection {
            socket,
            session,
            heard: Heard::default(),
            partial: Vec::new(),
            unsent,
            awaits_room: false,
            is_open: true,
        });
        self.flush(index)
    }

    /// Waits up to `patience` for something to happen, and handles it.
    fn poll(&mut self, patience: Duration) -> Result<()> {
        let patience = rustix::event::Timespec::try_from(patience).context("a wait of more than centuries")?;
        self.events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&patience)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("epoll_wait"),
        }
        for event in 0..self.events.len() {
            let Event { flags, data } = self.events[event];
            let index = { data }.u64() as usize;
            if { flags }.contains(EventFlags::OUT) {
                self.flush(index)?;
            }
            if { flags }.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                self.read(index).with_context(|| format!("connection {index}"))?;
            }
        }
        Ok(())
    }

    fn read(&mut self, index: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        let (stage, posts) = (connection.session.stage, connection.heard.posts);
        loop {
            let bytes = match rustix::net::recv(&connection.socket, self.scratch.as_mut_slice(), RecvFlags::empty()) {
                Ok((bytes @ 1.., _)) => bytes,
                Err(Errno::AGAIN | Errno::INTR) => break,
                Ok(_) | Err(_) => {
                    connection.is_open = false;
                    self.closed += 1;
                    epoll::delete(&self.epoll, &connection.socket)?;
                    return Ok(());
                }
            };
            self.tally.now = Instant::now();
            self.tally.bytes += bytes as u64;
            self.tally.reads += 1;
            let (session, out) = (&mut connection.session, &mut connection.unsent);
            let is_sampled = index == POSTERS_MAX;
            let mut ear = Ear {
                tally: &mut self.tally,
                heard: &mut connection.heard,
                index,
                echoes: self.dialect.echoes(),
                has_one_order: self.dialect.has_one_order(),
                is_foreign: self.is_foreign,
            };
            let came = &self.scratch[..bytes];
            if connection.partial.is_empty() {
                let taken = self.dialect.hear(session, came, out, &mut ear)?;
                connection.partial.extend_from_slice(&came[taken..]);
            } else {
                connection.partial.extend_from_slice(came);
                let taken = self.dialect.hear(session, &connection.partial, out, &mut ear)?;
                connection.partial.drain(..taken);
            }
            let is_alone = connection.heard.posts == posts + 1 && connection.partial.is_empty();
            if is_sampled && is_alone && self.sample.as_ref().is_none_or(|sample| bytes < sample.len()) {
                self.sample = Some(came.to_vec());
            }
            if bytes < self.scratch.len() {
                break;
            }
        }
        if stage != Stage::Joined && connection.session.stage == Stage::Joined {
            self.joined += 1;
        }
        if connection.unsent.is_empty() { Ok(()) } else { self.flush(index) }
    }

    /// Sends what is unsent, and the rest when the socket takes it.
    fn flush(&mut self, index: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        if connection.is_open && !connection.unsent.is_empty() {
            match rustix::net::send(&connection.socket, &connection.unsent, SendFlags::NOSIGNAL) {
                Ok(bytes) => drop(connection.unsent.drain(..bytes)),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error).with_context(|| format!("sending on connection {index}")),
            }
            let awaits_room = !connection.unsent.is_empty();
            if awaits_room != connection.awaits_room {
                connection.awaits_room = awaits_room;
                let flags = if awaits_room { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
                epoll::modify(&self.epoll, &connection.socket, EventData::new_u64(index as u64), flags)?;
            }
        }
        Ok(())
    }
}
