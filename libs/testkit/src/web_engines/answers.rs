//! What the upstreams answer, each in its own shape.

use std::fmt::Write as _;

use axum::{
    Json,
    body::Body,
    http::{Response, StatusCode, header},
    response::IntoResponse,
};
use serde_json::{Value, json};

use super::FakeEngine;
use crate::faults;

/// `count` results for `words`.
pub(super) fn found(engine: FakeEngine, words: &str, count: usize, backoff: Option<u64>) -> Response<Body> {
    let each = |make: &dyn Fn(usize, &str) -> Value, name: &str| -> Vec<Value> {
        (1..=count).map(|n| make(n, &format!("{words} ({name} {n})"))).collect()
    };
    let body = match engine {
        FakeEngine::Wikipedia => {
            let pages = each(&wikipedia, "wikipedia");
            json!({"batchcomplete": true, "query": {"searchinfo": {"suggestion": format!("{words}s")}, "search": pages}})
        }
        FakeEngine::Wikidata => {
            json!({"searchinfo": {"search": words}, "search": each(&wikidata, "wikidata"), "success": 1})
        }
        FakeEngine::Arxiv => return atom(words, count),
        FakeEngine::Crossref => {
            let items = each(&crossref, "crossref");
            json!({"status": "ok", "message-type": "work-list", "message": {"total-results": count, "items": items}})
        }
        FakeEngine::OpenAlex => json!({"meta": {"count": count}, "results": each(&openalex, "openalex")}),
        FakeEngine::HackerNews => json!({"hits": each(&story, "hacker_news"), "nbHits": count, "page": 0}),
        FakeEngine::StackExchange => {
            let items = each(&question, "stack_exchange");
            let mut body = json!({"items": items, "has_more": false, "quota_max": 300, "quota_remaining": 299});
            if let Some(backoff) = backoff {
                body["backoff"] = json!(backoff);
            }
            return packed(StatusCode::OK, &body);
        }
        FakeEngine::GitHub => {
            json!({"total_count": count, "incomplete_results": false, "items": each(&repository, "github")})
        }
    };
    Json(body).into_response()
}

