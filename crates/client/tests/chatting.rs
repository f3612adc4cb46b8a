//! `connect chat://` against servers that follow a script: sessions that move or end, lost connections, hostile answers.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use parlor_client::connect::Console;
use parlor_client::connect::chat::{self, ChatArgs, Lent};
use parlor_client::{ClientError, Exit};
use parlor_wire::chat1::{Method, Request, RequestReader};
use tempfile::TempDir;

const SESSION: &str = "042cf5ba-7f52-4805-a2a0-3c6006fe3eee";
const OK: &str = "CHAT/1.0 200 OK\nContent-Length: 0\n\n";
const GROUPS: &str = "CHAT/1.0 200 OK\nContent-Length: 21\n\n{\"groups\": [\"lobby\"]}";
const USERS: &str = "CHAT/1.0 200 OK\nContent-Length: 19\n\n{\"users\": [\"anna\"]}";
const UNAUTHORIZED: &str = "CHAT/1.0 401 Unauthorized\nContent-Length: 0\n\n";

/// What a conversation came to.
struct Outcome<T> {
    result: Result<(), ClientError>,
    output: String,
    notices: Vec<String>,
    /// The cookie store, if there is one.
    cookies: String,
    /// What the server's script found out.
    heard: T,
}

impl<T> Outcome<T> {
    fn exit(&self) -> Exit {
        self.result.as_ref().err().map_or(Exit::Ok, ClientError::exit)
    }

    fn error(&self) -> String {
        self.result.as_ref().unwrap_err().to_string()
    }
}

/// Lets somebody with this input, which ends, talk to a server with a script. `keeps`: a session is in the cookie store.
fn talk<T: Send>(keeps: bool, raw: bool, input: &str, server: impl FnOnce(TcpListener) -> T + Send) -> Outcome<T> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("cookies.json");
    if keeps {
        fs::write(&file, format!("{{\"{address}\": {{\"user\": \"anna\", \"session\": \"{SESSION}\"}}}}")).unwrap();
    }
    let (console_input, mut typing) = UnixStream::pair().unwrap();
    let (leave, _held) = UnixStream::pair().unwrap();
    typing.write_all(input.as_bytes()).unwrap();
    typing.shutdown(Shutdown::Write).unwrap();
    let (mut output, mut notices, mut now, mut random) = (Vec::new(), Vec::new(), Duration::ZERO, 0);
    let (result, heard) = std::thread::scope(|scope| {
        let serving = scope.spawn(move || server(listener));
        let args = arguments(&address.to_string(), raw, &state);
        let mut console = Console {
            input: console_input.as_fd(),
            output: &mut output,
            leave: leave.as_fd(),
            is_terminal: false,
            notice: &mut |sentence| notices.push(sentence.to_owned()),
            // A clock that goes on by a second whenever somebody looks: pauses are over soon.
            now: &mut || {
                now += Duration::from_secs(1);
                now
            },
        };
        let mut draw = || {
            random += 1;
            random
        };
        let mut lent = Lent { random: &mut draw, spawn: &|_| panic!("a script needs no keyboard") };
        (chat::run(&args, &mut console, &mut lent), serving.join().unwrap())
    });
    let cookies = fs::read_to_string(file).unwrap_or_default();
    Outcome { result, output: String::from_utf8(output).unwrap(), notices, cookies, heard }
}

fn arguments(address: &str, raw: bool, state: &TempDir) -> ChatArgs {
    let address = format!("chat://{address}");
    ChatArgs { address, user: None, password: None, send: None, raw, state_dir: Some(state.path().to_owned()) }
}

/// One connection of a client.
struct Client {
    stream: TcpStream,
    reader: RequestReader,
    bytes: Vec<u8>,
}

impl Client {
    fn accept(listener: &TcpListener) -> Self {
        Self { stream: listener.accept().unwrap().0, reader: RequestReader::new(1 << 16), bytes: Vec::new() }
    }

