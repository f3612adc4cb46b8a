//! `connect` against servers that follow a script: good ones, and hostile ones.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use parlor_client::connect::{ConnectArgs, Connected, Console};
use parlor_client::{ClientError, Exit};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, WebSocket};
use tungstenite::{Message, accept_hdr};

/// What a conversation came to.
struct Outcome<T> {
    result: Result<(), ClientError>,
    output: String,
    notices: Vec<String>,
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

/// What the person does.
enum Person {
    /// Gives this input, which ends.
    Ends(String),
    /// Gives this input and stays.
    Stays(String),
    /// Presses Ctrl-C.
    Interrupts,
}

/// Lets a person talk to a server with a script; `url` is put before the server's address.
fn talk<T: Send>(url: &str, raw: bool, person: Person, server: impl FnOnce(TcpStream) -> T + Send) -> Outcome<T> {
    talk_by(Duration::ZERO, url, raw, person, server)
}

/// The same by a clock that goes on by `tick` whenever somebody looks.
fn talk_by<T: Send>(
    tick: Duration,
    url: &str,
    raw: bool,
    person: Person,
    server: impl FnOnce(TcpStream) -> T + Send,
) -> Outcome<T> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("{url}{}", listener.local_addr().unwrap());
    let (input, mut typing) = UnixStream::pair().unwrap();
    let (leave, interrupt) = UnixStream::pair().unwrap();
    let (mut output, mut notices, mut now) = (Vec::new(), Vec::new(), Duration::ZERO);
    let (result, heard) = std::thread::scope(|scope| {
        let serving = scope.spawn(move || server(listener.accept().unwrap().0));
        let typing = scope.spawn(move || {
            let (text, ends) = match person {
                Person::Ends(text) => (text, true),
                Person::Stays(text) => (text, false),
                Person::Interrupts => {
                    drop(interrupt);
                    return (typing, None);
                }
            };
            // A client that has left reads no more.
            let _ = typing.write_all(text.as_bytes());
            if ends {
                let _ = typing.shutdown(Shutdown::Write);
            }
            (typing, Some(interrupt))
        });
        let args = ConnectArgs { address, raw, ca: None, output_is_terminal: false };
        let mut console = Console {
            input: input.as_fd(),
            output: &mut output,
            leave: leave.as_fd(),
            is_terminal: false,
            notice: &mut |sentence| notices.push(sentence.to_owned()),
            now: &mut || {
                now += tick;
                now
            },
        };
        let result = Connected::dial(&args).and_then(|connected| connected.run(&mut console));
        drop(input);
        drop(typing.join().unwrap());
        (result, serving.join().unwrap())
    });
    Outcome { result, output: String::from_utf8(output).unwrap(), notices, heard }
}

fn term<T: Send>(person: Person, server: impl FnOnce(TcpStream) -> T + Send) -> Outcome<T> {
    talk("term://", false, person, server)
}

fn ends(input: &str) -> Person {
    Person::Ends(input.to_owned())
}

fn stays(input: &str) -> Person {
    Person::Stays(input.to_owned())
}

/// The next string from a client; `None`: the connection ended.
fn string(stream: &mut TcpStream) -> Option<String> {
    let mut length = [0; 8];
    stream.read_exact(&mut length).ok()?;
    let mut text = vec![0; usize::try_from(u64::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut text).unwrap();
    Some(String::from_utf8(text).unwrap())
}

/// All strings up to the one that says goodbye, that one included.
fn strings(stream: &mut TcpStream) -> Vec<String> {
    let mut strings = Vec::new();
    while let Some(string) = string(stream) {
        let is_last = string.is_empty();
        strings.push(string);
        if is_last {
            break;
        }
    }
    strings
}

fn framed(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_be_bytes(), text].concat()
}

#[test]
fn lines_go_out_as_strings_and_what_comes_is_printed_to_the_end() {
    let outcome = term(ends("anna\r\nbc hé llo\nlast"), |mut stream| {
        stream.write_all(&framed(b"What is your name?\n> ")).unwrap();
        let heard = strings(&mut stream);
        stream.write_all(&framed("bye Zoë\n".as_bytes())).unwrap();
        heard
    });
    outcome.result.as_ref().unwrap();
    assert_eq!(outcome.heard, ["anna", "bc hé llo", "last", ""]);
    assert_eq!(outcome.output, "What is your name?\n> bye Zoë\n");
    assert!(outcome.notices.is_empty(), "{:?}", outcome.notices);
}

