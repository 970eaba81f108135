//! Regions of files that follow from the list of services. A region stands between the lines `generated: NAME` and `end of NAME`,
//! each in a comment of its file's language.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use registry::ServiceInfo;

use crate::render;

/// A part of a file, and what makes its text.
struct Region {
    file: &'static str,
    name: &'static str,
    render: fn(&[ServiceInfo]) -> String,
}

const fn region(file: &'static str, name: &'static str, render: fn(&[ServiceInfo]) -> String) -> Region {
    Region { file, name, render }
}

const REGIONS: &[Region] = &[
    region(".env.example", "addresses", render::example_addresses),
    region("Cargo.toml", "services", render::workspace_dependencies),
    region("docker/Dockerfile", "programs", render::programs),
    region("docker/base.yaml", "addresses", render::compose_addresses),
    region("docker/compose.yaml", "services", render::compose_services),
    region("docker/compose.yaml", "passwords", render::compose_passwords),
    region("docker/postgres.sql", "passwords", render::sql_passwords),
    region("docker/postgres.sql", "roles", render::sql_roles),
    region("docker/prometheus.yaml", "targets", render::scrape_targets),
    region("docker/traefik/routes.yaml", "routers", render::edge_routers),
    region("docker/traefik/routes.yaml", "services", render::edge_services),
    region("docs/operations.md", "services", render::table),
    region("services/gooseek/Cargo.toml", "services", render::dependencies),
    region("services/gooseek/src/serve.rs", "services", render::definitions),
];

/// Writes every region below `root`.
pub fn write(root: &Path, services: &[ServiceInfo]) -> anyhow::Result<()> {
    for Region { file, name, render } in REGIONS {
        let path = root.join(file);
        let text = read(&path)?;
        let (before, _, after) = split(&text, file, name)?;
        fs::write(&path, format!("{before}{}{after}", render(services))).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// What is wrong with the regions below `root`, a line for each line that is missing or too many.
pub fn check(root: &Path, services: &[ServiceInfo]) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for Region { file, name, render } in REGIONS {
        let text = read(&root.join(file))?;
        let (_, written, _) = split(&text, file, name)?;
        let wanted = render(services);
        if written == wanted {
            continue;
        }
        let missing = wanted.lines().filter(|line| written.lines().all(|other| other != *line));
        faults.extend(missing.map(|line| format!("{file} ({name}) lacks: {}", line.trim())));
        let surplus = written.lines().filter(|line| wanted.lines().all(|other| other != *line));
        faults.extend(surplus.map(|line| format!("{file} ({name}) should not have: {}", line.trim())));
        faults.push(format!("{file} ({name}) is not what `cargo xtask generate` writes"));
    }
    Ok(faults)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// The text up to a region, the region, and the rest. The lines that mark it belong to its surroundings.
fn split<'a>(text: &'a str, file: &str, name: &str) -> anyhow::Result<(&'a str, &'a str, &'a str)> {
    let (begin, end) = (format!("generated: {name}"), format!("end of {name}"));
    let (Some(begin), Some(end)) = (text.find(&begin), text.find(&end)) else {
        bail!("{file}: there are no lines {begin:?} and {end:?}");
    };
    let begin = text[begin..].find('\n').map(|line| begin + line + 1).unwrap_or_default();
    let end = text[..end].rfind('\n').map(|line| line + 1).unwrap_or_default();
    if begin > end {
        bail!("{file}: the end of {name} comes before its beginning");
    }
    Ok((&text[..begin], &text[begin..end], &text[end..]))
}
