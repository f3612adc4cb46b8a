use std::fs;

use crate::program::{Ended, Home};

fn with_file(text: &str, words: &[&str]) -> Ended {
    let home = Home::new();
    fs::write(home.path().join("parlor.toml"), text).expect("a home can be written");
    home.run(&[words, &["-c", "parlor.toml"]].concat())
}

#[test]
fn a_typo_stops_every_command_that_reads_the_configuration() {
    for words in [&["serve"][..], &["serve", "-d"], &["config", "check"], &["config", "show"], &["check"]] {
        let refused = with_file("[limits]\nposts_brust = 5\n", words);
        assert_eq!(refused.code, Some(78), "{words:?}: {refused:?}");
        let sentence = "parlor.toml:2:1: there is no key limits.posts_brust; did you mean limits.posts_burst?";
        assert!(refused.err.contains(sentence), "{words:?}: {refused:?}");
        assert_eq!(refused.out, "", "{words:?}");
    }
}

#[test]
fn check_tells_all_mistakes_at_once() {
    let home = Home::new();
    fs::write(home.path().join("x.toml"), "cache_mib = 0\nnothing_like_it = 1\n").unwrap();
    let mut command = home.command(&["config", "check", "-c", "x.toml", "--http", "nowhere"]);
    command.env("PARLOR_LIMITS_MESSAGE_BYTES", "1e3");
    let refused = home.finish(command);
    assert_eq!(refused.code, Some(78));
    let lines: Vec<&str> = refused.err.lines().collect();
    assert_eq!(lines.len(), 5, "a heading and four mistakes: {refused:?}");
    for (line, start) in
        lines[1..].iter().zip(["x.toml:1:1: ", "x.toml:2:1: ", "PARLOR_LIMITS_MESSAGE_BYTES: ", "--http: "])
    {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn check_says_that_all_is_right() {
    let right = with_file("http = \"off\"\n", &["config", "check"]);
    assert_eq!((right.code, right.err.as_str()), (Some(0), ""));
    assert!(right.out.starts_with("the configuration is right (parlor.toml; 1 key is set"), "{right:?}");
}

#[test]
fn show_prints_every_key_with_where_it_comes_from() {
    let home = Home::new();
    fs::write(home.path().join("x.toml"), "[limits]\n  posts_burst = 7\n").unwrap();
    let mut command = home.command(&["config", "show", "--origin", "-c", "x.toml", "-p", "4000"]);
    command.env("PARLOR_CACHE_MIB", "32");
    let shown = home.finish(command);
    assert_eq!((shown.code, shown.err.as_str()), (Some(0), ""));
    let value = |line: &str| {
        let (value, origin) = line.split_once("  # ").expect("every value has an origin");
        (value.trim_end().to_owned(), origin.to_owned())
    };
    let values: Vec<_> = shown.out.lines().filter(|line| !line.starts_with('#')).map(value).collect();
    for (expected, origin) in [
        ("http = \"127.0.0.1:4000\"", "--port"),
        ("cache_mib = 32", "PARLOR_CACHE_MIB"),
        ("limits.posts_burst = 7", "x.toml:2:3"),
        ("data_dir = \"HOME/.local/share/parlor\"", "default"),
    ] {
        assert!(values.contains(&(expected.to_owned(), origin.to_owned())), "{expected} from {origin}:\n{}", shown.out);
    }
}

#[test]
fn what_show_prints_can_be_used_as_the_file() {
    let home = Home::new();
    let first = home.run(&["config", "show", "--http", "[::1]:80"]);
    fs::write(home.path().join("x.toml"), first.out.replace("HOME", &home.path().display().to_string())).unwrap();
    let second = home.run(&["config", "show", "-c", "x.toml"]);
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{second:?}");
    assert_eq!(first.out, second.out);
}

#[test]
fn two_ways_to_name_the_port_are_one_too_many() {
    let refused = Home::new().run(&["config", "show", "-p", "1", "--http", "127.0.0.1:2"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

#[test]
fn without_a_home_the_message_says_what_to_name() {
    let home = Home::new();
    let mut command = home.command(&["config", "check"]);
    command.env_remove("HOME");
    let refused = home.finish(command);
    assert_eq!(refused.code, Some(78));
    assert!(refused.err.contains("--data-dir DIR, PARLOR_DATA_DIR or data_dir"), "{refused:?}");
}
