//! The command line: what can be asked of the program, and the help that says so.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::config::{Environment, Sources};
use crate::operate::{RoomCommand, UserCommand};

/// One room, many doors: a chat server that one person can run.
// Without `Debug`, here and below: one of the flags is a password.
#[derive(Parser)]
#[command(name = "parlor", version, about, arg_required_else_help = true, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  parlor serve                         serve on http://127.0.0.1:1234/
  parlor serve -d -p 4000              the same as a daemon, on port 4000
  parlor send lobby 'Tea is ready'     say something in a room
  parlor connect term://127.0.0.1      talk at the terminal door
  parlor connect chat://127.0.0.1      talk as somebody with an account
  parlor user list                     who has an account
  parlor tail lobby --since 0 --json   read a room from its first message on, and wait for more
  parlor config show --origin          every setting, and where it comes from

ROOM is a room's name, its 32-character key, or its URL.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Open the doors and serve until told to stop.
    Serve(ServeArguments),
    /// Talk at a running server's terminal door, at its CHAT/1.0 door, or by its WebSocket text commands.
    Connect(ConnectArguments),
    /// Make, change and remove accounts, on a running server or a stopped one.
    #[command(subcommand)]
    User(UserCommand),
    /// Make, list and end rooms, on a running server or a stopped one.
    #[command(subcommand)]
    Room(RoomCommand),
    /// Send a message to a room of a running server.
    Send(SendArguments),
    /// Print a room's messages and wait for more.
    Tail(TailArguments),
    /// Check a recorded history of posts and reads for lost, doubled and reordered messages.
    #[command(after_help = "\
The file has one JSON object a line; docs/reliability.md describes it.
Exit codes: 0 nothing is wrong, 1 a promise is broken, 65 the file is no history.")]
    CheckHistory {
        /// The recorded history, one JSON object a line.
        file: PathBuf,
    },
    /// Read the whole store and say what is damaged.
    Check(ConfigFlags),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Try out every door, each with a real conversation at a private server.
    #[command(after_help = SELFTEST_HELP)]
    Selftest {
        /// What to try: every door, one door, or how a crash of one connection's task is borne and logged.
        #[arg(default_value = crate::selftest::ALL, value_parser = PossibleValuesParser::new(crate::selftest::choices()))]
        what: String,
    },
    /// Print the version.
    Version,
}

const SELFTEST_HELP: &str = "\
The server is this program, with the default settings, on free ports of this machine and with its data in a temporary \
directory that goes afterwards. A running server and its data are not touched.

Exit codes: 0 everything works, 1 something does not; the lines say what.";

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether the configuration is right, or everything that is wrong with it (exit code 78).
    Check(ConfigFlags),
    /// Print every key with its value, written so that it can be used as a configuration file.
    Show {
        /// Add where each value comes from: the file with line and column, a variable, a flag, or the default.
        #[arg(long)]
        origin: bool,
        #[command(flatten)]
        flags: ConfigFlags,
    },
}

const SERVE_EXAMPLES: &str = "\
Examples:
  parlor serve                           http://127.0.0.1:1234/, data in ~/.local/share/parlor
  parlor serve -d -p 4000                as a daemon on port 4000; log and pid file beside the data
  parlor serve --http 0.0.0.0:1234       reachable from other machines (put a TLS proxy in front)
  parlor serve --term off                without the terminal door
  parlor serve -c /etc/parlor.toml       with a configuration file

A flag beats a variable (PARLOR_HTTP, PARLOR_LIMITS_POSTS_BURST, ...), a variable beats the file.

Exit codes:
  0   stopped as asked          73  data directory in use, or not to be written
  71  port in use               74  disk fault
  78  wrong configuration";

#[derive(Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) flags: ConfigFlags,
    /// Run in the background: detach from the terminal, write a pid file, log to a file.
    #[arg(short, long)]
    pub(crate) daemon: bool,
    /// The child that `--daemon` starts; not for people.
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

/// The flags that set keys of the configuration.
#[derive(Args)]
pub(crate) struct ConfigFlags {
    /// Port of the HTTP door; its address stays as configured [default: 1234].
    #[arg(short, long, value_name = "PORT", conflicts_with = "http")]
    port: Option<u16>,
    /// Address and port of the HTTP door, or off [default: 127.0.0.1:1234].
    #[arg(long, value_name = "ADDR|off")]
    http: Option<String>,
    /// Address and port of the terminal door, or off [default: 127.0.0.1:1235].
    #[arg(long, value_name = "ADDR|off")]
    term: Option<String>,
    /// Address and port of the terminal door over TLS, or off; it needs tls.certificate and tls.key [default: off].
    #[arg(long, value_name = "ADDR|off")]
    term_tls: Option<String>,
    /// Address and port of the CHAT/1.0 door, or off [default: 127.0.0.1:31145].
    #[arg(long, value_name = "ADDR|off")]
    chat: Option<String>,
    /// Password for the commands that ask for the server's; others on this machine can see it in the list of processes, so
    /// better set server_password_file or PARLOR_SERVER_PASSWORD.
    #[arg(long, value_name = "PASSWORD")]
    server_password: Option<String>,
    /// Directory of everything that lasts [default: the platform's, ~/.local/share/parlor].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// The store [default: sqlite:, the database in the data directory].
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Configuration file [default: $PARLOR_CONFIG, else ~/.config/parlor/parlor.toml if it is there].
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How log lines are written: auto, human, or json.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Append log lines to this file instead of standard error.
    #[arg(long, value_name = "FILE")]
    log_file: Option<String>,
}

