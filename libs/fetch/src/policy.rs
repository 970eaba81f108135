//! What the fetcher may reach, and how much of it.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use url::Host;

use crate::{Cidr, address::is_global, operator::USER_AGENT};

/// The rules of a [`Fetcher`](crate::Fetcher).
#[derive(Debug, Clone)]
pub struct Policy {
    /// Networks the operator opened although they are not public (`FETCH_ALLOW_CIDRS`). What is read from there is
    /// marked private.
    pub allow_cidrs: Vec<Cidr>,
    /// Host names that are refused whatever they resolve to, such as our own public names: otherwise a page could make
    /// us ask ourselves.
    pub deny_hosts: Vec<String>,
    /// Ports that may be asked; an address written as a number inside `allow_cidrs` may have any.
    pub ports: Vec<u16>,
    /// Sent to every server. Its first word, up to the slash, is the name looked up in robots.txt.
    pub user_agent: String,
    pub limits: Limits,
    pub concurrency: Concurrency,
    /// Whether robots.txt (RFC 9309) is obeyed. May be off where a person asked for the very page.
    pub robots: bool,
}

/// Bounds on one fetch. Times are wall clock.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Resolving a name.
    pub dns: Duration,
    /// Opening a connection, with the TLS handshake, after the name is resolved.
    pub connect: Duration,
    /// From the request to the end of the response's header.
    pub first_byte: Duration,
    /// The whole fetch with its redirects.
    pub total: Duration,
    pub max_redirects: usize,
    /// Bytes of a body as they travel.
    pub wire_bytes: usize,
    /// Bytes of a body after decompression.
    pub decoded_bytes: usize,
    /// Decoded bytes for each byte that travelled, counted once a body is beyond 256 KiB.
    pub ratio: usize,
    /// Bytes a second that a body must keep up over every `rate_window`.
    pub min_rate: usize,
    pub rate_window: Duration,
    /// Bytes of all header fields of a response.
    pub header_bytes: usize,
}

/// How many fetches may be under way at once.
#[derive(Debug, Clone)]
pub struct Concurrency {
    pub total: usize,
    pub per_host: usize,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Public,
    /// Reached only thanks to [`Policy::allow_cidrs`].
    Private,
}

impl Policy {
    /// Whether a connection to `ip` is allowed.
    pub fn admits(&self, ip: IpAddr) -> bool {
        is_global(ip) || self.allow_cidrs.iter().any(|cidr| cidr.contains(ip))
    }

    /// None when `peer` may not be talked to, or is unknown.
    pub(crate) fn judge_peer(&self, peer: Option<SocketAddr>) -> Option<Peer> {
        let ip = peer?.ip();
        self.admits(ip).then_some(if is_global(ip) { Peer::Public } else { Peer::Private })
    }

    /// Whether the operator opened this very address, and so every port of it.
    pub(crate) fn opened(&self, host: &Host<&str>) -> bool {
        let ip = match host {
            Host::Ipv4(ip) => IpAddr::V4(*ip),
            Host::Ipv6(ip) => IpAddr::V6(*ip),
            Host::Domain(_) => return false,
        };
        self.allow_cidrs.iter().any(|cidr| cidr.contains(ip))
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

    #[test]
    fn only_known_and_admitted_peers_are_talked_to() {
        let policy = Policy { allow_cidrs: Cidr::parse_list("10.0.0.0/8").unwrap(), ..Policy::default() };
        let judge = |peer: &str| policy.judge_peer(Some(peer.parse().unwrap()));
        assert_eq!(judge("1.1.1.1:443"), Some(Peer::Public));
        assert_eq!(judge("10.2.3.4:443"), Some(Peer::Private));
        assert_eq!(judge("192.168.0.1:443"), None);
        assert_eq!(policy.judge_peer(None), None);
    }
}
