use std::collections::BTreeSet;

use toml_edit::{Document, Item};

use crate::tree::{expect_none, packages, read};

/// Who may import whom: the house of ARCHITECTURE.md. Tests may reach further, but never up.
const MAY_IMPORT: [(&str, &[&str]); 7] = [
    ("crates/wire", &[]),
    ("crates/core", &[]),
    ("crates/backend", &["parlor-core"]),
    ("crates/doors", &["parlor-core", "parlor-wire"]),
    ("crates/client", &["parlor-wire"]),
    ("crates/parlor", &["parlor-core", "parlor-backend", "parlor-doors", "parlor-client"]),
    ("bench", &["parlor-core", "parlor-backend", "parlor-doors", "parlor-client", "parlor-wire"]),
];

/// What would break the boundary that a crate protects.
const MAY_NOT_USE: [(&str, &[&str]); 3] = [
    ("crates/wire", &["tokio", "hyper", "axum", "rusqlite", "rand", "getrandom"]),
    ("crates/core", &["serde", "serde_json", "axum", "hyper", "rusqlite", "getrandom"]),
    ("crates/client", &["axum", "rusqlite"]),
];

#[test]
fn crates_import_only_what_is_below_them() {
    let findings = MAY_IMPORT.iter().flat_map(|(package, allowed)| {
        let ours = dependencies(package, "dependencies").into_iter().filter(|name| name.starts_with("parlor"));
        ours.filter(|name| !allowed.contains(&name.as_str())).map(move |name| format!("{package} imports {name}"))
    });
    expect_none(findings, "move what is needed to the crate that owns it; the directions are in ARCHITECTURE.md");
}

#[test]
fn crates_stay_free_of_what_they_protect_the_rest_from() {
    let findings = MAY_NOT_USE.iter().flat_map(|(package, forbidden)| {
        let used = dependencies(package, "dependencies").into_iter();
        used.filter(|name| forbidden.contains(&name.as_str())).map(move |name| format!("{package} uses {name}"))
    });
    expect_none(findings, "do this in a crate whose task it is; the boundaries are in ARCHITECTURE.md");
}

#[test]
fn every_package_has_its_place_in_the_house() {
    let known: BTreeSet<&str> = MAY_IMPORT.iter().map(|(package, _)| *package).collect();
    // Fuzz targets are a workspace of their own, for another compiler.
    let findings = packages()
        .into_iter()
        .filter(|package| !known.contains(package.as_str()) && package != "fuzz" && package != "bench/websockets");
    expect_none(findings, "say in MAY_IMPORT what the new package may import, and in ARCHITECTURE.md what it protects");
}

#[test]
fn every_version_stands_once_in_the_workspace() {
    let findings = MAY_IMPORT.iter().flat_map(|(package, _)| {
        let manifest = manifest(package);
        let mut own = Vec::new();
        for table in ["dependencies", "dev-dependencies"] {
            for (name, item) in
                manifest.get(table).and_then(Item::as_table_like).into_iter().flat_map(|table| table.iter())
            {
                let shared = item.as_table_like().and_then(|table| table.get("workspace")).and_then(Item::as_bool);
                if shared != Some(true) {
                    own.push(format!("{package}: {name}"));
                }
            }
        }
        own
    });
    expect_none(findings, "write the version in [workspace.dependencies] and `workspace = true` here");
}

fn manifest(package: &str) -> Item {
    let path = format!("{package}/Cargo.toml");
    let text = read(&path);
    Document::parse(text).unwrap_or_else(|error| panic!("{path}: {error}")).into_item()
}

fn dependencies(package: &str, table: &str) -> Vec<String> {
    let manifest = manifest(package);
    let table = manifest.get(table).and_then(Item::as_table_like);
    table.into_iter().flat_map(|table| table.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()).collect()
}
