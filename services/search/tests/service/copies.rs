//! Stored page copies: whose they are, how long they are used, and that they stay.

use std::time::Duration;

use axum::http::StatusCode;
use testkit::{
    SearxngFault, on_both,
    service::{Tables, World},
};

use crate::{Stage, asking, site::Site};

const DAY: Duration = Duration::from_secs(25 * 3600);

on_both! {
    async fn a_copy_stays_as_it_was_when_the_page_changes(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("The bridge opens in March.").await;
        let first = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);
        site.say("The bridge opens in June.");
        stage.world.clock.advance(DAY);
        let second = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);

        assert_ne!(first.snapshot_id, second.snapshot_id);
        assert!(stage.text(&stage.who, &first.snapshot_id).await.contains("opens in March"));
        assert!(stage.text(&stage.who, &second.snapshot_id).await.contains("opens in June"));
    }

    async fn an_unchanged_page_keeps_its_copy(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("The bridge opens in March.").await;
        let first = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);
        stage.world.clock.advance(DAY);
        site.set_etag("\"one\"");
        let same_words = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);
        assert_eq!(same_words.snapshot_id, first.snapshot_id);
        stage.world.clock.advance(DAY);
        let same_tag = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);
        assert_eq!(same_tag.snapshot_id, first.snapshot_id);
        assert_eq!((site.asked(), site.not_modified()), (3, 1));
    }

    async fn a_fresh_page_is_not_asked_for_again(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("The bridge opens in March.").await;
        stage.read(&stage.who, &site.url("/page")).await;
        stage.read(&stage.who, &site.url("/page#part")).await;
        assert_eq!(site.asked(), 1);
        // Another process on the same data has the stored copy.
        let again = stage.world.start(search_svc::SERVICE).await;
        let read = stage.read_at(&again, &stage.who, &site.url("/page")).await;
        assert!(stage.text(&stage.who, &read.pages[0].snapshot_id).await.contains("opens in March"));
        assert_eq!(site.asked(), 1);
    }

    async fn an_old_copy_stands_in_for_a_site_that_is_down(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("The bridge opens in March.").await;
        let first = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);
        site.break_down();
        stage.world.clock.advance(DAY);
        let second = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);
        assert_eq!((second.snapshot_id, second.fetched_at), (first.snapshot_id, first.fetched_at));
        stage.world.clock.advance(7 * DAY);
        let third = stage.read(&stage.who, &site.url("/page")).await;
        assert_eq!(third.failures[0].code, "http_503");
    }

    async fn equal_addresses_are_fetched_once_at_a_time(world: World) {
        let stage = Stage::start(world).await;
        stage.web.set_delay(Duration::from_millis(300));
        let page = stage.web.page(5);
        let reads = (0..8).map(|_| stage.read(&stage.who, &page));
        let reads = futures::future::join_all(reads).await;
        assert!(reads.iter().all(|read| read.pages[0].snapshot_id == reads[0].pages[0].snapshot_id));
        assert_eq!(stage.web.opened()["/a/5"], 1);
    }

    async fn private_pages_stay_in_their_organisation(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("The intranet says that quokkas guard the vault.").await;
        let (colleague, stranger) = (stage.world.colleague(&stage.who), stage.world.person());
        let mine = stage.read(&stage.who, &site.url("/page")).await.pages.remove(0);

        let theirs = stage.read(&colleague, &site.url("/page")).await.pages.remove(0);
        assert_eq!((theirs.snapshot_id, site.asked()), (mine.snapshot_id.clone(), 1));
        let path = format!("/api/v1/search/pages/{}", mine.snapshot_id);
        stage.service.get(&stranger, &path).await.expect(StatusCode::NOT_FOUND);
        stage.service.get(&stage.who, &path).await.expect(StatusCode::OK);

        let own = stage.read(&stranger, &site.url("/page")).await.pages.remove(0);
        assert_ne!(own.snapshot_id, mine.snapshot_id);
        assert_eq!(site.asked(), 2);
    }

    async fn a_page_without_words_is_kept(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("Nothing here.").await;
        let read = stage.read(&stage.who, &site.url("/marks")).await;
        assert_eq!((read.pages.len(), read.failures.len()), (1, 0), "{read:?}");
    }

    async fn pages_read_before_are_found_when_the_web_is_out(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("The intranet says that quokkas guard the vault.").await;
        stage.read(&stage.who, &site.url("/page")).await;
        stage.searxng.set_fault(Some(SearxngFault::Status(500)));

        let found = stage.search(&stage.world.colleague(&stage.who), "which quokkas guard the vault").await;
        assert!(!found.outage);
        assert_eq!(found.results[0].url, site.url("/page"));
        assert_eq!(found.results[0].engines, ["local"]);
        assert!(stage.search(&stage.who, "what do wombats eat in the vault").await.outage);
        assert!(stage.search(&stage.world.person(), "which quokkas guard the vault").await.outage);
    }

    async fn robots_are_obeyed(world: World) {
        let stage = Stage::start(world).await;
        let site = Site::start("Nothing for robots.").await;
        let read = stage.read(&stage.who, &site.url("/secret")).await;
        assert_eq!(read.failures[0].code, "robots");
        assert_eq!(site.asked(), 0);
    }

    async fn private_networks_are_closed_unless_opened(world: World) {
        let stage = Stage::with(world, &[("FETCH_ALLOW_CIDRS", "")]).await;
        stage.finds("anything", &["/a/1", "/a/2"]);
        let story = stage.passages(&stage.who, asking("anything", 1, 20_000)).await;
        assert!(story.opened.is_empty());
        assert!(story.codes().iter().all(|code| matches!(*code, "port" | "denied_address")), "{:?}", story.codes());
        assert!(stage.web.opened().is_empty());
    }
}

/// Conditions forgotten in a statement would still show nothing of another organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_private_pages_of_other_organisations() {
    let Some(world) = World::postgres().await else { return };
    let stage = Stage::start(world).await;
    let site = Site::start("The intranet says that quokkas guard the vault.").await;
    stage.read(&stage.who, &site.url("/page")).await;
    let special = Tables { index: &["page_search"], ..Tables::default() };
    let people = [&stage.who, &stage.world.person()];
    stage.world.assert_hidden(&stage.service, search_svc::SERVICE.name, people, special).await;
}
