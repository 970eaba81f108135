//! Sandboxed parser process: the same program started with the hidden subcommand [`SUBCOMMAND`], which restricts itself
//! and parses one file from its standard input.
//!
//! The worst a hostile file can do is crash that child. It has no environment, no network, no files, no other
//! processes, 1 GiB of address space and 30 s of CPU time; the parent adds a timeout and a limit on the output.

mod probe;
mod restrict;
mod wire;

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use probe::{Probe, SandboxReport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use crate::{Document, Format, Hints, ParseError};

/// The subcommand for which a program must call [`run`], before it starts any thread.
pub const SUBCOMMAND: &str = "parse-file";

/// How much of the child's standard error is kept (bytes).
const MAX_STDERR: usize = 4 << 10;

/// Limits the parent enforces, in addition to those the child sets on itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildLimits {
    /// Time from start to result.
    pub timeout: Duration,
    /// Size of the result (bytes).
    pub output_bytes: u64,
    /// Children alive at the same time; further files wait.
    pub concurrency: usize,
}

impl Default for ChildLimits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { timeout: Duration::from_secs(60), output_bytes: 20 << 20, concurrency: cores }
    }
}

/// Starts parser children. Clones share the concurrency limit.
#[derive(Clone, Debug)]
pub struct ParserChild {
    command: PathBuf,
    limits: ChildLimits,
    permits: Arc<Semaphore>,
}

impl ParserChild {
    /// `command` is a program that calls [`run_if_child`] first; in the product, the running program itself.
    #[must_use]
    pub fn new(command: PathBuf, limits: ChildLimits) -> Self {
        Self { command, limits, permits: Arc::new(Semaphore::new(limits.concurrency.max(1))) }
    }

    /// Parses `bytes` as `format` in a new child. Dropping the future kills the child.
    ///
    /// # Errors
    ///
    /// The errors of [`crate::parse`], and [`ParseError::OutOfMemory`], [`ParseError::Timeout`] or
    /// [`ParseError::Crashed`] if the child was terminated. [`ParseError::Unavailable`] says nothing about the file.
    pub async fn parse(&self, format: Format, bytes: Bytes, hints: Hints) -> Result<Document, ParseError> {
        match self.run(&wire::Request::Parse { format, hints }, bytes).await? {
            wire::Response::Parsed(result) => result,
            wire::Response::Probed(_) => {
                Err(ParseError::Unavailable("the child sent the wrong kind of response".to_owned()))
            }
        }
    }

    async fn run(&self, request: &wire::Request, body: Bytes) -> Result<wire::Response, ParseError> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let mut child = self.start()?;
        let exchange = communicate(&mut child, wire::encode(request)?, body, self.limits.output_bytes);
        let Ok(outcome) = tokio::time::timeout(self.limits.timeout, exchange).await else {
            return Err(ParseError::Timeout);
        };
        let Some(output) = outcome.output else {
            return Err(ParseError::TooLarge(format!("more than {} MiB of result", self.limits.output_bytes >> 20)));
        };
        let status = outcome.status.map_err(|error| ParseError::Unavailable(error.to_string()))?;
        if status.success()
            && let Some(response) = wire::decode(&output)
        {
            return Ok(response);
        }
        tracing::warn!(%status, stderr = outcome.stderr, "parser child failed; file is not parsed");
        Err(exit_error(status, &outcome.stderr))
    }

    fn start(&self) -> Result<Child, ParseError> {
        Command::new(&self.command)
            .arg(SUBCOMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| ParseError::Unavailable(format!("it does not start: {error}")))
    }
}

/// How a child ended.
struct ChildOutcome {
    /// Its standard output, `None` if it was too long.
    output: Option<Vec<u8>>,
    /// The beginning of its standard error.
    stderr: String,
    status: io::Result<ExitStatus>,
}

