//! `parlor connect` against the real server: two people at terminals, scripts, a terminal with half-typed lines.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::program::{Ended, Home, Server, until};

const DOORS: [&str; 4] = ["-p", "0", "--term", "127.0.0.1:0"];

/// Where the terminal door is, from the banner.
fn term(server: &Server) -> String {
    let mut words = server.banner().split_whitespace();
    words.find(|word| word.starts_with("term://")).expect("the banner names the terminal door").to_owned()
}

/// Where the text commands are.
fn ws(server: &Server) -> String {
    server.url().replace("http://", "ws://")
}

/// Somebody who is connected.
pub(crate) struct Talker {
    child: Child,
    input: Option<ChildStdin>,
    output: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Talker {
    pub(crate) fn start(home: &Home, words: &[&str]) -> Self {
        let mut command = home.command(&[&["connect"], words].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (output, reader) = collect(child.stdout.take().unwrap());
        Self { input: child.stdin.take(), child, output, reader }
    }

    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn sees(&self, text: &str) {
        sees(&self.output, text);
    }

    pub(crate) fn presses_ctrl_c(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Ends the input.
    pub(crate) fn ends(&mut self) {
        self.input = None;
    }

    pub(crate) fn ended(mut self) -> Ended {
        until("the client has ended", || self.child.try_wait().unwrap().is_some());
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        // What the client wrote last may still be in the pipe.
        self.reader.join().unwrap();
        let out = self.output.lock().unwrap().clone();
        Ended { code: self.child.wait().unwrap().code(), out, err }
    }
}

/// Reads into a text until the end.
fn collect(mut from: impl Read + Send + 'static) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let output = Arc::new(Mutex::new(String::new()));
    let into = output.clone();
    #[expect(clippy::disallowed_methods, reason = "a test may have threads of its own")]
    let reader = std::thread::spawn(move || {
        let (mut bytes, mut part) = ([0; 4_096], Vec::new());
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            part.extend_from_slice(&bytes[..read]);
            let whole = std::str::from_utf8(&part).map_or_else(|error| error.valid_up_to(), str::len);
            let text: Vec<u8> = part.drain(..whole).collect();
            into.lock().unwrap().push_str(&String::from_utf8(text).unwrap());
        }
    });
    (output, reader)
}

#[track_caller]
fn sees(output: &Mutex<String>, text: &str) {
    until(&format!("{text:?} was shown"), || output.lock().unwrap().contains(text));
}

#[test]
fn two_people_talk_at_the_terminal_door_and_leave() {
    let home = Home::new();
    let server = Server::start(&home, &DOORS);
    let mut anna = Talker::start(&home, &[&term(&server)]);
    anna.sees("> ");
    anna.types("anna");
    anna.sees("anna (you)");
    let mut bert = Talker::start(&home, &[&term(&server)]);
    bert.types("bert");
    bert.sees("bert (you)");
    anna.types("bc héllo");
    bert.sees("anna to everyone:\n  héllo\n");
    bert.types("anna psst");
    anna.sees("bert to you:\n  psst\n");

    bert.presses_ctrl_c();
    anna.sees("bert has left");
    let bert = bert.ended();
    assert_eq!((bert.code, bert.err.as_str()), (Some(0), ""), "{bert:?}");
    anna.ends();
    let anna = anna.ended();
    assert_eq!((anna.code, anna.err.as_str()), (Some(0), ""), "{anna:?}");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_server_that_stops_is_told_with_exit_code_1() {
    let home = Home::new();
    let server = Server::start(&home, &DOORS);
    let talkers = [vec![term(&server)], vec![ws(&server)], vec!["--raw".to_owned(), ws(&server)]];
    let talkers = talkers.map(|words| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let talker = Talker::start(&home, &words);
        talker.sees(if words[0].starts_with("term") { "> " } else { "yourchatclientid" });
        talker
    });
    server.stop();
    for talker in talkers {
        let ended = talker.ended();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.starts_with("parlor: ") && ended.err.contains("closed the connection"), "{ended:?}");
    }
}

#[test]
fn words_become_commands_and_answers_words() {
    let home = Home::new();
    let server = Server::start(&home, &DOORS);
    let mut talker = Talker::start(&home, &[&ws(&server)]);
    talker.sees("yourchatclientid ");
    talker.types("/help");
    talker.sees("send ROOM TEXT");
    talker.types("create cooks0");
    talker.sees("chatroomcreated #1 ");
    let room = room_of(&talker.output.lock().unwrap());
    talker.types(&format!("send {room} hello 👍 (world)"));
    talker.sees(&format!("chat room={room} from="));
    talker.sees(": hello 👍 (world)\n");
    talker.types(&format!("send({room}0,{room},2,hi)"));
    talker.sees(": hi\n");
    talker.types("send 1");
    talker.types("nonsense(1)");
    talker.sees("error #1: ");
    talker.ends();
    let ended = talker.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.err, "parlor: not sent: type send ROOM TEXT (/help explains it)\n");
}

