//! A private NATS server with JetStream that a test may kill, and that may lose what it stored.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::installed::{free_port, installed};

/// What clients show to be let in.
const TOKEN: &str = "let-me-in";

/// A server of one test, on a free port with a store of its own. Both are gone when this is dropped, and also when the test
/// process is killed.
#[derive(Debug)]
pub struct Nats {
    port: u16,
    keeper: Mutex<Keeper>,
    _child: Child,
}

/// The script that runs the server; closing its input ends both.
#[derive(Debug)]
struct Keeper {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Nats {
    /// A running server. `None`, with a word about it, when NATS is not installed.
    ///
    /// # Panics
    /// When it is not installed and `CI` is set, since a backend skipped there would go unnoticed; and when it does not
    /// start.
    pub fn start() -> Option<Self> {
        let program = installed("NATS", "nats/nats-server")?;
        // Somebody else may take the free port in between.
        let server = (0..5).find_map(|_| {
            let server = Self::launch(&program, free_port());
            server.try_run().then_some(server)
        });
        Some(server.expect("nats-server starts"))
    }

    fn launch(program: &Path, port: u16) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("nats.sh"), "nats.sh"]).arg(program).arg(port.to_string()).arg(TOKEN);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh can be started");
        let orders = child.stdin.take().expect("standard input is piped");
        let answers = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Self { port, keeper: Mutex::new(Keeper { orders, answers }), _child: child }
    }

    /// With the token that the server asks for.
    pub fn url(&self) -> String {
        format!("nats://{TOKEN}@127.0.0.1:{}", self.port)
    }

    /// `SIGKILL`. What was stored stays, as far as it was written.
    pub fn kill(&self) {
        self.order("kill");
    }

    /// Starts it again after [`kill`](Self::kill), on what is stored now.
    pub fn run(&self) {
        assert!(self.try_run(), "nats-server starts again");
    }

    /// `SIGSTOP`: connections stay, nothing answers.
    pub fn pause(&self) {
        self.order("pause");
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.order("resume");
    }

    /// Copies the store of a killed server, for [`roll_back`](Self::roll_back).
    pub fn save(&self) {
        self.order("save");
    }

    /// Puts the copy in the place of the store of a killed server.
    pub fn roll_back(&self) {
        self.order("restore");
    }

    /// Deletes the store of a killed server.
    pub fn forget(&self) {
        self.order("empty");
    }

    fn try_run(&self) -> bool {
        self.order("start");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            if greets(self.port) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn order(&self, order: &str) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(keeper.orders, "{order}").expect("the script reads its orders");
        let mut answer = String::new();
        keeper.answers.read_line(&mut answer).expect("the script's output can be read");
        assert_eq!(answer, "done\n", "{order}");
    }
}

/// Whether a NATS server takes connections there; it speaks first.
fn greets(port: u16) -> bool {
    let Ok(mut connection) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut greeting = [0; 4];
    connection.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && connection.read_exact(&mut greeting).is_ok()
        && &greeting == b"INFO"
}
