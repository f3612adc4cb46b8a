//! `parlor connect terms://...` against the real server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::certificates::{Files, for_names, own_authority, server, vouched_for};
use super::terminal::Terminal;

/// Lets a person connect who types this; exit code, what was shown, what was complained.
fn connect(address: &str, ca: Option<&Path>, typed: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(["connect", address]).env_clear();
    if let Some(ca) = ca {
        command.arg("--ca").arg(ca);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A client that could not connect reads nothing.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn terms(address: SocketAddr) -> String {
    format!("terms://{address}")
}

#[test]
fn a_script_talks_over_tls_with_a_server_whose_certificate_it_names() {
    let (server, _certified, files) = server();
    let mut berta = Terminal::plain(server.address_of("term")).named("berta");
    let typed = "adrian\nbc héllo\n";
    let (code, shown, said) = connect(&terms(server.address_of("terms")), Some(&files.certificate()), typed);
    assert_eq!((code, said.as_str()), (Some(0), ""), "{shown}");
    assert!(shown.contains("adrian (you)"), "{shown}");
    assert_eq!(berta.screen(), "\nadrian is here\n> ");
    assert_eq!(berta.screen_of_leaver(), "\nadrian to everyone:\n  héllo\n> ");
    assert_eq!(berta.screen(), "\nadrian has left\n> ");
}

#[test]
fn a_server_that_stops_ends_the_client_with_its_words() {
    let (server, _certified, files) = server();
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.args(["connect", &terms(server.address_of("terms")), "--ca"]).arg(files.certificate()).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"adrian\n").unwrap();
    let mut berta = Terminal::plain(server.address_of("term")).named("berta");
    while !berta.ask("/who").contains("adrian") {}
    server.terminate();
    let output = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("going away"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("closed the connection\n"), "{said}");
}

#[test]
fn an_authority_that_is_named_vouches_for_its_servers_by_their_names() {
    let (authority, certified) = vouched_for(&["127.0.0.1"]);
    let (files, authority) = (Files::of(&certified), Files::of(&authority));
    let server = files.server_with(&[]);
    let port = server.address_of("terms").port();
    let (code, _, said) = connect(&terms(server.address_of("terms")), Some(&authority.certificate()), "adrian\n");
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let (code, _, said) = connect(&format!("terms://localhost:{port}"), Some(&authority.certificate()), "");
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("its certificate is for another name"), "{said}");
}

#[test]
fn a_certificate_that_is_its_own_authority_is_believed_only_where_it_is_named() {
    let files = Files::of(&own_authority(&["127.0.0.1"]));
    let server = files.server_with(&[]);
    let address = terms(server.address_of("terms"));
    let (code, _, said) = connect(&address, Some(&files.certificate()), "adrian\n");
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let other = Files::of(&own_authority(&["127.0.0.1"]));
    for ca in [None, Some(other.certificate())] {
        let (code, _, said) = connect(&address, ca.as_deref(), "");
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains("its certificate is its own authority, and is not one of those"), "{said}");
    }
}

#[test]
fn who_does_not_prove_to_be_the_server_is_not_talked_to() {
    let (server, _certified, _files) = server();
    let address = terms(server.address_of("terms"));
    let other = Files::of(&for_names(&["127.0.0.1"]));
    let unknown = "nobody who is trusted here vouches for its certificate";
    for (ca, advice) in [(None, "--ca FILE"), (Some(other.certificate()), "does --ca name its certificate?")] {
        let (code, shown, said) = connect(&address, ca.as_deref(), "adrian\nbc secret\n");
        assert_eq!((code, shown.as_str()), (Some(69), ""), "{said}");
        assert!(said.contains(unknown) && said.contains(advice), "{said}");
    }
    // The plain door says its greeting, which is no handshake.
    let (code, _, said) = connect(&terms(server.address_of("term")), None, "");
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("does not speak TLS"), "{said}");
}

#[test]
fn a_wrong_ca_is_a_usage_error() {
    let files = Files::of(&for_names(&["localhost"]));
    let cases = [
        ("terms://127.0.0.1:1", Path::new("/nowhere").to_owned(), "cannot read it"),
        ("terms://127.0.0.1:1", files.key(), "there is no certificate in it"),
        ("term://127.0.0.1:1", files.certificate(), "--ca is for terms:// addresses"),
    ];
    for (address, ca, expected) in cases {
        let (code, _, said) = connect(address, Some(&ca), "");
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}
