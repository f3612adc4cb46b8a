//! `parlor connect chat://...` against the real server: scripts, sessions that are kept, exit codes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::connecting::Talker;
use crate::program::{Ended, Home, Server};

/// Where the CHAT/1.0 door is, from the banner.
fn chat(server: &Server) -> String {
    let mut words = server.banner().split_whitespace();
    words.find(|word| word.starts_with("chat://")).expect("the banner names the CHAT/1.0 door").to_owned()
}

fn serve(home: &Home) -> Server {
    Server::start(home, &["-p", "0", "--chat", "127.0.0.1:0"])
}

/// Runs a client with this input to its end.
fn script(home: &Home, words: &[&str], input: &str) -> Ended {
    home.run_with(&[&["connect"], words].concat(), input)
}

#[track_caller]
fn does(home: &Home, words: &[&str], input: &str) -> String {
    let ended = script(home, words, input);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{words:?}, {input:?}: {ended:?}");
    ended.out
}

#[track_caller]
fn fails(home: &Home, words: &[&str], input: &str, code: i32, reason: &str) -> String {
    let ended = script(home, words, input);
    assert_eq!(ended.code, Some(code), "{words:?}, {input:?}: {ended:?}");
    assert!(ended.err.starts_with("parlor: ") && ended.err.contains(reason), "{words:?}, {input:?}: {ended:?}");
    ended.out
}

/// Lines without the clock before them.
fn without_clock(out: &str) -> Vec<&str> {
    out.lines().map(|line| line.split_once(' ').map_or(line, |(_, rest)| rest)).collect()
}

#[test]
fn a_script_registers_and_its_session_is_there_the_next_time() {
    let home = Home::new();
    let server = serve(&home);
    let at = chat(&server);
    let out =
        does(&home, &[&at, "--password-stdin"], "open sesame\n/register anna Anna K.\n/make tea\n/users\n/groups\n");
    assert_eq!(
        out,
        "anna is registered\nyou are anna\nthe group tea is yours; /invite tea NAME adds people\nanna\nlobby\ntea\n"
    );

    let state = home.path().join(".local/state/parlor");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&state), mode(&state.join("cookies.json"))), (0o700, 0o600));
    let kept = fs::read_to_string(state.join("cookies.json")).unwrap();
    assert!(kept.contains("\"anna\"") && !kept.contains("sesame"), "{kept}");

    assert_eq!(does(&home, &[&at, "--send", "tea", "one", "two"], ""), "");
    assert_eq!(does(&home, &[&at, "--send", "tea", "-"], "three\n//four\n"), "");
    let history = does(&home, &[&at], "/to tea\n/history 9\n");
    assert_eq!(without_clock(&history), ["anna: one two", "anna: three", "     //four"]);
    let state_home = home.path().join("elsewhere");
    let mut other = home.command(&["connect", &at, "--send", "tea", "x"]);
    other.env("XDG_STATE_HOME", &state_home).stdin(Stdio::null());
    let other = home.finish(other);
    assert_eq!(other.code, Some(1), "there is no session elsewhere: {other:?}");

    does(&home, &[&at], "/logout\n");
    assert!(!fs::read_to_string(state.join("cookies.json")).unwrap().contains("anna"));
    fails(&home, &[&at, "--send", "tea", "x"], "", 1, "refused: not sent to tea: ");
    server.stop();
}

#[test]
fn two_people_talk_and_nobody_is_told_twice() {
    let (home, other) = (Home::new(), Home::new());
    let server = serve(&home);
    let at = chat(&server);
    does(&home, &[&at], "/register anna\n/make tea\n");
    does(&other, &[&at], "/register bert\n");
    does(&home, &[&at], "/invite tea bert:admin\nhello lobby\n/send bert psst\n/send tea in the group\n");
    let received = does(&other, &[&at], "/receive\n");
    assert_eq!(
        without_clock(&received),
        ["anna in lobby: hello lobby", "anna to you: psst", "anna in tea: in the group"]
    );
    assert_eq!(does(&other, &[&at], "/receive\n"), "");

    let mut bert = Talker::start(&other, &[&at]);
    bert.types("/listen\n/ping");
    bert.sees("the server answers");
    does(&home, &[&at], "/send bert while you listen\n");
    bert.sees("anna to you: while you listen\n");
    bert.types("/send anna I heard you");
    bert.ends();
    let bert = bert.ended();
    assert_eq!((bert.code, bert.err.as_str()), (Some(0), ""), "{bert:?}");
    assert_eq!(without_clock(&does(&home, &[&at], "/receive\n")), ["bert to you: I heard you"]);

    let mut bert = Talker::start(&other, &[&at]);
    bert.types("/ping");
    bert.sees("the server answers");
    bert.presses_ctrl_c();
    assert_eq!(bert.ended().code, Some(0));
    does(&other, &[&at], "/leave tea\n");
    fails(&other, &[&at], "/send tea x\n/users\n", 1, "one request was not carried out");
    does(&home, &[&at], "/end tea\n");
    server.stop();
}

