//! Footprint: binary size, start-up time, idle CPU and memory, and memory of open idle streams.

use std::{path::Path, time::Duration};

use futures::future;

use super::{mb, median, ms};
use crate::{
    client::{Client, model_alone, web},
    gooseek::Gooseek,
    report::Report,
    upstreams::{Delays, Pages, Upstreams},
};

const STARTS: usize = 5;
const STREAMS: usize = 500;
/// Idle CPU is measured for this long, after the work of a start is over.
const IDLE_INTERVAL: Duration = Duration::from_secs(60);
const SETTLE_DELAY: Duration = Duration::from_secs(10);

pub(crate) async fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.at_most("size of the binary", mb(binary.metadata()?.len()), 60.0, "MB", "");
    let upstreams = Upstreams::start(Delays::default()).await;
    let mut starts = Vec::new();
    let mut idle = Vec::new();
    let mut parts = String::new();
    for _ in 0..STARTS {
        let gooseek = Gooseek::start(binary, &upstreams.variables()).await?;
        starts.push(ms(gooseek.ready_after));
        idle.push(mb(gooseek.memory()?));
        parts = gooseek.memory_parts()?;
    }
    report.at_most("ready after start, in an empty folder", median(starts), 500.0, "ms", "");
    report.at_most("idle memory", median(idle), 60.0, "MB", parts);
    report.at_most("idle CPU, of a core", idle_cpu(binary, &upstreams).await?, 0.1, "%", "");
    open_streams(binary, &upstreams, report).await
}

/// In percent of a core.
async fn idle_cpu(binary: &Path, upstreams: &Upstreams) -> anyhow::Result<f64> {
    let gooseek = Gooseek::start(binary, &upstreams.variables()).await?;
    tokio::time::sleep(SETTLE_DELAY).await;
    let before = gooseek.cpu_ms()?;
    tokio::time::sleep(IDLE_INTERVAL).await;
    Ok((gooseek.cpu_ms()? - before) / IDLE_INTERVAL.as_secs_f64() / 10.0)
}

/// Asks some questions first, so that one-time allocations are not attributed to the streams.
async fn open_streams(binary: &Path, upstreams: &Upstreams, report: &mut Report) -> anyhow::Result<()> {
    let gooseek = Gooseek::start(binary, &upstreams.variables()).await?;
    let client = Client::new(&gooseek.url)?;
    client.load(32, 64, || web(&upstreams.question(Pages::Pool), "speed")).await.all_answered()?;
    let before = gooseek.memory()?;
    upstreams.stall(STREAMS);
    let asked = (0..STREAMS).map(|_| async { client.ask_until_text(&model_alone("What is a lighthouse?")).await });
    let streams = future::try_join_all(asked).await?;
    upstreams.wait_for_open_streams(STREAMS).await;
    let grown = gooseek.memory()?.saturating_sub(before);
    let parts = gooseek.memory_parts()?;
    drop(streams);
    let each = grown as f64 / 1_000.0 / STREAMS as f64;
    report.at_most("memory of an open stream, over 500", each, 100.0, "KB", parts);
    Ok(())
}
