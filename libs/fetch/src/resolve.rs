//! DNS resolution that refuses a name if any of its addresses is not allowed.
//!
//! The HTTP client calls [`GuardedResolver`] for every new connection to a name and connects to what it returned, so
//! there is no second lookup that could return something else (DNS rebinding). A pooled connection was
//! checked when it was opened and belongs to one host name.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolving};

use crate::Policy;

/// Resolves host names. Tests supply their own; the product uses [`SystemResolver`].
#[async_trait::async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`, IPv4 and IPv6.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

#[async_trait::async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = tokio::net::lookup_host((host, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// Why a name was not resolved; recovered from the source chain of the client's error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("an address of the name is not public")]
    Denied,
    #[error("the name has no address")]
    Failed,
    #[error("the lookup took too long")]
    TimedOut,
}

/// A resolver that returns only addresses the policy allows.
pub(crate) struct GuardedResolver {
    resolver: Arc<dyn Resolve>,
    policy: Arc<Policy>,
}

impl GuardedResolver {
    pub(crate) fn new(resolver: Arc<dyn Resolve>, policy: Arc<Policy>) -> Self {
        Self { resolver, policy }
    }
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let policy = Arc::clone(&self.policy);
        Box::pin(async move {
            let lookup = tokio::time::timeout(policy.limits.dns, resolver.resolve(name.as_str()));
            let addresses = lookup.await.map_err(|_| ResolveError::TimedOut)?.map_err(|_| ResolveError::Failed)?;
            if addresses.is_empty() {
                return Err(ResolveError::Failed.into());
            }
            if !addresses.iter().all(|ip| policy.admits(*ip)) {
                return Err(ResolveError::Denied.into());
            }
            // Port 0 stands for the port of the URL.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}
