//! Sees what the HTTP library hides of a request's head: how many lengths it names, how its lines end, whether it came whole.
//!
//! hyper drops `Content-Length` when `Transfer-Encoding` is there, takes a length that comes twice for one, and lines that
//! end with LF alone, all of which RFC 9112 (2.2, 6.3) allows; the protocol file (http-chat) and PROMISES S32 ask for
//! `400`, because a proxy in front may have read the same bytes in the other way.
//! So the bytes of every head are scanned on their way in, without being kept.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the bytes of a head were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// How many `Content-Length` it had.
    pub lengths: usize,
    /// Whether one of its lines ended with LF alone.
    pub bare_line_end: bool,
}

/// Scans the bytes of one connection. Shared by the stream, which feeds it, and the front, which asks.
#[derive(Debug, Default)]
pub struct HeadScan(Mutex<Scan>);

const NAME: &[u8; 14] = b"content-length";

#[derive(Debug, Default)]
struct Scan {
    seen: Seen,
    /// Bytes of the current line, line end aside.
    line: usize,
    /// Whether the line's first bytes, as far as it goes, are those of `NAME`.
    matches: bool,
    /// The byte before was a CR.
    carriage: bool,
    /// A line came that is not empty: empty ones before the first are no end of the head (RFC 9112, 2.2).
    begun: bool,
    /// The empty line came: what follows is a body.
    over: bool,
    /// Bytes that came after the empty line.
    after: u64,
    /// The beginning of a later head came together with an earlier request: heads can't be told apart any more.
    lost: bool,
    /// A request came whole, and its answer is not out yet.
    answering: bool,
    /// Its answer is made, and goes out with the next flush.
    answered: bool,
}

impl HeadScan {
    /// Takes bytes as they came from the socket.
    pub fn feed(&self, bytes: &[u8]) {
        self.lock().feed(bytes);
    }

    /// What the head was, for a request that is being handled now; `None` if it was not seen from its beginning to its
    /// end, because it came together with an earlier request.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        let scan = self.lock();
        (scan.over && !scan.lost).then_some(scan.seen)
    }

    /// Whether the connection waits for the rest of a head, and nothing is being answered.
    #[must_use]
    pub fn is_within_head(&self) -> bool {
        let scan = self.lock();
        // Where heads can't be told apart, the beginning of one may have come unseen.
        !scan.answering && !scan.over && (scan.begun || scan.line > 0 || scan.lost)
    }

    /// A request with a body of `body_bytes` is read to its end: what comes from now on is the next head.
    /// If more than the body came already, a pipelining client sent it, and no later head is known.
    pub fn next_head(&self, body_bytes: u64) {
        let mut scan = self.lock();
        *scan = Scan { lost: scan.lost || scan.after > body_bytes, answering: true, ..Scan::default() };
    }

    /// The answer to that request is made.
    pub fn answered(&self) {
        self.lock().answered = true;
    }

    /// What was written has gone out.
    fn flushed(&self) {
        let mut scan = self.lock();
        if std::mem::take(&mut scan.answered) {
            scan.answering = false;
        }
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
                b'\n' => self.line_end(),
                b'\r' => {}
                _ => self.letter(byte.to_ascii_lowercase()),
            }
            self.carriage = *byte == b'\r';
        }
    }

    fn line_end(&mut self) {
        self.seen.bare_line_end |= !self.carriage;
        self.over = self.begun && self.line == 0;
        self.begun |= self.line > 0;
        self.line = 0;
    }

    fn letter(&mut self, letter: u8) {
        if self.matches && self.line == NAME.len() && matches!(letter, b':' | b' ' | b'\t') {
            self.seen.lengths += 1;
        }
        self.matches = (self.line == 0 || self.matches) && NAME.get(self.line) == Some(&letter);
        self.line += 1;
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

    /// The stream as it is.
    pub(super) fn into_inner(self) -> S {
        self.stream
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
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        if polled.is_ready() {
            this.scan.flushed();
        }
        polled
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

    fn check(head: &str, expected: Option<(usize, bool)>) {
        for split in 0..=head.len() {
            let scan = HeadScan::default();
            let (first, second) = head.as_bytes().split_at(split);
            scan.feed(first);
            scan.feed(second);
            let expected = expected.map(|(lengths, bare_line_end)| Seen { lengths, bare_line_end });
            assert_eq!(scan.seen(), expected, "{head:?} split at {split}");
        }
    }

    #[test]
    fn a_length_is_seen_wherever_it_stands() {
        check("POST / HTTP/1.1\r\nHost: x\r\n\r\n", Some((0, false)));
        check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", Some((1, false)));
        check("POST / HTTP/1.1\r\nCONTENT-LENGTH :3\r\ncontent-length:3\r\n\r\n", Some((2, false)));
        check(
            "POST / HTTP/1.1\r\nX: content-length:\r\nXContent-Length: 1\r\nContent-Lengt: 1\r\nContent-Length2: 1\r\n\r\n",
            Some((0, false)),
        );
        check("POST / HTTP/1.1\r\nHost: x\r\n\r\nContent-Length: 3\r\n\r\n", Some((0, false)));
        check("POST / HTTP/1.1\r\nContent-Length: 3", None);
    }

    #[test]
    fn empty_lines_before_a_request_are_no_end_of_its_head() {
        check("\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", Some((1, false)));
        check("\r\n", None);
    }

    #[test]
    fn a_line_that_ends_with_one_byte_is_seen() {
        for head in
            ["GET / HTTP/1.1\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\n"]
        {
            check(head, Some((0, true)));
        }
        check("GET / HTTP/1.1\r\n\r\na\nb", Some((0, false)));
    }

    #[test]
    fn the_next_head_is_known_only_if_nothing_of_it_came_early() {
        let scan = HeadScan::default();
        scan.feed(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        scan.next_head(3);
        scan.feed(b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(scan.seen(), Some(Seen::default()));
        scan.next_head(0);
        scan.feed(b"GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Len");
        scan.next_head(0);
        scan.feed(b"gth: 1\r\n\r\n");
        assert_eq!(scan.seen(), None);
    }

    #[test]
    fn a_connection_is_within_a_head_until_the_head_is_whole_and_its_answer_out() {
        let scan = HeadScan::default();
        let mut seen = vec![scan.is_within_head()];
        for bytes in ["G", "ET / HTTP/1.1\r\n", "\r\n"] {
            scan.feed(bytes.as_bytes());
            seen.push(scan.is_within_head());
        }
        scan.next_head(0);
        scan.feed(b"GET /");
        seen.push(scan.is_within_head());
        scan.flushed();
        scan.answered();
        seen.push(scan.is_within_head());
        scan.flushed();
        seen.push(scan.is_within_head());
        assert_eq!(seen, [false, true, true, false, false, false, true]);
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
