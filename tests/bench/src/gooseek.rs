//! The measured program as a child process with a free port and a fresh folder; resource usage comes from `/proc`.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::client::Client;

/// Limit on the time to become ready.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two requests to `/ready`; also the resolution of the measured start-up time.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// `/proc/PID/stat` counts in ticks of 10 ms (`USER_HZ`, part of Linux's ABI).
const TICK_MS: f64 = 10.0;

/// A running `gooseek serve`; killed when dropped.
#[derive(Debug)]
pub(crate) struct Gooseek {
    child: Child,
    pub(crate) url: String,
    /// From spawning the process to the first successful `/ready`.
    pub(crate) ready_after: Duration,
    pid: u32,
    folder: TempDir,
}

impl Gooseek {
    /// Starts `binary` with these variables and no other configuration.
    pub(crate) async fn start(binary: &Path, variables: &[(&str, String)]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let bind = free_address()?;
        let url = format!("http://{bind}");
        let log = File::create(folder.path().join("log"))?;
        let started = Instant::now();
        let child = Command::new(binary)
            .args(["serve", "--bind", &bind, "--data"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| binary.display().to_string())?;
        let pid = child.id().context("it has just been started")?;
        let mut gooseek = Self { child, url, ready_after: Duration::ZERO, pid, folder };
        gooseek.wait_until_ready(started).await?;
        Ok(gooseek)
    }

    async fn wait_until_ready(&mut self, started: Instant) -> anyhow::Result<()> {
        let client = Client::new(&self.url)?;
        loop {
            if client.is_ready().await {
                self.ready_after = started.elapsed();
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("gooseek ended with {status}:\n{}", self.log());
            }
            if started.elapsed() > START_TIMEOUT {
                bail!("gooseek is not ready after {START_TIMEOUT:?}:\n{}", self.log());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        self.status("VmRSS:")
    }

    /// Peak resident memory, in bytes.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<u64> {
        self.status("VmHWM:")
    }

    /// Composition of its memory.
    pub(crate) fn memory_parts(&self) -> anyhow::Result<String> {
        let (own, mapped) = (self.status("RssAnon:")?, self.status("RssFile:")?);
        Ok(format!(
            "{} MB are its own data, {} MB pages of the binary and of files",
            own / 1_000_000,
            mapped / 1_000_000
        ))
    }

    /// CPU time of this process alone, without its parser children, in milliseconds.
    pub(crate) fn cpu_ms(&self) -> anyhow::Result<f64> {
        cpu_ms(&self.pid.to_string())
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    fn status(&self, name: &str) -> anyhow::Result<u64> {
        status(self.pid, name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Resident memory of a process, in bytes.
pub(crate) fn memory(process: u32) -> anyhow::Result<u64> {
    status(process, "VmRSS:")
}

fn status(process: u32, name: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1_024)
}

/// CPU time of a process by its id, or of this one by `self`, in milliseconds.
pub(crate) fn cpu_ms(pid: &str) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name, which may hold spaces; utime and stime are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() * TICK_MS)
}

/// An unused address: bound briefly and released.
fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
