//! `cargo xtask new-service NAME`: a copy of the service in `xtask/template`, which is compiled and tested like any other, and
//! its entry in the list of services.

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use registry::{EXAMPLE, SERVICES, ServiceInfo, identifier};

use crate::generate;

const REGISTRY: &str = "libs/registry/src/lib.rs";
const POLICY: &str = "libs/access/src/policy.rs";
/// The rows of the example's operations begin after this line.
const EXAMPLE_ROWS: &str = "    // Of `xtask/template`:";
/// A new service's entry is written in front of this line,
const BEFORE_LIST: &str = "/// Every service there is,";
/// and its name in front of this one.
const END_OF_LIST: &str = "    // `cargo xtask new-service` adds to the end.";

/// Makes `services/<name>` below `root` and names it everywhere. Without `port` it gets the one after the highest there is.
pub fn add(root: &Path, name: &str, port: Option<u16>) -> anyhow::Result<()> {
    let plain = name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    let faults = "a name has 2 to 30 lowercase letters, with single hyphens between words";
    ensure!(plain && (2..=30).contains(&name.len()), "{name:?}: {faults}");
    let known = SERVICES.iter().chain([&EXAMPLE]).any(|service| service.name == name);
    let folder = root.join("services").join(name);
    ensure!(!known && !folder.exists(), "there is a service {name:?}");
    let highest = SERVICES.iter().map(|service| service.port).max().unwrap_or_default();
    let service = ServiceInfo {
        name: name.to_owned().leak(),
        port: port.unwrap_or(highest + 1),
        url_variable: format!("{}_SVC_URL", identifier(name).to_uppercase()).leak(),
        prefixes: vec![&*format!("/api/v1/{name}").leak()].leak(),
        ..EXAMPLE
    };
    let taken = SERVICES.iter().find(|other| other.tier == service.tier && other.port == service.port);
    ensure!(taken.is_none(), "port {} is taken", service.port);
    copy(&root.join("xtask/template"), &folder, name)?;
    register(&root.join(REGISTRY), &service)?;
    allow(&root.join(POLICY), name)?;
    let services: Vec<ServiceInfo> = SERVICES.iter().copied().chain([service]).collect();
    generate::write(root, &services)
}

/// Copies a folder with the example's name replaced, in paths too.
fn copy(from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(renamed(&entry.file_name().to_string_lossy(), name));
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, name)?;
            continue;
        }
        let text = fs::read_to_string(entry.path()).with_context(|| entry.path().display().to_string())?;
        fs::write(&target, renamed(&text, name)).with_context(|| target.display().to_string())?;
    }
    Ok(())
}

fn renamed(text: &str, name: &str) -> String {
    let identifier = identifier(name);
    let capitalised: String =
        name.split('-').map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect();
    text.replace("example_", &format!("{identifier}_"))
        .replace("_example", &format!("_{identifier}"))
        .replace("example", name)
        .replace("Example", &capitalised)
        .replace("EXAMPLE", &identifier.to_uppercase())
}

/// Writes the service's entry and its place in the list.
fn register(path: &Path, service: &ServiceInfo) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    ensure!(text.contains(BEFORE_LIST) && text.contains(END_OF_LIST), "{}: the list is not found", path.display());
    let constant = identifier(service.name).to_uppercase();
    let ServiceInfo { name, tier, port, url_variable, prefixes, objects, replicas, memory } = service;
    let entry = format!(
        "pub const {constant}: ServiceInfo = ServiceInfo {{
    name: {name:?},
    tier: Tier::{tier:?},
    port: {port},
    url_variable: {url_variable:?},
    prefixes: &{prefixes:?},
    objects: {objects},
    replicas: {replicas},
    memory: {memory},
}};

"
    );
    let text = text.replacen(BEFORE_LIST, &format!("{entry}{BEFORE_LIST}"), 1);
    let text = text.replacen(END_OF_LIST, &format!("    {constant},\n{END_OF_LIST}"), 1);
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// Copies the rows of the example's operations in the policy.
fn allow(path: &Path, name: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let at =
        text.find(EXAMPLE_ROWS).with_context(|| format!("{}: the example's rows are not found", path.display()))?;
    let (before, example) = text.split_at(at);
    let rows: Vec<&str> = example.lines().skip(1).take_while(|line| *line != "}").collect();
    let text = format!("{before}{}\n\n{example}", renamed(&rows.join("\n"), name));
    fs::write(path, text).with_context(|| path.display().to_string())
}
