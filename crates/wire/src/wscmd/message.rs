use super::grammar::{Counting, Parameter, Problem, Reader, Writer, texts};

texts! {
    /// What the server sends. The parameters are explained in the [module](super).
    #[derive(Debug, Clone, PartialEq, Eq)]
    #[allow(missing_docs, reason = "one table in the module's documentation explains all parameters")]
    pub enum Message<'a> {
        /// Somebody said something in a room.
        Chat "chat" { messageid: u64, chatroomid: u64, chatclientid: u64, userid: u64, message: &'a str }
        /// There is a new room.
        ChatroomCreated "chatroomcreated" {
            messageid: u64, chatroomid: u64, room_name: &'a str, info: Info, number_of_clients: u64
        }
        /// What a room is.
        ChatroomDetails "chatroomdetails" {
            messageid: u64, chatroomid: u64, room_name: &'a str, info: Info, number_of_clients: u64, question: &'a str
        }
        /// The rooms that the reader may see.
        ChatroomList "chatroomlist" { messageid: u64, rooms: Vec<ListedRoom<'a>> }
        /// A room is no more.
        ChatroomWasDeleted "chatroomwasdeleted" { messageid: u64, chatroomid: u64 }
        /// A command could not be done; `messageid` is `None` if it could not be read.
        Error "error" { message: &'a str, messageid: Option<u64> }
        /// Somebody said something to the reader alone.
        Msg "msg" { messageid: u64, chatclientid: u64, userid: u64, message: &'a str }
        /// Somebody said something to every connection of the server.
        PrivateMessage "privatemessage" { chatclientid: u64, userid: u64, username: &'a str, message: &'a str }
        /// The command was done.
        Success "success" { messageid: u64 }
        /// Somebody came into a room, or changed account in it.
        UserJoinedChatroom "userjoinedchatroom" {
            messageid: u64, chatroomid: u64, chatclientid: u64, userid: u64, username: &'a str, number_of_clients: u64
        }
        /// Somebody left a room.
        UserLeftChatroom "userleftchatroom" {
            messageid: u64, chatroomid: u64, chatclientid: u64, userid: u64, username: &'a str, number_of_clients: u64
        }
        /// The accounts.
        Users "users" { messageid: u64, users: Vec<ListedUser<'a>> }
        /// Who is in a room.
        UsersInChatroom "usersinchatroom" { messageid: u64, chatroomid: u64, users: Vec<PresentUser<'a>> }
        /// The reader's own number; the first message of a connection.
        YourChatClientId "yourchatclientid" { chatclientid: u64 }
    }
}

impl<'a> Message<'a> {
    /// Reads what the server sent to somebody for whom it counts like this.
    ///
    /// # Errors
    /// [`Problem`] where it is no message of the protocol.
    pub fn read(text: &'a str, counting: Counting) -> Result<Message<'a>, Problem> {
        let (name, mut reader) = Reader::new(text, counting)?;
        Message::read_named(name, &mut reader)
    }

    /// The message as a text of its own.
    #[must_use]
    pub fn to_text(&self, counting: Counting) -> String {
        let mut text = String::new();
        self.write(counting, &mut text);
        text
    }
}

/// What a room is to the one who reads it; written as the sum of its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Info {
    /// 1: the reader is in it.
    pub joined: bool,
    /// 4: it asks for an answer.
    pub asks: bool,
    /// 8: it is deleted when everybody left.
    pub vanishes: bool,
}

impl Parameter<'_> for Info {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Problem> {
        let sum = reader.number()?;
        Ok(Info { joined: sum & 1 != 0, asks: sum & 4 != 0, vanishes: sum & 8 != 0 })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let sum = u64::from(self.joined) + 4 * u64::from(self.asks) + 8 * u64::from(self.vanishes);
        Parameter::write(&sum, writer);
    }
}

/// Makes an item of a list, whose parameters stand one after the other like those of a text.
macro_rules! item {
    ($(#[$meta:meta])* pub struct $Item:ident<$life:lifetime> {
        $($(#[$doc:meta])* pub $parameter:ident: $Type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $Item<$life> { $($(#[$doc])* pub $parameter: $Type,)* }

        impl<$life> Parameter<$life> for $Item<$life> {
            fn read(reader: &mut Reader<$life>) -> Result<Self, Problem> {
                Ok($Item { $($parameter: reader.parameter()?),* })
            }

            fn write(&self, writer: &mut Writer<'_>) {
                $(Parameter::write(&self.$parameter, writer);)*
            }
        }
    };
}

item! {
    /// A room in [`Message::ChatroomList`].
    pub struct ListedRoom<'a> {
        /// The room's number.
        pub chatroomid: u64,
        /// What it is called.
        pub room_name: &'a str,
        /// What it is to the reader.
        pub info: Info,
        /// How many are in it.
        pub people_count: u64,
    }
}

item! {
    /// An account in [`Message::Users`].
    pub struct ListedUser<'a> {
        /// The account's number.
        pub userid: u64,
        /// Its name.
        pub username: &'a str,
        /// [`super::STATUS_LOGGED_IN`] or [`super::STATUS_LOGGED_OFF`].
        pub status: u64,
    }
}

item! {
    /// Somebody in [`Message::UsersInChatroom`].
    pub struct PresentUser<'a> {
        /// The connection's number.
        pub chatclientid: u64,
        /// The account's number, or 0.
        pub userid: u64,
        /// Its name, or empty.
        pub username: &'a str,
    }
}
