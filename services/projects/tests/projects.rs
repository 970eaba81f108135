//! Projects through HTTP and gRPC, on both databases.
#![expect(clippy::unwrap_used, reason = "tests")]

use access::ProjectRole;
use axum::http::StatusCode;
use proto::{
    events::v1::ProjectDeleted,
    projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient},
};
use serde_json::{Value, json};
use testkit::service::{Person, TestService};

const LIST: &str = "/api/v1/projects";

async fn make(projects: &TestService, who: &Person, slug: &str) -> Value {
    projects.send_json(who, "POST", LIST, &json!({ "slug": slug })).await.expect(StatusCode::CREATED)
}

fn slugs(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|project| project["slug"].as_str().unwrap()).collect()
}

testkit::on_both! {
    async fn a_project_is_found_by_slug_and_by_id(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        let new = json!({ "slug": "moon", "name": " To the moon " });
        let made = projects.send_json(&ann, "POST", LIST, &new).await.expect(StatusCode::CREATED);
        assert_eq!((&made["slug"], &made["name"]), (&json!("moon"), &json!("To the moon")));
        for key in [made["slug"].as_str().unwrap(), made["id"].as_str().unwrap()] {
            assert_eq!(projects.get(&ann, &format!("{LIST}/{key}")).await.expect(StatusCode::OK), made);
        }
        assert_eq!(make(&projects, &ann, "mars").await["name"], "mars", "the slug stands in for a name");
        let taken = projects.send_json(&ann, "POST", LIST, &new).await;
        taken.expect(StatusCode::CONFLICT);
    }

    async fn every_fault_of_a_new_project_is_named(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        let uuid = "01890000-0000-7000-8000-000000000000";
        for slug in ["", "-moon", "Moon", "to the moon", "луна", uuid, &"m".repeat(65)] {
            let new = json!({ "slug": slug, "name": " " });
            let refused = projects.send_json(&ann, "POST", LIST, &new).await.expect(StatusCode::BAD_REQUEST);
            let pointers: Vec<&Value> = refused["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
            assert_eq!(pointers, ["/slug", "/name"], "{slug:?}");
        }
    }

    async fn a_list_goes_on_where_its_page_ended(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        for slug in ["mercury", "venus", "earth"] {
            make(&projects, &ann, slug).await;
        }
        let first = projects.get(&ann, &format!("{LIST}?limit=2")).await.expect(StatusCode::OK);
        assert_eq!(slugs(&first), ["earth", "venus"]);
        make(&projects, &ann, "mars").await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = projects.get(&ann, &format!("{LIST}?limit=2&cursor={cursor}")).await.expect(StatusCode::OK);
        assert_eq!((slugs(&rest), &rest["next_cursor"]), (vec!["mercury"], &Value::Null));
        projects.get(&ann, &format!("{LIST}?colour=red")).await.expect(StatusCode::BAD_REQUEST);
    }

    async fn a_mistyped_slug_is_answered_with_similar_ones(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        for slug in ["kitchen-table", "garden", "kitchen"] {
            make(&projects, &ann, slug).await;
        }
        for (slug, expected) in [
            ("kichten", r#"project "kichten" not found; did you mean kitchen?"#),
            ("kit", r#"project "kit" not found; did you mean kitchen, kitchen-table?"#),
            ("roof", r#"project "roof" not found"#),
        ] {
            let missing = projects.get(&ann, &format!("{LIST}/{slug}")).await.expect(StatusCode::NOT_FOUND);
            assert_eq!(missing["detail"], expected);
        }
    }

    async fn another_organisation_sees_none_of_them(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        let (colleague, eve) = (world.colleague(&ann), world.person());
        let made = make(&projects, &ann, "moon").await;
        let address = format!("{LIST}/{}", made["id"].as_str().unwrap());
        projects.get(&colleague, &address).await.expect(StatusCode::OK);
        projects.get(&eve, &address).await.expect(StatusCode::NOT_FOUND);
        let hidden = projects.get(&eve, &format!("{LIST}/moon")).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(hidden["detail"], r#"project "moon" not found"#, "no hint at names of others");
        assert!(slugs(&projects.get(&eve, LIST).await.expect(StatusCode::OK)).is_empty());
        make(&projects, &eve, "moon").await;
    }

    async fn a_project_is_shown_to_its_members_only(world: World) {
        let mut world = world;
        let ann = world.person();
        let (member, stranger) = (world.colleague(&ann), world.colleague(&ann));
        world.set_members(&[(&ann, ProjectRole::Editor), (&member, ProjectRole::Viewer)]);
        let projects = world.start(projects_svc::SERVICE).await;
        make(&projects, &ann, "moon").await;
        projects.get(&member, &format!("{LIST}/moon")).await.expect(StatusCode::OK);
        assert_eq!(slugs(&projects.get(&member, LIST).await.expect(StatusCode::OK)), ["moon"]);
        projects.get(&stranger, &format!("{LIST}/moon")).await.expect(StatusCode::NOT_FOUND);
        let mistyped = projects.get(&stranger, &format!("{LIST}/moom")).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(mistyped["detail"], r#"project "moom" not found"#, "no hint at what is not shown");
        assert!(slugs(&projects.get(&stranger, LIST).await.expect(StatusCode::OK)).is_empty());
    }

    async fn a_project_is_renamed_unless_it_was_changed_in_between(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        make(&projects, &ann, "moon").await;
        let address = format!("{LIST}/moon");
        let rename = async |name: &str, tag: &str| projects.patch(&ann, &address, tag, &json!({ "name": name })).await;
        let renamed = rename(" Luna ", "\"1\"").await.expect(StatusCode::OK);
        assert_eq!((&renamed["name"], &renamed["slug"]), (&json!("Luna"), &json!("moon")));
        rename("Selene", "\"1\"").await.expect(StatusCode::PRECONDITION_FAILED);
        rename(" ", "*").await.expect(StatusCode::BAD_REQUEST);
        assert_eq!(projects.get(&ann, &address).await.expect(StatusCode::OK)["name"], "Luna");
    }

    async fn a_deleted_project_is_gone_and_published(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        let made = make(&projects, &ann, "moon").await;
        let address = format!("{LIST}/moon");
        projects.delete(&world.person(), &address).await.expect(StatusCode::NOT_FOUND);
        projects.delete(&ann, &address).await.expect(StatusCode::NO_CONTENT);
        projects.delete(&ann, &address).await.expect(StatusCode::NOT_FOUND);
        let events = projects.events::<ProjectDeleted>(&ann).await;
        let [event] = events.as_slice() else { panic!("one event: {events:?}") };
        assert_eq!(event.project_id, made["id"].as_str().unwrap());
        make(&projects, &ann, "moon").await;
    }

    async fn what_was_made_is_recorded_with_who_made_it(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        let made = make(&projects, &ann, "moon").await;
        let taken = projects.send_json(&ann, "POST", LIST, &json!({ "slug": "moon" })).await;
        taken.expect(StatusCode::CONFLICT);
        let records = projects.audit_records(&ann).await;
        let [record] = records.as_slice() else { panic!("one record: {records:?}") };
        assert_eq!((record.service.as_str(), record.action.as_str()), ("projects", "create_project"));
        assert_eq!((record.object_kind.as_str(), record.object_id.as_str()), ("project", made["id"].as_str().unwrap()));
        assert_eq!((record.actor_kind.as_str(), record.actor_id.as_str()), ("user", record.user_id.as_str()));
        assert_eq!(record.user_id, ann.user.to_string());
        assert!(record.before_hash.is_empty() && record.after_hash.len() == 64 && !record.request_id.is_empty());
        assert!(projects.audit_records(&world.person()).await.is_empty(), "of one organisation");
    }

    async fn other_services_resolve_slugs_and_ids(world: World) {
        let (projects, ann) = (world.start(projects_svc::SERVICE).await, world.person());
        let made = make(&projects, &ann, "moon").await;
        let mut client = ProjectsServiceClient::new(projects.transport());
        for key in [made["slug"].as_str().unwrap(), made["id"].as_str().unwrap()] {
            let request = ann.grpc(ResolveRequest { slug_or_id: key.to_owned() });
            let found = client.resolve(request).await.unwrap().into_inner();
            assert_eq!((found.id.as_str(), found.slug.as_str()), (made["id"].as_str().unwrap(), "moon"));
        }
        let request = world.person().grpc(ResolveRequest { slug_or_id: "moon".to_owned() });
        assert_eq!(client.resolve(request).await.unwrap_err().code(), tonic::Code::NotFound);
    }
}
