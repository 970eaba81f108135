//! Domains of mail: proven by a record, joined by who has a mailbox there.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use testkit::{
    eventually,
    service::{Person, TestService, World},
};

use crate::{
    name_server::NameServer,
    support::{Accounts, PASSWORD, Session, log_in, mailed_link, mails, member, post, register, set_up},
};

async fn with_name_server(world: &mut World) -> (NameServer, Accounts) {
    let names = NameServer::start().await;
    world.set("DNS_SERVER", names.address.to_string());
    let accounts = set_up(world).await;
    (names, accounts)
}

fn domains_of(who: &Person) -> String {
    format!("/api/v1/organisations/{}/domains", who.org)
}

async fn claim(auth: &TestService, who: &Person, domain: &str) -> Value {
    auth.send_json(who, "POST", &domains_of(who), &json!({ "domain": domain })).await.expect(StatusCode::CREATED)
}

async fn verify(auth: &TestService, who: &Person, domain: &str) -> testkit::service::Answer {
    auth.send_json(who, "POST", &format!("{}/{domain}/verify", domains_of(who)), &json!({})).await
}

/// Claims and proves a domain.
pub(crate) async fn prove(names: &NameServer, auth: &TestService, who: &Person, domain: &str) {
    let claimed = claim(auth, who, domain).await;
    names.set(claimed["record_name"].as_str().unwrap(), claimed["record_value"].as_str().unwrap());
    verify(auth, who, domain).await.expect(StatusCode::OK);
}

async fn sign_up(auth: &TestService, email: &str) -> Session {
    register(auth, email).await;
    let token = mailed_link(auth, email, "verify_email").await;
    post(auth, "/api/v1/auth/verify-email", &json!({ "token": token })).await.expect(StatusCode::NO_CONTENT);
    Session::of(&log_in(auth, email, PASSWORD).await.expect(StatusCode::OK))
}

fn missing_since(domain: &Value) -> DateTime<Utc> {
    domain["missing_since"].as_str().unwrap().parse().unwrap()
}

testkit::on_both! {
    async fn a_mailbox_of_a_proven_domain_joins_with_the_least_role(world: World) {
        let mut world = world;
        let (names, accounts) = with_name_server(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let claimed = claim(auth, owner, "Corp.example.").await;
        assert_eq!((&claimed["domain"], &claimed["record_name"]), (&json!("corp.example"), &json!("_gooseek-challenge.corp.example")));
        let missing = verify(auth, owner, "corp.example").await.expect(StatusCode::CONFLICT);
        assert!(missing["detail"].as_str().unwrap().contains(claimed["record_value"].as_str().unwrap()), "{missing}");
        names.set("_gooseek-challenge.corp.example", "gooseek-domain=guessed");
        verify(auth, owner, "corp.example").await.expect(StatusCode::CONFLICT);
        names.set("_gooseek-challenge.corp.example", claimed["record_value"].as_str().unwrap());
        verify(auth, owner, "corp.example").await.expect(StatusCode::OK);
        let ann = sign_up(auth, "ann@corp.example").await.person;
        assert_eq!(ann.org, owner.org);
        let me = auth.get(&ann, "/api/v1/auth/me").await.expect(StatusCode::OK);
        assert_eq!(me["roles"], json!(["guest"]));
    }

    async fn what_only_looks_like_the_domain_does_not_join(world: World) {
        let mut world = world;
        let (names, accounts) = with_name_server(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        prove(&names, auth, owner, "corp.example").await;
        for email in [
            "eve@corp.example.evil.example", "eve@sub.corp.example", "eve@evilcorp.example", "eve@corp.example.",
            "eve@cоrp.example", "eve@evil.example@corp.example", "eve@corp-example.org",
        ] {
            let account = json!({ "email": email, "password": PASSWORD, "name": "Eve" });
            let status = post(auth, "/api/v1/auth/register", &account).await.status;
            assert!(matches!(status, StatusCode::ACCEPTED | StatusCode::BAD_REQUEST), "{email}: {status}");
        }
        // Jobs are done in order: what came last is done after all of them.
        register(auth, "ann@CORP.example").await;
        mailed_link(auth, "ann@corp.example", "verify_email").await;
        eventually("the jobs to end", async || {
            mails(auth).await.iter().all(|mail| !mail.to.starts_with("eve@"))
        }).await;
        log_in(auth, "ann@corp.example", PASSWORD).await.expect(StatusCode::FORBIDDEN);
    }

    async fn a_domain_is_of_one_organisation(world: World) {
        let mut world = world;
        let (names, accounts) = with_name_server(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let ann = member(&accounts, "ann@example.org", &["member"]).await.person;
        let other = auth.send_json(&ann, "POST", "/api/v1/organisations", &json!({ "name": "Other" })).await;
        let other = other.expect(StatusCode::CREATED)["id"].as_str().unwrap().to_owned();
        let switched = auth.send_json(&ann, "POST", &format!("/api/v1/organisations/{other}/switch"), &json!({})).await;
        let there = Session::of(&switched.expect(StatusCode::OK)).person;
        prove(&names, auth, owner, "corp.example").await;
        let claimed = claim(auth, &there, "corp.example").await;
        names.set("_gooseek-challenge.corp.example", claimed["record_value"].as_str().unwrap());
        verify(auth, &there, "corp.example").await.expect(StatusCode::CONFLICT);
        auth.delete(owner, &format!("{}/corp.example", domains_of(owner))).await.expect(StatusCode::NO_CONTENT);
        verify(auth, &there, "corp.example").await.expect(StatusCode::OK);
        auth.get(owner, &domains_of(&there)).await.expect(StatusCode::NOT_FOUND);
    }

    async fn a_domain_without_its_record_is_given_up_after_a_week(world: World) {
        let mut world = world;
        let (names, accounts) = with_name_server(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        prove(&names, auth, owner, "corp.example").await;
        names.remove("_gooseek-challenge.corp.example");
        let standing = async || auth.get(owner, &domains_of(owner)).await.json()["items"][0].clone();
        // The job runs once a day.
        world.clock.advance(Duration::from_secs(86_400));
        eventually("the daily look", async || standing().await["missing_since"].is_string()).await;
        assert!(standing().await["verified_at"].is_string(), "name servers fail, and people tidy up");
        eventually("the end of the domain", async || {
            world.clock.advance(Duration::from_secs(86_400));
            standing().await["verified_at"].is_null()
        })
        .await;
        assert!(world.clock.clock().now() > missing_since(&standing().await) + TimeDelta::days(7));
    }

    async fn public_mail_and_what_is_no_domain_cannot_be_claimed(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        for domain in ["gmail.com", "Mail.RU", "localhost", "exаmple.org", "127.0.0.1", "*.example.org"] {
            let refused = auth.send_json(owner, "POST", &domains_of(owner), &json!({ "domain": domain })).await;
            assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["errors"][0]["pointer"], "/domain", "{domain}");
        }
        let ann = member(&accounts, "ann@example.org", &["member"]).await.person;
        auth.send_json(&ann, "POST", &domains_of(owner), &json!({ "domain": "corp.example" })).await.expect(StatusCode::FORBIDDEN);
    }
}
