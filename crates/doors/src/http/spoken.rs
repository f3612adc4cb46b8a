//! Gives words to the refusals that the HTTP library writes itself: a head that it can't parse never reaches a route, and its
//! answer would be a bare status.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream on which an answer `4xx` without a body gets a sentence. Our own refusals always have one, so only hyper's match.
pub(super) struct Spoken<S> {
    stream: S,
    /// What is written in place of a bare answer, as far as it is not written yet.
    instead: Vec<u8>,
}

impl<S> Spoken<S> {
    /// Watches what is written to `stream`.
    pub(super) fn new(stream: S) -> Spoken<S> {
        Spoken { stream, instead: Vec::new() }
    }

    /// The stream as it is.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

/// The sentence for a bare answer; `None` for any other bytes.
fn sentence(bytes: &[u8]) -> Option<(&str, &'static str)> {
    if !bytes.starts_with(b"HTTP/1.1 4") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    let status = head.get(9..12).filter(|_| head.contains("content-length: 0\r\n"))?;
    let sentence = match status {
        "414" => "the address is too long: the limit is 8192 bytes",
        "431" => "the headers are too many or too long: the limits are 64 headers and 16384 bytes in all",
        _ => "this is not an HTTP/1.1 request that can be understood",
    };
    Some((head.lines().next()?, sentence))
}

fn spoken(bytes: &[u8]) -> Option<Vec<u8>> {
    let (line, sentence) = sentence(bytes)?;
    let length = sentence.len() + 1;
    let head = "content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close";
    Some(format!("{line}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{sentence}\n").into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for Spoken<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> Spoken<S> {
    /// Writes the sentence; when it is out, the bare answer counts as written.
    fn poll_instead(&mut self, cx: &mut Context<'_>, bare: usize) -> Poll<io::Result<usize>> {
        while !self.instead.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..written);
        }
        Poll::Ready(Ok(bare))
    }

    fn takes(&mut self, bytes: &[u8]) -> bool {
        if self.instead.is_empty() {
            self.instead = spoken(bytes).unwrap_or_default();
        }
        !self.instead.is_empty()
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Spoken<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.takes(bytes) {
            return this.poll_instead(cx, bytes.len());
        }
        Pin::new(&mut this.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(first) = slices.first()
            && this.takes(first)
        {
            return this.poll_instead(cx, first.len());
        }
        Pin::new(&mut this.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn through(bytes: &[u8], room: usize) -> String {
        let (near, mut far) = tokio::io::duplex(room);
        let mut spoken = Spoken::new(near);
        let writing = async {
            spoken.write_all(bytes).await.unwrap();
            spoken.shutdown().await.unwrap();
        };
        let mut got = String::new();
        let (_, read) = tokio::join!(writing, far.read_to_string(&mut got));
        read.unwrap();
        got
    }

    #[tokio::test]
    async fn a_bare_refusal_gets_a_sentence_however_slowly_it_is_taken() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        for room in [7, 4_096] {
            let got = through(bare, room).await;
            assert!(got.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{got}");
            assert!(
                got.ends_with(
                    "\r\n\r\nthe headers are too many or too long: the limits are 64 headers and 16384 bytes in all\n"
                ),
                "{got}"
            );
        }
    }

    #[tokio::test]
    async fn everything_else_is_left_as_it_is() {
        for other in [
            "HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "hello",
        ] {
            assert_eq!(through(other.as_bytes(), 9).await, other);
        }
    }
}
