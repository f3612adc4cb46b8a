//! Where a request comes from when proxies stand between: by their word only if they are ours.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Nobody else's are (PROMISES S3).
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Believes these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> TrustedProxies {
        TrustedProxies(networks)
    }

    /// Whether this address is a proxy of ours.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: of the hops `X-Forwarded-For`, from the nearest on, the first that is not a proxy of ours.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let hops = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut client = peer.to_canonical();
        for hop in hops.collect::<Vec<_>>().into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            // A hop that is no address was made up by whoever stands behind the last one we know.
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        client
    }

    /// Whether the client speaks TLS to a proxy of ours.
    #[must_use]
    pub fn secure(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        self.trusts(peer) && headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trusted: &[&str], peer: &str, forwarded: &[&str], expected: &str) {
        let proxies = TrustedProxies::new(trusted.iter().map(|network| network.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &headers);
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        check(&[], "127.0.0.1", &["9.9.9.9"], "127.0.0.1");
        check(&["127.0.0.0/8"], "127.0.0.1", &["9.9.9.9"], "9.9.9.9");
        check(&["127.0.0.0/8"], "127.0.0.1", &[], "127.0.0.1");
        check(&["127.0.0.0/8"], "8.8.8.8", &["9.9.9.9"], "8.8.8.8");
        check(&["127.0.0.0/8"], "::ffff:127.0.0.1", &["9.9.9.9"], "9.9.9.9");
    }

    #[test]
    fn what_the_client_itself_claims_is_not_believed() {
        check(&["127.0.0.0/8"], "127.0.0.1", &["1.1.1.1, 9.9.9.9"], "9.9.9.9");
        check(&["127.0.0.0/8", "10.0.0.0/8"], "127.0.0.1", &["1.1.1.1, 9.9.9.9", "10.0.0.7"], "9.9.9.9");
        check(&["127.0.0.0/8"], "127.0.0.1", &["1.1.1.1, nonsense"], "127.0.0.1");
        check(&["::1/128"], "::1", &["2001:db8::5"], "2001:db8::5");
    }
}
