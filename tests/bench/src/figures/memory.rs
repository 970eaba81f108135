//! Footprint: binary size, start-up time, idle memory, and memory of open idle streams.

use std::path::Path;

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
    open_streams(binary, &upstreams, report).await
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
