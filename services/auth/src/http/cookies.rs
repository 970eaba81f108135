//! The cookies of a browser's session. Scripts can read one of them, which opens nothing by itself.

use access::credentials::{access_cookie, csrf_cookie, refresh_cookie};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::accounts::{Accounts, Tokens};

/// Tells a browser that signed in to an account before from strangers.
const DEVICE: &str = "gooseek_device";
/// Comes back with the answer of an identity provider.
const SSO: &str = "gooseek_sso";
const SSO_LIFETIME: i64 = 600;
const DEVICE_LIFETIME: i64 = 365 * 86_400;
const SESSION_LIFETIME: i64 = 30 * 86_400;

type SetCookie = (HeaderName, HeaderValue);

/// The cookies of new tokens.
pub(super) fn of_tokens(accounts: &Accounts, tokens: &Tokens) -> Vec<SetCookie> {
    let secure = accounts.config().is_secure();
    vec![
        cookie(&access_cookie(secure), &tokens.access, Some(tokens.expires_in), true, secure),
        cookie(&refresh_cookie(secure), &tokens.refresh, Some(SESSION_LIFETIME), true, secure),
        cookie(&csrf_cookie(secure), &tokens.csrf, Some(SESSION_LIFETIME), false, secure),
    ]
}

/// The cookie that makes this browser a known device of the account.
pub(super) fn of_device(accounts: &Accounts, email: &str) -> SetCookie {
    let secure = accounts.config().is_secure();
    cookie(&name(DEVICE, secure), &accounts.device_token(email), Some(DEVICE_LIFETIME), true, secure)
}

/// The cookie that ties a sign-in at an identity provider to the browser that began it.
pub(super) fn of_sso(accounts: &Accounts, secret: &str) -> SetCookie {
    let secure = accounts.config().is_secure();
    cookie(&name(SSO, secure), secret, Some(SSO_LIFETIME), true, secure)
}

/// What a browser sends of it.
pub(super) fn sso(headers: &HeaderMap) -> Option<&str> {
    sent(headers, SSO)
}

/// What a browser sends of the cookie of a device.
pub(super) fn device(headers: &HeaderMap) -> Option<&str> {
    sent(headers, DEVICE)
}

fn sent<'a>(headers: &'a HeaderMap, plain: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut named = pairs.filter(|(known, _)| *known == plain || *known == name(plain, true));
    named.next().map(|(_, value)| value)
}

/// Takes the cookies of a session back.
pub(super) fn none(accounts: &Accounts) -> Vec<SetCookie> {
    let secure = accounts.config().is_secure();
    let names = [access_cookie(secure), refresh_cookie(secure), csrf_cookie(secure)];
    names.iter().map(|name| cookie(name, "", Some(0), true, secure)).collect()
}

fn name(plain: &str, secure: bool) -> String {
    if secure { format!("__Host-{plain}") } else { plain.to_owned() }
}

/// RFC 6265bis; values are made here of letters, digits and a few signs.
fn cookie(name: &str, value: &str, max_age: Option<i64>, http_only: bool, secure: bool) -> SetCookie {
    let mut text = format!("{name}={value}; Path=/; SameSite=Lax");
    if let Some(seconds) = max_age {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    for (flag, set) in [("; HttpOnly", http_only), ("; Secure", secure)] {
        if set {
            text.push_str(flag);
        }
    }
    (header::SET_COOKIE, HeaderValue::try_from(text).expect("tokens and names are ASCII"))
}
