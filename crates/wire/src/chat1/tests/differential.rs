//! The reader against a slow and obvious model that sees the whole input at once, for every split of it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What both name alike: framing, and the body, or whether anything can be read after the refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Request(Method, Option<String>, Framing, Vec<u8>),
    Refused(Framing, bool),
}

fn ours(pieces: &[&[u8]], part_bytes: usize) -> Vec<Found> {
    let show = |outcome: Result<Request, BadRequest>| match outcome {
        Ok(request) => {
            let argument = request.argument().map(str::to_owned);
            Found::Request(request.method(), argument, request.framing(), request.body().to_vec())
        }
        Err(bad) => Found::Refused(bad.framing, bad.is_last),
    };
    outcomes(pieces, part_bytes).into_iter().map(show).collect()
}

struct Model<'a> {
    bytes: &'a [u8],
    /// After how many bytes nothing came for a while.
    quiet: BTreeSet<usize>,
    at: usize,
}

impl<'a> Model<'a> {
    /// Reads all requests. The rules in the words of the protocol file, one after the other.
    fn read(mut self) -> Vec<Found> {
        let mut found = Vec::new();
        loop {
            while let Some(empty) = self.peek().filter(|line| line.is_empty()) {
                self.line(empty);
            }
            let Some(first) = self.peek() else { return found };
            self.line(first);
            found.push(self.request(first));
            if let Some(Found::Refused(_, true)) = found.last() {
                return found;
            }
        }
    }

    fn request(&mut self, first: &[u8]) -> Found {
        let mut good = true;
        let mut length: Option<u64> = None;
        let mut headers = 0;
        loop {
            let ends = self.quiet.contains(&self.at) && self.bytes[self.at - 1] == b'\n';
            let Some(line) = self.peek().filter(|_| length.is_some() || !ends) else {
                let cut_off = length.is_some();
                return self.found(first, good && !cut_off, cut_off, b"");
            };
            if length.is_none() && request_line(line, false).is_some_and(|(method, _)| method != Method::Other) {
                return self.found(first, good, false, b"");
            }
            self.line(line);
            if line.is_empty() {
                return self.body(first, good, length);
            }
            let text = &*String::from_utf8_lossy(line);
            let (name, value) = text.split_once(':').unwrap_or(("", ""));
            let is_name = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
            if name.trim_matches(|char| !is_name(char)).eq_ignore_ascii_case("content-length") {
                let value = value.trim_matches([' ', '\t']);
                let is_number =
                    !value.is_empty() && value.len() < 20 && value.chars().all(|char| char.is_ascii_digit());
                let number = value.parse().ok().filter(|_| is_number && name.len() == 14);
                if number.is_none() || length.is_some_and(|length| Some(length) != number) {
                    return Found::Refused(Framing::Framed, true);
                }
                good &= length.is_none();
                length = number;
                continue;
            }
            headers += 1;
            good &= !name.is_empty() && name.chars().all(is_name) && headers <= HEADERS_MAX;
            good &= std::str::from_utf8(line).is_ok_and(is_line);
        }
    }

    fn body(&mut self, first: &[u8], good: bool, length: Option<u64>) -> Found {
        let rest = &self.bytes[self.at..];
        if let Some(length) = length {
            let wanted = good && length <= BODY_BYTES_MAX as u64;
            if !wanted && length > PASSED_BYTES_MAX {
                return Found::Refused(Framing::Framed, true);
            }
            let body = &rest[..usize::try_from(length).unwrap_or(usize::MAX).min(rest.len())];
            self.at += body.len();
            return self.found(first, wanted && body.len() as u64 == length, true, body);
        }
        let ends = |at: &&usize| **at >= self.at && self.bytes[**at - 1] == b'\n';
        let end = self.quiet.iter().find(ends).copied().unwrap_or(self.bytes.len());
        let body = &self.bytes[self.at..end];
        self.at = end;
        let body = body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n")).unwrap_or(body);
        self.found(first, good && body.len() <= BODY_BYTES_MAX, false, body)
    }

