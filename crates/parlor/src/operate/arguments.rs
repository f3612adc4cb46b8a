//! The command line of `parlor user` and `parlor room`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use parlor_client::ClientError;
use parlor_core::limits::LISTED_MEMBERS;

use super::order::{Answer, Order, Outcome, RoomRow, UserRow};
use super::reach::Server;
use super::tell;
use crate::config::{self, Config, Sources};
use crate::failure::Failure;
use crate::{password, runtime, talk};

// A paragraph is one line, which clap wraps where the terminal ends.
const PLACE: &str = "\
The server may run or not. If it does, it is told through operator.sock in its data directory, which only the user that \
runs it (and root) can do; if not, the store is opened here.

Exit codes:
  0   done                              66  no store there
  1   refused                           73  the store is in use and does not answer";

#[derive(Subcommand)]
#[command(after_help = PLACE)]
pub(crate) enum UserCommand {
    /// Make an account.
    Add {
        /// The name to log in with: 1 to 32 characters of a-z, 0-9, _ and -.
        name: String,
        /// The name that others see [default: NAME].
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        #[command(flatten)]
        password: NewPassword,
        #[command(flatten)]
        place: Place,
    },
    /// Give an account another password; every log-in of it ends.
    Passwd {
        /// The account.
        name: String,
        #[command(flatten)]
        password: NewPassword,
        #[command(flatten)]
        place: Place,
    },
    /// Print who has an account.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Keep an account from logging in; every log-in of it ends.
    Disable {
        /// The account.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let an account log in again.
    Enable {
        /// The account.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Remove an account; what it said stays, and its name is free.
    Remove {
        /// The account.
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Subcommand)]
#[command(after_help = PLACE)]
pub(crate) enum RoomCommand {
    /// Print all rooms, those that are not listed too.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Make a room and print its key.
    Create {
        /// Its name: 1 to 64 characters of a-z, 0-9, _ and - [default: none, and it is found by its key].
        name: Option<String>,
        /// What it is about [default: NAME].
        #[arg(long, value_name = "TEXT")]
        subject: Option<String>,
        /// Show it to everybody in lists of rooms.
        #[arg(long)]
        listed: bool,
        /// Let in nobody but its members; name one with --admin who can invite others.
        #[arg(long, requires = "admins")]
        members_only: bool,
        /// Make this account an admin of it; may be given more than once.
        #[arg(long = "admin", value_name = "NAME")]
        admins: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Give a room another name.
    Rename {
        /// The room: its name, its key, or its URL.
        room: String,
        /// The new name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// End a room: whoever is in it is told, later nobody finds it.
    Close {
        /// The room: its name, its key, or its URL.
        room: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print who belongs to a room.
    Members {
        /// The room: its name, its key, or its URL.
        room: String,
        /// Make this account a member first; may be given more than once.
        #[arg(long, value_name = "NAME")]
        add: Vec<String>,
        /// Make this account an admin first.
        #[arg(long = "admin", value_name = "NAME")]
        admins: Vec<String>,
        /// End what this person is in it first.
        #[arg(long, value_name = "NAME")]
        remove: Vec<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// Which server.
#[derive(Args)]
pub(crate) struct Place {
    /// Directory of the server's data [default: the platform's, ~/.local/share/parlor].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Configuration file of the server [default: $PARLOR_CONFIG, else ~/.config/parlor/parlor.toml if it is there].
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Where a password comes from. Never from the command line, which others can see.
#[derive(Args)]
pub(crate) struct NewPassword {
    /// Read the password from the first line of standard input [default: ask for it].
    #[arg(long)]
    password_stdin: bool,
    /// Let everybody log in who knows the name (see passwordless_accounts).
    #[arg(long, conflicts_with = "password_stdin")]
    no_password: bool,
}

/// Carries out `parlor user`.
///
/// # Errors
/// The server refuses it, or cannot be told; the store cannot be opened.
pub(crate) fn user(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, display_name, password, place } => {
            let password = password.read()?;
            order(&place, &Order::UserAdd { name: name.clone(), display_name, password })?;
            tell::line(&format!("{name} has an account"))
        }
        UserCommand::Passwd { name, password, place } => {
            let password = password.read()?;
            let has = if password.is_some() { "has another password" } else { "needs no password any more" };
            order(&place, &Order::UserPasswd { name: name.clone(), password })?;
            tell::line(&format!("{name} {has}, and is logged in nowhere"))
        }
        UserCommand::List { json, place } => {
            let next = |last: &UserRow| Order::UserList { after: Some(last.name.clone()) };
            tell::users(&all(&place, Order::UserList { after: None }, next)?, json)
        }
        UserCommand::Disable { name, place } => {
            order(&place, &Order::UserDisable { name: name.clone(), disabled: true })?;
            tell::line(&format!("{name} cannot log in any more, and is logged in nowhere"))
        }
        UserCommand::Enable { name, place } => {
            order(&place, &Order::UserDisable { name: name.clone(), disabled: false })?;
            tell::line(&format!("{name} can log in"))
        }
        UserCommand::Remove { name, place } => {
            order(&place, &Order::UserRemove { name: name.clone() })?;
            tell::line(&format!("{name} has no account any more; what was said under it stays"))
        }
    }
}

/// Carries out `parlor room`.
///
/// # Errors
/// The server refuses it, or cannot be told; the store cannot be opened.
pub(crate) fn room(command: RoomCommand) -> anyhow::Result<()> {
    match command {
        RoomCommand::List { json, place } => {
            let next = |last: &RoomRow| Order::RoomList { after: Some(last.number) };
            tell::rooms(&all(&place, Order::RoomList { after: None }, next)?, json)
        }
        RoomCommand::Create { name, subject, listed, members_only, admins, place } => {
            match order(&place, &Order::RoomCreate { name, subject, listed, members_only, admins })? {
                Outcome::Room(room) => tell::line(&room.key),
                other => Err(unexpected(&other)),
            }
        }
        RoomCommand::Rename { room, name, place } => {
            order(&place, &Order::RoomRename { room, name: name.clone() })?;
            tell::line(&format!("the room is called {name}"))
        }
        RoomCommand::Close { room, place } => {
            order(&place, &Order::RoomClose { room: room.clone() })?;
            tell::line(&format!("{room} has ended"))
        }
        RoomCommand::Members { room, add, admins, remove, json, place } => {
            match order(&place, &Order::RoomMembers { room, add, admins, remove })? {
                Outcome::Members(members) => {
                    tell::members(&members, json)?;
                    if members.len() >= LISTED_MEMBERS {
                        talk::notice(&format!("these are the first {LISTED_MEMBERS}; there may be more"));
                    }
                    Ok(())
                }
                other => Err(unexpected(&other)),
            }
        }
    }
}

/// Rows that come in pages.
trait Row: Sized {
    fn of(outcome: Outcome) -> anyhow::Result<Vec<Self>>;
}

impl Row for UserRow {
    fn of(outcome: Outcome) -> anyhow::Result<Vec<Self>> {
        if let Outcome::Users(rows) = outcome { Ok(rows) } else { Err(unexpected(&outcome)) }
    }
}

impl Row for RoomRow {
    fn of(outcome: Outcome) -> anyhow::Result<Vec<Self>> {
        if let Outcome::Rooms(rows) = outcome { Ok(rows) } else { Err(unexpected(&outcome)) }
    }
}

/// Asks for pages until one is empty.
fn all<R: Row>(place: &Place, first: Order, next: impl Fn(&R) -> Order) -> anyhow::Result<Vec<R>> {
    let mut server = Server::reach(&place.config()?)?;
    let (mut rows, mut wanted) = (Vec::new(), first);
    loop {
        let page = R::of(done(server.order(&wanted)?)?)?;
        let Some(last) = page.last() else { break };
        wanted = next(last);
        rows.extend(page);
    }
    server.leave()?;
    Ok(rows)
}

fn order(place: &Place, order: &Order) -> anyhow::Result<Outcome> {
    let mut server = Server::reach(&place.config()?)?;
    let answer = server.order(order)?;
    server.leave()?;
    done(answer)
}

fn done(answer: Answer) -> anyhow::Result<Outcome> {
    match answer {
        Answer::Done(outcome) => Ok(outcome),
        Answer::Refused(sentence) => Err(Failure::Refused(sentence).into()),
        Answer::Failed(sentence) => anyhow::bail!("the server failed: {sentence}; its log says more"),
    }
}

fn unexpected(outcome: &Outcome) -> anyhow::Error {
    anyhow::anyhow!("the server answered something else ({outcome:?}); is it of the same version as this program?")
}

impl Place {
    fn config(&self) -> Result<Config, Failure> {
        let data_dir = self.data_dir.clone().map(|dir| ("data_dir", "--data-dir", dir));
        let flags = data_dir.into_iter().collect();
        let sources = Sources { file: self.config.clone(), environment: runtime::environment(), flags, port: None };
        Ok(config::load(&sources)?.config)
    }
}

impl NewPassword {
    fn read(&self) -> Result<Option<String>, anyhow::Error> {
        if self.no_password {
            return Ok(None);
        }
        let password = password::choose(self.password_stdin)?;
        if password.is_empty() {
            let sentence = "the password is empty; --no-password makes an account without one".to_owned();
            return Err(ClientError::Usage(sentence).into());
        }
        Ok(Some(password))
    }
}
