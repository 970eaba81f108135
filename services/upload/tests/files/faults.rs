//! Files that cannot be read, parsers that die, and processes that are killed.

use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use axum::body::Body;
use futures::StreamExt;
use http::StatusCode;
use testkit::{on_both, service::World};

use crate::support::{AFTER_LEASE, LEASE, add, eventually, objects, question, retrieve, start, text, until};

/// A program in place of the parser child.
fn parser(world: &World, name: &str, script: &str) -> PathBuf {
    let path = world.folder().join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

on_both! {
    async fn a_file_without_text_fails_with_its_reason(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let id = add(&services.upload, &anna, "handbook", "blank.txt", b"   \n \n").await;
        let file = until(&services.upload, &anna, &id, "failed").await;
        assert_eq!(file["error"], "there is no text in it (a scan or an empty file)");
        assert_eq!(file["attempts"], 1, "trying again would not help");
        let id = add(&services.upload, &anna, "handbook", "torn.pdf", b"%PDF-1.7\ngarbage").await;
        let file = until(&services.upload, &anna, &id, "failed").await;
        assert!(!text(&file["error"]).is_empty());
        let problem = services.upload.get(&anna, &format!("/api/v1/upload/{id}/text")).await;
        assert_eq!(problem.expect(StatusCode::CONFLICT)["detail"], file["error"]);
    }

    async fn a_parser_that_dies_gets_a_second_try_and_no_third(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        drop(services.upload);
        world.executable = parser(&world, "dies.sh", "kill -SEGV $$");
        let upload = world.start(upload_svc::SERVICE).await;
        let anna = world.person();
        services.projects.send_json(&anna, "POST", "/api/v1/projects", &serde_json::json!({ "slug": "p" })).await;
        let id = add(&upload, &anna, "p", "a.txt", b"hello").await;
        let file = until(&upload, &anna, &id, "pending").await;
        assert!(text(&file["error"]).starts_with("the parser failed on it"), "{file}");
        world.clock.advance(AFTER_LEASE);
        let file = until(&upload, &anna, &id, "failed").await;
        assert_eq!(file["attempts"], 2);
    }

    async fn a_parser_that_cannot_start_is_waited_for(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let good = world.executable.clone();
        drop(services.upload);
        world.executable = world.folder().join("does-not-exist");
        let upload = world.start(upload_svc::SERVICE).await;
        let anna = world.person();
        services.projects.send_json(&anna, "POST", "/api/v1/projects", &serde_json::json!({ "slug": "p" })).await;
        let id = add(&upload, &anna, "p", "lease.md", LEASE.as_bytes()).await;
        for attempt in 1..4 {
            eventually("it is tried again", || async {
                let file = upload.get(&anna, &format!("/api/v1/upload/{id}")).await.json();
                file["status"] == "pending" && file["attempts"].as_i64().unwrap() >= attempt
            })
            .await;
            world.clock.advance(AFTER_LEASE);
        }
        let found = retrieve(&upload, &anna, question("lease")).await;
        assert_eq!(found.pending_files, 1);
        drop(upload);
        world.executable = good;
        let upload = world.start(upload_svc::SERVICE).await;
        world.clock.advance(AFTER_LEASE);
        let file = until(&upload, &anna, &id, "indexed").await;
        assert!(file["error"].is_null());
    }

    async fn the_work_of_a_killed_process_is_taken_over(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let good = world.executable.clone();
        drop(services.upload);
        let begun = world.folder().join("begun");
        world.executable = parser(&world, "hangs.sh", &format!("touch '{}'; cat >/dev/null; sleep 600", begun.display()));
        let doomed = world.start(upload_svc::SERVICE).await;
        let anna = world.person();
        services.projects.send_json(&anna, "POST", "/api/v1/projects", &serde_json::json!({ "slug": "p" })).await;
        let id = add(&doomed, &anna, "p", "lease.md", LEASE.as_bytes()).await;
        eventually("the parser has begun", || async { begun.exists() }).await;
        drop(doomed);

        world.executable = good;
        let upload = world.start(upload_svc::SERVICE).await;
        let waiting = upload.get(&anna, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::OK);
        assert_eq!((&waiting["status"], &waiting["attempts"]), (&"received".into(), &1.into()), "the lease holds");
        world.clock.advance(AFTER_LEASE);
        let file = until(&upload, &anna, &id, "indexed").await;
        assert_eq!(file["attempts"], 2);
        let found = retrieve(&upload, &anna, question("notice period")).await;
        let with_notice = found.chunks.iter().filter(|chunk| chunk.text.contains("three months")).count();
        assert_eq!(with_notice, 1, "nothing is there twice");
    }

    async fn a_late_worker_cannot_write_over_its_successor(world: World) {
        let mut world = world;
        world.set("UPLOAD_WORKERS", "1");
        let services = start(&mut world).await;
        let good = world.executable.clone();
        drop(services.upload);
        let (begun, go) = (world.folder().join("begun"), world.folder().join("go"));
        let script = format!(
            "touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done; exec '{}' \"$@\"",
            begun.display(),
            go.display(),
            good.display()
        );
        world.executable = parser(&world, "late.sh", &script);
        let late = world.start(upload_svc::SERVICE).await;
        let anna = world.person();
        services.projects.send_json(&anna, "POST", "/api/v1/projects", &serde_json::json!({ "slug": "p" })).await;
        let id = add(&late, &anna, "p", "lease.md", LEASE.as_bytes()).await;
        eventually("the parser has begun", || async { begun.exists() }).await;
        world.executable = good;
        let upload = world.start(upload_svc::SERVICE).await;
        // The late one may renew its lease just then; but too often, and the successor loses its own.
        let mut advanced: Option<Instant> = None;
        eventually("the successor has done the work", || {
            if advanced.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
                world.clock.advance(AFTER_LEASE);
                advanced = Some(Instant::now());
            }
            async { upload.get(&anna, &format!("/api/v1/upload/{id}")).await.json()["status"] == "indexed" }
        })
        .await;
        let before = upload.get(&anna, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::OK);
        drop(upload);
        std::fs::write(go, "").unwrap();
        // Its one worker takes this only after it is done with the other.
        let next = add(&late, &anna, "p", "next.txt", b"The next file.").await;
        until(&late, &anna, &next, "indexed").await;
        let after = late.get(&anna, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::OK);
        assert_eq!(after, before);
    }

    async fn the_object_of_an_upload_that_was_cut_off_is_deleted(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        let head = "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhalf of a request\r\n\
            --cut\r\ncontent-disposition: form-data; name=\"project\"\r\n\r\n";
        let body = futures::stream::iter([Ok::<_, std::io::Error>(head)]).chain(futures::stream::pending());
        // Too long to be read before the handler begins.
        let request = anna.http("POST", "/api/v1/upload").header("content-length", 2 << 20);
        let request = request.header("content-type", "multipart/form-data; boundary=cut");
        tokio::select! {
            _ = services.upload.send(request.body(Body::from_stream(body)).unwrap()) => panic!("the body does not end"),
            () = eventually("the object is stored", || async { objects(&world) == 1 }) => {}
        }
        world.clock.advance(Duration::from_secs(2 * 24 * 3_600));
        eventually("the object is gone", || async { objects(&world) == 0 }).await;
    }
}