    fn found(&self, first: &[u8], good: bool, framed: bool, body: &[u8]) -> Found {
        let framing = if framed { Framing::Framed } else { Framing::Plain };
        match request_line(first, framed).filter(|_| good) {
            Some((method, argument)) => Found::Request(method, argument.map(str::to_owned), framing, body.to_vec()),
            None => Found::Refused(framing, false),
        }
    }

    /// The next line without its end; the last one may have none.
    fn peek(&self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let line = rest.split(|byte| *byte == b'\n').next().filter(|_| !rest.is_empty())?;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn line(&mut self, line: &[u8]) {
        self.at += line.len();
        for end in [b'\r', b'\n'] {
            self.at += usize::from(self.bytes.get(self.at) == Some(&end));
        }
    }
}

fn is_line(text: &str) -> bool {
    text.len() <= LINE_BYTES_MAX && !text.chars().any(|char| char.is_ascii_control() && char != '\t')
}

fn request_line(line: &[u8], framed: bool) -> Option<(Method, Option<&str>)> {
    let line = std::str::from_utf8(line).ok().filter(|line| is_line(line))?;
    let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let (method, argument) = match words[..] {
        [method, "CHAT/1.0" | "CHAT/1.O"] => (method, None),
        [method, argument, "CHAT/1.0" | "CHAT/1.O"] => (method, Some(argument)),
        ["SEND", argument] if !framed => ("SEND", Some(argument)),
        _ => return None,
    };
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    (method.len() <= 32 && method.chars().all(is_word)).then(|| (Method::from_word(method), argument))
}

fn model(pieces: &[&[u8]]) -> Vec<Found> {
    let bytes = pieces.concat();
    let quiet = pieces.iter().scan(0, |at, piece| {
        *at += piece.len();
        Some(*at)
    });
    Model { bytes: &bytes, quiet: quiet.filter(|at| *at > 0).collect(), at: 0 }.read()
}

fn token() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => proptest::sample::select(vec![
            "\n", "\n", "\n", "\r\n", "\r", " ", ":", "PING CHAT/1.0", "SEND a CHAT/1.0", "SEND a", "SEND", "FOO CHAT/1.O",
            "USE x CHAT/1.0\n", "SEND a CHAT/1.0\n\n", "SEND b\r\n\r\n", "Name: x\n", "Content-Length: ", "content-length:3\n",
            "Content-Length: 0\n\n", "Content-Length: 5\n\nhello", "Content-Length: 100\n\n", "0", "7", "-1", "hello", "bad header\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
        1 => (90_usize..100).prop_map(|count| vec![b'x'; count]),
        1 => (1_010_usize..1_030).prop_map(|count| vec![b'y'; count]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_split_gives_what_the_model_finds(
        pieces in proptest::collection::vec(proptest::collection::vec(token(), 0..10), 1..5),
        part_bytes in 2_usize..30,
    ) {
        let pieces: Vec<Vec<u8>> = pieces.into_iter().map(|tokens| tokens.concat()).collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let expected = model(&pieces);
        prop_assert_eq!(ours(&pieces, usize::MAX), expected.clone());
        prop_assert_eq!(ours(&pieces, 1), expected.clone());
        prop_assert_eq!(ours(&pieces, part_bytes), expected);
    }

    #[test]
    fn random_bytes_are_read_alike_in_every_split(bytes in proptest::collection::vec(any::<u8>(), 0..300), part_bytes in 1_usize..50) {
        prop_assert_eq!(ours(&[&bytes], part_bytes), model(&[&bytes]));
    }

    #[test]
    fn a_text_is_one_request_whatever_it_says(tokens in proptest::collection::vec(token(), 0..8), part_bytes in 1_usize..50) {
        let mut text = tokens.concat();
        text.truncate(BODY_BYTES_MAX);
        let plain = [b"SEND a CHAT/1.0\n\n", &text[..], b"\r\n"].concat();
        let body = |framing| vec![Found::Request(Method::Send, Some("a".into()), framing, text.clone())];
        prop_assert_eq!(ours(&[&plain], part_bytes), body(Framing::Plain));
        let head = format!("SEND a CHAT/1.0\nContent-Length: {}\n\n", text.len());
        prop_assert_eq!(ours(&[head.as_bytes(), &text], part_bytes), body(Framing::Framed));
    }
}
