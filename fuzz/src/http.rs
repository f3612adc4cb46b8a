//! What all HTTP doors share.

use parlor_doors::http::head_scan::{HeadScan, Seen};

/// The watch for what hyper hides of a request's head. Oracles: a plain reading of the whole head says the same; how the bytes
/// were split does not matter.
pub fn head_scan(data: &[u8]) {
    let whole = HeadScan::default();
    whole.feed(data);
    assert_eq!(whole.seen(), plain(data));
    for size in [1, 2, 7] {
        let parts = HeadScan::default();
        data.chunks(size).for_each(|part| parts.feed(part));
        assert_eq!(parts.seen(), whole.seen());
    }
}

fn plain(data: &[u8]) -> Option<Seen> {
    let (mut seen, mut begun) = (Seen::default(), false);
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n")?;
        seen.bare_line_end |= !line.ends_with(b"\r");
        let line: Vec<u8> = line.iter().filter(|byte| **byte != b'\r').map(u8::to_ascii_lowercase).collect();
        if line.is_empty() && begun {
            return Some(seen);
        }
        begun |= !line.is_empty();
        let rest = line.strip_prefix(b"content-length");
        seen.lengths += usize::from(rest.is_some_and(|rest| matches!(rest.first(), Some(b':' | b' ' | b'\t'))));
    }
    None
}
