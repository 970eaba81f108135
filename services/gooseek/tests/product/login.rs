//! `gooseek login` and `gooseek logout`, and HTTPS, as another device meets them.

use std::{os::unix::fs::PermissionsExt, path::Path, path::PathBuf, process::Stdio};

use http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Gooseek, TestCertificate, gooseek::Builder, gooseek::Client};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::support::{GOOSEEK, gooseek};

/// A server with its first account, and the home of somebody else's user on another device.
struct Scene {
    server: Gooseek,
    owner: Client,
    home: TempDir,
}

async fn scene() -> Scene {
    let server = gooseek().set("AUTH_REQUIRED", "true").start().await;
    let log = server.log();
    let token = log.split_once("/account/setup?token=").expect(&log).1.split_whitespace().next().unwrap().to_owned();
    let account = json!({
        "token": token, "email": "owner@example.org", "password": "wetterfrosch kuckuck", "name": "Olga", "organisation": "Acme",
    });
    let request = server.client().request("POST", "/api/v1/auth/setup").json(&account);
    let made = server.client().send(request).await.expect(StatusCode::CREATED);
    let owner = server.client_with(made["access_token"].as_str().unwrap());
    Scene { server, owner, home: tempfile::tempdir().unwrap() }
}

impl Scene {
    fn command(&self, arguments: &[&str]) -> Builder {
        let home = self.home.path().to_str().unwrap();
        let builder = Builder::new(GOOSEEK).set("GOOSEEK_URL", self.server.url()).set("HOME", home);
        arguments.iter().copied().fold(builder, Builder::arg)
    }

    /// What a command prints, or complains about.
    async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        outcome(self.command(arguments)).await
    }

    /// `gooseek login` up to the code it shows.
    async fn login(&self) -> (Child, String) {
        let mut command = Command::new(GOOSEEK);
        command.arg("login").env_clear().env("HOME", self.home.path()).env("GOOSEEK_URL", self.server.url());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, code)) = line.split_once("enter the code ") {
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return (child, code.to_owned());
            }
        }
        panic!("no code was shown");
    }

    async fn answer(&self, code: &str, approve: bool) {
        let answer = json!({ "user_code": code, "approve": approve });
        let request = self.owner.request("POST", "/api/v1/auth/device/approve").json(&answer);
        self.owner.send(request).await.expect(StatusCode::NO_CONTENT);
    }

    async fn sign_in(&self) {
        let (child, code) = self.login().await;
        self.answer(&code, true).await;
        let output = child.wait_with_output().await.unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(printed.starts_with("signed in at ") && printed.ends_with(" as owner@example.org\n"), "{printed}");
    }

    /// The file of the session.
    fn file(&self) -> Option<PathBuf> {
        let folder = std::fs::read_dir(self.home.path().join(".config/gooseek/sessions")).ok()?;
        let mut files = folder.map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|extension| extension == "json"))
    }

    fn session(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.file().unwrap()).unwrap()).unwrap()
    }

    fn change_session(&self, field: &str, value: Value) {
        let mut session = self.session();
        session[field] = value;
        std::fs::write(self.file().unwrap(), session.to_string()).unwrap();
    }
}

