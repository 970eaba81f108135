//! Waits for dependencies at start-up: alive, not ready, and with the reason at `/ready`. A crash loop would say less.

use std::time::Duration;

use anyhow::Context;
use objects::{ObjectError, Objects};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    database, listen,
    options::{Mode, Options},
    probes,
};
use crate::service::ServiceDef;

const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Waits until the services can be built. NATS and Redis are not waited for: without them services work.
pub(super) async fn wait_for_dependencies(specs: &[ServiceDef], options: &Options, mode: Mode) -> anyhow::Result<()> {
    let Some(first) = first_unavailable(specs, options, mode).await? else { return Ok(()) };
    tracing::warn!("not ready: {first}");
    let listener = listen::bind(options.bind).await?;
    let stop = CancellationToken::new();
    let (state, seen) = watch::channel(first);
    let timeouts = listen::Timeouts::default();
    let probes = probes::waiting(seen);
    let tls = options.tls.clone();
    let serving = tokio::spawn(listen::serve(listener, probes, options.connections, timeouts, tls, stop.clone()));
    let waited = loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        match first_unavailable(specs, options, mode).await {
            Ok(None) => break Ok(()),
            Ok(Some(now)) if now != *state.borrow() => {
                tracing::warn!("not ready: {now}");
                state.send_replace(now);
            }
            Ok(Some(_)) => {}
            Err(error) => break Err(error),
        }
    };
    stop.cancel();
    serving.await.context("the probes ended early")?;
    waited
}

/// The first dependency that is not available.
async fn first_unavailable(specs: &[ServiceDef], options: &Options, mode: Mode) -> anyhow::Result<Option<String>> {
    match database::unavailable(specs, options, mode).await? {
        None => objects(specs, options, mode).await,
        unavailable => Ok(unavailable),
    }
}

/// A service that runs alone waits for its object store, as for its database.
async fn objects(specs: &[ServiceDef], options: &Options, mode: Mode) -> anyhow::Result<Option<String>> {
    let Some(s3) = options.s3.as_ref().filter(|_| specs.iter().any(|spec| spec.objects)) else { return Ok(None) };
    if mode == Mode::AllInOne {
        return Ok(None);
    }
    match Objects::s3(s3).await {
        Ok(_) => Ok(None),
        Err(ObjectError::Away(_)) => Ok(Some("objects: the store does not answer".to_owned())),
        Err(error) => Err(error.into()),
    }
}
