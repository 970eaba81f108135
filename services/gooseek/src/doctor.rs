//! `gooseek doctor`: probes every configured dependency and prints what is on, what is off, and which variable turns it
//! on.

use std::time::Duration;

use base::config::{Reader, Settings};
use cache::redis::Redis;
use db::Db;
use fetch::operator::OperatorClient;
use llm::{Embedder, Model, Purpose};
use objects::Objects;
use reqwest::Method;
use server::{Mode, Options};

use crate::{cli, serve};

const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// A model may have to be loaded from disk first.
const MODEL_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) async fn run(server: &cli::ServerArgs, local: &cli::DataArgs) -> anyhow::Result<()> {
    let settings = serve::local_settings(local)?;
    let options = server::check(&serve::SERVICES, &settings, Mode::AllInOne)?;
    let mut report = Report::default();
    report.server(server).await;
    report.storage(&options).await;
    report.redis(&options).await;
    report.objects(&options).await;
    report.searxng(&settings).await;
    report.engines(&settings).await;
    report.model(&settings).await;
    report.embeddings(&settings).await;
    report.sandbox().await;
    report.accounts(&settings);
    if report.broken > 0 {
        anyhow::bail!("{} thing(s) that are configured do not work", report.broken);
    }
    Ok(())
}

#[derive(Default)]
struct Report {
    broken: u32,
}

impl Report {
    fn on(&self, what: &str, detail: impl std::fmt::Display) {
        println!("on      {what}: {detail}");
    }

    fn off(&self, what: &str, detail: impl std::fmt::Display) {
        println!("off     {what}: {detail}");
    }

    fn broken(&mut self, what: &str, detail: impl std::fmt::Display) {
        self.broken += 1;
        println!("BROKEN  {what}: {detail}");
    }

    async fn server(&self, server: &cli::ServerArgs) {
        match get(&server.url, "/ready").await {
            Ok(_) => self.on("server", format!("ready at {}", server.url)),
            Err(error) => self.off("server", format!("{} ({error}); start it: make run", server.url)),
        }
    }

    async fn storage(&mut self, options: &Options) {
        let Some(url) = &options.postgres else {
            let data = options.data.display();
            return match std::fs::create_dir_all(&options.data) {
                Ok(()) => self.on("database", format!("SQLite in {data}; POSTGRES_URL switches to Postgres")),
                Err(error) => self.broken("database", format!("{data}: {error}; DATA_DIR names another folder")),
            };
        };
        match tokio::time::timeout(PROBE_TIMEOUT, Db::probe_postgres(url)).await {
            Ok(Ok(())) => self.on("database", "Postgres (POSTGRES_URL)"),
            Ok(Err(error)) => self.broken("database", format!("POSTGRES_URL: {error}")),
            Err(_) => self.broken("database", "POSTGRES_URL: no answer"),
        }
    }

    async fn redis(&mut self, options: &Options) {
        let Some(url) = &options.redis else {
            return self.off("Redis", "REDIS_URL is unset; cache and limits are those of each process");
        };
        match Redis::open(url, PROBE_TIMEOUT).await {
            Ok(redis) if redis.ping().await => self.on("Redis", "answers (REDIS_URL)"),
            Ok(_) => self.broken("Redis", "REDIS_URL: no answer, or it refuses the password"),
            Err(error) => self.broken("Redis", format!("REDIS_URL: {error}")),
        }
    }

    async fn objects(&mut self, options: &Options) {
        let Some(s3) = &options.s3 else {
            let folder = options.data.join("objects");
            return self.on("files", format!("in {}; MINIO_ENDPOINT switches to S3", folder.display()));
        };
        match Objects::s3(s3).await {
            Ok(_) => self.on("files", format!("in the bucket {} at {}", s3.bucket, s3.endpoint)),
            Err(error) => self.broken("files", error),
        }
    }

    async fn searxng(&mut self, settings: &Settings) {
        let Some(base) = settings.get("SEARXNG_URL") else {
            return self.off("SearXNG", "SEARXNG_URL is unset; the built-in engines search alone");
        };
        match get(base, "/config").await {
            Ok(_) => self.on("SearXNG", base),
            Err(error) => self.broken("SearXNG", format!("SEARXNG_URL {base}: {error}")),
        }
    }

