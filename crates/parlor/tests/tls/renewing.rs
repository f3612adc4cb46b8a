//! A certificate that is renewed while the server runs.

use std::fs;
use std::net::TcpStream;

use super::certificates::{for_names, server};
use super::support::wait_for;
use super::terminal::{Terminal, secure};

#[test]
fn a_renewed_certificate_is_used_without_a_restart_and_nobody_is_cut_off() {
    let (server, old, files) = server();
    let to = server.address_of("terms");
    let mut adrian = Terminal::secured(to, &old.der).named("adrian");
    let new = for_names(&["localhost"]);
    // The two files change one after the other, as with any renewal.
    fs::write(files.certificate(), &new.certificate).unwrap();
    wait_for("the warning", || server.log().contains("the key does not belong to the certificate").then_some(()));
    secure(TcpStream::connect(to).unwrap(), &old.der).expect("the old one is still in use");
    files.write_key(&new.key);
    wait_for("the new certificate", || secure(TcpStream::connect(to).unwrap(), &new.der).ok());
    assert_eq!(adrian.ask("bc I am still here"), "> ");
    let warnings = server.log().matches("the certificate has changed and can't be used").count();
    assert_eq!(warnings, 1, "{}", server.log());
}
