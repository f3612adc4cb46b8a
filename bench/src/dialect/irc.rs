//! An IRC server: one channel, `PRIVMSG`.

use anyhow::Result;

use super::{Dialect, Session, Stage};
use crate::crowd::Ear;

pub(crate) struct Irc;

impl Dialect for Irc {
    fn hello(&mut self, session: &mut Session, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("NICK u{:06}\r\nUSER u 0 * :u\r\n", session.index).as_bytes());
    }

    fn hear(&mut self, session: &mut Session, bytes: &[u8], out: &mut Vec<u8>, ear: &mut Ear<'_>) -> Result<usize> {
        let mut at = 0;
        while let Some(length) = memchr::memchr(b'\n', &bytes[at..]) {
            let line = &bytes[at..at + length];
            at += length + 1;
            if let Some(token) = line.strip_prefix(b"PING") {
                out.extend_from_slice(&[b"PONG", token, b"\n"].concat());
            } else if session.stage == Stage::Joined {
                ear.text(line, |_| 1);
            } else {
                // `:server NUMERIC nick ...`: the end of the message of the day, then the end of the names.
                match line.split(|&byte| byte == b' ').nth(1) {
                    Some(b"376" | b"422") => out.extend_from_slice(b"JOIN #bench\r\n"),
                    Some(b"366") => session.stage = Stage::Joined,
                    _ => {}
                }
            }
        }
        Ok(at)
    }

    fn post(&mut self, _session: &Session, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&[b"PRIVMSG #bench :", text, b"\r\n"].concat());
    }

    fn echoes(&self) -> bool {
        false
    }
}
