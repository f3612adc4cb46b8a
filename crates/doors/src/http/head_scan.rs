//! Sees what the HTTP library hides: whether a request's head held a `Content-Length` beside its `Transfer-Encoding`.
//!
//! hyper drops `Content-Length` when `Transfer-Encoding` is there, which RFC 9112 (6.3) allows; the protocol file
//! (http-chat) asks for `400`, because a proxy in front may have believed the other of the two.
//! So the bytes of every head are scanned on their way in, without being kept.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is known of the head that came last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The head was seen whole and had no `Content-Length`.
    NoLength,
    /// The head had a `Content-Length`.
    Length,
    /// The head was not seen from its beginning: it came together with an earlier request.
    Unknown,
}

/// Scans the bytes of one connection. Shared by the stream, which feeds it, and the front, which asks.
#[derive(Debug, Default)]
pub struct HeadScan(Mutex<Scan>);

const NAME: &[u8; 14] = b"content-length";

#[derive(Debug, Default)]
struct Scan {
    /// Bytes of the current line, line end aside.
    line: usize,
    /// Whether the line's first bytes, as far as it goes, are those of `NAME`.
    matches: bool,
    length: bool,
    /// The empty line came: what follows is a body.
    over: bool,
    /// Bytes that came after the empty line.
    after: u64,
    /// The beginning of a later head came together with an earlier request: heads can't be told apart any more.
    lost: bool,
}

impl HeadScan {
    /// Takes bytes as they came from the socket.
    pub fn feed(&self, bytes: &[u8]) {
        self.lock().feed(bytes);
    }

    /// What the head was, for a request that is being handled now.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let scan = self.lock();
        match (scan.over && !scan.lost, scan.length) {
            (true, true) => Seen::Length,
            (true, false) => Seen::NoLength,
            (false, _) => Seen::Unknown,
        }
    }

    /// A request with a body of `body_bytes` is read to its end: what comes from now on is the next head.
    /// If more than the body came already, a pipelining client sent it, and no later head is known.
    pub fn next_head(&self, body_bytes: u64) {
        let mut scan = self.lock();
        *scan = Scan { lost: scan.lost || scan.after > body_bytes, ..Scan::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Scan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scan {
    fn feed(&mut self, bytes: &[u8]) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.over {
                self.after += (bytes.len() - at) as u64;
                return;
            }
            match byte {
                b'\n' if self.line == 0 => self.over = true,
                b'\n' => self.line = 0,
                b'\r' => {}
                _ => self.letter(byte.to_ascii_lowercase()),
            }
        }
    }

    fn letter(&mut self, letter: u8) {
        self.matches = (self.line == 0 || self.matches) && NAME.get(self.line) == Some(&letter);
        self.line += 1;
        self.length |= self.matches && self.line == NAME.len();
    }
}

/// A stream whose incoming bytes are scanned.
pub struct Scanned<S> {
    stream: S,
    scan: Arc<HeadScan>,
}

impl<S> Scanned<S> {
    /// Scans what comes from `stream` into `scan`.
    pub fn new(stream: S, scan: Arc<HeadScan>) -> Scanned<S> {
        Scanned { stream, scan }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Scanned<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        if matches!(polled, Poll::Ready(Ok(()))) {
            this.scan.feed(&buf.filled()[before..]);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Scanned<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(head: &str, expected: Seen) {
        for split in 0..=head.len() {
            let scan = HeadScan::default();
            let (first, second) = head.as_bytes().split_at(split);
            scan.feed(first);
            scan.feed(second);
            assert_eq!(scan.seen(), expected, "{head:?} split at {split}");
        }
    }

    #[test]
    fn a_length_is_seen_wherever_it_stands() {
        check("POST / HTTP/1.1\r\nHost: x\r\n\r\n", Seen::NoLength);
        check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", Seen::Length);
        check("POST / HTTP/1.1\nCONTENT-LENGTH :3\n\n", Seen::Length);
        check("POST / HTTP/1.1\r\nX: content-length\r\nXContent-Length: 1\r\nContent-Lengt: 1\r\n\r\n", Seen::NoLength);
        check("POST / HTTP/1.1\r\nHost: x\r\n\r\nContent-Length: 3\r\n\r\n", Seen::NoLength);
        check("POST / HTTP/1.1\r\nContent-Length: 3", Seen::Unknown);
    }

    #[test]
    fn the_next_head_is_known_only_if_nothing_of_it_came_early() {
        let scan = HeadScan::default();
        scan.feed(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        scan.next_head(3);
        scan.feed(b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(scan.seen(), Seen::NoLength);
        scan.next_head(0);
        scan.feed(b"GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Len");
        scan.next_head(0);
        scan.feed(b"gth: 1\r\n\r\n");
        assert_eq!(scan.seen(), Seen::Unknown);
    }

    proptest! {
        #[test]
        fn splits_do_not_matter(bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'c'), any::<u8>()], 0..80), at in 0_usize..80) {
            let whole = HeadScan::default();
            whole.feed(&bytes);
            let parts = HeadScan::default();
            let (first, second) = bytes.split_at(at.min(bytes.len()));
            parts.feed(first);
            parts.feed(second);
            prop_assert_eq!(whole.seen(), parts.seen());
        }
    }
}
