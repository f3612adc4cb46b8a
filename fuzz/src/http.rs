//! What all HTTP doors share.

use parlor_doors::http::head_scan::{HeadScan, Seen};

/// The watch for a second length in a request's head. Oracles: a plain reading of the whole head says the same; how the bytes
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

fn plain(data: &[u8]) -> Seen {
    let mut length = false;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else { return Seen::Unknown };
        let line: Vec<u8> = line.iter().filter(|byte| **byte != b'\r').map(u8::to_ascii_lowercase).collect();
        if line.is_empty() {
            return if length { Seen::Length } else { Seen::NoLength };
        }
        length |= line.starts_with(b"content-length");
    }
    Seen::Unknown
}
