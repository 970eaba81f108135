//! The keys of services in processes of their own, as `gooseek auth bootstrap` makes them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Builder;

/// A folder of keys and a token of the owner.
#[derive(Debug)]
pub struct Keys {
    folder: TempDir,
    owner: String,
}

impl Keys {
    /// Runs the command of the all-in-one program.
    ///
    /// # Panics
    /// When it fails.
    pub async fn bootstrap(gooseek: impl Into<PathBuf>) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let dir = folder.path().to_str().expect("temporary folders have plain names");
        let command = ["auth", "bootstrap", "--dir", dir].into_iter().fold(Builder::new(gooseek), Builder::arg);
        let output = command.output().await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let owner = String::from_utf8(output.stdout).expect("a token is text").trim().to_owned();
        Self { folder, owner }
    }

    /// An access token of the owner.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Gives a program what it needs to call the others as `service`, to be called, and to know the owner.
    #[must_use]
    pub fn give(&self, program: Builder, service: &str) -> Builder {
        let path = |name: &str| self.file(name).display().to_string();
        program
            .set("SERVICE_KEY", path(&format!("services/{service}.pem")))
            .set("SERVICE_KEYS", path("services.jwks.json"))
            .set("JWT_PUBLIC_KEY", std::fs::read_to_string(self.file("issuer.jwk.json")).expect("bootstrap wrote it"))
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }
}
