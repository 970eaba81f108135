//! One channel over every address of a name: a headless service of Kubernetes resolves to its pods, and the pods change.
//!
//! Each address is called while its health (gRPC `Health/Watch`) says that it serves. A replica that stops says so before it
//! closes, and the watch ends with its connection, so nothing is polled but names.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures::future::join_all;
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
    time::timeout,
};
use tonic::{
    Status,
    transport::{Channel, Endpoint, channel::Change},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use url::{Host, Url};

/// Names are resolved this often.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A busy replica may take this long to report its health.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Before an address that does not serve is asked again.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// How long a call waits until every address has been asked once, and then until one serves.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(5);
const NO_ENDPOINT_TIMEOUT: Duration = Duration::from_secs(1);
/// A silent connection is probed after this, and given up when nothing is answered for as long.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// Addresses may report so many changes before the channel has applied them.
const PENDING_CHANGES: usize = 64;

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

/// A channel, and whether any address serves.
pub(super) struct BalancedChannel {
    pub(super) channel: Channel,
    /// `None` until every address has been asked once.
    reachable: watch::Receiver<Option<bool>>,
}

impl BalancedChannel {
    /// Unavailable when there is no address to call, rather than waiting for one as long as the call may take.
    pub(super) async fn wait_for_address(&self, name: &str) -> Result<(), Status> {
        let mut reachable = self.reachable.clone();
        let discovered = timeout(DISCOVERY_TIMEOUT, reachable.wait_for(Option::is_some)).await.is_ok();
        match timeout(NO_ENDPOINT_TIMEOUT, reachable.wait_for(|reachable| *reachable == Some(true))).await {
            Ok(Ok(_)) if discovered => Ok(()),
            _ => Err(Status::unavailable(format!("{name} cannot be reached"))),
        }
    }
}

/// A channel that spreads calls over all addresses of all targets in `list` (separated by commas). Must be called on a
/// runtime.
pub(super) fn channel(list: &str) -> Result<BalancedChannel, BadAddress> {
    let targets = list.split(',').map(|address| parse(address.trim())).collect::<Result<Vec<Target>, _>>()?;
    let (channel, changes) = Channel::balance_channel(PENDING_CHANGES);
    let (discovered, reachable) = watch::channel(None);
    tokio::spawn(Discovery::new(changes, discovered).run(targets));
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
    // Without these a pod that vanished with its node would be waited for until the kernel gives up.
    let endpoint = endpoint.http2_keep_alive_interval(KEEPALIVE_INTERVAL).keep_alive_timeout(KEEPALIVE_INTERVAL);
    endpoint.keep_alive_while_idle(true).connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true)
}

/// Keeps a channel's addresses current, for as long as there is a channel.
struct Discovery {
    changes: mpsc::Sender<Change<SocketAddr, Endpoint>>,
    discovered: watch::Sender<Option<bool>>,
    addresses: HashMap<SocketAddr, Watched>,
}

