//! What is typed, cut into lines.

/// Something that the input gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line without its end.
    Line(String),
    /// A line that cannot be sent, and why.
    Unfit(String),
    /// The person leaves by a key.
    Leave,
}

/// Cuts bytes into lines; holds at most one line, up to its limit.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The longest line, in bytes.
    bytes_max: usize,
    /// Whether a carriage return before the line feed belongs to the line's end.
    takes_crlf: bool,
    line: Vec<u8>,
    /// Bytes of the line beyond the limit: counted, not kept.
    beyond: usize,
}

impl Lines {
    pub(crate) fn new(bytes_max: usize, takes_crlf: bool) -> Self {
        Self { bytes_max, takes_crlf, line: Vec::new(), beyond: 0 }
    }

    /// Takes what was read and adds the lines that are complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], typed: &mut Vec<Typed>) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.add(part);
            typed.push(self.complete());
        }
        self.add(last);
    }

    /// The input has ended: what is left is a line, if it is anything.
    pub(crate) fn end(&mut self, typed: &mut Vec<Typed>) {
        if !self.line.is_empty() {
            typed.push(self.complete());
        }
    }

    fn add(&mut self, part: &[u8]) {
        // One more than the limit, for a carriage return that may belong to the line's end.
        let fits = part.len().min((self.bytes_max + 1).saturating_sub(self.line.len()));
        self.line.extend_from_slice(&part[..fits]);
        self.beyond = self.beyond.saturating_add(part.len() - fits);
    }

    fn complete(&mut self) -> Typed {
        let mut line = std::mem::take(&mut self.line);
        let beyond = std::mem::take(&mut self.beyond);
        if self.takes_crlf && beyond == 0 && line.last() == Some(&b'\r') {
            line.pop();
        }
        let bytes = line.len().saturating_add(beyond);
        if bytes > self.bytes_max {
            return Typed::Unfit(too_long(bytes, self.bytes_max));
        }
        String::from_utf8(line).map_or_else(
            |error| {
                Typed::Unfit(format!("not sent: the line is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
            },
            Typed::Line,
        )
    }
}

/// The sentence for a line that nobody would take.
pub(crate) fn too_long(bytes: usize, bytes_max: usize) -> String {
    format!("not sent: the line has {bytes} bytes, and at most {bytes_max} can be sent; say it in parts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(bytes_max: usize, takes_crlf: bool, chunks: &[&[u8]]) -> Vec<Typed> {
        let mut lines = Lines::new(bytes_max, takes_crlf);
        let mut typed = Vec::new();
        for chunk in chunks {
            lines.feed(chunk, &mut typed);
        }
        lines.end(&mut typed);
        typed
    }

    fn line(text: &str) -> Typed {
        Typed::Line(text.to_owned())
    }

    #[test]
    fn lines_are_cut_whatever_the_chunks_are() {
        assert_eq!(typed(9, true, &[b"an", b"na\nbc h", b"i"]), [line("anna"), line("bc hi")]);
        assert_eq!(typed(9, true, &[b"a\r", b"\n\r\n\n", b"b\r"]), [line("a"), line(""), line(""), line("b")]);
        assert_eq!(typed(9, false, &[b"a\r\n"]), [line("a\r")]);
        assert_eq!(typed(9, true, &[b""]), []);
    }

    #[test]
    fn a_line_that_cannot_be_sent_says_why_and_the_next_is_whole() {
        let cases: [(&[&[u8]], &str); 4] = [
            (&[b"12345\n"], "has 5 bytes, and at most 4"),
            (&[b"123", b"45678", b"\r\n"], "has 9 bytes"),
            (&[b"1234\r5\n"], "has 6 bytes"),
            (&[b"a\xff\n"], "not UTF-8 at byte 1"),
        ];
        for (chunks, reason) in cases {
            let typed = typed(4, true, &[chunks, &[b"next\r\n"]].concat());
            assert!(matches!(&typed[0], Typed::Unfit(sentence) if sentence.contains(reason)), "{typed:?}");
            assert_eq!(typed[1..], [line("next")]);
        }
        assert_eq!(typed(4, true, &[b"1234\r\n"]), [line("1234")]);
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[a\\n\\ré]{0,40}", cuts in prop::collection::vec(1_usize..9, 0..40)) {
            let whole = typed(6, true, &[text.as_bytes()]);
            let mut rest = text.as_bytes();
            let mut chunks = Vec::new();
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            prop_assert_eq!(typed(6, true, &chunks), whole);
        }
    }
}
