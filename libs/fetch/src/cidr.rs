//! Parses lists of address blocks such as `10.0.0.0/8, fd00::/8`.

use std::net::IpAddr;

use ipnet::IpNet;

/// An item of a list that is not an address block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{item:?} {reason}")]
pub struct CidrError {
    item: String,
    reason: &'static str,
}

/// Parses the format of `FETCH_ALLOW_CIDRS`: blocks or single addresses separated by commas. Empty items are
/// skipped, so an empty variable is an empty list.
///
/// # Errors
/// The first item that is not a block. Host bits must be zero, because `10.1.2.3/8` is more likely a typo than intended.
pub fn parse_cidrs(list: &str) -> Result<Vec<IpNet>, CidrError> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(parse_cidr).collect()
}

fn parse_cidr(item: &str) -> Result<IpNet, CidrError> {
    let fail = |reason| CidrError { item: item.to_owned(), reason };
    let (address, prefix_length) =
        item.split_once('/').map_or((item, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().map_err(|_| fail("is not an IP address or a block such as 10.0.0.0/8"))?;
    let Some(prefix_length) = prefix_length else { return Ok(address.into()) };
    let prefix_length = prefix_length.parse().map_err(|_| fail("has a prefix length that is not a number"))?;
    let block = IpNet::new(address, prefix_length).map_err(|_| fail("has a prefix longer than the address"))?;
    if block != block.trunc() {
        return Err(fail("has bits set after its prefix"));
    }
    Ok(block)
}
