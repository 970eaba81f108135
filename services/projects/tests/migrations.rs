//! Tables of Postgres are kept apart by it.

use testkit::service::{Tables, World};

/// Conditions forgotten in a statement would still show nothing of another organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_rows_of_other_organisations() {
    let Some(world) = World::postgres().await else { return };
    let (ann, eve) = (world.person(), world.person());
    let projects = world.start(projects_svc::SERVICE).await;
    let made = projects.send_json(&ann, "POST", "/api/v1/projects", &serde_json::json!({ "slug": "secret" })).await;
    assert!(made.status.is_success(), "{made:?}");
    world.assert_hidden(&projects, projects_svc::SERVICE.name, [&ann, &eve], Tables::default()).await;
}
