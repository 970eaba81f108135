//! A project is for its members: a viewer reads, an editor also writes, and to anybody else it does not exist.

use access::ProjectRole::{Editor, Viewer};
use http::StatusCode;
use proto::upload::v1::RetrieveRequest;
use testkit::on_both;

use crate::support::{LEASE, Part, indexed, post, question, retrieve, start, try_retrieve};

on_both! {
    async fn what_may_be_done_with_a_file_depends_on_the_role_in_its_project(world: World) {
        let mut world = world;
        let editor = world.person();
        let (viewer, stranger) = (world.colleague(&editor), world.colleague(&editor));
        world.set_members(&[(&editor, Editor), (&viewer, Viewer)]);
        let services = start(&mut world).await;
        let project = services.project(&editor, "handbook").await;
        let upload = &services.upload;
        let id = indexed(upload, &editor, "handbook", "lease.md", LEASE.as_bytes()).await;
        let file = format!("/api/v1/upload/{id}");
        for (who, read, write) in [
            (&editor, StatusCode::OK, StatusCode::ACCEPTED),
            (&viewer, StatusCode::OK, StatusCode::FORBIDDEN),
            (&stranger, StatusCode::NOT_FOUND, StatusCode::NOT_FOUND),
        ] {
            for path in [file.clone(), format!("{file}/text"), "/api/v1/upload?project=handbook".to_owned()] {
                assert_eq!(upload.get(who, &path).await.status, read, "{path}");
            }
            let listed = upload.get(who, "/api/v1/upload").await.expect(StatusCode::OK);
            assert_eq!(listed["items"].as_array().unwrap().is_empty(), read == StatusCode::NOT_FOUND);
            let new = [Part::Field("project", &project), Part::File("note.txt", b"The key is under the mat.")];
            assert_eq!(post(upload, who, &new).await.status, write);
        }
        upload.delete(&viewer, &file).await.expect(StatusCode::FORBIDDEN);
        upload.delete(&stranger, &file).await.expect(StatusCode::NOT_FOUND);
        upload.delete(&editor, &file).await.expect(StatusCode::NO_CONTENT);
    }

    async fn passages_are_found_by_members_only(world: World) {
        let mut world = world;
        let viewer = world.person();
        let (editor, stranger) = (world.colleague(&viewer), world.colleague(&viewer));
        world.set_members(&[(&editor, Editor), (&viewer, Viewer)]);
        let services = start(&mut world).await;
        let project_id = services.project(&editor, "handbook").await;
        indexed(&services.upload, &editor, "handbook", "lease.md", LEASE.as_bytes()).await;
        let everywhere = question("notice period");
        let there = RetrieveRequest { project_id, ..everywhere.clone() };
        for request in [everywhere.clone(), there.clone()] {
            assert!(!retrieve(&services.upload, &viewer, request).await.chunks.is_empty());
        }
        assert!(retrieve(&services.upload, &stranger, everywhere).await.chunks.is_empty());
        let refused = try_retrieve(&services.upload, &stranger, there).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound);
    }
}
