//! Replays every seed of every fuzz target, and mutations of them, without a fuzzing engine.
//!
//! `SEED` sets the seed of the mutations, `MUTATIONS` their count for each target.

#![expect(clippy::disallowed_methods, reason = "a test's own settings come from the environment")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use parlor_fuzz::TARGETS;

const MUTATIONS: u64 = 4_000;
/// Mutated inputs stop growing here; long inputs are the engine's work.
const INPUT_BYTES_MAX: usize = 4_096;
const SEED: u64 = 0x0070_6172_6c6f_7221;

/// Pieces that parsers stumble over, inserted whole.
const PIECES: &[&[u8]] = &[
    b"%",
    b"%00",
    b"%ff",
    b"%C3%BC",
    b"=",
    b"&",
    b"+",
    b"UTF-8''",
    b"utf-8'en'",
    b"'",
    b"\"",
    b"\\",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"null",
    b"-",
    b"0",
    b"1e3",
    b"18446744073709551616",
    b"\r\n",
    b"\x00",
    b"\x1b[2J",
    b"\xff",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x91\x8d",
    b" ",
    b":",
    b"/",
    b"..",
    b";",
    b",",
    b"(",
    b")",
    b"0,",
    b"send(",
    b"\xe2\x81\xa7",
    b"\xe2\x81\xa9",
    b"\x00\x00\x00\x00\x00\x00\x00\x01",
    b"\x00\x00\x00\x00\x00\x00\x10\x01",
    b"\x81\x80\x00\x00\x00\x00",
    b"\x89\x80\x00\x00\x00\x00",
    b"\n",
    b"\n\n",
    b"\r",
    b"\x16",
    b" CHAT/1.0\n",
    b"SEND a CHAT/1.0\n\n",
    b"Content-Length: 3\n",
    b"content-length:",
];

#[test]
fn seeds_and_their_mutations_satisfy_every_target() {
    let setting = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (seed, mutations) = (setting("SEED", SEED), setting("MUTATIONS", MUTATIONS));
    for target in TARGETS {
        let seeds = seeds(target.name);
        for (path, input) in &seeds {
            run(target, input, &path.display().to_string());
        }
        let mut random = Random(seed);
        for round in 0..mutations {
            let (path, input) = &seeds[random.below(seeds.len())];
            let mut input = input.clone();
            for _ in 0..=random.below(4) {
                let other = &seeds[random.below(seeds.len())].1;
                mutate(&mut input, other, &mut random);
            }
            input.truncate(INPUT_BYTES_MAX);
            run(target, &input, &format!("mutation {round} of {}, SEED={seed}", path.display()));
        }
    }
}

#[test]
fn every_target_has_a_binary_and_seeds_and_nothing_else_has() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(listed.len(), TARGETS.len(), "no name stands twice in TARGETS");
    let stems = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(stems("fuzz_targets"), listed);
    assert_eq!(stems("seeds"), listed);
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for name in &listed {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no [[bin]]");
        let source = std::fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("parlor_fuzz::{name}(data)")), "{name} runs something else");
    }
}

fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The folder's own order differs between machines; a printed seed must mean the same on all.
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no seed", folder.display());
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn run(target: &parlor_fuzz::Target, input: &[u8], origin: &str) {
    if catch_unwind(|| (target.run)(input)).is_err() {
        panic!("{} fails on {origin}: {:?}", target.name, input.escape_ascii().to_string());
    }
}

fn mutate(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(7) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = random.byte(),
        2 => input.insert(at, random.byte()),
        3 => {
            let to = at + random.below(input.len() - at + 1).min(16);
            input.drain(at..to);
        }
        4 => {
            let piece = PIECES[random.below(PIECES.len())];
            input.splice(at..at, piece.iter().copied());
        }
        5 => {
            let from = random.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        _ => {
            let to = at + random.below(input.len() - at + 1).min(64);
            let again = input[at..to].to_vec();
            input.splice(at..at, again);
        }
    }
}

/// SplitMix64: small, and the same on every machine and in every version.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
