//! `gooseek auth bootstrap`: creates the keys of services that run in separate processes, and a development issuer of
//! access tokens in place of auth-svc.
//!
//! ```text
//! DIR/services/chat.pem …   SERVICE_KEY of each service
//! DIR/services.jwks.json    SERVICE_KEYS of all
//! DIR/issuer.pem            signs access tokens; keep it secret
//! DIR/issuer.jwk.json       JWT_PUBLIC_KEY of all
//! ```

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use access::{AUDIENCE, ISSUER, LOCAL_ORG, LOCAL_OWNER, keys::SigningKey};
use anyhow::Context;
use base::time::{Clock, Ids};
use serde_json::json;

use crate::{output::outln, serve::SERVICES};

/// Creates the missing files and prints an access token of the owner.
pub(crate) fn run(dir: &Path, hours: u32) -> anyhow::Result<()> {
    let keys = dir.join("services");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&keys)
        .with_context(|| format!("cannot make {}", keys.display()))?;
    let names = SERVICES.iter().map(|spec| spec.name).chain(["gooseek"]);
    let services =
        names.map(|name| key(&keys.join(format!("{name}.pem")), name)).collect::<anyhow::Result<Vec<_>>>()?;
    let public: Vec<_> = services.iter().map(SigningKey::jwk).collect();
    write_public(&dir.join("services.jwks.json"), &json!({ "keys": public }))?;
    let issuer = key(&dir.join("issuer.pem"), "issuer")?;
    write_public(&dir.join("issuer.jwk.json"), &issuer.jwk())?;
    outln!("{}", owner_token(&issuer, hours));
    Ok(())
}

/// The key in `path`, generated if the file does not exist.
fn key(path: &Path, name: &str) -> anyhow::Result<SigningKey> {
    let context = || path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => SigningKey::from_pem(name, &text).with_context(context),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = SigningKey::generate(name);
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(context)?;
            file.write_all(key.pem().as_bytes()).with_context(context)?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(context),
    }
}

fn write_public(path: &Path, value: &serde_json::Value) -> anyhow::Result<()> {
    fs::write(path, format!("{value:#}\n")).with_context(|| path.display().to_string())
}

fn owner_token(issuer: &SigningKey, hours: u32) -> String {
    let clock = Clock::system();
    let now = clock.now().timestamp();
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": LOCAL_OWNER, "org": LOCAL_ORG, "role": "owner",
        "iat": now, "exp": now + i64::from(hours) * 3_600, "jti": Ids::new(clock).next(),
    });
    issuer.sign("at+jwt", &claims)
}
