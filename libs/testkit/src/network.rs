//! A network between a test and its servers, which the test may cut: packets vanish without a sign.
//!
//! It is a network namespace for the servers and a pair of virtual interfaces, made with `ip` of iproute2, which needs root.

use std::{
    env, fs,
    net::Ipv4Addr,
    path::Path,
    process::{self, Command, Output},
};

/// Networks that may exist at once on a machine.
const NETWORKS: u16 = 256;
/// Their names are `gooseek-<process>-<number>`, so that those of dead processes are known.
const PREFIX: &str = "gooseek-";

/// Gone when dropped, as are those of test processes that were killed when the next one is made. Drop its servers first.
#[derive(Debug)]
pub struct Network {
    number: u16,
    namespace: String,
}

impl Network {
    /// `None`, with a word about it, where none can be made: without root, without iproute2, or in a container that may not.
    ///
    /// # Panics
    /// When `CI` is set and root cannot make one, since tests that are skipped there would go unnoticed.
    pub fn start() -> Option<Self> {
        remove_orphans();
        let network = (0..NETWORKS).find_map(Self::make);
        if network.is_none() {
            let excused = env::var_os("CI").is_none() || !rustix::process::geteuid().is_root();
            assert!(excused, "no network namespace can be made: iproute2 is missing (make deps) or forbidden here");
            eprintln!("skipped: no network namespace can be made, which needs root and iproute2");
        }
        network
    }

    /// The network of this number, unless it is in use.
    fn make(number: u16) -> Option<Self> {
        let namespace = format!("{PREFIX}{}-{number}", process::id());
        run(&["netns", "add", &namespace])?;
        let interface = interface(number);
        let [ours, theirs] =
            ["01", "02"].map(|host| format!("02:67:6f:{:02x}:{:02x}:{host}", number >> 8, number & 255));
        let pair = ["link", "add", &interface, "address", &ours, "type", "veth"];
        let peer = ["peer", "name", "eth0", "address", &theirs, "netns", &namespace];
        // The interface stands for the number.
        if run(&[pair, peer].concat()).is_none() {
            run(&["netns", "del", &namespace]);
            return None;
        }
        let network = Self { number, namespace };
        let there = network.there().to_string();
        let inside = ["-n", &network.namespace];
        run(&["addr", "add", &format!("{}/30", network.here()), "dev", &interface])?;
        run(&["link", "set", &interface, "up"])?;
        run(&[&inside[..], &["addr", "add", &format!("{there}/30"), "dev", "eth0"]].concat())?;
        run(&[&inside[..], &["link", "set", "lo", "up"]].concat())?;
        network.heal();
        // Known for good, or the kernel would notice a cut and tell.
        run(&["neigh", "replace", &there, "lladdr", &theirs, "nud", "permanent", "dev", &interface])?;
        Some(network)
    }

    /// From now on nothing gets through, in either direction.
    pub fn cut(&self) {
        self.set("down");
    }

    /// Packets get through again.
    pub fn heal(&self) {
        self.set("up");
    }

    pub(crate) fn place(&self) -> Place {
        Place { address: self.there(), namespace: Some(self.namespace.clone()) }
    }

    fn set(&self, state: &str) {
        run(&["-n", &self.namespace, "link", "set", "eth0", state]).expect("root may change its own network");
    }

    fn here(&self) -> Ipv4Addr {
        self.address(1)
    }

    fn there(&self) -> Ipv4Addr {
        self.address(2)
    }

    /// Of a network of four addresses within 10.231.0.0/16.
    fn address(&self, host: u8) -> Ipv4Addr {
        let [high, low] = (self.number << 2).to_be_bytes();
        Ipv4Addr::new(10, 231, high, low | host)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        remove(&self.namespace, self.number);
    }
}

/// Where a server of a test runs.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What it listens at.
    pub(crate) address: Ipv4Addr,
    namespace: Option<String>,
}

impl Place {
    pub(crate) fn loopback() -> Self {
        Self { address: Ipv4Addr::LOCALHOST, namespace: None }
    }

    /// What to start in place of `program`, and its first arguments.
    pub(crate) fn command(&self, program: &Path) -> Vec<String> {
        let inside = self.namespace.iter().flat_map(|namespace| ["ip", "netns", "exec", namespace]);
        inside.map(str::to_owned).chain([program.display().to_string()]).collect()
    }
}

fn interface(number: u16) -> String {
    format!("gooseek{number}")
}

/// Networks whose process is dead.
fn remove_orphans() {
    let listed = ip(&["netns", "list"]).map(|listed| listed.stdout).unwrap_or_default();
    for line in String::from_utf8_lossy(&listed).lines() {
        let Some(namespace) = line.split_whitespace().next() else { continue };
        let owner = namespace.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
        let Some((process, number)) = owner else { continue };
        if let Ok(number) = number.parse()
            && !fs::exists(format!("/proc/{process}")).unwrap_or(true)
        {
            remove(namespace, number);
        }
    }
}

fn remove(namespace: &str, number: u16) {
    // Whatever is not there any more needs no removal. The other interface of the pair goes with this one.
    run(&["link", "del", &interface(number)]);
    run(&["netns", "del", namespace]);
}

fn run(arguments: &[&str]) -> Option<()> {
    ip(arguments).filter(|output| output.status.success()).map(drop)
}

fn ip(arguments: &[&str]) -> Option<Output> {
    Command::new("ip").args(arguments).output().ok()
}
