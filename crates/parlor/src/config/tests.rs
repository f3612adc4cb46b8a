use std::fs;

use super::*;

/// What the places say, in the smallest form that a case needs.
#[derive(Default)]
struct Case<'a> {
    file: &'a str,
    variables: &'a [(&'a str, &'a str)],
    flags: Vec<(&'static str, &'static str, String)>,
    port: Option<u16>,
}

impl Case<'_> {
    /// Loads it; the file's own directory is cut from messages.
    fn load(self) -> Result<Settings, Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("parlor.toml");
        fs::write(&path, self.file).unwrap();
        let home = [("HOME", "/home/somebody")];
        let variables = home.iter().chain(self.variables).map(|(name, value)| (name.into(), value.into()));
        let sources =
            Sources { file: Some(path), environment: Environment::new(variables), flags: self.flags, port: self.port };
        load(&sources).map_err(|error| {
            let prefix = format!("{}/", dir.path().display());
            error.to_string().lines().skip(1).map(|line| line.replace(&prefix, "")).collect()
        })
    }
}

#[track_caller]
fn check_file_error(file: &str, expected: &[&str]) {
    let errors = Case { file, ..Case::default() }.load().expect_err("it is wrong");
    assert_eq!(errors, expected, "of the file {file:?}");
}

#[track_caller]
fn check_variable_error(name: &str, value: &str, expected: &str) {
    let errors = Case { variables: &[(name, value)], ..Case::default() }.load().expect_err("it is wrong");
    assert_eq!(errors, [expected], "of {name}={value}");
}

fn shown(settings: &Settings, name: &str) -> (String, Origin) {
    let (_, value, origin) = settings.rows().find(|(key, ..)| key.name == name).unwrap();
    (value.to_owned(), origin.clone())
}

#[test]
fn without_a_word_everything_has_a_value_and_the_limits_are_those_of_core() {
    let settings = Case::default().load().unwrap();
    let config = &settings.config;
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.http, Some("127.0.0.1:1234".parse().unwrap()));
    assert_eq!(config.term, Some("127.0.0.1:1235".parse().unwrap()));
    assert_eq!(config.chat, Some("127.0.0.1:31145".parse().unwrap()));
    assert_eq!((config.session_ttl, config.quiet), (Duration::from_secs(30 * 86_400), Duration::from_millis(40)));
    assert_eq!((&config.server_password, &config.server_password_file), (&None, &None));
    assert_eq!(config.data_dir, Path::new("/home/somebody/.local/share/parlor"));
    assert_eq!(config.cache_bytes, parlor_core::limits::CACHE_BYTES);
    assert_eq!(config.long_poll_timeout, Duration::from_secs(300));
    assert_eq!(config.history_on_join, 50);
    assert_eq!(config.disk_reserve_bytes, 64 * 1024 * 1024);
    assert!(settings.rows().all(|(_, _, origin)| *origin == Origin::Default));
}

#[test]
fn every_key_sets_its_field_from_the_file_and_from_its_variable() {
    // TLS needs several at once: the test below.
    for key in KEYS.iter().filter(|key| !key.name.contains("tls")) {
        let (toml, words) = match key.kind {
            kind::Kind::Address(_) => ("\"off\"", "off"),
            kind::Kind::Networks(_) => ("[\"10.0.0.0/8\", \"::1\"]", "10.0.0.0/8, ::1"),
            kind::Kind::Directory(_) | kind::Kind::OptionalFile(_) => ("\"/elsewhere\"", "/elsewhere"),
            kind::Kind::Secret(_) => ("\"open sesame\"", "open sesame"),
            kind::Kind::Store(_) => ("\"sqlite:\"", "sqlite:"),
            kind::Kind::LogFormat(_) => ("\"json\"", "json"),
            kind::Kind::LogLevel(_) => ("\"trace\"", "trace"),
            kind::Kind::Passwordless(_) => ("false", "false"),
            kind::Kind::Span { .. } => ("\"7d\"", "7d"),
            kind::Kind::Count { .. } => ("7", "7"),
        };
        let by_file = Case { file: &format!("{} = {toml}", key.name), ..Case::default() }.load().unwrap();
        let by_variable = Case { variables: &[(&key.variable(), words)], ..Case::default() }.load().unwrap();
        assert_eq!(format!("{:?}", by_file.config), format!("{:?}", by_variable.config), "{}", key.name);
        assert!(matches!(shown(&by_file, key.name).1, Origin::File { line: 1, .. }), "{}", key.name);
        assert_eq!(shown(&by_variable, key.name).1, Origin::Environment(key.variable()));
        if !matches!(key.kind, kind::Kind::Store(_)) {
            let default = Case::default().load().unwrap();
            assert_ne!(
                format!("{:?}", by_file.config),
                format!("{:?}", default.config),
                "{} changes nothing",
                key.name
            );
        }
    }
}

