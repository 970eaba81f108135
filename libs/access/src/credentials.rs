//! What a request brings to say who makes it: an `Authorization` header, or the cookies of a browser's session.
//!
//! A browser sends cookies with whatever another site makes it send. So a request that changes something with them must come from
//! our own page (`Sec-Fetch-Site`, `Origin`) and carry the token that only our page can read (`X-CSRF-Token`).

use base::Problem;
use http::{HeaderMap, Method, header, request::Parts};

/// The header that repeats the token of the cookie [`csrf_cookie`].
pub const CSRF_HEADER: &str = "x-csrf-token";
/// In front of the names of cookies that a browser takes over TLS only, and from nobody but this very host (RFC 6265bis, 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";
const ACCESS: &str = "gooseek_access";
const REFRESH: &str = "gooseek_refresh";
const CSRF: &str = "gooseek_csrf";

/// The name of the cookie with the access token.
pub fn access_cookie(secure: bool) -> String {
    name(ACCESS, secure)
}

/// The name of the cookie with the refresh token.
pub fn refresh_cookie(secure: bool) -> String {
    name(REFRESH, secure)
}

/// The name of the cookie that our page reads, to repeat it in [`CSRF_HEADER`].
pub fn csrf_cookie(secure: bool) -> String {
    name(CSRF, secure)
}

fn name(plain: &str, secure: bool) -> String {
    if secure { format!("{HOST_PREFIX}{plain}") } else { plain.to_owned() }
}

/// The access token of a request and how it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials<'a> {
    None,
    /// The value of the `Authorization` header.
    Header(&'a str),
    /// A cookie. `is_own_page` says whether our own page sent it, `csrf` what it repeats.
    Cookie {
        token: &'a str,
        changes: bool,
        is_own_page: bool,
        csrf: Option<&'a str>,
    },
}

impl<'a> Credentials<'a> {
    /// A header is preferred: programs send none by accident.
    pub fn of(request: &'a Parts) -> Self {
        let headers = &request.headers;
        if let Some(value) = text(headers, header::AUTHORIZATION.as_str()) {
            return Self::Header(value);
        }
        let Some(token) = cookie(headers, ACCESS) else { return Self::None };
        Self::Cookie {
            token,
            changes: !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS),
            is_own_page: is_own_page(headers),
            csrf: text(headers, CSRF_HEADER),
        }
    }
}

/// The refresh token in a browser's cookies.
pub fn refresh_token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, REFRESH)
}

/// 403 for a request that another site made a browser send. Programs send neither of the headers that say so.
pub fn check_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    if is_own_page(headers) {
        return Ok(());
    }
    Err(Problem::forbidden("this request comes from another site"))
}

fn is_own_page(headers: &HeaderMap) -> bool {
    if let Some(site) = text(headers, "sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
    {
        return false;
    }
    let Some(origin) = text(headers, header::ORIGIN.as_str()) else { return true };
    let own = text(headers, header::HOST.as_str());
    origin.split_once("://").is_some_and(|(_, host)| own.is_some_and(|own| own.eq_ignore_ascii_case(host)))
}

/// The cookie of either name; that with the prefix counts, since only our own host can have set it.
fn cookie<'a>(headers: &'a HeaderMap, plain: &str) -> Option<&'a str> {
    let pairs = || {
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
    };
    let secured = pairs().find(|(name, _)| name.strip_prefix(HOST_PREFIX) == Some(plain));
    secured.or_else(|| pairs().find(|(name, _)| *name == plain)).map(|(_, value)| value)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_header_is_preferred_to_a_cookie() {
        let both = request("GET", &[("authorization", "Bearer a"), ("cookie", "gooseek_access=b")]);
        assert_eq!(Credentials::of(&both), Credentials::Header("Bearer a"));
        assert_eq!(Credentials::of(&request("GET", &[("cookie", "other=1")])), Credentials::None);
    }

    #[test]
    fn only_our_own_host_can_set_the_cookie_with_the_prefix() {
        let request = request("GET", &[("cookie", "gooseek_access=forged; __Host-gooseek_access=own")]);
        assert!(matches!(Credentials::of(&request), Credentials::Cookie { token: "own", changes: false, .. }));
    }

    #[test]
    fn what_another_site_sends_is_told_from_our_own_page() {
        const HOST: (&str, &str) = ("host", "seek.example:8080");
        for (headers, own) in [
            (vec![HOST], true),
            (vec![HOST, ("sec-fetch-site", "same-origin")], true),
            (vec![HOST, ("sec-fetch-site", "none")], true),
            (vec![HOST, ("origin", "https://seek.example:8080")], true),
            (vec![HOST, ("sec-fetch-site", "cross-site")], false),
            (vec![HOST, ("sec-fetch-site", "same-site")], false),
            (vec![HOST, ("origin", "https://evil.example")], false),
            (vec![HOST, ("origin", "https://seek.example:8080.evil.example")], false),
            (vec![HOST, ("origin", "null")], false),
            (vec![HOST, ("sec-fetch-site", "same-origin"), ("origin", "null")], false),
        ] {
            let request = request("POST", &headers);
            assert_eq!(check_own_page(&request.headers).is_ok(), own, "{headers:?}");
        }
    }
}
