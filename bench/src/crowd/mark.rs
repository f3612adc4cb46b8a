//! The mark in every text that the crowd posts: which post it is and who posted it.
//!
//! It is found without knowing the frames around it, and cheap to find: the load takes the same two cores.

/// Bytes of a mark: `~~`, eight hexadecimal digits of the post, `-`, two of the poster.
pub(crate) const MARK_BYTES: usize = 13;

/// No text, name or announcement has this byte but for the marks.
const SIGN: u8 = b'~';

/// A mark and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at: usize,
    /// Counts the posts of one crowd from 0.
    pub(crate) post: u32,
    /// Index of the connection that posted.
    pub(crate) poster: u8,
}

/// Writes a mark over the beginning of a text, which must be longer than that.
pub(crate) fn write(text: &mut [u8], post: u32, poster: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u32, place: u32| DIGITS[(value >> (4 * place) & 15) as usize];
    text[..2].fill(SIGN);
    for place in 0..8 {
        text[2 + place as usize] = digit(post, 7 - place);
    }
    text[10] = b'-';
    text[11] = digit(poster.into(), 1);
    text[12] = digit(poster.into(), 0);
}

/// The first whole mark.
pub(crate) fn find(bytes: &[u8]) -> Option<Mark> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(SIGN, &bytes[from..])?;
        let mark = bytes.get(at..at + MARK_BYTES)?;
        if mark[1] == SIGN && mark[10] == b'-' {
            return Some(Mark { at, post: number(&mark[2..10])?, poster: number(&mark[11..13])? as u8 });
        }
        from = at + 1;
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, &digit| match digit {
        b'0'..=b'9' => Some(number << 4 | u32::from(digit - b'0')),
        b'a'..=b'f' => Some(number << 4 | u32::from(digit - b'a' + 10)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_wherever_it_stands_and_not_while_it_is_cut() {
        let mut text = [b'x'; 100];
        write(&mut text, 0xdead_beef, 7);
        let screen = [b"\nu000001 to everyone:\n  a~b ".as_slice(), &text, b"\n> "].concat();
        let expected = Mark { at: 28, post: 0xdead_beef, poster: 7 };
        assert_eq!(find(&screen), Some(expected));
        for cut in 0..28 + MARK_BYTES {
            assert_eq!(find(&screen[..cut]), None, "cut at {cut}");
        }
        assert_eq!(find(b"~~0000000g-00"), None);
    }
}
