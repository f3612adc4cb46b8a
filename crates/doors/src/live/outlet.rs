//! The writing side of a connection, and its socket.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use parlor_core::ids::{ConnectionId, RoomId, Seq};
use parlor_core::{Actor, Who};
use rustix::net::sockopt;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use super::Topic;
use super::limits::{KEEPALIVE_EVERY_SECONDS, KEEPALIVE_IDLE_SECONDS, KEEPALIVE_TRIES};
use super::seat::Seat;
use super::voice::Dialect;

/// The writing side of a connection. Its own task says replies, audiences write what happens.
pub struct Outlet {
    connection: ConnectionId,
    dialect: AtomicU8,
    /// When something came last from the other side.
    last_heard: AtomicU32,
    // Held for memory work and for one write or read that does not wait.
    writing: Mutex<Writing>,
}

/// What an outlet's lock guards.
pub(super) struct Writing {
    /// `None` once it is closed: the descriptor must not outlive its connection while an audience still lists it.
    pub(super) stream: Option<TcpStream>,
    /// What the socket did not take yet.
    pub(super) leftover: Bytes,
    /// Whether its own task has to go on: there is a leftover, or a seat is not level with its audience.
    pub(super) behind: bool,
    /// Whether the server stops.
    stopping: bool,
    /// Whether the last word was said: nothing follows it.
    over: bool,
    /// Who reads.
    pub(super) who: Who,
    pub(super) seats: Vec<Arc<Seat>>,
    waker: Option<Waker>,
}

/// What a connection's task is woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The socket may have something to read: [`Outlet::try_read`].
    Readable,
    /// The connection is behind: [`super::Live::catch_up`].
    Behind,
}

impl Outlet {
    /// Takes a socket over. Small writes leave at once, and the kernel finds out when the other side is gone.
    #[must_use]
    pub fn new(stream: TcpStream, connection: ConnectionId, actor: Actor) -> Arc<Outlet> {
        if let Err(error) = set_options(&stream) {
            // Only a connection that is gone already refuses them, as reading from it will tell, or one behind TLS, which set
            // them where they matter.
            tracing::debug!(%error, "the options of a connection could not be set");
        }
        let writing = Writing {
            stream: Some(stream),
            leftover: Bytes::new(),
            behind: false,
            over: false,
            who: actor.who,
            stopping: false,
            seats: Vec::new(),
            waker: None,
        };
        Arc::new(Outlet {
            connection,
            dialect: AtomicU8::new(0),
            last_heard: AtomicU32::new(0),
            writing: Mutex::new(writing),
        })
    }

    /// Whose it is.
    #[must_use]
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// Chooses among the variants of what audiences write.
    pub fn set_dialect(&self, dialect: Dialect) {
        self.dialect.store(dialect, Ordering::Release);
    }

