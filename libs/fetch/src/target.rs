//! A URL that passed every check that needs no network.

use std::net::IpAddr;

use url::{Host, Url};

use crate::{FetchError, Policy};

/// Longer URLs are refused; browsers and servers have similar limits.
const URL_LENGTH_LIMIT: usize = 8 << 10;

/// A checked URL. Literal IP addresses are checked here, host names when they are resolved.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    url: Url,
}

impl Target {
    pub(crate) fn parse(url: &str, policy: &Policy) -> Result<Self, FetchError> {
        if url.len() > URL_LENGTH_LIMIT {
            return Err(FetchError::BadUrl);
        }
        Self::check(Url::parse(url).map_err(|_| FetchError::BadUrl)?, policy)
    }

    /// The target of a redirect from here, checked like any other URL.
    pub(crate) fn redirect(&self, location: Option<&[u8]>, policy: &Policy) -> Result<Self, FetchError> {
        let location = location.ok_or(FetchError::RedirectRefused("it leads nowhere"))?;
        let location = str::from_utf8(location).map_err(|_| FetchError::RedirectRefused("its address is not text"))?;
        if location.len() > URL_LENGTH_LIMIT {
            return Err(FetchError::BadUrl);
        }
        let next = self.url.join(location).map_err(|_| FetchError::BadUrl)?;
        if self.url.scheme() == "https" && next.scheme() == "http" {
            return Err(FetchError::RedirectRefused("it leaves https"));
        }
        Self::check(next, policy)
    }

    /// `/robots.txt` of the same origin.
    pub(crate) fn robots(&self) -> Self {
        let mut url = self.url.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        Self { url }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn into_url(self) -> Url {
        self.url
    }

    pub(crate) fn host(&self) -> &str {
        self.url.host_str().expect("checked targets have a host")
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Path and query, as sent to the server.
    pub(crate) fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..]
    }

    fn check(mut url: Url, policy: &Policy) -> Result<Self, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Credentials);
        }
        let port = url.port_or_known_default().ok_or(FetchError::BadUrl)?;
        let host = url.host().ok_or(FetchError::BadUrl)?;
        if !policy.ports.contains(&port) && !policy.allows_every_port(&host) {
            return Err(FetchError::Port(port));
        }
        check_host(&host, policy)?;
        url.set_fragment(None);
        if !client_agrees(&url) {
            return Err(FetchError::BadUrl);
        }
        Ok(Self { url })
    }
}

fn check_host(host: &Host<&str>, policy: &Policy) -> Result<(), FetchError> {
    let ip = match host {
        Host::Ipv4(ip) => IpAddr::V4(*ip),
        Host::Ipv6(ip) => IpAddr::V6(*ip),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            if name.is_empty() {
                return Err(FetchError::BadUrl);
            }
            if policy.denies_host(name) {
                return Err(FetchError::DeniedAddress(name.to_owned()));
            }
            return Ok(());
        }
    };
    if policy.admits(ip) { Ok(()) } else { Err(FetchError::DeniedAddress(host.to_string())) }
}

/// Whether the HTTP client sees the same host and port. It converts the URL into its own type before it connects, so a
/// difference between the two parsers could bypass the checks.
fn client_agrees(url: &Url) -> bool {
    let Ok(uri) = url.as_str().parse::<http::Uri>() else { return false };
    uri.host() == url.host_str() && uri.port_u16() == url.port()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_cidrs;

    #[test]
    fn addresses_are_refused_before_any_network_for_what_is_wrong_with_them() {
        let too_long = format!("http://example.com/{}", "a".repeat(URL_LENGTH_LIMIT));
        for (address, code) in [
            ("http://user@example.com/", "credentials"),
            ("http://:secret@example.com/", "credentials"),
            ("https://example.com:8443/", "port"),
            ("http://example.com:22/", "port"),
            ("ftp://example.com/", "scheme"),
            ("http://192.168.0.1/", "denied_address"),
            ("example.com", "bad_url"),
            (&too_long, "bad_url"),
        ] {
            assert_eq!(Target::parse(address, &Policy::default()).unwrap_err().code(), code, "{address}");
        }
        assert!(Target::parse("https://example.com:80/a?b#c", &Policy::default()).is_ok());
    }

    #[test]
    fn a_redirect_may_enter_https_but_not_leave_it() {
        let policy = Policy::default();
        let secure = Target::parse("https://example.com/a", &policy).unwrap();
        let left = secure.redirect(Some(b"http://example.com/a"), &policy).unwrap_err();
        assert_eq!(left, FetchError::RedirectRefused("it leaves https"));

        let plain = Target::parse("http://example.com/a", &policy).unwrap();
        let entered = plain.redirect(Some(b"https://example.com/b#part"), &policy).unwrap();
        assert_eq!(entered.url().as_str(), "https://example.com/b");
    }

    #[test]
    fn an_address_in_an_allowed_network_may_have_any_port() {
        let allow_cidrs = parse_cidrs("10.1.0.0/16").unwrap();
        let policy = Policy { allow_cidrs, ..Policy::default() };
        assert!(Target::parse("http://10.1.2.3:8080/", &policy).is_ok());
        for other in ["http://10.2.0.1:8080/", "http://1.1.1.1:8080/", "http://intranet.example:8080/"] {
            assert_eq!(Target::parse(other, &policy).unwrap_err(), FetchError::Port(8080), "{other}");
        }
    }

    #[test]
    fn a_redirect_without_a_readable_address_is_refused() {
        let policy = Policy::default();
        let here = Target::parse("https://example.com/a", &policy).unwrap();
        for location in [None, Some(b"/\xff".as_slice())] {
            assert_eq!(here.redirect(location, &policy).unwrap_err().code(), "redirect_refused");
        }
    }
}
