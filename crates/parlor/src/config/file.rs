//! Reading the TOML file, so that every mistake is found with its line and column.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Document, Item, TableLike, Value};

use super::kind::Given;
use super::{Draft, KEYS, Origin, suggest};

/// Reads every key of the file into `draft`; what is wrong becomes a problem there.
pub(super) fn read(path: &Path, draft: &mut Draft) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            // There is no place in a file that is not there.
            draft.complain(Origin::WholeFile(path.to_owned()), format!("cannot read the configuration: {error}"));
            return;
        }
    };
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let origin = Text { path, text: &good }.at(Some(good.len()..good.len()));
            draft.complain(origin, "the file is not UTF-8 here; save it as UTF-8".to_owned());
            return;
        }
    };
    let text = Text { path, text };
    match Document::parse(text.text) {
        Ok(document) => table(document.as_table(), "", &text, draft),
        Err(error) => {
            let sentence = format!("this is not TOML: {}", error.message().replace('\n', ", "));
            draft.complain(text.at(error.span()), sentence);
        }
    }
}

/// The file's text with its name, to turn offsets into places.
struct Text<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Text<'_> {
    fn at(&self, span: Option<Range<usize>>) -> Origin {
        let offset = span.map_or(0, |span| span.start);
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

fn table(table: &dyn TableLike, prefix: &str, text: &Text<'_>, draft: &mut Draft) {
    for (name, item) in table.iter() {
        let full = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        if KEYS.iter().any(|key| key.name == full) {
            draft.set(&full, &given(item), text.at(span));
        } else if !is_section(&full) {
            draft.complain(text.at(span), suggest::unknown_key(&full));
        } else if let Some(inner) = item.as_table_like() {
            self::table(inner, &full, text, draft);
        } else {
            let sentence = format!("{full} is a section; write [{full}] on a line of its own and its keys below it");
            draft.complain(text.at(span), sentence);
        }
    }
}

fn is_section(name: &str) -> bool {
    suggest::sections().any(|section| section == name)
}

fn given(item: &Item) -> Given {
    match item {
        Item::Value(Value::String(text)) => Given::Text(text.value().clone()),
        Item::Value(Value::Integer(number)) => Given::Integer(*number.value()),
        Item::Value(Value::Float(_)) => Given::Other("a number with a fraction"),
        Item::Value(Value::Boolean(truth)) => Given::Truth(*truth.value()),
        Item::Value(Value::Datetime(_)) => Given::Other("a date"),
        Item::Value(Value::Array(array)) => array
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .map_or(Given::Other("a list with something else than texts"), Given::List),
        _ => Given::Other("a table"),
    }
}
