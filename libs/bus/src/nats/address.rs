//! `NATS_URL`.

use async_nats::{ConnectOptions, ServerAddr};
use base::config::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

/// Addresses of the broker's servers, and the credentials.
#[derive(Debug, Clone)]
pub struct NatsAddress {
    /// Without credentials, so that nothing prints them.
    servers: Vec<ServerAddr>,
    credentials: Credentials,
}

#[derive(Debug, Clone)]
enum Credentials {
    None,
    Token(Secret),
    Password { user: String, password: Secret },
}

impl NatsAddress {
    /// `nats://host:port` (`tls://` to insist on TLS) with `user:password@` or `token@` before the host; servers of one cluster
    /// separated by commas, the credentials in the first of them.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut servers = Vec::new();
        let mut credentials = Credentials::None;
        for (index, address) in text.split(',').enumerate() {
            let mut url: Url = address.trim().parse().map_err(|_| "not an address such as nats://host:4222")?;
            if !matches!(url.scheme(), "nats" | "tls") || url.host_str().is_none_or(str::is_empty) {
                return Err("does not start with nats://host or tls://host");
            }
            if index == 0 {
                credentials = Credentials::of(&url)?;
            }
            // Neither fails for an address that has a host.
            let _ = (url.set_username(""), url.set_password(None));
            servers.push(ServerAddr::from_url(url).map_err(|_| "not the address of a NATS server")?);
        }
        Ok(Self { servers, credentials })
    }

    pub(super) fn servers(&self) -> &[ServerAddr] {
        &self.servers
    }

    pub(super) fn sign_in(&self, options: ConnectOptions) -> ConnectOptions {
        match &self.credentials {
            Credentials::None => options,
            Credentials::Token(token) => options.token(token.expose().to_owned()),
            Credentials::Password { user, password } => {
                options.user_and_password(user.clone(), password.expose().to_owned())
            }
        }
    }
}

impl Credentials {
    fn of(url: &Url) -> Result<Self, &'static str> {
        let plain = |text: &str| match percent_decode_str(text).decode_utf8() {
            Ok(plain) => Ok(plain.into_owned()),
            Err(_) => Err("the credentials are not UTF-8"),
        };
        match (url.username(), url.password()) {
            ("", None) => Ok(Self::None),
            (token, None) => Ok(Self::Token(Secret::new(plain(token)?))),
            (user, Some(password)) => {
                Ok(Self::Password { user: plain(user)?, password: Secret::new(plain(password)?) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_and_never_printed() {
        let address = NatsAddress::parse("nats://anna:p%40ss@one:4222, nats://two:4222").unwrap();
        let Credentials::Password { user, password } = &address.credentials else { panic!("{address:?}") };
        assert_eq!((user.as_str(), password.expose()), ("anna", "p@ss"));
        assert_eq!(address.servers.iter().map(ServerAddr::host).collect::<Vec<_>>(), ["one", "two"]);
        assert!(!format!("{address:?}").contains("p%40ss") && !format!("{address:?}").contains("p@ss"));
        let address = NatsAddress::parse("tls://s3cret@broker").unwrap();
        assert!(matches!(&address.credentials, Credentials::Token(token) if token.expose() == "s3cret"));
        assert!(!format!("{address:?}").contains("s3cret"));
    }

    #[test]
    fn other_addresses_are_refused() {
        for text in ["", "localhost", "http://broker:4222", "nats://", "nats://broker,redis://cache"] {
            assert!(NatsAddress::parse(text).is_err(), "{text}");
        }
    }
}