#[test]
fn the_keys_of_tls_are_set_together() {
    let file = "term_tls = \"127.0.0.1:9\"\n[tls]\ncertificate = \"/c\"\nkey = \"/k\"";
    let by_file = Case { file, ..Case::default() }.load().unwrap();
    let variables = [("PARLOR_TERM_TLS", "127.0.0.1:9"), ("PARLOR_TLS_CERTIFICATE", "/c"), ("PARLOR_TLS_KEY", "/k")];
    let by_variable = Case { variables: &variables, ..Case::default() }.load().unwrap();
    for settings in [&by_file, &by_variable] {
        let config = &settings.config;
        assert_eq!(config.term_tls, Some("127.0.0.1:9".parse().unwrap()));
        assert_eq!(config.tls.certificate.as_deref(), Some(Path::new("/c")));
        assert_eq!(config.tls.key.as_deref(), Some(Path::new("/k")));
    }
    let missing = "tls.key: tls.certificate is missing; TLS needs both, name the other file, too";
    check_file_error("tls.key = \"/k\"", &[&format!("parlor.toml:1:5: {missing}")]);
    let missing =
        "term_tls: TLS needs a certificate; name its file and that of its key with tls.certificate and tls.key";
    check_file_error("term_tls = \"127.0.0.1:9\"", &[&format!("parlor.toml:1:1: {missing}")]);
}

#[test]
fn accounts_may_be_without_a_password_while_only_this_machine_reaches_the_server() {
    let cases = [
        ("", true),
        ("chat = \"off\"\nhttp = \"[::1]:80\"", true),
        ("chat = \"0.0.0.0:31145\"", false),
        ("term = \"192.0.2.1:1\"", false),
        ("trusted_proxies = [\"127.0.0.1\"]", false),
        ("http = \"0.0.0.0:80\"\npasswordless_accounts = true", true),
        ("passwordless_accounts = false", false),
    ];
    for (file, allowed) in cases {
        let settings = Case { file, ..Case::default() }.load().unwrap();
        assert_eq!(settings.config.allows_passwordless_accounts(), allowed, "{file}");
    }
}

#[test]
fn a_flag_beats_a_variable_beats_the_file() {
    let file = "http = \"127.0.0.1:1\"\nlimits.posts_burst = 1\nhistory_on_join = 1\n";
    let variables = [("PARLOR_HTTP", "127.0.0.1:2"), ("PARLOR_LIMITS_POSTS_BURST", "2")];
    let flags = vec![("http", "--http", "127.0.0.1:3".to_owned())];
    let settings = Case { file, variables: &variables, flags, port: None }.load().unwrap();
    assert_eq!(shown(&settings, "http"), ("\"127.0.0.1:3\"".to_owned(), Origin::Flag("--http")));
    assert_eq!(settings.config.limits.posts_burst, 2);
    assert_eq!(settings.config.history_on_join, 1);
}

#[test]
fn the_port_flag_keeps_the_address_and_opens_a_door_that_is_off_on_loopback() {
    let cases = [("", "127.0.0.1:4000"), ("http = \"[::]:80\"", "[::]:4000"), ("http = \"off\"", "127.0.0.1:4000")];
    for (file, expected) in cases {
        let settings = Case { file, port: Some(4000), ..Case::default() }.load().unwrap();
        assert_eq!(settings.config.http, Some(expected.parse().unwrap()), "{file}");
    }
}

#[test]
fn what_show_prints_is_a_file_that_means_the_same() {
    let file =
        "http = \"off\"\ntrusted_proxies = [\"10.0.0.0/8\"]\nlog.file = \"/a \\\"b\\\"\\u0007\"\ndata_dir = '/x\\y'";
    let first = Case { file, ..Case::default() }.load().unwrap();
    let printed: Vec<String> = first.rows().map(|(key, value, _)| format!("{} = {value}", key.name)).collect();
    let second = Case { file: &printed.join("\n"), ..Case::default() }.load().unwrap();
    assert_eq!(format!("{:?}", first.config), format!("{:?}", second.config));
}

