//! S-expressions: what programs of Lisp families read and write as data (protocols/chaton.md).
//!
//! Written is what the readers of Gauche, Guile and Emacs Lisp all read as the same value:
//!
//! | in a string | is written |
//! |---|---|
//! | `"` and `\` | `\"` and `\\` |
//! | line feed, tab, carriage return | `\n`, `\t`, `\r` |
//! | every other control character (C0, DEL, C1) | `\u` and four hexadecimal digits |
//! | all else | as it is, in UTF-8 |
//!
//! So a value never takes more than one line, and no control character reaches a terminal. The escape is
//! `\u001b`, because `\x1b;` means something else to Emacs, and Gauche wants the semicolon.
//!
//! Read is also what others write: `\a` `\b` `\f` `\v` `\e` `\0`, `\x1b;` (R7RS), `\x1b` without a semicolon (older
//! Gauche: two digits), `\uHHHH`, `\UHHHHHHHH`, a line that goes on behind `\`, and every other
//! character behind `\` as itself; symbols between bars; `;` comments; `#t` and `#f`.
//!
//! Absent on purpose: fractions, characters, vectors, quotes and every other syntax of a reader (`#;`, `#|`, `'`): data has none.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Limits, SexprError};
pub use write::{write_string, write_symbol};

/// One S-expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text between double quotes.
    String(String),
    /// A whole number.
    Integer(i64),
    /// `#t` or `#f`.
    Boolean(bool),
    /// A name such as `post-uri`; upper and lower case differ.
    Symbol(String),
    /// `(a b c)`, or `()`.
    List(Vec<Value>),
    /// `(a b . c)`: at least one value before the dot, one after it.
    ///
    /// What is read never has a list after the dot, since `(a . (b c))` is `(a b c)`; what is written may have one.
    Dotted(Vec<Value>, Box<Value>),
}

impl Value {
    /// Reads the one value that a text holds, with white space and comments around it.
    ///
    /// # Errors
    /// [`SexprError`], with the place, also where a second value follows.
    pub fn parse(text: &[u8], limits: Limits) -> Result<Value, SexprError> {
        read::parse(text, limits)
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The values in it, if this is a proper list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Takes an association list apart: `((key . value) ...)` with symbols as keys, in their order.
    ///
    /// `(key a b)` is the same as `(key . (a b))`, so its value is the list of `a` and `b`. Of two equal keys the
    /// first one counts, to Lisp programs. `None` if this is no such list.
    #[must_use]
    pub fn into_pairs(self) -> Option<Vec<(String, Value)>> {
        let Value::List(items) = self else {
            return None;
        };
        items.into_iter().map(into_pair).collect()
    }
}

fn into_pair(pair: Value) -> Option<(String, Value)> {
    let (mut items, tail) = match pair {
        Value::List(items) => (items, None),
        Value::Dotted(items, tail) => (items, Some(tail)),
        _ => return None,
    };
    if items.is_empty() {
        return None;
    }
    let Value::Symbol(key) = items.remove(0) else {
        return None;
    };
    let value = match tail {
        None => Value::List(items),
        Some(tail) if items.is_empty() => *tail,
        Some(tail) => Value::Dotted(items, tail),
    };
    Some((key, value))
}
