//! Words and vectors together.

use proto::upload::v1::RetrieveRequest;
use testkit::{Behaviour, FakeOpenAi, Kind, Script, on_both, service::World};

use crate::support::{LEASE, add, indexed, question, retrieve, start, try_retrieve, until};

pub(crate) async fn with_model(world: &mut World) -> FakeOpenAi {
    let server = FakeOpenAi::start(Script::default()).await;
    world.set("LLM_PROVIDER", "openai");
    world.set("OPENAI_BASE_URL", server.url());
    world.set("EMBEDDING_MODEL", "embedding-model");
    server
}

on_both! {
    async fn several_questions_are_asked_at_once(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "zoo").await;
        indexed(&services.upload, &anna, "zoo", "wolf.txt", b"The wolf eats meat.").await;
        indexed(&services.upload, &anna, "zoo", "panda.txt", b"The panda eats bamboo.").await;
        let queries = vec!["wolf".to_owned(), "bamboo".to_owned()];
        let found = retrieve(&services.upload, &anna, RetrieveRequest { queries, ..RetrieveRequest::default() }).await;
        let names: Vec<&str> = found.chunks.iter().map(|chunk| chunk.file_name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        let request = RetrieveRequest { project_id: "zoo".to_owned(), ..RetrieveRequest::default() };
        let refused = try_retrieve(&services.upload, &anna, request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }

    async fn words_of_other_scripts_and_forms_are_found(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "words").await;
        let texts = [
            ("ru.txt", "Договор аренды расторгается с уведомлением за три месяца.", "расторжение договора"),
            ("zh.txt", "租赁合同的通知期为三个月。", "合同"),
            ("code.txt", "The error ERR_CONN_42 of version 2.4.1 costs 1,000.50 euros.", "ERR_CONN_42"),
            ("hi.txt", "किराये की अवधि तीन महीने है।", "अवधि"),
        ];
        for (name, text, _) in texts {
            indexed(&services.upload, &anna, "words", name, text.as_bytes()).await;
        }
        for (name, _, query) in texts {
            let found = retrieve(&services.upload, &anna, question(query)).await;
            assert_eq!(found.chunks.first().map(|chunk| chunk.file_name.as_str()), Some(name), "{query}");
        }
    }

    async fn vectors_find_what_words_do_not(world: World) {
        let mut world = world;
        let server = with_model(&mut world).await;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        indexed(&services.upload, &anna, "handbook", "wolf.txt", b"The wolf eats meat.").await;
        let found = retrieve(&services.upload, &anna, question("zzz qqq")).await;
        assert!(!found.chunks.is_empty(), "no word is shared, every chunk has a vector");
        assert!(found.chunks.iter().all(|chunk| chunk.near));
        assert_eq!(found.degraded, "");
        let wolf = retrieve(&services.upload, &anna, question("The wolf eats meat.")).await;
        assert_eq!(wolf.chunks[0].file_name, "wolf.txt");

        for _ in 0..8 {
            server.push(Kind::Embeddings, Behaviour::error(500, "broken", "broken"));
        }
        let found = retrieve(&services.upload, &anna, question("wolf")).await;
        assert!(found.degraded.starts_with("embeddings: "), "{}", found.degraded);
        assert_eq!(found.chunks[0].file_name, "wolf.txt", "words are enough for some");
        assert!(found.chunks.iter().all(|chunk| !chunk.near), "nothing is known of what it means");
    }

    async fn a_model_in_a_folder_makes_vectors(world: World) {
        let Some(model) = testkit::embedding_model() else { return };
        let mut world = world;
        world.set("EMBEDDING_MODEL_DIR", model.display().to_string());
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let texts: [(&str, &[u8]); 3] = [
            ("refund.txt", b"Customers get their money back within fourteen days."),
            ("museum.txt", b"The museum opens at nine on weekdays."),
            ("ice.txt", b"Ice swims because it is lighter than water."),
        ];
        for (name, text) in texts {
            indexed(&services.upload, &anna, "handbook", name, text).await;
        }
        let found = retrieve(&services.upload, &anna, question("reimbursement period")).await;
        assert_eq!(found.chunks[0].file_name, "refund.txt", "no word is shared");
        assert_eq!(found.degraded, "");
    }

    async fn a_file_waits_for_vectors_and_is_found_meanwhile(world: World) {
        let mut world = world;
        let server = with_model(&mut world).await;
        for _ in 0..3 {
            server.push(Kind::Embeddings, Behaviour::error(503, "overloaded", "overloaded"));
        }
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let id = add(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        let file = until(&services.upload, &anna, &id, "pending").await;
        assert!(file["error"].as_str().unwrap().starts_with("no vectors yet: "), "{file}");
        let found = retrieve(&services.upload, &anna, question("notice period")).await;
        assert!(found.chunks[0].text.contains("three months"));
        assert_eq!(found.pending_files, 0, "it can be read");
        world.clock.advance(std::time::Duration::from_secs(3_600));
        let file = until(&services.upload, &anna, &id, "indexed").await;
        assert!(file["error"].is_null(), "{file}");
    }

    async fn another_model_makes_the_vectors_anew(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let id = indexed(&services.upload, &anna, "handbook", "wolf.txt", b"The wolf eats meat.").await;
        drop(services);
        let script = Script { embedding_models: vec!["embedding-model".to_owned(), "other".to_owned()], ..Script::default() };
        let server = FakeOpenAi::start(script).await;
        world.set("LLM_PROVIDER", "openai");
        world.set("OPENAI_BASE_URL", server.url());
        for model in ["embedding-model", "other"] {
            world.set("EMBEDDING_MODEL", model);
            let asked = server.requests().len();
            let upload = world.start(upload_svc::SERVICE).await;
            crate::support::eventually("the file is embedded", || async { server.requests().len() > asked }).await;
            until(&upload, &anna, &id, "indexed").await;
            let found = retrieve(&upload, &anna, question("zzz")).await;
            assert_eq!(found.chunks.len(), 1, "found by its vector of {model} alone");
        }
    }
}
