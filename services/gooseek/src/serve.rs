//! `gooseek serve`: all services in one process, with the web page and the API documentation.

use std::{path::Path, sync::Arc};

use anyhow::bail;
use base::config::{ConfigFaults, Settings};
use server::{Mode, Server, service::ServiceDef};

use crate::{cli, docs, page};

/// All services.
pub(crate) const SERVICES: [ServiceDef; registry::SERVICES.len()] = [
    // generated: services
    auth_svc::SERVICE,
    projects_svc::SERVICE,
    search_svc::SERVICE,
    upload_svc::SERVICE,
    chat_svc::SERVICE,
    library_svc::SERVICE,
    notifications_svc::SERVICE,
    // end of services
];

/// The settings of this machine.
fn settings() -> Result<Settings, ConfigFaults> {
    Settings::load(server::variables(&SERVICES), Path::new("gooseek.toml"), std::env::vars())
}

/// The settings of this machine, with `--data` applied.
pub(crate) fn local_settings(local: &cli::DataArgs) -> Result<Settings, ConfigFaults> {
    let settings = settings()?;
    Ok(match &local.data {
        Some(data) => settings.with_option("DATA_DIR", "--data", data.display().to_string()),
        None => settings,
    })
}

pub(crate) async fn run(options: &cli::ServeArgs) -> anyhow::Result<()> {
    let mut settings = local_settings(&options.local)?;
    if let Some(bind) = &options.bind {
        settings = settings.with_option("BIND", "--bind", bind.clone());
    }
    let telemetry = server::telemetry(&settings, "gooseek")?;
    let services = select_services(&options.only)?;
    log_what_is_on(&settings);
    let server = Server::build(&services, Arc::new(settings), Mode::AllInOne).await?;
    server.run(page::routes().merge(docs::routes())).await?;
    telemetry.flush();
    Ok(())
}

/// What answers are made from, and the variable that changes it.
fn log_what_is_on(settings: &Settings) {
    match settings.get("CHAT_MODEL") {
        Some(models) => tracing::info!(models, "answers are written by a model (CHAT_MODEL)"),
        None => tracing::info!("answers are extracts of the sources; LLM_PROVIDER and CHAT_MODEL turn a model on"),
    }
    log_embeddings(settings);
    let engines = settings.get("SEARCH_ENGINES").unwrap_or_default();
    match settings.get("SEARXNG_URL") {
        Some(_) => {
            tracing::info!(engines, "the web is searched by SearXNG (SEARXNG_URL), and by built-in engines beside it");
        }
        None => tracing::info!(
            engines,
            "the web is searched by built-in engines (SEARCH_ENGINES); SEARXNG_URL adds SearXNG"
        ),
    }
}

/// Which model makes vectors: one that was configured goes before the one that is only installed.
fn log_embeddings(settings: &Settings) {
    let chosen = ["EMBEDDING_MODEL", "EMBEDDING_MODEL_DIR"]
        .into_iter()
        .find_map(|variable| Some((variable, settings.get(variable)?)));
    match (chosen, settings.get("EMBEDDING_MODEL_DEFAULT_DIR")) {
        (Some((variable, model)), Some(installed)) => {
            tracing::info!(
                model,
                installed,
                "passages are found by meaning, too ({variable}); the installed model is not used"
            );
        }
        (Some((variable, model)), None) => tracing::info!(model, "passages are found by meaning, too ({variable})"),
        (None, Some(installed)) => {
            tracing::info!(installed, "passages are found by meaning, too, with the installed model");
        }
        (None, None) => tracing::info!("passages are found by their words; EMBEDDING_MODEL adds their meaning"),
    }
}

pub(crate) async fn migrate() -> anyhow::Result<()> {
    let settings = settings()?;
    let _telemetry = server::telemetry(&settings, "gooseek")?;
    server::migrate(&SERVICES, &settings).await
}

fn select_services(only: &[String]) -> anyhow::Result<Vec<ServiceDef>> {
    if only.is_empty() {
        return Ok(SERVICES.to_vec());
    }
    let names = SERVICES.map(|spec| spec.name);
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("--only: there is no service {unknown:?}; there are {}", names.join(", "));
    }
    Ok(SERVICES.into_iter().filter(|spec| only.iter().any(|name| name == spec.name)).collect())
}
