//! `make bench`: runs the release build of `gooseek` against fakes on loopback and prints each measurement with its
//! limit. `docs/bench.md` explains the figures.

mod client;
mod figures;
mod gooseek;
mod relay;
mod report;
mod upstreams;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use report::Report;

/// Open files that 512 concurrent questions need, here and (inherited) in `gooseek`.
const OPEN_FILE_LIMIT: u64 = 8_192;

/// Measures a `gooseek` binary. Without `--full` it takes less than four minutes.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// The binary, as a release build leaves it.
    gooseek: PathBuf,
    /// The long runs: 20,000 answers and 100,000 chunks.
    #[arg(long)]
    full: bool,
    /// Answers of the run that memory is watched over [default: 2000, with --full 20000].
    #[arg(long)]
    answers: Option<usize>,
    /// Chunks that retrieval is measured over [default: 20000, with --full 100000].
    #[arg(long)]
    chunks: Option<u64>,
    /// Measure retrieval with embeddings too.
    #[arg(long)]
    hybrid: bool,
    /// Only these parts.
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Benchmark>,
}

/// A benchmark that can be run by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    Waiting,
    LoadCost,
    Relay,
    Memory,
    Indexing,
    /// The cost of separate services.
    Scale,
    /// Retrieval with embeddings of 384 dimensions.
    Hybrid,
}

impl Benchmark {
    async fn measure(self, binary: &Path, options: &Options, report: &mut Report) -> anyhow::Result<()> {
        match self {
            Self::Waiting => figures::waiting::measure(binary, options.full, report).await,
            Self::LoadCost => figures::cost::measure(binary, options.answers(), report).await,
            Self::Relay => figures::relayed::measure(binary, report).await,
            Self::Memory => figures::memory::measure(binary, report).await,
            Self::Indexing => figures::indexing::measure(binary, options.chunks(), report).await,
            Self::Scale => figures::scale::measure(binary, report).await,
            Self::Hybrid => figures::indexing::measure_hybrid(binary, options.chunks(), report).await,
        }
    }
}

impl Options {
    fn wants(&self, benchmark: Benchmark) -> bool {
        match benchmark {
            Benchmark::Hybrid => self.hybrid || self.only.contains(&benchmark),
            _ => self.only.is_empty() || self.only.contains(&benchmark),
        }
    }

    fn answers(&self) -> usize {
        self.answers.unwrap_or(if self.full { 20_000 } else { 2_000 })
    }

    fn chunks(&self) -> u64 {
        self.chunks.unwrap_or(if self.full { 100_000 } else { 20_000 })
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_some_and(|argument| argument == relay::SUBCOMMAND) {
        let upstream = arguments.next().unwrap_or_default();
        return server::process(|| async move { relay::serve(&upstream).await });
    }
    let options = Options::parse();
    server::process(|| measure(options))
}

async fn measure(options: Options) -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(OPEN_FILE_LIMIT).context("the limit of open files")?;
    let binary = options.gooseek.canonicalize().with_context(|| options.gooseek.display().to_string())?;
    let mut report = Report::begin();
    for benchmark in Benchmark::value_variants().iter().filter(|benchmark| options.wants(**benchmark)) {
        if let Err(error) = benchmark.measure(&binary, &options, &mut report).await {
            report.failed(&format!("{benchmark:?}"), &error);
        }
    }
    report.finish();
    Ok(())
}
