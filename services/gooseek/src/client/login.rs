//! `gooseek login` and `gooseek logout`: a session of its own for this machine, confirmed in a browser (RFC 8628).

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{
    Client,
    session::{IssuedTokens, SessionFile},
};
use crate::{
    cli,
    output::{errln, outln},
};

const NO_HOME: &str = "there is no folder to keep a session in: HOME is not set";
/// Longer pauses after a failure of the server.
const BACKOFF: u64 = 2;

#[derive(Deserialize)]
struct DeviceCodes {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    detail: String,
    retry_after: Option<u64>,
}

#[derive(Deserialize)]
struct Me {
    email: String,
}

pub(crate) async fn login(server: &cli::ServerArgs) -> anyhow::Result<()> {
    let client = Client::anonymous(server)?;
    let file = SessionFile::of(client.base()).context(NO_HOME)?;
    if is_open_to_listeners(client.base()) {
        errln!("warning: {} is plain HTTP: who listens on the way can take the session over", client.base());
    }
    let codes: DeviceCodes = client.json(client.request(Method::POST, "/api/v1/auth/device")).await?;
    errln!("Open {} in a browser,", codes.verification_uri_complete);
    errln!("or {} and enter the code {}", codes.verification_uri, codes.user_code);
    errln!("Confirm it only if it is the code above. Waiting …");
    let tokens = wait_for_tokens(&client, &codes).await?;
    file.store(&tokens)?;
    let session = Client::of_session(server)?;
    let me: Me = session.json(session.request(Method::GET, "/api/v1/auth/me")).await?;
    outln!("signed in at {} as {}", client.base(), me.email);
    if server.token.is_some() {
        errln!("note: --token or GOOSEEK_TOKEN is set and is used instead of this session");
    }
    Ok(())
}

/// Asks until somebody has answered, no oftener than the server wants.
async fn wait_for_tokens(client: &Client, codes: &DeviceCodes) -> anyhow::Result<IssuedTokens> {
    let body = json!({ "device_code": codes.device_code });
    let expires = Instant::now() + Duration::from_secs(codes.expires_in);
    let mut pause = codes.interval.max(1);
    while Instant::now() < expires {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let request = client.request(Method::POST, "/api/v1/auth/device/token").json(&body);
        let response = client.exchange(request).await?;
        let status = response.status();
        if status.is_success() {
            return response.json().await.context("the server did not answer with tokens");
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            pause *= BACKOFF;
            continue;
        }
        let refusal: Refusal = response.json().await.with_context(|| format!("the server answered {status}"))?;
        match refusal.code.as_str() {
            "authorization_pending" => {}
            "slow_down" => pause = refusal.retry_after.unwrap_or(pause + 5).max(pause),
            "expired_token" => break,
            "access_denied" => bail!("the sign-in was turned away in the browser"),
            _ => bail!("{}", refusal.detail),
        }
    }
    bail!("the code has expired before anybody confirmed it: run gooseek login again")
}

/// The file is deleted even if the server cannot be told.
pub(crate) async fn logout(server: &cli::ServerArgs) -> anyhow::Result<()> {
    let client = Client::of_session(server)?;
    let file = SessionFile::of(client.base()).filter(SessionFile::exists);
    let file = file.with_context(|| format!("not signed in at {}", client.base()))?;
    let ended = client.send(client.request(Method::POST, "/api/v1/auth/logout")).await;
    let known = file.exists();
    file.delete()?;
    match ended {
        // A session that had ended before is as good.
        Ok(_) => {}
        Err(_) if !known => {}
        Err(error) => bail!(
            "the tokens are deleted here, but the session goes on at {} until you end it there: {error:#}",
            client.base()
        ),
    }
    outln!("signed out at {}", client.base());
    Ok(())
}

/// Whether tokens would cross a network unencrypted.
fn is_open_to_listeners(base: &str) -> bool {
    let Some(authority) = base.strip_prefix("http://") else { return false };
    let authority = authority.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_beyond_this_machine_is_open_to_listeners() {
        for base in ["http://192.168.1.7:8080", "http://seek.example.org", "http://localhost.example.org:80"] {
            assert!(is_open_to_listeners(base), "{base}");
        }
        for base in ["https://seek.example.org", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"]
        {
            assert!(!is_open_to_listeners(base), "{base}");
        }
    }
}