/// Writes the input, reads the output and waits for the exit.
async fn communicate(child: &mut Child, header: Vec<u8>, body: Bytes, output_limit: u64) -> ChildOutcome {
    let mut stdin = child.stdin.take().expect("started with pipes");
    let stdout = child.stdout.take().expect("started with pipes");
    let stderr = child.stderr.take().expect("started with pipes");
    let write = async move {
        // Fails if the child has exited; its exit status says why.
        if stdin.write_all(&header).await.is_ok() {
            let _ = stdin.write_all(&body).await;
        }
    };
    let output_limit = output_limit.saturating_add(wire::LENGTH_PREFIX as u64);
    let ((), output, stderr) = tokio::join!(write, read_bounded(stdout, output_limit), read_head(stderr));
    ChildOutcome { output, stderr, status: child.wait().await }
}

/// Tests the sandbox: a child of `command` attempts everything that must be denied.
///
/// # Errors
///
/// [`ParseError::Unavailable`], or how the child was terminated before it could run the test.
pub async fn sandbox_report(command: &Path) -> Result<SandboxReport, ParseError> {
    let child = ParserChild::new(command.to_owned(), ChildLimits::default());
    match child.run(&wire::Request::Probe, Bytes::new()).await? {
        wire::Response::Probed(report) => Ok(report),
        wire::Response::Parsed(result) => Err(result
            .err()
            .unwrap_or_else(|| ParseError::Unavailable("the child sent the wrong kind of response".to_owned()))),
    }
}

/// Everything from `pipe`, or `None` when it is more than `limit` bytes.
async fn read_bounded(pipe: impl AsyncRead + Unpin, limit: u64) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    // A broken pipe leaves a truncated message, which does not decode.
    let _ = pipe.take(limit + 1).read_to_end(&mut content).await;
    (content.len() as u64 <= limit).then_some(content)
}

/// The first bytes from `pipe`; the rest is read and discarded, so that the writer never blocks.
async fn read_head(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        let room = MAX_STDERR - head.len();
        head.extend_from_slice(&buffer[..read.min(room)]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn exit_error(status: ExitStatus, stderr: &str) -> ParseError {
    let Some(signal) = status.signal() else {
        return ParseError::Unavailable(format!("it ended with {status} and no result"));
    };
    match signal {
        _ if stderr.contains("memory allocation of") => ParseError::OutOfMemory,
        _ if stderr.contains("overflowed its stack") => ParseError::Crashed("it is nested too deeply".to_owned()),
        libc::SIGXCPU => ParseError::Timeout,
        // The parent kills only after a timeout, so this was the kernel's out-of-memory killer.
        libc::SIGKILL => ParseError::OutOfMemory,
        signal => ParseError::Crashed(format!("it was killed by signal {signal}")),
    }
}

/// Runs the child, if this process was started as one: restricts the process, reads one request from standard input, writes the
/// response to standard output. `None` in any other process.
///
/// Must be called before the program starts a thread: the restrictions apply to the calling thread and its descendants.
pub fn run_if_child() -> Option<ExitCode> {
    (std::env::args().nth(1).as_deref() == Some(SUBCOMMAND)).then(run)
}

fn run() -> ExitCode {
    let restricted = restrict::apply();
    let response = match (&restricted, read_request()) {
        (_, Err(error)) => {
            wire::Response::Parsed(Err(ParseError::Unavailable(format!("its input cannot be read: {error}"))))
        }
        (Err(error), Ok(_)) => wire::Response::Parsed(Err(ParseError::Unavailable(error.clone()))),
        (Ok(landlock), Ok((wire::Request::Probe, _))) => wire::Response::Probed(probe::try_everything(*landlock)),
        (Ok(_), Ok((wire::Request::Parse { format, hints }, body))) => {
            wire::Response::Parsed(parse(format, &body, &hints))
        }
    };
    let written = wire::encode(&response).is_ok_and(|message| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&message).and_then(|()| stdout.flush()).is_ok()
    });
    if written { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read_request() -> io::Result<(wire::Request, Vec<u8>)> {
    let mut stdin = io::stdin().lock();
    let request = wire::read_request(&mut stdin)?;
    let mut body = Vec::new();
    stdin.read_to_end(&mut body)?;
    Ok((request, body))
}

/// Parses and turns a panic of a parser into an error.
fn parse(format: Format, body: &[u8], hints: &Hints) -> Result<Document, ParseError> {
    panic::catch_unwind(AssertUnwindSafe(|| crate::parse(format, body, hints)))
        .unwrap_or_else(|_| Err(ParseError::Crashed("it broke an assumption of the parser".to_owned())))
}
