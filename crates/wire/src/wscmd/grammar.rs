use super::{NAME_BYTES_MAX, NUMBER_MAX, Secret};

/// What the length of a string counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counting {
    /// UTF-16 code units, as browsers count.
    #[default]
    Utf16,
    /// Bytes of UTF-8, as most others count.
    Utf8,
}

impl Counting {
    fn length(self, text: &str) -> usize {
        match self {
            Counting::Utf16 if !text.is_ascii() => text.encode_utf16().count(),
            Counting::Utf16 | Counting::Utf8 => text.len(),
        }
    }

    /// Splits after so many units; `None` if there are fewer or if that is inside a character.
    fn split(self, text: &str, length: usize) -> Option<(&str, &str)> {
        let as_bytes = text.split_at_checked(length);
        if self == Counting::Utf8 || as_bytes.is_some_and(|(front, _)| front.is_ascii()) {
            return as_bytes;
        }
        let mut units = 0;
        let mut ends = text.char_indices().map(|(at, c)| (at + c.len_utf8(), c.len_utf16()));
        while units < length {
            let (end, more) = ends.next()?;
            units += more;
            if units == length {
                return Some(text.split_at(end));
            }
        }
        (length == 0).then_some(("", text))
    }
}

/// What is wrong with a text that should be a command or a message. Each prints as a clause for people;
/// parameters are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More than [`super::COMMAND_BYTES_MAX`].
    #[error("a command may have 65536 bytes at most")]
    TooLong,
    /// No name and parenthesis at the front.
    #[error("a command is written name(parameters), such as nop()")]
    NoName,
    /// A name that the protocol does not have.
    #[error("there is no command {0}")]
    Unknown(String),
    /// Something other than digits where a number should be.
    #[error("parameter {0} must be a number, written with the digits 0 to 9 alone")]
    NotNumber(usize),
    /// More than [`NUMBER_MAX`].
    #[error("parameter {0} is too large; the largest number is 9223372036854775807")]
    TooLarge(usize),
    /// No length and comma where a string should be.
    #[error("parameter {0} must be a text: its length, a comma, the text itself")]
    NotText(usize),
    /// A string whose length reaches beyond the end or into a character.
    #[error("parameter {0} is a text of another length than the number before it says")]
    WrongLength(usize),
    /// A number that neither a comma nor the end follows.
    #[error("a comma is missing before parameter {0}")]
    NoComma(usize),
    /// The end came before the last parameter.
    #[error("parameter {0} is missing")]
    TooFew(usize),
    /// The text ends before its closing parenthesis.
    #[error("the closing parenthesis is missing")]
    Unclosed,
    /// Something else than the end follows the last parameter.
    #[error("more follows the last parameter; perhaps a text is longer than its length says")]
    TooMuch,
    /// Something follows the closing parenthesis.
    #[error("one message carries one command, and nothing may follow its closing parenthesis")]
    Trailing,
}

/// Walks over the parameters of one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a str,
    counting: Counting,
    /// The number of the parameter that was read last.
    parameter: usize,
    after_number: bool,
}

impl<'a> Reader<'a> {
    /// Takes the name off the front.
    pub(super) fn new(text: &'a str, counting: Counting) -> Result<(&'a str, Reader<'a>), Problem> {
        let end = text.bytes().take(NAME_BYTES_MAX + 1).position(|byte| byte == b'(').ok_or(Problem::NoName)?;
        let name = &text[..end];
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Problem::NoName);
        }
        Ok((name, Reader { rest: &text[end + 1..], counting, parameter: 0, after_number: false }))
    }

    pub(super) fn parameter<T: Parameter<'a>>(&mut self) -> Result<T, Problem> {
        T::read(self)
    }

    /// Whether only the closing parenthesis follows, after a comma or without one.
    pub(super) fn is_at_end(&self) -> bool {
        matches!(self.rest, ")" | ",)")
    }

    /// Whether the number that was read last really ends here: it was not cut off, and no letter follows.
    pub(super) fn is_after_number(&self) -> bool {
        self.after_number && self.rest.starts_with([',', ')'])
    }

    pub(super) fn end(&self) -> Result<(), Problem> {
        if self.is_at_end() {
            return Ok(());
        }
        Err(match self.rest.as_bytes().first() {
            None => Problem::Unclosed,
            Some(b')') => Problem::Trailing,
            Some(_) => Problem::TooMuch,
        })
    }

    pub(super) fn number(&mut self) -> Result<u64, Problem> {
        self.begin()?;
        let number = self.digits(Problem::NotNumber)?;
        self.after_number = true;
        Ok(number)
    }

    fn text(&mut self) -> Result<&'a str, Problem> {
        self.begin()?;
        let length = self.digits(Problem::NotText)?;
        self.rest = self.rest.strip_prefix(',').ok_or(Problem::NotText(self.parameter))?;
        let split = usize::try_from(length).ok().and_then(|length| self.counting.split(self.rest, length));
        let (text, rest) = split.ok_or(Problem::WrongLength(self.parameter))?;
        self.rest = rest;
        self.after_number = false;
        Ok(text)
    }

    fn begin(&mut self) -> Result<(), Problem> {
        self.parameter += 1;
        if self.rest.is_empty() {
            return Err(Problem::Unclosed);
        }
        if self.rest.starts_with(')') || self.is_at_end() {
            return Err(Problem::TooFew(self.parameter));
        }
        if self.after_number {
            self.rest = self.rest.strip_prefix(',').ok_or(Problem::NoComma(self.parameter))?;
        }
        Ok(())
    }

    fn digits(&mut self, missing: fn(usize) -> Problem) -> Result<u64, Problem> {
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        if digits.is_empty() {
            return Err(missing(self.parameter));
        }
        self.rest = rest;
        // Digits alone can only fail to parse by overflow.
        let number = digits.parse().ok().filter(|number| *number <= NUMBER_MAX);
        number.ok_or(Problem::TooLarge(self.parameter))
    }
}

