//! Questions to ask next, by a model that is asked alone.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{Behaviour, FakeOpenAi, Kind, Script, Step, service::World};

const QUESTIONS: &str =
    r#"{"questions": ["When do ducks return?", "Where do ducks fly?", " Do ducks\nsleep? ", "do ducks sleep?"]}"#;

/// The finished run of a question whose model gives `related` when it is asked for JSON.
async fn run(mut world: World, mode: &str, query: &str, related: Behaviour) -> (Value, FakeOpenAi) {
    let model = FakeOpenAi::start(Script::default()).await;
    model.push(Kind::Chat, Behaviour::tokens(["Ducks ", "fly ", "south."]));
    model.push(Kind::Structured, related);
    world.set("LLM_PROVIDER", "openai");
    world.set("OPENAI_BASE_URL", model.url());
    world.set("CHAT_MODEL", "chat-model");
    let (chat, who) = (world.start(chat_svc::SERVICE).await, world.person());
    let ask = json!({"query": query, "sources": [], "mode": mode, "stream": false});
    let answer = chat.send_json(&who, "POST", "/api/v1/chat", &ask).await.expect(StatusCode::OK);
    assert_eq!((&answer["answer"], &answer["status"]), (&json!("Ducks fly south."), &json!("complete")), "{answer:#}");
    assert_eq!(answer["degraded"], json!([]), "nobody misses them");
    (answer, model)
}

testkit::on_both! {
    async fn the_model_thinks_of_questions_in_the_language_of_the_asker(world: World) {
        let (answer, model) = run(world, "balanced", "Where do ducks fly?", Behaviour::tokens([QUESTIONS])).await;
        assert_eq!(answer["related"], json!(["When do ducks return?", "Do ducks sleep?"]), "none twice, none just asked");
        let asked = format!("{:?}", model.requests());
        assert!(asked.contains("written in the language en"), "{asked}");
    }

    async fn in_speed_mode_the_writer_alone_is_asked(world: World) {
        let (answer, model) = run(world, "speed", "Where do ducks fly?", Behaviour::tokens([QUESTIONS])).await;
        assert_eq!(answer["related"], json!([]));
        assert_eq!(model.requests().len(), 1);
    }

    async fn the_writer_is_asked_alone_until_it_has_begun(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        let slow = [Step::Wait(Duration::from_millis(300)), Step::text("Ducks fly."), Step::Stall];
        model.push(Kind::Chat, Behaviour::Stream(slow.to_vec()));
        world.set("LLM_PROVIDER", "openai");
        world.set("OPENAI_BASE_URL", model.url());
        world.set("CHAT_MODEL", "chat-model");
        let (chat, who) = (world.start(chat_svc::SERVICE).await, world.person());
        let ask = json!({"query": "Where do ducks fly?", "sources": [], "mode": "balanced", "background": true});
        let asking = chat.send_json(&who, "POST", "/api/v1/chat", &ask);
        let watching = async {
            model.wait_for_open_streams(1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(model.requests().len(), 1);
            while model.requests().len() < 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            _ = asking => panic!("the writer stalls"),
            () = watching => {}
        }
    }

    async fn late_questions_are_not_waited_for(world: World) {
        let late = Behaviour::Stream(vec![Step::Wait(Duration::from_secs(4)), Step::text(QUESTIONS), Step::end(), Step::Done]);
        let (answer, _) = run(world, "balanced", "Where do ducks fly?", late).await;
        assert_eq!(answer["related"], json!([]));
    }

    async fn a_model_that_gives_none_is_not_missed(world: World) {
        let refused = Behaviour::error(500, "broken", "broken");
        let (answer, _) = run(world, "quality", "Wohin fliegen Enten?", refused).await;
        assert_eq!(answer["related"], json!([]));
    }
}
