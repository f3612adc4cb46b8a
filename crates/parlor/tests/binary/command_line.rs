use crate::program::Home;

#[test]
fn the_help_lists_every_subcommand_and_shows_examples() {
    let help = Home::new().run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for word in
        ["serve", "send", "tail", "check-history", "check", "config", "version", "Examples:", "parlor serve -d -p 4000"]
    {
        assert!(help.out.contains(word), "{word} is missing:\n{}", help.out);
    }
}

#[test]
fn without_a_word_the_program_shows_its_help_and_fails() {
    let help = Home::new().run(&[]);
    assert_eq!(help.code, Some(2), "{help:?}");
    assert!(help.err.contains("Usage: parlor <COMMAND>"), "{help:?}");
}

#[test]
fn the_help_of_serve_has_its_flags_its_exit_codes_and_nothing_internal() {
    let home = Home::new();
    let help = home.run(&["serve", "-h"]);
    assert_eq!(help.code, Some(0));
    for word in [
        "-p, --port",
        "-d, --daemon",
        "-h, --help",
        "-c, --config",
        "--http",
        "--data-dir",
        "--store",
        "--log-format",
        "--log-file",
        "71  port in use",
        "73  data directory in use, or not to be written",
        "74  disk fault",
        "78  wrong configuration",
    ] {
        assert!(help.out.contains(word), "{word} is missing:\n{}", help.out);
    }
    assert!(!help.out.contains("detached"), "{}", help.out);
}

#[test]
fn every_subcommand_has_a_help_of_its_own() {
    let home = Home::new();
    for words in [
        &["send"][..],
        &["tail"],
        &["check-history"],
        &["check"],
        &["config", "check"],
        &["config", "show"],
        &["version"],
    ] {
        let help = home.run(&[words, &["--help"]].concat());
        assert_eq!(help.code, Some(0), "{words:?}: {help:?}");
        assert!(help.out.contains("Usage: parlor"), "{words:?}: {help:?}");
    }
}

#[test]
fn a_misspelt_flag_or_subcommand_is_refused_with_the_one_that_was_meant() {
    let home = Home::new();
    for (words, meant) in [(&["serv"][..], "'serve'"), (&["serve", "--htpp", "off"], "'--http'")] {
        let refused = home.run(words);
        assert_eq!(refused.code, Some(2), "{words:?}: {refused:?}");
        assert!(refused.err.contains(meant), "{words:?}: {refused:?}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let home = Home::new();
    let expected = concat!("parlor ", env!("CARGO_PKG_VERSION"), "\n");
    for words in [["version"], ["--version"], ["-V"]] {
        let version = home.run(&words);
        assert_eq!((version.code, version.out.as_str()), (Some(0), expected), "{words:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = Home::new();
    let mut child = home
        .command(&["config", "show"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The reading end is closed before the program writes or while it does; either way it must end quietly.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