/// Appends one text: its name, its parameters, its end.
#[derive(Debug)]
pub(super) struct Writer<'o> {
    out: &'o mut String,
    counting: Counting,
    after_number: bool,
}

impl<'o> Writer<'o> {
    pub(super) fn new(name: &str, counting: Counting, out: &'o mut String) -> Self {
        out.push_str(name);
        out.push('(');
        Writer { out, counting, after_number: false }
    }

    pub(super) fn end(self) {
        self.out.push(')');
    }

    fn number(&mut self, number: u64) {
        self.begin();
        self.digits(number);
        self.after_number = true;
    }

    fn text(&mut self, text: &str) {
        self.begin();
        self.digits(self.counting.length(text) as u64);
        self.out.push(',');
        self.out.push_str(text);
        self.after_number = false;
    }

    fn begin(&mut self) {
        if self.after_number {
            self.out.push(',');
        }
    }

    fn digits(&mut self, number: u64) {
        use std::fmt::Write as _;
        write!(self.out, "{number}").expect("writing to a String does not fail");
    }
}

/// What can stand between the parentheses.
pub(super) trait Parameter<'a>: Sized {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Problem>;
    fn write(&self, writer: &mut Writer<'_>);
}

impl Parameter<'_> for u64 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Problem> {
        reader.number()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.number(*self);
    }
}

/// Yes or no: 0 is no, every other number yes.
impl Parameter<'_> for bool {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Problem> {
        Ok(reader.number()? != 0)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(*self));
    }
}

/// A number that may be absent at the end.
impl Parameter<'_> for Option<u64> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Problem> {
        if reader.is_at_end() { Ok(None) } else { reader.number().map(Some) }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        if let Some(number) = self {
            writer.number(*number);
        }
    }
}

impl<'a> Parameter<'a> for &'a str {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Problem> {
        reader.text()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.text(self);
    }
}

impl<'a> Parameter<'a> for Secret<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Problem> {
        reader.text().map(Secret)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.text(self.0);
    }
}

/// A list: its items one after the other, up to the end.
impl<'a, T: Parameter<'a>> Parameter<'a> for Vec<T> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Problem> {
        let mut items = Vec::new();
        while !reader.is_at_end() {
            items.push(T::read(reader)?);
        }
        Ok(items)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        for item in self {
            item.write(writer);
        }
    }
}

/// Makes an enum of texts from their names and parameters, so that reading and writing cannot disagree.
macro_rules! texts {
    ($(#[$meta:meta])* pub enum $Texts:ident<$life:lifetime> {
        $($(#[$doc:meta])* $Text:ident $name:literal { $($parameter:ident: $Type:ty),* })*
    }) => {
        $(#[$meta])*
        pub enum $Texts<$life> { $($(#[$doc])* $Text { $($parameter: $Type),* },)* }

        impl<$life> $Texts<$life> {
            /// The word before the parenthesis.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$Text { .. } => $name,)* }
            }

            /// Appends the text to `out`.
            pub fn write(&self, counting: Counting, out: &mut String) {
                #[allow(unused_mut, reason = "a text without parameters writes none")]
                let mut writer = Writer::new(self.name(), counting, out);
                match self { $(Self::$Text { $($parameter),* } => { $(Parameter::write($parameter, &mut writer);)* })* }
                writer.end();
            }

            /// The text of that name, with its parameters and its end.
            fn read_named(name: &str, reader: &mut Reader<$life>) -> Result<Self, Problem> {
                let text = match name {
                    $($name => Self::$Text { $($parameter: reader.parameter()?),* },)*
                    _ => return Err(Problem::Unknown(name.to_owned())),
                };
                reader.end()?;
                Ok(text)
            }

            /// The names of the parameters of the text of that name.
            #[allow(dead_code, reason = "only commands explain how they are written")]
            fn parameters(name: &str) -> Option<&'static [&'static str]> {
                match name {
                    $($name => Some(&[$(stringify!($parameter)),*]),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use texts;
