//! The command line of `cargo xtask`.

use std::{env, path::Path, process::Command};

use anyhow::{Context, bail, ensure};
use xtask::{generate, new_service};

const USAGE: &str = "usage: cargo xtask generate | cargo xtask new-service NAME [PORT]";

fn main() -> anyhow::Result<()> {
    // Not that of the time it was compiled: clones may share a target folder.
    let folder = env::var("CARGO_MANIFEST_DIR").context("run it as `cargo xtask`")?;
    let root = Path::new(&folder).parent().expect("this crate is in the workspace's folder");
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["generate"] => generate::write(root, registry::SERVICES),
        ["new-service", name] => add(root, name, None),
        ["new-service", name, port] => add(root, name, Some(port.parse().context("PORT is not a port")?)),
        _ => bail!(USAGE),
    }
}

fn add(root: &Path, name: &str, port: Option<u16>) -> anyhow::Result<()> {
    new_service::add(root, name, port)?;
    let formatted = Command::new("cargo").args(["fmt", "--all"]).current_dir(root).status()?;
    ensure!(formatted.success(), "cargo fmt failed");
    println!("made services/{name}; next:");
    println!("  cargo test --package {name}-svc");
    println!("  UPDATE_SNAPSHOTS=1 cargo test --package gooseek --test product api::    (docs/openapi.json)");
    println!("  ARCHITECTURE.md, \"Recipes\", says what a contract for other services takes");
    Ok(())
}
