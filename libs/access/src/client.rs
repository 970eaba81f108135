//! Where a request comes from: address, user agent, request id. For limits and audit, never for identity.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, header};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Characters of a user agent that are kept.
const USER_AGENT_LIMIT: usize = 256;

/// The client of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// `None` for calls inside the process and for stored work.
    pub address: Option<IpAddr>,
    pub user_agent: Option<Arc<str>>,
    pub request_id: Arc<str>,
}

impl Client {
    /// `peer` is the other end of the connection.
    pub fn new(proxies: &TrustedProxies, peer: Option<SocketAddr>, headers: &HeaderMap, request_id: &str) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Self {
            address: peer.map(|peer| proxies.client(peer.ip(), headers)),
            user_agent: agent.map(|agent| agent.chars().take(USER_AGENT_LIMIT).collect::<String>().into()),
            request_id: request_id.into(),
        }
    }
}

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Networks such as `10.0.0.0/8`, or single addresses. The error names what is neither.
    pub fn parse(networks: &[String]) -> Result<Self, String> {
        let parse = |text: &String| {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| format!("{text:?} is not a network such as 10.0.0.0/8"))
        };
        Ok(Self(networks.iter().map(parse).collect::<Result<_, _>>()?))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The nearest address that is no proxy of ours. Each proxy adds the address it was called from at the right, so the
    /// list is read from there, and nothing to the left of an address that we do not trust is believed.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or_default());
        let hops: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
        for hop in hops.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = parse_hop(hop) else { break };
            client = address;
        }
        client
    }
}

/// An address, which some proxies write with a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies: Vec<String> = proxies.iter().map(|text| (*text).to_owned()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        TrustedProxies::parse(&proxies).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client(&[], "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client(&["10.0.0.0/8"], "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client(&["10.0.0.0/8"], "10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&["10.0.0.1"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_forged_is_left_of_what_the_proxy_added() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client(&proxies, "10.1.2.3", &["1.1.1.1, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&proxies, "10.1.2.3", &["1.1.1.1, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(client(&proxies, "10.1.2.3", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&proxies, "fd00::1", &["10.0.0.7, 2001:db8::5"]), "2001:db8::5");
    }

    #[test]
    fn forms_of_addresses() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(client(&proxies, "::ffff:10.1.2.3", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client(&proxies, "10.1.2.3", &["[2001:db8::5]:80"]), "2001:db8::5");
        assert_eq!(client(&proxies, "10.1.2.3", &["[2001:db8::5]"]), "2001:db8::5");
        assert_eq!(client(&proxies, "10.1.2.3", &["unknown"]), "10.1.2.3");
        assert!(TrustedProxies::parse(&["proxy.internal".to_owned()]).is_err());
    }
}
