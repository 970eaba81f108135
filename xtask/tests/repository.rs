//! The files of this repository against the list of services, and what a new service changes in them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use access::policy::{RPC_ACL, rpc_callee};
use registry::SERVICES;
use tempfile::TempDir;
use xtask::{generate, new_service};

/// Seen from the crate's folder, where tests run.
fn root() -> &'static Path {
    Path::new("..")
}

/// A copy of what the commands read and write.
fn copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let files = [
        ".env.example",
        "Cargo.toml",
        "docs/operations.md",
        "services/gooseek/Cargo.toml",
        "libs/access/src/policy.rs",
        "libs/registry/src/lib.rs",
    ];
    let folders = ["docker", "docker/traefik", "services/gooseek/src", "xtask/template"];
    for file in files.map(PathBuf::from).into_iter().chain(folders.into_iter().flat_map(files_below)) {
        let target = copy.path().join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(root().join(&file), target).unwrap();
    }
    copy
}

/// Paths below the root of the repository.
fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let relative = path.strip_prefix(root()).unwrap();
        if path.is_dir() {
            files.extend(files_below(relative.to_str().unwrap()));
        } else {
            files.push(relative.to_owned());
        }
    }
    files
}

#[test]
fn every_file_that_names_services_names_them_all() {
    let faults = generate::check(root(), SERVICES).unwrap();
    assert!(faults.is_empty(), "run `cargo xtask generate`:\n{}", faults.join("\n"));
}

#[test]
fn services_that_call_and_are_called_are_in_the_list() {
    let known: Vec<&str> = registry::names().collect();
    for rule in RPC_ACL {
        let callee = rpc_callee(rule.method).unwrap();
        for name in rule.callers.iter().copied().chain([callee]) {
            assert!(known.contains(&name), "{name} of {} in libs/access is no service of libs/registry", rule.method);
        }
    }
}

#[test]
fn a_line_that_is_missing_is_named_with_its_file() {
    let copy = copy();
    let path = copy.path().join("docker/prometheus.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("  - job_name: upload\n", "")).unwrap();
    let faults = generate::check(copy.path(), SERVICES).unwrap();
    assert_eq!(faults[0], "docker/prometheus.yaml (targets) lacks: - job_name: upload");
    generate::write(copy.path(), SERVICES).unwrap();
    assert_eq!(generate::check(copy.path(), SERVICES).unwrap(), Vec::<String>::new());
}

#[test]
fn a_new_service_is_named_wherever_the_others_are() {
    let copy = copy();
    new_service::add(copy.path(), "recipes", None).unwrap();
    let read = |file: &str| fs::read_to_string(copy.path().join(file)).unwrap();
    assert!(read("services/recipes/src/lib.rs").contains("ServiceDef::new(registry::RECIPES, MIGRATIONS, "));
    assert!(read("services/recipes/tests/recipes/main.rs").contains("\"/api/v1/recipes\""));
    let list = read("libs/registry/src/lib.rs");
    assert!(list.contains("pub const RECIPES: ServiceInfo") && list.contains("    RECIPES,\n"), "{list}");
    for (file, line) in [
        (".env.example", "#RECIPES_SVC_URL="),
        ("Cargo.toml", "recipes-svc = { path = \"services/recipes\" }"),
        ("docker/Dockerfile", "notifications-svc recipes-svc\""),
        ("docker/base.yaml", "RECIPES_SVC_URL: http://recipes:50051"),
        ("docker/compose.yaml", "image: gooseek/recipes-svc:"),
        ("docker/compose.yaml", "RECIPES_PASSWORD: ${POSTGRES_RECIPES_PASSWORD}"),
        ("docker/postgres.sql", "CREATE ROLE gooseek_recipes LOGIN PASSWORD :'recipes';"),
        ("docker/prometheus.yaml", "job_name: recipes"),
        ("docker/traefik/routes.yaml", "PathPrefix(`/api/v1/recipes`)"),
        ("docs/operations.md", "| `recipes-svc` | 3014 |"),
        ("services/gooseek/Cargo.toml", "recipes-svc.workspace = true"),
        ("services/gooseek/src/serve.rs", "recipes_svc::SERVICE,"),
        ("libs/access/src/policy.rs", "CreateRecipes     = \"create_recipes\":"),
    ] {
        assert!(read(file).contains(line), "{file} lacks {line}");
    }
}

#[test]
fn a_name_of_two_words_has_a_hyphen_where_one_may_stand() {
    let copy = copy();
    new_service::add(copy.path(), "cache-worker", None).unwrap();
    let read = |file: &str| fs::read_to_string(copy.path().join(file)).unwrap();
    for (file, line) in [
        ("services/cache-worker/Cargo.toml", "name = \"cache-worker-svc\""),
        ("services/cache-worker/src/main.rs", "server::main(cache_worker_svc::SERVICE)"),
        (
            "services/cache-worker/src/http.rs",
            "path = \"/api/v1/cache-worker\", operation_id = \"create_cache_worker\"",
        ),
        ("services/gooseek/src/serve.rs", "cache_worker_svc::SERVICE,"),
        ("libs/registry/src/lib.rs", "pub const CACHE_WORKER: ServiceInfo"),
        ("libs/access/src/policy.rs", "CreateCacheWorker     = \"create_cache_worker\":"),
        (".env.example", "#CACHE_WORKER_SVC_URL="),
        ("docker/postgres.sql", "\\getenv cache_worker CACHE_WORKER_PASSWORD"),
        ("docker/postgres.sql", "CREATE ROLE gooseek_cache_worker LOGIN PASSWORD :'cache_worker';"),
        ("docker/compose.yaml", "CACHE_WORKER_PASSWORD: ${POSTGRES_CACHE_WORKER_PASSWORD}"),
    ] {
        assert!(read(file).contains(line), "{file} lacks {line}");
    }
}

#[test]
fn a_name_or_port_that_cannot_be_is_refused() {
    let copy = copy();
    for (name, port) in [
        ("chat", None),
        ("example", None),
        ("two words", None),
        ("a--b", None),
        ("-a", None),
        ("x", None),
        ("recipes", Some(3000)),
    ] {
        assert!(new_service::add(copy.path(), name, port).is_err(), "{name}");
    }
    assert!(!copy.path().join("services/recipes").exists());
}
