//! Variables of accounts.

use std::net::SocketAddr;

use base::config::{Reader, Variable};

use crate::secrets::RootSecret;

pub(crate) const VARIABLES: &[Variable] = &[
    Variable::secret(
        "JWT_SECRET",
        "at least 32 random characters that the keys of access tokens are derived from; made at the first start where data lie in SQLite",
    ),
    Variable::with_default(
        "SIGN_UP",
        "closed",
        "closed: only who was invited gets an account; open: anybody does, with an organisation of its own",
    ),
    Variable::optional("FETCH_ALLOW_CIDRS", "private networks whose pages may be read, such as 10.1.0.0/16"),
    Variable::optional("FETCH_DENY_HOSTS", "host names that are never read"),
    Variable::optional(
        "DNS_SERVER",
        "name server that domains are looked up at, instead of the machine's: 10.0.0.2:53",
    ),
];

/// A secret that can be guessed signs tokens for everybody.
const MIN_SECRET_LENGTH: usize = 32;
const MIN_DIFFERENT_CHARACTERS: usize = 10;

/// The configuration of accounts, validated.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) root_secret: Option<RootSecret>,
    /// Without a slash at its end.
    pub(crate) public_url: String,
    pub(crate) sign_up: SignUp,
    /// Those of the machine when it is unset.
    pub(crate) dns_server: Option<SocketAddr>,
    /// What identity providers are reached under.
    pub(crate) fetch_policy: fetch::Policy,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignUp {
    Invited,
    Anybody,
}

impl Config {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let sign_up = match reader.text("SIGN_UP").as_deref() {
            Some("closed") => SignUp::Invited,
            Some("open") => SignUp::Anybody,
            other => {
                reader.fault(format!("SIGN_UP: {:?} is neither closed nor open", other.unwrap_or_default()));
                SignUp::Invited
            }
        };
        Self {
            root_secret: root_secret(reader),
            public_url: server::public_url(reader),
            sign_up,
            dns_server: reader.parse_optional("DNS_SERVER", "an address and port such as 10.0.0.2:53"),
            fetch_policy: fetch_policy(reader),
        }
    }

    /// Whether browsers reach it over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

fn fetch_policy(reader: &mut Reader<'_>) -> fetch::Policy {
    let mut policy = fetch::Policy { deny_hosts: reader.list("FETCH_DENY_HOSTS"), ..fetch::Policy::default() };
    match fetch::parse_cidrs(&reader.text("FETCH_ALLOW_CIDRS").unwrap_or_default()) {
        Ok(cidrs) => policy.allow_cidrs = cidrs,
        Err(error) => reader.fault(format!("FETCH_ALLOW_CIDRS: {error}")),
    }
    policy
}

fn root_secret(reader: &mut Reader<'_>) -> Option<RootSecret> {
    let secret = reader.secret("JWT_SECRET")?;
    let text = secret.expose();
    let different = text.chars().collect::<std::collections::BTreeSet<_>>().len();
    if text.len() < MIN_SECRET_LENGTH || different < MIN_DIFFERENT_CHARACTERS {
        reader.fault(format!(
            "JWT_SECRET: needs at least {MIN_SECRET_LENGTH} random characters: openssl rand -base64 48"
        ));
        return None;
    }
    Some(RootSecret::new(text))
}
