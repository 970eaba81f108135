//! `/api/v1/search`.

use axum::http::StatusCode;
use serde_json::json;
use testkit::{FakeWeb, SearxngFault, on_both};

use crate::Stage;

const SEARCH: &str = "/api/v1/search";

on_both! {
    async fn snippets_are_text_of_the_pages(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("lighthouse", &["/a/3", "/a/4", "/a/5", "/a/6"]);
        let body = json!({"query": "lighthouse", "max_results": 3, "display_server_time": true});
        let answer = stage.service.send_json(&stage.who, "POST", SEARCH, &body).await.expect(StatusCode::OK);
        let results = answer["results"].as_array().unwrap();
        let urls: Vec<&str> = results.iter().map(|result| result["url"].as_str().unwrap()).collect();
        assert_eq!(urls, [stage.web.page(3), stage.web.page(4), stage.web.page(5)]);
        assert!(results[0]["snippet"].as_str().unwrap().contains(&FakeWeb::fact(3)));
        assert_eq!(results[0]["title"], FakeWeb::title(3));
        assert_eq!(results[0]["date"], FakeWeb::date(3));
        assert!(answer["id"].is_string() && answer["server_time"].is_string());
    }

    async fn token_budgets_size_the_snippets(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("finished metres above the square", &["/a/3", "/a/4", "/a/5"]);
        let body = json!({"query": ["finished metres above the square"], "max_results": 3, "max_tokens_per_page": 200,
            "max_tokens": 450});
        let answer = stage.service.send_json(&stage.who, "POST", SEARCH, &body).await.expect(StatusCode::OK);
        let results = answer["results"].as_array().unwrap();
        let snippets: Vec<&str> = results.iter().map(|result| result["snippet"].as_str().unwrap()).collect();
        assert!(snippets[0].contains(&FakeWeb::fact(3)), "{}", snippets[0]);
        let tokens: Vec<usize> = snippets.iter().map(|snippet| text::tokens::count(snippet)).collect();
        assert!(tokens.iter().all(|tokens| *tokens <= 210), "{tokens:?}");
        assert!(tokens.iter().sum::<usize>() <= 470, "{tokens:?}");
    }

    async fn filters_leave_pages_out(world: World) {
        let stage = Stage::start(world).await;
        stage.finds("lighthouse", &["/a/3", "/a/4", "/a/5"]);
        // Articles 3, 4 and 5 were published in 2018, 2019 and 2020.
        let body = json!({"query": "lighthouse", "max_results": 3, "search_after_date_filter": "01/01/2020"});
        let answer = stage.service.send_json(&stage.who, "POST", SEARCH, &body).await.expect(StatusCode::OK);
        assert_eq!(answer["results"].as_array().unwrap().len(), 1);
        let body = json!({"query": "lighthouse", "search_domain_filter": ["-127.0.0.1"]});
        let answer = stage.service.send_json(&stage.who, "POST", SEARCH, &body).await.expect(StatusCode::OK);
        assert_eq!(answer["results"], json!([]));
    }

    async fn every_fault_of_a_request_is_named(world: World) {
        let stage = Stage::start(world).await;
        let body = json!({"query": "", "max_results": 21, "max_tokens": 0, "country": "Germany",
            "search_language_filter": ["eng"],
            "search_domain_filter": ["a.org", "-b.org"],
            "search_before_date_filter": "2026-01-01"});
        let problem = stage.service.send_json(&stage.who, "POST", SEARCH, &body).await.expect(StatusCode::BAD_REQUEST);
        let faults = problem["errors"].as_array().unwrap();
        let pointers: Vec<&str> = faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
        let expected = ["/query", "/max_results", "/max_tokens", "/country", "/search_language_filter",
            "/search_domain_filter", "/search_before_date_filter"];
        assert_eq!(pointers, expected);
        let unknown = stage.service.send_json(&stage.who, "POST", SEARCH, &json!({"query": "a", "colour": 1})).await;
        unknown.expect(StatusCode::BAD_REQUEST);
    }

    async fn an_outage_names_engines_and_codes(world: World) {
        let stage = Stage::start(world).await;
        stage.searxng.set_fault(Some(SearxngFault::Limiter));
        let answer = stage.service.send_json(&stage.who, "POST", SEARCH, &json!({"query": "lighthouse"})).await;
        let problem = answer.expect(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(problem["code"], "search_outage");
        assert_eq!(problem["detail"], "all search engines failed: searxng rate_limited");

        let engines = stage.service.get(&stage.who, "/api/v1/search/engines").await.expect(StatusCode::OK);
        assert_eq!(engines["engines"][0]["name"], "searxng");
        assert_eq!(engines["engines"][0]["last_error"], "rate_limited");
    }

    async fn a_query_being_typed_is_completed(world: World) {
        let stage = Stage::start(world).await;
        let answer = stage.service.get(&stage.who, "/api/v1/search/suggest?q=aque").await.expect(StatusCode::OK);
        assert_eq!(answer, json!({"suggestions": ["aque history", "aque price"]}));
        stage.service.get(&stage.who, "/api/v1/search/suggest?q=").await.expect(StatusCode::BAD_REQUEST);
    }

    async fn strangers_are_refused(world: World) {
        let stage = Stage::start(world).await;
        let request = axum::http::Request::get("/api/v1/search/engines").body(axum::body::Body::empty()).unwrap();
        stage.service.send(request).await.expect(StatusCode::UNAUTHORIZED);
    }
}
