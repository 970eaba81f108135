//! Which addresses the fetcher may reach, and the limits of one fetch.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ipnet::IpNet;
use url::Host;

use crate::{address::is_global, operator::USER_AGENT};

/// The rules of a [`Fetcher`](crate::Fetcher).
#[derive(Debug, Clone)]
pub struct Policy {
    /// Non-public networks the operator allowed (`FETCH_ALLOW_CIDRS`). Responses from there are marked private.
    pub allow_cidrs: Vec<IpNet>,
    /// Host names that are always refused, such as our own public names: otherwise a page could make the server send
    /// requests to itself.
    pub deny_hosts: Vec<String>,
    /// Allowed ports. A literal IP address inside `allow_cidrs` may have any port.
    pub ports: Vec<u16>,
    /// Sent to every server. Its first word, up to the slash, is the product token matched in robots.txt.
    pub user_agent: String,
    pub limits: Limits,
    pub concurrency: Concurrency,
    /// Whether robots.txt (RFC 9309) is obeyed. May be off when a user asked for this very page.
    pub robots: bool,
}

/// Limits of one fetch. Times are wall clock.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Timeout of resolving a name.
    pub dns: Duration,
    /// Timeout of opening a connection, TLS handshake included, after the name is resolved.
    pub connect: Duration,
    /// Timeout from the request to the end of the response's header.
    pub first_byte: Duration,
    /// Timeout of the whole fetch with its redirects.
    pub total: Duration,
    pub max_redirects: usize,
    /// Bytes of a body before decompression.
    pub wire_bytes: usize,
    /// Bytes of a body after decompression.
    pub decoded_bytes: usize,
    /// Decoded bytes per byte received, checked once a body exceeds 256 KiB.
    pub ratio: usize,
    /// Bytes per second a body must average over every `rate_window`.
    pub min_rate: usize,
    pub rate_window: Duration,
    /// Bytes of all header fields of a response.
    pub header_bytes: usize,
}

/// How many fetches may be in flight at once.
#[derive(Debug, Clone)]
pub struct Concurrency {
    pub total: usize,
    pub per_host: usize,
}

/// The kind of network a response came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerNetwork {
    Public,
    /// Reachable only through [`Policy::allow_cidrs`].
    Private,
}

impl Policy {
    /// Whether a connection to `ip` is allowed.
    pub fn admits(&self, ip: IpAddr) -> bool {
        is_global(ip) || self.is_in_allowed_network(ip)
    }

    /// `None` when connections to `peer` are not allowed, or its address is unknown.
    pub(crate) fn check_peer(&self, peer: Option<SocketAddr>) -> Option<PeerNetwork> {
        let ip = peer?.ip();
        self.admits(ip).then_some(if is_global(ip) { PeerNetwork::Public } else { PeerNetwork::Private })
    }

    /// Whether `host` is a literal IP address the operator allowed, and with it all its ports.
    pub(crate) fn allows_every_port(&self, host: &Host<&str>) -> bool {
        let ip = match host {
            Host::Ipv4(ip) => IpAddr::V4(*ip),
            Host::Ipv6(ip) => IpAddr::V6(*ip),
            Host::Domain(_) => return false,
        };
        self.is_in_allowed_network(ip)
    }

    /// An IPv4-mapped IPv6 address counts as the IPv4 address.
    fn is_in_allowed_network(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.allow_cidrs.iter().any(|network| network.contains(&ip))
    }

    pub(crate) fn denies_host(&self, host: &str) -> bool {
        self.deny_hosts.iter().any(|denied| denied.trim_end_matches('.').eq_ignore_ascii_case(host))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_cidrs: Vec::new(),
            deny_hosts: Vec::new(),
            ports: vec![80, 443],
            user_agent: USER_AGENT.to_owned(),
            limits: Limits::default(),
            concurrency: Concurrency::default(),
            robots: true,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(2),
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(5),
            total: Duration::from_secs(15),
            max_redirects: 5,
            wire_bytes: 5 << 20,
            decoded_bytes: 20 << 20,
            ratio: 100,
            min_rate: 1 << 10,
            rate_window: Duration::from_secs(5),
            header_bytes: 64 << 10,
        }
    }
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { total: 64, per_host: 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_cidrs;

    #[test]
    fn only_known_and_allowed_peers_pass() {
        let policy = Policy { allow_cidrs: parse_cidrs("10.0.0.0/8").unwrap(), ..Policy::default() };
        let check = |peer: &str| policy.check_peer(Some(peer.parse().unwrap()));
        assert_eq!(check("1.1.1.1:443"), Some(PeerNetwork::Public));
        assert_eq!(check("10.2.3.4:443"), Some(PeerNetwork::Private));
        assert_eq!(check("192.168.0.1:443"), None);
        assert_eq!(policy.check_peer(None), None);
    }
}