    /// Probes two of the built-in engines. Without internet access they find nothing, and everything else works.
    async fn engines(&self, settings: &Settings) {
        if settings.get("SEARXNG_URL").is_some() {
            return;
        }
        let selected = settings.get("SEARCH_ENGINES").unwrap_or_default();
        if selected == "none" {
            return self.off("web search", "SEARCH_ENGINES is none");
        }
        let selected = if selected.split(',').any(|name| name.trim() == "all") { "wikipedia,github" } else { selected };
        let engines: Vec<&str> = selected.split(',').map(str::trim).filter(|name| !name.is_empty()).take(2).collect();
        let probes = engines.iter().map(|name| is_reachable(settings.get(&format!("{}_URL", name.to_uppercase()))));
        let reached = futures::future::join_all(probes).await;
        match engines.iter().zip(reached).find(|(_, reached)| *reached) {
            Some((name, _)) => self.on("web search", format!("{name} can be reached")),
            None => {
                let tried = engines.join(" and ");
                self.off("web search", format!("no answer of {tried} (no internet?); answers come from files alone"));
            }
        }
    }

    async fn model(&mut self, settings: &Settings) {
        let mut reader = Reader::new(settings);
        let Some(config) = llm::settings::read(&mut reader) else {
            return self.off("model", "LLM_PROVIDER is unset; answers are extracts of the sources");
        };
        let base = config.base_url.clone();
        let readiness = match Model::new(config) {
            Ok(model) => model.readiness().await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match readiness {
            Ok(readiness) => {
                for status in readiness.chat {
                    if status.exists {
                        self.on("model", format!("{} at {base}", status.model));
                    } else {
                        self.broken("model", format!("{base} has no model {}", status.model));
                    }
                }
            }
            Err(error) => self.broken("model", format!("{base}: {error}")),
        }
    }

    /// Embeds a text: no cheaper check proves that embeddings work.
    async fn embeddings(&mut self, settings: &Settings) {
        let Some(config) = llm::settings::embedder(&mut Reader::new(settings)) else {
            let folder = if llm::settings::SUPPORTS_MODEL_FOLDERS {
                "and so is EMBEDDING_MODEL_DIR"
            } else {
                "and EMBEDDING_MODEL_DIR needs a program built with the feature local-embeddings"
            };
            return self.off("embeddings", format!("EMBEDDING_MODEL is unset, {folder}; words alone rank passages"));
        };
        let what = config.to_string();
        let probe = async {
            let embedder = Embedder::open(config).await.map_err(|error| error.to_string())?;
            let embedded = embedder.embed(Purpose::Question, &["ready".to_owned()]).await;
            embedded.map(drop).map_err(|error| error.to_string())
        };
        match tokio::time::timeout(MODEL_TIMEOUT, probe).await {
            Ok(Ok(())) => self.on("embeddings", what),
            Ok(Err(error)) => self.broken("embeddings", format!("{what}: {error}")),
            Err(_) => self.broken("embeddings", format!("{what}: no answer")),
        }
    }

    async fn sandbox(&mut self) {
        let report = match std::env::current_exe() {
            Ok(executable) => reader::child::sandbox_report(&executable).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match report {
            Ok(report) if report.missing().is_empty() => self.on("parser sandbox", "every forbidden call was denied"),
            Ok(report) => self.off("parser sandbox", format!("this kernel lacks: {}", report.missing().join(", "))),
            Err(error) => self.broken("parser sandbox", error),
        }
    }

    fn accounts(&self, settings: &Settings) {
        match settings.get("JWT_PUBLIC_KEY").or(settings.get("AUTH_SERVICE_URL")) {
            Some(_) => self.on("accounts", "access tokens are checked"),
            None => self.off("accounts", "JWT_PUBLIC_KEY is unset; whoever reaches the loopback port is the owner"),
        }
    }
}

/// Whether an engine responds at its address, with any status.
async fn is_reachable(address: Option<&str>) -> bool {
    let address = address.unwrap_or_default().replace("{lang}", "en");
    let Ok(client) = OperatorClient::new(&address, PROBE_TIMEOUT) else { return false };
    client.request(Method::HEAD, "/").timeout(PROBE_TIMEOUT).send().await.is_ok()
}

async fn get(base: &str, path: &str) -> Result<String, String> {
    let client = OperatorClient::new(base, PROBE_TIMEOUT).map_err(|error| error.to_string())?;
    let answer = fetch::operator::text(client.get(path).timeout(PROBE_TIMEOUT), 4 * 1024 * 1024).await;
    answer.map_err(|error| match error {
        fetch::operator::ResponseError::Http(error) if error.is_connect() => "nothing answers".to_owned(),
        other => other.to_string(),
    })
}
