//! Which IP addresses belong to the public internet.
//!
//! The rule is stricter than "globally reachable" in the IANA special-purpose registries: every special
//! block is excluded, even reachable ones (AS112, AMT), because they host no web pages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// IPv4 blocks that are never fetched from (IANA IPv4 Special-Purpose Address Registry, and multicast).
const SPECIAL_V4: [Ipv4Net; 19] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 31, 196, 0], 24),
    v4([192, 52, 193, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([192, 175, 48, 0], 24),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    v4([255, 255, 255, 255], 32),
];

/// IPv6 blocks inside global unicast (2000::/3) that are never fetched from: IETF protocol assignments
/// (with Teredo, benchmarking, ORCHID and AMT), documentation, 6to4, AS112, documentation again.
const SPECIAL_V6: [Ipv6Net; 5] = [
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    v6([0x2002, 0, 0], 16),
    v6([0x2620, 0x4f, 0x8000], 48),
    v6([0x3fff, 0, 0], 20),
];

const fn v4([a, b, c, d]: [u8; 4], prefix_length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_length)
}

/// The block of an address whose last five segments are zero.
const fn v6([a, b, c]: [u16; 3], prefix_length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix_length)
}

/// Whether `ip` is an ordinary public address.
///
/// IPv6 addresses that embed an IPv4 address (mapped, compatible, 6to4, Teredo, ISATAP, local NAT64) are
/// always refused. The one exception is the well-known NAT64 prefix `64:ff9b::/96`, through which
/// IPv6-only networks reach the whole IPv4 internet: there the embedded address decides.
pub fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

fn is_global_v4(ip: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|block| block.contains(&ip))
}

fn is_global_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = nat64(ip) {
        return is_global_v4(v4);
    }
    let global_unicast = ip.segments()[0] & 0xe000 == 0x2000;
    let special = SPECIAL_V6.iter().any(|block| block.contains(&ip));
    global_unicast && !special && !is_isatap(ip)
}

/// The IPv4 address embedded in the well-known NAT64 prefix (RFC 6052).
fn nat64(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = ip.segments() else { return None };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// ISATAP interface identifiers end in `0:5efe:a.b.c.d` or `200:5efe:a.b.c.d` under any prefix (RFC 5214).
fn is_isatap(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    matches!(segments[4], 0 | 0x200) && segments[5] == 0x5efe
}
