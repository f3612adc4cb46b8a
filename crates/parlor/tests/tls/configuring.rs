//! What is wrong with a configuration of TLS is said before any door opens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::certificates::{Files, for_names};

/// What `serve` complains with these variables, and its exit code.
fn complaint(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_parlor"))
        .args(["serve", "--http", "127.0.0.1:0", "--term", "off", "--data-dir"])
        .arg(home.path().join("data"))
        .env_clear()
        .env("HOME", home.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn check(files: &Files, expected: &str) {
    let (certificate, key) = (files.certificate(), files.key());
    let variables = [
        ("PARLOR_TERM_TLS", "127.0.0.1:0"),
        ("PARLOR_TLS_CERTIFICATE", certificate.to_str().unwrap()),
        ("PARLOR_TLS_KEY", key.to_str().unwrap()),
    ];
    let (code, said) = complaint(&variables);
    assert!(said.contains(expected), "expected {expected:?} in {said}");
    assert_eq!(code, Some(78), "{said}");
}

#[test]
fn a_listener_needs_a_certificate_and_its_key() {
    for (variables, expected) in [
        (
            &[("PARLOR_TERM_TLS", "127.0.0.1:0")][..],
            "PARLOR_TERM_TLS: term_tls: TLS needs a certificate; name its file",
        ),
        (&[("PARLOR_TLS_CERTIFICATE", "/x")][..], "PARLOR_TLS_CERTIFICATE: tls.certificate: tls.key is missing"),
        (&[("PARLOR_TLS_KEY", "/x")][..], "PARLOR_TLS_KEY: tls.key: tls.certificate is missing"),
    ] {
        let (code, said) = complaint(variables);
        assert!(said.contains(expected), "expected {expected:?} in {said}");
        assert_eq!(code, Some(78), "{said}");
    }
}

#[test]
fn what_is_wrong_with_the_files_is_said_with_their_names() {
    let good = for_names(&["localhost"]);
    let files = Files::of(&good);
    fs::remove_file(files.certificate()).unwrap();
    check(&files, "certificate.pem: cannot read it: No such file");

    let files = Files::of(&good);
    fs::remove_file(files.key()).unwrap();
    check(&files, "key.pem: cannot read it: No such file");

    let files = Files::of(&good);
    fs::write(files.certificate(), "no PEM\n").unwrap();
    check(&files, "certificate.pem: there is no certificate in it; expected PEM");
    fs::write(files.certificate(), "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n").unwrap();
    check(&files, "certificate.pem: it is no PEM");
    fs::write(files.certificate(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    check(&files, "certificate.pem: the certificate can't be used");

    let files = Files::of(&good);
    // Whoever names the certificate twice.
    files.write_key(&good.certificate);
    check(&files, "key.pem: there is no private key in it");
    files.write_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    check(&files, "key.pem: the key can't be used");
    files.write_key(&for_names(&["localhost"]).key);
    check(&files, "key.pem: the key does not belong to the certificate");

    let files = Files::of(&good);
    fs::set_permissions(files.key(), fs::Permissions::from_mode(0o604)).unwrap();
    check(&files, "key.pem: every user of this machine may read it");

    // A pipe that nobody writes to would be waited for for ever.
    let files = Files::of(&good);
    fs::remove_file(files.key()).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, files.key(), mode).unwrap();
    check(&files, "key.pem: it is no regular file");
}
