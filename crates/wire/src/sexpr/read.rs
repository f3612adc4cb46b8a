//! From text to values.

use super::Value;

/// How much one S-expression may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of the text.
    pub bytes_max: usize,
    /// The most parentheses that may be open at once. It is a byte so that no setting exhausts the stack.
    pub depth_max: u8,
    /// The most values, lists and what is in them counted alike.
    pub values_max: usize,
}

impl Limits {
    /// For what a stranger sends, and for one line of an archive.
    pub const SMALL: Limits = Limits { bytes_max: 65_536, depth_max: 32, values_max: 4_096 };
    /// For what a server answers: many messages at once.
    pub const ANSWER: Limits = Limits { bytes_max: 16 << 20, depth_max: 32, values_max: 1 << 20 };
}

/// Why a text is no S-expression. Offsets count bytes from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SexprError {
    /// More than [`Limits::bytes_max`].
    #[error("the S-expression is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// More than [`Limits::depth_max`] parentheses are open.
    #[error("more than {depth_max} parentheses are open at byte {at}")]
    TooDeep {
        /// Where the parenthesis stands that is too many.
        at: usize,
        /// The limit.
        depth_max: u8,
    },
    /// More than [`Limits::values_max`].
    #[error("more than {values_max} values at byte {at}")]
    TooMany {
        /// Where the value stands that is too many.
        at: usize,
        /// The limit.
        values_max: usize,
    },
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Where the wrong byte stands.
        at: usize,
    },
    /// Nothing but white space and comments.
    #[error("there is no value")]
    Empty,
    /// A parenthesis, a string or a symbol between bars is not closed.
    #[error("what begins at byte {at} is not closed")]
    Unclosed {
        /// Where it was opened.
        at: usize,
    },
    /// A closing parenthesis too many, a quote, a bracket, a control character: what no value begins with or goes on with.
    #[error("unexpected character at byte {at}")]
    Unexpected {
        /// Where it stands.
        at: usize,
    },
    /// A dot at the front of a list, or not with exactly one value behind it.
    #[error("the dot at byte {at} does not stand before the last value of a list")]
    BadDot {
        /// Where the dot stands.
        at: usize,
    },
    /// An escape that names no character.
    #[error("the escape at byte {at} names no character")]
    BadEscape {
        /// Where its backslash stands.
        at: usize,
    },
    /// A number that is not whole or does not fit 64 bits.
    #[error("the number at byte {at} is not a whole number of 64 bits")]
    BadNumber {
        /// Where it begins.
        at: usize,
    },
    /// Something other than `#t` or `#f` behind `#`.
    #[error("only #t and #f may follow a #, at byte {at}")]
    BadHash {
        /// Where the `#` stands.
        at: usize,
    },
    /// More follows the one value.
    #[error("more follows the value at byte {at}")]
    Trailing {
        /// Where it begins.
        at: usize,
    },
}

pub(super) fn parse(bytes: &[u8], limits: Limits) -> Result<Value, SexprError> {
    if bytes.len() > limits.bytes_max {
        return Err(SexprError::TooLong { bytes_max: limits.bytes_max });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| SexprError::NotUtf8 { at: error.valid_up_to() })?;
    let mut reader = Reader { text, at: 0, limits, values: 0 };
    if reader.skip_blanks().is_none() {
        return Err(SexprError::Empty);
    }
    let value = reader.value(0)?;
    match reader.skip_blanks() {
        None => Ok(value),
        Some(_) => Err(SexprError::Trailing { at: reader.at }),
    }
}

/// Whether readers take a token for a number, or for something that begins like one.
pub(super) fn looks_like_number(token: &str) -> bool {
    let unsigned = token.strip_prefix(['+', '-']).unwrap_or(token);
    let fraction = unsigned.strip_prefix('.').unwrap_or(unsigned);
    fraction.starts_with(|c: char| c.is_ascii_digit())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    limits: Limits,
    values: usize,
}