#[test]
fn a_wrong_key_is_found_with_line_and_column_and_the_one_that_was_meant() {
    check_file_error(
        "http = \"off\"\n\n[limits]\n  post_burst = 5\n",
        &["parlor.toml:4:3: there is no key limits.post_burst; did you mean limits.posts_burst?"],
    );
    check_file_error("htpp = \"off\"", &["parlor.toml:1:1: there is no key htpp; did you mean http?"]);
    check_file_error("[limit]\nposts_burst = 5", &["parlor.toml:1:2: there is no key limit; did you mean limits?"]);
    check_file_error(
        "posts_burst = 5",
        &["parlor.toml:1:1: there is no key posts_burst; did you mean limits.posts_burst?"],
    );
    check_file_error("\"ü\".zzz = 5", &["parlor.toml:1:1: there is no key ü; `parlor config show` lists all keys"]);
    check_file_error(
        "limits = 5",
        &["parlor.toml:1:1: limits is a section; write [limits] on a line of its own and its keys below it"],
    );
    check_file_error(
        "limits = { posts_burst = 1, \"ö\" = 2, zzzzzz = 3 }",
        &[
            "parlor.toml:1:29: there is no key limits.ö; `parlor config show` lists all keys",
            "parlor.toml:1:38: there is no key limits.zzzzzz; `parlor config show` lists all keys",
        ],
    );
}

#[test]
fn a_wrong_value_says_what_was_expected() {
    let address = "an address with a port such as 127.0.0.1:1234 or [::1]:1234, or off";
    let cases = [
        ("http = 1234", format!("http: expected {address}, in quotes; got 1234")),
        ("http = \"localhost\"", format!("http: expected {address}; got \"localhost\"")),
        ("http.port = 1", format!("http: expected {address}, in quotes; got a table")),
        (
            "limits.message_bytes = 65537",
            "limits.message_bytes: expected a whole number of bytes from 1 to 65536; got 65537".to_owned(),
        ),
        ("cache_mib = -1", "cache_mib: expected a whole number of MiB from 1 to 65536; got -1".to_owned()),
        (
            "long_poll_timeout = \"300\"",
            "long_poll_timeout: expected a whole number of seconds from 1 to 3600; got \"300\" (leave the quotes out)"
                .to_owned(),
        ),
        (
            "long_poll_timeout = 1.5",
            "long_poll_timeout: expected a whole number of seconds from 1 to 3600; got a number with a fraction"
                .to_owned(),
        ),
        ("log.format = \"yaml\"", "log.format: expected one of auto, human, json; got \"yaml\"".to_owned()),
        (
            "trusted_proxies = \"10.0.0.1\"",
            "trusted_proxies: expected a list of networks such as [\"127.0.0.1\", \"10.0.0.0/8\"]; got \"10.0.0.1\""
                .to_owned(),
        ),
        (
            "trusted_proxies = [\"10.0.0.0/33\"]",
            "trusted_proxies: expected an address or a network such as 10.0.0.0/8; got \"10.0.0.0/33\"".to_owned(),
        ),
        ("data_dir = \"~/parlor\"", "data_dir: ~/parlor is not expanded here; write the whole path".to_owned()),
        ("data_dir = \"\"", "data_dir: expected the path of a directory, got nothing".to_owned()),
    ];
    for (file, expected) in cases {
        // The column is that of the last part of the key.
        let column = file.find(" =").and_then(|end| file[..end].rfind('.')).map_or(1, |dot| dot + 2);
        let column = if file.starts_with("http.") { 1 } else { column };
        check_file_error(file, &[&format!("parlor.toml:1:{column}: {expected}")]);
    }
}

#[test]
fn a_store_that_there_is_not_is_refused_without_repeating_its_password() {
    let errors =
        Case { file: "store = \"postgres://me:secret@db/x\"", ..Case::default() }.load().expect_err("no such store");
    assert_eq!(
        errors,
        ["parlor.toml:1:1: store: parlor has no store for `postgres:` URLs; leave the key out, or write `sqlite:`"]
    );
}

#[test]
fn a_secret_is_in_no_error_and_in_no_debug_output() {
    let long = format!("server_password = \"{}\"", "sesame".repeat(200));
    for (file, expected) in [
        ("server_password = 123456", "parlor.toml:1:1: server_password: expected a text in quotes"),
        (long.as_str(), "parlor.toml:1:1: server_password: the password is longer than 1024 bytes"),
    ] {
        check_file_error(file, &[expected]);
    }
    let settings = Case { file: "server_password = \"sesame\"", ..Case::default() }.load().unwrap();
    assert_eq!(settings.config.server_password.as_ref().map(Secret::reveal), Some("sesame"));
    assert!(!format!("{settings:?}").contains("sesame"));
}

