//! Cost of separate services compared with one process: the same answer through services on Postgres, NATS, Redis and
//! S3 behind Traefik, and through `gooseek serve`.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{mb, median, ms, waiting::DELAYS};
use crate::{
    client::{Client, model_alone, web},
    gooseek::{self, Gooseek},
    report::Report,
    upstreams::{Delays, Pages, Upstreams},
};

/// Answers timed one after the other.
const TIMED_ANSWERS: usize = 9;
/// Concurrent answers whose CPU is measured.
const CPU_ANSWERS: usize = 256;
const CONCURRENCY: usize = 64;
const RESUMES: usize = 20;

/// A deployment under measurement.
struct Deployment {
    client: Client,
    processes: Vec<u32>,
}

impl Deployment {
    fn cpu_ms(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(|process| gooseek::cpu_ms(&process.to_string())).sum()
    }

    /// Median time of a whole answer with real delays, in milliseconds.
    async fn answer_ms(&self, upstreams: &Upstreams) -> anyhow::Result<f64> {
        self.client.ask(&web(&upstreams.question(Pages::New), "speed")).await?;
        let mut took = Vec::new();
        for _ in 0..TIMED_ANSWERS {
            let started = Instant::now();
            self.client.ask(&web(&upstreams.question(Pages::New), "speed")).await?;
            took.push(ms(started.elapsed()));
        }
        Ok(median(took))
    }

    /// CPU milliseconds of an answer without delays, over all processes of ours.
    async fn answer_cpu(&self, upstreams: &Upstreams) -> anyhow::Result<f64> {
        let question = || web(&upstreams.question(Pages::MostlyPool), "speed");
        self.client.load(CONCURRENCY, CPU_ANSWERS, question).await.all_answered()?;
        let before = self.cpu_ms()?;
        self.client.load(CONCURRENCY, CPU_ANSWERS, question).await.all_answered()?;
        Ok((self.cpu_ms()? - before) / CPU_ANSWERS as f64)
    }
}

pub(crate) async fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    let upstreams = Upstreams::start(DELAYS).await;
    let Some(mut cluster) = testkit::Gooseek::cluster(binary).await else {
        report.note("scale: the servers of `make deps` are not installed");
        return Ok(());
    };
    for (name, value) in upstreams.variables() {
        cluster = cluster.set(name, value);
    }
    let cluster = cluster.start().await;
    idle(&cluster, report)?;
    let one = Gooseek::start(binary, &upstreams.variables()).await?;
    let token = cluster.servers().keys.owner();
    let many = Deployment {
        client: Client::new(cluster.url())?.with_token(token),
        processes: cluster.processes().into_iter().map(|(_, process)| process).collect(),
    };
    let single = Deployment { client: Client::new(&one.url)?, processes: vec![one.pid()] };
    let (alone, together) = (single.answer_ms(&upstreams).await?, many.answer_ms(&upstreams).await?);
    report.at_most(
        "time the scale shape adds to an answer, real delays",
        excess_percent(alone, together),
        25.0,
        "%",
        "",
    );
    report.note(format!("an answer with real delays: {alone:.0} ms in one process, {together:.0} ms through services"));
    upstreams.delay(Delays::default());
    let (alone, together) = (single.answer_cpu(&upstreams).await?, many.answer_cpu(&upstreams).await?);
    let bound = "gRPC, tokens, Postgres and Redis over sockets, and every event written through NATS";
    report.at_most("CPU the scale shape adds to an answer", excess_percent(alone, together), 25.0, "%", bound);
    report.note(format!("CPU of an answer: {alone:.1} ms in one process, {together:.1} ms in all services together"));
    resume(&cluster, &upstreams, token, report).await
}

/// Reports the idle memory of the services.
fn idle(cluster: &testkit::Gooseek, report: &mut Report) -> anyhow::Result<()> {
    let mut largest = (String::new(), 0);
    for (name, process) in cluster.processes() {
        let memory = gooseek::memory(process)?;
        if memory > largest.1 {
            largest = (name, memory);
        }
    }
    report.at_most("idle memory of a service, the largest", mb(largest.1), 40.0, "MB", largest.0);
    Ok(())
}

/// Measures the time from requesting the events of a run on another replica to the first event.
async fn resume(
    cluster: &testkit::Gooseek,
    upstreams: &Upstreams,
    token: &str,
    report: &mut Report,
) -> anyhow::Result<()> {
    upstreams.stall(1);
    let here = Client::new(&cluster.replica_url("chat"))?.with_token(token);
    let there = Client::new(&cluster.replica_url("chat-2"))?.with_token(token);
    let (run, stream) = here.ask_until_run(&model_alone("What is a lighthouse?")).await?;
    upstreams.wait_for_open_streams(1).await;
    let mut waits = Vec::new();
    for _ in 0..RESUMES {
        waits.push(ms(there.time_to_first_event(&run).await?));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stream);
    report.at_most("resume at another replica", median(waits), 100.0, "ms", "");
    Ok(())
}

/// By how much `value` exceeds `base`, in percent.
fn excess_percent(base: f64, value: f64) -> f64 {
    (value / base - 1.0) * 100.0
}
