//! Which addresses belong to the public internet.
//!
//! The rule is stricter than "globally reachable" in the IANA special-purpose registries: every special
//! block is out, also those that are reachable (AS112, AMT), since no web page lives there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks no page is fetched from (IANA IPv4 Special-Purpose Address Registry, and multicast).
const SPECIAL_V4: [([u8; 4], u8); 19] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// IPv6 blocks inside global unicast (2000::/3) that no page is fetched from: IETF protocol assignments
/// (with Teredo, benchmarking, ORCHID and AMT), documentation, 6to4, AS112, documentation again.
const SPECIAL_V6: [([u16; 3], u8); 5] = [
    ([0x2001, 0, 0], 23),
    ([0x2001, 0xdb8, 0], 32),
    ([0x2002, 0, 0], 16),
    ([0x2620, 0x4f, 0x8000], 48),
    ([0x3fff, 0, 0], 20),
];

/// Whether `ip` is an ordinary public address.
///
/// IPv6 addresses that carry an IPv4 address (mapped, compatible, 6to4, Teredo, ISATAP, local NAT64) are
/// refused whatever they carry. The one exception is the well-known NAT64 prefix `64:ff9b::/96`, behind
/// which networks without IPv4 see the whole IPv4 internet: it counts as what it carries.
pub fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

fn is_global_v4(ip: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(block, length)| shares_prefix_v4(ip, Ipv4Addr::from(*block), *length))
}

fn is_global_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = nat64(ip) {
        return is_global_v4(v4);
    }
    let global_unicast = ip.segments()[0] & 0xe000 == 0x2000;
    let special = SPECIAL_V6
        .iter()
        .any(|([a, b, c], length)| shares_prefix_v6(ip, Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0), *length));
    global_unicast && !special && !is_isatap(ip)
}

/// The IPv4 address behind the well-known NAT64 prefix (RFC 6052).
fn nat64(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = ip.segments() else { return None };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// ISATAP interface identifiers end in `0:5efe:a.b.c.d` or `200:5efe:a.b.c.d` under any prefix (RFC 5214).
fn is_isatap(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    matches!(segments[4], 0 | 0x200) && segments[5] == 0x5efe
}

/// Whether the first `length` bits (at most 32) agree.
pub(crate) fn shares_prefix_v4(ip: Ipv4Addr, block: Ipv4Addr, length: u8) -> bool {
    let differing = ip.to_bits() ^ block.to_bits();
    differing.leading_zeros() >= u32::from(length)
}

/// Whether the first `length` bits (at most 128) agree.
pub(crate) fn shares_prefix_v6(ip: Ipv6Addr, block: Ipv6Addr, length: u8) -> bool {
    let differing = ip.to_bits() ^ block.to_bits();
    differing.leading_zeros() >= u32::from(length)
}
