//! A client of CHAT/1.0 (protocols/chat1.md) that frames its requests: they may be sent ahead, the answers come in order.

use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// A connection on which one waits for each answer.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer, read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(server: SocketAddrV4) -> Result<Self> {
        let stream = TcpStream::connect(server).with_context(|| format!("connecting to {server}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, line: &str, headers: &str, body: &str) -> Result<Answer> {
        self.send(&request(line, headers, body))?;
        self.answer()
    }

    /// The same, where only one status will do.
    pub(crate) fn expect(&mut self, line: &str, headers: &str, body: &str, status: u16) -> Result<Answer> {
        let answer = self.ask(line, headers, body)?;
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        ensure!(answer.status == status, "{line} was answered {} {said}", answer.status);
        Ok(answer)
    }

    /// Makes an account without a password, and logs in.
    pub(crate) fn register(&mut self, name: &str) -> Result<()> {
        self.expect(&format!("REG {name}"), "", "", 201)?;
        self.expect(&format!("USE {name}"), "", "", 200).map(drop)
    }

    pub(crate) fn send(&mut self, requests: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(requests)?)
    }

    pub(crate) fn answer(&mut self) -> Result<Answer> {
        let mut chunk = [0; 64 * 1024];
        loop {
            if let Some((answer, bytes)) = parse(&self.received)? {
                self.received.drain(..bytes);
                return Ok(answer);
            }
            match self.stream.read(&mut chunk)? {
                0 => bail!("the server closed the connection"),
                bytes => self.received.extend_from_slice(&chunk[..bytes]),
            }
        }
    }

    /// The socket, for a loop that does not wait.
    pub(crate) fn into_socket(self) -> Result<std::os::fd::OwnedFd> {
        ensure!(self.received.is_empty(), "an answer that nobody asked for");
        self.stream.set_nonblocking(true)?;
        Ok(self.stream.into())
    }
}

/// A framed request. `headers`: whole lines.
pub(crate) fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("{line} CHAT/1.0\n{headers}Content-Length: {}\n\n{body}", body.len()).into_bytes()
}

/// The first answer and its length, once it is whole.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Answer, usize)>> {
    let Some(head) = memchr::memmem::find(bytes, b"\n\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head]).context("an answer's head is UTF-8")?;
    let status = text.strip_prefix("CHAT/1.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.with_context(|| format!("no status: {text:?}"))?;
    let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    let end = head + 2 + length.with_context(|| format!("no length: {text:?}"))?;
    Ok(bytes.get(head + 2..end).map(|body| (Answer { status, body: body.to_vec() }, end)))
}
