//! Making the connection.

use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::address::{DoorAddress, Scheme};
use crate::{ClientError, shown};

/// How long one address of the host may take to answer.
const CONNECT_SECONDS_MAX: u64 = 5;

/// Connects to the first address of the host that answers.
pub(crate) fn dial(address: &DoorAddress) -> Result<TcpStream, ClientError> {
    let found = (address.host.as_str(), address.port).to_socket_addrs();
    let found = found.map_err(|_| no_door(address, "there is no host of that name".to_owned()))?;
    let mut last = io::Error::from(ErrorKind::NotFound);
    for socket in found {
        match TcpStream::connect_timeout(&socket, Duration::from_secs(CONNECT_SECONDS_MAX)) {
            Ok(stream) => {
                // A line is a message: it should not wait for the next one.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(no_door(address, reason(&last)))
}

/// The error of a connection that could not be made, with what to look at.
pub(crate) fn no_door(address: &DoorAddress, reason: String) -> ClientError {
    let check = match address.scheme {
        Scheme::Term => "is the server running, and is its terminal door open at this port (parlor serve --term)?",
        Scheme::Chat => "is the server running, and is its CHAT/1.0 door open at this port (parlor serve --chat)?",
        Scheme::Terms => {
            "is the server running, and does its terminal door speak TLS at this port (parlor serve --term-tls)?"
        }
        Scheme::Ws => "is the server running, and is this the address of its HTTP door (parlor serve --http)?",
    };
    ClientError::NoDoor { address: address.to_string(), reason: shown::line(&reason), check }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused, nobody listens there".to_owned(),
        ErrorKind::TimedOut => format!("no answer within {CONNECT_SECONDS_MAX} seconds"),
        ErrorKind::NotFound => "the host has no address".to_owned(),
        _ => error.to_string(),
    }
}
