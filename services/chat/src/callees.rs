//! The services that chat-svc calls, resolved at start-up, so that a missing one fails the start and not a run.

use rpc::{PeerError, Peers, Transport};

/// A channel to each of them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Callees {
    pub(crate) search: Transport,
    pub(crate) upload: Transport,
    pub(crate) projects: Transport,
}

impl Callees {
    pub(crate) fn new(peers: &Peers) -> Result<Self, PeerError> {
        Ok(Self { search: peers.to("search")?, upload: peers.to("upload")?, projects: peers.to("projects")? })
    }
}
