//! Walks the table of doors: a door without its document or its fuzz targets is not finished.

use std::path::Path;

use parlor_doors::DOORS;

#[test]
fn every_door_has_a_document_and_fuzz_targets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for door in DOORS {
        let document = root.join(format!("docs/doors/{}.md", door.name));
        assert!(document.is_file(), "the door {} needs its document, {}", door.name, document.display());
        let targets = root.join(format!("fuzz/src/{}.rs", door.name.replace('-', "_")));
        assert!(targets.is_file(), "the door {} needs fuzz targets, {}", door.name, targets.display());
        let readme = std::fs::read_to_string(root.join("README.md")).expect("the README can be read");
        let link = format!("docs/doors/{}.md", door.name);
        assert!(readme.contains(&link), "the README should link to {link}");
    }
}

#[test]
fn door_names_are_unique() {
    let mut names: Vec<_> = DOORS.iter().map(|door| door.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DOORS.len());
}
