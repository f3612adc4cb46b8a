//! A NATS server: one subject, to which everybody subscribes.

use anyhow::{Context, Result, bail};

use super::{Dialect, Session, Stage};
use crate::crowd::Ear;

pub(crate) struct Nats;

impl Dialect for Nats {
    fn hello(&mut self, _session: &mut Session, out: &mut Vec<u8>) {
        out.extend_from_slice(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB bench 1\r\nPING\r\n");
    }

    fn hear(&mut self, session: &mut Session, bytes: &[u8], out: &mut Vec<u8>, ear: &mut Ear<'_>) -> Result<usize> {
        let mut at = 0;
        while let Some(length) = memchr::memchr(b'\n', &bytes[at..]) {
            let line = &bytes[at..at + length];
            let mut next = at + length + 1;
            if line.starts_with(b"MSG ") {
                let size = line.trim_ascii_end().rsplit(|&byte| byte == b' ').next();
                let size = size.and_then(|size| std::str::from_utf8(size).ok()?.parse::<usize>().ok());
                let size = size.context("MSG without a size")?;
                let Some(payload) = bytes.get(next..next + size + 2) else { break };
                ear.text(payload, |_| 1);
                next += size + 2;
            } else if line.starts_with(b"PING") {
                out.extend_from_slice(b"PONG\r\n");
            } else if line.starts_with(b"PONG") {
                session.stage = Stage::Joined;
            } else if line.starts_with(b"-ERR") {
                bail!("the server says {}", String::from_utf8_lossy(line));
            }
            at = next;
        }
        Ok(at)
    }

    fn post(&mut self, _session: &Session, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("PUB bench {}\r\n", text.len()).as_bytes());
        out.extend_from_slice(&[text, b"\r\n"].concat());
    }

    /// Only the posts of one connection are in order.
    fn has_one_order(&self) -> bool {
        false
    }
}
