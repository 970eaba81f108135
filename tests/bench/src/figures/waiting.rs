//! Latency with realistic upstream delays: time to the first token, and throughput with 512 concurrent questions.

use std::{path::Path, time::Duration};

use super::{median, ms, profile::Profile};
use crate::{
    client::{Client, web},
    gooseek::{self, Gooseek},
    report::Report,
    upstreams::{Delays, POOL_PAGES, Pages, Upstreams},
};

pub(super) const DELAYS: Delays = Delays {
    search: Duration::from_millis(300),
    page: Duration::from_millis(150),
    first_token: Duration::from_millis(400),
    // 80 a second.
    between_tokens: Duration::from_micros(12_500),
};
/// The modes with the limit on their time to the first token (ms).
const MODES: [(&str, f64); 2] = [("speed", 950.0), ("balanced", 1_500.0)];
const CONCURRENCY: usize = 512;

pub(crate) async fn measure(binary: &Path, full: bool, report: &mut Report) -> anyhow::Result<()> {
    let upstreams = Upstreams::start(DELAYS).await;
    let gooseek = Gooseek::start(binary, &upstreams.variables()).await?;
    let client = Client::new(&gooseek.url)?;
    // The first answer of all looks up robots.txt and opens connections.
    client.ask(&web(&upstreams.question(Pages::New), "speed")).await?;
    for (mode, limit) in MODES {
        first_text(&client, &upstreams, (mode, limit), if full { 25 } else { 7 }, report).await?;
    }
    at_once(&gooseek, &client, &upstreams, if full { 5_120 } else { 1_536 }, report).await
}

/// Every page is new, so that it takes its 150 ms.
async fn first_text(
    client: &Client,
    upstreams: &Upstreams,
    (mode, limit): (&str, f64),
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut waits = Vec::new();
    for _ in 0..runs {
        let question = web(&upstreams.question(Pages::New), mode);
        let (timing, _) = client.ask_until_text(&question).await?;
        waits.push(ms(timing.first_text));
    }
    let mut profile = Profile::default();
    profile.add(&client.raw_events(&web(&upstreams.question(Pages::New), mode)).await?)?;
    profile.ensure_complete()?;
    let figure = format!("first answer token, real delays, {mode}");
    report.at_most(&figure, median(waits), limit, "ms", profile.summary());
    report.note(format!("real delays, {mode}: {}", profile.summary()));
    Ok(())
}

async fn at_once(
    gooseek: &Gooseek,
    client: &Client,
    upstreams: &Upstreams,
    total: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    upstreams.delay(Delays::default());
    let warmed = client.load(64, (POOL_PAGES / 5) as usize, || web(&upstreams.question(Pages::Pool), "speed")).await;
    warmed.all_answered()?;
    upstreams.delay(DELAYS);
    let before = (gooseek.cpu_ms()?, gooseek::cpu_ms("self")?);
    let load = client.load(CONCURRENCY, total, || web(&upstreams.question(Pages::MostlyPool), "speed")).await;
    let load = load.all_answered()?;
    let elapsed = ms(load.elapsed);
    let (ours, fakes) = ((gooseek.cpu_ms()? - before.0) / elapsed, (gooseek::cpu_ms("self")? - before.1) / elapsed);
    let waits = load.timings.iter().map(|timing| ms(timing.first_text)).collect();
    let bound = format!("gooseek used {ours:.2} cores, the fakes and clients {fakes:.2}; {}", super::cores());
    report.note(format!("512 at once: {bound}"));
    report.at_least("answers at 512 at once, real delays, speed", load.per_second(), 150.0, "/s", bound);
    report.info("  first answer token then, median", median(waits), "ms");
    Ok(())
}
