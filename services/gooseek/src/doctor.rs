//! `gooseek doctor`: prints what the running server has, and then probes every dependency that the settings of this shell name:
//! what is on, what is off, and which variable turns it on. Changes nothing.

use std::{io::ErrorKind, path::Path, sync::Arc, time::Duration};

use base::{
    config::{Reader, Settings},
    time::Clock,
};
use cache::redis::Redis;
use db::Db;
use fetch::operator::OperatorClient;
use futures::StreamExt;
use llm::{ChatRequest, Embedder, LlmError, Message, Model, ModelConfig, Purpose};
use objects::Objects;
use reqwest::Method;
use search_svc::engines::{Engine, Query, Searxng, SearxngConfig, UpstreamAccess};
use serde_json::Value;
use server::{Mode, Options};

use crate::{cli, client::Client, output::outln, serve};

const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// A model may have to be loaded from disk first.
const MODEL_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) async fn run(server: &cli::ServerArgs, local: &cli::DataArgs) -> anyhow::Result<()> {
    let settings = serve::local_settings(local)?;
    let options = server::check(&serve::SERVICES, &settings, Mode::AllInOne)?;
    let mut report = Report::default();
    report.server(server).await;
    outln!("with the settings of this shell:");
    report.transport(&options);
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
        outln!("on      {what}: {detail}");
    }

    fn off(&self, what: &str, detail: impl std::fmt::Display) {
        outln!("off     {what}: {detail}");
    }

    fn broken(&mut self, what: &str, detail: impl std::fmt::Display) {
        self.broken += 1;
        outln!("BROKEN  {what}: {detail}");
    }

    /// What the server itself says, which may have been started with other settings.
    async fn server(&mut self, server: &cli::ServerArgs) {
        if let Err(error) = get(&server.url, "/ready").await {
            return self.off("server", format!("{} ({error}); start it: make run", server.url));
        }
        outln!("the server at {} says:", server.url);
        self.on("server", "ready");
        let Ok(client) = Client::new(server, &[]) else { return };
        let ask = async |path: &str| client.json::<Value>(client.request(Method::GET, path)).await;
        match ask("/api/v1/chat/capabilities").await {
            Ok(answer) => match answer["models"].as_array().map(Vec::as_slice).unwrap_or_default() {
                [] => self.off("model", "answers are extracts of the sources; LLM_PROVIDER and CHAT_MODEL turn one on"),
                models => self.on("model", names(models.iter())),
            },
            Err(error) => self.broken("model", format!("{error:#}")),
        }
        match ask("/api/v1/search/engines").await {
            Ok(answer) => self.server_engines(answer["engines"].as_array().map(Vec::as_slice).unwrap_or_default()),
            Err(error) => self.broken("web search", format!("{error:#}")),
        }
    }

    fn server_engines(&mut self, engines: &[Value]) {
        if engines.is_empty() {
            return self.off("web search", "no engine; SEARXNG_URL or SEARCH_ENGINES turns some on");
        }
        let is_down = |engine: &&Value| matches!(engine["status"].as_str(), Some("failing" | "suspended"));
        let (down, up): (Vec<&Value>, Vec<&Value>) = engines.iter().partition(is_down);
        if !up.is_empty() {
            self.on("web search", names(up.iter().map(|engine| &engine["name"])));
        }
        for engine in down {
            let (name, reason) = (&engine["name"], engine["last_error_message"].as_str().unwrap_or("it failed"));
            let name = name.as_str().unwrap_or_default();
            // The built-in ones are there without anybody's doing.
            if name == "searxng" { self.broken(name, reason) } else { self.off(name, reason) }
        }
    }

    fn transport(&self, options: &Options) {
        if options.tls.is_some() {
            return self.on("HTTPS", format!("at {} (TLS_CERT)", options.bind));
        }
        if options.insecure_http {
            let risk = "passwords and tokens cross the network unencrypted (INSECURE_HTTP)";
            return self.off("HTTPS", format!("at {} {risk}; TLS_CERT and TLS_KEY turn it on", options.bind));
        }
        if options.is_https() {
            return self.on("HTTPS", format!("at a proxy ({})", options.public_url));
        }
        self.off("HTTPS", "TLS_CERT and TLS_KEY turn it on, for other devices");
    }

    async fn storage(&mut self, options: &Options) {
        let Some(url) = &options.postgres else {
            let data = options.data.display();
            return match folder_fault(&options.data) {
                None => self.on("database", format!("SQLite in {data}; POSTGRES_URL switches to Postgres")),
                Some(fault) => self.broken("database", format!("{data}: {fault}; DATA_DIR names another folder")),
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
        match search_searxng(base).await {
            Ok(0) => self
                .broken("SearXNG", format!("{base} answers in JSON and finds nothing: its engines are off or blocked")),
            Ok(hits) => self.on("SearXNG", format!("{base}, {hits} results in JSON")),
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
        for name in config.chat_models.clone() {
            let alone = ModelConfig { chat_models: vec![name.clone()], ..config.clone() };
            match first_word(alone).await {
                Ok(()) => self.on("model", format!("{name} at {base} answers")),
                Err(error) => self.broken("model", format!("{name} at {base}: {error}")),
            }
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

fn names<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    values.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// Why nothing could be kept in a folder, as far as can be seen without writing into it.
fn folder_fault(folder: &Path) -> Option<String> {
    match std::fs::metadata(folder) {
        Ok(found) if !found.is_dir() => Some("it is not a folder".to_owned()),
        Ok(found) => found.permissions().readonly().then(|| "it cannot be written to".to_owned()),
        // It is made when the server starts.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
            parent.and_then(folder_fault)
        }
        Err(error) => Some(error.to_string()),
    }
}

/// How many results a search has, or what to change.
async fn search_searxng(base: &str) -> Result<usize, String> {
    let clock = Clock::system();
    let access = UpstreamAccess::new("", Arc::new(move || clock.now()));
    let searxng = Searxng::new(SearxngConfig::new(base), &access).map_err(|error| error.to_string())?;
    let found = tokio::time::timeout(MODEL_TIMEOUT, searxng.search(&Query::new("wikipedia"))).await;
    found.map_err(|_| "no answer".to_owned())?.map(|found| found.hits.len()).map_err(|error| error.to_string())
}

/// Whether a model writes anything, which may have to be loaded first.
async fn first_word(config: ModelConfig) -> Result<(), String> {
    let model = Model::new(config).map_err(|error| error.to_string())?;
    let mut request = ChatRequest::new([Message::user("Say yes.")]);
    request.max_tokens = Some(16);
    request.deadline = Some(tokio::time::Instant::now() + MODEL_TIMEOUT);
    match model.stream(request).next().await {
        // One that was still reasoning works.
        Some(Ok(_) | Err(LlmError::NoText { .. })) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("no answer".to_owned()),
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
