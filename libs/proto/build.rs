//! Compiles every contract under `proto/` without protoc.

use std::{
    collections::BTreeSet,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    // Relative to this crate: clones may share a target folder.
    println!("cargo:rerun-if-changed=../../proto");
    let (files, packages) = contracts(&root)?;
    let descriptors = protox::compile(files, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    let module = |package: &String| {
        format!("pub mod {package} {{ pub mod v1 {{ tonic::include_proto!(\"gooseek.{package}.v1\"); }} }}\n")
    };
    fs::write(out.join("packages.rs"), packages.iter().map(module).collect::<String>())?;
    Ok(())
}

/// Each `gooseek/<package>/v1/<name>.proto`, and the packages; sorted, so that what is built does not depend on the machine.
fn contracts(root: &Path) -> Result<(BTreeSet<PathBuf>, BTreeSet<String>), Box<dyn Error>> {
    let (mut files, mut packages) = (BTreeSet::new(), BTreeSet::new());
    for package in fs::read_dir(root.join("gooseek"))? {
        let package = package?;
        packages.insert(package.file_name().to_string_lossy().into_owned());
        for file in fs::read_dir(package.path().join("v1"))? {
            files.insert(file?.path());
        }
    }
    Ok((files, packages))
}
