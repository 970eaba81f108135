//! HTTPS of the server itself: what it speaks, what it says to plain HTTP, and a certificate that is exchanged.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::Router;
use base::config::Settings;
use db::Migrations;
use http::{StatusCode, Version};
use server::{Mode, Server};
use tempfile::TempDir;
use testkit::{TestCertificate, eventually, service::idle};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A server with one service that does nothing, and the folder of its certificate.
struct Running {
    address: SocketAddr,
    folder: TempDir,
}

impl Running {
    async fn start(certificate: &TestCertificate) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = certificate.write(folder.path());
        Self::with(folder, &[("TLS_CERT", cert.to_str().unwrap()), ("TLS_KEY", key.to_str().unwrap())]).await
    }

    async fn with(folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], testkit::free_port()));
        let own = [("BIND", address.to_string()), ("DATA_DIR", folder.path().join("data").display().to_string())];
        let more = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let environment = own.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value));
        let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment).unwrap();
        let service = idle("idle", Migrations::NONE);
        let server = Server::build(&[service], Arc::new(settings), Mode::AllInOne).await.unwrap();
        tokio::spawn(server.run(Router::new()));
        eventually("the server listens", async || TcpStream::connect(address).await.is_ok()).await;
        Self { address, folder }
    }

    async fn get(&self, client: &reqwest::Client, path: &str) -> reqwest::Result<reqwest::Response> {
        client.get(format!("https://{}{path}", self.address)).send().await
    }
}

#[tokio::test]
async fn http_2_is_spoken_over_tls_and_browsers_are_told_to_insist_on_it() {
    let certificate = TestCertificate::new();
    let server = Running::start(&certificate).await;
    for path in ["/health", "/nothing-here"] {
        let answer = server.get(&certificate.client(), path).await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000", "{path}");
    }
    // Its own page may change things here, the same page over plain HTTP may not.
    let change = async |scheme: &str| {
        let origin = format!("{scheme}://{}", server.address);
        let request = certificate.client().post(format!("https://{}/api/v1/admin/bus/resync", server.address));
        request.header("origin", origin).send().await.unwrap().status()
    };
    assert_eq!(change("http").await, StatusCode::FORBIDDEN);
    assert_ne!(change("https").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn behind_a_proxy_that_speaks_https_browsers_are_told_to_insist_on_it_too() {
    for (url, insists) in [("https://seek.example.org", true), ("http://seek.example.org", false)] {
        let server = Running::with(tempfile::tempdir().unwrap(), &[("PUBLIC_URL", url)]).await;
        let mut plain = TcpStream::connect(server.address).await.unwrap();
        plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        plain.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.contains("strict-transport-security: max-age=31536000"), insists, "{answer}");
    }
}

#[tokio::test]
async fn plain_http_is_told_in_words_what_is_spoken_here() {
    let server = Running::start(&TestCertificate::new()).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("begin with https://"), "{answer}");
}

#[tokio::test]
async fn a_client_that_never_greets_does_not_hold_others_up() {
    let certificate = TestCertificate::new();
    let server = Running::start(&certificate).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let answer = server.get(&certificate.client(), "/health").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_certificate_that_is_exchanged_is_used_from_then_on_and_a_broken_one_never() {
    let (first, second) = (TestCertificate::new(), TestCertificate::new());
    let server = Running::start(&first).await;
    std::fs::write(server.folder.path().join("cert.pem"), "half a certificate").unwrap();
    hang_up();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(server.get(&first.client(), "/health").await.is_ok(), "the broken one was not taken");
    assert!(server.get(&second.client(), "/health").await.is_err());
    second.write(server.folder.path());
    hang_up();
    eventually("the new one", async || server.get(&second.client(), "/health").await.is_ok()).await;
    assert!(server.get(&first.client(), "/health").await.is_err());
}

/// SIGHUP to this process, which listens to it since the server runs.
fn hang_up() {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP).unwrap();
}
