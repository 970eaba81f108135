//! One channel over every address a name has: a headless service of Kubernetes resolves to its pods, and the pods change.

use std::{
    collections::{BTreeSet, HashSet},
    net::SocketAddr,
    time::Duration,
};

use tokio::sync::mpsc;
use tonic::transport::{Channel, Endpoint, channel::Change};
use url::Url;

/// Names are resolved again this often.
const RESOLVE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(3);

/// What is not an address of a service.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an address such as http://search-svc:50051")]
pub struct BadAddress(String);

/// A host and a port to resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    host: String,
    port: u16,
}

/// A channel that spreads calls over all addresses of all targets in `list` (separated by commas). A connection is made at the
/// first call and again when it breaks. Must be called on a runtime.
pub(super) fn channel(list: &str) -> Result<Channel, BadAddress> {
    let targets = list.split(',').map(|address| parse(address.trim())).collect::<Result<Vec<Target>, _>>()?;
    if let [only] = targets.as_slice()
        && only.host.parse::<std::net::IpAddr>().is_ok()
    {
        return Ok(endpoint(&format!("{}:{}", only.host, only.port))?.connect_lazy());
    }
    let (channel, changes) = Channel::balance_channel(64);
    tokio::spawn(follow(targets, changes));
    Ok(channel)
}

fn parse(address: &str) -> Result<Target, BadAddress> {
    let bad = || BadAddress(address.to_owned());
    let url = Url::parse(address).map_err(|_| bad())?;
    let host = url.host_str().filter(|_| url.scheme() == "http").ok_or_else(bad)?;
    Ok(Target { host: host.to_owned(), port: url.port_or_known_default().ok_or_else(bad)? })
}

fn endpoint(authority: &str) -> Result<Endpoint, BadAddress> {
    let endpoint =
        Endpoint::from_shared(format!("http://{authority}")).map_err(|_| BadAddress(authority.to_owned()))?;
    // Without pings a pod that vanished with its node would be waited for until the kernel gives up.
    let endpoint =
        endpoint.http2_keep_alive_interval(Duration::from_secs(15)).keep_alive_timeout(Duration::from_secs(5));
    Ok(endpoint.connect_timeout(CONNECT).tcp_nodelay(true))
}

/// Tells the channel what has come and gone, for as long as there is a channel.
async fn follow(targets: Vec<Target>, changes: mpsc::Sender<Change<SocketAddr, Endpoint>>) {
    let mut known: HashSet<SocketAddr> = HashSet::new();
    loop {
        // A name server that does not answer is no reason to forget the pods that do.
        if let Some(found) = resolve(&targets).await {
            for change in difference(&known, &found) {
                if changes.send(change).await.is_err() {
                    return;
                }
            }
            known = found;
        }
        tokio::select! {
            () = tokio::time::sleep(RESOLVE) => {}
            () = changes.closed() => return,
        }
    }
}

/// Every address of every target; `None` when one cannot be resolved.
async fn resolve(targets: &[Target]) -> Option<HashSet<SocketAddr>> {
    let mut found = HashSet::new();
    for Target { host, port } in targets {
        match tokio::net::lookup_host((host.as_str(), *port)).await {
            Ok(addresses) => found.extend(addresses),
            Err(error) => {
                tracing::debug!(%error, host, "the name of a service cannot be resolved");
                return None;
            }
        }
    }
    Some(found)
}

fn difference(known: &HashSet<SocketAddr>, found: &HashSet<SocketAddr>) -> Vec<Change<SocketAddr, Endpoint>> {
    let gone: BTreeSet<SocketAddr> = known.difference(found).copied().collect();
    let come: BTreeSet<SocketAddr> = found.difference(known).copied().collect();
    let come =
        come.into_iter().filter_map(|address| Some(Change::Insert(address, endpoint(&address.to_string()).ok()?)));
    come.chain(gone.into_iter().map(Change::Remove)).collect()
}
