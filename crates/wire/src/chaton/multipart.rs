//! Small forms in `multipart/form-data` (RFC 7578, RFC 2046 5.1), read whole and with tolerance for old programs.
//!
//! The tolerance is what the HTTP chat door's library (multer) has not: lines may end in LF alone. Otherwise both read the same
//! fields out of a correct body, which a test shows.

use std::borrow::Cow;

use crate::http_chat::FIELDS_MAX;

/// The most bytes of one part's headers.
pub const HEADER_BYTES_MAX: usize = 4_096;
/// The longest boundary in bytes. RFC 2046 allows 70; programs exceed it.
const BOUNDARY_BYTES_MAX: usize = 200;

/// Why a multipart body cannot be read. Offsets count bytes of the body from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// `Content-Type` names no boundary, an empty one or one that is too long.
    #[error("the form's type names no boundary of 1 to {BOUNDARY_BYTES_MAX} characters; send it as `boundary=`")]
    NoBoundary,
    /// The boundary never comes.
    #[error("the form does not have the boundary that its type names")]
    NoPart,
    /// The body ends before the last boundary with its two hyphens.
    #[error("the form ends before its last boundary; send it whole")]
    Incomplete,
    /// More than [`FIELDS_MAX`] parts.
    #[error("the form has more than {FIELDS_MAX} fields; send fewer")]
    TooManyFields,
    /// More than [`HEADER_BYTES_MAX`] in one part.
    #[error("the headers of the field at byte {at} are longer than {HEADER_BYTES_MAX} bytes; send shorter ones")]
    HeadersTooLong {
        /// Where the headers begin.
        at: usize,
    },
    /// A header that is not UTF-8 or has no colon, or no `Content-Disposition` that names a field.
    #[error("the field at byte {at} has no header `Content-Disposition: form-data; name=\"...\"` or a wrong header")]
    BadHeaders {
        /// Where the headers begin.
        at: usize,
    },
    /// A part is encoded, such as in Base64, which forms on the web never are.
    #[error("the field {name:?} is encoded; send it as it is")]
    Encoded {
        /// The field's name.
        name: String,
    },
    /// A value is not UTF-8.
    #[error("the field {name:?} is not UTF-8; send text as UTF-8")]
    NotUtf8 {
        /// The field's name.
        name: String,
    },
    /// The same field twice. Neither wins, as in urlencoded forms.
    #[error("the form has the field {name:?} twice; send it once")]
    DuplicateField {
        /// The field's name.
        name: String,
    },
}

/// Reads the fields of a body as (name, value), in their order, each name once.
///
/// Accepted beyond the RFC: a line break or other lines before the first boundary, header names in any case, headers that
/// go on in the next line, names without quotes, lines that end in LF alone. What follows the last boundary is ignored.
///
/// # Errors
/// [`MultipartError`]; every body that is cut off before the end of its last boundary is one.
pub fn multipart_fields(body: &[u8], boundary: &str) -> Result<Vec<(String, String)>, MultipartError> {
    if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX {
        return Err(MultipartError::NoBoundary);
    }
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut delimiter = Delimiter::find(body, 0, boundary).ok_or(MultipartError::NoPart)?;
    while !delimiter.is_last {
        if fields.len() == FIELDS_MAX {
            return Err(MultipartError::TooManyFields);
        }
        let at = delimiter.end;
        let (headers, value_at) = Headers::read(body, at)?;
        let name = headers.name.ok_or(MultipartError::BadHeaders { at })?;
        delimiter = Delimiter::find(body, value_at, boundary).ok_or(MultipartError::Incomplete)?;
        let value = without_line_break(&body[value_at..delimiter.start]);
        if headers.is_encoded {
            return Err(MultipartError::Encoded { name });
        }
        if fields.iter().any(|(earlier, _)| *earlier == name) {
            return Err(MultipartError::DuplicateField { name });
        }
        let Ok(value) = std::str::from_utf8(value) else {
            return Err(MultipartError::NotUtf8 { name });
        };
        fields.push((name, value.to_owned()));
    }
    Ok(fields)
}

/// A line with the boundary.
struct Delimiter {
    /// Where it begins: its two hyphens.
    start: usize,
    /// Where the next line begins.
    end: usize,
    is_last: bool,
}

