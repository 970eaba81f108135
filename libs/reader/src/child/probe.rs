//! Self-test of the sandbox: the child attempts what an exploit would attempt.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use rustix::process::{PidfdFlags, getppid, pidfd_open, test_kill_process};
use serde::{Deserialize, Serialize};

use super::restrict;

/// Result of the self-test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxReport {
    /// The attempts, all of which should have been denied.
    pub probes: Vec<Probe>,
    /// Whether Landlock is active in addition to the system call filter.
    pub landlock: bool,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What was tried, such as `connect to a port`.
    pub attempt: String,
    /// Whether it was denied.
    pub denied: bool,
    /// How it ended.
    pub outcome: String,
}

impl SandboxReport {
    /// The restrictions that are missing, for the operator; empty if all are in force.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let open = self.probes.iter().filter(|probe| !probe.denied);
        let mut missing: Vec<String> =
            open.map(|probe| format!("it could {} ({})", probe.attempt, probe.outcome)).collect();
        if !self.landlock {
            missing.push("the kernel has no Landlock; the system call filter alone keeps it from files".to_owned());
        }
        missing
    }
}

/// Attempts everything that must be denied.
pub(super) fn try_everything(landlock: bool) -> SandboxReport {
    let probes = vec![
        probe("connect to a port", TcpStream::connect(("127.0.0.1", 9)).map(drop)),
        probe("read a file", File::open("/etc/passwd").map(drop)),
        probe("write a file", OpenOptions::new().write(true).open("/dev/null").map(drop)),
        probe("start a program", Command::new("/bin/true").spawn().map(drop)),
        probe("start a thread", thread::Builder::new().spawn(|| ()).map(drop)),
        probe("signal another process", parent().and_then(|parent| Ok(test_kill_process(parent)?))),
        probe(
            "take hold of another process",
            parent().and_then(|parent| Ok(pidfd_open(parent, PidfdFlags::empty())?)).map(drop),
        ),
        probe("listen on a port", TcpListener::bind(("127.0.0.1", 0)).map(drop)),
        memory(),
    ];
    SandboxReport { probes, landlock }
}

fn parent() -> io::Result<rustix::process::Pid> {
    getppid().ok_or_else(|| io::Error::other("it has no parent"))
}

/// Only a permission error counts as denied: a connection refused by the other side was possible.
fn probe(attempt: &str, result: io::Result<()>) -> Probe {
    let denied = matches!(&result, Err(error) if error.kind() == io::ErrorKind::PermissionDenied);
    let outcome = result.map_or_else(|error| error.to_string(), |()| "it worked".to_owned());
    Probe { attempt: attempt.to_owned(), denied, outcome }
}

fn memory() -> Probe {
    let size = usize::try_from(restrict::MEMORY_LIMIT).unwrap_or(usize::MAX);
    let result = Vec::<u8>::new().try_reserve_exact(size);
    let outcome = result.as_ref().map_or_else(ToString::to_string, |()| "it worked".to_owned());
    Probe { attempt: "take more memory than allowed".to_owned(), denied: result.is_err(), outcome }
}
