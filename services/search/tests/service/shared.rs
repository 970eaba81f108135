//! Processes that share a Redis: one asks the engines for all, and losing Redis changes no answer.

use std::time::Duration;

use cache::redis::Redis;
use testkit::on_both;

use crate::Stage;

/// Longer than Redis takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

on_both! {
    async fn a_redis_that_is_shared_or_empty_or_dead_changes_no_answer(world: World) {
        let mut world = world;
        let Some(mut server) = testkit::Redis::start().await else { return };
        world.redis = Some(Redis::open(&server.url(), PATIENCE).await.unwrap());
        let mut stage = Stage::start(world).await;
        let expected = stage.search(&stage.who, "the aqueduct").await.results;
        assert_eq!(stage.searxng.calls().len(), 1);

        let first = std::mem::replace(&mut stage.service, stage.world.start(search_svc::SERVICE).await);
        let found = stage.search(&stage.who, "the aqueduct").await;
        assert!(found.from_cache && found.results == expected, "another process knows");
        assert_eq!(stage.searxng.calls().len(), 1);
        drop(first);

        server.flush().await;
        let found = stage.search(&stage.who, "the aqueduct").await;
        assert!(!found.from_cache && found.results == expected, "nobody knows");
        assert_eq!(stage.searxng.calls().len(), 2);

        server.kill();
        let found = stage.search(&stage.who, "the aqueduct").await;
        assert!(found.from_cache && found.results == expected, "this process remembers what it found itself");
        let found = stage.search(&stage.who, "the viaduct").await;
        assert!(!found.outage && !found.results.is_empty());
    }
}
