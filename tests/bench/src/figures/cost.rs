//! Cost of an answer with upstreams that respond at once: latency, throughput, CPU, and memory over many answers.

use std::path::Path;

use serde_json::Value;

use super::{
    mb, median, ms,
    profile::{self, Profile},
};
use crate::{
    client::{Client, web},
    gooseek::{self, Gooseek},
    report::Report,
    upstreams::{Delays, PAGES_PER_ANSWER, POOL_PAGES, Pages, Upstreams},
};

const CONCURRENCY: usize = 32;
/// Answers measured one after the other.
const SEQUENTIAL_ANSWERS: usize = 40;

pub(crate) async fn measure(binary: &Path, answers: usize, report: &mut Report) -> anyhow::Result<()> {
    let upstreams = Upstreams::start(Delays::default()).await;
    let gooseek = Gooseek::start(binary, &upstreams.variables()).await?;
    let client = Client::new(&gooseek.url)?;
    let bench = Bench { upstreams, gooseek, client };
    // Opens every page of the pool once: measures the cold cache and warms it for the other figures.
    let cold = bench.load((POOL_PAGES / PAGES_PER_ANSWER) as usize, "speed", Pages::Pool).await?;
    bench.sequential("speed", Pages::MostlyPool, Some((3.0, 25.0)), report).await?;
    bench.sequential("speed", Pages::New, None, report).await?;
    bench.sequential("balanced", Pages::MostlyPool, None, report).await?;
    bench.concurrent(answers, &cold, report).await?;
    bench.where_time_goes(report).await
}

struct Bench {
    upstreams: Upstreams,
    gooseek: Gooseek,
    client: Client,
}

/// Cost per answer under load.
struct LoadCost {
    per_second: f64,
    cpu_ms: f64,
    /// Cores used by `gooseek`, and by the fakes and clients.
    cores: (f64, f64),
    /// Pages requested per answer, including those it did not wait for in the end.
    fetched: f64,
}

impl Bench {
    fn question(&self, mode: &str, pages: Pages) -> Value {
        web(&self.upstreams.question(pages), mode)
    }

    /// Measures sequential answers. `limits` apply to the first event and the first text.
    async fn sequential(
        &self,
        mode: &str,
        pages: Pages,
        limits: Option<(f64, f64)>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let (mut events, mut texts) = (Vec::new(), Vec::new());
        for _ in 0..SEQUENTIAL_ANSWERS {
            let timing = self.client.ask(&self.question(mode, pages)).await?;
            events.push(ms(timing.first_event));
            texts.push(ms(timing.first_text));
        }
        let mut profile = Profile::default();
        for _ in 0..SEQUENTIAL_ANSWERS / 2 {
            profile.add(&self.client.raw_events(&self.question(mode, pages)).await?)?;
        }
        profile.ensure_complete()?;
        let how = if pages == Pages::New { "all pages new" } else { "90 % of pages kept" };
        let first_event = format!("first event, {mode}, {how}");
        let first_text = format!("first answer token, {mode}, {how}");
        let Some((event_limit, text_limit)) = limits else {
            report.info(&first_text, median(texts), "ms");
            return Ok(());
        };
        let committed = "the run is committed to SQLite before its first event is sent";
        report.at_most(&first_event, median(events), event_limit, "ms", committed);
        report.at_most(&first_text, median(texts), text_limit, "ms", profile.summary());
        report.note(format!("{mode}, {how}: {}", profile.summary()));
        Ok(())
    }

    async fn load(&self, total: usize, mode: &str, pages: Pages) -> anyhow::Result<LoadCost> {
        let cpu = (self.gooseek.cpu_ms()?, gooseek::cpu_ms("self")?);
        let fetched = self.upstreams.fetched();
        let load = self.client.load(CONCURRENCY, total, || self.question(mode, pages)).await.all_answered()?;
        let (ours, fakes) = (self.gooseek.cpu_ms()? - cpu.0, gooseek::cpu_ms("self")? - cpu.1);
        Ok(LoadCost {
            per_second: load.per_second(),
            cpu_ms: ours / total as f64,
            cores: (ours / ms(load.elapsed), fakes / ms(load.elapsed)),
            fetched: (self.upstreams.fetched() - fetched) as f64 / total as f64,
        })
    }

    /// Measures concurrent answers in four parts, with the memory after each.
    async fn concurrent(&self, answers: usize, cold: &LoadCost, report: &mut Report) -> anyhow::Result<()> {
        let (mut parts, mut memory) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            parts.push(self.load(answers.div_ceil(4), "speed", Pages::MostlyPool).await?);
            memory.push(mb(self.gooseek.memory()?));
        }
        let mean = |of: fn(&LoadCost) -> f64| parts.iter().map(of).sum::<f64>() / parts.len() as f64;
        let (ours, fakes) = (mean(|part| part.cores.0), mean(|part| part.cores.1));
        let busy = format!("gooseek used {ours:.2} cores, the fakes and clients {fakes:.2}; {}", super::cores());
        let (rate, cpu) = (mean(|part| part.per_second), mean(|part| part.cpu_ms));
        report.at_least("web answers at 32 at once, speed, 90 % kept", rate, 120.0, "/s", busy.as_str());
        report.at_most("CPU of an answer, speed, 90 % kept", cpu, 8.0, "ms", busy.as_str());
        let (kept, new) = (mean(|part| part.fetched), cold.fetched);
        report.note(format!("32 at once: {busy}"));
        report.note(format!("pages fetched for an answer: {kept:.2} with 90 % kept, {new:.2} with all new"));
        report.info("web answers at 32 at once, speed, all pages new", cold.per_second, "/s");
        report.info("CPU of an answer, speed, all pages new", cold.cpu_ms, "ms");
        let balanced = self.load(200, "balanced", Pages::MostlyPool).await?;
        report.info("web answers at 32 at once, balanced, 90 % kept", balanced.per_second, "/s");
        report.info("CPU of an answer, balanced, 90 % kept", balanced.cpu_ms, "ms");
        let parts = self.gooseek.memory_parts()?;
        report.at_most("peak memory under that load", mb(self.gooseek.peak_memory()?), 200.0, "MB", parts);
        let course: Vec<String> = memory.iter().map(|memory| format!("{memory:.0}")).collect();
        let course = format!("memory after each quarter: {} MB", course.join(", "));
        let growth = (memory[3] / memory[0] - 1.0) * 100.0;
        let figure = format!("growth over the last three quarters of {answers} answers");
        report.at_most(&figure, growth, 10.0, "%", course.as_str());
        report.note(course);
        Ok(())
    }

    /// Reports the histograms of sequential answers; under load their times are mostly waiting for a core.
    async fn where_time_goes(&self, report: &mut Report) -> anyhow::Result<()> {
        const HISTOGRAMS: [&str; 2] = ["gooseek_http_seconds", "gooseek_call_seconds"];
        let before = self.client.text("/metrics").await?;
        for _ in 0..SEQUENTIAL_ANSWERS {
            self.client.ask(&self.question("speed", Pages::MostlyPool)).await?;
        }
        let after = self.client.text("/metrics").await?;
        report.note(format!("mean of /metrics over {SEQUENTIAL_ANSWERS} answers one after the other:"));
        for name in HISTOGRAMS {
            let rows = profile::between(&profile::histogram(&before, name), &profile::histogram(&after, name));
            for row in rows {
                report.note(format!("  {name} {row}"));
            }
        }
        Ok(())
    }
}
