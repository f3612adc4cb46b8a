//! One blocking keep-alive connection: rooms, probes and pages.

use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::answer::{self, Answer};

/// Longest answer in bytes; a page of 100 messages is far below.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A client that asks one thing at a time.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer with its bytes.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Connects; no single read or write may take longer than a minute.
    pub(crate) fn connect(server: SocketAddrV4) -> Result<Self> {
        let stream = TcpStream::connect(server).with_context(|| format!("connecting to {server}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_write_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// `GET path`.
    pub(crate) fn get(&mut self, path: &str) -> Result<Reply> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes())
    }

    /// `POST path` with a text body, and with a cookie unless that is empty.
    pub(crate) fn post(&mut self, path: &str, cookie: &str, text: &str) -> Result<Reply> {
        self.send(&post_request(path, cookie, text))
    }

    /// Sends a whole request and reads its answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<Reply> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let mut chunk = [0; 64 * 1024];
        loop {
            let bytes = self.stream.read(&mut chunk)?;
            if bytes == 0 || self.buffer.len() > ANSWER_BYTES_MAX {
                bail!("the answer ended in the middle, after {} bytes", self.buffer.len());
            }
            self.buffer.extend_from_slice(&chunk[..bytes]);
            if let Some(Answer { status, head_bytes, bytes }) = Answer::parse(&self.buffer)? {
                let head = self.buffer[..head_bytes].to_vec();
                let body = self.buffer[head_bytes..bytes].to_vec();
                return Ok(Reply { status, head, body });
            }
        }
    }

    /// Makes an unlisted room and answers its key.
    pub(crate) fn make_room(&mut self) -> Result<String> {
        let reply = self.get("/chat_create?subject=bench&listed=0")?.expect_status(303)?;
        let place = reply.header("location").context("a new room without Location")?;
        let key = place.rsplit('/').next().context("a Location without a key")?;
        Ok(key.to_owned())
    }

    /// Posts a first message and answers the cookie (`guest=...`) that makes later posts the same person's.
    pub(crate) fn become_guest(&mut self, key: &str) -> Result<String> {
        let reply = self.post(&format!("/send/{key}"), "", "parlor-bench says hello")?.expect_status(200)?;
        let cookie = reply.header("set-cookie").context("the first post set no cookie")?;
        let pair = cookie.split(';').next().context("an empty Set-Cookie")?;
        Ok(pair.to_owned())
    }
}

impl Reply {
    /// The answer itself if it has this status, else an error that shows it.
    pub(crate) fn expect_status(self, status: u16) -> Result<Self> {
        if self.status != status {
            let text = String::from_utf8_lossy(&self.body);
            bail!("{} instead of {status}: {}", self.status, text.chars().take(500).collect::<String>());
        }
        Ok(self)
    }

    /// The value of a header (name in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        answer::header(&self.head, name)
    }

    /// The number that the message posted by this request got.
    pub(crate) fn chat_number(&self) -> Result<u64> {
        let value = self.header("chat-number").context("an answer without Chat-Number")?;
        value.parse().with_context(|| format!("Chat-Number {value:?}"))
    }

    /// Bytes of the whole answer.
    pub(crate) fn bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// The bytes of a post; no `Cookie` header if `cookie` is empty.
pub(crate) fn post_request(path: &str, cookie: &str, text: &str) -> Vec<u8> {
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    let length = text.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n{cookie}");
    format!("{head}Content-Length: {length}\r\n\r\n{text}").into_bytes()
}
