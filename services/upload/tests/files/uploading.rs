//! What is taken and what is refused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use http::StatusCode;
use testkit::on_both;

use crate::support::{LEASE, Part, add, eventually, objects, post, post_with, start, text};

on_both! {
    async fn the_project_may_come_after_the_file(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        let project = services.project(&anna, "handbook").await;
        let parts = [Part::File("a.txt", b"hello"), Part::Field("project", &project)];
        post(&services.upload, &anna, &parts).await.expect(StatusCode::ACCEPTED);
    }

    async fn equal_content_under_one_path_is_one_file(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        services.project(&anna, "other").await;
        let first = add(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        let again = [Part::Field("project", "handbook"), Part::File("lease.md", LEASE.as_bytes())];
        let again = post(&services.upload, &anna, &again).await.expect(StatusCode::OK);
        assert_eq!((&again["id"], &again["name"]), (&first.into(), &"lease.md".into()));
        eventually("the copy is not kept", || async { objects(&world) == 1 }).await;
        add(&services.upload, &anna, "other", "lease.md", LEASE.as_bytes()).await;
        add(&services.upload, &anna, "handbook", "copy.md", LEASE.as_bytes()).await;
        eventually("another project and another path have their own", || async { objects(&world) == 3 }).await;
    }

    async fn equal_uploads_at_once_make_one_file(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let parts = [Part::Field("project", "handbook"), Part::File("a.txt", b"the same")];
        let answers = futures::future::join_all((0..8).map(|_| post(&services.upload, &anna, &parts))).await;
        let created = answers.iter().filter(|answer| answer.status == StatusCode::ACCEPTED).count();
        assert_eq!(created, 1);
        let ids: std::collections::BTreeSet<String> = answers.iter().map(|answer| text(&answer.json()["id"])).collect();
        assert_eq!(ids.len(), 1);
        eventually("1 objects are left", || async { objects(&world) == 1 }).await;
    }

    async fn a_repeated_request_has_the_same_answer(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let key = [("idempotency-key", "one")];
        let parts = [Part::Field("project", "handbook"), Part::File("a.txt", b"one")];
        let first = post_with(&services.upload, &anna, &parts, &key).await.expect(StatusCode::ACCEPTED);
        let second = post_with(&services.upload, &anna, &parts, &key).await;
        assert!(second.headers.contains_key("idempotent-replayed"));
        assert_eq!(second.expect(StatusCode::ACCEPTED), first, "answered as it was the first time");
        eventually("1 objects are left", || async { objects(&world) == 1 }).await;
        let parts = [Part::Field("project", "handbook"), Part::File("b.txt", b"two")];
        let third = post_with(&services.upload, &anna, &parts, &key).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(third["code"], "idempotency_key_reused");
    }

    async fn an_unknown_project_is_named_with_near_ones(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let parts = [Part::File("a.txt", b"hello"), Part::Field("project", "handbok")];
        let problem = post(&services.upload, &anna, &parts).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(problem["detail"], "project \"handbok\" not found; did you mean handbook?");
        eventually("what came before the refusal is not kept", || async { objects(&world) == 0 }).await;
    }

    async fn a_file_that_is_too_large_is_refused(world: World) {
        let mut world = world;
        world.set("UPLOAD_MAX_BYTES", "100000");
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let fits = vec![b'a'; 100_000];
        add(&services.upload, &anna, "handbook", "fits.txt", &fits).await;
        let large = vec![b'b'; 100_001];
        let parts = [Part::Field("project", "handbook"), Part::File("large.txt", &large)];
        let problem = post(&services.upload, &anna, &parts).await.expect(StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!((&problem["code"], &problem["detail"]), (&"file_too_large".into(), &"the file is larger than 100000 bytes".into()));
        eventually("nothing is kept of it", || async { objects(&world) == 1 }).await;
    }

    async fn a_length_that_is_too_large_is_refused_before_a_byte_is_read(world: World) {
        let mut world = world;
        world.set("UPLOAD_MAX_BYTES", "100000");
        let services = start(&mut world).await;
        let anna = world.person();
        let never = futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
        let request = anna
            .http("POST", "/api/v1/upload")
            .header("content-type", "multipart/form-data; boundary=x")
            .header("content-length", "300000");
        let problem = services.upload.send(request.body(axum::body::Body::from_stream(never)).unwrap()).await;
        assert_eq!(problem.expect(StatusCode::PAYLOAD_TOO_LARGE)["code"], "file_too_large");
    }

    async fn one_file_too_many_at_once_is_refused_until_there_is_a_turn(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let received = Arc::new(AtomicUsize::new(0));
        let sending = (0..32).map(|_| {
            let mut counted = Some(received.clone());
            let never = futures::stream::poll_fn(move |_| {
                let _ = counted.take().map(|received| received.fetch_add(1, Ordering::Relaxed));
                Poll::<Option<Result<bytes::Bytes, std::io::Error>>>::Pending
            });
            let request = anna
                .http("POST", "/api/v1/upload")
                .header("content-type", "multipart/form-data; boundary=x")
                .header("content-length", "3000000");
            services.upload.send(request.body(axum::body::Body::from_stream(never)).unwrap())
        });
        let parts = [Part::Field("project", "handbook"), Part::File("a.txt", b"hello")];
        let refused = async {
            eventually("32 are received", || async { received.load(Ordering::Relaxed) == 32 }).await;
            post(&services.upload, &anna, &parts).await
        };
        let refused = tokio::select! {
            refused = refused => refused,
            _ = futures::future::join_all(sending) => panic!("nothing was sent"),
        };
        assert_eq!(refused.headers["retry-after"], "1");
        assert_eq!(refused.expect(StatusCode::SERVICE_UNAVAILABLE)["code"], "overloaded");
        post(&services.upload, &anna, &parts).await.expect(StatusCode::ACCEPTED);
    }

    async fn what_is_not_a_document_is_refused(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let cases: [(&str, &[u8], &str); 4] = [
            ("a.pdf", b"PK\x03\x04word/", "the name says PDF, but the content is an Office file"),
            ("a.txt", b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            ("a.exe", b"MZ\0\0", ".exe"),
            ("a.txt", b"", "empty"),
        ];
        for (name, content, detail) in cases {
            let parts = [Part::Field("project", "handbook"), Part::File(name, content)];
            let problem = post(&services.upload, &anna, &parts).await.expect(StatusCode::UNSUPPORTED_MEDIA_TYPE);
            assert!(text(&problem["detail"]).contains(detail), "{problem}");
        }
        eventually("0 objects are left", || async { objects(&world) == 0 }).await;
    }

    async fn a_form_with_faults_is_refused_with_all_of_them(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let empty = post(&services.upload, &anna, &[]).await.expect(StatusCode::BAD_REQUEST);
        assert_eq!(empty["errors"].as_array().unwrap().len(), 2, "{empty}");
        let two = [Part::Field("project", "handbook"), Part::File("a.txt", b"a"), Part::File("b.txt", b"b")];
        post(&services.upload, &anna, &two).await.expect(StatusCode::BAD_REQUEST);
        let nameless = [Part::Field("project", "handbook"), Part::File("../..", b"a")];
        post(&services.upload, &anna, &nameless).await.expect(StatusCode::ACCEPTED);
        let other = [Part::Field("colour", "red")];
        post(&services.upload, &anna, &other).await.expect(StatusCode::BAD_REQUEST);
        let json = services.upload.send_json(&anna, "POST", "/api/v1/upload", &serde_json::json!({})).await;
        assert_eq!(json.status, StatusCode::BAD_REQUEST);
    }
}
