//! The real binary in a process of its own: started with a clean environment in a fresh folder, killed, started again
//! on the same data, stopped, and asked as its users ask it.

mod client;
mod cluster;
mod events;
mod keys;
mod terminal;

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

pub use client::Client;
pub use cluster::Cluster;
use cluster::Replica;
pub use events::{Event, Events, check_log, text};
pub use keys::Keys;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    sync::watch,
};

/// Longer than anything that a test waits for, unless it never comes.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(60);
const LISTENING: &str = "listening on ";

/// How a server will be started.
#[derive(Debug, Clone)]
pub struct Builder {
    executable: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// The processes are its replicas, not the program itself.
    cluster: Option<Arc<Cluster>>,
}

impl Builder {
    /// A program without arguments, in an empty environment.
    pub fn new(executable: impl Into<PathBuf>) -> Self {
        Self { executable: executable.into(), arguments: Vec::new(), environment: Vec::new(), cluster: None }
    }

    /// Sets a variable of the process; the last value counts.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an argument to the command line.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Starts the server on a fresh folder and waits until it is ready.
    ///
    /// # Panics
    /// When it ends before, or is not ready after [`TEST_TIMEOUT`]; its log is shown.
    pub async fn start(self) -> Gooseek {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let mut server = Gooseek { builder: self, folder, running: None, log: Arc::default() };
        server.launch().await;
        server
    }

    /// Runs the program to its end, for what refuses to start and for commands that need no server.
    pub async fn output(self) -> Output {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let mut command = self.command(folder.path());
        let output = tokio::time::timeout(TEST_TIMEOUT, command.output()).await;
        output.expect("the program ends").expect("the program can be started")
    }

    /// The process, without its surroundings: neither the environment nor a `gooseek.toml` of the user who runs the tests.
    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(&self.arguments).env_clear().current_dir(folder).kill_on_drop(true);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }
}

/// A server on loopback and its folder. Dropped, it is killed; its log is shown when the test has failed.
#[derive(Debug)]
pub struct Gooseek {
    builder: Builder,
    folder: TempDir,
    running: Option<Running>,
    log: Arc<Mutex<String>>,
}

#[derive(Debug)]
struct Running {
    /// One; of a cluster all replicas, in its order.
    processes: Vec<Process>,
    /// Where it is asked.
    url: String,
}

#[derive(Debug)]
struct Process {
    child: Child,
    url: String,
}

/// How a server that was asked to stop did it.
#[derive(Debug, Clone, Copy)]
pub struct Stopped {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub took: Duration,
}

impl Gooseek {
    /// `serve` of the all-in-one program. It may read pages on loopback and asks no engine unless told which.
    pub fn builder(executable: impl Into<PathBuf>) -> Builder {
        let serve = ["serve", "--bind", "127.0.0.1:0", "--data", "data"];
        let builder = serve.into_iter().fold(Builder::new(executable), Builder::arg);
        builder.set("SEARCH_ENGINES", "none").set("FETCH_ALLOW_CIDRS", "127.0.0.0/8").set("FETCH_PER_HOST", "8")
    }

    /// The scale shape: the thin programs beside `executable` as a cluster with its servers. `None`, with a word about it, when
    /// a server is not installed.
    pub async fn cluster(executable: impl Into<PathBuf>) -> Option<Builder> {
        Self::cluster_at(executable, None).await
    }

    /// [`cluster`](Self::cluster) at a port of the caller's choice.
    pub async fn cluster_at(executable: impl Into<PathBuf>, port: Option<u16>) -> Option<Builder> {
        let builder = Builder::new(executable);
        let cluster = Cluster::start(&builder.executable, port).await?;
        Some(Builder { cluster: Some(Arc::new(cluster)), ..builder })
    }

    /// The thin program of one service, which delivers no events and serves HTTP and gRPC on one port.
    pub fn alone(executable: impl Into<PathBuf>) -> Builder {
        let builder = Builder::new(executable).set("BIND", "127.0.0.1:0").set("GRPC_BIND", "127.0.0.1:0");
        builder.set("DATA_DIR", "data").set("BUS", "none")
    }