    /// The next request; `None`: the client left.
    fn next(&mut self) -> Option<Request> {
        loop {
            let mut rest = self.bytes.as_slice();
            let request = self.reader.next(&mut rest);
            self.bytes = rest.to_vec();
            if let Some(request) = request {
                return Some(request.unwrap());
            }
            let mut bytes = [0; 4_096];
            match self.stream.read(&mut bytes) {
                Ok(read @ 1..) => self.bytes.extend_from_slice(&bytes[..read]),
                _ => return None,
            }
        }
    }

    /// Answers requests of these methods in this order, each must bring the session or not.
    fn answer(&mut self, script: &[(Method, bool, &str)]) -> Vec<Request> {
        let requests = script.iter().map(|(method, binds, answer)| {
            let request = self.next().unwrap_or_else(|| panic!("{method:?} was awaited"));
            assert_eq!(request.method(), *method);
            assert_eq!(request.session().unwrap().is_some(), *binds, "{request:?}");
            self.stream.write_all(answer.as_bytes()).unwrap();
            request
        });
        requests.collect()
    }

    fn leaves(&mut self) {
        assert!(self.next().is_none(), "nothing more is asked");
    }
}

fn refusal(status: &str, reason: &str) -> String {
    format!("CHAT/1.0 {status}\nContent-Length: {}\n\n{reason}", reason.len())
}

#[test]
fn a_kept_session_is_bound_once_and_bound_again_when_it_was_taken() {
    let talked = talk(true, false, "/users\n/ping\n", |listener| {
        let mut client = Client::accept(&listener);
        client.answer(&[
            (Method::ListGroup, true, GROUPS),
            (Method::ListUser, false, UNAUTHORIZED),
            (Method::ListUser, true, USERS),
            (Method::Ping, false, OK),
        ]);
        client.leaves();
    });
    assert_eq!((talked.exit(), talked.output.as_str()), (Exit::Ok, "anna\nthe server answers\n"));
    assert!(talked.cookies.contains(SESSION) && talked.notices.is_empty(), "{:?}", talked.notices);
}

#[test]
fn a_session_that_ended_is_forgotten_and_told() {
    let talked = talk(true, false, "/users\n", |listener| {
        let mut client = Client::accept(&listener);
        client.answer(&[(Method::ListGroup, true, UNAUTHORIZED)]);
        client.leaves();
    });
    assert_eq!(talked.exit(), Exit::Refused);
    assert!(talked.error().contains("your session has ended; log in again with --user NAME"), "{}", talked.error());
    assert!(!talked.cookies.contains(SESSION), "{}", talked.cookies);

    let talked = talk(true, false, "/users\n/users\n", |listener| {
        let mut client = Client::accept(&listener);
        client.answer(&[
            (Method::ListGroup, true, GROUPS),
            (Method::ListUser, false, UNAUTHORIZED),
            (Method::ListUser, true, UNAUTHORIZED),
            (Method::ListUser, false, UNAUTHORIZED),
        ]);
        client.leaves();
    });
    assert_eq!(talked.exit(), Exit::Refused);
    assert!(talked.notices[0].contains("your session has ended"), "{:?}", talked.notices);
    assert!(!talked.cookies.contains(SESSION), "{}", talked.cookies);
}

#[test]
fn what_is_too_fast_is_said_again_in_its_turn() {
    let talked = talk(false, false, "one\ntwo\n", |listener| {
        let mut client = Client::accept(&listener);
        let too_fast = "CHAT/1.0 429 Too Many Requests\nRetry-After: 1\nContent-Length: 0\n\n";
        let said = client.answer(&[
            (Method::Send, false, too_fast),
            (Method::Send, false, too_fast),
            (Method::Send, false, OK),
            (Method::Send, false, OK),
        ]);
        client.leaves();
        said.iter()
            .map(|said| (said.body().to_vec(), said.message_id().unwrap().unwrap().to_owned()))
            .collect::<Vec<_>>()
    });
    assert_eq!(talked.exit(), Exit::Ok, "{:?}", talked.notices);
    let [first, second, third, other] = &talked.heard[..] else { panic!("{:?}", talked.heard) };
    assert_eq!((first, second, first.0.as_slice()), (second, third, &b"one"[..]), "under its own id");
    assert!(other.0 == b"two" && other.1 != first.1);
}

