//! Two organisations on one server never see anything of each other: not files, threads, runs, page copies nor caches.

use base::time::{Clock, Ids};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    FakeWeb,
    service::{Answer, Issuer},
};

use crate::{
    support::{LEASE, NOTICE, about_the_lease, handbook, on_both},
    web::{about_the_lighthouse, lighthouse_engine},
};

const NOWHERE: &str = "01900000-0000-7000-8000-000000000000";

/// What does not exist and what is somebody else's look the same.
fn same_refusal(theirs: &Answer, nobodys: &Answer) {
    let bare = |answer: &Answer| {
        let mut problem = answer.expect(StatusCode::NOT_FOUND);
        problem["request_id"] = Value::Null;
        problem
    };
    assert_eq!(bare(theirs), bare(nobodys));
}

on_both! {
    async fn nothing_of_one_organisation_is_there_for_another(server: Builder) {
        let web = FakeWeb::start().await;
        let engine = lighthouse_engine(&web).await;
        let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
        let server = server.set("JWT_PUBLIC_KEY", issuer.public_key()).set("SEARXNG_URL", engine.url()).start().await;
        let ada = server.client_of(&issuer.person(ids.next(), ids.next()));
        let bob = server.client_of(&issuer.person(ids.next(), ids.next()));

        let file = handbook(&ada).await;
        let file = file["id"].as_str().unwrap();
        let answer = ada.ask(&about_the_lease()).await.expect(StatusCode::OK);
        assert!(answer["answer"].as_str().unwrap().contains("three months"), "{answer:#}");
        let (run, thread) = (answer["run_id"].as_str().unwrap(), answer["thread_id"].as_str().unwrap());
        ada.thread(thread, 1).await;
        let seen = ada.ask(&about_the_lighthouse()).await.expect(StatusCode::OK);
        let snapshot = seen["sources"][0]["snapshot_id"].as_str().unwrap();
        let opened = web.opened();

        for path in [
            format!("/api/v1/upload/{file}"),
            format!("/api/v1/upload/{file}/text"),
            format!("/api/v1/chat/runs/{run}"),
            format!("/api/v1/chat/runs/{run}/events"),
            format!("/api/v1/library/threads/{thread}"),
            format!("/api/v1/search/pages/{snapshot}"),
        ] {
            assert_eq!(ada.status(&path).await, Some(200), "{path}");
            let known = [file, run, thread, snapshot].into_iter().find(|id| path.contains(id)).unwrap();
            same_refusal(&bob.get(&path).await, &bob.get(&path.replace(known, NOWHERE)).await);
        }
        same_refusal(
            &bob.post(&format!("/api/v1/chat/runs/{run}/cancel"), &json!({})).await,
            &bob.post(&format!("/api/v1/chat/runs/{NOWHERE}/cancel"), &json!({})).await,
        );
        for path in [format!("/api/v1/upload/{file}"), format!("/api/v1/library/threads/{thread}")] {
            assert_eq!(bob.delete(&path).await.status, StatusCode::NOT_FOUND);
            assert_eq!(ada.status(&path).await, Some(200), "{path}");
        }
        for list in ["/api/v1/upload", "/api/v1/library/threads", "/api/v1/library/threads?q=notice", "/api/v1/projects"] {
            assert!(!ada.list(list).await.is_empty(), "{list}");
            assert_eq!(bob.list(list).await, Vec::<Value>::new(), "{list}");
        }

        let refused = bob.ask(&about_the_lease()).await.expect(StatusCode::NOT_FOUND);
        assert!(refused["detail"].as_str().unwrap().ends_with("\"handbook\" not found"), "{refused}");
        let go_on = json!({ "query": NOTICE, "thread_id": thread });
        assert_eq!(bob.ask(&go_on).await.status, StatusCode::NOT_FOUND);
        for ask in [
            json!({ "query": NOTICE, "sources": ["files"] }),
            json!({ "query": NOTICE, "sources": ["files"], "file_ids": [file] }),
        ] {
            let answer = bob.ask(&ask).await.expect(StatusCode::OK);
            assert_eq!((&answer["sources"], &answer["citations"]), (&json!([]), &json!([])), "{answer:#}");
        }

        let seen = bob.ask(&about_the_lighthouse()).await.expect(StatusCode::OK);
        assert!(seen["answer"].as_str().unwrap().contains("1200"), "{seen:#}");
        assert_ne!(web.opened(), opened, "a page of a private network is opened anew for another organisation");
    }

    async fn the_same_names_and_keys_of_two_organisations_do_not_meet(server: Builder) {
        let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
        let server = server.set("JWT_PUBLIC_KEY", issuer.public_key()).start().await;
        let mut runs = Vec::new();
        for notice in ["three months", "six weeks"] {
            let person = server.client_of(&issuer.person(ids.next(), ids.next()));
            person.make_project("handbook").await;
            person.add_file("handbook", "lease.md", LEASE.replace("three months", notice)).await;
            let mut ask = about_the_lease();
            ask["stream"] = json!(false);
            let request = person.request("POST", "/api/v1/chat").header("idempotency-key", "monday").json(&ask);
            let answer = person.send(request).await.expect(StatusCode::OK);
            assert!(answer["answer"].as_str().unwrap().contains(notice), "{answer:#}");
            runs.push(answer["run_id"].clone());
        }
        assert_ne!(runs[0], runs[1]);
    }

    async fn an_address_has_a_limit_whoever_asks_from_it(server: Builder) {
        let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
        let server = server.set("JWT_PUBLIC_KEY", issuer.public_key()).set("ASKS_PER_MINUTE_ADDRESS", "1").start().await;
        let statuses = [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS];
        for status in statuses {
            let person = server.client_of(&issuer.person(ids.next(), ids.next()));
            person.make_project("handbook").await;
            person.add_file("handbook", "lease.md", LEASE.to_owned()).await;
            assert_eq!(person.ask(&about_the_lease()).await.status, status);
        }
    }

    async fn the_same_questions_of_two_organisations_have_their_own_answers(server: Builder) {
        let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
        let server = server.set("JWT_PUBLIC_KEY", issuer.public_key()).set("ASKS_PER_MINUTE", "0").start().await;
        let canaries = ["three months", "six weeks"];
        let mut people = Vec::new();
        for canary in canaries {
            let person = server.client_of(&issuer.person(ids.next(), ids.next()));
            person.make_project("handbook").await;
            person.add_file("handbook", "lease.md", LEASE.replace("three months", canary)).await;
            people.push(person);
        }
        for _ in 0..20 {
            let asked = people.iter().map(async |person| person.ask(&about_the_lease()).await.expect(StatusCode::OK));
            let answers = futures::future::join_all(asked).await;
            for (answer, [own, other]) in answers.iter().zip([canaries, [canaries[1], canaries[0]]]) {
                let answer = answer.to_string();
                assert!(answer.contains(own) && !answer.contains(other), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn people_of_one_organisation_share_files_and_keep_threads_to_themselves() {
    let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
    let server = crate::support::gooseek().set("JWT_PUBLIC_KEY", issuer.public_key()).start().await;
    let org = ids.next();
    let ada = server.client_of(&issuer.person(org, ids.next()));
    let eve = server.client_of(&issuer.person(org, ids.next()));
    handbook(&ada).await;
    let answer = ada.ask(&about_the_lease()).await.expect(StatusCode::OK);
    ada.thread(answer["thread_id"].as_str().unwrap(), 1).await;
    assert_eq!(eve.list("/api/v1/library/threads").await, Vec::<Value>::new());
    let run = format!("/api/v1/chat/runs/{}", answer["run_id"].as_str().unwrap());
    assert_eq!(eve.get(&run).await.status, StatusCode::NOT_FOUND);
    assert!(
        eve.ask(&about_the_lease()).await.expect(StatusCode::OK)["answer"].as_str().unwrap().contains("three months")
    );
}

#[tokio::test]
async fn only_a_token_that_was_signed_for_this_server_is_believed() {
    let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
    let server = crate::support::gooseek().set("JWT_PUBLIC_KEY", issuer.public_key()).start().await;
    let stranger = server.client_of(&Issuer::new().person(ids.next(), ids.next()));
    for client in [server.client(), stranger] {
        for path in ["/api/v1/projects", "/api/v1/upload", "/api/v1/library/threads", "/api/v1/search/engines"] {
            assert_eq!(client.get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
        }
        let asked = client.ask(&json!({ "query": "Who am I?" })).await;
        assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    }
    let claimed = server.client().request("GET", "/api/v1/projects").header("x-user-id", ids.next().to_string());
    assert_eq!(server.client().send(claimed).await.status, StatusCode::UNAUTHORIZED);
}
