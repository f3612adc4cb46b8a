//! The sockets that the doors listen on, bound before anything else can fail.

use std::io;
use std::net::SocketAddr;

use parlor_doors::{DOORS, Door, Mount};
use tokio::net::{TcpListener, TcpSocket};

use crate::config::{Config, Origin, Settings};
use crate::failure::Failure;

/// Connections that the kernel completes before they are accepted; it takes less where `somaxconn` is less. A page with a
/// thousand readers that come back after a restart fits.
const BACKLOG: u32 = 4096;

/// Bound sockets.
pub(crate) struct Sockets {
    /// Of all HTTP doors; `None`: they are off.
    pub(crate) http: Option<TcpListener>,
    /// Of the doors with a port of their own that are not off.
    pub(crate) streams: Vec<(&'static Door, TcpListener)>,
}

/// Where the doors listen, by their names; the HTTP doors together are `http`.
pub(crate) type Addresses = Vec<(&'static str, SocketAddr)>;

impl Sockets {
    /// Binds all that the configuration names.
    ///
    /// # Errors
    /// An address can't be bound, or no door is open.
    pub(crate) fn bind(settings: &Settings) -> Result<Sockets, Failure> {
        let bind = |name| {
            let address = address(&settings.config, name);
            address.map(|address| listen(address, flag(settings, name))).transpose()
        };
        let http = bind("http")?;
        let mut streams = Vec::new();
        for door in DOORS.iter().filter(|door| matches!(door.mount, Mount::Stream(_))) {
            streams.extend(bind(door.name)?.map(|socket| (door, socket)));
        }
        if http.is_none() && streams.is_empty() {
            return Err(Failure::NoDoor);
        }
        Ok(Sockets { http, streams })
    }

    /// Where they listen: with the ports that the system chose.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn addresses(&self) -> io::Result<Addresses> {
        let http = self.http.iter().map(|socket| ("http", socket));
        let streams = self.streams.iter().map(|(door, socket)| (door.name, socket));
        http.chain(streams).map(|(name, socket)| Ok((name, socket.local_addr()?))).collect()
    }
}

/// Where a door shall listen; `None`: it is off.
fn address(config: &Config, name: &str) -> Option<SocketAddr> {
    match name {
        "http" => config.http,
        "term" => config.term,
        _ => None,
    }
}

/// The flag that the operator would change to listen elsewhere.
fn flag(settings: &Settings, name: &str) -> &'static str {
    match (name, settings.origin(name)) {
        ("http", Origin::Flag("--http")) => "--http ADDRESS:PORT",
        ("http", _) => "-p PORT or --http ADDRESS:PORT",
        _ => "--term ADDRESS:PORT, or close this door with --term off",
    }
}

fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, Failure> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Without it a restart would wait for the connections of the last run to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::PortInUse { address, flag },
        _ => Failure::Listen { address, flag, error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_door_with_a_port_has_a_key_for_it() {
        let somewhere = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
        let config = Config { http: somewhere, term: somewhere, ..Config::default() };
        for door in DOORS.iter().filter(|door| matches!(door.mount, Mount::Stream(_))) {
            assert!(address(&config, door.name).is_some(), "{} has no address in the configuration", door.name);
        }
    }
}
