//! Results of queries: asked once, kept for whom they may be kept.

use std::time::Duration;

use testkit::{FakeEngine, FakeEngines, SearxngFault, on_both};

use crate::{Found, Stage, pb};

on_both! {
    async fn an_equal_query_is_answered_from_the_cache(world: World) {
        let stage = Stage::start(world).await;
        let first = stage.search(&stage.who, "the aqueduct").await;
        let second = stage.search(&stage.world.person(), "the aqueduct").await;
        assert_eq!(first.results, second.results);
        assert_eq!((first.from_cache, second.from_cache), (false, true));
        assert_eq!(stage.searxng.calls().len(), 1);

        stage.world.clock.advance(Duration::from_secs(3600));
        assert!(!stage.search(&stage.who, "the aqueduct").await.from_cache);
        assert_eq!(stage.searxng.calls().len(), 2);
    }

    async fn the_cache_can_be_switched_off(world: World) {
        let stage = Stage::with(world, &[("SEARCH_CACHE_TTL", "0s")]).await;
        stage.search(&stage.who, "the aqueduct").await;
        assert!(!stage.search(&stage.who, "the aqueduct").await.from_cache);
        assert_eq!(stage.searxng.calls().len(), 2);
    }

    async fn a_private_query_is_kept_for_its_organisation(world: World) {
        let stage = Stage::start(world).await;
        let ask = async |who: &testkit::service::Person, private: bool| {
            let queries = vec!["acme merger with zenith".to_owned()];
            let request = pb::PassagesRequest { queries, private, pages: 1, ..Default::default() };
            Found::of(stage.passages(who, request).await).from_cache
        };
        let (colleague, stranger) = (stage.world.colleague(&stage.who), stage.world.person());
        assert!(!ask(&stage.who, true).await);
        assert!(ask(&colleague, true).await);
        assert!(!ask(&stranger, true).await);
        assert!(!ask(&stranger, false).await);
    }

    async fn old_results_stand_in_when_every_engine_fails(world: World) {
        let stage = Stage::start(world).await;
        let first = stage.search(&stage.who, "the aqueduct").await;
        stage.searxng.set_fault(Some(SearxngFault::Status(500)));
        stage.world.clock.advance(Duration::from_secs(3600));
        let second = stage.search(&stage.who, "the aqueduct").await;
        assert!(second.from_cache && !second.outage);
        assert_eq!(first.results, second.results);
        assert!(second.engines.iter().any(|engine| engine.failure == "upstream"));
    }

    async fn keyless_engines_search_when_there_is_no_searxng(world: World) {
        let engines = FakeEngines::start().await;
        let address = engines.base(FakeEngine::Wikipedia);
        // Wikimedia turns clients away that do not say whom to write to.
        let settings = [("SEARXNG_URL", ""), ("SEARCH_ENGINES", "wikipedia"), ("WIKIPEDIA_URL", address.as_str()),
            ("FETCH_CONTACT", "ops@example.org")];
        let stage = Stage::with(world, &settings).await;
        let found = stage.search(&stage.who, "lighthouse").await;
        assert!(!found.outage);
        assert_eq!(found.results[0].engines, ["wikipedia"]);
    }

    async fn engines_nobody_can_reach_are_an_outage(world: World) {
        let settings = [("SEARXNG_URL", ""), ("SEARCH_ENGINES", "wikipedia,github"),
            ("WIKIPEDIA_URL", "http://127.0.0.1:1"), ("GITHUB_URL", "http://127.0.0.1:1")];
        let stage = Stage::with(world, &settings).await;
        let found = stage.search(&stage.who, "lighthouse").await;
        assert!(found.outage);
        let mut failed: Vec<_> = found.engines.iter().filter(|engine| !engine.failure.is_empty()).collect();
        failed.sort_by_key(|engine| &engine.engine);
        assert!(failed.iter().all(|engine| engine.failure == "unreachable"), "{failed:?}");
    }
}