#[test]
fn an_empty_line_leaves_and_nothing_is_sent_after_it() {
    let outcome = term(stays("anna\n\nbc too late\n"), |mut stream| {
        let mut heard = strings(&mut stream);
        stream.shutdown(Shutdown::Write).unwrap();
        heard.extend(string(&mut stream));
        heard
    });
    outcome.result.unwrap();
    assert_eq!(outcome.heard, ["anna", ""]);
}

#[test]
fn ctrl_c_leaves_with_the_empty_string() {
    let outcome = term(Person::Interrupts, |mut stream| strings(&mut stream));
    outcome.result.unwrap();
    assert_eq!(outcome.heard, [""]);
}

#[test]
fn a_server_that_closes_is_told_with_its_last_words_and_a_code() {
    let outcome = term(stays("anna\n"), |mut stream| {
        string(&mut stream).unwrap();
        stream.write_all(&framed(b"the server stops\n")).unwrap();
    });
    assert_eq!(outcome.exit(), Exit::Refused);
    assert!(outcome.error().starts_with("term://127.0.0.1:") && outcome.error().ends_with("closed the connection"));
    assert_eq!(outcome.output, "the server stops\n");
}

#[test]
fn a_server_that_does_not_close_keeps_nobody() {
    // A clock that hurries: patience ends when somebody looks again.
    let outcome = talk_by(Duration::from_secs(11), "term://", false, ends("anna\n"), |mut stream| {
        let heard = strings(&mut stream);
        // Until the client has gone.
        let _ = stream.read(&mut [0]);
        heard
    });
    outcome.result.as_ref().unwrap();
    assert_eq!(outcome.heard, ["anna", ""]);
    assert!(outcome.notices[0].ends_with("did not close the connection in time; left all the same"));
}

#[test]
fn nothing_from_a_server_drives_the_terminal() {
    let outcome = term(ends(""), |mut stream| {
        let mut bytes = framed("a\tb\u{1b}[2J\r\u{9b}H\u{7f}\u{7}\n> ".as_bytes());
        bytes.extend(framed(b"\xff\xfe"));
        bytes.extend(framed(b""));
        bytes.extend(framed("日本\n".as_bytes()));
        // Byte by byte, as the worst network would.
        for byte in bytes {
            stream.write_all(&[byte]).unwrap();
        }
        strings(&mut stream)
    });
    outcome.result.unwrap();
    assert_eq!(outcome.output, "a\tb\\x1b[2J\\x0d\\x9bH\\x7f\\x07\n> (a text that is not UTF-8)\n日本\n");
}

#[test]
fn a_length_that_no_text_has_ends_it_before_anything_is_kept() {
    for length in [4_097_u64, 1 << 63, u64::MAX] {
        let outcome = term(stays(""), |mut stream| {
            stream.write_all(&framed(b"hello\n")).unwrap();
            stream.write_all(&length.to_be_bytes()).unwrap();
            strings(&mut stream)
        });
        assert_eq!(outcome.exit(), Exit::Refused);
        assert!(outcome.error().contains(&format!("announces a text of {length} bytes")), "{}", outcome.error());
        assert_eq!(outcome.output, "hello\n");
    }
}

#[test]
fn a_line_that_no_string_holds_is_told_and_the_next_is_sent() {
    let fits = "x".repeat(4_096);
    let outcome = term(ends(&format!("{fits}\n{fits}é\nanna\n")), |mut stream| strings(&mut stream));
    outcome.result.as_ref().unwrap();
    assert_eq!(outcome.heard, [fits.as_str(), "anna", ""]);
    let expected = "not sent: the line has 4098 bytes, and at most 4096 can be sent; say it in parts";
    assert_eq!(outcome.notices, [expected]);
}

#[test]
fn both_may_speak_much_before_they_listen() {
    let lines = 20_000;
    let outcome = term(ends(&"bc a line of some length\n".repeat(lines)), |mut stream| {
        for _ in 0..2_000 {
            stream.write_all(&framed(&[b'x'; 4_096])).unwrap();
        }
        strings(&mut stream).len()
    });
    outcome.result.as_ref().unwrap();
    assert_eq!((outcome.heard, outcome.output.len()), (lines + 1, 2_000 * 4_096));
}

