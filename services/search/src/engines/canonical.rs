//! Canonical addresses: when two addresses are the same page.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

/// Query parameters that only track visitors.
const TRACKING_PARAMETERS: [&str; 32] = [
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_openstat",
    "cmpid",
    "dclid",
    "fbclid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "igsh",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "oly_anon_id",
    "oly_enc_id",
    "ref_src",
    "ref_url",
    "s_cid",
    "spm",
    "srsltid",
    "ttclid",
    "twclid",
    "vero_id",
    "wbraid",
    "wickedid",
    "yclid",
    "ysclid",
];

/// Addresses with the same key show the same page: scheme, `www.`, mobile and AMP variants, default port, fragment,
/// tracking parameters, their order, the trailing slash and a directory's index page make no difference.
/// `None` when it is not an http(s) address.
pub fn key(url: &str) -> Option<String> {
    let url = parse(url)?;
    let url = without_amp_viewer(&url).unwrap_or(url);
    let mut key = plain_host(url.host_str()?);
    if let Some(port) = url.port() {
        key.push_str(&format!(":{port}"));
    }
    key.push_str(&plain_path(url.path()));
    let mut parameters: Vec<&str> = parameters(&url).filter(|parameter| !is_amp(parameter)).collect();
    parameters.sort_unstable();
    if !parameters.is_empty() {
        key.push('?');
        key.push_str(&parameters.join("&"));
    }
    if let Some(route) = route(&url) {
        key.push('#');
        key.push_str(route);
    }
    Some(key)
}

/// The address to open and to show: the same page without tracking parameters, fragment and AMP viewer.
/// `None` when it is not an http(s) address.
pub fn clean(url: &str) -> Option<String> {
    let url = parse(url)?;
    let mut url = without_amp_viewer(&url).unwrap_or(url);
    let kept: Vec<&str> = parameters(&url).collect();
    let kept = (!kept.is_empty()).then(|| kept.join("&"));
    url.set_query(kept.as_deref());
    if route(&url).is_none() {
        url.set_fragment(None);
    }
    Some(url.into())
}

/// Whether the address is the plain one rather than a mobile or AMP variant of it.
pub(super) fn is_plain(url: &str) -> bool {
    let Some(url) = parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    plain_host(host) == host && without_amp_path(url.path()) == url.path() && !parameters(&url).any(is_amp)
}

fn parse(url: &str) -> Option<Url> {
    let url = Url::parse(url.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// The parts of the query that are not tracking, as they are written.
fn parameters(url: &Url) -> impl Iterator<Item = &str> {
    url.query().unwrap_or_default().split('&').filter(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
        !parameter.is_empty() && !name.starts_with("utm_") && !TRACKING_PARAMETERS.contains(&name.as_str())
    })
}

fn is_amp(parameter: &str) -> bool {
    matches!(parameter, "amp" | "amp=" | "amp=1" | "amp=true" | "outputType=amp")
}

/// The fragment, if it selects the page in a single-page application.
fn route(url: &Url) -> Option<&str> {
    url.fragment().filter(|fragment| fragment.starts_with(['!', '/']))
}

/// The host without `www.` and without labels that mark a variant (`m.`, `en.m.`, `mobile.`, `amp.`).
fn plain_host(host: &str) -> String {
    let host = host.trim_end_matches('.');
    let labels: Vec<&str> = host.split('.').collect();
    let own = labels.len().saturating_sub(2);
    let variant = |label: &str| matches!(label, "www" | "m" | "mobile" | "amp");
    let kept = labels.iter().enumerate().filter(|(index, label)| *index >= own || !variant(label));
    let kept: Vec<&str> = kept.map(|(_, label)| *label).collect();
    kept.join(".")
}

fn plain_path(path: &str) -> String {
    let path = without_amp_path(path);
    let path =
        ["/index.html", "/index.htm", "/index.php"].iter().find_map(|index| path.strip_suffix(index)).unwrap_or(path);
    let path = path.trim_end_matches('/');
    // An encoded slash is part of a name, not a separator.
    let decoded = if path.to_ascii_lowercase().contains("%2f") {
        Cow::Borrowed(path)
    } else {
        percent_decode_str(path).decode_utf8_lossy()
    };
    decoded.into_owned()
}

fn without_amp_path(path: &str) -> &str {
    let path = ["/amp", "/amp/", ".amp"].iter().find_map(|suffix| path.strip_suffix(suffix)).unwrap_or(path);
    match path.strip_prefix("/amp/") {
        Some(_) => &path["/amp".len()..],
        None => path,
    }
}

/// The page behind Google's AMP viewer and cache: `google.com/amp/s/HOST/PATH`, `*.cdn.ampproject.org/c/s/HOST/PATH`.
fn without_amp_viewer(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let rest = if host == "google.com" || host.starts_with("www.google.") {
        url.path().strip_prefix("/amp/")?
    } else if host.ends_with(".cdn.ampproject.org") {
        let path = url.path();
        path.strip_prefix("/c/").or_else(|| path.strip_prefix("/v/"))?
    } else {
        return None;
    };
    let (scheme, rest) = match rest.strip_prefix("s/") {
        Some(rest) => ("https", rest),
        None => ("http", rest),
    };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    parse(&format!("{scheme}://{rest}{query}"))
}