/// The number after `room=`.
fn room_of(output: &str) -> String {
    let (_, after) = output.split_once("chatroomcreated").unwrap().1.split_once("room=").unwrap();
    after.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_raw_script_gets_every_answer_before_it_ends() {
    let home = Home::new();
    let server = Server::start(&home, &DOORS);
    let mut script = String::from("nop()\nbroken\n");
    for messageid in 1..=200 {
        script.push_str(&format!("getchatroomdetails({messageid},999999)\n"));
    }
    let mut talker = Talker::start(&home, &["--raw", &ws(&server)]);
    talker.types(script.trim_end());
    talker.ends();
    let ended = talker.ended();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines.len(), 202, "{ended:?}");
    assert!(lines[0].starts_with("yourchatclientid(") && lines[1].starts_with("error("), "{ended:?}");
    for (index, line) in lines[2..].iter().enumerate() {
        assert!(line.starts_with("error(") && line.ends_with(&format!("{})", index + 1)), "{line}");
    }
}

#[test]
fn a_line_that_is_being_typed_stays_whole_while_text_comes_in() {
    let home = Home::new();
    let server = Server::start(&home, &DOORS);
    let mut bert = Talker::start(&home, &[&term(&server)]);
    bert.types("bert");
    bert.sees("bert (you)");

    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let path = ptsname(&keyboard, Vec::new()).unwrap();
    let terminal = || File::options().read(true).write(true).open(OsStr::from_bytes(path.as_bytes())).unwrap();
    let before = rustix::termios::tcgetattr(terminal()).unwrap();
    let mut command = home.command(&["connect", &term(&server)]);
    let mut child = command.stdin(terminal()).stdout(terminal()).stderr(terminal()).spawn().unwrap();
    let mut keyboard = File::from(keyboard);
    let (screen, _) = collect(keyboard.try_clone().unwrap());
    let mut press = |keys: &str| keyboard.write_all(keys.as_bytes()).unwrap();

    sees(&screen, "> ");
    press("anx\u{7f}na\r");
    sees(&screen, "anna (you)");
    bert.sees("anna is here");
    press("bc half");
    sees(&screen, "bc half");
    bert.types("bc between");
    // Taken away, the text, and there again.
    sees(&screen, "\u{1b}[J\r\nbert to everyone:\r\n  between\r\n> bc half");
    press(" and half\r");
    bert.sees("anna to everyone:\n  half and half\n");

    press(&format!("bc {}\r", "x".repeat(4_094)));
    sees(&screen, "not sent: the line has 4097 bytes");
    press("\u{15}\u{4}");
    bert.sees("anna has left");
    until("the client has ended", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let after = rustix::termios::tcgetattr(terminal()).unwrap();
    assert_eq!(format!("{:?}", after.local_modes), format!("{:?}", before.local_modes), "the terminal is as it was");
}

#[test]
fn where_no_door_is_the_reason_and_what_to_look_at_are_told() {
    let home = Home::new();
    let server = Server::start(&home, &["-p", "0", "--term", "off"]);
    let http = server.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (words, code, reason) in [
        (&["connect", &format!("term://{free}")][..], 69, "connection refused"),
        (&["connect", &format!("ws://{http}/chat_create")], 69, "no text commands there (status "),
        (&["connect", "lobby"], 2, "give term://HOST[:PORT], terms://HOST[:PORT], chat://HOST[:PORT] or ws://"),
        (&["connect", "wss://example.org/websocket"], 2, "TLS is not spoken yet"),
    ] {
        let ended = home.run(words);
        assert_eq!(ended.code, Some(code), "{words:?}: {ended:?}");
        assert!(ended.err.contains(reason), "{words:?}: {ended:?}");
    }
    let help = home.run(&["connect", "--help"]);
    for word in ["Exit codes:", "69  no server answers", "--raw", "/help"] {
        assert!(help.out.contains(word), "{word} is missing:\n{}", help.out);
    }
}
