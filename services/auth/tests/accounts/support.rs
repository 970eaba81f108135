//! Accounts as tests make them: by registering, with the links that were sent by mail.

use axum::{body::Body, http::StatusCode};
use db::fetch_all;
use http::Request;
use prost::Message;
use proto::{Event, events::v1::MailRequested};
use serde_json::{Value, json};
use testkit::{
    eventually,
    service::{Answer, Person, TestService, World},
    system,
};

pub(crate) const PASSWORD: &str = "wetterfrosch kuckuck";
pub(crate) const SET_UP_TOKEN: &str = "a-token-that-a-test-has-put-there";

/// auth-svc with its first account.
pub(crate) struct Accounts {
    pub(crate) service: TestService,
    pub(crate) owner: Person,
}

/// A session as a client has it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) person: Person,
    pub(crate) refresh: String,
}

impl Session {
    pub(crate) fn of(answer: &Value) -> Self {
        let id = |name: &str| answer[name].as_str().unwrap().parse().unwrap();
        let token = answer["access_token"].as_str().unwrap();
        let person = Person::signed_in(id("organisation_id"), id("user_id"), token);
        Self { person, refresh: answer["refresh_token"].as_str().unwrap().to_owned() }
    }
}

/// Starts auth-svc and makes the owner's account, with the link of the log replaced by a known one.
pub(crate) async fn set_up(world: &mut World) -> Accounts {
    world.use_accounts();
    let service = world.start(auth_svc::SERVICE).await;
    know_set_up_token(world).await;
    let account = json!({
        "token": SET_UP_TOKEN, "email": "owner@example.org", "password": PASSWORD, "name": "Olga", "organisation": "Acme",
    });
    let made = post(&service, "/api/v1/auth/setup", &account).await.expect(StatusCode::CREATED);
    Accounts { owner: Session::of(&made).person, service }
}

/// Only its hash is stored, and the link was printed.
pub(crate) async fn know_set_up_token(world: &World) {
    let hash: String =
        access::SecretHash::of(SET_UP_TOKEN).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let update = "UPDATE one_time_secrets SET hash";
    let statement = if world.is_postgres() {
        // Row-level security is forced on the owner, too.
        format!("SET app.system = 'on'; {update} = '\\x{hash}'::bytea WHERE kind = 'set_up'")
    } else {
        format!("{update} = X'{hash}' WHERE kind = 'set_up'")
    };
    world.as_owner("auth", statement).await;
}

/// `POST` without an account.
pub(crate) async fn post(service: &TestService, path: &str, body: &Value) -> Answer {
    post_with(service, path, body, &[]).await
}

/// The same with headers, as browsers and proxies send them.
pub(crate) async fn post_with(service: &TestService, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method("POST").uri(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.send(request.body(Body::from(body.to_string())).unwrap()).await
}

pub(crate) async fn log_in(service: &TestService, email: &str, password: &str) -> Answer {
    post(service, "/api/v1/auth/login", &json!({ "email": email, "password": password })).await
}

/// Invites an address, registers it, follows the link and signs in.
pub(crate) async fn member(accounts: &Accounts, email: &str, roles: &[&str]) -> Session {
    let path = format!("/api/v1/organisations/{}/invitations", accounts.owner.org);
    let invitation = json!({ "email": email, "roles": roles });
    accounts.service.send_json(&accounts.owner, "POST", &path, &invitation).await.expect(StatusCode::CREATED);
    register(&accounts.service, email).await;
    let link = mailed_link(&accounts.service, email, "verify_email").await;
    post(&accounts.service, "/api/v1/auth/verify-email", &json!({ "token": link }))
        .await
        .expect(StatusCode::NO_CONTENT);
    Session::of(&log_in(&accounts.service, email, PASSWORD).await.expect(StatusCode::OK))
}

pub(crate) async fn register(service: &TestService, email: &str) {
    let account = json!({ "email": email, "password": PASSWORD, "name": "Somebody" });
    post(service, "/api/v1/auth/register", &account).await.expect(StatusCode::ACCEPTED);
}

/// The mails that were asked for, oldest first.
pub(crate) async fn mails(service: &TestService) -> Vec<MailRequested> {
    let mut session = service.db.read(&system().into()).await.unwrap();
    let rows: Vec<(Vec<u8>,)> =
        fetch_all!(&mut session, any: "SELECT payload FROM outbox WHERE subject = $1 ORDER BY id", MailRequested::SUBJECT)
            .unwrap();
    rows.into_iter().map(|(payload,)| MailRequested::decode(payload.as_slice()).unwrap()).collect()
}

/// The secret of the link in the newest mail of this kind to an address, once it was asked for.
pub(crate) async fn mailed_link(service: &TestService, to: &str, template: &str) -> String {
    let newest =
        async || mails(service).await.into_iter().rev().find(|mail| mail.to == to && mail.template == template);
    eventually("the mail", async || newest().await.is_some()).await;
    let link = newest().await.unwrap().values["link"].clone();
    link.split_once("token=").unwrap().1.to_owned()
}

/// Guesses until the next attempt is more than a minute away.
pub(crate) async fn guess_until_slow(world: &World, service: &TestService) {
    for _ in 0..40 {
        let answer = log_in(service, "owner@example.org", "a wrong password").await;
        let Some(seconds) = answer.headers.get("retry-after") else { continue };
        let seconds: u64 = seconds.to_str().unwrap().parse().unwrap();
        if seconds > 60 {
            return;
        }
        world.clock.advance(std::time::Duration::from_secs(seconds));
    }
    panic!("guessing goes on");
}
