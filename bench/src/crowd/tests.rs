//! Crowds against small servers that speak the same bytes, some of which do it wrong.

use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::dialect::bare::Bare;
use crate::dialect::term::Term;
use crate::dialect::wscmd::Wscmd;

const PEOPLE: usize = 40;

const ONE: Talk = Talk { posters: 1, pace: Pace::Open(1), seconds: 0.1 };
const MANY: Talk = Talk { posters: 8, pace: Pace::Open(32), seconds: 0.1 };
const STEADY: Talk = Talk { posters: 8, pace: Pace::PerSecond(200.0), seconds: 0.1 };

/// What a server does wrong with its tenth post, for the last one who joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Twice,
    Late,
    Closes,
}

#[test]
fn a_crowd_at_a_terminal_hears_everything_once_in_order() {
    hears_everything(|| Term::new(false), term_server(Fault::None), false);
}

#[test]
fn a_crowd_at_a_websocket_hears_everything_once_in_order() {
    hears_everything(|| Wscmd::new(usize::MAX, None), wscmd_server(Fault::None), true);
}

#[test]
fn rooms_of_a_few_are_made_by_their_first() {
    let mut crowd = crowd(Wscmd::new(15, None), wscmd_server(Fault::None));
    let joined = crowd.join(&Join { people: PEOPLE, seconds: 0.0, is_narrow: false }).unwrap();
    assert_eq!(joined.room.as_deref(), Some("1"));
    assert!(joined.bytes > 0 && joined.announcements > 0, "{joined:?}");
}

#[test]
fn what_a_server_does_wrong_is_noticed() {
    for (fault, sign) in
        [(Fault::Twice, "all had heard it"), (Fault::Late, "another order"), (Fault::Closes, "closed 1")]
    {
        let mut crowd = crowd(Term::new(false), term_server(fault));
        crowd.join(&Join { people: PEOPLE, seconds: 0.0, is_narrow: false }).unwrap();
        let error = format!("{:#}", crowd.talk(&MANY, &mut Texts::new()).unwrap_err());
        assert!(error.contains(sign), "{fault:?}: {error}");
    }
}

#[test]
fn the_bare_loop_sends_what_the_door_sends() {
    let wrapping = Wrapping { before: b"\0\0\0\0\0\0\0\x6cname: ".to_vec(), after: b"> ".to_vec() };
    let bare = crate::bare::Loop::listen(0).unwrap();
    let address = bare.address().unwrap();
    thread::spawn(|| bare.run());
    let mut crowd = crowd(Bare { heard_like: Term::new(false), wrapping: wrapping.clone() }, address);
    crowd.join(&Join { people: PEOPLE, seconds: 0.1, is_narrow: false }).unwrap();
    let talked = crowd.talk(&MANY, &mut Texts::new()).unwrap();
    assert_eq!(talked.deliveries, u64::from(talked.posts) * PEOPLE as u64);
    assert_eq!(talked.bytes_per_delivery, 116.0);
    crowd.talk(&ONE, &mut Texts::new()).unwrap();
    assert_eq!(crowd.wrapping(), Some(wrapping));
}

/// Joins, talks in every way, and compares with a crowd that stalled meanwhile.
fn hears_everything<D: Dialect>(dialect: impl Fn() -> D, server: SocketAddrV4, echoes: bool) {
    let mut texts = Texts::new();
    let mut crowd = crowd(dialect(), server);
    crowd.join(&Join { people: PEOPLE, seconds: 0.1, is_narrow: false }).unwrap();
    let listeners = PEOPLE as u64 - u64::from(!echoes);
    let mut posts = 0;
    for talk in [ONE, STEADY, MANY] {
        let talked = crowd.talk(&talk, &mut texts).unwrap();
        assert!(talked.posts > 1 && talked.p50_ms > 0.0 && talked.p99_ms >= talked.p50_ms, "{talk:?}: {talked:?}");
        assert_eq!(talked.deliveries, u64::from(talked.posts) * listeners, "{talk:?}");
        posts += talked.posts;
    }
    assert_eq!(crowd.heard().unwrap().posts, posts);
    let wrapping = crowd.wrapping().expect("posts came one at a time");
    assert!(wrapping.before.len() > 8, "{wrapping:?}");
    crowd.forget();
    assert_eq!(crowd.heard().unwrap(), Heard::default());
}

#[test]
fn people_who_stop_reading_can_hear_the_same_later() {
    let server = term_server(Fault::None);
    let mut others = crowd(Term::new(false), server);
    others.join(&Join { people: PEOPLE, seconds: 0.0, is_narrow: false }).unwrap();
    let mut stalled = Crowd::new(Term::new(true), server, std::process::id(), 201, true).unwrap();
    stalled.join(&Join { people: 5, seconds: 0.0, is_narrow: true }).unwrap();
    others.forget();
    others.talk(&ONE, &mut Texts::new()).unwrap();
    let heard = others.heard().unwrap();
    assert!(heard.posts > 1);
    let listened = stalled.listen(heard).unwrap();
    assert_eq!((listened.complete, listened.closed_with_reason, listened.cut), (5, 0, 0));
}

fn crowd<D: Dialect>(dialect: D, server: SocketAddrV4) -> Crowd<D> {
    // The small server is in this very process.
    Crowd::new(dialect, server, std::process::id(), 200, false).unwrap()
}

