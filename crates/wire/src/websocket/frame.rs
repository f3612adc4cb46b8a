use super::CONTROL_BYTES_MAX;
use super::messages::Violation;

/// The longest header of a frame in bytes: two, a length of eight, a mask of four.
pub(super) const HEADER_BYTES_MAX: usize = 14;

/// What stands before the content of a frame (RFC 6455, 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// What the content is masked with; clients must, servers must not.
    pub mask: Option<[u8; 4]>,
    /// The length of the content in bytes.
    pub length: u64,
}

impl Header {
    /// Reads a header at the front, and tells how many bytes it has; `None` if some are still to come.
    ///
    /// A length may be written in more bytes than it needs. The standard asks writers not to, and
    /// nothing is gained by refusing those who do.
    ///
    /// # Errors
    /// [`Violation`] for reserved bits, unknown opcodes, and control frames that are long or fragmented.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Violation> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(Violation::ReservedBits);
        }
        let opcode = Opcode::from_code(first & 0x0f).ok_or(Violation::BadOpcode)?;
        let Some((length, rest)) = parse_length(second & 0x7f, rest) else {
            return Ok(None);
        };
        let fin = first & 0x80 != 0;
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        if opcode.is_control() && length > CONTROL_BYTES_MAX as u64 {
            return Err(Violation::LongControl);
        }
        let (mask, rest) = match (second & 0x80 != 0, rest.split_first_chunk::<4>()) {
            (true, Some((mask, rest))) => (Some(*mask), rest),
            (true, None) => return Ok(None),
            (false, _) => (None, rest),
        };
        Ok(Some((Header { fin, opcode, mask, length }, bytes.len() - rest.len())))
    }

    /// Appends the header, with the length written in as few bytes as possible.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(if self.fin { 0x80 } else { 0 } | self.opcode.code());
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        match (u8::try_from(self.length), u16::try_from(self.length)) {
            (Ok(length @ 0..=125), _) => out.push(masked | length),
            (_, Ok(length)) => {
                out.push(masked | 126);
                out.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                out.push(masked | 127);
                out.extend_from_slice(&self.length.to_be_bytes());
            }
        }
        out.extend(self.mask.into_iter().flatten());
    }
}

fn parse_length(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    match short {
        126 => rest.split_first_chunk().map(|(bytes, rest)| (u64::from(u16::from_be_bytes(*bytes)), rest)),
        127 => rest.split_first_chunk().map(|(bytes, rest)| (u64::from_be_bytes(*bytes), rest)),
        _ => Some((u64::from(short), rest)),
    }
}

/// What a frame is (RFC 6455, 11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// The next part of a message.
    Continuation,
    /// A text, or its first part.
    Text,
    /// Bytes, or their first part.
    Binary,
    /// The end of the connection.
    Close,
    /// A question whether the other side is there.
    Ping,
    /// The answer to it.
    Pong,
}

impl Opcode {
    fn from_code(code: u8) -> Option<Opcode> {
        Some(match code {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xa => Opcode::Pong,
            _ => return None,
        })
    }

    fn code(self) -> u8 {
        match self {
            Opcode::Continuation => 0x0,
            Opcode::Text => 0x1,
            Opcode::Binary => 0x2,
            Opcode::Close => 0x8,
            Opcode::Ping => 0x9,
            Opcode::Pong => 0xa,
        }
    }

    /// Tells whether the frame stands for itself, also between the parts of a message.
    #[must_use]
    pub fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// Appends a whole message as one frame. A server gives no mask; a client gives a random one each time.
///
/// The content of a ping or pong has at most [`CONTROL_BYTES_MAX`] bytes; of a longer one the rest is
/// left out, since the other side would close the connection.
pub fn encode(opcode: Opcode, content: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let content = if opcode.is_control() { &content[..content.len().min(CONTROL_BYTES_MAX)] } else { content };
    Header { fin: true, opcode, mask, length: content.len() as u64 }.write(out);
    let start = out.len();
    out.extend_from_slice(content);
    if let Some(mask) = mask {
        apply_mask(&mut out[start..], mask, 0);
    }
}

/// Appends a close frame with its code and a reason for people, of which 123 bytes have room.
pub fn encode_close(code: CloseCode, reason: &str, mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let mut content = code.0.to_be_bytes().to_vec();
    let room = CONTROL_BYTES_MAX - content.len();
    content.extend_from_slice(&reason.as_bytes()[..reason.floor_char_boundary(room)]);
    encode(Opcode::Close, &content, mask, out);
}

/// Masks or unmasks a part of a frame's content; `offset` is how many bytes of it came before.
pub(super) fn apply_mask(part: &mut [u8], mut mask: [u8; 4], offset: usize) {
    mask.rotate_left(offset % 4);
    let (chunks, rest) = part.as_chunks_mut::<4>();
    for chunk in chunks {
        *chunk = (u32::from_ne_bytes(*chunk) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// Why a connection ends, as a number (RFC 6455, 7.4, and the registry that it began).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// All is done.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// The server stops, or the page is left.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// The other side broke the protocol.
    pub const PROTOCOL: CloseCode = CloseCode(1002);
    /// A text was not UTF-8.
    pub const NOT_UTF8: CloseCode = CloseCode(1007);
    /// The other side may not do what it did.
    pub const POLICY: CloseCode = CloseCode(1008);
    /// A message was too large.
    pub const TOO_BIG: CloseCode = CloseCode(1009);
    /// The server failed.
    pub const FAILED: CloseCode = CloseCode(1011);
    /// The server restarts; come again.
    pub const RESTART: CloseCode = CloseCode(1012);
    /// The server cannot go on with this connection now; come again later.
    pub const TRY_AGAIN_LATER: CloseCode = CloseCode(1013);

    /// Tells whether the code may stand in a frame: 1005, 1006 and 1015 are for programs to tell each
    /// other, and what nobody registered is an error.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}
