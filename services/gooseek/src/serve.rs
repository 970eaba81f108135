//! `gooseek serve`: every service in one process, with its page and its documents.

use std::{path::Path, sync::Arc};

use anyhow::bail;
use common::{
    config::{ConfigFaults, Settings},
    server::{self, Shape},
    service::Spec,
};

use crate::{cli, docs, page};

/// Every service there is.
pub(crate) const SERVICES: [Spec; 5] =
    [projects_svc::SPEC, search_svc::SPEC, upload_svc::SPEC, chat_svc::SPEC, library_svc::SPEC];

/// Options given on the command line stand above the environment.
pub(crate) fn settings(overrides: Vec<(String, String)>) -> Result<Settings, ConfigFaults> {
    let environment = std::env::vars().chain(overrides);
    Settings::load(server::variables(&SERVICES), Path::new("gooseek.toml"), environment)
}

/// The overrides of commands that look at this machine's data.
pub(crate) fn local_overrides(local: &cli::Local) -> Vec<(String, String)> {
    local.data.iter().map(|data| ("DATA_DIR".to_owned(), data.display().to_string())).collect()
}

pub(crate) async fn run(options: &cli::Serve) -> anyhow::Result<()> {
    let mut overrides = local_overrides(&options.local);
    overrides.extend(options.bind.iter().map(|bind| ("BIND".to_owned(), bind.clone())));
    let settings = settings(overrides)?;
    let telemetry = server::telemetry(&settings, "gooseek")?;
    let services = chosen(&options.only)?;
    let assembly = server::assemble(&services, Arc::new(settings), Shape::Together).await?;
    assembly.run(page::routes().merge(docs::routes())).await?;
    telemetry.flush();
    Ok(())
}

pub(crate) async fn migrate() -> anyhow::Result<()> {
    let settings = settings(Vec::new())?;
    let _telemetry = server::telemetry(&settings, "gooseek")?;
    server::migrate(&SERVICES, &settings).await
}

fn chosen(only: &[String]) -> anyhow::Result<Vec<Spec>> {
    if only.is_empty() {
        return Ok(SERVICES.to_vec());
    }
    let known = SERVICES.map(|spec| spec.name);
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("--only: there is no service {unknown:?}; there are {}", known.join(", "));
    }
    Ok(SERVICES.into_iter().filter(|spec| only.iter().any(|name| name == spec.name)).collect())
}
