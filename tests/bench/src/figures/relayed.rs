//! Throughput of `gooseek` with search off, when it forwards and stores a model's stream, compared with a relay that
//! stores nothing.

use std::path::Path;

use serde_json::json;

use crate::{
    client::{Client, model_alone},
    gooseek::Gooseek,
    relay::Relay,
    report::Report,
    upstreams::{Delays, Upstreams},
};

const CONCURRENCY: usize = 32;
const TIMED_ANSWERS: usize = 400;
/// Both are measured alternately, so that other activity of the machine affects both.
const ROUNDS: usize = 3;

pub(crate) async fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    let upstreams = Upstreams::start(Delays::default()).await;
    let gooseek = Gooseek::start(binary, &upstreams.variables()).await?;
    let relay = Relay::start(&upstreams.model_url()).await?;
    let (through, bare) = (Client::new(&gooseek.url)?, Client::of_model(&relay.url)?);
    let plain = json!({"model": "chat-model", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "What is a lighthouse?"}]});
    let (mut with, mut without) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        with += through
            .load(CONCURRENCY, TIMED_ANSWERS, || model_alone("What is a lighthouse?"))
            .await
            .all_answered()?
            .per_second();
        without += bare.load(CONCURRENCY, TIMED_ANSWERS, || plain.clone()).await.all_answered()?.per_second();
    }
    let (with, without) = (with / ROUNDS as f64, without / ROUNDS as f64);
    let cpu = gooseek.cpu_ms()? / (ROUNDS * TIMED_ANSWERS) as f64;
    let bound =
        format!("an answer costs gooseek {cpu:.1} ms of CPU, each of its events being stored before it is sent");
    report.at_least("model alone at 32 at once, of a bare relay", with / without * 100.0, 60.0, "%", bound);
    report.info("  answers through gooseek", with, "/s");
    report.info("  answers through the relay", without, "/s");
    Ok(())
}
