//! Passages ranked by vectors too, and by words alone when those are late or cannot be had.

use std::time::Duration;

use testkit::{Behaviour, FakeOpenAi, Kind, Script, Step, on_both, service::World};

use crate::{Stage, Story, asking, pb, site::Site};

const QUESTION: &str = "reimbursement of travel costs";
/// Shares no word with the question.
const MEANT: &str = "The company repays trips within a fortnight";

/// A page of several passages: two with words of the question, one that means what it asks for, and others.
async fn guide() -> Site {
    let passages = [
        ("Desks", "Desks are cleaned on Fridays, and plants are watered on Mondays by whoever comes first."),
        ("Budget", "The travel budget of each team is set in spring by the finance department and printed."),
        ("Visitors", "Visitors sign the book at the entrance and wear a badge as long as they are inside."),
        ("Trips", MEANT),
        ("Lunch", "Lunch is served from noon in the garden when it is warm, otherwise in the long hall."),
        ("Costs", "All costs of the new building are listed in the yearly report, which anyone may read."),
    ];
    let sections: Vec<String> =
        passages.iter().map(|(title, text)| format!("</p><h2>{title}</h2><p>{text}.")).collect();
    Site::start(&sections.concat()).await
}

/// A model to which the two phrases mean the same.
async fn model(world: &mut World, within: &str) -> FakeOpenAi {
    let pairs = [("repays", "reimbursement"), ("trips", "travel"), ("fortnight", "costs"), ("company", "of")];
    let synonyms = pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect();
    let server = FakeOpenAi::start(Script { synonyms, ..Script::default() }).await;
    world.set("LLM_PROVIDER", "openai");
    world.set("OPENAI_BASE_URL", server.url());
    world.set("EMBEDDING_MODEL", "embedding-model");
    world.set("SEARCH_EMBED_WITHIN", within);
    server
}

async fn ask(stage: &Stage, site: &Site, deadline_ms: u32) -> Story {
    let request = pb::PassagesRequest {
        urls: vec![site.url("/page")],
        question: QUESTION.to_owned(),
        passages_per_page: 4,
        ..asking("", 1, deadline_ms)
    };
    let story = stage.passages(&stage.who, pb::PassagesRequest { queries: Vec::new(), ..request }).await;
    assert_eq!(story.opened.len(), 1, "the page is there, with vectors or without");
    story
}

fn has_meant(story: &Story) -> bool {
    story.opened[0].passages.iter().any(|passage| passage.text.contains(MEANT))
}

/// What is found without vectors.
fn by_words_alone(story: &Story) -> bool {
    let texts: Vec<&str> = story.opened[0].passages.iter().map(|passage| passage.text.as_str()).collect();
    texts.len() == 2 && texts.iter().all(|text| text.contains("travel budget") || text.contains("costs"))
}

on_both! {
    async fn a_passage_is_found_by_what_it_means(world: World) {
        let mut world = world;
        let server = model(&mut world, "20s").await;
        let (stage, site) = (Stage::start(world).await, guide().await);
        let story = ask(&stage, &site, 30_000).await;
        assert!(has_meant(&story), "{:?}", story.opened[0].passages);
        assert!(story.ranked(2).text.contains(MEANT), "after those whose words count as well: {:?}", story.end.ranking);
        assert!(story.degraded.is_empty());
        let near = story.opened[0].passages.iter().filter(|passage| passage.near);
        assert!(near.clone().any(|passage| passage.text.contains(MEANT)) && near.count() <= 2);

        let asked = server.requests().len();
        ask(&stage, &site, 30_000).await;
        assert_eq!(server.requests().len(), asked + 1, "the question alone: the page's vectors are kept");
    }

    async fn without_a_model_or_time_for_it_words_decide(world: World) {
        let mut world = world;
        let server = model(&mut world, "0s").await;
        let (stage, site) = (Stage::start(world).await, guide().await);
        let story = ask(&stage, &site, 30_000).await;
        assert!(by_words_alone(&story) && story.degraded.is_empty());
        assert!(server.requests().is_empty());
    }

    async fn a_model_that_is_down_is_named_and_words_decide(world: World) {
        let mut world = world;
        let server = model(&mut world, "20s").await;
        for _ in 0..20 {
            server.push(Kind::Embeddings, Behaviour::error(401, "invalid_api_key", "no"));
        }
        let (stage, site) = (Stage::start(world).await, guide().await);
        let story = ask(&stage, &site, 30_000).await;
        assert!(by_words_alone(&story));
        assert_eq!(story.degraded, ["embeddings: the model server refused the key"]);
    }

    async fn a_slow_model_costs_no_more_than_its_time(world: World) {
        let mut world = world;
        let server = model(&mut world, "100ms").await;
        for _ in 0..20 {
            let late = [Step::Wait(Duration::from_secs(3)), Step::raw("garbage that nobody is there to read")];
            server.push(Kind::Embeddings, Behaviour::Stream(late.to_vec()));
        }
        let (stage, site) = (Stage::start(world).await, guide().await);
        let story = ask(&stage, &site, 20_000).await;
        assert!(by_words_alone(&story));
        assert_eq!(story.degraded, ["embeddings: the model took too long"]);
    }

    async fn no_page_is_lost_to_a_slow_model(world: World) {
        let mut world = world;
        let server = model(&mut world, "60s").await;
        for _ in 0..20 {
            server.push(Kind::Embeddings, Behaviour::Silent);
        }
        let (stage, site) = (Stage::start(world).await, guide().await);
        // Read before, so that only the vectors can be late.
        stage.read(&stage.who, &site.url("/page")).await;
        let story = ask(&stage, &site, 2_000).await;
        assert!(by_words_alone(&story));
        assert_eq!(story.degraded, ["embeddings: the model took too long"]);
    }
}
