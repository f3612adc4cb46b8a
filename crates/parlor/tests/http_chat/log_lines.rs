//! What clients send cannot write lines into the log (PROMISES S49).

use super::support::http::{Connection, get, post_form};
use super::support::person::Person;
use super::support::server::Server;

const FORGED: &str = "2026-11-21T10:00:00Z ERROR forged";

/// Everything by which a client could try to be logged.
fn provoke(server: &Server) -> String {
    let key = server.room();
    let encoded = super::support::http::percent_encoded(&format!("\r\n\u{1b}[2J{FORGED}"));
    for target in [
        format!("/{encoded}"),
        format!("/chat/{encoded}"),
        format!("/msg/{key}/{encoded}"),
        format!("/chat_create?subject={encoded}"),
        format!("/chat_create?subject=x&listed=1&{encoded}=1"),
        format!("/?{encoded}"),
    ] {
        server.ask(get(target).header("User-Agent", encoded.clone()).header("X-Forwarded-For", encoded.clone()));
    }
    for bytes in [
        format!("GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: \u{1b}[2J\r{FORGED}\r\n\r\n"),
        format!("GET /\u{1b}[2J\u{7}{FORGED} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("{FORGED}\n{FORGED}\r\n\r\n"),
        format!(
            "POST /send/{key} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: {FORGED}\r\n\r\nhello"
        ),
    ] {
        let mut connection = Connection::open(server.address());
        connection.write(bytes.as_bytes());
        connection.rest();
    }
    let mut anna = Person::new(server);
    anna.ask(post_form(format!("/send/{key}"), &[("text", &format!("canary\n{FORGED}")), ("nick", "canary")]))
        .expect(200);
    anna.cookie("guest").value.clone()
}

#[test]
fn a_line_of_the_log_is_the_servers_own() {
    let mut server = Server::unlimited_with(&[("PARLOR_LOG_LEVEL", "debug"), ("PARLOR_LOG_FORMAT", "human")]);
    let token = provoke(&server);
    server.terminate();
    server.ended();
    let log = server.log();
    assert!(log.lines().count() >= 2, "nothing was logged:\n{log}");
    for line in log.lines() {
        let begin: String = line.chars().take(5).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert!(begin == "0000-", "{line:?} begins without a time");
        assert!(!line.starts_with(FORGED) && !line.contains(char::is_control), "{line:?}");
    }
    assert!(!log.contains(&token) && !log.contains("canary"), "a secret or a message is in the log:\n{log}");
}

#[test]
fn a_line_of_the_log_is_one_json_object() {
    let mut server = Server::unlimited_with(&[("PARLOR_LOG_LEVEL", "debug"), ("PARLOR_LOG_FORMAT", "json")]);
    let token = provoke(&server);
    server.terminate();
    server.ended();
    let log = server.log();
    assert!(log.lines().count() >= 2, "nothing was logged:\n{log}");
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(entry["timestamp"].is_string() && entry["level"].is_string(), "{line}");
    }
    assert!(!log.contains(&token) && !log.contains("canary"), "a secret or a message is in the log:\n{log}");
}
