//! What the server says when its doors are open: where to go, where the data is, how to stop.

use std::net::SocketAddr;
use std::path::Path;

/// The banner for people; ends with a newline.
///
/// `stop`: how this process is stopped, for example `Ctrl-C`.
pub(crate) fn text(addresses: &[(&str, SocketAddr)], data_dir: &Path, log: Option<&Path>, stop: &str) -> String {
    let mut text = format!("parlor {} is open\n", env!("CARGO_PKG_VERSION"));
    for (door, address) in addresses {
        text.push_str(&match *door {
            "http" => format!("  go to    http://{}/\n", reached(*address)),
            // Clients of the other doors are programs: this one comes with the server.
            door => format!("  or       parlor connect {door}://{}\n", reached(*address)),
        });
    }
    text.push_str(&format!("  data in  {}\n", data_dir.display()));
    if let Some(log) = log {
        text.push_str(&format!("  log in   {}\n", log.display()));
    }
    text.push_str(&format!("  stop it  {stop}\n"));
    for (_, address) in addresses.iter().filter(|(_, address)| !address.ip().is_loopback()) {
        text.push_str(&format!(
            "warning: {address} is reachable from other machines and speaks no TLS; put a TLS proxy in front\n"
        ));
    }
    text
}

/// A server that listens on every address is reached on this machine by the loopback one.
fn reached(address: SocketAddr) -> SocketAddr {
    let mut shown = address;
    if shown.ip().is_unspecified() {
        shown.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner(http: &str) -> String {
        text(&[("http", http.parse().unwrap())], Path::new("/data"), None, "Ctrl-C")
    }

    #[test]
    fn it_says_how_to_reach_the_other_doors() {
        let addresses =
            [("http", "127.0.0.1:1234"), ("term", "0.0.0.0:1235")].map(|(door, at)| (door, at.parse().unwrap()));
        let text = text(&addresses, Path::new("/data"), None, "Ctrl-C");
        assert!(text.contains("  or       parlor connect term://127.0.0.1:1235\n"), "{text}");
        assert!(text.contains("warning: 0.0.0.0:1235 is reachable"), "{text}");
    }

    #[test]
    fn it_says_where_to_go_and_warns_beyond_loopback() {
        let cases = [
            ("127.0.0.1:1234", "http://127.0.0.1:1234/", false),
            ("[::1]:80", "http://[::1]:80/", false),
            ("0.0.0.0:1234", "http://127.0.0.1:1234/", true),
            ("[::]:1234", "http://[::1]:1234/", true),
            ("192.0.2.7:1234", "http://192.0.2.7:1234/", true),
        ];
        for (http, url, warns) in cases {
            let text = banner(http);
            assert!(text.contains(&format!("go to    {url}\n")), "{text}");
            assert_eq!(text.contains("TLS"), warns, "{text}");
            assert!(text.contains("/data") && text.contains("Ctrl-C"), "{text}");
        }
    }
}
