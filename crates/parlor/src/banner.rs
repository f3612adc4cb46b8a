//! What the server says when its doors are open: where to go, where the data is, how to stop.

use std::net::SocketAddr;
use std::path::Path;

use crate::config::TLS_SUFFIX;

/// The banner for people; ends with a newline.
///
/// `operator_link`: the token that makes whoever opens its page first the operator, if nobody is. `stop`: how this process
/// is stopped, for example `Ctrl-C`.
pub(crate) fn text(
    addresses: &[(&str, SocketAddr)],
    data_dir: &Path,
    log: Option<&Path>,
    operator_link: Option<&str>,
    stop: &str,
) -> String {
    let mut text = format!("parlor {} is open\n", env!("CARGO_PKG_VERSION"));
    for (door, address) in addresses {
        text.push_str(&match *door {
            "http" => format!("  go to    http://{}/\n", reached(*address)),
            // Clients of the other doors are programs: this one comes with the server.
            door => format!("  or       parlor connect {}://{}\n", scheme(door), reached(*address)),
        });
    }
    let http = addresses.iter().find(|(door, _)| *door == "http");
    if let (Some((_, http)), Some(token)) = (http, operator_link) {
        text.push_str(&format!("  to run   http://{}/setup/{token} makes you the operator, once\n", reached(*http)));
    }
    text.push_str(&format!("  data in  {}\n", data_dir.display()));
    if let Some(log) = log {
        text.push_str(&format!("  log in   {}\n", log.display()));
    }
    text.push_str(&format!("  stop it  {stop}\n"));
    let is_open = |(door, address): &&(&str, SocketAddr)| !door.ends_with(TLS_SUFFIX) && !address.ip().is_loopback();
    for (_, address) in addresses.iter().filter(is_open) {
        text.push_str(&format!(
            "warning: {address} is reachable from other machines and speaks no TLS; put a TLS proxy in front\n"
        ));
    }
    text
}

/// What stands before the address of a door: `term` or, over TLS, `terms`.
fn scheme(key: &str) -> String {
    key.strip_suffix(TLS_SUFFIX).map_or_else(|| key.to_owned(), |door| format!("{door}s"))
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
        text(&[("http", http.parse().unwrap())], Path::new("/data"), None, None, "Ctrl-C")
    }

    #[test]
    fn it_says_how_to_reach_the_other_doors() {
        let addresses =
            [("http", "127.0.0.1:1234"), ("term", "0.0.0.0:1235")].map(|(door, at)| (door, at.parse().unwrap()));
        let text = text(&addresses, Path::new("/data"), None, None, "Ctrl-C");
        assert!(text.contains("  or       parlor connect term://127.0.0.1:1235\n"), "{text}");
        assert!(text.contains("warning: 0.0.0.0:1235 is reachable"), "{text}");
    }

    #[test]
    fn a_door_with_tls_may_be_open_to_everybody() {
        let addresses = [("term_tls", "0.0.0.0:1236".parse().unwrap())];
        let text = text(&addresses, Path::new("/data"), None, None, "Ctrl-C");
        assert!(text.contains("  or       parlor connect terms://127.0.0.1:1236\n"), "{text}");
        assert!(!text.contains("warning"), "{text}");
    }

    #[test]
    fn it_has_the_operators_link_where_there_is_a_page_for_it() {
        let all = [("http", "0.0.0.0:1234"), ("chat", "127.0.0.1:31145")].map(|(door, at)| (door, at.parse().unwrap()));
        let text = |addresses| text(addresses, Path::new("/data"), None, Some("cafe"), "Ctrl-C");
        assert!(text(&all).contains("  to run   http://127.0.0.1:1234/setup/cafe makes you"), "{}", text(&all));
        assert!(!text(&all[1..]).contains("cafe"), "{}", text(&all[1..]));
        assert!(text(&all).contains("  or       parlor connect chat://127.0.0.1:31145\n"), "{}", text(&all));
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
