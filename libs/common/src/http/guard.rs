//! The rules of a machine without accounts, where reaching the port is all it takes to be the owner: no other
//! site's page, no rebound name and no proxy may reach it through the owner's browser.

use std::net::SocketAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
};

use crate::Problem;

/// Checks requests against the bound port.
#[derive(Debug, Clone, Copy)]
pub struct LocalGuard {
    port: u16,
}

impl LocalGuard {
    pub fn new(bound: SocketAddr) -> Self {
        Self { port: bound.port() }
    }

    /// 421 for a foreign `Host`, 403 for a foreign page or a proxy.
    pub fn check(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        if let Some(name) = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]
            .into_iter()
            .find(|name| headers.contains_key(*name))
        {
            let detail =
                format!("{name} says a proxy stands before this server, which has no accounts: switch accounts on");
            return Err(Problem::forbidden(detail));
        }
        let authority = request.uri().authority().map(|authority| authority.as_str());
        let host = text(headers, header::HOST).or(authority).unwrap_or_default();
        if !self.is_ours(host) {
            let detail = format!("{host:?} is not a loopback name with port {}", self.port);
            return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail));
        }
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        if let Some(origin) = text(headers, header::ORIGIN)
            && !origin.strip_prefix("http://").is_some_and(|host| self.is_ours(host))
        {
            return Err(Problem::forbidden(format!("the origin {origin} may not change anything here")));
        }
        match headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
            None | Some("same-origin" | "none") => Ok(()),
            Some(site) => Err(Problem::forbidden(format!("a {site} page may not change anything here"))),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        matches!(name, "127.0.0.1" | "localhost" | "[::1]") && port.parse() == Ok(self.port)
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
