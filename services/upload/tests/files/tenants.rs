//! Two organisations never see each other's files, whatever they are called and contain.

use db::execute;
use http::StatusCode;
use proto::upload::v1::RetrieveRequest;
use testkit::{
    on_both,
    service::{Person, Tables, TestService, World},
};

use crate::{
    retrieval::with_model,
    support::{LEASE, indexed, question, retrieve, start},
};

on_both! {
    async fn a_file_of_another_organisation_does_not_exist(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let (anna, eve) = (world.person(), world.person());
        services.project(&anna, "handbook").await;
        services.project(&eve, "handbook").await;
        let id = indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        let missing = "00000000-0000-7000-8000-00000000dead";
        for suffix in ["", "/text"] {
            let foreign = services.upload.get(&eve, &format!("/api/v1/upload/{id}{suffix}")).await;
            let nowhere = services.upload.get(&eve, &format!("/api/v1/upload/{missing}{suffix}")).await;
            assert_eq!(foreign.expect(StatusCode::NOT_FOUND)["detail"], nowhere.expect(StatusCode::NOT_FOUND)["detail"]);
        }
        services.upload.delete(&eve, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::NOT_FOUND);
        let listed = services.upload.get(&eve, "/api/v1/upload").await.expect(StatusCode::OK);
        assert_eq!(listed["items"].as_array().unwrap().len(), 0);
        services.upload.get(&anna, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::OK);
    }

    async fn passages_stay_in_their_organisation(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let (anna, eve) = (world.person(), world.person());
        let hers = services.project(&anna, "handbook").await;
        let eves = services.project(&eve, "handbook").await;
        let secret = format!("{LEASE}\nThe vault code is marmalade.\n");
        let id = indexed(&services.upload, &anna, "handbook", "lease.md", secret.as_bytes()).await;
        // What a person writes can never stand for somebody else's scope.
        let forged = format!("{LEASE}\n/o/{0} o{0} /p/{hers} marmalade\n", anna.org.simple());
        let own = indexed(&services.upload, &eve, "handbook", "lease.md", forged.as_bytes()).await;
        let own_of = |found: proto::upload::v1::RetrieveResponse| -> Vec<String> {
            found.chunks.into_iter().map(|chunk| chunk.file_id).collect()
        };
        for (project_id, file_ids) in [
            (String::new(), vec![]),
            (eves.clone(), vec![]),
            (hers.clone(), vec![]),
            (String::new(), vec![id.clone()]),
            (hers.clone(), vec![id.clone()]),
        ] {
            let request = RetrieveRequest { project_id, file_ids, ..question("vault code marmalade notice period") };
            let files = own_of(retrieve(&services.upload, &eve, request).await);
            assert!(files.iter().all(|file| *file == own), "{files:?}");
        }
        let files = own_of(retrieve(&services.upload, &anna, question("marmalade")).await);
        assert!(!files.is_empty() && files.iter().all(|file| *file == id), "{files:?}");
    }

    async fn a_question_can_be_kept_to_a_project_or_to_files(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        let one = services.project(&anna, "one").await;
        services.project(&anna, "two").await;
        let first = indexed(&services.upload, &anna, "one", "a.txt", b"The wolf lives in the north.").await;
        let second = indexed(&services.upload, &anna, "one", "b.txt", b"The wolf lives in the south.").await;
        let third = indexed(&services.upload, &anna, "two", "c.txt", b"The wolf lives in the east.").await;
        let ask = async |project_id: &str, file_ids: &[&String]| {
            let file_ids = file_ids.iter().map(|id| (*id).clone()).collect();
            let request = RetrieveRequest { project_id: project_id.to_owned(), file_ids, ..question("wolf") };
            let found = retrieve(&services.upload, &anna, request).await;
            let mut files: Vec<String> = found.chunks.into_iter().map(|chunk| chunk.file_id).collect();
            files.sort();
            files
        };
        assert_eq!(ask("", &[]).await, [first.clone(), second.clone(), third.clone()]);
        assert_eq!(ask(&one, &[]).await, [first.clone(), second.clone()]);
        assert_eq!(ask("", &[&second, &third]).await, [second.clone(), third.clone()]);
        assert_eq!(ask(&one, &[&second, &third]).await, std::slice::from_ref(&second));
        let colleague = world.colleague(&anna);
        let found = retrieve(&services.upload, &colleague, question("wolf")).await;
        assert_eq!(found.chunks.len(), 3, "an organisation shares its files");
    }
}

/// The second wall: a statement that forgot its condition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_itself_keeps_organisations_apart() {
    let Some(mut world) = World::postgres().await else { return };
    let _model = with_model(&mut world).await;
    let services = start(&mut world).await;
    let (anna, eve) = (world.person(), world.person());
    services.project(&anna, "handbook").await;
    indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
    let empty = &["deleted_projects"];
    let special = Tables { shared: &["numbering"], index: &["chunk_terms"], empty, ..Tables::default() };
    world.assert_hidden(&services.upload, upload_svc::SERVICE.name, [&anna, &eve], special).await;
}

/// SQLite knows how frequent a word is in the whole database only; Postgres does not ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_that_is_frequent_in_another_organisation_still_finds() {
    let mut world = World::sqlite();
    let services = start(&mut world).await;
    let (anna, eve) = (world.person(), world.person());
    services.project(&eve, "noise").await;
    indexed(&services.upload, &eve, "noise", "jam.txt", b"A notice about marmalade.").await;
    write_often(&services.upload, &eve, "notice", 13_000).await;

    let handbook = services.project(&anna, "handbook").await;
    let id = indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
    services.project(&anna, "zoo").await;
    indexed(&services.upload, &anna, "zoo", "wolf.txt", b"The wolf eats meat.").await;
    // One small project, and everything: that span is as large as the numbers of a project.
    for project_id in [handbook, String::new()] {
        let request = RetrieveRequest { project_id: project_id.clone(), ..question("marmalade notice") };
        let found = retrieve(&services.upload, &anna, request).await;
        let files: Vec<&str> = found.chunks.iter().map(|chunk| chunk.file_id.as_str()).collect();
        assert_eq!(files, [id.as_str()], "project {project_id:?}");
    }
}

/// Puts a word into the index as if `count` more chunks of the person's project had it.
async fn write_often(upload: &TestService, who: &Person, word: &str, count: i64) {
    let mut session = upload.db.begin(&who.scope()).await.unwrap();
    execute!(
        &mut session,
        org on sqlite: "WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < $2)
             INSERT INTO chunk_terms (rowid, terms)
             SELECT (SELECT next_seq FROM project_sequences WHERE org = $1) + n, $3 FROM number",
        count,
        text::terms::query_terms(word).join(" ")
    )
    .unwrap();
    session.commit().await.unwrap();
}
