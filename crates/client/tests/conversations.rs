//! The conversations of a selftest must fail where the server is wrong; where it is right, the binary's own tests show it.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use parlor_client::ClientError;
use parlor_client::conversation::{CONVERSATIONS, Doors};

/// Holds a conversation with a server whose every connection goes as `server` says.
fn hold(door: &str, server: fn(TcpStream)) -> ClientError {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let doors = Doors { http: address.to_string(), term: address.to_string(), chat: address.to_string() };
    let (_, hold) = CONVERSATIONS.iter().find(|(name, _)| *name == door).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming() {
                if stop.load(std::sync::atomic::Ordering::SeqCst) {
                    break;
                }
                server(stream.unwrap());
            }
        });
        let held = hold(&doors);
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        drop(TcpStream::connect(address).unwrap());
        held.expect_err("the server is wrong")
    })
}

fn framed(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat()
}

#[test]
fn a_door_that_is_closed_fails_it() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for (door, hold) in CONVERSATIONS {
        let failed = hold(&Doors { http: address.clone(), term: address.clone(), chat: address.clone() }).unwrap_err();
        assert!(failed.to_string().starts_with("cannot "), "{door}: {failed}");
    }
}

#[test]
fn a_server_that_hangs_up_fails_it() {
    for (door, _) in CONVERSATIONS {
        let failed = hold(door, drop);
        assert!(!failed.to_string().contains(char::is_control), "{door}: {failed}");
    }
}

#[test]
fn a_wrong_answer_fails_it_and_is_shown_safely() {
    let failed = hold("http-chat", |mut stream| {
        let _ = stream.read(&mut [0; 4_096]);
        let _ = stream.write_all(b"HTTP/1.1 500 Oh\r\nContent-Length: 6\r\nConnection: close\r\n\r\nno\x1b[2J");
    });
    assert!(failed.to_string().contains("waited for \"a new room\" and heard \"500: no\\\\x1b[2J\""), "{failed}");

    let failed = hold("term", |mut stream| {
        let _ = stream.write_all(&framed("Your name?\n> "));
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.write_all(&framed("\u{1b}[2Jno\n> "));
    });
    let expected = "waited for \"anna (you)\" and heard \"\\u{1b}[2Jno\\n> \"";
    assert!(failed.to_string().contains(expected), "{failed}");

    let failed = hold("term", |mut stream| {
        let _ = stream.write_all(&u64::MAX.to_be_bytes());
    });
    assert!(failed.to_string().contains("TooLong(18446744073709551615)"), "{failed}");

    let failed = hold("chat1", |mut stream| {
        let _ = stream.read(&mut [0; 4_096]);
        let _ = stream.write_all(b"CHAT/1.0 409 Conf\x9blict\nContent-Length: 4\n\n\x1b[2J");
    });
    assert!(failed.to_string().contains("waited for \"the answer 201 to Call"), "{failed}");
    assert!(!failed.to_string().contains(char::is_control), "{failed}");

    let failed = hold("wscmd", |stream| {
        if let Ok(mut socket) = tungstenite::accept(stream) {
            let _ = socket.send(tungstenite::Message::text("hello"));
            let _ = socket.close(None);
            while socket.read().is_ok() {}
        }
    });
    assert!(failed.to_string().contains("cannot connect") || failed.to_string().contains("waited for"), "{failed}");
}