#[test]
fn two_server_passwords_are_one_too_many() {
    let case = Case {
        file: "server_password_file = \"/x\"",
        variables: &[("PARLOR_SERVER_PASSWORD", "sesame")],
        ..Case::default()
    };
    let expected = "parlor.toml:1:1: server_password_file: server_password is set too (PARLOR_SERVER_PASSWORD); \
                    leave one of the two out";
    assert_eq!(case.load().expect_err("two"), [expected]);
    // An empty one is none, so a place of higher rank can take back what a lower one says.
    let file = "server_password_file = \"/x\"\nserver_password = \"sesame\"";
    Case { file, variables: &[("PARLOR_SERVER_PASSWORD", "")], ..Case::default() }.load().unwrap();
}

#[test]
fn what_is_not_toml_or_not_utf_8_is_found_with_its_place() {
    let errors = Case { file: "http = \"off\"\nlog.level = \n", ..Case::default() }.load().expect_err("not TOML");
    assert!(errors[0].starts_with("parlor.toml:2:13: this is not TOML: "), "{errors:?}");
    let errors = Case { file: "http = \"off\"\nhttp = \"off\"\n", ..Case::default() }.load().expect_err("twice");
    assert!(errors[0].starts_with("parlor.toml:2:1: this is not TOML: "), "{errors:?}");

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("latin");
    fs::write(&path, b"# caf\xe9\n").unwrap();
    let error = load(&Sources { file: Some(path), ..Sources::default() }).expect_err("not UTF-8");
    assert!(error.to_string().contains("latin:1:6: the file is not UTF-8 here"), "{error}");
}

#[test]
fn a_wrong_variable_is_an_error_too_and_others_are_not_ours() {
    check_variable_error(
        "PARLOR_LIMITS_POST_BURST",
        "5",
        "PARLOR_LIMITS_POST_BURST: there is no such variable; did you mean PARLOR_LIMITS_POSTS_BURST?",
    );
    check_variable_error("PARLOR_CONFG", "x", "PARLOR_CONFG: there is no such variable; did you mean PARLOR_CONFIG?");
    check_variable_error(
        "PARLOR_CACHE_MIB",
        "lots",
        "PARLOR_CACHE_MIB: cache_mib: expected a whole number of MiB from 1 to 65536; got \"lots\"",
    );
    check_variable_error(
        "PARLOR_HISTORY_ON_JOIN",
        "",
        "PARLOR_HISTORY_ON_JOIN: history_on_join: expected a whole number of messages from 0 to 500; got nothing",
    );
    Case { variables: &[("PARLORS_HTTP", "x"), ("HTTP", "x")], ..Case::default() }.load().unwrap();
}

#[test]
fn all_mistakes_are_told_at_once() {
    let case = Case { file: "a_b_c = 1\ncache_mib = 0", variables: &[("PARLOR_HTTP", "x")], ..Case::default() };
    assert_eq!(case.load().expect_err("three mistakes").len(), 3);
}

#[test]
fn without_a_home_the_data_directory_must_be_named() {
    let error = load(&Sources::default()).expect_err("no home");
    assert!(error.to_string().contains("--data-dir"), "{error}");
    let named = Environment::new([("PARLOR_DATA_DIR".into(), "/srv/parlor".into())]);
    let settings = load(&Sources { environment: named, ..Sources::default() }).unwrap();
    assert_eq!(settings.config.data_dir, Path::new("/srv/parlor"));
}

#[test]
fn xdg_directories_are_used_and_the_file_of_the_platform_is_read_if_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let variables = |extra: &[(&str, &Path)]| {
        let base = [("XDG_CONFIG_HOME", dir.path()), ("XDG_DATA_HOME", Path::new("/data"))];
        Environment::new(base.iter().chain(extra).map(|(name, path)| (name.into(), path.into())))
    };
    let load = |environment| load(&Sources { environment, ..Sources::default() });
    let without = load(variables(&[])).unwrap();
    assert_eq!((without.file, without.config.data_dir), (None, PathBuf::from("/data/parlor")));

    fs::create_dir(dir.path().join("parlor")).unwrap();
    let platform = dir.path().join("parlor/parlor.toml");
    fs::write(&platform, "cache_mib = 1").unwrap();
    assert_eq!(load(variables(&[])).unwrap().file, Some(platform));

    let other = dir.path().join("other.toml");
    let error = load(variables(&[("PARLOR_CONFIG", &other)])).expect_err("it is not there");
    assert!(error.to_string().contains("cannot read the configuration"), "{error}");
}