#[test]
fn what_goes_wrong_has_its_exit_code_and_its_sentence() {
    let home = Home::new();
    let server = serve(&home);
    let at = chat(&server);
    does(&home, &[&at, "--password-stdin"], "open sesame\n/register anna\n/logout\n");
    fails(&home, &[&at, "--user", "anna"], "/users\n", 1, "not logged in as anna: ");
    fails(&home, &[&at, "--user", "anna"], "", 1, "; give a password with --password-stdin");
    fails(&home, &[&at, "--user", "anna", "--password-stdin"], "wrong\n", 1, "not logged in as anna: ");
    fails(&home, &[&at, "--user", "nobody", "--password-stdin"], "wrong\n", 1, "not logged in as nobody: ");
    fails(&home, &[&at, "--user", "anna", "--password-stdin"], "", 1, "standard input is empty");
    fails(&home, &[&at, "--user", "anna b"], "", 1, "a name is one word");
    assert_eq!(does(&home, &[&at, "--user", "anna", "--password-stdin"], "open sesame\n/users\n"), "anna\n");
    let out = fails(&home, &[&at], "/nonsense\n/users nothing\n/users\n", 1, "2 requests were not carried out");
    assert_eq!(out, "anna\n", "the rest is done");
    fails(&home, &[&at, "--send", "anna", "a\u{9b}b"], "", 1, "bad_character");
    assert_eq!(script(&home, &[&at, "--send", "anna"], "").code, Some(2));
    fails(&home, &["term://127.0.0.1:1", "--user", "anna"], "", 2, "are for chat:// addresses");
    fails(&home, &["chat://127.0.0.1:1/lobby"], "", 2, "ends with the port");
    server.stop();
    fails(&home, &[&at], "", 69, "is its CHAT/1.0 door open at this port (parlor serve --chat)?");
}

#[test]
fn raw_lines_are_requests_and_answers_as_they_are() {
    let home = Home::new();
    let server = serve(&home);
    let at = chat(&server);
    let input = "PING\nREG anna\nUSE anna CHAT/1.0\nSEND lobby\\n\\nSEND x CHAT/1.0\\n\nNONSENSE\nSEND nobody\\n\\nx\\\nPING x\\n\n";
    let out = fails(&home, &["--raw", &at], input, 1, "refused: ");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert_eq!(lines[0], "CHAT/1.0 200 OK\\nContent-Length: 0\\n\\n");
    assert!(lines[1].starts_with("CHAT/1.0 201 Created\\n"), "{lines:?}");
    assert!(lines[2].starts_with("CHAT/1.0 200 OK\\nSet-Cookie: SESSIONID="), "{lines:?}");
    assert!(lines[3].starts_with("CHAT/1.0 200 OK\\n") && lines[4].starts_with("CHAT/1.0 405 "), "{lines:?}");
    assert!(!home.path().join(".local/state").exists(), "a raw session is the script's own affair");
    let session = lines[2].split_once("Set-Cookie: ").unwrap().1.split('\\').next().unwrap();
    let history = does(&home, &["--raw", &at], &format!("HISTORY lobby\\nCookie: {session}\n"));
    assert!(history.contains("\"text\":\"SEND x CHAT/1.0\\\\n\""), "{history}");
    server.stop();
}

#[test]
fn a_client_outlives_a_restart_with_its_session() {
    let home = Home::new();
    let server = serve(&home);
    let at = chat(&server);
    does(&home, &[&at, "--password-stdin"], "open sesame\n/register anna\n");
    let mut anna = Talker::start(&home, &[&at]);
    anna.types("/ping");
    anna.sees("the server answers\n");
    server.stop();
    anna.types("/send lobby said while nobody served");
    let address = at.trim_start_matches("chat://").to_owned();
    let server = Server::start(&home, &["-p", "0", "--chat", &address]);
    anna.types("/history lobby");
    anna.sees("anna: said while nobody served\n");
    anna.ends();
    let ended = anna.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("broke") && ended.err.contains("connected again"), "{ended:?}");
    assert_eq!(ended.out.matches("said while").count(), 1, "{ended:?}");
    server.stop();
}

#[test]
fn a_session_that_the_operator_ends_is_told_and_forgotten() {
    let home = Home::new();
    let server = serve(&home);
    let at = chat(&server);
    does(&home, &[&at, "--password-stdin"], "open sesame\n/register anna\n");
    let mut anna = Talker::start(&home, &[&at]);
    anna.types("/users");
    anna.sees("anna\n");
    assert_eq!(home.run(&["user", "disable", "anna"]).code, Some(0));
    anna.types("/users");
    anna.ends();
    let ended = anna.ended();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("your session has ended"), "{ended:?}");
    let kept = fs::read_to_string(home.path().join(".local/state/parlor/cookies.json")).unwrap();
    assert!(!kept.contains("anna"), "{kept}");
    fails(&home, &[&at, "--user", "anna", "--password-stdin"], "open sesame\n", 1, "not logged in as anna");
    server.stop();
}
