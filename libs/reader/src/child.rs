//! The parser child: the same program started again with the hidden subcommand [`SUBCOMMAND`], which restricts itself and reads one
//! file from its standard input.
//!
//! What a hostile file can do is kill that child. It has no environment, no network, no files, no other processes, 1 GiB of address
//! space and 30 s of CPU; the parent adds a wall clock and a bound on the output.

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

/// The subcommand under which a program must call [`run`], before it starts any thread.
pub const SUBCOMMAND: &str = "parse-file";

/// What is kept of the child's standard error (bytes).
const MAX_STDERR: usize = 4 << 10;

/// What the parent allows a child beyond the limits that the child sets itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from start to result.
    pub wall: Duration,
    /// Size of the result (bytes).
    pub output: u64,
    /// Children alive at the same time; further files wait.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { wall: Duration::from_secs(60), output: 20 << 20, at_once: cores }
    }
}

/// Starts parser children. Clones share the bound on how many live at once.
#[derive(Clone, Debug)]
pub struct ParserChild {
    command: PathBuf,
    limits: Limits,
    slots: Arc<Semaphore>,
}

impl ParserChild {
    /// `command` is a program that calls [`run`] for [`SUBCOMMAND`]; in the product it is the running program itself.
    #[must_use]
    pub fn new(command: PathBuf, limits: Limits) -> Self {
        Self { command, limits, slots: Arc::new(Semaphore::new(limits.at_once.max(1))) }
    }

    /// Reads `bytes` as `format` in a child of their own. Dropping the future kills the child.
    ///
    /// # Errors
    ///
    /// What [`crate::parse`] returns, and how the child died: [`ParseError::OutOfMemory`], [`ParseError::Timeout`] or
    /// [`ParseError::Crashed`]. [`ParseError::Unavailable`] says nothing about the file.
    pub async fn parse(&self, format: Format, bytes: Bytes, hints: Hints) -> Result<Document, ParseError> {
        match self.ask(&wire::Request::Parse { format, hints }, bytes).await? {
            wire::Response::Parsed(result) => result,
            wire::Response::Probed(_) => Err(ParseError::Unavailable("the child answered another question".to_owned())),
        }
    }

    async fn ask(&self, request: &wire::Request, body: Bytes) -> Result<wire::Response, ParseError> {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        let mut child = self.start()?;
        let talk = talk(&mut child, wire::frame(request)?, body, self.limits.output);
        let Ok(ending) = tokio::time::timeout(self.limits.wall, talk).await else {
            return Err(ParseError::Timeout);
        };
        let Some(answer) = ending.answer else {
            return Err(ParseError::TooLarge(format!("more than {} MiB of result", self.limits.output >> 20)));
        };
        let status = ending.status.map_err(|error| ParseError::Unavailable(error.to_string()))?;
        if status.success()
            && let Some(response) = wire::read(&answer)
        {
            return Ok(response);
        }
        tracing::warn!(%status, complaint = ending.complaint, "the parser child died");
        Err(death(status, &ending.complaint))
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

/// What a child left behind.
struct Ending {
    /// Its standard output, `None` when it was too long.
    answer: Option<Vec<u8>>,
    /// The beginning of its standard error.
    complaint: String,
    status: io::Result<ExitStatus>,
}

/// Gives the child its input and waits for its end.
async fn talk(child: &mut Child, header: Vec<u8>, body: Bytes, output: u64) -> Ending {
    let mut stdin = child.stdin.take().expect("started with pipes");
    let stdout = child.stdout.take().expect("started with pipes");
    let stderr = child.stderr.take().expect("started with pipes");
    let write = async move {
        // A child that has died does not read; how it died is told by its status.
        if stdin.write_all(&header).await.is_ok() {
            let _ = stdin.write_all(&body).await;
        }
    };
    let output = output.saturating_add(wire::LENGTH as u64);
    let ((), answer, complaint) = tokio::join!(write, read_bounded(stdout, output), read_head(stderr));
    Ending { answer, complaint, status: child.wait().await }
}

/// What a child of `command` can still do: the child tries, from inside its restrictions.
///
/// # Errors
///
/// [`ParseError::Unavailable`] and the other ways to die, when the child does not get as far as trying.
pub async fn sandbox_report(command: &Path) -> Result<SandboxReport, ParseError> {
    let child = ParserChild::new(command.to_owned(), Limits::default());
    match child.ask(&wire::Request::Probe, Bytes::new()).await? {
        wire::Response::Probed(report) => Ok(report),
        wire::Response::Parsed(result) => Err(result
            .err()
            .unwrap_or_else(|| ParseError::Unavailable("the child answered another question".to_owned()))),
    }
}

/// Everything from `pipe`, or `None` when it is more than `limit` bytes.
async fn read_bounded(pipe: impl AsyncRead + Unpin, limit: u64) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    // A pipe that breaks leaves a short answer, which does not parse.
    let _ = pipe.take(limit + 1).read_to_end(&mut content).await;
    (content.len() as u64 <= limit).then_some(content)
}

/// The beginning of what comes from `pipe`; the rest is read and dropped, so that the writer never waits.
async fn read_head(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        let room = MAX_STDERR - head.len();
        head.extend_from_slice(&buffer[..read.min(room)]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn death(status: ExitStatus, complaint: &str) -> ParseError {
    let Some(signal) = status.signal() else {
        return ParseError::Unavailable(format!("it ended with {status} and no result"));
    };
    match signal {
        _ if complaint.contains("memory allocation of") => ParseError::OutOfMemory,
        _ if complaint.contains("overflowed its stack") => ParseError::Crashed("it is nested too deeply".to_owned()),
        libc::SIGXCPU => ParseError::Timeout,
        // Nobody here kills without a timeout; the kernel does when memory runs out.
        libc::SIGKILL => ParseError::OutOfMemory,
        signal => ParseError::Crashed(format!("it was killed by signal {signal}")),
    }
}

/// The child's side: restricts the process, reads one request from standard input, writes the response to standard output.
///
/// It must be called before the program starts a thread: the restrictions hold for the thread that sets them and its descendants.
#[must_use]
pub fn run() -> ExitCode {
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
    let written = wire::frame(&response).is_ok_and(|frame| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&frame).and_then(|()| stdout.flush()).is_ok()
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

/// Parses; a panic of a parser is an error like others.
fn parse(format: Format, body: &[u8], hints: &Hints) -> Result<Document, ParseError> {
    panic::catch_unwind(AssertUnwindSafe(|| crate::parse(format, body, hints)))
        .unwrap_or_else(|_| Err(ParseError::Crashed("it broke an assumption of the parser".to_owned())))
}
