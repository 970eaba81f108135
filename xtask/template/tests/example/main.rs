//! Items through HTTP: made, listed, read, and kept apart by organisation.
#![expect(clippy::unwrap_used, reason = "tests")]

use example_svc::SERVICE;
use http::StatusCode;
use serde_json::json;
use testkit::service::{Tables, World};

const ITEMS: &str = "/api/v1/example";

testkit::on_both! {
    async fn an_item_is_made_and_read_by_its_organisation_alone(world: World) {
        let service = world.start(SERVICE).await;
        let (ann, eve) = (world.person(), world.person());
        let made = service.send_json(&ann, "POST", ITEMS, &json!({ "title": " First " })).await;
        let made = made.expect(StatusCode::CREATED);
        assert_eq!(made["title"], "First");
        let path = format!("{ITEMS}/{}", made["id"].as_str().unwrap());
        assert_eq!(service.get(&world.colleague(&ann), &path).await.expect(StatusCode::OK), made);
        service.get(&eve, &path).await.expect(StatusCode::NOT_FOUND);
        service.get(&ann, &format!("{ITEMS}/no-id")).await.expect(StatusCode::NOT_FOUND);
    }

    async fn items_are_listed_newest_first_a_page_at_a_time(world: World) {
        let service = world.start(SERVICE).await;
        let (ann, eve) = (world.person(), world.person());
        for title in ["one", "two", "three"] {
            let made = service.send_json(&ann, "POST", ITEMS, &json!({ "title": title })).await;
            made.expect(StatusCode::CREATED);
        }
        let first = service.get(&ann, &format!("{ITEMS}?limit=2")).await.expect(StatusCode::OK);
        assert_eq!(first["items"][0]["title"], "three");
        assert_eq!(first["items"][1]["title"], "two");
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = service.get(&ann, &format!("{ITEMS}?limit=2&cursor={cursor}")).await.expect(StatusCode::OK);
        assert_eq!(rest["items"].as_array().unwrap().len(), 1);
        assert_eq!(rest["next_cursor"], json!(null));
        assert_eq!(service.get(&eve, ITEMS).await.expect(StatusCode::OK)["items"], json!([]));
    }

    async fn a_change_is_not_made_over_that_of_another(world: World) {
        let service = world.start(SERVICE).await;
        let (ann, eve) = (world.person(), world.person());
        let made = service.send_json(&ann, "POST", ITEMS, &json!({ "title": "old" })).await.expect(StatusCode::CREATED);
        let path = format!("{ITEMS}/{}", made["id"].as_str().unwrap());
        let tag = service.get(&ann, &path).await.headers["etag"].to_str().unwrap().to_owned();
        let rename = async |tag: &str, title: &str| {
            let request = ann.http("PATCH", &path).header("content-type", "application/json").header("if-match", tag);
            service.send(request.body(json!({ "title": title }).to_string().into()).unwrap()).await
        };
        assert_eq!(rename(&tag, "new").await.expect(StatusCode::OK)["title"], "new");
        rename(&tag, "lost").await.expect(StatusCode::PRECONDITION_FAILED);
        service.send_json(&eve, "PATCH", &path, &json!({ "title": "hers" })).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(service.get(&ann, &path).await.expect(StatusCode::OK)["title"], "new");
    }

    async fn a_deleted_item_is_gone_and_who_deleted_it_is_recorded(world: World) {
        let service = world.start(SERVICE).await;
        let (ann, eve) = (world.person(), world.person());
        let made = service.send_json(&ann, "POST", ITEMS, &json!({ "title": "old" })).await.expect(StatusCode::CREATED);
        let path = format!("{ITEMS}/{}", made["id"].as_str().unwrap());
        assert_eq!(service.delete(&eve, &path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(service.delete(&ann, &path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(service.delete(&ann, &path).await.status, StatusCode::NOT_FOUND);
        service.get(&ann, &path).await.expect(StatusCode::NOT_FOUND);
        let records = service.audit_records(&ann).await;
        let actions: Vec<&str> = records.iter().map(|record| record.action.as_str()).collect();
        assert_eq!(actions, ["create_example", "delete_example"]);
    }

    async fn what_is_wrong_with_a_request_is_said(world: World) {
        let service = world.start(SERVICE).await;
        let ann = world.person();
        let empty = service.send_json(&ann, "POST", ITEMS, &json!({ "title": " " })).await;
        assert_eq!(empty.expect(StatusCode::BAD_REQUEST)["errors"][0]["pointer"], "/title");
        service.get(&ann, &format!("{ITEMS}?limit=0")).await.expect(StatusCode::BAD_REQUEST);
        service.get(&ann, &format!("{ITEMS}?cursor=made-up")).await.expect(StatusCode::BAD_REQUEST);
    }
}

/// Conditions forgotten in a statement would still show nothing of another organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_rows_of_other_organisations() {
    let Some(world) = World::postgres().await else { return };
    let (ann, eve) = (world.person(), world.person());
    let service = world.start(SERVICE).await;
    let made = service.send_json(&ann, "POST", ITEMS, &json!({ "title": "secret" })).await;
    made.expect(StatusCode::CREATED);
    world.assert_hidden(&service, SERVICE.name, [&ann, &eve], Tables::default()).await;
}