async fn outcome(builder: Builder) -> Result<String, String> {
    let output = builder.output().await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[tokio::test]
async fn a_confirmed_login_is_used_by_every_command_until_the_logout() {
    let scene = scene().await;
    let refused = scene.run(&["projects"]).await.unwrap_err();
    assert!(
        refused.contains("you are not signed in at http://127.0.0.1:") && refused.contains("gooseek login"),
        "{refused}"
    );
    scene.sign_in().await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = scene.file().unwrap();
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert_eq!(scene.run(&["projects"]).await.unwrap(), "no projects\n");
    // A token that is given wins.
    let given = outcome(scene.command(&["projects"]).set("GOOSEEK_TOKEN", "no token of ours")).await;
    assert!(given.unwrap_err().contains("access token is not valid"));

    let kept = scene.session();
    assert_eq!(scene.run(&["logout"]).await.unwrap().split_once(" at ").unwrap().0, "signed out");
    assert!(scene.file().is_none());
    let body = json!({ "refresh_token": kept["refresh_token"] });
    let request = scene.server.client().request("POST", "/api/v1/auth/refresh").json(&body);
    scene.server.client().send(request).await.expect(StatusCode::UNAUTHORIZED);
    assert!(scene.run(&["logout"]).await.unwrap_err().contains("not signed in at"));
}

#[tokio::test]
async fn a_session_is_renewed_when_its_token_has_expired_or_is_not_believed() {
    let scene = scene().await;
    scene.sign_in().await;
    let first = scene.session();
    scene.change_session("expires_at", json!(0));
    // Several at once: the refresh token is good once.
    let commands = (0..4).map(|_| scene.run(&["projects"]));
    for outcome in futures::future::join_all(commands).await {
        assert_eq!(outcome.unwrap(), "no projects\n");
    }
    let second = scene.session();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    scene.change_session("access_token", json!("not what it was"));
    assert_eq!(scene.run(&["projects"]).await.unwrap(), "no projects\n");

    scene.change_session("expires_at", json!(0));
    scene.change_session("refresh_token", json!("a token of nobody, which is long enough"));
    let ended = scene.run(&["projects"]).await.unwrap_err();
    assert!(ended.contains("has ended: run gooseek login"), "{ended}");
    assert!(scene.file().is_none());
}

#[tokio::test]
async fn a_login_that_is_turned_away_or_not_needed_says_so() {
    let scene = scene().await;
    let (child, code) = scene.login().await;
    scene.answer(&code, false).await;
    let output = child.wait_with_output().await.unwrap();
    assert!(!output.status.success() && scene.file().is_none());

    let open = gooseek().start().await;
    let answer =
        outcome(Builder::new(GOOSEEK).arg("login").set("HOME", "/nowhere").set("GOOSEEK_URL", open.url())).await;
    assert!(answer.unwrap_err().contains("this server has no accounts"));
    let nobody = Builder::new(GOOSEEK).arg("login").set("HOME", "/nowhere").set("GOOSEEK_URL", "http://127.0.0.1:1");
    assert!(outcome(nobody).await.unwrap_err().contains("nothing answers at http://127.0.0.1:1"));
}

#[tokio::test]
async fn a_server_with_a_certificate_is_asked_over_https() {
    let (folder, certificate) = (tempfile::tempdir().unwrap(), TestCertificate::new());
    let (cert, key) = certificate.write(folder.path());
    let mut command = Command::new(GOOSEEK);
    command.args(["serve", "--bind", "127.0.0.1:0", "--data", "data"]).env_clear().current_dir(folder.path());
    command.env("TLS_CERT", &cert).env("TLS_KEY", &key).env("AUTH_REQUIRED", "true").env("SEARCH_ENGINES", "none");
    let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut log = String::new();
    let url = loop {
        let line = lines.next_line().await.unwrap().expect(&log);
        if let Some((_, url)) = line.split_once("listening on ") {
            break url.to_owned();
        }
        log.push_str(&line);
    };
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    assert!(log.contains(": https://127.0.0.1:0/account/setup?token="), "{log}");

    let ask = |url: &str| Builder::new(GOOSEEK).arg("projects").set("GOOSEEK_URL", url);
    let trusting = outcome(ask(&url).set("SSL_CERT_FILE", cert.to_str().unwrap())).await.unwrap_err();
    assert!(trusting.contains("you are not signed in at https://127.0.0.1:"), "{trusting}");
    let other = outcome(ask(&url)).await.unwrap_err();
    assert!(!other.contains("signed in"), "a certificate that nobody vouches for is not believed: {other}");
    let plain = outcome(ask(&url.replace("https", "http"))).await.unwrap_err();
    assert!(plain.contains("400"), "{plain}");

    let doctor =
        Builder::new(GOOSEEK).arg("doctor").set("GOOSEEK_URL", "http://127.0.0.1:1").set("SEARCH_ENGINES", "none");
    let doctor = doctor.set("BIND", "0.0.0.0:8080").set("INSECURE_HTTP", "true").output().await;
    let printed = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(printed.contains("unencrypted (INSECURE_HTTP)"), "{printed}");
}
