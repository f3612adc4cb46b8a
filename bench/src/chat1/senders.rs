//! Many connections that send ahead: each keeps so many requests open, and one thread serves them all.

use std::collections::VecDeque;
use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::client::{Client, parse, request};
use crate::stats::Latencies;
use crate::writers::texts;

/// What every acknowledgement is, to the byte: finding them must cost less than sending them.
const ACKNOWLEDGED: &[u8] = b"CHAT/1.0 200 OK\nContent-Length: 0\n\n";

pub(crate) struct Senders {
    epoll: OwnedFd,
    senders: Vec<Sender>,
    /// Ready-made requests but for the first line.
    texts: Vec<String>,
    turn: usize,
    sent: u64,
}

struct Sender {
    socket: OwnedFd,
    line: String,
    received: Vec<u8>,
    open: VecDeque<Instant>,
}

/// What a run did.
pub(crate) struct Run {
    pub(crate) posts: u64,
    pub(crate) took: Duration,
    pub(crate) latencies: Latencies,
}

impl Senders {
    /// Registers so many people, each with a group of its own.
    pub(crate) fn prepare(server: SocketAddrV4, people: usize) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut senders = Vec::with_capacity(people);
        for index in 0..people {
            let mut client = Client::connect(server)?;
            client.register(&format!("sender-{index}x"))?;
            client.expect(&format!("MK_GROUP group-{index}x"), "", "", 201)?;
            let socket = client.into_socket()?;
            epoll::add(&epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
            let line = format!("SEND group-{index}x");
            senders.push(Sender { socket, line, received: Vec::new(), open: VecDeque::new() });
        }
        Ok(Self { epoll, senders, texts: texts(), turn: 0, sent: 0 })
    }

    /// Keeps `ahead` requests open on each connection for that long, then waits for the last acknowledgement.
    ///
    /// # Errors
    /// When a post is answered anything but 200.
    pub(crate) fn run(&mut self, ahead: usize, time: Duration) -> Result<Run> {
        let mut latencies = Latencies::default();
        let begun = Instant::now();
        for index in 0..self.senders.len() {
            self.send(index, ahead)?;
        }
        let (mut posts, mut events, mut open) = (0, Vec::<Event>::with_capacity(256), self.senders.len() * ahead);
        let mut chunk = vec![0; 64 * 1024];
        while open > 0 {
            events.clear();
            let patience = rustix::event::Timespec::try_from(Duration::from_secs(30))?;
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&patience))?;
            ensure!(!events.is_empty(), "no post was acknowledged for 30 s, {open} are open");
            for event in &events {
                let index = { event.data }.u64() as usize;
                let answered = self.read(index, &mut chunk, &mut latencies)?;
                posts += answered as u64;
                open -= answered;
                if begun.elapsed() < time && answered > 0 {
                    self.send(index, answered)?;
                    open += answered;
                }
            }
        }
        self.sent += posts;
        Ok(Run { posts, took: begun.elapsed(), latencies })
    }

    /// Every group's history has the newest message, and the groups' numbers add up to what was acknowledged.
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn check_nothing_lost(&self, server: SocketAddrV4) -> Result<()> {
        let mut stored = 0;
        for index in 0..self.senders.len() {
            let mut client = Client::connect(server)?;
            client.expect(&format!("USE sender-{index}x"), "", "", 200)?;
            let history = client.expect(&format!("HISTORY group-{index}x"), "Limit: 1\n", "", 200)?;
            let history: serde_json::Value = serde_json::from_slice(&history.body)?;
            let newest = history["messages"].as_array().and_then(|messages| messages.last()?["id"].as_str());
            let newest = newest.and_then(|id| id.rsplit(['/', '#', '.']).next()?.parse::<u64>().ok());
            stored += newest.with_context(|| format!("no number in {history}"))?;
        }
        ensure!(stored == self.sent, "{} posts were acknowledged but {stored} are stored", self.sent);
        Ok(())
    }

    fn send(&mut self, index: usize, count: usize) -> Result<()> {
        let sender = &mut self.senders[index];
        let mut bytes = Vec::with_capacity(count * 160);
        for _ in 0..count {
            self.turn += 1;
            bytes.extend_from_slice(&request(&sender.line, "", &self.texts[self.turn % self.texts.len()]));
            sender.open.push_back(Instant::now());
        }
        let sent = rustix::net::send(&sender.socket, &bytes, SendFlags::NOSIGNAL)?;
        ensure!(sent == bytes.len(), "connection {index} took {sent} of {} bytes", bytes.len());
        Ok(())
    }

    /// Takes the acknowledgements that have come.
    fn read(&mut self, index: usize, chunk: &mut [u8], latencies: &mut Latencies) -> Result<usize> {
        let sender = &mut self.senders[index];
        match rustix::net::recv(&sender.socket, &mut *chunk, RecvFlags::empty()) {
            Ok((0, _)) => {
                let said = String::from_utf8_lossy(&sender.received);
                bail!("the server closed connection {index} with {} posts open; it said {said:?}", sender.open.len())
            }
            Ok((bytes, _)) => sender.received.extend_from_slice(&chunk[..bytes]),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
            Err(error) => return Err(error).with_context(|| format!("reading from connection {index}")),
        }
        let mut answered = 0;
        while sender.received[answered * ACKNOWLEDGED.len()..].starts_with(ACKNOWLEDGED) {
            answered += 1;
            latencies.push(sender.open.pop_front().context("an answer that nobody asked for")?.elapsed());
        }
        sender.received.drain(..answered * ACKNOWLEDGED.len());
        if !ACKNOWLEDGED.starts_with(&sender.received)
            && let Some((answer, _)) = parse(&sender.received)?
        {
            bail!("a post was answered {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        Ok(answered)
    }
}
