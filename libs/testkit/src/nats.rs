//! A private NATS server with JetStream that a test may kill, and that may lose what it stored.

use std::{
    fs,
    io::Read,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    Network,
    installed::{Kept, free_port, installed},
    network::Place,
};

/// What clients show to be let in.
const TOKEN: &str = "let-me-in";

/// A server of one test, on a free port with a store of its own.
#[derive(Debug)]
pub struct Nats {
    program: PathBuf,
    folder: TempDir,
    place: Place,
    port: u16,
    server: Mutex<Option<Kept>>,
}

impl Nats {
    /// A running server. `None`, with a word about it, when NATS is not installed.
    ///
    /// # Panics
    /// When it is not installed and `CI` is set, since a backend skipped there would go unnoticed; and when it does not
    /// start.
    pub fn start() -> Option<Self> {
        Self::start_at(Place::loopback())
    }

    /// The same on the other side of `network`.
    pub fn start_behind(network: &Network) -> Option<Self> {
        Self::start_at(network.place())
    }

    fn start_at(place: Place) -> Option<Self> {
        let program = installed("NATS", "nats/nats-server")?;
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let server = Self { program, folder, place, port: free_port(), server: Mutex::default() };
        server.run();
        Some(server)
    }

    /// With the token that the server asks for.
    pub fn url(&self) -> String {
        format!("nats://{TOKEN}@{}:{}", self.place.address, self.port)
    }

    /// `SIGKILL`. What was stored stays, as far as it was written.
    pub fn kill(&self) {
        *self.server() = None;
    }

    /// Starts it again after [`kill`](Self::kill), on what is stored now.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run(&self) {
        let port = self.port.to_string();
        let address = self.place.address.to_string();
        *self.server() = Some(Kept::spawn_at(&self.place, &self.program, |command| {
            command.args(["--addr", &address, "--port", &port, "--auth", TOKEN, "--jetstream", "--store_dir"]);
            command.arg(self.store()).arg("--log").arg(self.folder.path().join("log"));
        }));
        let begun = Instant::now();
        while !greets(self.place.address, self.port) {
            assert!(begun.elapsed() < Duration::from_secs(30), "nats-server starts");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Keeps connections and says nothing, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Copies the store of a killed server, for [`roll_back`](Self::roll_back).
    pub fn save(&self) {
        copy(&self.store(), &self.saved());
    }

    /// Puts the copy in the place of the store of a killed server.
    pub fn roll_back(&self) {
        self.forget();
        copy(&self.saved(), &self.store());
    }

    /// Deletes the store of a killed server.
    pub fn forget(&self) {
        fs::remove_dir_all(self.store()).expect("a killed server's store can be deleted");
    }

    fn signal(&self, signal: Signal) {
        self.server().as_ref().expect("NATS was not killed").signal(signal);
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn saved(&self) -> PathBuf {
        self.folder.path().join("saved")
    }

    fn server(&self) -> MutexGuard<'_, Option<Kept>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies a folder and all below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the temporary folder can be written");
    for entry in fs::read_dir(from).expect("the store can be read") {
        let entry = entry.expect("the store can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("the store can be read").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the temporary folder can be written");
        }
    }
}

/// Whether a NATS server takes connections there; it speaks first.
fn greets(address: Ipv4Addr, port: u16) -> bool {
    let Ok(mut connection) = TcpStream::connect((address, port)) else { return false };
    let mut greeting = [0; 4];
    connection.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && connection.read_exact(&mut greeting).is_ok()
        && &greeting == b"INFO"
}