#[test]
fn an_output_that_nobody_reads_ends_it_and_the_server_hears_a_goodbye() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("term://{}", listener.local_addr().unwrap());
    let (input, _typing) = UnixStream::pair().unwrap();
    let (leave, _interrupt) = UnixStream::pair().unwrap();
    let connected = Connected::dial(&ConnectArgs { address, raw: false, ca: None, output_is_terminal: false }).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(&framed(b"hello\n")).unwrap();
    let mut console = Console {
        input: input.as_fd(),
        output: &mut Closed,
        leave: leave.as_fd(),
        is_terminal: false,
        notice: &mut |_| {},
        now: &mut || Duration::ZERO,
    };
    let ended = connected.run(&mut console);
    assert!(matches!(ended, Err(ClientError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe));
    assert_eq!(strings(&mut stream), [""]);
}

#[test]
fn where_nobody_listens_the_sentence_says_what_to_look_at() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, raw, exit, reason) in [
        (format!("term://{free}"), false, Exit::Unreachable, "its terminal door open at this port"),
        (format!("ws://{free}"), false, Exit::Unreachable, "the address of its HTTP door"),
        ("term://no-such-host.invalid".to_owned(), false, Exit::Unreachable, "no host of that name"),
        (format!("term://{free}"), true, Exit::Usage, "--raw is for ws:// and chat://"),
        ("http://127.0.0.1/".to_owned(), false, Exit::Usage, "give term://HOST[:PORT], terms://HOST[:PORT], chat://"),
    ] {
        let failed =
            Connected::dial(&ConnectArgs { address: url, raw, ca: None, output_is_terminal: false }).err().unwrap();
        assert_eq!(failed.exit(), exit);
        assert!(failed.to_string().contains(reason), "{failed}");
    }
}

/// A server of text commands: greets, then follows its script. It answers with what subprotocol it was asked for.
fn upgraded(stream: TcpStream) -> (WebSocket<TcpStream>, Option<String>) {
    let mut asked = None;
    #[expect(clippy::result_large_err, reason = "the library's own signature")]
    let answer = |request: &Request, mut response: Response| {
        let offered = request.headers().get("sec-websocket-protocol").cloned();
        if let Some(offered) = offered {
            asked = Some(offered.to_str().unwrap().to_owned());
            response.headers_mut().insert("sec-websocket-protocol", offered);
        }
        Ok(response)
    };
    let socket = accept_hdr(stream, answer).unwrap();
    (socket, asked)
}

/// Every text until the client closes; the answer to the close goes out.
fn texts(socket: &mut WebSocket<TcpStream>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok(message) = socket.read() {
        match message {
            Message::Text(text) => texts.push(text.to_string()),
            Message::Close(_) => {
                let _ = socket.flush();
            }
            other => panic!("{other:?}"),
        }
    }
    texts
}

#[test]
fn typed_words_become_commands_and_answers_become_words() {
    let outcome = talk("ws://", false, ends("join 3\nsend 3 hé 👍\n\nnop()\nwho\n"), |stream| {
        let (mut socket, asked) = upgraded(stream);
        for text in ["yourchatclientid(57)", "chat(2,3,57,0,5,hé 👍)", "chat(9,3,5,0,5,h\u{e9}\n\u{1b}[)", "new(1,2)"]
        {
            socket.send(Message::text(text)).unwrap();
        }
        (asked, texts(&mut socket))
    });
    outcome.result.as_ref().unwrap();
    let (asked, texts) = &outcome.heard;
    assert_eq!(asked.as_deref(), Some("chatroom-protocol"));
    assert_eq!(texts[..], ["joinchatroom(1,3,0,0,)", "send(2,3,5,hé 👍)", "nop()"]);
    assert_eq!(
        outcome.output,
        "yourchatclientid 57\nchat room=3 from=57 user=0: hé 👍\nchat room=3 from=5 user=0: hé\n  \\x1b[\nnew(1,2)\n"
    );
    assert_eq!(outcome.notices, ["not sent: type who ROOM (/help explains it)"]);
}