    /// `http://127.0.0.1:port`, another one after each start.
    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("the server runs").url
    }

    /// What a cluster stands on.
    ///
    /// # Panics
    /// When this is one process.
    pub fn servers(&self) -> &Cluster {
        self.builder.cluster.as_deref().expect("this is a cluster")
    }

    /// Name and process id of each process: `gooseek`, or the replicas of a cluster.
    pub fn processes(&self) -> Vec<(String, u32)> {
        let running = self.running.as_ref().expect("the server runs");
        let names = match &self.builder.cluster {
            Some(cluster) => cluster.replicas.iter().map(|replica| replica.name.clone()).collect(),
            None => vec!["gooseek".to_owned()],
        };
        let ids = running.processes.iter().map(|process| process.child.id().unwrap_or_default());
        names.into_iter().zip(ids).collect()
    }

    /// Where one replica of a cluster is asked.
    pub fn replica_url(&self, replica: &str) -> String {
        self.servers().replicas[self.place(replica)].url()
    }

    /// The place of a replica of a cluster, such as `chat-2`, in the order in which they start.
    fn place(&self, replica: &str) -> usize {
        let place = self.servers().replicas.iter().position(|known| known.name == replica);
        place.unwrap_or_else(|| panic!("there is no replica {replica}"))
    }

    /// Requests of the owner to one replica of a cluster.
    pub fn client_of_replica(&self, replica: &str) -> Client {
        let running = self.running.as_ref().expect("the server runs");
        Client::new(&running.processes[self.place(replica)].url, Some(self.servers().keys.owner().to_owned()))
    }

    /// Kills one replica of a cluster with SIGKILL.
    pub async fn kill_replica(&mut self, replica: &str) {
        let place = self.place(replica);
        let running = self.running.as_mut().expect("the server runs");
        running.processes[place].child.kill().await.expect("a child can be killed");
    }

    /// Starts one replica of a cluster again.
    pub async fn start_replica(&mut self, replica: &str) {
        let place = self.place(replica);
        let cluster = self.builder.cluster.clone().expect("this is a cluster");
        let started = self.spawn_replica(&cluster, &cluster.replicas[place]).await;
        self.running.as_mut().expect("the server runs").processes[place] = started;
    }

    /// Asks one replica of a cluster to stop, with SIGTERM, and waits for its end.
    pub async fn stop_replica(&mut self, replica: &str) -> Stopped {
        let place = self.place(replica);
        let running = self.running.as_mut().expect("the server runs");
        running.processes[place].stop().await
    }

    /// Everything it keeps.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it has logged, over all starts.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests of the owner: without a token where there are no accounts.
    pub fn client(&self) -> Client {
        Client::new(self.url(), self.owner())
    }

    fn owner(&self) -> Option<String> {
        self.builder.cluster.as_ref().map(|cluster| cluster.keys.owner().to_owned())
    }

    /// Requests of a person.
    pub fn client_of(&self, person: &crate::service::Person) -> Client {
        self.client_with(person.token())
    }

    /// Requests with an access token.
    pub fn client_with(&self, token: &str) -> Client {
        Client::new(self.url(), Some(token.to_owned()))
    }

    /// Runs a command of the all-in-one program against this server.
    pub async fn command(&self, arguments: &[&str]) -> Output {
        let program = Builder::new(&self.builder.executable).set("GOOSEEK_URL", self.url());
        let program = self.owner().into_iter().fold(program, |program, token| program.set("GOOSEEK_TOKEN", token));
        arguments.iter().copied().fold(program, Builder::arg).output().await
    }

    /// Runs a command of the all-in-one program against this server on a terminal of so many columns, and shows what it has shown,
    /// standard error among it. `settings` are variables of the command.
    pub async fn command_on_terminal(
        &self,
        columns: u16,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> (String, std::process::ExitStatus) {
        let program = Builder::new(&self.builder.executable).set("GOOSEEK_URL", self.url());
        let program = settings.iter().fold(program, |program, (name, value)| program.set(name, *value));
        let program = arguments.iter().copied().fold(program, Builder::arg);
        terminal::run(program.command(self.folder.path()), columns).await
    }

    /// Kills it where it stands, with SIGKILL.
    pub async fn kill(&mut self) {
        let mut running = self.running.take().expect("the server runs");
        for process in &mut running.processes {
            process.child.kill().await.expect("a child can be killed");
        }
    }

    /// Starts it again on the same data, after killing it if it runs.
    pub async fn restart(&mut self) {
        if self.running.is_some() {
            self.kill().await;
        }
        self.launch().await;
    }

    /// Starts it again with another value of a variable.
    pub async fn restart_with(&mut self, name: &str, value: &str) {
        self.builder = self.builder.clone().set(name, value);
        self.restart().await;
    }

    /// Asks it to stop, with SIGTERM, and waits for its end.
    pub async fn stop(&mut self) -> Stopped {
        let mut running = self.running.take().expect("the server runs");
        let ends = futures::future::join_all(running.processes.iter_mut().map(Process::stop)).await;
        let took = ends.iter().map(|end| end.took).max().expect("there is a process");
        let failed = ends.iter().find(|end| end.code != Some(0));
        Stopped { code: failed.map_or(Some(0), |end| end.code), took }
    }

    async fn launch(&mut self) {
        let Some(cluster) = self.builder.cluster.clone() else {
            let process = self.spawn(&self.builder.clone()).await;
            let url = process.url.clone();
            self.running = Some(Running { processes: vec![process], url });
            return;
        };
        // Side by side, as a cluster starts them: in any order.
        let starting = cluster.replicas.iter().map(|replica| self.spawn_replica(&cluster, replica));
        let processes = futures::future::join_all(starting).await;
        self.running = Some(Running { processes, url: cluster.url() });
        // The edge learns of each service by itself, a moment after that has started.
        let client = self.client();
        let served = async {
            for prefix in cluster::prefixes() {
                while !client.served(prefix).await {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        };
        tokio::time::timeout(TEST_TIMEOUT, served).await.expect("the edge finds every service");
    }

    async fn spawn_replica(&self, cluster: &Cluster, replica: &Replica) -> Process {
        self.spawn(&cluster.program(replica, &self.builder.environment)).await
    }

    async fn spawn(&self, program: &Builder) -> Process {
        let mut command = program.command(self.folder.path());
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        let mut url = keep(child.stderr.take().expect("standard error is piped"), self.log.clone());
        let listening = async {
            let url = url.wait_for(Option::is_some).await.ok()?.clone()?;
            ready(&url).await;
            Some(url)
        };
        match tokio::time::timeout(TEST_TIMEOUT, listening).await {
            Ok(Some(url)) => Process { child, url },
            _ => panic!("the server does not start:\n{}", self.log()),
        }
    }
}

impl Process {
    async fn stop(&mut self) -> Stopped {
        let asked = Instant::now();
        let id = self.child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        let id = id.expect("a running child has an id");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("a child can be signalled");
        let status = tokio::time::timeout(TEST_TIMEOUT, self.child.wait()).await;
        let status = status.expect("the server stops").expect("a child can be waited for");
        Stopped { code: status.code(), took: asked.elapsed() }
    }
}

/// Copies the log until the process ends; the watch tells the address once it is known.
fn keep(output: ChildStderr, log: Arc<Mutex<String>>) -> watch::Receiver<Option<String>> {
    let (found, url) = watch::channel(None);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, address)) = line.split_once(LISTENING) {
                found.send_replace(Some(address.trim().to_owned()));
            }
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
    url
}

async fn ready(url: &str) {
    let client = Client::new(url, None);
    while client.status("/ready").await != Some(200) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Drop for Gooseek {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let from = log.rmatch_indices('\n').nth(60).map_or(0, |(at, _)| at);
            eprintln!("the end of the server's log:{}", &log[from..]);
        }
    }
}
