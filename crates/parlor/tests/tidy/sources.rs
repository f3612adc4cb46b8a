use crate::tree::{expect_none, files, packages, read, rust_files};

/// Longest file without an entry in [`LONG_FILES`], in lines.
const FILE_LINES_MAX: usize = 500;

/// Files that may be longer, with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Marks of unfinished work, in pieces so that this file passes its own check.
const UNFINISHED: [&str; 5] = [
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
    concat!("#[ig", "nore"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

#[test]
fn no_file_is_too_long_to_be_read_in_one_go() {
    let is_long = |path: &str, lines: usize| {
        lines > FILE_LINES_MAX && !LONG_FILES.iter().any(|(exception, _)| *exception == path)
    };
    let findings = rust_files().into_iter().filter_map(|file| {
        let lines = file.text.lines().count();
        is_long(&file.path, lines).then(|| format!("{}: {lines} lines", file.path))
    });
    expect_none(findings, "split the file by what its parts are about, or list it in LONG_FILES with the reason");
}

#[test]
fn an_exception_from_the_length_is_still_needed() {
    let findings = LONG_FILES.iter().filter(|(path, _)| read(path).lines().count() <= FILE_LINES_MAX);
    expect_none(
        findings.map(|(path, _)| (*path).to_owned()),
        "the file is short enough now; take it out of LONG_FILES",
    );
}

#[test]
fn nothing_is_unfinished() {
    expect_none(lines_with(&UNFINISHED), "finish it, or say in an issue what is missing and take the mark out");
}

#[test]
fn no_line_ends_in_white_space() {
    let findings = rust_files().into_iter().flat_map(|file| {
        let lines = file.text.lines().enumerate().filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
        lines.map(|(index, _)| format!("{}:{}", file.path, index + 1)).collect::<Vec<_>>()
    });
    expect_none(findings, "run `cargo fmt`, or take the white space out");
}

#[test]
fn every_crate_opens_with_its_map() {
    let findings = packages().into_iter().filter(|package| package.starts_with("crates/")).filter(|package| {
        let root = if package.ends_with("/parlor") { "main.rs" } else { "lib.rs" };
        let text = read(&format!("{package}/src/{root}"));
        let opening = text.lines().take_while(|line| line.starts_with("//!")).count();
        // One sentence is a title; a map, the invariants and what is absent need more.
        opening < 5
    });
    expect_none(findings, "begin the crate's root file with `//!`: its map, its invariants, what is absent on purpose");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let has_lints = |text: &str| text.contains("[lints]\nworkspace = true");
    // The fuzz targets are a workspace of their own, and their engine's macro is unsafe by its nature.
    let ours = packages().into_iter().filter(|package| package != "fuzz");
    let findings = ours.filter(|package| !has_lints(&read(&format!("{package}/Cargo.toml"))));
    expect_none(findings, "write [lints] workspace = true in its Cargo.toml");
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""), "the workspace lints must forbid unsafe code");
}

#[test]
fn every_limit_says_its_reason() {
    for path in ["crates/core/src/limits.rs", "crates/backend/src/limits.rs"] {
        let text = read(path);
        let lines: Vec<&str> = text.lines().collect();
        let is_bare = |index: usize| {
            let above = lines[..index].iter().rev().find(|line| !line.trim_start().starts_with("#["));
            !above.is_some_and(|line| line.trim_start().starts_with("///"))
        };
        let limits: Vec<usize> = (0..lines.len()).filter(|index| lines[*index].contains("const ")).collect();
        assert!(!limits.is_empty(), "{path} has no limits; the check looks in the wrong place");
        let findings = limits.into_iter().filter(|index| is_bare(*index)).map(|index| format!("{path}:{}", index + 1));
        expect_none(findings, "write above the limit what its unit is and why it is what it is");
    }
}

#[test]
fn html_comes_from_templates_which_escape() {
    let makes_tags = |line: &str| {
        (line.contains("format!(") || line.contains("write!(") || line.contains("push_str(")) && has_tag(line)
    };
    let findings = rust_files().into_iter().filter(|file| file.path.starts_with("crates/doors/src")).flat_map(|file| {
        let lines = file.text.lines().enumerate().filter(|(_, line)| makes_tags(line));
        lines.map(|(index, line)| format!("{}:{}: {}", file.path, index + 1, line.trim())).collect::<Vec<_>>()
    });
    expect_none(findings, "render HTML with a template: it escapes what people wrote, a format string does not");
    let unescaped = files().into_iter().filter(|file| file.path.ends_with(".html") && file.text.contains("|safe"));
    expect_none(unescaped.map(|file| file.path), "take `|safe` out of the template, so that it escapes");
}

/// Whether an HTML tag stands in the line: `<` and a letter or `/`, inside a string.
fn has_tag(line: &str) -> bool {
    let quoted = line.split('"').skip(1).step_by(2);
    quoted.into_iter().any(|text| {
        text.match_indices('<').any(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_lowercase() || c == '/'))
    })
}

#[test]
fn a_tag_is_known_by_what_follows_the_bracket() {
    let cases = [
        (r#"format!("<b>{name}</b>")"#, true),
        (r#"page.push_str("</p>")"#, true),
        (r#"format!("{a} < {b}")"#, false),
        (r#"write!(f, "<{address}>")"#, false),
        (r#"let x: Vec<u8> = format!("x")"#, false),
    ];
    for (line, expected) in cases {
        assert_eq!(has_tag(line), expected, "{line}");
    }
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    // Where users' and build directories lie on the usual systems; in pieces, as above.
    let places = [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/"), concat!("/workspa", "ce/")];
    let findings = files().into_iter().filter(|file| !is_foreign(&file.path)).flat_map(|file| {
        let bad =
            |line: &str| places.iter().any(|place| line.match_indices(place).any(|(at, _)| begins_path(line, at)));
        let lines = file.text.lines().enumerate().filter(|(_, line)| bad(line));
        lines.map(|(index, _)| format!("{}:{}", file.path, index + 1)).collect::<Vec<_>>()
    });
    expect_none(findings, "write the path relative to the repository, or take it from an argument");
}

/// A path begins where nothing of a name or a longer path comes before.
fn begins_path(line: &str, at: usize) -> bool {
    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~/$}".contains(c))
}

/// Written by tools from what is elsewhere.
fn is_foreign(path: &str) -> bool {
    path.ends_with(".lock") || path.ends_with("package-lock.json")
}

fn lines_with(marks: &[&str]) -> Vec<String> {
    let files = files().into_iter().filter(|file| !is_foreign(&file.path));
    files
        .flat_map(|file| {
            let lines = file.text.lines().enumerate().filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
            lines.map(|(index, line)| format!("{}:{}: {}", file.path, index + 1, line.trim())).collect::<Vec<_>>()
        })
        .collect()
}
