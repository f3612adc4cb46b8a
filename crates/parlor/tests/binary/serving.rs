use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::program::{Home, Server, post};

#[test]
fn with_nothing_configured_it_says_where_to_go_and_answers_there() {
    let home = Home::new();
    let server = Server::start(&home, &["-p", "0"]);
    assert!(server.banner().contains("go to    http://127.0.0.1:"), "{}", server.banner());
    assert!(server.banner().contains("/.local/share/parlor\n"), "{}", server.banner());
    assert_eq!(server.get("/healthz"), 200);
    assert_eq!(server.get("/readyz"), 200);
    let ended = server.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn its_files_are_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let server = Server::start(&home, &["-p", "0", "--log-file", "parlor.log"]);
    let dir = home.path().join(".local/share/parlor");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let files = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    for file in files.chain([home.path().join("parlor.log")]) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn every_signal_that_asks_to_stop_ends_it_well() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT, rustix::process::Signal::HUP] {
        let home = Home::new();
        let ended = Server::start(&home, &["-p", "0"]).stop_by(signal);
        assert_eq!(ended.code, Some(0), "{signal:?}: {ended:?}");
        assert!(ended.err.contains("stopped"), "{signal:?}: {ended:?}");
    }
}

#[test]
fn a_port_in_use_is_told_with_the_flag_that_changes_it() {
    let home = Home::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    for (words, flag) in
        [(["--http", address.as_str()], "--http ADDRESS:PORT"), (["-p", &address["127.0.0.1:".len()..]], "-p PORT")]
    {
        let refused = home.run(&[&["serve"], &words[..]].concat());
        assert_eq!(refused.code, Some(71), "{refused:?}");
        assert!(refused.err.contains(&format!("{address} is in use by another program")), "{refused:?}");
        assert!(refused.err.contains(flag), "{refused:?}");
    }
}

#[test]
fn an_address_of_another_machine_is_refused_with_the_reason() {
    // TEST-NET-1 (RFC 5737), which no machine has.
    let refused = Home::new().run(&["serve", "--http", "192.0.2.1:1234"]);
    assert_eq!(refused.code, Some(71), "{refused:?}");
    assert!(refused.err.contains("cannot listen on 192.0.2.1:1234"), "{refused:?}");
}

#[test]
fn a_data_directory_in_use_is_told_with_the_process_that_has_it() {
    let home = Home::new();
    let server = Server::start(&home, &["-p", "0", "--data-dir", "data"]);
    let refused = home.run(&["serve", "-p", "0", "--data-dir", "data"]);
    assert_eq!(refused.code, Some(73), "{refused:?}");
    assert!(refused.err.contains(&format!("process {}", server.pid())), "{refused:?}");
    assert!(refused.err.contains("--data-dir"), "{refused:?}");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_data_directory_that_cannot_be_written_is_refused() {
    let home = Home::new();
    fs::write(home.path().join("file"), "").unwrap();
    // A file in the way, and a file system in which nobody, not even root, can make a file.
    for dir in ["file", "file/below", "/proc/self"] {
        let refused = home.run(&["serve", "-p", "0", "--data-dir", dir]);
        assert_eq!(refused.code, Some(73), "{dir}: {refused:?}");
        assert!(refused.err.contains("--data-dir"), "{dir}: {refused:?}");
        assert_eq!(refused.err.matches("os error").count(), 1, "{dir}: the cause is told once: {refused:?}");
    }
}

#[test]
fn without_a_door_there_is_nothing_to_serve() {
    let refused = Home::new().run(&["serve", "--http", "off"]);
    assert_eq!(refused.code, Some(78), "{refused:?}");
    assert!(refused.err.contains("--http"), "{refused:?}");
}

#[test]
fn beyond_loopback_it_warns_of_the_missing_tls() {
    let home = Home::new();
    let server = Server::start(&home, &["--http", "0.0.0.0:0"]);
    assert!(server.banner().contains("speaks no TLS; put a TLS proxy in front"), "{}", server.banner());
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn json_lines_are_json_from_the_first_to_the_last() {
    let home = Home::new();
    let ended = Server::start(&home, &["-p", "0", "--log-format", "json"]).stop();
    let messages: Vec<String> = ended
        .err
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .map(|line| line["message"].as_str().expect("every line has a message").to_owned())
        .collect();
    assert!(messages.iter().any(|message| message == "open"), "{messages:?}");
    assert!(messages.iter().any(|message| message == "stopped"), "{messages:?}");
}

#[test]
fn check_finds_a_new_store_sound() {
    let home = Home::new();
    assert_eq!(Server::start(&home, &["-p", "0"]).stop().code, Some(0));
    let sound = home.run(&["check"]);
    assert_eq!(sound.code, Some(0), "{sound:?}");
}

#[test]
fn it_raises_its_descriptor_limit_as_far_as_it_may() {
    let home = Home::new();
    let server = Server::start_in_shell(&home, "ulimit -Sn 300 && ulimit -Hn 700", &["-p", "0"]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(line.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["700", "700"]);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_failed_write_ends_it_with_74_and_the_next_start_has_all_that_was_acknowledged() {
    let home = Home::new();
    // A file may not grow beyond this, and the signal that would tell so is ignored: the write itself fails, as on a bad disk.
    let server = Server::start_in_shell(&home, "trap '' XFSZ && ulimit -f 1024", &["-p", "0"]);
    let url = format!("{}send/{}", server.url(), server.lobby());
    let mut acknowledged = 0;
    while post(&url, &format!("{acknowledged} {}", "x".repeat(4000))) == Some(200) {
        acknowledged += 1;
        assert!(acknowledged < 10_000, "the disk never failed");
    }
    let ended = server.wait();
    assert_eq!(ended.code, Some(74), "{ended:?}");
    assert!(ended.err.contains("the store could not be written"), "{ended:?}");

    let server = Server::start(&home, &["-p", "0"]);
    for number in 1..=acknowledged {
        assert_eq!(server.get(&format!("/msg/{}/{number}", server.lobby())), 200, "message {number} of {acknowledged}");
    }
    assert_eq!(server.stop().code, Some(0));
    assert_eq!(home.run(&["check"]).code, Some(0));
}
