//! The connection under a terminal's conversation: plain, or TLS over it. Neither waits.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConnection};

use super::address::DoorAddress;
use super::dial::{dial, no_door};
use super::trust;
use crate::{ClientError, shown};

/// The server's part of the handshake may take so long between two of its bytes.
const HANDSHAKE_SECONDS_MAX: u64 = 10;

/// A connection, as its conversation sees it.
pub(crate) enum Channel {
    Plain(TcpStream),
    Tls(Box<Secured>),
}

/// A connection behind a handshake.
pub(crate) struct Secured {
    socket: TcpStream,
    tls: ClientConnection,
}

impl Channel {
    /// Connects, and speaks plainly.
    pub(crate) fn plain(address: &DoorAddress) -> Result<Channel, ClientError> {
        let socket = dial(address)?;
        socket.set_nonblocking(true)?;
        Ok(Channel::Plain(socket))
    }

    /// Connects, and speaks TLS with whoever proves to be the server: by a certificate that the world trusts or, if `ca` names
    /// a file, by what is in there alone.
    pub(crate) fn secure(address: &DoorAddress, ca: Option<&Path>) -> Result<Channel, ClientError> {
        let config = trust::config(ca)?;
        let name = ServerName::try_from(address.host.clone());
        let name =
            name.map_err(|_| no_door(address, "the host's name is none that a certificate can have".to_owned()))?;
        let failed = |error: io::Error| handshake_failed(address, &error, ca.is_some());
        let mut tls = ClientConnection::new(config, name).map_err(|error| failed(io::Error::other(error)))?;
        let mut socket = dial(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(HANDSHAKE_SECONDS_MAX)))?;
        socket.set_write_timeout(Some(Duration::from_secs(HANDSHAKE_SECONDS_MAX)))?;
        tls.complete_io(&mut socket).map_err(failed)?;
        socket.set_nonblocking(true)?;
        Ok(Channel::Tls(Box::new(Secured { socket, tls })))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Channel::Plain(socket) => socket.as_fd(),
            Channel::Tls(secured) => secured.socket.as_fd(),
        }
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(socket) => socket.read(buffer),
            Channel::Tls(secured) => secured.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(socket) => socket.write(bytes),
            Channel::Tls(secured) => {
                // What was taken before goes first, so that TLS never holds more than one of these.
                secured.push()?;
                secured.tls.writer().write(bytes)
            }
        }
    }

    /// Gives the socket what TLS holds.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Channel::Plain(_) => Ok(()),
            Channel::Tls(secured) => secured.push(),
        }
    }
}

impl Secured {
    // rustls's own stream writes before it reads, and so would read nothing from a server that takes nothing.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the connection was cut off"));
                }
                read => return read,
            }
            self.tls.read_tls(&mut self.socket)?;
            self.tls.process_new_packets().map_err(io::Error::other)?;
        }
    }

    fn push(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}

/// Says why, and what to look at.
fn handshake_failed(address: &DoorAddress, error: &io::Error, has_ca: bool) -> ClientError {
    use rustls::Error;
    let wrong_certificate = |reason: String| {
        let check = if has_ca {
            "is it the server that you mean, and does --ca name its certificate?"
        } else {
            "if it is the server that you mean, ask whoever runs it for its certificate and name that with --ca FILE"
        };
        ClientError::NoDoor { address: address.to_string(), reason: shown::line(&reason), check }
    };
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(Error::InvalidCertificate(wrong)) => wrong_certificate(certificate_is(wrong)),
        Some(Error::InvalidMessage(_)) => no_door(address, "what answers there does not speak TLS".to_owned()),
        Some(Error::AlertReceived(alert)) => no_door(address, format!("it turned the connection away ({alert:?})")),
        Some(other) => no_door(address, format!("TLS failed: {other}")),
        None if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            no_door(address, format!("no answer to the handshake of TLS within {HANDSHAKE_SECONDS_MAX} seconds"))
        }
        None => no_door(address, format!("the connection ended in the handshake of TLS ({error})")),
    }
}

fn certificate_is(wrong: &CertificateError) -> String {
    match wrong {
        // The signature is wrong when somebody has made a new certificate under the name of the old.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "nobody who is trusted here vouches for its certificate".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or the clock of this machine is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        // What `openssl req -x509` makes; rustls hands on the word of its verifier, and no value of its own.
        CertificateError::Other(other) if other.0.to_string() == "CaUsedAsEndEntity" => {
            "its certificate is its own authority, and is not one of those that are trusted here".to_owned()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}