impl Delimiter {
    /// The next one from the beginning of a line on.
    fn find(body: &[u8], from: usize, boundary: &str) -> Option<Self> {
        let mut start = from;
        while start < body.len() {
            let end = line_end(body, start);
            if let Some(is_last) = Self::is_last(&body[start..end], boundary) {
                return Some(Self { start, end, is_last });
            }
            start = end;
        }
        None
    }

    /// Whether a line is the last delimiter; `None` if it is none at all, so that a value may hold lines that only begin
    /// like one. The last one needs no line end.
    fn is_last(line: &[u8], boundary: &str) -> Option<bool> {
        let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
        let (rest, is_last) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
        let is_padding = without_line_break(rest).iter().all(|byte| matches!(byte, b' ' | b'\t'));
        (is_padding && (is_last || rest.ends_with(b"\n"))).then_some(is_last)
    }
}

/// What the headers of a part say.
#[derive(Default)]
struct Headers {
    name: Option<String>,
    is_encoded: bool,
}

impl Headers {
    /// Reads the headers that begin at `at`; also where the value begins, behind the empty line.
    fn read(body: &[u8], at: usize) -> Result<(Self, usize), MultipartError> {
        let mut headers = Self::default();
        let mut line = String::new();
        let mut start = at;
        loop {
            let end = line_end(body, start);
            if end - at > HEADER_BYTES_MAX {
                return Err(MultipartError::HeadersTooLong { at });
            }
            let bytes = &body[start..end];
            if !bytes.ends_with(b"\n") {
                return Err(MultipartError::Incomplete);
            }
            let bytes = without_line_break(bytes);
            let text = std::str::from_utf8(bytes).map_err(|_| MultipartError::BadHeaders { at })?;
            start = end;
            if text.starts_with([' ', '\t']) && !line.is_empty() {
                line.push_str(text);
                continue;
            }
            if !line.is_empty() {
                headers.take(&line).ok_or(MultipartError::BadHeaders { at })?;
            }
            if text.is_empty() {
                return Ok((headers, start));
            }
            text.clone_into(&mut line);
        }
    }

    /// Notes one header; `None` if it is none, or a second one that names the field.
    fn take(&mut self, line: &str) -> Option<()> {
        let (header, value) = line.split_once(':')?;
        let value = value.trim();
        if header.eq_ignore_ascii_case("content-disposition") {
            let kind = value.split(';').next().unwrap_or("").trim();
            let name = parameter(value, "name").filter(|_| kind.eq_ignore_ascii_case("form-data"))?;
            if self.name.replace(name.into_owned()).is_some() {
                return None;
            }
        } else if header.eq_ignore_ascii_case("content-transfer-encoding") {
            self.is_encoded = !["7bit", "8bit", "binary"].iter().any(|plain| value.eq_ignore_ascii_case(plain));
        }
        Some(())
    }
}

/// The value of a parameter such as `boundary` behind the first semicolon of a header's value, without its quotes.
pub(super) fn parameter<'a>(value: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut rest = value;
    loop {
        let pairs = rest.split_once(';')?.1;
        let (found, after) = pairs.split_at(pairs.find(['=', ';'])?);
        let Some(after) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let after = after.trim_start();
        let (text, after) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (Cow::Borrowed(after[..end].trim_end()), &after[end..])
        };
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = after;
    }
}

/// A text up to its closing quote, and what follows that.
fn unquoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut plain = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        plain.push_str(&rest[..at]);
        if rest[at..].starts_with('"') {
            return Some((Cow::Owned(plain), &rest[at + 1..]));
        }
        let escaped = rest[at + 1..].chars().next()?;
        // Browsers send the backslashes of a name as they are; only quotes and backslashes are escaped.
        if !matches!(escaped, '"' | '\\') {
            plain.push('\\');
        }
        plain.push(escaped);
        rest = &rest[at + 1 + escaped.len_utf8()..];
    }
}

/// Where the line that begins at `start` ends, behind its line feed.
fn line_end(body: &[u8], start: usize) -> usize {
    body[start..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |at| start + at + 1)
}

fn without_line_break(line: &[u8]) -> &[u8] {
    let Some(line) = line.strip_suffix(b"\n") else {
        return line;
    };
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
