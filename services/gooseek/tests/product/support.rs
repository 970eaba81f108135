//! What the tests share: servers to start, files to ask about, and the rules every answer keeps.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    FakeOpenAi, Gooseek, Postgres,
    gooseek::{Builder, Client, Event, check_log, text},
};

/// A model server that is not there.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

/// The program under test.
pub(crate) const GOOSEEK: &str = env!("CARGO_BIN_EXE_gooseek");

/// Expands `async fn name(server: Builder)` into one test on SQLite, one on Postgres and one on a cluster.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($server:ident: Builder) $body:block)*) => {
        $($(#[$meta])* async fn $name($server: testkit::gooseek::Builder) $body)*

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::gooseek()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(server) = crate::support::on_postgres().await {
                    super::$name(server).await;
                }
            })*
        }

        mod cluster {
            $(#[tokio::test]
            async fn $name() {
                if let Some(server) = crate::support::on_cluster().await {
                    super::$name(server).await;
                }
            })*
        }
    };
}
pub(crate) use on_both;

/// A server on SQLite.
pub(crate) fn gooseek() -> Builder {
    Gooseek::builder(GOOSEEK)
}

/// A server on a database of the private Postgres, where that is installed. It takes over soon what a dead process left.
pub(crate) async fn on_postgres() -> Option<Builder> {
    Some(gooseek().set("POSTGRES_URL", Postgres::database().await?).set("RUN_LEASE", "1s"))
}

/// Every service in processes of its own, where the servers for that are installed.
pub(crate) async fn on_cluster() -> Option<Builder> {
    let cluster = Gooseek::cluster(GOOSEEK).await?;
    Some(cluster.set("FETCH_ALLOW_CIDRS", "127.0.0.0/8").set("FETCH_PER_HOST", "8").set("RUN_LEASE", "1s"))
}

/// A server whose answers `model` writes.
pub(crate) fn with_model(server: Builder, model: &FakeOpenAi) -> Builder {
    server.set("LLM_PROVIDER", "openai").set("OPENAI_BASE_URL", model.url()).set("CHAT_MODEL", "chat-model")
}

/// The project most tests ask about, and what its only file says.
pub(crate) const LEASE: &str = "# Lease of the garden house\n\n\
    ## Term and notice\n\n\
    Either party may end the lease by giving notice in writing. The notice period is three months to the end of a month.\n\n\
    ## Rent\n\n\
    The rent is 900 euros and is due on the first working day of each month. The deposit is two monthly rents.\n\n\
    ## Garden\n\n\
    The tenant waters the garden and cuts the hedge in October. Tools are kept in the shed behind the house.\n";
pub(crate) const NOTICE: &str = "What is the notice period in the lease?";

/// Makes the project `handbook` with the lease in it.
pub(crate) async fn handbook(client: &Client) -> Value {
    client.make_project("handbook").await;
    client.add_file("handbook", "lease.md", LEASE).await
}

/// A question about the lease to its file alone.
pub(crate) fn about_the_lease() -> Value {
    json!({ "query": NOTICE, "project": "handbook", "sources": ["files"], "mode": "speed" })
}

/// Checks what an answer promises: each `[n]` is a source, each passage stands in the stored text where it says, each
/// quote in a passage, each cited sentence in the answer.
pub(crate) async fn check_citations(client: &Client, answer: &Value) {
    let written: Vec<char> = answer["answer"].as_str().unwrap().chars().collect();
    let sources = answer["sources"].as_array().unwrap();
    for source in sources {
        let path = match source["kind"].as_str().unwrap() {
            "file" => format!("/api/v1/upload/{}/text", source["file_id"].as_str().unwrap()),
            _ => format!("/api/v1/search/pages/{}", source["snapshot_id"].as_str().unwrap()),
        };
        let stored = client.get(&path).await.expect(http::StatusCode::OK);
        let stored: Vec<char> = stored["text"].as_str().unwrap().chars().collect();
        for passage in source["passages"].as_array().unwrap() {
            assert_eq!(slice(&stored, passage), passage["text"].as_str().unwrap(), "{path}");
        }
    }
    let citations = answer["citations"].as_array().unwrap();
    assert!(!citations.is_empty(), "{answer:#}");
    for (place, citation) in citations.iter().enumerate() {
        assert_eq!(citation["index"], place + 1);
        let source = sources.iter().find(|source| source["index"] == citation["source"]).unwrap();
        let quote = citation["quote"].as_str().unwrap();
        let quoted = |passage: &Value| passage["text"].as_str().unwrap().contains(quote);
        assert!(!quote.is_empty() && source["passages"].as_array().unwrap().iter().any(quoted), "{citation} {source}");
        let sentence = slice(&written, citation);
        assert!(!sentence.trim().is_empty(), "{citation}");
        assert!((0.0..=1.0).contains(&citation["score"].as_f64().unwrap()), "{citation}");
    }
}

/// The characters between `start` and `end`.
fn slice(text: &[char], place: &Value) -> String {
    let at = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
    text[at("start")..at("end")].iter().collect()
}

/// The run that an event stream tells of.
pub(crate) fn run_id(events: &[Event]) -> String {
    events[0].data["run_id"].as_str().unwrap().to_owned()
}

/// Follows a run to its end and checks its whole log and that what was `seen` before is the beginning of it.
pub(crate) async fn finished(client: &Client, run: &str, seen: &[Event]) -> Vec<Event> {
    let log = client.events(run, 0).await.rest().await;
    check_log(&log);
    assert!(log.starts_with(seen), "seen {seen:#?}, stored {log:#?}");
    let answer = client.get(&format!("/api/v1/chat/runs/{run}")).await.expect(http::StatusCode::OK);
    assert_eq!(answer["answer"], text(&log));
    log
}

/// Runs `check` until it is content.
///
/// # Panics
/// When it never is.
pub(crate) async fn eventually<T>(check: impl AsyncFn() -> Option<T>) -> T {
    let content = async {
        loop {
            if let Some(value) = check().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(testkit::gooseek::TEST_TIMEOUT, content).await.expect("it becomes so in time")
}
