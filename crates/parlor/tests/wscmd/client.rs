//! A client that says commands and reads answers as they are written.

use std::net::TcpStream;

use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

use super::support::server::Server;

/// The server password of [`server`].
pub(crate) const PASSWORD: &str = "open sesame";

/// A server without rates, with a server password.
pub(crate) fn server() -> Server {
    Server::unlimited_with(&[
        ("PARLOR_SERVER_PASSWORD", PASSWORD),
        ("PARLOR_LIMITS_LOGINS_PER_MINUTE_PER_ADDRESS", "0"),
    ])
}

/// A string as the protocol writes it, counted in UTF-16 units.
pub(crate) fn text(text: &str) -> String {
    format!("{},{text}", text.encode_utf16().count())
}

/// A connection.
pub(crate) struct Client {
    pub(crate) socket: WebSocket<TcpStream>,
    /// Its chatclientid.
    pub(crate) id: u64,
}

impl Client {
    /// Connects with the subprotocol.
    pub(crate) fn open(server: &Server) -> Client {
        let mut request = format!("ws://{}/websocket", server.address()).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "chatroom-protocol".parse().unwrap());
        Client::with(server, request)
    }

    /// Connects as this request says.
    pub(crate) fn with(server: &Server, request: impl IntoClientRequest) -> Client {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(super::support::PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(request, stream).expect("the server takes the handshake");
        let mut client = Client { socket, id: 0 };
        let greeting = client.read();
        let id = greeting.strip_prefix("yourchatclientid(").and_then(|rest| rest.strip_suffix(')'));
        client.id = id.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("first came {greeting}"));
        client
    }

    pub(crate) fn say(&mut self, command: &str) {
        self.socket.send(Message::text(command)).unwrap();
    }

    /// The next message.
    pub(crate) fn read(&mut self) -> String {
        // A server that only asks whether we are there says nothing for a long time.
        for _ in 0..3 {
            match self.socket.read().expect("a message") {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?} came"),
            }
        }
        panic!("nothing came but pings");
    }

    pub(crate) fn expect(&mut self, message: &str) {
        assert_eq!(self.read(), message);
    }

    /// Says a command and reads its answer.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.say(command);
        self.read()
    }

    /// What the `error` that answers a command says, and behind it the number.
    pub(crate) fn refused(&mut self, command: &str) -> String {
        let answer = self.ask(command);
        assert!(answer.starts_with("error("), "{command} was answered {answer}");
        answer
    }

    /// Checks that nothing has come that was not read: the answer to one more command is the next message.
    pub(crate) fn expect_nothing(&mut self) {
        assert!(self.ask("getusersinchatroom(999,999999)").ends_with("999)"));
    }

    /// Makes a room that vanishes, and answers its number.
    pub(crate) fn make_room(&mut self, name: &str) -> u64 {
        let answer = self.ask(&format!("addchatroom(1,{}0,0,0,)", text(name)));
        let rest = answer.strip_prefix("chatroomcreated(1,").unwrap_or_else(|| panic!("{answer}"));
        rest.split(',').next().unwrap().parse().unwrap()
    }

    /// Reads until the server closes; answers why.
    pub(crate) fn closed(&mut self) -> (CloseCode, String) {
        loop {
            match self.socket.read() {
                Ok(Message::Close(Some(frame))) => return (frame.code, frame.reason.as_str().to_owned()),
                Ok(Message::Close(None)) => panic!("closed without a code"),
                Ok(_) => {}
                Err(error) => panic!("broken instead of closed: {error}"),
            }
        }
    }

    /// Cuts the connection without a word.
    pub(crate) fn cut(self) {
        self.socket.get_ref().shutdown(std::net::Shutdown::Both).unwrap();
    }
}
