//! With search off `gooseek` passes a model's stream on, and stores it: how near that comes to a relay that stores
//! nothing.

use std::path::Path;

use serde_json::json;

use crate::{
    client::{Client, model_alone},
    gooseek::Gooseek,
    relay::Relay,
    report::Report,
    upstreams::{Delays, Upstreams},
};

const AT_ONCE: usize = 32;
const ANSWERS: usize = 400;
/// Both are asked by turns, so that what else the machine does falls on both.
const TURNS: usize = 3;

pub(crate) async fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    let upstreams = Upstreams::start(Delays::default()).await;
    let gooseek = Gooseek::start(binary, &upstreams.variables()).await?;
    let relay = Relay::start(&upstreams.model_url()).await?;
    let (through, bare) = (Client::new(&gooseek.url)?, Client::of_model(&relay.url)?);
    let plain = json!({"model": "chat-model", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "What is a lighthouse?"}]});
    let (mut with, mut without) = (0.0, 0.0);
    for _ in 0..TURNS {
        with +=
            through.load(AT_ONCE, ANSWERS, || model_alone("What is a lighthouse?")).await.all_answered()?.per_second();
        without += bare.load(AT_ONCE, ANSWERS, || plain.clone()).await.all_answered()?.per_second();
    }
    let (with, without) = (with / TURNS as f64, without / TURNS as f64);
    let cpu = gooseek.cpu_ms()? / (TURNS * ANSWERS) as f64;
    let bound =
        format!("an answer costs gooseek {cpu:.1} ms of CPU, each of its events being stored before it is sent");
    report.at_least("model alone at 32 at once, of a bare relay", with / without * 100.0, 60.0, "%", bound);
    report.shown("  answers through gooseek", with, "/s");
    report.shown("  answers through the relay", without, "/s");
    Ok(())
}
