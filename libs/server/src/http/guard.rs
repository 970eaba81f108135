//! The rules of a machine without accounts, where reaching the port is all it takes to be the owner: no other
//! site's page, no rebound name and no proxy may reach it through the owner's browser.

use std::{borrow::Cow, net::SocketAddr};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, Method, header},
};
use base::{Problem, problem::Code};

/// Checks requests against the bound port.
#[derive(Debug, Clone, Copy)]
pub struct LoopbackGuard {
    port: u16,
    scheme: &'static str,
}

impl LoopbackGuard {
    /// `scheme` is what is spoken there: `http` or `https`.
    pub fn new(bound: SocketAddr, scheme: &'static str) -> Self {
        Self { port: bound.port(), scheme }
    }

    /// 421 for a foreign `Host`, 403 for a foreign page or a proxy.
    pub fn check(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let tells_of_proxy =
            |name: &&HeaderName| *name == header::FORWARDED || name.as_str().starts_with("x-forwarded-");
        if let Some(name) = headers.keys().find(tells_of_proxy) {
            let detail =
                format!("{name} says a proxy stands before this server, which has no accounts: switch accounts on");
            return Err(Problem::forbidden(detail));
        }
        // What reads the other one would be misled.
        if headers.get_all(header::HOST).iter().count() > 1 {
            return Err(Problem::new(Code::Misdirected, "there are two Host headers"));
        }
        let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
        let host = text(headers, header::HOST).or(authority.map(Cow::Borrowed)).unwrap_or_default();
        if !self.is_ours(&host) {
            let detail = format!("{host:?} is not a loopback name with port {}", self.port);
            return Err(Problem::new(Code::Misdirected, detail));
        }
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        if let Some(origin) = text(headers, header::ORIGIN)
            && !origin.split_once("://").is_some_and(|(scheme, host)| scheme == self.scheme && self.is_ours(host))
        {
            return Err(Problem::forbidden(format!("the origin {origin} may not change anything here")));
        }
        match text(headers, HeaderName::from_static("sec-fetch-site")).as_deref() {
            None | Some("same-origin" | "none") => Ok(()),
            Some(site) => Err(Problem::forbidden(format!("a {site} page may not change anything here"))),
        }
    }

    /// Written as we write it: `+8080` and `08080` are numbers too.
    fn is_ours(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        matches!(name, "127.0.0.1" | "localhost" | "[::1]") && port == self.port.to_string()
    }
}

/// A value that is not text is not absent: it is a foreign one.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<Cow<'_, str>> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
}
