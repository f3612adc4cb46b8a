//! The codec against the rows of protocols/chat1.md that are about bytes.

mod differential;
mod fields;
mod framing;
mod limits;
mod replies;

use super::*;

/// The limit of the tests: small, so that short inputs reach it.
const BODY_BYTES_MAX: usize = 96;

/// Each piece is followed by quiet; what came is shown as `method argument framing "body"` or as the fault.
fn shown(pieces: &[&str]) -> Vec<String> {
    let pieces: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
    outcomes(&pieces, usize::MAX).iter().map(show).collect()
}

fn show(outcome: &Result<Request, BadRequest>) -> String {
    match outcome {
        Ok(request) => format!(
            "{} {} {:?} {:?}",
            request.method().word().unwrap_or("?"),
            request.argument().unwrap_or("-"),
            request.framing(),
            String::from_utf8_lossy(request.body()),
        ),
        Err(BadRequest { fault, framing, is_last }) => {
            format!("{:?} {framing:?}{}", fault, if *is_last { " last" } else { "" })
        }
    }
}

/// Each piece comes in parts of so many bytes, and is followed by quiet; then the input ends.
fn outcomes(pieces: &[&[u8]], part_bytes: usize) -> Vec<Result<Request, BadRequest>> {
    let mut reader = RequestReader::new(BODY_BYTES_MAX);
    let mut found = Vec::new();
    for piece in pieces {
        for mut part in piece.chunks(part_bytes.min(piece.len().max(1))) {
            found.extend(std::iter::from_fn(|| reader.next(&mut part)));
            assert!(part.is_empty());
        }
        let was = reader.wait();
        let whole = reader.quiet();
        assert_eq!(whole.is_some(), was != Wait::Byte);
        found.extend(whole);
    }
    found.extend(std::iter::from_fn(|| reader.end_of_input()));
    assert!(reader.quiet().is_none());
    found
}

/// The one request of a text.
fn request(text: &str) -> Request {
    let mut outcomes = outcomes(&[text.as_bytes()], usize::MAX);
    assert_eq!(outcomes.len(), 1, "{text:?}");
    outcomes.remove(0).unwrap_or_else(|bad| panic!("{text:?}: {bad}"))
}
