//! The inbox: a person's own, listed, read and followed.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use http::StatusCode;
use notifications_svc::SERVICE;
use serde_json::{Value, json};
use testkit::service::{Person, Tables, TestService, World};

use crate::support::{event, eventually_is, invitation, reset_password};

const INBOX: &str = "/api/v1/notifications";

testkit::on_both! {
    async fn people_read_what_they_were_told_and_nothing_else(world: World) {
        let service = world.start(SERVICE).await;
        let (ann, eve) = (world.person(), world.person());
        invite(&world, &service, &ann, &["Olga", "Oleg", "Otto"]).await;
        let first = service.get(&ann, &format!("{INBOX}?limit=2")).await.expect(StatusCode::OK);
        assert_eq!((&first["unread"], &first["last_event_id"]), (&json!(3), &json!(3)));
        assert_eq!(titles(&first), ["Otto invites you to Acme", "Oleg invites you to Acme"]);
        let newest = &first["items"][0];
        assert_eq!(newest["kind"], "invitation");
        assert_eq!(newest["link"], "https://seek.example.org/account/organisation");
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = service.get(&ann, &format!("{INBOX}?limit=2&cursor={cursor}")).await.expect(StatusCode::OK);
        assert_eq!(titles(&rest), ["Olga invites you to Acme"]);
        let of_eve = service.get(&eve, INBOX).await.expect(StatusCode::OK);
        assert_eq!((&of_eve["items"], &of_eve["unread"]), (&json!([]), &json!(0)));
        let path = format!("{INBOX}/{}/read", newest["id"].as_str().unwrap());
        post(&service, &eve, &path).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(service.get(&ann, INBOX).await.expect(StatusCode::OK)["unread"], 3);
    }

    async fn what_was_read_is_marked_and_recorded(world: World) {
        let service = world.start(SERVICE).await;
        let (ann, bob) = (world.person(), world.person());
        invite(&world, &service, &ann, &["Olga", "Oleg", "Otto"]).await;
        invite(&world, &service, &bob, &["Olga"]).await;
        let inbox = service.get(&ann, INBOX).await.expect(StatusCode::OK);
        let path = format!("{INBOX}/{}/read", inbox["items"][1]["id"].as_str().unwrap());
        post(&service, &ann, &path).await.expect(StatusCode::NO_CONTENT);
        let read = service.get(&ann, INBOX).await.expect(StatusCode::OK);
        assert_eq!(read["unread"], 2);
        assert!(read["items"][1]["read_at"].is_string() && read["items"][0]["read_at"].is_null());
        post(&service, &ann, &format!("{INBOX}/read")).await.expect(StatusCode::NO_CONTENT);
        assert_eq!(service.get(&ann, INBOX).await.expect(StatusCode::OK)["unread"], 0);
        assert_eq!(service.get(&bob, INBOX).await.expect(StatusCode::OK)["unread"], 1, "another's inbox is left alone");
        let records = service.audit_records(&ann).await;
        let actions: Vec<&str> = records.iter().map(|record| record.action.as_str()).collect();
        assert_eq!(actions, ["read_notification", "read_all_notifications"]);
        post(&service, &ann, &format!("{INBOX}/no-id/read")).await.expect(StatusCode::NOT_FOUND);
    }

    /// Or whoever has a session could take the account.
    async fn a_link_that_proves_an_address_is_in_the_mail_alone(world: World) {
        let service = world.start(SERVICE).await;
        let ann = world.person();
        let asked = event(&world, &reset_password(&world, "ann@example.org", Some(&ann)));
        service.deliver(&asked).await;
        eventually_is(&service, asked.id, "logged").await;
        let inbox = service.get(&ann, INBOX).await.expect(StatusCode::OK);
        assert_eq!(titles(&inbox), ["A new password was asked for"]);
        assert!(inbox["items"][0]["link"].is_null() && !inbox.to_string().contains("s3cr3t"), "{inbox}");
    }

    async fn a_stream_shows_what_comes_and_goes_on_where_it_was_cut(world: World) {
        let service = world.start(SERVICE).await;
        let (ann, eve) = (world.person(), world.person());
        invite(&world, &service, &ann, &["Olga"]).await;
        let mut stream = follow(&service, &ann, None).await;
        invite(&world, &service, &eve, &["Eva"]).await;
        invite(&world, &service, &ann, &["Oleg"]).await;
        assert_eq!(next(&mut stream).await, ("2".to_owned(), "Oleg invites you to Acme".to_owned()));
        drop(stream);
        invite(&world, &service, &ann, &["Otto"]).await;
        let mut stream = follow(&service, &ann, Some("2")).await;
        assert_eq!(next(&mut stream).await, ("3".to_owned(), "Otto invites you to Acme".to_owned()));
        // Another process adds something.
        let other = world.start(SERVICE).await;
        invite(&world, &other, &ann, &["Oskar"]).await;
        assert_eq!(next(&mut stream).await.1, "Oskar invites you to Acme");
    }

    async fn old_notifications_and_mails_are_forgotten(world: World) {
        let service = world.start(SERVICE).await;
        let ann = world.person();
        invite(&world, &service, &ann, &["Olga"]).await;
        world.clock.advance(Duration::from_secs(190 * 86_400));
        testkit::eventually("an empty inbox", async || {
            titles(&service.get(&ann, INBOX).await.expect(StatusCode::OK)).is_empty()
        })
        .await;
    }
}

/// Conditions forgotten in a statement would still show nothing to a session that is not the system's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_mails_and_inboxes() {
    let Some(world) = World::postgres().await else { return };
    let service = world.start(SERVICE).await;
    let ann = world.person();
    invite(&world, &service, &ann, &["Olga"]).await;
    let tables = Tables { system: &["mails", "inboxes", "notifications"], ..Tables::default() };
    world.assert_hidden(&service, SERVICE.name, [&ann, &world.person()], tables).await;
}

async fn invite(world: &World, service: &TestService, who: &Person, inviters: &[&str]) {
    for inviter in inviters {
        let asked = event(world, &invitation(world, Some(who), inviter));
        service.deliver(&asked).await;
        eventually_is(service, asked.id, "logged").await;
    }
}

fn titles(inbox: &Value) -> Vec<&str> {
    inbox["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect()
}

async fn post(service: &TestService, who: &Person, path: &str) -> testkit::service::Answer {
    service.send(who.http("POST", path).body(Body::empty()).unwrap()).await
}

async fn follow(service: &TestService, who: &Person, last: Option<&str>) -> BodyDataStream {
    use tower::ServiceExt;
    let mut request = who.http("GET", &format!("{INBOX}/events"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = service.http.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().into_data_stream()
}

/// The id of the next event, and the title of its notification.
async fn next(stream: &mut BodyDataStream) -> (String, String) {
    let part = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.unwrap().unwrap().unwrap();
    let text = String::from_utf8(part.to_vec()).unwrap();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(field("event: "), "notification");
    let data: Value = serde_json::from_str(&field("data: ")).unwrap();
    (field("id: "), data["title"].as_str().unwrap().to_owned())
}