/// An address whose health is watched.
struct Watched {
    task: AbortHandle,
    /// `None` until it was asked once.
    serves: Option<bool>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Discovery {
    fn new(changes: mpsc::Sender<Change<SocketAddr, Endpoint>>, discovered: watch::Sender<Option<bool>>) -> Self {
        Self { changes, discovered, addresses: HashMap::new() }
    }

    async fn run(mut self, targets: Vec<Target>) {
        let (reports, mut reported) = mpsc::channel(PENDING_CHANGES);
        let (names, mut resolved) = mpsc::channel(1);
        tokio::spawn(resolve_repeatedly(targets, names));
        let changes = self.changes.clone();
        loop {
            tokio::select! {
                Some(names) = resolved.recv() => self.apply_names(names, &reports).await,
                Some((address, serves)) = reported.recv() => self.apply_health(address, serves).await,
                () = changes.closed() => return,
            }
            self.report_reachable();
        }
    }

    /// Watches addresses that are new, and forgets those that are gone.
    async fn apply_names(&mut self, resolved: Resolved, reports: &mpsc::Sender<(SocketAddr, bool)>) {
        let gone: Vec<SocketAddr> =
            self.addresses.keys().filter(|address| !resolved.addresses.contains(address)).copied().collect();
        for address in gone.into_iter().filter(|_| resolved.complete) {
            self.apply_health(address, false).await;
            self.addresses.remove(&address);
        }
        for address in resolved.addresses {
            self.addresses.entry(address).or_insert_with(|| {
                let task = tokio::spawn(watch_health(address, reports.clone())).abort_handle();
                Watched { task, serves: None }
            });
        }
    }

    /// Lets the channel call an address from now on, or not any more.
    async fn apply_health(&mut self, address: SocketAddr, serves: bool) {
        // A report may be under way when its address is removed.
        let Some(watched) = self.addresses.get_mut(&address) else { return };
        let served = watched.serves.replace(serves) == Some(true);
        let change = match (served, serves) {
            (false, true) => Change::Insert(address, endpoint(address)),
            (true, false) => Change::Remove(address),
            _ => return,
        };
        // Fails when the channel is gone, which ends the loop.
        let _ = self.changes.send(change).await;
    }

    fn report_reachable(&self) {
        let mut states = self.addresses.values().map(|watched| watched.serves);
        let any_serves = states.clone().any(|serves| serves == Some(true));
        if any_serves || states.all(|serves| serves.is_some()) {
            self.discovered.send_replace(Some(any_serves));
        }
    }
}

/// Reports whether `address` serves, at once and at each change.
async fn watch_health(address: SocketAddr, reports: mpsc::Sender<(SocketAddr, bool)>) {
    loop {
        if let Err(error) = follow_health(address, &reports).await {
            tracing::debug!(%error, %address, "health of a replica unknown; it is not called");
        }
        if reports.send((address, false)).await.is_err() {
            return;
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Reports until the address does not serve any more.
async fn follow_health(address: SocketAddr, reports: &mpsc::Sender<(SocketAddr, bool)>) -> Result<(), Status> {
    let unavailable = |error: tonic::transport::Error| Status::unavailable(error.to_string());
    let first = async {
        let channel = endpoint(address).connect().await.map_err(unavailable)?;
        let mut health = HealthClient::new(channel).watch(HealthCheckRequest::default()).await?.into_inner();
        let status = health.message().await?;
        Ok::<_, Status>((health, status))
    };
    let (mut health, mut status) =
        timeout(HEALTH_TIMEOUT, first).await.map_err(|_| Status::deadline_exceeded("no answer"))??;
    while status.is_some_and(|status| status.status() == ServingStatus::Serving) {
        if reports.send((address, true)).await.is_err() {
            return Ok(());
        }
        status = health.message().await?;
    }
    Ok(())
}

/// What names stand for at the moment.
struct Resolved {
    addresses: HashSet<SocketAddr>,
    /// Whether every name could be resolved. If not, an address that is missing may still be right.
    complete: bool,
}

/// In a task of its own: a name server that hangs does not delay reports of health.
async fn resolve_repeatedly(targets: Vec<Target>, resolved: mpsc::Sender<Resolved>) {
    while resolved.send(resolve_all(&targets).await).await.is_ok() {
        tokio::time::sleep(RESOLVE_INTERVAL).await;
    }
}

async fn resolve_all(targets: &[Target]) -> Resolved {
    let found = join_all(targets.iter().map(resolve)).await;
    let complete = found.iter().all(Option::is_some);
    Resolved { addresses: found.into_iter().flatten().flatten().collect(), complete }
}

async fn resolve(Target { host, port }: &Target) -> Option<Vec<SocketAddr>> {
    match tokio::net::lookup_host((host.as_str(), *port)).await {
        Ok(addresses) => Some(addresses.collect()),
        Err(error) => {
            tracing::warn!(%error, host, "failed to resolve a service's name; its known addresses are used");
            None
        }
    }
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
        let targets = list.split(',').map(|address| parse(address).unwrap()).collect();
        let (changes, mut changed) = mpsc::channel(8);
        let (discovered, mut reachable) = watch::channel(None);
        tokio::spawn(Discovery::new(changes, discovered).run(targets));
        assert!(matches!(changed.recv().await, Some(Change::Insert(address, _)) if address == there));
        assert!(reachable.wait_for(Option::is_some).await.unwrap().unwrap());
        reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        assert!(matches!(changed.recv().await, Some(Change::Remove(address)) if address == there));
        assert!(reachable.wait_for(|reachable| *reachable == Some(false)).await.is_ok());
        reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
        assert!(matches!(changed.recv().await, Some(Change::Insert(address, _)) if address == there));
    }

    #[tokio::test]
    async fn a_call_with_no_address_to_call_fails_soon() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let balanced = channel(&format!("http://{gone}")).unwrap();
        assert_eq!(balanced.wait_for_address("search").await.unwrap_err().code(), tonic::Code::Unavailable);
    }
}
