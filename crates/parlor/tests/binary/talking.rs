use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::program::{Home, Server};

#[test]
fn what_one_sends_another_reads_and_waits_for_more() {
    let home = Home::new();
    let server = Server::start(&home, &["-p", "0"]);
    let first = home.run(&["send", "lobby", "first", "--nick", "Zoë", "--server", server.url()]);
    assert_eq!((first.code, first.out.as_str()), (Some(0), "#1\n"), "{first:?}");

    let mut tail = home.command(&["tail", "lobby", "--since", "0", "--json", "--server", server.url()]);
    let mut tail = tail.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let message = next();
    assert_eq!((&message["text"], &message["number"]), (&"first".into(), &1.into()));
    assert_eq!(message["author"]["name"], "Zoë");

    let mut sending = home.command(&["send", "lobby", "-", "--server", server.url()]);
    let mut sending = sending.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    sending.stdin.take().unwrap().write_all(b"second\n").unwrap();
    assert!(sending.wait().unwrap().success());
    assert_eq!(next()["text"], "second");

    tail.kill().unwrap();
    tail.wait().unwrap();
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_room_that_there_is_not_is_told_with_a_code_for_scripts() {
    let home = Home::new();
    let server = Server::start(&home, &["-p", "0"]);
    for words in [&["send", "nowhere", "hello"][..], &["tail", "nowhere"]] {
        let refused = home.run(&[words, &["--server", server.url()]].concat());
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains("nowhere"), "{refused:?}");
    }
}

#[test]
fn https_to_a_server_without_tls_is_told_as_what_it_is() {
    let home = Home::new();
    let server = Server::start(&home, &["-p", "0"]);
    let room = format!("{}chat/lobby", server.url().replace("http:", "https:"));
    let mut send = home.command(&["send", &room, "hello"]);
    let mut send = send.stderr(Stdio::piped()).spawn().unwrap();
    // The first line comes with the first attempt; the others would only take time.
    let line = BufReader::new(send.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    send.kill().unwrap();
    send.wait().unwrap();
    assert!(line.contains("speaks no TLS; write http:// instead of https://"), "{line}");
}

#[test]
fn what_cannot_be_meant_is_a_wrong_command_line() {
    let refused = Home::new().run(&["tail", "lobby", "--server", "ftp://127.0.0.1"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

const HISTORY: &str = r#"{"kind":"invoke","at_us":1,"process":"w","door":"http-chat","room":"r","key":"k","author":"~a","text":"x"}
{"kind":"ack","at_us":2,"process":"w","door":"http-chat","room":"r","key":"k","number":1}
"#;
const FINAL: &str =
    r#"{"kind":"final","at_us":3,"process":"f","door":"http-chat","room":"r","number":1,"author":"~a","text":"x"}"#;

#[test]
fn a_history_is_judged_by_its_exit_code_and_a_report() {
    let home = Home::new();
    let judge = |history: &str| {
        std::fs::write(home.path().join("history.jsonl"), history).expect("a home can be written");
        home.run(&["check-history", "history.jsonl"])
    };
    let whole = judge(&format!("{HISTORY}{FINAL}\n"));
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let lost = judge(HISTORY);
    assert_eq!(lost.code, Some(1), "{lost:?}");
    assert!(lost.out.contains("lost write"), "{lost:?}");
    let broken = judge("{}\n");
    assert_eq!(broken.code, Some(65), "{broken:?}");
    assert!(broken.err.contains("line 1"), "{broken:?}");
    let directory = home.run(&["check-history", "."]);
    assert_eq!(directory.err.matches("os error").count(), 1, "the cause is told once: {directory:?}");
    let missing = home.run(&["check-history", "nowhere"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
}
