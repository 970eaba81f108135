//! Mails of accounts, from the request that causes one to the reader's mailbox, or to the log where there is no mail server.

use http::StatusCode;
use serde_json::json;
use testkit::{
    Gooseek, Smtp,
    gooseek::{Builder, Client},
};

use crate::support::{eventually, gooseek};

const OWNER: &str = "olga@example.org";
const NEW_PASSWORD: &str = "kuckuck wetterfrosch";

/// A server with accounts and the first of them.
async fn with_owner(server: Builder) -> Gooseek {
    let server = server.set("AUTH_REQUIRED", "true").set("PUBLIC_URL", "https://seek.example.org").start().await;
    let token = secret_after(&server.log(), "whoever opens this link makes the first one: ").unwrap();
    let account = json!({
        "token": token, "email": OWNER, "password": "wetterfrosch kuckuck", "name": "Olga", "organisation": "Acme",
    });
    anybody(&server).post("/api/v1/auth/setup", &account).await.expect(StatusCode::CREATED);
    server
}

/// Somebody who has not signed in.
fn anybody(server: &Gooseek) -> Client {
    Client::new(server.url(), None)
}

/// The secret of the first link behind these words.
fn secret_after(text: &str, words: &str) -> Option<String> {
    let (_, rest) = text.split_once(words)?;
    let (_, secret) = rest.split_once("token=")?;
    Some(secret.chars().take_while(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_')).collect())
}

async fn forget_password(server: &Gooseek) {
    let of = json!({ "email": OWNER });
    anybody(server).post("/api/v1/auth/password/forgot", &of).await.expect(StatusCode::ACCEPTED);
}

async fn choose_password(server: &Gooseek, secret: &str) {
    let chosen = json!({ "token": secret, "password": NEW_PASSWORD });
    anybody(server).post("/api/v1/auth/password/reset", &chosen).await.expect(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_forgotten_password_is_chosen_anew_with_the_link_of_a_mail() {
    let Some(smtp) = Smtp::start().await else { return };
    let server = gooseek().set("SMTP_URL", smtp.url()).set("SMTP_FROM", "GooSeek <gooseek@example.org>");
    let server = with_owner(server).await;
    forget_password(&server).await;
    let mail = eventually(async || smtp.mails().pop()).await;
    assert_eq!(mail.to, [OWNER]);
    let secret = secret_after(mail.text.as_ref().unwrap(), "https://seek.example.org").unwrap();
    assert!(!server.log().contains(&secret), "with a mail server no link is logged");
    choose_password(&server, &secret).await;
    let told = eventually(async || smtp.mails().into_iter().nth(1)).await;
    assert_eq!(told.header("Subject"), "Your password was changed");
    let who = json!({ "email": OWNER, "password": NEW_PASSWORD });
    let session = anybody(&server).post("/api/v1/auth/login", &who).await.expect(StatusCode::OK);
    let inbox = server.client_with(session["access_token"].as_str().unwrap());
    let inbox = inbox.get("/api/v1/notifications").await.expect(StatusCode::OK);
    assert_eq!(inbox["items"][0]["kind"], "password_changed");
    assert_eq!(inbox["items"][1]["kind"], "reset_password");
    assert!(!inbox.to_string().contains(&secret));
}

#[tokio::test]
async fn without_a_mail_server_the_operator_has_the_link() {
    let server = with_owner(gooseek()).await;
    assert!(server.log().contains("no SMTP_URL: no mail is sent"), "{}", server.log());
    forget_password(&server).await;
    let words = format!("no SMTP_URL: the link for {OWNER} is ");
    let secret = eventually(async || secret_after(&server.log(), &words)).await;
    choose_password(&server, &secret).await;
    let line = server.log().lines().find(|line| line.contains(&words)).unwrap().to_owned();
    assert!(line.contains("WARN"), "{line}");
    assert_eq!(server.log().matches(&secret).count(), 1);
}