/// Everybody in the one room of a small server.
#[derive(Clone)]
struct Hub {
    people: Arc<Mutex<Vec<TcpStream>>>,
    posts: Arc<AtomicU32>,
    fault: Fault,
    /// Whether a poster hears its own post.
    echoes: bool,
    late: Arc<Mutex<Vec<u8>>>,
}

impl Hub {
    /// A server that runs `serve` in a thread for each connection until the process ends.
    fn serve(fault: Fault, echoes: bool, serve: fn(&Hub, TcpStream) -> std::io::Result<()>) -> SocketAddrV4 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else { unreachable!("bound to IPv4") };
        let hub = Self { people: Arc::default(), posts: Arc::default(), fault, echoes, late: Arc::default() };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hub = hub.clone();
                // A client that goes away ends its thread.
                thread::spawn(move || serve(&hub, stream));
            }
        });
        address
    }

    /// Adds someone and tells all.
    fn enter(&self, stream: &TcpStream, welcome: &[u8], announcement: &[u8]) -> std::io::Result<()> {
        let mut people = self.people.lock().unwrap();
        for mut person in people.iter() {
            person.write_all(announcement)?;
        }
        { stream }.write_all(welcome)?;
        people.push(stream.try_clone()?);
        Ok(())
    }

    fn post(&self, poster: &TcpStream, bytes: &[u8]) -> std::io::Result<()> {
        let people = self.people.lock().unwrap();
        let is_tenth = self.posts.fetch_add(1, Ordering::Relaxed) == 10;
        let poster = poster.peer_addr()?;
        for (index, mut person) in people.iter().enumerate() {
            if !self.echoes && person.peer_addr()? == poster {
                continue;
            }
            let mut late = self.late.lock().unwrap();
            let is_last = index == people.len() - 1;
            match self.fault {
                Fault::Twice if is_tenth && is_last => person.write_all(&[bytes, bytes].concat())?,
                Fault::Late if is_tenth && is_last => late.extend_from_slice(bytes),
                Fault::Closes if is_tenth && is_last => person.shutdown(std::net::Shutdown::Both)?,
                Fault::Closes if is_last => {}
                _ if is_last => person.write_all(&[bytes, &std::mem::take(&mut *late)].concat())?,
                _ => person.write_all(bytes)?,
            }
        }
        Ok(())
    }
}

fn string(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_be_bytes(), text].concat()
}

fn term_server(fault: Fault) -> SocketAddrV4 {
    Hub::serve(fault, false, |hub, stream| {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut read = || -> std::io::Result<Vec<u8>> {
            let mut length = [0; 8];
            reader.read_exact(&mut length)?;
            let mut text = vec![0; u64::from_be_bytes(length) as usize];
            reader.read_exact(&mut text)?;
            Ok(text)
        };
        { &stream }.write_all(&string(b"Your name?\n> "))?;
        let name = String::from_utf8(read()?).unwrap();
        let welcome = [string(b"Here are:\n"), string(format!("{name} (you)\n> ").as_bytes())].concat();
        hub.enter(&stream, &welcome, &string(format!("\n{name} is here\n> ").as_bytes()))?;
        loop {
            let text = String::from_utf8(read()?).unwrap();
            let text = text.strip_prefix("bc ").expect("the crowd speaks to all");
            hub.post(&stream, &string(format!("\n{name} to everyone:\n  {text}\n> ").as_bytes()))?;
            { &stream }.write_all(&string(b"> "))?;
        }
    })
}

fn message(text: &str) -> Vec<u8> {
    let head = match text.len() {
        length @ 0..126 => vec![0x81, length as u8],
        length => [[0x81, 126], (length as u16).to_be_bytes()].concat(),
    };
    [&head, text.as_bytes()].concat()
}

fn wscmd_server(fault: Fault) -> SocketAddrV4 {
    Hub::serve(fault, true, |hub, stream| {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            reader.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        assert!(head.windows(17).any(|part| part == b"chatroom-protocol"));
        { &stream }.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")?;
        { &stream }.write_all(&message("yourchatclientid(7)"))?;
        loop {
            let mut start = [0; 2];
            reader.read_exact(&mut start)?;
            assert!(start[0] == 0x81 && start[1] >= 128, "a whole masked text");
            let mut length = usize::from(start[1] - 128);
            if length == 126 {
                let mut long = [0; 2];
                reader.read_exact(&mut long)?;
                length = u16::from_be_bytes(long).into();
            }
            let mut text = vec![0; 4 + length];
            reader.read_exact(&mut text)?;
            let text = String::from_utf8(text[4..].to_vec()).unwrap();
            let (name, parameters) = text.split_once('(').unwrap();
            let id = parameters.split(',').next().unwrap();
            match name {
                "addchatroom" => {
                    assert!(parameters.ends_with("0,0,0,)") && parameters.contains(",7,bench-"), "{parameters}");
                    hub.enter(&stream, &message(&format!("chatroomcreated({id},1,5,bench,1,1)")), &[])?;
                }
                "joinchatroom" => {
                    let joined = message(&format!("userjoinedchatroom({id},1,7,0,0,2)"));
                    hub.enter(&stream, &joined, &message("userjoinedchatroom(0,1,7,0,0,2)"))?;
                }
                "send" => {
                    let text = parameters.splitn(3, ',').nth(2).unwrap();
                    hub.post(&stream, &message(&format!("chat({id},1,7,0,{text}")))?;
                }
                other => panic!("the crowd does not say {other}"),
            }
        }
    })
}
