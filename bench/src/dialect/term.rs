//! The terminal door: eight bytes of length, then text that the server has drawn.

use anyhow::{Result, bail};

use super::{Dialect, Session, Stage};
use crate::crowd::Ear;

/// Longest string that the protocol has, in bytes.
const STRING_BYTES_MAX: usize = 4096;

const PROMPT: &[u8] = b"> ";

/// Everybody is in the lobby and called `u000000`, `u000001`, ...
pub(crate) struct Term {
    /// Before the numbers, so that two crowds can be at one server.
    prefix: char,
}

impl Term {
    /// Names for the crowd that posts, or for one that only listens.
    pub(crate) fn new(listens: bool) -> Self {
        Self { prefix: if listens { 'l' } else { 'u' } }
    }
}

impl Dialect for Term {
    fn hear(&mut self, session: &mut Session, bytes: &[u8], out: &mut Vec<u8>, ear: &mut Ear<'_>) -> Result<usize> {
        let mut at = 0;
        while let Some(string) = string_at(&bytes[at..])? {
            at += 8 + string.len();
            match session.stage {
                Stage::Joined => {
                    let is_post = ear.text(string, |text| text.iter().filter(|&&byte| byte == b'\n').count());
                    // The protocol has no word for closing: what is said after the last post is the reason. A crowd that
                    // posts is never closed, and shall not allocate.
                    if ear.is_foreign {
                        session.farewell = (!is_post).then(|| String::from_utf8_lossy(string).into_owned());
                    }
                }
                // A screen may come in several strings; the last one ends with the prompt.
                _ if !string.ends_with(PROMPT) => {}
                Stage::Connected => {
                    write(format!("{}{:06}", self.prefix, session.index).as_bytes(), out);
                    session.stage = Stage::Asked;
                }
                // A name that is refused is asked for again, and that shows no list of people.
                Stage::Asked if string.len() < 200 && !contains(string, b"(you)") => {
                    bail!("a name was refused: {}", String::from_utf8_lossy(string))
                }
                Stage::Asked => session.stage = Stage::Joined,
            }
        }
        Ok(at)
    }

    fn post(&mut self, _session: &Session, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&(text.len() as u64 + 3).to_be_bytes());
        out.extend_from_slice(b"bc ");
        out.extend_from_slice(text);
    }

    fn echoes(&self) -> bool {
        false
    }
}

/// The first string, if it is whole.
fn string_at(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
    let length = u64::from_be_bytes(*length);
    if length > STRING_BYTES_MAX as u64 {
        bail!("a string of {length} bytes, more than the protocol has");
    }
    Ok(rest.get(..length as usize))
}

fn write(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u64).to_be_bytes());
    out.extend_from_slice(text);
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