#[test]
fn raw_changes_nothing_and_waits_for_the_answers() {
    let lines = "getchatroomlist(1)\n no command\u{1b} \r\n\nsend(2,3,5,hello)\n";
    let outcome = talk("ws://", true, ends(lines), |stream| {
        let (mut socket, asked) = upgraded(stream);
        let mut heard = Vec::new();
        for answer in ["chatroomlist(1)", "error(8,a\u{1b}[2J b)", "", "chat(2,3,57,0,5,hello)"] {
            heard.push(socket.read().unwrap().into_text().unwrap().to_string());
            socket.send(Message::text(answer)).unwrap();
        }
        heard.extend(texts(&mut socket));
        (asked, heard)
    });
    outcome.result.as_ref().unwrap();
    let (asked, heard) = &outcome.heard;
    assert_eq!(asked.as_deref(), None);
    assert_eq!(heard[..], ["getchatroomlist(1)", " no command\u{1b} \r", "", "send(2,3,5,hello)"]);
    assert_eq!(outcome.output, "chatroomlist(1)\nerror(8,a\u{1b}[2J b)\n\nchat(2,3,57,0,5,hello)\n");
}

#[test]
fn a_close_by_the_server_is_told_with_its_reason() {
    for (raw, close, told) in [
        (
            false,
            Some(CloseFrame { code: CloseCode::Away, reason: "stop\u{1b}ping".into() }),
            ": code 1001, stop\\x1bping",
        ),
        (true, Some(CloseFrame { code: CloseCode::Policy, reason: "".into() }), ": code 1008"),
        (false, None, "closed the connection"),
    ] {
        let outcome = talk("ws://", raw, stays(""), |stream| {
            let (mut socket, _) = upgraded(stream);
            socket.send(Message::text("success(1)")).unwrap();
            socket.close(close).unwrap();
            texts(&mut socket)
        });
        assert_eq!(outcome.exit(), Exit::Refused);
        assert!(outcome.error().ends_with(told), "{}", outcome.error());
        assert_eq!(outcome.output, if raw { "success(1)\n" } else { "success #1\n" });
    }
}

#[test]
fn a_connection_that_is_cut_counts_as_closed() {
    let outcome = talk("ws://", false, stays(""), |stream| {
        let (socket, _) = upgraded(stream);
        socket.get_ref().shutdown(Shutdown::Both).unwrap();
    });
    assert_eq!(outcome.exit(), Exit::Refused);
    assert!(outcome.error().contains("closed the connection"), "{}", outcome.error());
}

#[test]
fn frames_that_the_protocol_does_not_have_end_it() {
    let cases: [(&[u8], &str); 5] = [
        (b"\x82\x01x", "a binary message"),
        (b"\x81\x81\0\0\0\0x", "masked"),
        (b"\x81\x01\xff", "UTF-8"),
        (b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", "too"),
        (b"\xf1\x01x", "eserved"),
    ];
    for (frame, reason) in cases {
        let outcome = talk("ws://", false, stays(""), |stream| {
            let (mut socket, _) = upgraded(stream);
            socket.get_mut().write_all(frame).unwrap();
            let _ = socket.get_mut().read(&mut [0; 100]);
        });
        assert_eq!(outcome.exit(), Exit::Refused);
        assert!(outcome.error().contains(reason), "{}", outcome.error());
    }
}

#[test]
fn what_is_no_such_door_is_told_before_anything_is_typed() {
    for (answer, reason) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"),
        ("220 mail.example.org\r\n", "cannot connect"),
        ("", "cannot connect"),
    ] {
        let outcome = talk("ws://", false, stays("rooms\n"), |mut stream| {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        });
        assert_eq!(outcome.exit(), Exit::Unreachable);
        assert!(outcome.error().contains(reason), "{}", outcome.error());
        assert_eq!(outcome.output, "");
    }
}

#[test]
fn pings_are_answered_while_nobody_types() {
    let outcome = talk("ws://", false, Person::Stays(String::new()), |stream| {
        let (mut socket, _) = upgraded(stream);
        socket.send(Message::Ping("here?".into())).unwrap();
        let pong = socket.read().unwrap();
        socket.close(None).unwrap();
        pong
    });
    assert_eq!(outcome.heard, Message::Pong("here?".into()));
}
