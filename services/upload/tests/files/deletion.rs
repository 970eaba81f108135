//! Deleting a file leaves nothing of it.

use std::time::Duration;

use bus::EventRecord;
use db::{Db, fetch_all, fetch_one};
use http::StatusCode;
use proto::events::v1::ProjectDeleted;
use testkit::{
    FakeOpenAi, Script, on_both,
    service::{Person, World},
};

use crate::support::{LEASE, eventually, indexed, question, retrieve, start};

/// Rows of every table that belongs to files, and terms of the full-text index, as far as `who` can see.
async fn leftovers(db: &Db, who: &Person, term: &str) -> Vec<(&'static str, i64)> {
    let mut session = db.read(&who.scope()).await.unwrap();
    let mut found = Vec::new();
    for table in ["files", "texts", "chunks", "vectors", "jobs"] {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let (rows,): (i64,) = fetch_one!(&mut session, unscoped: count).unwrap();
        found.push((table, rows));
    }
    let count = if session.is_sqlite() {
        "SELECT COUNT(*) FROM chunk_vocabulary WHERE term = $1"
    } else {
        "SELECT COUNT(*) FROM chunk_terms WHERE terms @@ $1::tsquery"
    };
    let (terms,): (i64,) = fetch_one!(&mut session, unscoped: count, term).unwrap();
    found.push(("terms", terms));
    found.retain(|(_, rows)| *rows > 0);
    found
}

/// Whether any object or any page of a SQLite index still has the bytes of `word`.
async fn on_disk(world: &World, db: &Db, word: &str) -> bool {
    let mut places: Vec<Vec<u8>> = Vec::new();
    let mut folders = vec![world.folder().join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                places.push(std::fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut session = db.read(&base::Scope::public()).await.unwrap();
    if session.is_sqlite() {
        let blocks: Vec<(Vec<u8>,)> =
            fetch_all!(&mut session, any on sqlite: "SELECT block FROM chunk_terms_data").unwrap();
        places.extend(blocks.into_iter().map(|(block,)| block));
    }
    places.iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

on_both! {
    async fn nothing_of_a_deleted_file_is_left(world: World) {
        let mut world = world;
        let server = FakeOpenAi::start(Script::default()).await;
        world.set("LLM_PROVIDER", "openai");
        world.set("OPENAI_BASE_URL", server.url());
        world.set("EMBEDDING_MODEL", "embedding-model");
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let content = format!("{LEASE}\nquxblorf\n");
        let id = indexed(&services.upload, &anna, "handbook", "lease.md", content.as_bytes()).await;
        let db = services.upload.db.clone();
        assert_eq!(leftovers(&db, &anna, "quxblorf").await.len(), 5, "a row of each kind: the scan sees them");
        assert!(on_disk(&world, &db, "quxblorf").await);
        retrieve(&services.upload, &anna, question("quxblorf")).await;

        let deleted = services.upload.delete(&anna, &format!("/api/v1/upload/{id}")).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        services.upload.get(&anna, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::NOT_FOUND);
        services.upload.delete(&anna, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::NOT_FOUND);
        let found = retrieve(&services.upload, &anna, question("quxblorf")).await;
        assert_eq!(found.chunks.len(), 0, "neither words nor cached vectors find it");
        world.clock.advance(Duration::from_secs(60));
        eventually("nothing is left", || async {
            leftovers(&db, &anna, "quxblorf").await.is_empty() && !on_disk(&world, &db, "quxblorf").await
        })
        .await;
        // The same content is welcome again.
        indexed(&services.upload, &anna, "handbook", "lease.md", content.as_bytes()).await;
    }

    async fn nothing_of_a_deleted_project_is_left(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        let project = services.project(&anna, "handbook").await;
        services.project(&anna, "office").await;
        for name in ["lease.md", "notes.txt"] {
            indexed(&services.upload, &anna, "handbook", name, format!("{LEASE}\nquxblorf {name}\n").as_bytes()).await;
        }
        let kept = indexed(&services.upload, &anna, "office", "lease.md", LEASE.as_bytes()).await;
        let message = ProjectDeleted { project_id: project, deleted_at: None };
        let event = EventRecord::new(world.ids.next(), anna.org, &message, world.clock.clock().now());
        services.upload.deliver(&event).await;
        services.upload.deliver(&event).await;
        let db = services.upload.db.clone();
        eventually("nothing is left", || async {
            world.clock.advance(Duration::from_secs(60));
            let listed = services.upload.get(&anna, "/api/v1/upload").await.expect(StatusCode::OK);
            listed["items"].as_array().unwrap().len() == 1 && !on_disk(&world, &db, "quxblorf").await
        })
        .await;
        services.upload.get(&anna, &format!("/api/v1/upload/{kept}")).await.expect(StatusCode::OK);
    }

    async fn the_neighbours_of_a_deleted_file_are_found(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "zoo").await;
        let wolf = indexed(&services.upload, &anna, "zoo", "wolf.txt", b"The wolf eats meat.").await;
        indexed(&services.upload, &anna, "zoo", "panda.txt", b"The panda eats bamboo.").await;
        services.upload.delete(&anna, &format!("/api/v1/upload/{wolf}")).await;
        world.clock.advance(Duration::from_secs(60));
        let db = services.upload.db.clone();
        eventually("the index is rewritten", || async { leftovers(&db, &anna, "wolf").await.iter().all(|(table, _)| *table != "jobs") }).await;
        let found = retrieve(&services.upload, &anna, question("What does the panda eat?")).await;
        assert_eq!(found.chunks.len(), 1);
    }
}
