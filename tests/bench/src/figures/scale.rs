//! What the scale shape costs beside one process: an answer through separate services on Postgres, NATS, Redis and S3 behind
//! Traefik, and the same answer through `gooseek serve`.

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
const ANSWERS: usize = 9;
/// Answers whose CPU is counted, some at a time.
const COUNTED: usize = 256;
const AT_ONCE: usize = 64;
const RESUMES: usize = 20;

/// One shape under measurement.
struct Mode {
    client: Client,
    processes: Vec<u32>,
}

impl Mode {
    fn cpu_ms(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(|process| gooseek::cpu_ms(&process.to_string())).sum()
    }

    /// Milliseconds of a whole answer with real delays: the median.
    async fn answer_ms(&self, upstreams: &Upstreams) -> anyhow::Result<f64> {
        self.client.ask(&web(&upstreams.question(Pages::New), "speed")).await?;
        let mut took = Vec::new();
        for _ in 0..ANSWERS {
            let begun = Instant::now();
            self.client.ask(&web(&upstreams.question(Pages::New), "speed")).await?;
            took.push(ms(begun.elapsed()));
        }
        Ok(median(took))
    }

    /// CPU milliseconds of an answer without delays, over all processes of ours.
    async fn answer_cpu(&self, upstreams: &Upstreams) -> anyhow::Result<f64> {
        let question = || web(&upstreams.question(Pages::MostlyPool), "speed");
        self.client.load(AT_ONCE, COUNTED, question).await.all_answered()?;
        let before = self.cpu_ms()?;
        self.client.load(AT_ONCE, COUNTED, question).await.all_answered()?;
        Ok((self.cpu_ms()? - before) / COUNTED as f64)
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
    let many = Mode {
        client: Client::new(cluster.url())?.with_token(token),
        processes: cluster.processes().into_iter().map(|(_, process)| process).collect(),
    };
    let single = Mode { client: Client::new(&one.url)?, processes: vec![one.pid()] };
    let (alone, together) = (single.answer_ms(&upstreams).await?, many.answer_ms(&upstreams).await?);
    report.at_most("time the scale shape adds to an answer, real delays", share(alone, together), 25.0, "%", "");
    report.note(format!("an answer with real delays: {alone:.0} ms in one process, {together:.0} ms through services"));
    upstreams.delay(Delays::default());
    let (alone, together) = (single.answer_cpu(&upstreams).await?, many.answer_cpu(&upstreams).await?);
    let bound = "gRPC, tokens, Postgres and Redis over sockets, and every event written through NATS";
    report.at_most("CPU the scale shape adds to an answer", share(alone, together), 25.0, "%", bound);
    report.note(format!("CPU of an answer: {alone:.1} ms in one process, {together:.1} ms in all services together"));
    resume(&cluster, &upstreams, token, report).await
}

/// What each service has in memory before anybody asks.
fn idle(cluster: &testkit::Gooseek, report: &mut Report) -> anyhow::Result<()> {
    let mut most = (String::new(), 0);
    for (name, process) in cluster.processes() {
        let memory = gooseek::memory(process)?;
        if memory > most.1 {
            most = (name, memory);
        }
    }
    report.at_most("idle memory of a service, the largest", mb(most.1), 40.0, "MB", most.0);
    Ok(())
}

/// From asking for the events of a run that another replica works on to the first of them.
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
        waits.push(ms(there.first_event_of(&run).await?));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stream);
    report.at_most("resume at another replica", median(waits), 100.0, "ms", "");
    Ok(())
}

/// What `more` is above `base`, in percent.
fn share(base: f64, more: f64) -> f64 {
    (more / base - 1.0) * 100.0
}
