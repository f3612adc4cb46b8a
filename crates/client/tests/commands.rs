//! `send` and `tail` against a server that follows a script: what they ask, and what they make
//! of every kind of answer.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use parlor_client::send::{self, SendArgs};
use parlor_client::tail::{self, TailArgs};
use parlor_client::{ClientError, Exit, Surroundings};

const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

/// The n-th request and what happens to it.
enum Step {
    Answer(&'static str, String),
    /// The connection ends without an answer.
    Cut,
}

fn answer(head: &'static str, body: &str) -> Step {
    Step::Answer(head, body.to_owned())
}

/// The room's page: cookies, and the newest number.
fn page(newest: u64) -> Step {
    let head = match newest {
        0 => "200 OK\r\nChat-Number: 0\r\nSet-Cookie: guest=g1; Path=/; HttpOnly\r\nSet-Cookie: client=c1; Path=/x",
        12 => "200 OK\r\nChat-Number: 12\r\nSet-Cookie: guest=g1",
        other => panic!("no page with {other}"),
    };
    answer(head, "")
}

fn event(number: u64, name: &str, guest: bool, text: &str) -> Step {
    let text = serde_json::to_string(text).unwrap();
    answer(
        "200 OK\r\nContent-Type: application/json",
        &format!(
            r#"{{"room":"{KEY}","seq":{number},"number":{number},"kind":"message","time":"2026-11-21T10:00:00.123456Z","author":{{"id":"g1","name":"{name}","guest":{guest}}},"text":{text},"reply_to":null,"edited":false,"new":1}}"#
        ),
    )
}

/// A request as it came: head in lower case but for its first line, and body.
#[derive(Debug)]
struct Asked {
    line: String,
    head: String,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn read_request(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let (mut line, mut head) = (String::new(), String::new());
    reader.read_line(&mut line).unwrap();
    loop {
        let mut next = String::new();
        reader.read_line(&mut next).unwrap();
        if next.trim().is_empty() {
            break;
        }
        let (name, value) = next.trim_end().split_once(": ").unwrap();
        head.push_str(&format!("{}: {value}\n", name.to_lowercase()));
    }
    let mut asked = Asked { line: line.trim_end().to_owned(), head, body: String::new() };
    let length: usize = asked.header("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked.body = String::from_utf8(body).unwrap();
    asked
}

fn serve(listener: TcpListener, script: Vec<Step>) -> Vec<Asked> {
    let mut asked = Vec::new();
    for step in script {
        let (mut stream, _) = listener.accept().unwrap();
        let request = read_request(&stream);
        if request.line.is_empty() {
            continue;
        }
        asked.push(request);
        if let Step::Answer(head, body) = step {
            let length = body.len();
            // The client may be gone already; what it made of the answers is judged elsewhere.
            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        }
    }
    asked
}

/// What a command did.
struct Outcome {
    result: Result<(), ClientError>,
    output: String,
    notices: Vec<String>,
    pauses: Vec<Duration>,
    asked: Vec<Asked>,
}

impl Outcome {
    fn exit(&self) -> Exit {
        self.result.as_ref().err().map_or(Exit::Ok, ClientError::exit)
    }
}

/// Runs a command beside a server with a script; the command gets the server's address.
fn beside(
    script: Vec<Step>,
    command: impl FnOnce(&str, &mut Surroundings<'_>, &mut dyn Write) -> Result<(), ClientError>,
) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = format!("http://{address}");
    let (mut notices, mut pauses, mut drawn) = (Vec::new(), Vec::new(), 0);
    let mut output = Limited { written: Vec::new(), lines_max: script.len() };
    let (result, asked) = std::thread::scope(|scope| {
        let serving = scope.spawn(move || serve(listener, script));
        let mut surroundings = Surroundings {
            random: &mut || {
                drawn += 1;
                drawn
            },
            sleep: &mut |pause| pauses.push(pause),
            notice: &mut |sentence| notices.push(sentence.to_owned()),
        };
        let result = command(&server, &mut surroundings, &mut output);
        // A script that the command did not use up must not wait for ever.
        while !serving.is_finished() {
            drop(TcpStream::connect_timeout(&address, Duration::from_millis(50)));
            std::thread::yield_now();
        }
        (result, serving.join().unwrap())
    });
    let output = String::from_utf8(output.written).unwrap();
    Outcome { result, output, notices, pauses, asked }
}

/// An output whose reader leaves at the word `END`.
struct Limited {
    written: Vec<u8>,
    lines_max: usize,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        assert!(self.written.iter().filter(|byte| **byte == b'\n').count() <= self.lines_max + 10);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.written.ends_with(b"END\n") || self.written.windows(5).any(|part| part == b"\"END\"") {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

fn send(script: Vec<Step>, room: &str, text: &str, nick: Option<&str>, input: &str) -> Outcome {
    beside(script, |server, surroundings, output| {
        let nick = nick.map(str::to_owned);
        let args = SendArgs { room: room.to_owned(), text: text.to_owned(), nick, server: server.to_owned() };
        send::run(&args, surroundings, &mut input.as_bytes(), output)
    })
}

fn tail(script: Vec<Step>, room: &str, since: Option<u64>, json: bool) -> Outcome {
    beside(script, |server, surroundings, output| {
        tail::run(&TailArgs { room: room.to_owned(), since, json, server: server.to_owned() }, surroundings, output)
    })
}

#[test]
fn a_message_is_sent_with_key_and_cookies_and_its_number_printed() {
    let outcome = send(vec![page(0), answer("200 OK\r\nChat-Number: 42", "")], KEY, "héllo=1\n", None, "");
    outcome.result.as_ref().unwrap();
    assert_eq!(outcome.output, "#42\n");
    assert_eq!(outcome.asked[0].line, format!("HEAD /chat/{KEY} HTTP/1.1"));
    let post = &outcome.asked[1];
    assert_eq!((post.line.as_str(), post.body.as_str()), (&*format!("POST /send/{KEY} HTTP/1.1"), "héllo=1\n"));
    assert_eq!(post.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(post.header("cookie"), Some("client=c1; guest=g1"));
    assert_eq!(post.header("idempotency-key"), Some("00000000000000010000000000000002"));
    assert!(outcome.notices.is_empty() && outcome.pauses.is_empty());
}

#[test]
fn a_nickname_goes_in_a_form_and_a_dash_reads_the_input() {
    let outcome = send(vec![page(0), answer("200 OK\r\nChat-Number: 1", "")], KEY, "-", Some("Zoë"), "a\nb&c\r\n");
    outcome.result.unwrap();
    assert_eq!(outcome.asked[1].body, "text=a%0Ab%26c&nick=Zo%C3%AB");
    assert_eq!(outcome.asked[1].header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn a_named_room_is_looked_up() {
    let moved = Step::Answer("303 See Other\r\nLocation: /chat/0123456789abcdefghijklmnopqrstuv", String::new());
    let outcome = send(vec![moved, page(0), answer("200 OK\r\nChat-Number: 3", "")], "Lobby", "hi", None, "");
    outcome.result.unwrap();
    let lines: Vec<&str> = outcome.asked.iter().map(|asked| asked.line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(lines, ["/chat/Lobby", &format!("/chat/{KEY}"), &format!("/send/{KEY}")]);
}

#[test]
fn a_lost_answer_is_repeated_under_the_same_key_as_the_same_guest() {
    let script = vec![
        Step::Cut,
        page(0),
        Step::Cut,
        answer("503 Service Unavailable\r\nRetry-After: 7", "stopping"),
        answer("200 OK\r\nChat-Number: 5\r\nChat-Duplicate: true", ""),
    ];
    let outcome = send(script, KEY, "hi", None, "");
    outcome.result.as_ref().unwrap();
    assert_eq!(outcome.output, "#5\n");
    let posts = &outcome.asked[2..];
    for post in posts {
        assert_eq!(post.header("idempotency-key"), posts[0].header("idempotency-key"));
        assert_eq!((post.header("cookie"), post.body.as_str()), (Some("client=c1; guest=g1"), "hi"));
    }
    assert_eq!(outcome.pauses.len(), 3);
    assert_eq!(outcome.pauses[2], Duration::from_secs(7));
    assert!(outcome.notices.iter().all(|notice| notice.ends_with("trying again")), "{:?}", outcome.notices);
}

#[test]
fn refusals_are_told_in_the_servers_words_and_made_safe() {
    let cases = [
        (
            answer("413 Content Too Large", "the message is over 4096 bytes\n"),
            "the message is over 4096 bytes",
            Exit::Refused,
        ),
        (answer("409 Conflict", "a\u{1b}[2Jb"), "a\\x1b[2Jb", Exit::Refused),
        (answer("400 Bad Request", "<html>"), "status 400", Exit::Refused),
        (answer("410 Gone", ""), "there is no room", Exit::Refused),
        (answer("200 OK", ""), "does not answer like a parlor", Exit::Refused),
    ];
    for (step, reason, exit) in cases {
        let outcome = send(vec![page(0), step], KEY, "hi", None, "");
        let error = outcome.result.as_ref().unwrap_err().to_string();
        assert!(error.contains(reason) && !error.contains(char::is_control), "{error}");
        assert_eq!(outcome.exit(), exit);
        assert_eq!(outcome.output, "");
    }
    let outcome = send(vec![answer("404 Not Found", "no such room")], KEY, "hi", None, "");
    assert!(outcome.result.unwrap_err().to_string().starts_with("there is no room"));
}

#[test]
fn the_attempts_are_bounded() {
    let outcome = send((0..10).map(|_| Step::Cut).collect(), KEY, "hi", None, "");
    assert_eq!(outcome.exit(), Exit::Unreachable);
    assert_eq!(outcome.pauses.len(), 9);
    let slower = || answer("429 Too Many Requests\r\nRetry-After: 1", "slower");
    let mut script = vec![page(0)];
    script.extend((0..10).map(|_| slower()));
    let outcome = send(script, KEY, "hi", None, "");
    assert_eq!(outcome.exit(), Exit::Refused);
    assert!(outcome.result.unwrap_err().to_string().ends_with("slower"));
}

#[test]
fn what_cannot_be_a_room_or_a_message_is_refused_without_asking() {
    assert_eq!(send(vec![], "a b", "hi", None, "").exit(), Exit::Usage);
    let outcome = beside(vec![], |server, surroundings, output| {
        let args = SendArgs { room: KEY.to_owned(), text: "-".to_owned(), nick: None, server: server.to_owned() };
        send::run(&args, surroundings, &mut &b"ab\xff"[..], output)
    });
    assert!(outcome.result.as_ref().unwrap_err().to_string().contains("not UTF-8 at byte 2"));
    assert_eq!(outcome.exit(), Exit::Usage);
    assert_eq!(tail(vec![], KEY, Some(u64::MAX), false).exit(), Exit::Usage);
}

#[test]
fn tail_begins_with_the_last_ten_and_prints_lines_for_people() {
    let script = vec![
        page(12),
        event(3, "anna", true, "hi"),
        event(4, "bob", false, "a\u{9b}2J\nb"),
        event(5, "bob", false, "END"),
    ];
    let outcome = tail(script, KEY, None, false);
    outcome.result.unwrap();
    let lines: Vec<&str> = outcome.output.lines().collect();
    assert_eq!((&lines[0][5..], &lines[1][5..]), (" ~anna: hi", " bob: a\\x9b2J"));
    assert_eq!((lines[2], &lines[3][5..]), ("      b", " bob: END"));
    let paths: Vec<&str> = outcome.asked.iter().map(|asked| asked.line.split([' ', '?']).nth(1).unwrap()).collect();
    let message = |number: u64| format!("/msg/{KEY}/{number}");
    assert_eq!(paths, [format!("/chat/{KEY}"), message(3), message(4), message(5)]);
    assert_eq!(outcome.asked[1].header("accept"), Some("application/json"));
    assert!(outcome.asked[1].line.contains("?wait=50 "));
}

#[test]
fn tail_waits_skips_what_was_deleted_and_survives_a_restart() {
    let script = vec![
        page(12),
        answer("204 No Content", ""),
        answer("410 Gone\r\nChat-Number: 1", "deleted"),
        Step::Cut,
        answer("503 Service Unavailable\r\nRetry-After: 2", "restarting"),
        Step::Cut,
        Step::Cut,
        Step::Cut,
        Step::Cut,
        Step::Cut,
        event(2, "anna", true, "END"),
    ];
    let outcome = tail(script, KEY, Some(0), true);
    outcome.result.as_ref().unwrap();
    // The event is printed as it came, with what this version does not know.
    assert!(outcome.output.starts_with(r#"{"room":"0123"#) && outcome.output.ends_with("\"new\":1}\n"));
    let numbers: Vec<&str> =
        outcome.asked[1..].iter().map(|asked| asked.line.split(['/', '?']).nth(3).unwrap()).collect();
    assert_eq!(numbers, ["1", "1", "2", "2", "2", "2", "2", "2", "2", "2"]);
    assert_eq!(outcome.pauses.len(), 7);
    assert_eq!(outcome.notices.len(), 2, "{:?}", outcome.notices);
    assert!(outcome.notices[1].ends_with("answers again"));
}

#[test]
fn tail_ends_with_a_sentence_when_the_room_is_gone_or_never_was() {
    for (script, reason) in [
        (vec![answer("404 Not Found", "")], "there is no room"),
        (vec![page(0), answer("410 Gone", "")], "was closed"),
        (vec![page(0), answer("404 Not Found", "")], "was closed"),
        (vec![page(0), answer("403 Forbidden", "members only")], "members only"),
        (vec![answer("200 OK", "")], "does not answer like a parlor"),
        (vec![page(0), answer("200 OK", "hi")], "does not answer like a parlor"),
    ] {
        let outcome = tail(script, KEY, None, false);
        assert_eq!(outcome.exit(), Exit::Refused);
        let error = outcome.result.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn tail_gives_up_at_the_beginning_only() {
    let outcome = tail((0..5).map(|_| Step::Cut).collect(), KEY, None, false);
    assert_eq!(outcome.exit(), Exit::Unreachable);
    let error = outcome.result.unwrap_err().to_string();
    assert!(error.contains("is the server running"), "{error}");
}