/// A failure the way the upstream itself words it.
pub(super) fn error(engine: FakeEngine) -> Response<Body> {
    match engine {
        FakeEngine::Wikipedia | FakeEngine::Wikidata => {
            Json(json!({"error": {"code": "ratelimited", "info": "You've exceeded your rate limit."}})).into_response()
        }
        FakeEngine::Arxiv => {
            let entry = "<entry><id>http://arxiv.org/api/errors#incorrect_id_format</id><title>Error</title>\
                         <summary>incorrect id format</summary><updated>2026-01-01T00:00:00Z</updated></entry>";
            feed(entry)
        }
        FakeEngine::Crossref => {
            let message = json!([{"type": "parameter-not-allowed", "value": "x", "message": "not allowed"}]);
            let body = json!({"status": "failed", "message-type": "validation-failure", "message": message});
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        FakeEngine::OpenAlex => {
            let body = json!({"error": "Rate limit exceeded", "message": "Insufficient budget"});
            (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response()
        }
        FakeEngine::HackerNews => {
            (StatusCode::BAD_REQUEST, Json(json!({"message": "invalid filter", "status": 400}))).into_response()
        }
        FakeEngine::StackExchange => {
            let body = json!({"error_id": 502, "error_name": "throttle_violation",
                "error_message": "too many requests from this IP, more requests available in 81000 seconds"});
            packed(StatusCode::BAD_REQUEST, &body)
        }
        FakeEngine::GitHub => {
            let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1767225690")];
            let body = json!({"message": "API rate limit exceeded", "documentation_url": "https://docs.github.com"});
            (StatusCode::FORBIDDEN, headers, Json(body)).into_response()
        }
    }
}

fn wikipedia(n: usize, title: &str) -> Value {
    let snippet = "a <span class=\"searchmatch\">match</span> &amp; more";
    json!({"ns": 0, "title": title, "pageid": n, "size": 9000, "wordcount": 900, "snippet": snippet})
}

fn wikidata(n: usize, title: &str) -> Value {
    json!({"id": format!("Q{n}"), "title": format!("Q{n}"), "pageid": n, "repository": "wikidata",
        "concepturi": format!("http://www.wikidata.org/entity/Q{n}"), "url": format!("//www.wikidata.org/wiki/Q{n}"),
        "label": title, "description": "thing", "match": {"type": "label", "language": "en", "text": title}})
}

/// The second has neither abstract nor full date, the third no date at all, as happens.
fn crossref(n: usize, title: &str) -> Value {
    let parts = [json!([[2024, 5, 17]]), json!([[2023, 2]]), json!([[null]])];
    let mut work = json!({"DOI": format!("10.5555/{n}"), "URL": format!("https://doi.org/10.5555/{n}"), "title": [title],
        "container-title": ["Journal of Tests"], "published": {"date-parts": parts[(n - 1) % 3]}});
    if n != 2 {
        work["abstract"] = json!("<jats:p>We show H<jats:sub>2</jats:sub>O.</jats:p>");
    }
    work
}

/// The second has no abstract, the third no landing page.
fn openalex(n: usize, title: &str) -> Value {
    let index = json!({"abstract": [1, 4], "An": [0], "of": [2], "an": [3]});
    let landing = json!({"landing_page_url": format!("https://journal.example/{n}"), "pdf_url": null});
    json!({"id": format!("https://openalex.org/W{n}"), "doi": format!("https://doi.org/10.5555/{n}"),
        "display_name": title, "title": title, "publication_date": "2024-05-17",
        "primary_location": if n == 3 { Value::Null } else { landing },
        "abstract_inverted_index": if n == 2 { Value::Null } else { index }})
}

/// The second is a question to the community, without an address of its own.
fn story(n: usize, title: &str) -> Value {
    let (url, text) =
        if n == 2 { (Value::Null, "Ask <p>away") } else { (json!(format!("https://news.example/{n}")), "") };
    json!({"objectID": n.to_string(), "title": title, "url": url, "author": "pg", "points": 10, "num_comments": 4,
        "story_text": text, "created_at": "2026-01-01T00:00:00Z", "created_at_i": 1_767_225_600, "_tags": ["story"]})
}

fn question(n: usize, title: &str) -> Value {
    let link = format!("https://stackoverflow.com/questions/{n}/question");
    json!({"question_id": n, "title": format!("{title} &quot;quoted&quot;"), "link": link, "score": 5,
        "is_answered": true, "body": "<p>How do I <code>await</code>?</p>", "creation_date": 1_767_225_600})
}

fn repository(n: usize, title: &str) -> Value {
    json!({"id": n, "full_name": format!("owner/{n}"), "html_url": format!("https://github.com/owner/{n}"),
        "description": title, "language": "Rust", "stargazers_count": 42, "pushed_at": "2026-01-01T00:00:00Z"})
}

fn atom(words: &str, count: usize) -> Response<Body> {
    let mut entries = String::new();
    for n in 1..=count {
        write!(
            entries,
            "<entry><id>http://arxiv.org/abs/2601.0000{n}v1</id><updated>2026-01-02T00:00:00Z</updated>\
             <published>2026-01-01T00:00:00Z</published><title>{words} (arxiv {n})</title><summary>  Two\n lines </summary>\
             <link href=\"https://arxiv.org/abs/2601.0000{n}v1\" rel=\"alternate\" type=\"text/html\"/>\
             <link href=\"https://arxiv.org/pdf/2601.0000{n}v1\" rel=\"related\" type=\"application/pdf\" title=\"pdf\"/>\
             </entry>"
        )
        .expect("a String takes all");
    }
    feed(&entries)
}

fn feed(entries: &str) -> Response<Body> {
    let feed = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>http://arxiv.org/api/x</id>\
         <title>ArXiv Query</title><updated>2026-01-01T00:00:00Z</updated>{entries}</feed>"
    );
    ([(header::CONTENT_TYPE, "application/atom+xml; charset=UTF-8")], feed).into_response()
}

/// Stack Exchange packs every answer, asked or not.
fn packed(status: StatusCode, body: &Value) -> Response<Body> {
    faults::packed(status, "application/json; charset=utf-8", body.to_string().as_bytes())
}