impl Reader<'_> {
    /// Goes to the next byte that is neither white space nor in a comment; `None` at the end.
    fn skip_blanks(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => self.at += 1,
                b';' => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                other => return Some(other),
            }
        }
    }

    /// The value that begins here, inside of `depth` open parentheses.
    fn value(&mut self, depth: u8) -> Result<Value, SexprError> {
        let at = self.at;
        self.values += 1;
        if self.values > self.limits.values_max {
            return Err(SexprError::TooMany { at, values_max: self.limits.values_max });
        }
        match self.text.as_bytes()[at] {
            b'(' => self.list(depth),
            b'"' => self.quoted('"').map(Value::String),
            b'|' => self.quoted('|').map(Value::Symbol),
            _ => self.token(),
        }
    }

    fn list(&mut self, depth: u8) -> Result<Value, SexprError> {
        let (opened, depth_max) = (self.at, self.limits.depth_max);
        if depth >= depth_max {
            return Err(SexprError::TooDeep { at: opened, depth_max });
        }
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.skip_blanks().ok_or(SexprError::Unclosed { at: opened })? {
                b')' => {
                    self.at += 1;
                    return Ok(Value::List(items));
                }
                b'.' if self.token_text() == "." => return self.tail(items, opened, depth + 1),
                _ => items.push(self.value(depth + 1)?),
            }
        }
    }

    /// What follows the dot of a list, up to and with its closing parenthesis.
    fn tail(&mut self, mut items: Vec<Value>, opened: usize, depth: u8) -> Result<Value, SexprError> {
        let dot = self.at;
        let unclosed = SexprError::Unclosed { at: opened };
        self.at += 1;
        if self.skip_blanks().ok_or(unclosed)? == b')' || items.is_empty() {
            return Err(SexprError::BadDot { at: dot });
        }
        let tail = self.value(depth)?;
        if self.skip_blanks().ok_or(unclosed)? != b')' {
            return Err(SexprError::BadDot { at: dot });
        }
        self.at += 1;
        Ok(match tail {
            Value::List(more) => {
                items.extend(more);
                Value::List(items)
            }
            Value::Dotted(more, last) => {
                items.extend(more);
                Value::Dotted(items, last)
            }
            atom => Value::Dotted(items, Box::new(atom)),
        })
    }

    /// The text up to what ends a symbol or a number.
    fn token_text(&self) -> &str {
        let rest = &self.text[self.at..];
        let end = rest.find([' ', '\t', '\n', '\r', '\x0c', '(', ')', '"', ';']);
        &rest[..end.unwrap_or(rest.len())]
    }

    fn token(&mut self) -> Result<Value, SexprError> {
        let (at, token) = (self.at, self.token_text());
        let end = at + token.len();
        let wrong = |c: char| c.is_control() || c.is_whitespace() || "'`,|\\[]{}".contains(c);
        let value = if token.is_empty() || token == "." {
            return Err(SexprError::Unexpected { at });
        } else if let Some(after) = token.strip_prefix('#') {
            match after {
                "t" | "true" => Value::Boolean(true),
                "f" | "false" => Value::Boolean(false),
                _ => return Err(SexprError::BadHash { at }),
            }
        } else if looks_like_number(token) {
            Value::Integer(token.parse().map_err(|_| SexprError::BadNumber { at })?)
        } else if let Some(offset) = token.find(wrong) {
            return Err(SexprError::Unexpected { at: at + offset });
        } else {
            Value::Symbol(token.to_owned())
        };
        self.at = end;
        Ok(value)
    }

    /// A string or a symbol, from one quote to the next.
    fn quoted(&mut self, quote: char) -> Result<String, SexprError> {
        let opened = self.at;
        self.at += 1;
        let mut content = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find([quote, '\\']).ok_or(SexprError::Unclosed { at: opened })?;
            content.push_str(&rest[..end]);
            self.at += end + 1;
            if rest[end..].starts_with(quote) {
                return Ok(content);
            }
            self.escape(&mut content, opened)?;
        }
    }

    /// What a backslash means; it has been read.
    fn escape(&mut self, content: &mut String, opened: usize) -> Result<(), SexprError> {
        let rest = &self.text[self.at..];
        let escaped = rest.chars().next().ok_or(SexprError::Unclosed { at: opened })?;
        let simple = match escaped {
            'x' | 'u' | 'U' => return self.numeric(escaped, content),
            ' ' | '\t' | '\n' | '\r' if self.skip_line_break() => return Ok(()),
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'f' => '\x0c',
            'a' => '\x07',
            'b' => '\x08',
            'v' => '\x0b',
            'e' => '\x1b',
            '0' => '\0',
            other => other,
        };
        self.at += escaped.len_utf8();
        content.push(simple);
        Ok(())
    }

    /// Skips blanks, a line break and the blanks that indent the next line, if that is what follows.
    fn skip_line_break(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let blanks_end = rest.trim_start_matches([' ', '\t']);
        let Some(next_line) = blanks_end.strip_prefix("\r\n").or_else(|| blanks_end.strip_prefix('\n')) else {
            return false;
        };
        self.at = self.text.len() - next_line.trim_start_matches([' ', '\t']).len();
        true
    }

    /// A character by its number.
    fn numeric(&mut self, kind: char, content: &mut String) -> Result<(), SexprError> {
        let bad = SexprError::BadEscape { at: self.at - 1 };
        let rest = &self.text[self.at + 1..];
        let count = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (digits, taken) = match kind {
            'x' if count > 0 && rest[count..].starts_with(';') => (count, count + 1),
            'x' => (2, 2),
            'u' => (4, 4),
            _ => (8, 8),
        };
        if count < digits {
            return Err(bad);
        }
        let number = u32::from_str_radix(&rest[..digits], 16).map_err(|_| bad)?;
        content.push(char::from_u32(number).ok_or(bad)?);
        self.at += 1 + taken;
        Ok(())
    }
}
