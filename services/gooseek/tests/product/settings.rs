//! Configuration: what is in force and why, every fault at once, and an example that names every variable.

use std::fs;

use http::StatusCode;
use serde_json::json;
use testkit::{FakeOpenAi, FakeSearxng, FakeWeb, Script, gooseek::Builder};

use crate::support::{GOOSEEK, NOBODY, gooseek};

async fn run(builder: Builder) -> (bool, String, String) {
    let output = builder.output().await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

fn command(name: &str) -> Builder {
    Builder::new(GOOSEEK).arg(name)
}

#[tokio::test]
async fn the_configuration_shows_where_each_value_comes_from_and_no_secret() {
    let config = command("config").arg("--data").arg("elsewhere").set("RUN_LIMIT", "7");
    let config = config.set("OPENAI_API_KEY", "sk-hush").set("POSTGRES_URL", "postgresql://me:hush@127.0.0.1/db");
    let (ok, printed, complaints) = run(config).await;
    assert!(ok, "{complaints}");
    let line = |name: &str| {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        printed.lines().find(|line| line.split_whitespace().next() == Some(name)).map(words).unwrap()
    };
    assert_eq!(line("RUN_LIMIT"), "RUN_LIMIT = 7 (environment)");
    assert_eq!(line("BIND"), "BIND = 127.0.0.1:8080 (default)");
    assert_eq!(line("OPENAI_API_KEY"), "OPENAI_API_KEY = *** (environment)");
    assert!(line("SEARXNG_URL").starts_with("SEARXNG_URL unset: "), "{printed}");
    assert_eq!(line("DATA_DIR"), "DATA_DIR = elsewhere (--data)");
    assert!(!printed.contains("hush"), "{printed}");
}

#[tokio::test]
async fn all_faults_are_named_at_once() {
    let faulty = [
        ("BIND", "the kitchen"),
        ("POSTGRES_URL", "mysql://127.0.0.1/db"),
        ("REDIS_URL", "memcached://127.0.0.1"),
        ("JWT_SECRET", "hush"),
        ("LLM_PROVIDER", "oracle"),
        ("RUN_DETACH_GRACE", "soon"),
        ("SEARXNG_URL", "searx.example"),
        ("SEARCH_ENGINES", "wikipedia,altavista"),
        ("FETCH_ALLOW_CIDRS", "10.0.0.0/99"),
        ("BUS", "carrier pigeon"),
    ];
    let builder = faulty.iter().fold(command("serve"), |builder, (name, value)| builder.set(name, *value));
    let (ok, _, complaints) = run(builder).await;
    assert!(!ok);
    for (name, _) in faulty {
        assert!(complaints.lines().any(|line| line.starts_with(name)), "{name} in {complaints}");
    }
    assert!(complaints.contains("the configuration has 10 fault(s)"), "{complaints}");
    assert!(!complaints.contains("hush"), "{complaints}");
}

#[tokio::test]
async fn an_address_that_others_reach_needs_https() {
    let (ok, _, complaints) = run(command("serve").arg("--bind").arg("0.0.0.0:0")).await;
    assert!(!ok);
    assert!(complaints.contains("would cross the network unencrypted: set TLS_CERT and TLS_KEY"), "{complaints}");
}

#[tokio::test]
async fn the_doctor_says_what_is_on_off_and_broken() {
    let doctor = command("doctor").set("GOOSEEK_URL", NOBODY).set("SEARCH_ENGINES", "wikipedia,wikidata");
    let doctor = doctor.set("WIKIPEDIA_URL", NOBODY).set("WIKIDATA_URL", NOBODY);
    let (ok, printed, complaints) = run(doctor).await;
    assert!(ok, "{complaints}");
    for line in [
        "off     server:",
        "on      database: SQLite",
        "off     SearXNG: SEARXNG_URL",
        "off     web search: no answer of wikipedia and wikidata",
        "off     model: LLM_PROVIDER",
        "off     embeddings: EMBEDDING_MODEL is unset",
        "off     accounts: JWT_PUBLIC_KEY",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    assert!(printed.contains("parser sandbox"), "{printed}");

    let web = FakeWeb::start().await;
    let doctor = command("doctor").set("SEARCH_ENGINES", "wikidata").set("WIKIDATA_URL", web.url());
    let (_, printed, _) = run(doctor).await;
    assert!(printed.contains("on      web search: wikidata can be reached"), "{printed}");

    let engine = FakeSearxng::start(&FakeWeb::start().await.url()).await;
    let doctor = command("doctor").set("SEARXNG_URL", engine.url()).set("LLM_PROVIDER", "ollama");
    let (ok, printed, _) = run(doctor.set("OLLAMA_BASE_URL", NOBODY).set("CHAT_MODEL", "small")).await;
    assert!(!ok, "{printed}");
    assert!(
        printed.contains("on      SearXNG") && printed.contains("BROKEN  model: small at http://127.0.0.1:1"),
        "{printed}"
    );

    let server = FakeOpenAi::start(Script::default()).await;
    let doctor = command("doctor").set("LLM_PROVIDER", "openai").set("OPENAI_BASE_URL", server.url());
    let (ok, printed, _) = run(doctor.set("CHAT_MODEL", "chat-model")).await;
    assert!(ok && printed.contains("on      model: chat-model at http"), "{printed}");
    let doctor = command("doctor").set("LLM_PROVIDER", "openai").set("OPENAI_BASE_URL", server.url());
    let (ok, printed, _) = run(doctor.set("EMBEDDING_MODEL", "embedding-model")).await;
    assert!(ok && printed.contains("on      embeddings: embedding-model at http"), "{printed}");
    let doctor = command("doctor").set("LLM_PROVIDER", "openai").set("OPENAI_BASE_URL", server.url());
    let (ok, printed, _) = run(doctor.set("EMBEDDING_MODEL", "other")).await;
    assert!(!ok && printed.contains("BROKEN  embeddings: other at http"), "{printed}");

    // The server may have been started with other settings than this shell has.
    let running = gooseek().set("SEARCH_ENGINES", "none").start().await;
    let (ok, printed, complaints) = run(command("doctor").set("GOOSEEK_URL", running.url())).await;
    assert!(ok, "{printed}{complaints}");
    let (server, shell) = printed.split_once("with the settings of this shell:").unwrap();
    assert!(server.contains("says:\non      server: ready\noff     model: answers are extracts"), "{server}");
    assert!(server.contains("off     web search: no engine; SEARXNG_URL or SEARCH_ENGINES"), "{server}");
    assert!(shell.contains("web search"), "{shell}");

    // A program without the feature says so, one with it what is missing.
    let (ok, _, complaints) = run(command("doctor").set("EMBEDDING_MODEL_DIR", "/nowhere")).await;
    assert!(!ok && complaints.contains("EMBEDDING_MODEL_DIR: "), "{complaints}");
}

#[tokio::test]
async fn a_configured_model_of_embeddings_goes_before_the_installed_one() {
    let server = gooseek().set("LLM_PROVIDER", "ollama").set("EMBEDDING_MODEL", "small");
    let server = server.set("EMBEDDING_MODEL_DEFAULT_DIR", "/nowhere").start().await;
    let log = server.log();
    let told = "passages are found by meaning, too (EMBEDDING_MODEL); the installed model is not used";
    assert!(log.contains(told), "{log}");
}

#[tokio::test]
async fn services_that_are_left_out_are_not_there() {
    let server = gooseek().arg("--only").arg("projects,library").start().await;
    let client = server.client();
    assert_eq!(client.get("/api/v1/projects").await.status, StatusCode::OK);
    assert_eq!(client.get("/api/v1/library/threads").await.status, StatusCode::OK);
    assert_eq!(client.post("/api/v1/chat", &json!({ "query": "Why?" })).await.status, StatusCode::NOT_FOUND);
    let (ok, _, complaints) = run(command("serve").arg("--only").arg("chat,cat")).await;
    assert!(!ok);
    assert!(complaints.contains("there is no service \"cat\""), "{complaints}");
}

#[tokio::test]
async fn a_service_that_is_elsewhere_and_down_is_named_in_the_answer() {
    let server = gooseek().arg("--only").arg("chat,upload,projects").start().await;
    crate::support::handbook(&server.client()).await;
    let ask = json!({ "query": crate::support::NOTICE, "project": "handbook", "mode": "speed" });
    let answer = server.client().ask(&ask).await.expect(StatusCode::OK);
    assert!(answer["answer"].as_str().unwrap().contains("three months"), "{answer:#}");
    assert!(answer["degraded"].to_string().contains("\"web: "), "{answer:#}");
}

/// Variables of the command line, which the server does not read.
const OF_THE_CLIENT: [&str; 2] = ["GOOSEEK_URL", "GOOSEEK_TOKEN"];

#[tokio::test]
async fn the_example_names_every_variable_with_its_default() {
    let (ok, printed, complaints) = run(command("config")).await;
    assert!(ok, "{complaints}");
    let value = |line: &str| {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap();
        let value = rest.trim_start().strip_prefix("= ").map(|value| value.strip_suffix("  (default)").unwrap());
        (name.to_owned(), value.unwrap_or_default().to_owned())
    };
    let mut known: Vec<(String, String)> = printed.lines().map(value).collect();
    known.sort();
    let example = fs::read_to_string("../../.env.example").unwrap();
    let variable = |line: &str| {
        let (name, value) = line.strip_prefix('#').unwrap_or(line).split_once('=')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        is_name.then(|| (name.to_owned(), value.to_owned()))
    };
    let (mut named, of_the_client): (Vec<_>, Vec<_>) =
        example.lines().filter_map(variable).partition(|(name, _)| !OF_THE_CLIENT.contains(&name.as_str()));
    named.sort();
    assert_eq!(named, known);
    assert_eq!(of_the_client.len(), OF_THE_CLIENT.len());
}
