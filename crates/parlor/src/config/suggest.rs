//! "Did you mean": the key that was probably meant by one that does not exist.

use super::KEYS;
use super::environment::CONFIG_VARIABLE;

/// Below this similarity (0 to 1) a suggestion would puzzle more than help.
const LIKENESS_MIN: f64 = 0.6;

/// The sentence for a key of the file that does not exist.
pub(super) fn unknown_key(name: &str) -> String {
    let all = KEYS.iter().map(|key| key.name).chain(sections().filter(|_| !name.contains('.')));
    match nearest(name, all) {
        Some(meant) => format!("there is no key {name}; did you mean {meant}?"),
        None => format!("there is no key {name}; `parlor config show` lists all keys"),
    }
}

/// The sentence for a variable that does not exist.
pub(super) fn unknown_variable(name: &str) -> String {
    let mut all: Vec<String> = KEYS.iter().map(super::Key::variable).collect();
    all.push(CONFIG_VARIABLE.to_owned());
    match nearest(name, all.iter().map(String::as_str)) {
        Some(meant) => format!("there is no such variable; did you mean {meant}?"),
        None => "there is no such variable; `parlor config show` lists all keys".to_owned(),
    }
}

/// The names before the dots of the keys, each once.
pub(super) fn sections() -> impl Iterator<Item = &'static str> {
    let mut seen: Vec<&'static str> = Vec::new();
    for key in KEYS {
        if let Some((section, _)) = key.name.split_once('.')
            && !seen.contains(&section)
        {
            seen.push(section);
        }
    }
    seen.into_iter()
}

/// A key in the wrong section counts by its last part too: people forget the section's line.
fn nearest<'a>(typed: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    all.map(|name| (likeness(typed, name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

fn likeness(typed: &str, name: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(typed, name);
    let last = strsim::normalized_damerau_levenshtein(last_part(typed), last_part(name));
    // A little less, so that the right section wins where both have such a key.
    whole.max(last * 0.95)
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
