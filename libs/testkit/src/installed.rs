//! What `scripts/deps.sh` installs, and how a server is kept by a test process.

use std::{
    env,
    io::{BufRead, BufReader},
    net::TcpListener,
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::network::Place;

/// The program at `path` in the cache folder. `None`, with a word about it, when it is not installed.
///
/// # Panics
/// When it is not installed and `CI` is set, since a backend skipped there would go unnoticed.
pub(crate) fn installed(name: &str, path: &str) -> Option<PathBuf> {
    let program = cache().map(|cache| cache.join(path)).filter(|program| program.exists());
    if program.is_none() {
        assert!(env::var_os("CI").is_none(), "{name} is not installed (make deps)");
        eprintln!("skipped: {name} is not installed (make deps)");
    }
    program
}

/// The folder of a real, small model of embeddings, all-MiniLM-L6-v2: 384 dimensions, 256 tokens. `None`, with a word
/// about it, when it is not installed.
///
/// # Panics
/// When it is not installed and `CI` is set.
pub fn embedding_model() -> Option<PathBuf> {
    let weights = installed("the embedding model", "minilm/model.safetensors")?;
    weights.parent().map(Path::to_owned)
}

/// `python3 -m module` with the packages of `scripts/python.txt`. `None`, with a word about it, when they are not
/// installed.
///
/// # Panics
/// When they are not installed and `CI` is set.
pub fn python_module(module: &str) -> Option<Command> {
    let packages = python_packages(module.split('.').next().unwrap_or(module))?;
    let mut command = Command::new("python3");
    command.args(["-m", module]).env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// The folder of the packages of `scripts/python.txt`, if this one is among them.
pub(crate) fn python_packages(name: &str) -> Option<PathBuf> {
    let package = installed(name, &format!("python/{name}"))?;
    package.parent().map(Path::to_owned)
}

/// Where `scripts/deps.sh` puts things.
fn cache() -> Option<PathBuf> {
    match env::var_os("GOOSEEK_CACHE") {
        Some(cache) => Some(PathBuf::from(cache)),
        None if rustix::process::geteuid().is_root() => Some(PathBuf::from("/var/cache/gooseek")),
        None => Some(Path::new(&env::var_os("HOME")?).join(".cache/gooseek")),
    }
}

/// Below the ports that Linux and macOS give to outgoing connections, which otherwise take one between its choice and its use.
const PORTS: Range<u16> = 10_000..32_000;

/// A free port of loopback that this process has not given out before.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Test processes that run side by side begin at places of their own.
    let start = std::process::id().wrapping_mul(97);
    let count = u32::from(PORTS.end - PORTS.start);
    (0..count)
        .map(|_| start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % count)
        .map(|place| PORTS.start + u16::try_from(place).expect("it is less than the number of ports"))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("loopback has a free port")
}

/// A server of its own process. Dropped it is killed, and so it is when the test process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Kept {
    pid: Pid,
    keeper: Child,
}

/// Runs its arguments until standard input closes, which the system does when the test process ends.
const KEEPER: &str = r#"trap '' INT TERM HUP; "$@" >/dev/null & echo $!; cat >/dev/null; kill -9 $! 2>/dev/null; wait"#;

impl Kept {
    pub(crate) fn spawn(program: &Path, set_up: impl FnOnce(&mut Command)) -> Self {
        Self::spawn_at(&Place::loopback(), program, set_up)
    }

    pub(crate) fn spawn_at(place: &Place, program: &Path, set_up: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, "keeper"])
            .args(place.command(program))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        set_up(&mut command);
        let mut keeper = command.spawn().expect("sh can be started");
        let output = keeper.stdout.take().expect("standard output is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("standard output of sh can be read");
        let pid = line.trim().parse().ok().and_then(Pid::from_raw).expect("sh tells the number of a process");
        Self { pid, keeper }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the server is there");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing can be done about a keeper that cannot be waited for.
        let _ = self.keeper.wait();
    }
}
