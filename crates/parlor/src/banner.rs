//! What the server says when its doors are open: where to go, where the data is, how to stop.

use std::net::SocketAddr;
use std::path::Path;

/// The banner for people; ends with a newline.
///
/// `stop`: how this process is stopped, for example `Ctrl-C`.
pub(crate) fn text(http: SocketAddr, data_dir: &Path, log: Option<&Path>, stop: &str) -> String {
    let mut text = format!(
        "parlor {} is open\n  go to    {}\n  data in  {}\n",
        env!("CARGO_PKG_VERSION"),
        url(http),
        data_dir.display()
    );
    if let Some(log) = log {
        text.push_str(&format!("  log in   {}\n", log.display()));
    }
    text.push_str(&format!("  stop it  {stop}\n"));
    if !http.ip().is_loopback() {
        text.push_str(&format!(
            "warning: {http} is reachable from other machines and speaks no TLS; put a TLS proxy in front\n"
        ));
    }
    text
}

/// A server that listens on every address is reached on this machine by the loopback one.
fn url(http: SocketAddr) -> String {
    let mut shown = http;
    if shown.ip().is_unspecified() {
        shown.set_ip(match http {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{shown}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner(http: &str) -> String {
        text(http.parse().unwrap(), Path::new("/data"), None, "Ctrl-C")
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
