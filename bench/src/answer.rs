//! Just enough of RFC 9112 to know where an answer ends.

use anyhow::{Context, Result, bail};

/// Where the first answer in a buffer ends, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Bytes up to and with the empty line.
    pub(crate) head_bytes: usize,
    /// Bytes of head and body.
    pub(crate) bytes: usize,
}

impl Answer {
    /// Finds the first answer in `buffer`; `None` while it is not whole.
    ///
    /// # Errors
    /// When the bytes are not an HTTP/1.1 answer with a `Content-Length` (or a status that has no body).
    pub(crate) fn parse(buffer: &[u8]) -> Result<Option<Self>> {
        let mut lines = Lines(buffer);
        let Some(first) = lines.next() else { return Ok(None) };
        let status = status(first).with_context(|| format!("not an answer: {}", String::from_utf8_lossy(first)))?;
        let mut length = None;
        loop {
            let Some(line) = lines.next() else { return Ok(None) };
            if line.is_empty() {
                break;
            }
            if let Some(value) = value_of(line, "content-length") {
                length = Some(value.parse::<usize>().with_context(|| format!("Content-Length {value:?}"))?);
            }
        }
        let head_bytes = buffer.len() - lines.0.len();
        let body = match length {
            Some(length) => length,
            None if status == 204 || status == 304 => 0,
            None => bail!("an answer {status} without Content-Length cannot be measured"),
        };
        let bytes = head_bytes + body;
        Ok((bytes <= buffer.len()).then_some(Self { status, head_bytes, bytes }))
    }
}

/// The value of the first header `name` (lower case) in the head of an answer.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    Lines(head).skip(1).find_map(|line| value_of(line, name))
}

/// The lines of a head without their ends; what is left is in the field.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.0.iter().position(|&byte| byte == b'\n')?;
        let (line, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

fn status(line: &[u8]) -> Option<u16> {
    let digits = line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a str> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":").filter(|_| start.eq_ignore_ascii_case(name.as_bytes()))?;
    std::str::from_utf8(value).ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nChat-Number: 7\r\ncontent-length: 5\r\n\r\nhelloHTTP";

    #[test]
    fn an_answer_ends_after_its_body_wherever_it_is_cut() {
        let end = WHOLE.len() - 4;
        for cut in 0..end {
            assert_eq!(Answer::parse(&WHOLE[..cut]).unwrap(), None, "cut at {cut}");
        }
        let expected = Answer { status: 200, head_bytes: end - 5, bytes: end };
        assert_eq!(Answer::parse(WHOLE).unwrap(), Some(expected));
        assert_eq!(header(&WHOLE[..expected.head_bytes], "chat-number"), Some("7"));
        assert_eq!(header(&WHOLE[..expected.head_bytes], "chat"), None);
    }

    #[test]
    fn an_answer_without_a_known_end_is_refused() {
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(Answer::parse(b"SSH-2.0-OpenSSH\r\n").is_err());
        let empty = Answer::parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!(empty.map(|answer| answer.status), Some(204));
    }
}
