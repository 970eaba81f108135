//! One channel over every address of a name: a headless service of Kubernetes resolves to its pods, and the pods change.
//!
//! An address is used only while gRPC health there says that it serves: a replica that stops says so before it closes.

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures::future::join_all;
use tokio::sync::{mpsc, watch};
use tonic::{
    Status,
    transport::{Channel, Endpoint, channel::Change},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use url::{Host, Url};

/// How often names are resolved and addresses asked for their health.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A busy replica may take this long to answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for the first discovery, and then for an address that serves.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(5);
const NO_ENDPOINT_TIMEOUT: Duration = Duration::from_secs(1);
/// An idle connection is pinged this often.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// A text that is not the address of a service.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an address such as http://search-svc:50051")]
pub struct BadAddress(String);

/// A host and a port to resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    host: String,
    port: u16,
}

/// A channel, and whether any address serves.
pub(super) struct BalancedChannel {
    pub(super) channel: Channel,
    /// `None` until the first discovery is over.
    reachable: watch::Receiver<Option<bool>>,
}

impl BalancedChannel {
    /// Fails soon when no address serves, rather than when the call's time is up.
    pub(super) async fn wait_for_address(&self, name: &str) -> Result<(), Status> {
        let mut reachable = self.reachable.clone();
        let discovered = tokio::time::timeout(DISCOVERY_TIMEOUT, reachable.wait_for(Option::is_some)).await.is_ok();
        match tokio::time::timeout(NO_ENDPOINT_TIMEOUT, reachable.wait_for(|reachable| *reachable == Some(true))).await
        {
            Ok(Ok(_)) if discovered => Ok(()),
            _ => Err(Status::unavailable(format!("{name} cannot be reached"))),
        }
    }
}

/// A channel that spreads calls over all addresses of all targets in `list` (separated by commas). Must be called on a
/// runtime.
pub(super) fn channel(list: &str) -> Result<BalancedChannel, BadAddress> {
    let targets = list.split(',').map(|address| parse(address.trim())).collect::<Result<Vec<Target>, _>>()?;
    let (channel, changes) = Channel::balance_channel(64);
    let (found, reachable) = watch::channel(None);
    tokio::spawn(discover(targets, changes, found));
    Ok(BalancedChannel { channel, reachable })
}

fn parse(address: &str) -> Result<Target, BadAddress> {
    let bad = || BadAddress(address.to_owned());
    let url = Url::parse(address).map_err(|_| bad())?;
    let host = match url.host().filter(|_| url.scheme() == "http").ok_or_else(bad)? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => IpAddr::from(ip).to_string(),
        Host::Ipv6(ip) => IpAddr::from(ip).to_string(),
    };
    Ok(Target { host, port: url.port_or_known_default().ok_or_else(bad)? })
}

fn endpoint(address: SocketAddr) -> Endpoint {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("a socket address is an authority");
    // Without pings a pod that vanished with its node would be waited for until the kernel gives up.
    let endpoint =
        endpoint.http2_keep_alive_interval(PING_INTERVAL).keep_alive_timeout(PING_INTERVAL).keep_alive_while_idle(true);
    endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true)
}

/// Tells the channel which addresses have come and gone, for as long as the channel exists.
async fn discover(
    targets: Vec<Target>,
    changes: mpsc::Sender<Change<SocketAddr, Endpoint>>,
    found: watch::Sender<Option<bool>>,
) {
    let mut known: HashSet<SocketAddr> = HashSet::new();
    loop {
        let reachable = serving(&targets).await;
        for change in difference(&known, &reachable) {
            if changes.send(change).await.is_err() {
                return;
            }
        }
        found.send_replace(Some(!reachable.is_empty()));
        known = reachable;
        tokio::select! {
            () = tokio::time::sleep(DISCOVERY_INTERVAL) => {}
            () = changes.closed() => return,
        }
    }
}

/// Every address of every target that serves. A name that cannot be resolved has none.
async fn serving(targets: &[Target]) -> HashSet<SocketAddr> {
    let resolved = join_all(targets.iter().map(resolve)).await;
    let addresses: HashSet<SocketAddr> = resolved.into_iter().flatten().collect();
    let health =
        join_all(addresses.iter().map(|address| async {
            tokio::time::timeout(HEALTH_TIMEOUT, is_serving(*address)).await.unwrap_or_default()
        }));
    let health = health.await;
    addresses.into_iter().zip(health).filter_map(|(address, serves)| serves.then_some(address)).collect()
}

async fn is_serving(address: SocketAddr) -> bool {
    let Ok(channel) = endpoint(address).connect().await else { return false };
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}

async fn resolve(Target { host, port }: &Target) -> Vec<SocketAddr> {
    match tokio::net::lookup_host((host.as_str(), *port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            tracing::warn!(%error, host, "failed to resolve the name of a service; calls to it fail until it resolves");
            Vec::new()
        }
    }
}

fn difference(known: &HashSet<SocketAddr>, reachable: &HashSet<SocketAddr>) -> Vec<Change<SocketAddr, Endpoint>> {
    let come = reachable.difference(known).map(|address| Change::Insert(*address, endpoint(*address)));
    come.chain(known.difference(reachable).map(|address| Change::Remove(*address))).collect()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn addresses_are_names_and_numbers_with_a_port() {
        let target = |host: &str, port| Target { host: host.to_owned(), port };
        assert_eq!(parse("http://search-svc:50051").unwrap(), target("search-svc", 50_051));
        assert_eq!(parse("http://[::1]:50051").unwrap(), target("::1", 50_051));
        assert!(parse("https://search-svc:50051").is_err());
        assert!(parse("search-svc:50051").is_err());
    }

    #[tokio::test]
    async fn an_address_that_is_gone_unknown_or_stopping_hides_no_other() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = listener.local_addr().unwrap();
        let (reporter, health) = tonic_health::server::health_reporter();
        let routes = tonic::service::Routes::new(health).into_axum_router();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let list = format!("http://{there},http://{gone},http://nowhere.invalid:1");
        let targets: Vec<Target> = list.split(',').map(|address| parse(address).unwrap()).collect();
        assert_eq!(serving(&targets).await, HashSet::from([there]));
        reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        assert_eq!(serving(&targets).await, HashSet::new());
    }

    #[tokio::test]
    async fn without_an_address_that_serves_a_call_fails_soon() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let balanced = channel(&format!("http://{gone}")).unwrap();
        assert_eq!(balanced.wait_for_address("search").await.unwrap_err().code(), tonic::Code::Unavailable);
    }
}