#[test]
fn after_a_lost_connection_only_what_is_safe_is_asked_again() {
    let talked = talk(true, false, "one\n/make tea\ntwo\n", |listener| {
        let mut client = Client::accept(&listener);
        client.answer(&[(Method::ListGroup, true, GROUPS)]);
        let lost = client.next().unwrap();
        drop(client);
        let mut client = Client::accept(&listener);
        let again = client.answer(&[(Method::ListGroup, true, GROUPS), (Method::Send, false, OK)]).pop().unwrap();
        assert_eq!(client.next().unwrap().method(), Method::MkGroup);
        drop(client);
        // One that is about to stop says so, and is as good as lost.
        let mut client = Client::accept(&listener);
        let stops = refusal("503 Service Unavailable", "stopping");
        client.answer(&[(Method::ListGroup, true, GROUPS), (Method::Send, false, &stops)]);
        let mut client = Client::accept(&listener);
        client.answer(&[(Method::ListGroup, true, GROUPS), (Method::Send, false, OK)]);
        client.leaves();
        [lost, again].map(|said| said.message_id().unwrap().unwrap().to_owned())
    });
    assert_eq!(talked.heard[0], talked.heard[1]);
    assert_eq!(talked.exit(), Exit::Refused, "the group was perhaps not made");
    let told = talked.notices.join("\n");
    assert!(told.contains("/make tea: no answer came, so look whether it was done"), "{told}");
    assert!(told.contains("connected again") && told.contains("(stopping); trying again"), "{told}");
}

#[test]
fn what_is_pushed_once_more_after_a_crash_is_shown_once() {
    let push = |number: u64| {
        let id = format!("{:032}.{number}", 7);
        let head = format!("MESSAGE josie CHAT/1.0\nFrom: josie\nId: {id}\nTime: 2026-11-21T10:00:00.123456Z");
        format!("{head}\nContent-Length: 6\n\ntext {number}")
    };
    let talked = talk(true, false, "/listen\n/ping\n", |listener| {
        let mut client = Client::accept(&listener);
        client.answer(&[
            (Method::ListGroup, true, GROUPS),
            (Method::Listen, false, &format!("{OK}{}{}", push(1), push(2))),
        ]);
        assert_eq!(client.next().unwrap().method(), Method::Ping);
        drop(client);
        // A second one in a row is no news.
        drop(listener.accept().unwrap());
        let mut client = Client::accept(&listener);
        client.answer(&[
            (Method::ListGroup, true, GROUPS),
            (Method::Ping, false, OK),
            (Method::Listen, false, &format!("{OK}{}{}", push(2), push(3))),
            (Method::ListUser, false, USERS),
            (Method::ListGroup, false, GROUPS),
        ]);
        client.leaves();
    });
    assert_eq!(talked.exit(), Exit::Ok, "{:?}", talked.notices);
    let shown: Vec<&str> =
        talked.output.lines().filter_map(|line| line.split_once("josie").map(|(_, said)| said)).collect();
    assert_eq!(shown, [1, 2, 3].map(|number| format!(" to you: text {number}")), "{}", talked.output);
    assert_eq!(talked.notices.len(), 2, "{:?}", talked.notices);
}

#[test]
fn a_server_that_stays_away_ends_it() {
    let talked = talk(false, false, "one\n", |listener| {
        let mut client = Client::accept(&listener);
        drop(listener);
        client.next();
    });
    assert_eq!(talked.exit(), Exit::Refused);
    assert!(talked.error().contains("closed the connection"), "{}", talked.error());

    // One that lets everybody in and says nothing is not told of once a try.
    let talked = talk(false, false, "one\n", |listener| (0..11).for_each(|_| drop(listener.accept().unwrap())));
    assert!(talked.error().contains("closed the connection"), "{}", talked.error());
    assert_eq!(talked.notices.len(), 2, "{:?}", talked.notices);

    let talked = talk(false, true, "PING\n", |listener| drop(listener.accept().unwrap()));
    assert!(talked.error().contains("closed the connection"), "{}", talked.error());
}

