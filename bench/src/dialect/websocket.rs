//! Just enough of RFC 6455 for a client that sends short messages and reads whole ones.

use anyhow::{Result, bail};
use memchr::memmem;

use super::{Session, Stage};

/// Longest message that the load reads, in bytes.
const MESSAGE_BYTES_MAX: u64 = 1 << 20;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Asks for an upgrade; `protocol` may be empty.
pub(crate) fn upgrade(path: &str, protocol: &str, out: &mut Vec<u8>) {
    let protocol = if protocol.is_empty() { String::new() } else { format!("Sec-WebSocket-Protocol: {protocol}\r\n") };
    let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    out.extend_from_slice(head.as_bytes());
    let key = "Sec-WebSocket-Key: cGFybG9yLWJlbmNoLTEyMw==\r\nSec-WebSocket-Version: 13\r\n";
    out.extend_from_slice(format!("{key}{protocol}\r\n").as_bytes());
}

/// How long the answer to the upgrade is, once it is whole.
///
/// # Errors
/// When the server does not upgrade.
pub(crate) fn upgraded(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    if !bytes.starts_with(b"HTTP/1.1 101 ") {
        bail!("the server did not upgrade: {}", String::from_utf8_lossy(&bytes[..end]));
    }
    Ok(Some(end + 4))
}

/// Appends a text message made of `parts`, masked with zeros: what a client must send, and cheap.
pub(crate) fn text(parts: &[&[u8]], out: &mut Vec<u8>) {
    frame(TEXT, parts, out);
}

/// Hands over the text of each whole message, answers pings, keeps the reason of a close; answers the bytes it took.
pub(crate) fn hear(
    session: &mut Session,
    bytes: &[u8],
    out: &mut Vec<u8>,
    mut said: impl FnMut(&mut Session, &[u8], &mut Vec<u8>) -> Result<()>,
) -> Result<usize> {
    let mut at = 0;
    if session.stage == Stage::Connected {
        match upgraded(bytes)? {
            Some(bytes) => at = bytes,
            None => return Ok(0),
        }
        session.stage = Stage::Asked;
    }
    while let Some((code, message, bytes)) = frame_at(&bytes[at..])? {
        at += bytes;
        match code {
            TEXT => said(session, message, out)?,
            PING => frame(PONG, &[message], out),
            PONG => {}
            CLOSE => session.farewell = Some(farewell(message)),
            code => bail!("a frame with the code {code}, which nobody asked for"),
        }
    }
    Ok(at)
}

fn frame(code: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    const FINAL: u8 = 0x80;
    const MASKED: u8 = 0x80;
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.push(FINAL | code);
    match length {
        0..126 => out.push(MASKED | length as u8),
        _ => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Code, payload and length of the first frame, if it is whole.
fn frame_at(bytes: &[u8]) -> Result<Option<(u8, &[u8], usize)>> {
    let Some((&[first, second], rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
    let (head, length) = match second {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (4, u16::from_be_bytes(*length).into()),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (10, u64::from_be_bytes(*length)),
            None => return Ok(None),
        },
        length => (2, u64::from(length)),
    };
    if first & 0xf0 != 0x80 || second > 127 || length > MESSAGE_BYTES_MAX {
        bail!("a frame that begins {first:#04x} {second:#04x}, of {length} bytes, is not what a server sends here");
    }
    let end = head + length as usize;
    Ok(bytes.get(head..end).map(|payload| (first & 0x0f, payload, end)))
}

fn farewell(payload: &[u8]) -> String {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => format!("{} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason)),
        None => "closed without a code".to_owned(),
    }
}
