//! From a question to passages.

use std::collections::BTreeSet;

use testkit::{FakeWeb, SearxngFault, on_both};

use crate::{Stage, asking, pb};

on_both! {
    async fn passages_are_cut_from_the_stored_text(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("aldersund lighthouse", &["/a/0", "/a/8", "/a/16", "/a/3", "/a/4", "/a/5"]);
        let mut request = asking("aldersund lighthouse", 5, 20_000);
        request.question = format!("When was {} finished, and how many metres does it rise?", FakeWeb::subject(0));
        let story = stage.passages(&stage.who, request).await;

        assert_eq!(story.opened.len(), 5);
        assert!(!story.end.outage);
        assert_eq!(story.results.len(), 1);
        assert!(story.best().text.contains(&FakeWeb::fact(0)), "{}", story.best().text);
        assert!(story.best().heading.contains("Part 3 of the story"));
        for opened in &story.opened {
            let text = stage.text(&stage.who, &opened.page.as_ref().unwrap().snapshot_id).await;
            let text: Vec<char> = text.chars().collect();
            for passage in &opened.passages {
                let range = passage.start as usize..passage.end as usize;
                assert_eq!(text[range].iter().collect::<String>(), passage.text);
            }
        }
    }

    /// Two pages may say the same of different things, so that they are told apart once all are ranked.
    async fn no_page_sends_a_passage_twice_in_other_words(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("the road that follows the river", &["/a/1", "/a/7", "/a/13", "/a/19"]);
        let story = stage.passages(&stage.who, asking("the road that follows the river", 4, 20_000)).await;
        for opened in &story.opened {
            let texts: Vec<&str> = opened.passages.iter().map(|passage| passage.text.as_str()).collect();
            let distinct: BTreeSet<&str> = texts.iter().copied().collect();
            assert_eq!(distinct.len(), texts.len());
        }
        let sent: usize = story.opened.iter().map(|opened| opened.passages.len()).sum();
        assert_eq!(story.end.ranking.len(), sent);
    }

    async fn a_straggler_is_not_waited_for(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("anything", &["/slow", "/a/1", "/a/2"]);
        // The slow page takes a minute; a substitute is opened beside it.
        let story = stage.passages(&stage.who, asking("anything", 2, 5_000)).await;
        assert_eq!(story.urls(), [stage.web.page(1), stage.web.page(2)]);
    }

    async fn a_page_that_fails_is_replaced(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("anything", &["/500", "/wrong-type", "/a/1", "/a/2", "/a/3"]);
        let story = stage.passages(&stage.who, asking("anything", 2, 20_000)).await;
        assert_eq!(story.urls(), [stage.web.page(1), stage.web.page(2)]);
        assert_eq!(story.codes(), ["content_type", "http_500"]);
    }

    async fn the_deadline_ends_it_with_what_there_is(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("anything", &["/a/1", "/slow"]);
        let story = stage.passages(&stage.who, asking("anything", 2, 6_000)).await;
        assert_eq!(story.urls(), [stage.web.page(1)]);
        assert!(!story.end.outage);
    }

    async fn engines_that_do_not_answer_in_time_are_an_outage(world: World) {
        let stage = Stage::start(world).await;
        stage.searxng.set_delay(std::time::Duration::from_secs(60));
        let story = stage.passages(&stage.who, asking("anything", 2, 500)).await;
        assert!(story.end.outage);
        assert_eq!(story.end.engines[0].failure, "timeout");
    }

    async fn an_outage_is_not_an_empty_answer(world: World) {
        let stage = Stage::start(world).await;
        stage.searxng.set_results("nothing at all", Vec::new());
        let nothing = stage.passages(&stage.who, asking("nothing at all", 2, 20_000)).await;
        assert!(!nothing.end.outage && nothing.opened.is_empty());

        stage.searxng.set_fault(Some(SearxngFault::Status(500)));
        let outage = stage.passages(&stage.who, asking("nothing else", 2, 20_000)).await;
        assert!(outage.end.outage && outage.results[0].outage);
        assert_eq!(outage.end.engines[0].failure, "upstream");
    }

    async fn given_addresses_are_opened_and_known_ones_left_out(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("anything", &["/a/1", "/a/2"]);
        let request = pb::PassagesRequest {
            urls: vec![stage.web.page(9)],
            exclude_urls: vec![stage.web.page(1)],
            ..asking("anything", 1, 20_000)
        };
        let story = stage.passages(&stage.who, request).await;
        assert_eq!(story.urls(), [stage.web.page(2), stage.web.page(9)]);
    }

    async fn a_pdf_is_read_by_the_parser_child(world: World) {
        let stage = Stage::start(world).await;
        let read = stage.read(&stage.who, &format!("{}/pdf", stage.web.url())).await;
        assert_eq!(read.failures, []);
        assert!(stage.text(&stage.who, &read.pages[0].snapshot_id).await.contains("metres above the square"));
    }
}
