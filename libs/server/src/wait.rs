//! Starting before the things a process stands on: it waits for them, alive and unready and saying so. A start that fails again
//! and again would say less.

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

/// Between two looks whether all is there.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until the services can be built. NATS and Redis are not waited for: without them services work.
pub(super) async fn until_it_can_start(specs: &[ServiceDef], options: &Options, mode: Mode) -> anyhow::Result<()> {
    let Some(first) = missing(specs, options, mode).await? else { return Ok(()) };
    tracing::warn!("not ready: {first}");
    let listener = listen::bind(options.bind).await?;
    let stop = CancellationToken::new();
    let (state, seen) = watch::channel(first);
    let patience = listen::Patience::default();
    let probes = probes::waiting(seen);
    let serving = tokio::spawn(listen::serve(listener, probes, options.connections, patience, stop.clone()));
    let waited = loop {
        tokio::time::sleep(PAUSE).await;
        match missing(specs, options, mode).await {
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

/// The first thing that is missing.
async fn missing(specs: &[ServiceDef], options: &Options, mode: Mode) -> anyhow::Result<Option<String>> {
    match database::missing(specs, options, mode).await? {
        None => objects(specs, options, mode).await,
        missing => Ok(missing),
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
