//! TXT records, by which the owner of a domain shows that it is its owner.

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::runtime::TokioRuntimeProvider,
    proto::rr::RData,
};

const TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;

/// Why records could not be asked for.
#[derive(Debug, thiserror::Error)]
#[error("the name server does not answer: {0}")]
pub(crate) struct DnsError(String);

/// Asks name servers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Dns(TokioResolver);

impl Dns {
    /// `server` instead of those of the machine. Nothing is cached: who has just added the record wants to see it.
    pub(crate) fn new(server: Option<SocketAddr>) -> anyhow::Result<Self> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = match server {
            None => TokioResolver::builder(provider)?,
            Some(server) => {
                let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                for connection in &mut connections {
                    connection.port = server.port();
                }
                let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
                TokioResolver::builder_with_config(ResolverConfig::from_parts(None, vec![], vec![server]), provider)
            }
        };
        let options: &mut ResolverOpts = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        options.cache_size = 0;
        options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
        Ok(Self(builder.build()?))
    }

    /// The texts of the TXT records of a name; none for a name that does not exist.
    pub(crate) async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let answer = match self.0.txt_lookup(format!("{name}.")).await {
            Ok(answer) => answer,
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => return Ok(Vec::new()),
            Err(error) => return Err(DnsError(error.to_string())),
        };
        let text = |data: &RData| match data {
            RData::TXT(text) => {
                Some(text.txt_data.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect::<String>())
            }
            _ => None,
        };
        Ok(answer.answers().iter().filter_map(|record| text(&record.data)).collect())
    }
}
