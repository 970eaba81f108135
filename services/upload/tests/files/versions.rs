//! A file that is sent again with another content takes the place of the one before.

use bus::EventRecord;
use http::StatusCode;
use proto::events::v1::ProjectDeleted;
use serde_json::{Value, json};
use testkit::{
    on_both,
    service::{Person, TestService},
};

use crate::support::{Part, eventually, post, question, retrieve, start, text, until};

/// Uploads a file of a folder.
async fn send(upload: &TestService, who: &Person, path: &str, modified_at: &str, content: &str) -> Value {
    let parts = [
        Part::Field("project", "handbook"),
        Part::Field("path", path),
        Part::Field("modified_at", modified_at),
        Part::File("rules.md", content.as_bytes()),
    ];
    post(upload, who, &parts).await.expect(StatusCode::ACCEPTED)
}

async fn paths(upload: &TestService, who: &Person) -> Vec<String> {
    let listed = upload.get(who, "/api/v1/upload?project=handbook").await.expect(StatusCode::OK);
    let mut paths: Vec<String> = listed["items"].as_array().unwrap().iter().map(|file| text(&file["path"])).collect();
    paths.sort();
    paths
}

on_both! {
    async fn the_new_version_replaces_the_old_one_of_its_path(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let upload = &services.upload;
        let old = send(upload, &anna, "travel/rules.md", "2025-03-01T10:00:00+01:00", "The allowance is 38 euro.").await;
        let other = send(upload, &anna, "office/rules.md", "2025-03-01T10:00:00Z", "The allowance for a desk is 900 euro.").await;
        for file in [&old, &other] {
            until(upload, &anna, &text(&file["id"]), "indexed").await;
        }
        let new = send(upload, &anna, "./travel//rules.md".trim_start_matches("./"), "2026-03-01T10:00:00Z", "The allowance is 45 euro.").await;
        let new = until(upload, &anna, &text(&new["id"]), "indexed").await;
        assert_eq!((&new["path"], &new["name"]), (&json!("travel/rules.md"), &json!("rules.md")));
        assert_eq!(new["dated_at"], "2026-03-01T10:00:00Z");
        eventually("the old version is gone", || async { paths(upload, &anna).await == ["office/rules.md", "travel/rules.md"] }).await;
        upload.get(&anna, &format!("/api/v1/upload/{}", text(&old["id"]))).await.expect(StatusCode::NOT_FOUND);

        let found = retrieve(upload, &anna, question("allowance")).await;
        let mut texts: Vec<(&str, &str)> =
            found.chunks.iter().map(|chunk| (chunk.file_name.as_str(), chunk.text.trim())).collect();
        texts.sort_unstable();
        assert_eq!(texts, [
            ("office/rules.md", "The allowance for a desk is 900 euro."),
            ("travel/rules.md", "The allowance is 45 euro."),
        ]);
        assert!(found.chunks.iter().all(|chunk| chunk.dated_at.is_some()));
    }

    async fn what_is_sent_last_stays_also_when_it_was_there_before(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let upload = &services.upload;
        for amount in ["38", "45", "38"] {
            send(upload, &anna, "rules.md", "2025-03-01T10:00:00Z", &format!("The allowance is {amount} euro.")).await;
        }
        eventually("one version is left", || async { paths(upload, &anna).await.len() == 1 }).await;
        let found = retrieve(upload, &anna, question("allowance")).await;
        assert!(found.chunks[0].text.contains("38 euro"), "{found:?}");
    }

    async fn nothing_goes_into_a_project_that_was_deleted(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        let project = services.project(&anna, "handbook").await;
        let deleted = ProjectDeleted { project_id: project, deleted_at: None };
        let event = EventRecord::new(world.ids.next(), anna.org, &deleted, world.clock.clock().now());
        services.upload.deliver(&event).await;
        let late = [Part::Field("project", "handbook"), Part::File("late.md", b"The allowance is 38 euro.")];
        post(&services.upload, &anna, &late).await.expect(StatusCode::NOT_FOUND);
    }

    async fn a_version_that_cannot_be_read_replaces_nothing(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let upload = &services.upload;
        let old = send(upload, &anna, "rules.md", "2025-03-01T10:00:00Z", "The allowance is 38 euro.").await;
        until(upload, &anna, &text(&old["id"]), "indexed").await;
        let blank = send(upload, &anna, "rules.md", "2026-03-01T10:00:00Z", " \n ").await;
        until(upload, &anna, &text(&blank["id"]), "failed").await;
        assert_eq!(paths(upload, &anna).await, ["rules.md", "rules.md"]);
        assert_eq!(retrieve(upload, &anna, question("allowance")).await.chunks.len(), 1);
    }

    async fn a_path_leads_nowhere_else(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        for (field, value) in [
            ("path", "../rules.md"), ("path", "/etc/rules.md"), ("path", "a/./b.md"), ("path", ""), ("path", &"a/".repeat(600)),
            ("modified_at", "yesterday"),
        ] {
            let parts = [
                Part::Field("project", "handbook"), Part::Field(field, value), Part::File("rules.md", b"The allowance is 38 euro."),
            ];
            let refused = post(&services.upload, &anna, &parts).await.expect(StatusCode::BAD_REQUEST);
            assert!(text(&refused["errors"][0]["pointer"]).contains(field), "{value:?}: {refused}");
        }
    }
}
