//! From values to text.

use std::fmt;

use super::Value;
use super::read::looks_like_number;

/// Appends a string with its quotes and escapes; see the table of [`crate::sexpr`].
pub fn write_string(text: &str, out: &mut String) {
    quoted(text, '"', out).expect("writing to a String does not fail");
}

/// Appends a symbol; between bars where it holds what plain symbols do not, or reads as a number.
pub fn write_symbol(name: &str, out: &mut String) {
    symbol(name, out).expect("writing to a String does not fail");
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::String(text) => quoted(text, '"', f),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Boolean(true) => f.write_str("#t"),
            Value::Boolean(false) => f.write_str("#f"),
            Value::Symbol(name) => symbol(name, f),
            Value::List(values) => {
                f.write_str("(")?;
                items(values, f)?;
                f.write_str(")")
            }
            Value::Dotted(values, tail) => {
                f.write_str("(")?;
                items(values, f)?;
                write!(f, " . {tail})")
            }
        }
    }
}

fn items(values: &[Value], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            f.write_str(" ")?;
        }
        write!(f, "{value}")?;
    }
    Ok(())
}

fn symbol(name: &str, out: &mut impl fmt::Write) -> fmt::Result {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!$%&*/:<=>?@^_~+.-".contains(&byte);
    if !name.is_empty() && name != "." && name.bytes().all(is_plain) && !looks_like_number(name) {
        return out.write_str(name);
    }
    quoted(name, '|', out)
}

fn quoted(text: &str, quote: char, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_char(quote)?;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == quote || c == '\\' || c.is_control()) {
        out.write_str(&rest[..at])?;
        let special = rest[at..].chars().next().expect("one was found there");
        match special {
            '\n' => out.write_str("\\n"),
            '\t' => out.write_str("\\t"),
            '\r' => out.write_str("\\r"),
            control if control.is_control() => write!(out, "\\u{:04x}", u32::from(control)),
            other => write!(out, "\\{other}"),
        }?;
        rest = &rest[at + special.len_utf8()..];
    }
    out.write_str(rest)?;
    out.write_char(quote)
}