impl ConfigFlags {
    /// The places to read the configuration from, these flags included.
    pub(crate) fn sources(&self, environment: Environment) -> Sources {
        let flags = [
            ("http", "--http", &self.http),
            ("term", "--term", &self.term),
            ("term_tls", "--term-tls", &self.term_tls),
            ("chat", "--chat", &self.chat),
            ("server_password", "--server-password", &self.server_password),
            ("data_dir", "--data-dir", &self.data_dir),
            ("store", "--store", &self.store),
            ("log.format", "--log-format", &self.log_format),
            ("log.file", "--log-file", &self.log_file),
        ];
        Sources {
            file: self.config.clone(),
            environment,
            flags: flags.into_iter().filter_map(|(key, flag, value)| Some((key, flag, value.clone()?))).collect(),
            port: self.port,
        }
    }
}

const CONNECT_EXAMPLES: &str = "\
Examples:
  parlor connect term://127.0.0.1                      the terminal door of this machine
  parlor connect ws://127.0.0.1:1234/websocket         text commands, uncounted: send 3 hello
  parlor connect --raw ws://127.0.0.1:1234 < script    text commands as the protocol writes them
  parlor connect chat://127.0.0.1 --user anna          be anna, in CHAT/1.0, the next time, too
  parlor connect chat://127.0.0.1 --send josie 'Tea?'  say one thing and end

Each line is sent when it is complete, and what comes is printed as it comes. At a terminal door the server says \
what to type, and an empty line leaves; at ws:// and chat:// type /help. Ctrl-C and Ctrl-D leave. A chat:// connection \
that breaks is made again. Its sessions are in $XDG_STATE_HOME/parlor/cookies.json (else ~/.local/state), which nobody else can read.

Exit codes:
  0   the input ended, or you left      2   wrong command line
  1   the server closed, or refused     69  no server answers there";

#[derive(Debug, Args)]
#[command(after_help = CONNECT_EXAMPLES)]
pub(crate) struct ConnectArguments {
    /// term://HOST[:PORT] (port 1235 if none is given), terms://HOST[:PORT] (the same over TLS, 1236), chat://HOST[:PORT]
    /// (31145) or ws://HOST[:PORT][/PATH] (80, /websocket).
    pub(crate) address: String,
    /// With ws://: send each line as a message, print each message as a line, both unchanged. With chat://: the same with
    /// requests and answers; \n in a line is a line end.
    #[arg(long)]
    pub(crate) raw: bool,
    /// With chat://: who to be [default: whoever you were the last time].
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// With chat://: the first line of standard input is the password.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// With chat://: say this to a person or group, and end; TEXT "-" reads standard input.
    #[arg(long, num_args = 2.., value_names = ["TO", "TEXT"], conflicts_with = "raw")]
    pub(crate) send: Vec<String>,
    /// With terms://: trust the certificates in this file (PEM), and no others [default: Mozilla's authorities].
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  parlor send lobby 'Tea is ready' --nick adrian
  parlor send https://chat.example.org/chat/KEY 'Tea is ready'")]
pub(crate) struct SendArguments {
    /// The room: its name, key, or URL.
    pub(crate) room: String,
    /// The message; "-" reads standard input.
    pub(crate) text: String,
    /// Name to post under.
    #[arg(long)]
    pub(crate) nick: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerFlag,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  parlor tail lobby                      the last messages, then what comes
  parlor tail lobby --since 0 --json     everything, one JSON object a line")]
pub(crate) struct TailArguments {
    /// The room: its name, key, or URL.
    pub(crate) room: String,
    /// Print what follows message N; 0: from the first on [default: the last messages].
    #[arg(long, value_name = "N")]
    pub(crate) since: Option<u64>,
    /// Print JSON objects, one a line.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerFlag,
}

#[derive(Debug, Args)]
pub(crate) struct ServerFlag {
    /// The server, where ROOM is not a URL.
    #[arg(long = "server", value_name = "URL", default_value = "http://127.0.0.1:1234")]
    pub(crate) url: String,
}
