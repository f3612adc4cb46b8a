//! Collecting what arrives in pieces.

/// Appends what came, and gives the buffer room for twice that at most, never for more than `bytes_max`.
///
/// Who announces much and sends little so holds little memory, and nobody holds more than was announced.
/// `bytes_max` is at least what the buffer holds afterwards.
pub(crate) fn append(buffer: &mut Vec<u8>, part: &[u8], bytes_max: usize) {
    let bytes = buffer.len() + part.len();
    if buffer.capacity() < bytes {
        buffer.reserve_exact((bytes * 2).min(bytes_max).max(bytes) - buffer.len());
    }
    buffer.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_what_came_and_stops_at_the_bound() {
        let mut buffer = Vec::new();
        append(&mut buffer, b"", 4_096);
        assert_eq!(buffer.capacity(), 0);
        for count in 1..=4_096 {
            append(&mut buffer, b"x", 4_096);
            assert_eq!(buffer.len(), count);
            assert!(buffer.capacity() <= (2 * count).min(4_096));
        }
    }
}
