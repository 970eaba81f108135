//! Files in S3.

use http::StatusCode;
use objects::Objects;
use testkit::{S3, on_both};

use crate::support::{LEASE, Part, check_parts, eventually, indexed, post, start};

on_both! {
    async fn a_file_is_kept_in_s3_read_from_it_and_deleted_there(world: World) {
        let mut world = world;
        let Some(server) = S3::start().await else { return };
        world.objects = Objects::s3(&server.options()).await.unwrap();
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let id = indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        assert_eq!(server.files().len(), 1);
        assert!(server.files()[0].ends_with(format!("{}/{id}", anna.org)), "{:?}", server.files());
        check_parts(&services.upload, &anna, &id, LEASE.as_bytes()).await;
        let deleted = services.upload.delete(&anna, &format!("/api/v1/upload/{id}")).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        eventually("the object is deleted", || async { server.files().is_empty() }).await;
    }

    async fn without_s3_an_upload_is_refused_for_now_and_taken_later(world: World) {
        let mut world = world;
        let Some(mut server) = S3::start().await else { return };
        world.objects = Objects::s3(&server.options()).await.unwrap();
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        server.kill();
        let upload = [Part::Field("project", "handbook"), Part::File("lease.md", LEASE.as_bytes())];
        let refused = post(&services.upload, &anna, &upload).await.expect(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused["detail"], "the file could not be stored");
        let files = services.upload.get(&anna, "/api/v1/upload").await.expect(StatusCode::OK);
        assert_eq!(files["items"].as_array().map(Vec::len), Some(0), "{files}");
        server.restart().await;
        indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
    }
}
