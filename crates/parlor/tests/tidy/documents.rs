use std::path::{Component, Path, PathBuf};
use std::process::Command;

use crate::tree::{expect_none, files, read};

#[test]
fn every_key_of_the_configuration_is_documented() {
    let home = tempfile::tempdir().unwrap();
    let mut show = Command::new(env!("CARGO_BIN_EXE_parlor"));
    let shown = show.args(["config", "show"]).env_clear().env("HOME", home.path()).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let keys: Vec<&str> = shown
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key)
        .collect();
    assert!(keys.len() > 10, "`parlor config show` lists the keys: {shown}");
    let document = read("docs/configuration.md");
    let findings = keys.iter().filter(|key| !document.contains(&format!("| `{key}` |")));
    expect_none(findings.map(ToString::to_string), "add a line for the key to the table in docs/configuration.md");

    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(key, _)| key);
    let gone = rows.filter(|key| !keys.contains(key)).map(str::to_owned);
    expect_none(gone, "docs/configuration.md has a line for a key that there is not; take it out");
}

#[test]
fn every_document_can_be_found_from_the_readme() {
    let files = files();
    let mut found = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned()];
    let mut next = 0;
    while next < found.len() {
        let from = found[next].clone();
        for target in links(&from, &read(&from)) {
            if target.ends_with(".md") && !found.contains(&target) && files.iter().any(|file| file.path == target) {
                found.push(target);
            }
        }
        next += 1;
    }
    let documents = files.iter().filter(|file| file.path.starts_with("docs/") && file.path.ends_with(".md"));
    let lost = documents.filter(|file| !found.contains(&file.path)).map(|file| file.path.clone());
    expect_none(lost, "link it from README.md, ARCHITECTURE.md or a document that can be found from there");
}

#[test]
fn every_link_leads_to_a_file() {
    let root = crate::tree::root();
    let documents = files().into_iter().filter(|file| file.path.ends_with(".md"));
    let dead = documents.flat_map(|file| {
        let targets = links(&file.path, &file.text).into_iter().filter(|target| !root.join(target).exists());
        targets.map(|target| format!("{}: {target}", file.path)).collect::<Vec<_>>()
    });
    expect_none(dead, "mend the link, or write the file");
}

#[test]
fn every_make_command_of_the_documents_exists() {
    let makefile = read("Makefile");
    let targets: Vec<&str> =
        makefile.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim()).collect();
    let documents = ["README.md", "CONTRIBUTING.md"].map(|path| (path, read(path)));
    let findings = documents.iter().flat_map(|(path, text)| {
        let named =
            commands(text).filter(|name| !targets.iter().any(|target| target.split_whitespace().any(|t| t == *name)));
        named.map(move |name| format!("{path}: make {name}")).collect::<Vec<_>>()
    });
    expect_none(findings, "add the target to the Makefile, or take the command out of the document");
    assert!(commands(&documents[0].1).any(|name| name == "run"), "README.md shows `make run`");
}

/// The targets of `make TARGET` in code: at the start of a line or after a back quote.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let after = text.match_indices("make ").filter(|(at, _)| {
        let before = &text[..*at];
        before.is_empty() || before.ends_with(['\n', '`']) || before.ends_with("$ ") || before.ends_with("    ")
    });
    after
        .map(|(at, found)| {
            text[at + found.len()..].split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap_or("")
        })
        .filter(|name| !name.is_empty())
}

/// The files that a document links to, from the root of the repository.
fn links(document: &str, text: &str) -> Vec<String> {
    let folder = Path::new(document).parent().unwrap_or(Path::new(""));
    text.match_indices("](")
        .filter_map(|(at, _)| text[at + 2..].split(')').next())
        .map(|target| target.split('#').next().unwrap_or(target))
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .map(|target| plain(&folder.join(target)))
        .collect()
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(part) => plain.push(part),
            _ => {}
        }
    }
    plain.display().to_string()
}
