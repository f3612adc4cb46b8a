use crate::tree::{expect_none, files, rust_files};

/// Names that say nothing about what is behind them (house rule 3), in pieces so that this file passes its own check.
const EMPTY_NAMES: [&str; 3] = [concat!("Mana", "ger"), concat!("Hel", "per"), concat!("Ut", "il")];

/// File and directory names of the same kind.
const EMPTY_FILES: [&str; 6] = ["common", "utils", "util", "misc", "helpers", "helper"];

#[test]
fn types_are_called_what_they_are() {
    let findings = rust_files().into_iter().flat_map(|file| {
        let named = |line: &str| {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| !["struct", "enum", "trait", "type", "mod", "fn"].contains(word));
            words.nth(1).is_some_and(|name| EMPTY_NAMES.iter().any(|empty| name.contains(empty)))
        };
        let lines = file.text.lines().enumerate().filter(|(_, line)| named(line));
        lines.map(|(index, line)| format!("{}:{}: {}", file.path, index + 1, line.trim())).collect::<Vec<_>>()
    });
    expect_none(findings, "name the thing by what it is in the domain, not by what it is to its author");
}

#[test]
fn files_are_called_what_they_hold() {
    let is_empty = |path: &str| {
        let names = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        names.into_iter().any(|name| EMPTY_FILES.contains(&name))
    };
    let findings = files().into_iter().map(|file| file.path).filter(|path| is_empty(path));
    expect_none(findings, "move each item to the file of the thing that it is about");
}
