//! Variables of mails.

use std::net::IpAddr;

use base::config::{Reader, Secret, Variable};
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use url::Url;

pub(crate) const VARIABLES: &[Variable] = &[
    Variable::secret(
        "SMTP_URL",
        "mail server: smtps://user:password@host (TLS, port 465) or smtp://user:password@host (STARTTLS, port 587); unset: no mail \
         is sent, and links are written to the log",
    ),
    Variable::optional("SMTP_FROM", "sender of mails: GooSeek <gooseek@example.org>"),
];

/// The configuration, validated.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) smtp: Option<SmtpConfig>,
}

/// A mail server and in whose name it is given mails.
#[derive(Debug, Clone)]
pub(crate) struct SmtpConfig {
    pub(crate) server: SmtpServer,
    pub(crate) from: Mailbox,
}

/// What `SMTP_URL` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SmtpServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    pub(crate) credentials: Option<(String, Secret)>,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// From the first byte.
    Tls,
    /// STARTTLS; a server that does not offer it is given nothing.
    Required,
    /// STARTTLS where the server offers it: there is no password to protect.
    WhereOffered,
    /// On this machine.
    None,
}

impl Config {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let (url, from) = (reader.secret("SMTP_URL"), reader.text("SMTP_FROM"));
        let smtp = match (url, from) {
            (None, None) => None,
            (Some(_), None) => {
                reader.fault("SMTP_URL needs SMTP_FROM: the sender of mails, such as GooSeek <gooseek@example.org>");
                None
            }
            (None, Some(_)) => {
                reader.fault("SMTP_FROM needs SMTP_URL: without a mail server nothing has a sender");
                None
            }
            (Some(url), Some(from)) => {
                let server = server(url.expose()).map_err(|fault| reader.fault(format!("SMTP_URL: {fault}"))).ok();
                let from = from.parse().ok();
                if from.is_none() {
                    reader.fault("SMTP_FROM: not a sender such as GooSeek <gooseek@example.org>");
                }
                server.zip(from).map(|(server, from)| SmtpConfig { server, from })
            }
        };
        Self { smtp }
    }
}

/// Reads `SMTP_URL`. The faults do not show it: it holds a password.
fn server(text: &str) -> Result<SmtpServer, &'static str> {
    let url = Url::parse(text).map_err(|_| "not an address such as smtps://user:password@mail.example.org")?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("has something behind host and port; is a / in the password? It is written %2F");
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("names no host")?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let user = decoded(url.username())?;
    let credentials = match url.password() {
        None if user.is_empty() => None,
        Some(password) if !user.is_empty() => Some((user, Secret::new(decoded(password)?))),
        _ => return Err("user and password go together"),
    };
    let (encryption, usual_port) = match url.scheme() {
        "smtps" => (Encryption::Tls, 465),
        "smtp" if is_this_machine(&host) => (Encryption::None, 587),
        "smtp" if credentials.is_some() => (Encryption::Required, 587),
        "smtp" => (Encryption::WhereOffered, 587),
        _ => return Err("starts neither with smtp:// nor with smtps://"),
    };
    Ok(SmtpServer { host, port: url.port().unwrap_or(usual_port), encryption, credentials })
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "user or password is not UTF-8")?;
    Ok(text.into_owned())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A password goes over the network encrypted or not at all.
    #[test]
    fn encryption_follows_from_the_address() {
        for (url, port, encryption) in [
            ("smtps://ann:secret@mail.example.org", 465, Encryption::Tls),
            ("smtps://mail.example.org:2465", 2465, Encryption::Tls),
            ("smtp://ann:secret@mail.example.org", 587, Encryption::Required),
            ("smtp://mail.example.org:25/", 25, Encryption::WhereOffered),
            ("smtp://ann:secret@127.0.0.1:1025", 1025, Encryption::None),
            ("smtp://[::1]:1025", 1025, Encryption::None),
            ("smtp://localhost:1025", 1025, Encryption::None),
        ] {
            let read = server(url).unwrap();
            assert_eq!((read.port, read.encryption), (port, encryption), "{url}");
        }
        let (user, password) = server("smtps://ann%40example.org:a%2Fb%3A@mail").unwrap().credentials.unwrap();
        assert_eq!((user.as_str(), password.expose()), ("ann@example.org", "a/b:"));
    }

    #[test]
    fn a_faulty_address_is_refused_without_showing_its_password() {
        for url in [
            "mail.example.org",
            "http://ann:secret@mail",
            "smtp://",
            "smtp://ann:secret@mail/box",
            "smtp://ann:secret@mail?tls=no",
            "smtp://ann@mail",
            "smtp://:secret@mail",
            "smtp://ann:%ff@mail",
            "smtp://ann:secret@mail:99999",
        ] {
            let fault = server(url).unwrap_err();
            assert!(!fault.contains("secret"), "{fault}");
        }
    }
}
