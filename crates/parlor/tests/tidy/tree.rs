//! The files of the repository: those that git tracks, and new ones that it does not ignore.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file, with its path from the root of the repository.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("the package lies in crates/parlor").to_owned()
}

/// Every text file, sorted by path. Files that are not UTF-8 are pictures and seeds of fuzzers, not sources.
pub(crate) fn files() -> Vec<Source> {
    let listed = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("git is installed: tidy asks it which files belong to the repository");
    assert!(listed.status.success(), "git cannot list the files: {}", String::from_utf8_lossy(&listed.stderr));
    let mut paths: Vec<String> = String::from_utf8(listed.stdout)
        .expect("file names are UTF-8")
        .split_terminator('\0')
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    let files: Vec<Source> = paths
        .into_iter()
        .filter_map(|path| Some(Source { text: std::fs::read_to_string(root().join(&path)).ok()?, path }))
        .collect();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "the list of files is not the repository's");
    files
}

/// Every Rust file.
pub(crate) fn rust_files() -> Vec<Source> {
    let mut files = files();
    files.retain(|file| file.path.ends_with(".rs"));
    files
}

/// A file that must be there.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} is missing ({error}); write it"))
}

/// The directories of all packages of the workspace, for example `crates/core`.
pub(crate) fn packages() -> Vec<String> {
    files().iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml")).map(str::to_owned).collect()
}

/// Fails with the advice and every finding, unless there is none.
#[track_caller]
pub(crate) fn expect_none(findings: impl IntoIterator<Item = String>, advice: &str) {
    let findings: Vec<String> = findings.into_iter().collect();
    assert!(findings.is_empty(), "{advice}:\n  {}", findings.join("\n  "));
}
