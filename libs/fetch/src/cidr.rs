//! Address blocks such as `10.0.0.0/8` and `fd00::/8`.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::address::{shares_prefix_v4, shares_prefix_v6};

/// A block of addresses, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    block: IpAddr,
    length: u8,
}

/// A piece of a list of blocks that is not a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{piece:?} {fault}")]
pub struct CidrError {
    piece: String,
    fault: &'static str,
}

impl Cidr {
    /// Reads the form of `FETCH_ALLOW_CIDRS`: blocks or single addresses separated by commas. Empty pieces are
    /// skipped, so an empty variable is an empty list.
    pub fn parse_list(list: &str) -> Result<Vec<Self>, CidrError> {
        list.split(',').map(str::trim).filter(|piece| !piece.is_empty()).map(str::parse).collect()
    }

    /// Whether `ip` lies in the block. An IPv4 address mapped into IPv6 counts as the IPv4 address it is.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (ip.to_canonical(), self.block) {
            (IpAddr::V4(ip), IpAddr::V4(block)) => shares_prefix_v4(ip, block, self.length),
            (IpAddr::V6(ip), IpAddr::V6(block)) => shares_prefix_v6(ip, block, self.length),
            _ => false,
        }
    }

    /// Bits after the prefix: they must be zero, since `10.1.2.3/8` is more likely a slip than a wish.
    fn has_host_bits(&self) -> bool {
        match self.block {
            IpAddr::V4(block) => block.to_bits().checked_shl(u32::from(self.length)).unwrap_or(0) != 0,
            IpAddr::V6(block) => block.to_bits().checked_shl(u32::from(self.length)).unwrap_or(0) != 0,
        }
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(piece: &str) -> Result<Self, CidrError> {
        let fail = |fault| CidrError { piece: piece.to_owned(), fault };
        let (address, length) =
            piece.split_once('/').map_or((piece, None), |(address, length)| (address, Some(length)));
        let block: IpAddr = address.parse().map_err(|_| fail("is not an IP address or a block such as 10.0.0.0/8"))?;
        let width = if block.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => width,
            Some(length) => length.parse().map_err(|_| fail("has a prefix length that is not a number"))?,
        };
        if length > width {
            return Err(fail("has a prefix longer than the address"));
        }
        let cidr = Self { block, length };
        if cidr.has_host_bits() {
            return Err(fail("has bits set after its prefix"));
        }
        Ok(cidr)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.block, self.length)
    }
}
