//! The yardstick of fan-out: an epoll loop that sends what one connection posts to all, and does nothing else.
//!
//! A post is four bytes of length and then the very bytes that everybody gets. Posts that came in the same turn go out
//! in one write. Like the bare HTTP server it is a process of its own (`parlor-bench bare PORT`) and ends when its
//! standard input does.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// Sent to everyone who connects, so that clients know that they count.
pub(crate) const GREETING: u8 = b'.';

/// The listening socket's place among the numbers of connections.
const LISTENER: u64 = u64::MAX;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// Serves on 127.0.0.1:`port` until standard input ends.
///
/// # Errors
/// When the port cannot be had.
pub(crate) fn serve(port: u16) -> Result<()> {
    crate::baseline::end_with_standard_input();
    Loop::listen(port)?.run()
}

/// The listening socket and all connections.
pub(crate) struct Loop {
    epoll: OwnedFd,
    listener: OwnedFd,
    connections: Vec<Option<Connection>>,
    /// What was posted in this turn and goes to everybody.
    turn: Vec<u8>,
    scratch: Vec<u8>,
}

struct Connection {
    socket: OwnedFd,
    /// The beginning of a post; empty nearly always.
    partial: Vec<u8>,
    /// What the socket did not take; empty nearly always.
    unsent: Vec<u8>,
}

impl Loop {
    /// Listens on 127.0.0.1; port 0 takes any.
    pub(crate) fn listen(port: u16) -> Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let listener = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        rustix::net::sockopt::set_socket_reuseaddr(&listener, true)?;
        rustix::net::bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
        rustix::net::listen(&listener, BACKLOG)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        Ok(Self { epoll, listener, connections: Vec::new(), turn: Vec::new(), scratch: vec![0; 64 * 1024] })
    }

    /// Serves until it fails.
    pub(crate) fn run(mut self) -> Result<()> {
        let mut events: Vec<Event> = Vec::with_capacity(1024);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error).context("epoll_wait"),
            }
            for event in &events {
                let number = { event.data }.u64();
                let flags = { event.flags };
                if number == LISTENER {
                    self.accept()?;
                    continue;
                }
                let index = number as usize;
                if flags.contains(EventFlags::OUT) {
                    self.send_unsent(index)?;
                }
                if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                    self.read(index);
                }
            }
            self.deliver()?;
        }
    }

    /// Where it listens.
    #[cfg(test)]
    pub(crate) fn address(&self) -> Result<SocketAddrV4> {
        Ok(rustix::net::getsockname(&self.listener)?.try_into()?)
    }

    fn accept(&mut self) -> Result<()> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        while let Ok(socket) = rustix::net::accept_with(&self.listener, flags) {
            rustix::net::sockopt::set_tcp_nodelay(&socket, true)?;
            let index = self.connections.len();
            epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
            rustix::net::send(&socket, &[GREETING], SendFlags::NOSIGNAL)?;
            self.connections.push(Some(Connection { socket, partial: Vec::new(), unsent: Vec::new() }));
        }
        Ok(())
    }

    fn read(&mut self, index: usize) {
        let Some(connection) = &mut self.connections[index] else { return };
        match rustix::net::recv(&connection.socket, self.scratch.as_mut_slice(), RecvFlags::empty()) {
            Ok((bytes @ 1.., _)) => {
                connection.partial.extend_from_slice(&self.scratch[..bytes]);
                let taken = take_posts(&connection.partial, &mut self.turn);
                connection.partial.drain(..taken);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Closed or broken: dropping the socket takes it out of epoll too.
            Ok(_) | Err(_) => self.connections[index] = None,
        }
    }

    fn deliver(&mut self) -> Result<()> {
        if self.turn.is_empty() {
            return Ok(());
        }
        for index in 0..self.connections.len() {
            let Some(connection) = &mut self.connections[index] else { continue };
            if !connection.unsent.is_empty() {
                connection.unsent.extend_from_slice(&self.turn);
                continue;
            }
            let sent = match rustix::net::send(&connection.socket, &self.turn, SendFlags::NOSIGNAL) {
                Ok(sent) if sent == self.turn.len() => continue,
                Ok(sent) => sent,
                Err(Errno::AGAIN) => 0,
                Err(_) => {
                    self.connections[index] = None;
                    continue;
                }
            };
            connection.unsent.extend_from_slice(&self.turn[sent..]);
            watch(&self.epoll, index, connection, EventFlags::IN | EventFlags::OUT)?;
        }
        self.turn.clear();
        Ok(())
    }

    fn send_unsent(&mut self, index: usize) -> Result<()> {
        let Some(connection) = &mut self.connections[index] else { return Ok(()) };
        match rustix::net::send(&connection.socket, &connection.unsent, SendFlags::NOSIGNAL) {
            Ok(sent) => drop(connection.unsent.drain(..sent)),
            Err(Errno::AGAIN) => {}
            Err(_) => {
                self.connections[index] = None;
                return Ok(());
            }
        }
        if connection.unsent.is_empty() {
            watch(&self.epoll, index, connection, EventFlags::IN)?;
        }
        Ok(())
    }
}

fn watch(epoll: &OwnedFd, index: usize, connection: &Connection, flags: EventFlags) -> Result<()> {
    epoll::modify(epoll, &connection.socket, EventData::new_u64(index as u64), flags)?;
    Ok(())
}

/// Appends what the whole posts in `bytes` carry, and answers how many bytes they are.
fn take_posts(bytes: &[u8], turn: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while let Some((length, rest)) = bytes[at..].split_first_chunk::<4>() {
        let Some(post) = rest.get(..u32::from_be_bytes(*length) as usize) else { break };
        turn.extend_from_slice(post);
        at += 4 + post.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_taken_whole_wherever_they_are_cut() {
        let bytes = b"\0\0\0\x03abc\0\0\0\0\0\0\0\x02de";
        for cut in 0..=bytes.len() {
            let mut turn = Vec::new();
            let taken = take_posts(&bytes[..cut], &mut turn);
            let expected: (usize, &[u8]) = match cut {
                0..7 => (0, b""),
                7..11 => (7, b"abc"),
                11..17 => (11, b"abc"),
                _ => (17, b"abcde"),
            };
            assert_eq!((taken, turn.as_slice()), expected, "cut at {cut}");
        }
    }
}
