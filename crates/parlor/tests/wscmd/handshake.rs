use std::io::{Read, Write};
use std::net::TcpStream;

use tungstenite::client::IntoClientRequest;

use super::client::{Client, server};
use super::support::PATIENCE;
use super::support::http::get;
use super::support::server::Server;

fn request(server: &Server, path: &str) -> tungstenite::http::Request<()> {
    format!("ws://{}{path}", server.address()).into_client_request().unwrap()
}

#[test]
fn every_connection_is_told_its_number_first_and_no_two_are_the_same() {
    let server = server();
    let [a, b] = [Client::open(&server), Client::open(&server)];
    assert_ne!(a.id, b.id);
    for id in [a.id, b.id] {
        assert!((1..1 << 53).contains(&id), "{id} is none that a browser can count with");
    }
}

#[test]
fn the_subprotocol_is_taken_if_it_is_offered_and_not_needed() {
    let server = server();
    for (offered, taken) in [
        (Some("chatroom-protocol"), Some("chatroom-protocol")),
        (Some("mqtt, chatroom-protocol"), Some("chatroom-protocol")),
        (None, None),
    ] {
        let mut request = get("/websocket")
            .header("Connection", "keep-alive, Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        if let Some(offered) = offered {
            request = request.header("Sec-WebSocket-Protocol", offered);
        }
        let answer = server.ask(request).expect(101);
        assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(answer.header("sec-websocket-protocol"), taken);
    }
}

#[test]
fn at_the_root_only_the_subprotocol_leads_here() {
    let server = server();
    let mut asked = request(&server, "/");
    asked.headers_mut().insert("sec-websocket-protocol", "chatroom-protocol".parse().unwrap());
    let mut client = Client::with(&server, asked);
    assert!(client.ask("getchatroomlist(7)").starts_with("chatroomlist(7,"));
    let plain = get("/")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    server.ask(plain).expect(200);
}

#[test]
fn pages_of_any_origin_may_connect_since_cookies_mean_nothing_here() {
    let server = server();
    let mut asked = request(&server, "/websocket");
    asked.headers_mut().insert("origin", "https://elsewhere.example".parse().unwrap());
    asked.headers_mut().insert("cookie", "guest=1.forged".parse().unwrap());
    let mut client = Client::with(&server, asked);
    assert!(client.ask("getchatroomlist(1)").starts_with("chatroomlist(1,"));
}

#[test]
fn a_request_that_is_no_handshake_is_told_what_is_missing() {
    let server = server();
    let upgrade = || get("/websocket").header("Connection", "Upgrade").header("Upgrade", "websocket");
    let cases = [
        (get("/websocket"), 426, "Upgrade: websocket"),
        (upgrade().header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), 426, "version 13"),
        (
            upgrade().header("Sec-WebSocket-Version", "8").header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            426,
            "version 13",
        ),
        (upgrade().header("Sec-WebSocket-Version", "13"), 400, "Sec-WebSocket-Key"),
        (
            upgrade().header("Sec-WebSocket-Version", "13").header("Sec-WebSocket-Key", "short"),
            400,
            "Sec-WebSocket-Key",
        ),
    ];
    for (request, status, words) in cases {
        let text = server.ask(request).expect(status).text();
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn what_a_client_sends_right_behind_its_handshake_is_not_lost() {
    let server = server();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = format!(
        "GET /websocket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address()
    )
    .into_bytes();
    let command = b"getchatroomdetails(5,1)";
    bytes.extend([0x81, 0x80 | command.len() as u8, 0, 0, 0, 0]);
    bytes.extend(command);
    stream.write_all(&bytes).unwrap();
    let mut came = Vec::new();
    while !String::from_utf8_lossy(&came).contains("chatroomdetails(5,1,5,Lobby") {
        let mut buffer = [0; 512];
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "ended after {}", String::from_utf8_lossy(&came));
        came.extend_from_slice(&buffer[..count]);
    }
}

#[test]
fn a_page_lets_a_person_try_the_commands() {
    let server = server();
    let page = server.ask(get("/websocket-example").header("Accept", "text/html")).expect(200);
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let text = page.text();
    assert!(text.contains("/assets/wscmd.js?v="), "{text}");
    assert!(!text.contains("<script>"), "nothing inline: {text}");
}
