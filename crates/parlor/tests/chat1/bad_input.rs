//! What is no request is refused with a reason, and the connection lives on.

use super::client::{Client, WAYS, Way, request, server};

#[test]
fn what_cannot_be_parsed_is_answered_with_a_reason() {
    let server = server();
    let mut client = Client::named(&server, "adrian");
    for bad in [
        "REG adrian\n",
        "REG a b CHAT/1.0\n",
        "CHAT/1.0\n",
        "hello\n",
        "GET / HTTP/1.1\n",
        "REG adrian CHAT/2.0\n",
        "PING CHAT/1.0\nno header\n",
        "PING CHAT/1.0\n: x\n",
        "PING CHAT/1.0\nA b: x\n",
        "PING CHAT/1.0\nX: \u{7}\n",
        "PI\u{0}NG CHAT/1.0\n",
        "USE adrian CHAT/1.0\nPassword: a\nPassword: b\n",
        "\u{1b}[2J\n",
    ] {
        client.write(bad.as_bytes());
        let answer = client.plain_answer();
        let (line, reason) = answer.split_once("\n\n").unwrap_or_else(|| panic!("{bad:?}: {answer:?}"));
        assert_eq!(line, "CHAT/1.0 400 Bad Request", "{bad:?}");
        assert_eq!(reason.trim_end().lines().count(), 1, "{bad:?}: one line says why: {reason:?}");
    }
    for bad in [&b"PING \xff CHAT/1.0\n"[..], b"\xff\xfe\n", b"PING CHAT/1.0\nX: \xc0\xaf\n"] {
        client.write(bad);
        assert!(client.plain_answer().starts_with("CHAT/1.0 400 "), "{bad:?}");
    }
    client.ask(Way::Framed, "SEND lobby", &[], "x").expect(200);
    client.write(b"SEND lobby CHAT/1.0\nContent-Length: 4\n\nab\xff\n");
    client.framed_answer().expect(400);
    client.framed("LIST_USER").expect(200);
}

#[test]
fn an_unknown_method_is_not_allowed() {
    let server = server();
    let mut client = Client::connect(&server);
    for way in WAYS {
        for line in ["FROB", "FROB x", "ping", "MESSAGE adrian"] {
            let answer = client.ask(way, line, &[], "").expect(405);
            assert_eq!(answer.reason, "Command Not Allowed");
            assert!(answer.body.contains("LIST_USER"), "{answer:?}");
        }
        client.framed("PING").expect(200);
    }
}

#[test]
fn too_much_is_refused() {
    let server = server();
    let mut client = Client::named(&server, "adrian");
    let flood: Vec<(String, String)> = (0..1_000).map(|number| (format!("X-{number}"), "y".to_owned())).collect();
    let flood: Vec<(&str, &str)> = flood.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for way in WAYS {
        client.ask(way, "PING", &flood, "").expect(400);
        client.ask(way, &format!("PING {}", "x".repeat(100_000)), &[], "").expect(400);
        client.ask(way, "PING", &[("X", &"y".repeat(100_000))], "").expect(400);
        for long in [4_097, 8_192, 8_193, 1_000_000] {
            let refused = client.ask(way, "SEND lobby", &[], &"x".repeat(long)).expect(413);
            assert!(refused.body.ends_with(": the limit is 4096 bytes"), "{long}: {refused:?}");
        }
        client.framed("LIST_USER").expect(200);
    }
    assert_eq!(server.count(&server.lobby()), 0);
}

#[test]
fn a_length_that_is_none_ends_the_connection() {
    let server = server();
    for length in ["x", "-1", "1e3", "+5", "99999999999999999999", "1, 2"] {
        let mut client = Client::connect(&server);
        client.write(
            format!("PING CHAT/1.0\nContent-Length: {length}\n\nPING CHAT/1.0\nContent-Length: 0\n\n").as_bytes(),
        );
        let rest = client.rest();
        assert!(rest.starts_with("CHAT/1.0 400 Bad Request\n"), "{length}: {rest:?}");
        assert_eq!(rest.matches("CHAT/1.0 ").count(), 1, "{length}: nothing after it is read: {rest:?}");
    }
}

#[test]
fn a_huge_body_is_refused_without_waiting_for_it() {
    let server = server();
    let mut client = Client::named(&server, "adrian");
    client.write(b"SEND lobby CHAT/1.0\nContent-Length: 10000\n\n");
    client.framed_answer().expect(413);
    client.write(&[b'x'; 10_000]);
    client.framed("PING").expect(200);
    client.write(b"SEND lobby CHAT/1.0\nContent-Length: 9999999999999\n\n");
    client.framed_answer().expect(413);
    assert_eq!(client.rest(), "");
}

#[test]
fn garbage_disturbs_nobody() {
    let server = server();
    let mut adrian = Client::named(&server, "adrian");
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"\0\0\0\0\0\0\0\x06adrian", &[b'\n'; 4_096]]
    {
        let mut client = Client::connect(&server);
        client.write(garbage);
        client.half_close();
        client.rest();
    }
    adrian.say("lobby", "undisturbed");
}

#[test]
fn many_addresses_and_many_names_meet_the_limits() {
    use super::client::OPEN;
    use super::support::server::Server;
    use std::net::Ipv4Addr;
    let server = Server::with(&[OPEN, ("PARLOR_LIMITS_REGISTRATIONS_PER_HOUR_PER_ADDRESS", "3")]);
    let mut one = Client::connect_from(&server, Ipv4Addr::new(127, 0, 0, 2));
    let statuses: Vec<u16> = (0..5).map(|number| one.framed(&format!("REG name{number}")).status).collect();
    assert_eq!(statuses, [201, 201, 201, 429, 429]);
    let mut other = Client::connect_from(&server, Ipv4Addr::new(127, 0, 0, 3));
    other.write(request(Way::Plain, "REG name3", &[], "").as_bytes());
    assert_eq!(other.plain_answer(), "CHAT/1.0 201 Created\n");
}
