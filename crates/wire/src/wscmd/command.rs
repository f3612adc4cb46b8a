use super::grammar::{Counting, Parameter, Problem, Reader, Writer, texts};
use super::{COMMAND_BYTES_MAX, Secret};

texts! {
    /// What a client sends. The parameters are explained in the [module](super).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[allow(missing_docs, reason = "one table in the module's documentation explains all parameters")]
    pub enum Command<'a> {
        /// Make a listed room and join it.
        AddChatroom "addchatroom" {
            messageid: u64, room_name: &'a str, question: &'a str, answer_hashed: Secret<'a>, server_password: Secret<'a>
        }
        /// Add an account.
        AddUser "adduser" {
            messageid: u64, userid: u64, username: &'a str, password: Secret<'a>, server_password: Secret<'a>
        }
        /// Ask what a room is.
        GetChatroomDetails "getchatroomdetails" { messageid: u64, chatroomid: u64 }
        /// Ask for the rooms that this connection may see.
        GetChatroomList "getchatroomlist" { messageid: u64 }
        /// Ask who is in a room.
        GetUsersInChatroom "getusersinchatroom" { messageid: u64, chatroomid: u64 }
        /// Ask for the accounts.
        GetUsers "getusers" { messageid: u64, status: u64, server_password: Secret<'a> }
        /// Enter a room.
        JoinChatroom "joinchatroom" {
            messageid: u64, chatroomid: u64, leave_other_chatrooms: bool, answerhashed: Secret<'a>
        }
        /// Leave a room.
        LeaveChatroom "leavechatroom" { messageid: u64, chatroomid: u64 }
        /// Become an account.
        Login "login" { messageid: u64, username: &'a str, password: Secret<'a> }
        /// Be nobody's account again.
        Logout "logout" { messageid: u64, disconnect: bool }
        /// Nothing; keeps the connection alive.
        Nop "nop" {}
        /// Delete a room.
        RemoveChatroom "removechatroom" { messageid: u64, chatroomid: u64, server_password: Secret<'a> }
        /// Remove an account.
        RemoveUser "removeuser" { messageid: u64, userid: u64, server_password: Secret<'a> }
        /// Say something in a room.
        Send "send" { messageid: u64, chatroomid: u64, message: &'a str }
        /// Say something to one account or connection.
        SendTo "sendto" { messageid: u64, chatclientid: u64, userid: u64, message: &'a str }
        /// Say something to every connection of the server.
        SendToAll "sendtoall" { server_password: Secret<'a>, messageid: u64, message: &'a str }
    }
}

impl<'a> Command<'a> {
    /// Reads a command, with UTF-16 units first and then with bytes, and tells which of the two it was.
    ///
    /// The counting is `None` where the command does not tell: it is ASCII, or it can be read both ways.
    /// The parameter `answer` that an existing page sends with `addchatroom` is read over.
    ///
    /// # Errors
    /// [`CommandError`] for everything else: it is that of the reading with UTF-16 units.
    pub fn read(text: &'a str) -> Result<(Command<'a>, Option<Counting>), CommandError> {
        if text.len() > COMMAND_BYTES_MAX {
            return Err(CommandError::new(text, Problem::TooLong));
        }
        let by_units = Command::read_counted(text, Counting::Utf16);
        if text.is_ascii() {
            return by_units.map(|command| (command, None)).map_err(|problem| CommandError::new(text, problem));
        }
        match (by_units, Command::read_counted(text, Counting::Utf8)) {
            (Ok(command), Ok(_)) => Ok((command, None)),
            (Ok(command), Err(_)) => Ok((command, Some(Counting::Utf16))),
            (Err(_), Ok(command)) => Ok((command, Some(Counting::Utf8))),
            (Err(problem), Err(_)) => Err(CommandError::new(text, problem)),
        }
    }

    /// The client's own number for the command; `nop` has none.
    #[must_use]
    pub fn messageid(&self) -> Option<u64> {
        match *self {
            Command::AddChatroom { messageid, .. }
            | Command::AddUser { messageid, .. }
            | Command::GetChatroomDetails { messageid, .. }
            | Command::GetChatroomList { messageid }
            | Command::GetUsersInChatroom { messageid, .. }
            | Command::GetUsers { messageid, .. }
            | Command::JoinChatroom { messageid, .. }
            | Command::LeaveChatroom { messageid, .. }
            | Command::Login { messageid, .. }
            | Command::Logout { messageid, .. }
            | Command::RemoveChatroom { messageid, .. }
            | Command::RemoveUser { messageid, .. }
            | Command::Send { messageid, .. }
            | Command::SendTo { messageid, .. }
            | Command::SendToAll { messageid, .. } => Some(messageid),
            Command::Nop {} => None,
        }
    }

    pub(super) fn read_counted(text: &'a str, counting: Counting) -> Result<Command<'a>, Problem> {
        let (name, reader) = Reader::new(text, counting)?;
        let command = Command::read_named(name, &mut reader.clone());
        if name == "addchatroom" && command.is_err() {
            return add_chatroom_with_answer(reader).or(command);
        }
        command
    }
}

/// COMPAT: an existing page sends the plain answer before the hashed one (protocols/wscmd.md,
/// `addchatroom`); for as long as that page is in use.
fn add_chatroom_with_answer(mut reader: Reader<'_>) -> Result<Command<'_>, Problem> {
    let command = Command::AddChatroom {
        messageid: reader.parameter()?,
        room_name: reader.parameter()?,
        question: reader.parameter()?,
        answer_hashed: {
            reader.parameter::<Secret<'_>>()?;
            reader.parameter()?
        },
        server_password: reader.parameter()?,
    };
    reader.end()?;
    Ok(command)
}

/// Why a text is no command. Prints as a sentence for the person who sent it, for `error(...)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}{}", usage(.name))]
pub struct CommandError {
    /// The client's own number for the command, if that much could be read.
    pub messageid: Option<u64>,
    /// What is wrong.
    pub problem: Problem,
    /// The name of the command, if there is one of that name.
    name: Option<String>,
}

impl CommandError {
    fn new(text: &str, problem: Problem) -> Self {
        let name = Reader::new(text, Counting::Utf16).ok().map(|(name, _)| name.to_owned());
        let messageid = [Counting::Utf16, Counting::Utf8].into_iter().find_map(|counting| messageid(text, counting));
        CommandError { messageid, problem, name }
    }
}

/// The messageid of a command that could not be read to its end, whatever its name.
fn messageid(text: &str, counting: Counting) -> Option<u64> {
    let (name, mut reader) = Reader::new(text, counting).ok()?;
    if name == "sendtoall" {
        reader.parameter::<Secret<'_>>().ok()?;
    }
    let number = reader.number().ok()?;
    reader.is_after_number().then_some(number)
}

/// How the command is written, as the end of a sentence.
fn usage(name: &Option<String>) -> String {
    let parameters = name.as_deref().and_then(Command::parameters);
    match (name, parameters) {
        (Some(name), Some(parameters)) => format!("; write {name}({})", parameters.join(",")),
        _ => String::new(),
    }
}