#[test]
fn what_no_server_says_ends_it_and_drives_no_terminal() {
    for answer in [
        "\u{1b}[2J HTTP/1.1 400 no\n\n",
        "CHAT/1.0 200 OK\nContent-Length: x\n\n",
        "CHAT/1.0 200 OK\nContent-Length: 1\n\n{",
    ] {
        let talked = talk(false, false, "/users\n", |listener| {
            let mut client = Client::accept(&listener);
            client.answer(&[(Method::ListUser, false, answer)]);
            client.leaves();
        });
        assert!(talked.error().contains("does not answer like a parlor"), "{}", talked.error());
        assert!(!talked.error().contains(char::is_control), "{}", talked.error());
    }
    let hostile = "x\u{1b}[2J\u{9b}1m\u{7}";
    let talked = talk(false, false, "/listen\none\n", |listener| {
        let mut client = Client::accept(&listener);
        let push = format!(
            "MESSAGE bert CHAT/1.0\nGroup: te\u{9b}a\nId: 1\nTime: 1970-01-01T00:00:00.000000Z\nContent-Length: {}\n\n{hostile}",
            hostile.len()
        );
        let answers = format!("{OK}{push}");
        client.answer(&[(Method::Listen, false, &answers), (Method::Send, false, &refusal("404 Not Found", hostile))]);
        client.leaves();
    });
    let all = talked.output + &talked.notices.concat();
    assert!(all.contains("bert in te\\x9ba: x\\x1b[2J\\x9b1m\\x07\n"), "{all}");
    assert!(all.contains("not sent to lobby: x\\x1b[2J\\x9b1m\\x07"), "{all}");
    assert!(!all.contains(|c: char| c.is_control() && c != '\n'), "{all:?}");
}

#[test]
fn an_answer_without_a_length_ends_when_nothing_more_comes() {
    let talked = talk(false, false, "/users\n/ping\n", |listener| {
        let mut client = Client::accept(&listener);
        let plain = "CHAT/1.0 200 OK\n\n{\"users\": [\"anna\"]}\n";
        client.answer(&[(Method::ListUser, false, plain), (Method::Ping, false, "CHAT/1.0 200 OK\n")]);
        client.leaves();
    });
    assert_eq!((talked.exit(), talked.output.as_str()), (Exit::Ok, "anna\nthe server answers\n"));
}

#[test]
fn messages_are_acknowledged_after_they_were_shown() {
    let talked = talk(false, false, "/receive\n", |listener| {
        let messages = |text: &str, cursor: &str| {
            let time = "1970-01-01T10:00:00.000000Z";
            let message = format!("{{\"id\":\"1\",\"from\":\"bert\",\"time\":\"{time}\",\"text\":\"{text}\"}}");
            let message = if text.is_empty() { "" } else { &message };
            refusal("200 OK", &format!("{{\"messages\":[{message}],\"cursor\":\"{cursor}\"}}"))
        };
        let mut client = Client::accept(&listener);
        let asked = client.answer(&[
            (Method::Recv, false, &messages("one", "c1")),
            (Method::Recv, false, &messages("two", "c2")),
            (Method::Recv, false, &messages("", "c3")),
        ]);
        client.leaves();
        asked.iter().map(|asked| asked.argument().map(str::to_owned)).collect::<Vec<_>>()
    });
    assert_eq!(talked.heard, [None, Some("c1".to_owned()), Some("c2".to_owned())]);
    let lines: Vec<&str> = talked.output.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines, ["bert to you: one", "bert to you: two"]);
}
