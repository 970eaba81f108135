//! The one list of services.
//!
//! Whatever names services takes the names from here: binaries and tests at run time, files of `docker/`, manifests and
//! documents through `cargo xtask generate`. A test of `xtask` compares those with this list. Which service may call which
//! method of another is said once too, in `libs/access`.

/// What there is to know about a service from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceInfo {
    /// `chat`; its program is `chat-svc`, its schema and database file `chat`.
    pub name: &'static str,
    pub tier: Tier,
    /// Where its program serves HTTP, unless `BIND` says otherwise. No two services of a tier have the same.
    pub port: u16,
    /// The variable that tells other processes where it serves gRPC.
    pub url_variable: &'static str,
    /// Its routes are these and what is below them; the edge sends it their requests.
    pub prefixes: &'static [&'static str],
    /// Whether it stores objects. Only such services need S3.
    pub objects: bool,
    /// How many there are in `docker/compose.yaml` and in the cluster of the tests.
    pub replicas: usize,
    /// Memory of a replica in `docker/compose.yaml`, in MiB.
    pub memory: u32,
}

/// Services of one tier share a namespace of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    App,
    /// Who a user is. Apart from the rest, because it alone can sign access tokens.
    Auth,
}

pub const PROJECTS: ServiceInfo = ServiceInfo {
    name: "projects",
    tier: Tier::App,
    port: 3006,
    url_variable: "PROJECTS_SVC_URL",
    prefixes: &["/api/v1/projects"],
    objects: false,
    replicas: 1,
    memory: 256,
};

pub const SEARCH: ServiceInfo = ServiceInfo {
    name: "search",
    tier: Tier::App,
    port: 3001,
    url_variable: "SEARCH_SVC_URL",
    prefixes: &["/api/v1/search"],
    objects: false,
    replicas: 1,
    // PDF pages are parsed in a child of up to 1 GiB.
    memory: 2048,
};

pub const UPLOAD: ServiceInfo = ServiceInfo {
    name: "upload",
    tier: Tier::App,
    port: 3007,
    url_variable: "UPLOAD_SVC_URL",
    prefixes: &["/api/v1/upload"],
    objects: true,
    replicas: 2,
    // As many children of up to 1 GiB as UPLOAD_WORKERS.
    memory: 2560,
};

pub const CHAT: ServiceInfo = ServiceInfo {
    name: "chat",
    tier: Tier::App,
    port: 3000,
    url_variable: "CHAT_SVC_URL",
    prefixes: &["/api/v1/chat"],
    objects: false,
    replicas: 2,
    memory: 512,
};

pub const LIBRARY: ServiceInfo = ServiceInfo {
    name: "library",
    tier: Tier::App,
    port: 3009,
    url_variable: "LIBRARY_SVC_URL",
    prefixes: &["/api/v1/library"],
    objects: false,
    replicas: 1,
    memory: 256,
};

pub const AUTH: ServiceInfo = ServiceInfo {
    name: "auth",
    tier: Tier::Auth,
    port: 3000,
    url_variable: "AUTH_SVC_URL",
    prefixes: &["/api/v1/auth", "/api/v1/organisations", "/.well-known", "/oauth", "/account"],
    objects: false,
    replicas: 2,
    // As many hashes of passwords at once as the machine has cores, 19 MiB each.
    memory: 256,
};

pub const NOTIFICATIONS: ServiceInfo = ServiceInfo {
    name: "notifications",
    tier: Tier::App,
    port: 3013,
    url_variable: "NOTIFICATIONS_SVC_URL",
    prefixes: &["/api/v1/notifications"],
    objects: false,
    replicas: 1,
    memory: 256,
};

/// Every service there is, in the order in which one process builds them.
pub const SERVICES: &[ServiceInfo] = &[
    AUTH,
    PROJECTS,
    SEARCH,
    UPLOAD,
    CHAT,
    LIBRARY,
    NOTIFICATIONS,
    // `cargo xtask new-service` adds to the end.
];

/// What `cargo xtask new-service` copies (`xtask/template`). Compiled and tested, but no part of the product.
pub const EXAMPLE: ServiceInfo = ServiceInfo {
    name: "example",
    tier: Tier::App,
    port: 3999,
    url_variable: "EXAMPLE_SVC_URL",
    prefixes: &["/api/v1/example"],
    objects: false,
    replicas: 1,
    memory: 256,
};

/// The role of a service in Postgres, which may use its own schema and nothing else.
pub fn postgres_role(service: &str) -> String {
    format!("gooseek_{}", identifier(service))
}

/// The name of a service where hyphens are not allowed: in Rust, in SQL and, as capitals, in variables.
pub fn identifier(service: &str) -> String {
    service.replace('-', "_")
}

/// The requests that Traefik sends to a service, as a rule in its language.
pub fn edge_rule(service: &ServiceInfo) -> String {
    let prefixes: Vec<_> = service.prefixes.iter().map(|prefix| format!("PathPrefix(`{prefix}`)")).collect();
    prefixes.join(" || ")
}

/// The names of all services, for tables that are written in code.
pub const NAMES: &[&str] = &{
    let mut names = [""; SERVICES.len()];
    let mut next = 0;
    while next < names.len() {
        names[next] = SERVICES[next].name;
        next += 1;
    }
    names
};

/// The names of all services.
pub fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|service| service.name)
}
