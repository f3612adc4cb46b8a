//! `parlor user` and `parlor room`, on a running server and on a stopped one.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Ended, Home, Server};

const FLAGS: [&str; 6] = ["-p", "0", "--chat", "127.0.0.1:0", "--data-dir", "data"];

fn socket(home: &Home) -> PathBuf {
    home.path().join("data/operator.sock")
}

/// Runs a command about the data in `data`; `input` is its standard input.
fn run_with(home: &Home, words: &[&str], input: &str) -> Ended {
    home.run_with(&[words, &["--data-dir", "data"]].concat(), input)
}

#[track_caller]
fn does(home: &Home, words: &[&str], out: &str) {
    let ended = run_with(home, words, "open sesame\n");
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), out, ""), "{words:?}");
}

#[track_caller]
fn refuses(home: &Home, words: &[&str], code: i32, reason: &str) {
    let ended = run_with(home, words, "open sesame\n");
    assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{words:?}: {ended:?}");
    assert!(ended.err.starts_with("parlor: ") && ended.err.contains(reason), "{words:?}: {ended:?}");
}

/// The rows that a `list --json` prints.
fn rows(home: &Home, words: &[&str]) -> Vec<Value> {
    let ended = run_with(home, &[words, &["--json"]].concat(), "");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{words:?}");
    ended.out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// All that can be done to accounts and rooms.
fn operates(home: &Home) {
    does(home, &["user", "add", "Anna", "--password-stdin", "--display-name", "Anna K."], "Anna has an account\n");
    does(home, &["user", "add", "bert", "--no-password"], "bert has an account\n");
    refuses(home, &["user", "add", "anna", "--no-password"], 1, "the name is taken");
    refuses(home, &["user", "add", "a b", "--no-password"], 1, "not a valid name");
    refuses(home, &["user", "add", "dora", "--no-password", "--display-name", "\u{1b}[31m"], 1, "not allowed");
    let users = rows(home, &["user", "list"]);
    let names: Vec<_> = users.iter().map(|user| (user["name"].as_str(), user["display_name"].as_str())).collect();
    assert_eq!(names, [(Some("anna"), Some("Anna K.")), (Some("bert"), Some("bert"))]);
    assert_eq!((&users[0]["password"], &users[1]["password"]), (&Value::Bool(true), &Value::Bool(false)));
    does(home, &["user", "disable", "bert"], "bert cannot log in any more, and is logged in nowhere\n");
    assert_eq!(rows(home, &["user", "list"])[1]["disabled"], Value::Bool(true));
    does(home, &["user", "enable", "bert"], "bert can log in\n");
    does(
        home,
        &["user", "passwd", "bert", "--password-stdin"],
        "bert has another password, and is logged in nowhere\n",
    );
    does(
        home,
        &["user", "passwd", "bert", "--no-password"],
        "bert needs no password any more, and is logged in nowhere\n",
    );

    let made = run_with(home, &["room", "create", "tea", "--members-only", "--admin", "anna"], "");
    let key = made.out.trim_end().to_owned();
    assert_eq!((made.code, key.len()), (Some(0), 32), "{made:?}");
    refuses(home, &["room", "create", "tea"], 1, "the name is taken");
    refuses(home, &["room", "create", "bert"], 1, "the name is taken");
    refuses(home, &["room", "create", "milk", "--admin", "nobody"], 1, "there is no account nobody");
    // Of an order that is refused nothing is done.
    refuses(home, &["room", "members", "tea", "--add", "bert", "--remove", "nobody"], 1, "nobody does not belong");
    refuses(home, &["room", "members", "tea", "--remove", "anna", "--remove", "bert"], 1, "bert does not belong");
    does(home, &["room", "members", "tea"], "anna  admin\n");
    does(home, &["room", "members", "tea", "--add", "bert"], "anna  admin\nbert  member\n");
    refuses(home, &["room", "members", "tea", "--add", "nobody"], 1, "nobody");
    does(home, &["room", "rename", "tea", "coffee"], "the room is called coffee\n");
    refuses(home, &["room", "members", "tea"], 1, "there is no room tea");
    does(home, &["room", "members", &key, "--remove", "anna"], "bert  member\n");
    refuses(home, &["room", "members", &format!("http://h/chat/{key}"), "--remove", "anna"], 1, "anna does not belong");
    let rooms = rows(home, &["room", "list"]);
    let named: Vec<_> = rooms.iter().map(|room| (room["name"].as_str(), room["access"].as_str())).collect();
    assert_eq!(named, [(Some("lobby"), Some("open")), (Some("coffee"), Some("members"))]);
    refuses(home, &["room", "close", "lobby"], 1, "the lobby stays");
    refuses(home, &["room", "rename", "lobby", "foyer"], 1, "the lobby keeps its name");
    does(home, &["room", "close", "coffee"], "coffee has ended\n");
    assert_eq!(rows(home, &["room", "list"]).len(), 1);
    does(home, &["user", "remove", "anna"], "anna has no account any more; what was said under it stays\n");
    does(home, &["user", "remove", "bert"], "bert has no account any more; what was said under it stays\n");
    refuses(home, &["user", "remove", "bert"], 1, "there is no account bert");
    does(home, &["user", "list"], "");
}

#[test]
fn everything_can_be_done_on_a_running_server() {
    let home = Home::new();
    let server = Server::start(&home, &FLAGS);
    let metadata = fs::metadata(socket(&home)).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    operates(&home);
    let ended = server.stop();
    assert!(!ended.err.contains("sesame"), "{ended:?}");
    assert!(!socket(&home).exists(), "the socket goes with the server");
}

#[test]
fn everything_can_be_done_on_a_stopped_server_and_is_there_later() {
    let home = Home::new();
    assert_eq!(Server::start(&home, &FLAGS).stop().code, Some(0));
    operates(&home);
    does(&home, &["user", "add", "cleo", "--password-stdin"], "cleo has an account\n");
    let server = Server::start(&home, &FLAGS);
    assert_eq!(rows(&home, &["user", "list"])[0]["name"], "cleo");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_socket_that_a_killed_server_left_is_in_nobodys_way() {
    let home = Home::new();
    Server::start(&home, &FLAGS).stop_by(Signal::KILL);
    assert!(socket(&home).exists(), "nobody could remove it");
    does(&home, &["user", "add", "anna", "--no-password"], "anna has an account\n");
    let server = Server::start(&home, &FLAGS);
    assert_eq!(rows(&home, &["user", "list"]).len(), 1);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn where_the_path_is_too_long_for_a_socket_the_store_of_a_stopped_server_is_opened() {
    let home = Home::new();
    let dir = "d".repeat(120);
    let flags = ["-p", "0", "--chat", "127.0.0.1:0", "--data-dir", &dir];
    let server = Server::start(&home, &flags);
    let list = || home.run(&["user", "list", "--data-dir", &dir]);
    let ended = list();
    assert!(ended.code == Some(73) && ended.err.contains("in use"), "{ended:?}");
    assert_eq!(server.stop().code, Some(0));
    let ended = list();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
}

#[test]
fn what_keeps_an_order_from_being_given_is_told() {
    let home = Home::new();
    refuses(&home, &["user", "list"], 66, "there is no store in ");
    fs::write(home.path().join("data"), "").unwrap();
    refuses(&home, &["user", "list"], 66, "there is no store in ");
    fs::remove_file(home.path().join("data")).unwrap();
    assert!(!home.path().join("data").exists(), "looking makes nothing");
    let server = Server::start(&home, &FLAGS);
    for words in [["user", "add", "anna"], ["user", "passwd", "anna"]] {
        refuses(&home, &words, 1, "no terminal to ask for the password at; give it with --password-stdin");
    }
    refuses(&home, &["user", "passwd", "anna", "--no-password"], 1, "there is no account anna");
    let empty = run_with(&home, &["user", "add", "anna", "--password-stdin"], "\n");
    assert_eq!((empty.code, empty.out.as_str()), (Some(2), ""), "{empty:?}");
    fs::remove_file(socket(&home)).unwrap();
    refuses(&home, &["user", "list"], 73, "process ");
    drop(server);
    // Something else listens there.
    fs::remove_file(socket(&home)).unwrap_or_default();
    let other = UnixListener::bind(socket(&home)).unwrap();
    fs::set_permissions(socket(&home), Permissions::from_mode(0o600)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(other.accept()));
        refuses(&home, &["user", "list"], 1, "the server did not answer");
    });
}

#[test]
fn what_is_no_order_is_refused_and_the_server_goes_on() {
    let home = Home::new();
    let server = Server::start(&home, &FLAGS);
    let ask = |line: &[u8]| {
        let mut stream = UnixStream::connect(socket(&home)).unwrap();
        stream.write_all(line).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // Whoever sends more than is read may hear of a broken connection after the answer.
        BufReader::new(stream).lines().map_while(Result::ok).collect::<Vec<String>>()
    };
    let refused = "{\"refused\":\"this is no order; is the program of the same version as the server?\"}";
    assert_eq!(ask(b"\n{\"do\":\"user_add\",\"nam\":\"sesame\"}\n[1]\n\xff\n"), [refused; 4]);
    assert_eq!(ask(b"{\"do\":\"user_list\"}").len(), 1);
    assert_eq!(ask(&[b'x'; 100_000]).first().map(|line| line.contains("too long")), Some(true));
    assert_eq!(ask(b"{\"do\":\"user_list\",\"after\":null}\n"), ["{\"done\":{\"users\":[]}}"]);
    assert_eq!(ask(b""), [""; 0]);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_password_without_need_is_refused_where_strangers_can_come() {
    let home = Home::new();
    let flags = [&FLAGS[..], &["--config", "parlor.toml"]].concat();
    fs::write(home.path().join("parlor.toml"), "passwordless_accounts = false\n").unwrap();
    let server = Server::start(&home, &flags);
    refuses(&home, &["user", "add", "anna", "--no-password"], 1, "an account needs a password here");
    does(&home, &["user", "add", "anna", "--password-stdin"], "anna has an account\n");
    refuses(&home, &["user", "passwd", "anna", "--no-password"], 1, "an account needs a password here");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn the_helps_have_examples_of_nothing_secret_and_the_exit_codes() {
    let home = Home::new();
    for what in ["user", "room"] {
        let help = home.run(&[what, "--help"]);
        for word in ["operator.sock", "Exit codes:", "66  no store there"] {
            assert!(help.out.contains(word), "{word} is missing:\n{}", help.out);
        }
        assert!(help.out.lines().all(|line| line.len() <= 100), "{}", help.out);
        let (paragraph, _) = help.out.split_once("\nExit codes").unwrap();
        let (_, paragraph) = paragraph.split_once("The server may run").unwrap();
        let lines: Vec<&str> = paragraph.trim().lines().collect();
        let full = lines.split_last().unwrap().1;
        assert!(full.iter().skip(1).all(|line| line.len() > 60), "a paragraph is wrapped once:\n{}", help.out);
    }
    let add = home.run(&["user", "add", "--help"]);
    assert!(add.out.contains("--password-stdin") && !add.out.contains("--password "), "{}", add.out);
}
