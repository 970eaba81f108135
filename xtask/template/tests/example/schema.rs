//! The tables: the same on both databases, and kept apart by Postgres itself.

use example_svc::SERVICE;
use http::StatusCode;
use serde_json::json;
use testkit::service::{Tables, World};

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    testkit::service::assert_same_schema(SERVICE).await;
}

/// Conditions forgotten in a statement would still show nothing of another organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_rows_of_other_organisations() {
    let Some(world) = World::postgres().await else { return };
    let (ann, eve) = (world.person(), world.person());
    let service = world.start(SERVICE).await;
    let made = service.send_json(&ann, "POST", super::ITEMS, &json!({ "title": "secret" })).await;
    made.expect(StatusCode::CREATED);
    world.assert_hidden(&service, SERVICE.name, [&ann, &eve], Tables::default()).await;
}
