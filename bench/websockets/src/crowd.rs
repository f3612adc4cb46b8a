//! Connections to one server, on one thread, which check every byte that they hear.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};

use crate::candidates::GREETING;

/// Connections on their way at the same time: below any accept queue.
const AT_ONCE: usize = 64;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The example of RFC 6455, 1.3: a key and what a server must answer to it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What clients mask with. They must, and servers have to undo it.
const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

/// Everybody who is connected to one server.
pub(crate) struct Crowd {
    epoll: OwnedFd,
    connections: Vec<TcpStream>,
    /// How much of what it waits for each connection has.
    have: Vec<usize>,
    scratch: Vec<u8>,
}

impl Crowd {
    /// Connects that many, and waits until each is greeted.
    pub(crate) fn gather(port: u16, people: usize) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut crowd = Crowd { epoll, connections: Vec::new(), have: vec![0; people], scratch: vec![0; 64 * 1024] };
        while crowd.connections.len() < people {
            let first = crowd.connections.len();
            for _ in first..people.min(first + AT_ONCE) {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
                stream.set_nodelay(true)?;
                stream.write_all(request().as_bytes())?;
                crowd.connections.push(stream);
            }
            for index in first..crowd.connections.len() {
                let stream = &mut crowd.connections[index];
                stream.set_read_timeout(Some(PATIENCE))?;
                be_greeted(stream).with_context(|| format!("connection {index}"))?;
                stream.set_nonblocking(true)?;
                epoll::add(&crowd.epoll, &*stream, EventData::new_u64(index as u64), EventFlags::IN)?;
            }
        }
        Ok(crowd)
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Sends as one of them.
    pub(crate) fn send(&mut self, index: usize, bytes: &[u8]) -> Result<()> {
        // Short, and the server has read all that came before.
        Ok(self.connections[index].write_all(bytes)?)
    }

    /// Waits until every connection has heard exactly these bytes.
    pub(crate) fn all_hear(&mut self, expected: &[u8]) -> Result<()> {
        self.have.fill(0);
        let begun = Instant::now();
        let mut missing = self.len();
        let mut events: Vec<Event> = Vec::with_capacity(1024);
        while missing > 0 {
            ensure!(begun.elapsed() < PATIENCE, "{missing} connections did not hear it");
            events.clear();
            let pause = Timespec { tv_sec: 1, tv_nsec: 0 };
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&pause)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                let index = { event.data }.u64() as usize;
                if self.read(index, expected)? {
                    missing -= 1;
                }
            }
        }
        Ok(())
    }

    /// Reads what came; answers whether that completes it.
    fn read(&mut self, index: usize, expected: &[u8]) -> Result<bool> {
        let count = match self.connections[index].read(&mut self.scratch) {
            Ok(0) => bail!("the server closed connection {index}"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            count => count?,
        };
        let have = self.have[index];
        let right = expected.get(have..have + count) == Some(&self.scratch[..count]);
        ensure!(right, "connection {index} heard {:?}", String::from_utf8_lossy(&self.scratch[..count]));
        self.have[index] += count;
        Ok(self.have[index] == expected.len())
    }
}

/// A frame as clients send it.
pub(crate) fn masked(first: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | short(content)];
    frame.extend(MASK);
    frame.extend(content.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A frame as servers send it.
pub(crate) fn plain(first: u8, content: &[u8]) -> Vec<u8> {
    [&[first, short(content)], content].concat()
}

fn short(content: &[u8]) -> u8 {
    u8::try_from(content.len()).ok().filter(|length| *length < 126).expect("the benchmark's texts are short")
}

fn request() -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// Reads the answer to the handshake and the greeting.
fn be_greeted(stream: &mut TcpStream) -> Result<()> {
    let greeting = plain(TEXT, GREETING.as_bytes());
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the server closed it after {:?}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&buffer[..count]);
        let Some(end) = heard.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let (head, rest) = heard.split_at(end + 4);
        let head = String::from_utf8_lossy(head);
        ensure!(head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPTED), "the server answered {head:?}");
        ensure!(greeting.starts_with(rest), "the server began with {rest:?}");
        if rest.len() == greeting.len() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;
    use crate::candidates::CANDIDATES;

    #[test]
    fn every_server_does_the_same() {
        for candidate in &CANDIDATES {
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap();
            let port = crate::start(&runtime, candidate).unwrap();
            let mut crowd = Crowd::gather(port, 20).unwrap();
            for index in 0..crowd.len() {
                crowd.send(index, &masked(PING, b"there?")).unwrap();
            }
            crowd.all_hear(&plain(PONG, b"there?")).unwrap();
            for index in 0..crowd.len() {
                let text = format!("{} from {index}", candidate.name);
                crowd.send(index, &masked(TEXT, text.as_bytes())).unwrap();
                crowd.all_hear(&plain(TEXT, text.as_bytes())).unwrap();
            }
        }
    }

    #[test]
    fn no_server_loses_a_frame_that_comes_in_two_parts() {
        for candidate in &CANDIDATES {
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap();
            let port = crate::start(&runtime, candidate).unwrap();
            let mut crowd = Crowd::gather(port, 2).unwrap();
            for cut in 1..8 {
                let frame = masked(TEXT, b"a whole text");
                crowd.send(0, &frame[..cut]).unwrap();
                // Everybody is written to while the first is half read.
                crowd.send(1, &masked(TEXT, b"another")).unwrap();
                crowd.all_hear(&plain(TEXT, b"another")).unwrap();
                crowd.send(0, &frame[cut..]).unwrap();
                crowd.all_hear(&plain(TEXT, b"a whole text")).unwrap();
            }
        }
    }

    #[test]
    fn masking_is_undone_by_masking() {
        let frame = masked(TEXT, b"five5");
        assert_eq!((frame[0], frame[1], &frame[2..6]), (TEXT, 0x85, MASK.as_slice()));
        let content: Vec<u8> = frame[6..].iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(content, b"five5");
    }
}
