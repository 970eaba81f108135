//! A machine without accounts trusts whoever reaches its loopback port, so nobody else may come through the owner's
//! browser or a proxy.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{about_the_lease, gooseek, handbook};

#[tokio::test]
async fn a_rebound_name_is_not_this_server() {
    let server = gooseek().start().await;
    let client = server.client();
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let with_host = |host: String| client.send(client.request("GET", "/api/v1/projects").header("host", host));
    for host in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1:1".to_owned(), "localhost".to_owned()]
    {
        let refused = with_host(host.clone()).await.expect(StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(refused["code"], "misdirected", "{host}");
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(with_host(host).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_page_of_another_site_may_change_nothing() {
    let server = gooseek().start().await;
    let client = server.client();
    client.make_project("handbook").await;
    let foreign = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in foreign {
        let ask = client.request("POST", "/api/v1/chat").header(name, value).json(&json!({ "query": "Why?" }));
        assert_eq!(client.send(ask).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
        // A form of another site can send this without asking the browser's leave first.
        let upload = client.uploading("handbook", "planted.txt", "Trust me.").header(name, value);
        assert_eq!(client.send(upload).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(client.list("/api/v1/upload").await, Vec::<Value>::new());
    assert_eq!(client.list("/api/v1/library/threads").await, Vec::<Value>::new());

    let own = client.uploading("handbook", "own.txt", "The meter stands in the cellar.");
    let own = own.header("origin", server.url()).header("sec-fetch-site", "same-origin");
    assert!(client.send(own).await.status.is_success());
    let read = client.request("GET", "/api/v1/projects").header("origin", "https://evil.example");
    let answer = client.send(read).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "its answer cannot be read there");
}

#[tokio::test]
async fn a_proxy_means_that_accounts_are_needed() {
    let server = gooseek().start().await;
    let client = server.client();
    for name in ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded"] {
        let request = client.request("GET", "/api/v1/projects").header(name, "for=192.0.2.1");
        let refused = client.send(request).await.expect(StatusCode::FORBIDDEN);
        assert!(refused["detail"].as_str().unwrap().contains("switch accounts on"), "{refused}");
    }
}

#[tokio::test]
async fn the_page_runs_its_own_files_only_and_data_runs_nothing() {
    let server = gooseek().start().await;
    let client = server.client();
    let policy =
        |answer: &testkit::service::Answer| answer.headers["content-security-policy"].to_str().unwrap().to_owned();
    let page = client.get("/").await;
    assert!(String::from_utf8_lossy(&page.body).starts_with("<!doctype html>"), "{:?}", page.body);
    assert!(
        policy(&page).contains("script-src 'self'") && policy(&page).contains("require-trusted-types-for 'script'")
    );
    for path in ["/api/v1/projects", "/openapi.json", "/no-such-address"] {
        let answer = client.get(path).await;
        assert!(policy(&answer).starts_with("default-src 'none'"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn a_deadline_of_calls_between_services_is_not_for_persons_to_set() {
    let server = gooseek().start().await;
    let client = server.client();
    handbook(&client).await;
    let mut question = about_the_lease();
    question["stream"] = json!(false);
    let asked = client.request("POST", "/api/v1/chat").header("grpc-timeout", "1m").json(&question);
    assert_eq!(client.send(asked).await.expect(StatusCode::OK)["status"], "complete");
}
