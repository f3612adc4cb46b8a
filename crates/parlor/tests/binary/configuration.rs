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
fn a_file_that_cannot_be_read_has_no_line() {
    let home = Home::new();
    for (file, cause) in [("nowhere.toml", "No such file"), (".", "Is a directory")] {
        let refused = home.run(&["config", "check", "-c", file]);
        assert_eq!(refused.code, Some(78), "{refused:?}");
        let line = refused.err.lines().nth(1).unwrap();
        assert!(line.starts_with(&format!("{file}: cannot read the configuration: {cause}")), "{line}");
    }
}

/// Wherever it is written, whatever else is wrong: a password is nothing that a terminal or a log shows.
#[test]
fn the_server_password_is_never_shown() {
    let home = Home::new();
    fs::write(home.path().join("a.toml"), "server_password = \"open sesame\"\n").unwrap();
    fs::write(home.path().join("b.toml"), "server_password = [\"open sesame\"]\nhttp = 1\n").unwrap();
    fs::write(home.path().join("c.toml"), "server_password = \"open sesame\nhttp = \"off\"\n").unwrap();
    for words in [
        &["show", "-c", "a.toml"][..],
        &["show", "--origin", "--server-password", "open sesame"],
        &["check", "-c", "a.toml"],
        &["check", "-c", "b.toml"],
        &["check", "-c", "c.toml"],
        &["check", "-c", "a.toml", "--http", "nowhere"],
    ] {
        let ended = home.run(&[&["config"], words].concat());
        assert!(!format!("{ended:?}").contains("sesame"), "{words:?}: {ended:?}");
    }
    let mut command = home.command(&["config", "show", "--origin"]);
    command.env("PARLOR_SERVER_PASSWORD", "open sesame");
    let shown = home.finish(command);
    let line = shown.out.lines().find(|line| line.contains("server_password = ")).unwrap().to_owned();
    assert!(
        line.starts_with("# server_password = (set, not shown)") && line.ends_with("# PARLOR_SERVER_PASSWORD"),
        "{line}"
    );
    fs::write(home.path().join("x.toml"), shown.out).unwrap();
    let reused = home.run(&["config", "show", "-c", "x.toml"]);
    assert!(reused.out.contains("\nserver_password = \"\"\n"), "what stands for it is no password: {reused:?}");
}

#[test]
fn the_server_password_may_lie_in_a_file_that_not_everybody_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let path = home.path().join("password");
    let check = |content: &[u8], mode: u32, more: &[&str]| {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = home.command(&[&["config", "check"], more].concat());
        command.env("PARLOR_SERVER_PASSWORD_FILE", "password");
        home.finish(command)
    };
    for mode in [0o600, 0o440] {
        assert_eq!(check(b"open sesame\n", mode, &[]).code, Some(0));
        fs::remove_file(&path).unwrap();
    }
    for (content, mode, sentence) in [
        (&b"open sesame\n"[..], 0o604, "every user of this machine may read it; take that away with `chmod o-r`"),
        (b"\n", 0o600, "it is empty"),
        (b"\xff\n", 0o600, "it is not UTF-8"),
        (&[b'x'; 5_000], 0o600, "longer than 1024 bytes"),
    ] {
        let refused = check(content, mode, &[]);
        assert_eq!(refused.code, Some(78), "{sentence}: {refused:?}");
        let start = "PARLOR_SERVER_PASSWORD_FILE: server_password_file: HOME/password: ";
        assert!(refused.err.contains(start) && refused.err.contains(sentence), "{refused:?}");
        assert!(!refused.err.contains("sesame"), "{refused:?}");
        // A server does not start with it either.
        let mut serve = home.command(&["serve", "-p", "0"]);
        serve.env("PARLOR_SERVER_PASSWORD_FILE", "password");
        assert_eq!(home.finish(serve).code, Some(78), "{sentence}");
    }
    let both = check(b"open sesame", 0o600, &["--server-password", "x"]);
    assert_eq!(both.code, Some(78), "{both:?}");
    assert!(both.err.contains("server_password is set too (--server-password); leave one of the two out"), "{both:?}");
    fs::remove_file(&path).unwrap();
    fs::write(home.path().join("x.toml"), "server_password_file = \"password\"").unwrap();
    let missing = home.run(&["config", "check", "-c", "x.toml"]);
    assert_eq!(missing.code, Some(78), "{missing:?}");
    let sentence = "x.toml:1:1: server_password_file: HOME/password: cannot read it: No such file";
    assert!(missing.err.contains(sentence), "{missing:?}");
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