    /// The variant that it hears.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect.load(Ordering::Acquire)
    }

    /// Says who reads from now on, after a log-in.
    pub fn set_actor(&self, actor: Actor) {
        self.lock().who = actor.who;
    }

    /// Says something to this connection alone, without waiting. What the socket does not take at once is kept, so who
    /// says much lets [`super::Live::catch_up`] go on in between. Nothing once it is closed.
    pub fn say(&self, bytes: impl Into<Bytes>) {
        self.lock().put(bytes.into());
    }

    /// Says the last word: nothing that happens is told behind it.
    pub fn say_last(&self, bytes: impl Into<Bytes>) {
        let mut writing = self.lock();
        writing.put(bytes.into());
        writing.over = true;
    }

    /// Waits until there is something to do. Cancel safe.
    ///
    /// # Errors
    /// `Interrupted`: the server stops (see [`super::Live::stop`]), until the last word is said; else the socket can't be waited for any more.
    pub async fn event(&self) -> io::Result<Event> {
        std::future::poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&self, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        let mut writing = self.lock();
        if writing.stops() {
            return Poll::Ready(Err(io::ErrorKind::Interrupted.into()));
        }
        if writing.behind {
            return Poll::Ready(Ok(Event::Behind));
        }
        writing.wake_by(cx.waker());
        let Some(stream) = &writing.stream else { return Poll::Ready(Err(closed())) };
        stream.poll_read_ready(cx).map_ok(|()| Event::Readable)
    }

    /// Reads what there is, without waiting; 0: the other side has ended.
    ///
    /// # Errors
    /// `WouldBlock`: nothing yet; else the connection is broken.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut writing = self.lock();
        let stream = writing.stream.as_mut().ok_or_else(closed)?;
        // tokio's `try_read` would call the socket readable until a read finds nothing. This one knows that a read which does
        // not fill the buffer has emptied it, and spares that second read. Nobody is to be woken: `event` waits.
        let mut read = ReadBuf::new(buffer);
        match Pin::new(stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut read) {
            Poll::Ready(done) => done.map(|()| read.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Notes that something came from the other side at this time, in whatever unit [`Outlet::last_heard`] is asked for.
    pub fn note_heard(&self, at: u32) {
        self.last_heard.store(at, Ordering::Relaxed);
    }

    /// When something came last, as it was noted; at first 0.
    #[must_use]
    pub fn last_heard(&self) -> u32 {
        self.last_heard.load(Ordering::Relaxed)
    }

    /// Whether it has to catch up before anything else.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.lock().behind
    }

    /// Whether everything that was said has been given to the kernel.
    #[must_use]
    pub fn is_flushed(&self) -> bool {
        self.lock().leftover.is_empty()
    }

    /// Ends all seats: nothing that happens reaches it any more.
    pub fn leave_all(&self) {
        let seats = std::mem::take(&mut self.lock().seats);
        for seat in seats {
            self.give_up_seat(&seat);
        }
    }

    /// How far each room was heard from its seats; `None` while something of it is not with the kernel.
    #[must_use]
    pub fn heard(&self) -> Option<Vec<(RoomId, Seq)>> {
        let writing = self.lock();
        let heard = writing.seats.iter().filter_map(|seat| match seat.topic() {
            Topic::Room(log) => Some((log.id(), seat.mark().seq)),
            Topic::News => None,
        });
        (writing.leftover.is_empty() && writing.stream.is_some()).then(|| heard.collect())
    }

    /// Ends all seats and closes the socket.
    pub fn close(&self) {
        drop(self.end());
    }

    /// Ends all seats and says to the other side that nothing more comes; answers the socket, so that the rest of what the
    /// other side says can be heard out: a close with unread bytes could take away from it what it was told last.
    #[must_use]
    pub fn hang_up(&self) -> Option<TcpStream> {
        let stream = self.end()?;
        // tokio's own would wait for the other side.
        rustix::net::shutdown(&stream, rustix::net::Shutdown::Write).ok()?;
        Some(stream)
    }

    fn end(&self) -> Option<TcpStream> {
        let (stream, seats) = {
            let mut writing = self.lock();
            writing.leftover = Bytes::new();
            // Its own task may wait for a socket that is not there any more.
            if let Some(waker) = writing.waker.take() {
                waker.wake();
            }
            (writing.stream.take(), std::mem::take(&mut writing.seats))
        };
        for seat in seats {
            if seat.end() {
                seat.audience().dismiss();
            }
        }
        stream
    }

    /// Tells its own task that the server stops.
    pub(super) fn stop(&self) {
        let mut writing = self.lock();
        writing.stopping = true;
        writing.wake();
    }

    pub(super) fn take_seat(&self, seat: Arc<Seat>) {
        let mut writing = self.lock();
        if !seat.audience().is_level(seat.mark()) {
            writing.fall_behind();
        }
        writing.seats.push(seat);
    }

    pub(super) fn give_up_seat(&self, seat: &Arc<Seat>) {
        let mut writing = self.lock();
        writing.seats.retain(|other| !Arc::ptr_eq(other, seat));
        // Under the lock: a round that waits for it writes nothing behind the answer to a leaving.
        let was_here = seat.end();
        drop(writing);
        if was_here {
            seat.audience().dismiss();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    /// Gives bytes to the socket, or behind what it did not take before.
    pub(super) fn put(&mut self, bytes: Bytes) {
        if bytes.is_empty() || self.over || self.stream.is_none() {
            return;
        }
        if !self.leftover.is_empty() {
            let mut joined = BytesMut::with_capacity(self.leftover.len() + bytes.len());
            joined.extend_from_slice(&self.leftover);
            joined.extend_from_slice(&bytes);
            self.leftover = joined.freeze();
            return;
        }
        let taken = match self.stream.as_ref().map(|stream| stream.try_write(&bytes)) {
            Some(Ok(taken)) => taken,
            // A broken socket tells its own task, which ends the connection.
            _ => 0,
        };
        if taken < bytes.len() {
            self.leftover = bytes.slice(taken..);
            self.fall_behind();
        }
    }

    /// Leaves what follows to the connection's own task.
    pub(super) fn fall_behind(&mut self) {
        self.behind = true;
        self.wake();
    }

    /// Whether the server stops and that was not said yet.
    pub(super) fn stops(&self) -> bool {
        self.stopping && !self.over
    }

    /// Whom to wake for what its task is told.
    pub(super) fn wake_by(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection was closed")
}

/// Lets small writes leave at once, and lets the kernel find out when the other side is gone.
///
/// # Errors
/// The connection is gone, or it is none of TCP.
pub(crate) fn set_options(stream: &TcpStream) -> io::Result<()> {
    // An update is one write; waiting for more to send along would only delay it.
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(KEEPALIVE_IDLE_SECONDS))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(KEEPALIVE_EVERY_SECONDS))?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_TRIES)?;
    Ok(())
}
