//! The sockets that the doors listen on, bound before anything else can fail.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use parlor_doors::tls::Tls;
use parlor_doors::{DOORS, Door, Mount};
use tokio::net::{TcpListener, TcpSocket};

use crate::config::{self, Config, Origin, Settings};
use crate::failure::Failure;

/// Connections that the kernel completes before they are accepted; it takes less where `somaxconn` is less. A page with a
/// thousand readers that come back after a restart fits.
const BACKLOG: u32 = 4096;

/// Bound sockets.
pub(crate) struct Sockets {
    /// Of all HTTP doors; `None`: they are off.
    pub(crate) http: Option<TcpListener>,
    /// Of the doors with a port of their own that are not off.
    pub(crate) streams: Vec<Stream>,
    /// What those that speak TLS prove themselves with.
    pub(crate) tls: Option<Arc<Tls>>,
}

/// The sockets of a door with ports of its own.
pub(crate) struct Stream {
    pub(crate) door: &'static Door,
    pub(crate) plain: Option<TcpListener>,
    pub(crate) tls: Option<TcpListener>,
}

/// Where the doors listen, by the keys of the configuration that say so; that of the HTTP doors together is `http`.
pub(crate) type Addresses = Vec<(&'static str, SocketAddr)>;

impl Sockets {
    /// Binds all that the configuration names.
    ///
    /// # Errors
    /// The certificate can't be used, an address can't be bound, or no door is open.
    pub(crate) fn bind(settings: &Settings) -> Result<Sockets, Failure> {
        let bind = |name| {
            let address = address(&settings.config, name);
            address.map(|address| listen(address, flag(settings, name))).transpose()
        };
        let tls = config::read_identity(settings)?.map(Tls::new);
        let http = bind("http")?;
        let mut streams = Vec::new();
        for door in DOORS.iter().filter(|door| matches!(door.mount, Mount::Stream(_))) {
            let (plain, over_tls) = keys(door);
            streams.push(Stream { door, plain: bind(plain)?, tls: over_tls.map_or(Ok(None), bind)? });
        }
        streams.retain(|stream| stream.plain.is_some() || stream.tls.is_some());
        if http.is_none() && streams.is_empty() {
            return Err(Failure::NoDoor);
        }
        Ok(Sockets { http, streams, tls })
    }

    /// Where they listen: with the ports that the system chose.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn addresses(&self) -> io::Result<Addresses> {
        let http = self.http.iter().map(|socket| ("http", socket));
        let streams = self.streams.iter().flat_map(|stream| {
            let (plain, over_tls) = keys(stream.door);
            let plain = stream.plain.iter().map(move |socket| (plain, socket));
            plain.chain(over_tls.into_iter().zip(&stream.tls))
        });
        http.chain(streams).map(|(name, socket)| Ok((name, socket.local_addr()?))).collect()
    }
}

/// The keys of the configuration that say where a door with ports of its own listens: plainly, and for TLS if it does.
fn keys(door: &Door) -> (&'static str, Option<&'static str>) {
    match door.name {
        "term" => ("term", Some("term_tls")),
        "chat1" => ("chat", None),
        name => (name, None),
    }
}

/// Where a key says to listen; `None`: nowhere.
fn address(config: &Config, key: &str) -> Option<SocketAddr> {
    match key {
        "http" => config.http,
        "term" => config.term,
        "term_tls" => config.term_tls,
        "chat" => config.chat,
        _ => None,
    }
}

/// The flag that the operator would change to listen elsewhere.
fn flag(settings: &Settings, name: &str) -> &'static str {
    match (name, settings.origin(name)) {
        ("http", Origin::Flag("--http")) => "--http ADDRESS:PORT",
        ("http", _) => "-p PORT or --http ADDRESS:PORT",
        ("chat", _) => "--chat ADDRESS:PORT, or close this door with --chat off",
        ("term_tls", _) => "--term-tls ADDRESS:PORT, or close this door with --term-tls off",
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
    use crate::config::TLS_SUFFIX;

    #[test]
    fn every_door_with_a_port_has_a_key_for_it() {
        let somewhere = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
        let config =
            Config { http: somewhere, term: somewhere, term_tls: somewhere, chat: somewhere, ..Config::default() };
        for door in DOORS.iter().filter(|door| matches!(door.mount, Mount::Stream(_))) {
            let (plain, over_tls) = keys(door);
            assert!(address(&config, plain).is_some(), "{} has no address in the configuration", door.name);
            if let Some(over_tls) = over_tls {
                assert!(address(&config, over_tls).is_some(), "{} has no address for TLS", door.name);
                assert_eq!(over_tls.strip_suffix(TLS_SUFFIX), Some(plain));
            }
        }
    }
}
