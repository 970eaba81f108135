//! Which addresses are one page, and how lists become one.

use search_svc::engines::{FusedResult, Hit, Query, ResultFusion, canonical};

fn hit(engine: &'static str, rank: usize, url: &str) -> Hit {
    let (title, snippet) = (format!("{engine} {rank}"), String::new());
    Hit { url: url.to_owned(), title, snippet, published_at: None, engine, rank }
}

fn addresses(list: &[FusedResult]) -> Vec<&str> {
    list.iter().map(|fused| fused.url.as_str()).collect()
}

#[test]
fn variants_of_an_address_have_one_key() {
    for (key, variants) in [
        (
            "example.org/page",
            vec![
                "https://example.org/page",
                "http://EXAMPLE.org:80/page/",
                "https://www.example.org:443/page#part",
                "https://m.example.org/page?utm_source=x&fbclid=1",
                "https://mobile.example.org/page?gclid=2&yclid=3",
                "https://amp.example.org/page",
                "https://example.org/page/amp/",
                "https://example.org/amp/page",
                "https://example.org/page?amp=1",
                "https://example.org/page?outputType=amp#:~:text=word",
                "https://www.google.com/amp/s/example.org/page",
                "https://example-org.cdn.ampproject.org/c/s/example.org/page",
                " https://example.org/pa%67e ",
            ],
        ),
        ("example.org", vec!["https://example.org", "https://www.example.org/index.html", "http://example.org/?"]),
        ("example.org/?a=1&b=2", vec!["https://example.org/?b=2&a=1&utm_medium=y"]),
        (
            "en.wikipedia.org/wiki/Café",
            vec!["https://en.m.wikipedia.org/wiki/Caf%C3%A9", "https://en.wikipedia.org/wiki/Café"],
        ),
        ("app.example.org#/inbox", vec!["https://app.example.org/#/inbox"]),
        ("example.org:8080/x", vec!["http://example.org:8080/x"]),
        ("m.com/x", vec!["https://m.com/x"]),
    ] {
        // A query after an empty path keeps no slash of its own.
        let key = key.replace("org/?", "org?");
        for variant in variants {
            assert_eq!(canonical::key(variant).as_deref(), Some(key.as_str()), "{variant}");
        }
    }
}

#[test]
fn different_pages_keep_different_keys() {
    for (one, other) in [
        ("https://example.org/a", "https://example.org/b"),
        ("https://example.org/a", "https://example.org/A"),
        ("https://example.org/?id=1", "https://example.org/?id=2"),
        ("https://example.org/x", "https://sub.example.org/x"),
        ("https://example.org/x", "https://example.org:8443/x"),
        ("https://example.org/a/b", "https://example.org/a%2Fb"),
    ] {
        assert_ne!(canonical::key(one), canonical::key(other), "{one} {other}");
    }
    for not_web in ["javascript:alert(1)", "magnet:?xt=1", "mailto:a@b.c", "not an address", ""] {
        assert_eq!((canonical::key(not_web), canonical::clean(not_web)), (None, None), "{not_web}");
    }
}

#[test]
fn a_clean_address_opens_the_same_page() {
    for (given, clean) in [
        ("https://Example.org/A?b=%20x&utm_source=y&c#part", "https://example.org/A?b=%20x&c"),
        ("https://example.org/?utm_source=y", "https://example.org/"),
        ("https://www.google.com/amp/s/example.org/page?x=1", "https://example.org/page?x=1"),
        ("https://app.example.org/#/inbox", "https://app.example.org/#/inbox"),
        ("https://m.example.org/page/", "https://m.example.org/page/"),
    ] {
        assert_eq!(canonical::clean(given).as_deref(), Some(clean));
    }
}

#[test]
fn agreement_between_engines_outranks_a_first_place() {
    let mut fusion = ResultFusion::default();
    fusion.add(&[hit("a", 1, "https://only-a.org/"), hit("a", 2, "https://m.both.org/x?utm_source=a")]);
    fusion.add(&[hit("b", 1, "https://only-b.org/"), hit("b", 2, "https://both.org/x")]);
    let list = fusion.results(&Query::new("q"));

    assert_eq!(addresses(&list), ["https://both.org/x", "https://only-a.org/", "https://only-b.org/"]);
    assert_eq!(list[0].engines, ["a", "b"]);
    assert!((list[0].score - 2.0 / 62.0).abs() < 1e-12);
}

#[test]
fn a_page_twice_in_one_list_counts_once() {
    let mut fusion = ResultFusion::default();
    fusion.add(&[
        hit("a", 1, "https://one.org/"),
        hit("a", 2, "https://two.org/"),
        hit("a", 3, "http://www.two.org/?gclid=1"),
    ]);
    let list = fusion.results(&Query::new("q"));
    assert_eq!(addresses(&list), ["https://one.org/", "https://two.org/"]);
    assert!((list[1].score - 1.0 / 62.0).abs() < 1e-12);
}

#[test]
fn the_best_of_each_is_kept() {
    let date = chrono::DateTime::from_timestamp(1_767_225_600, 0);
    let poor = Hit { snippet: "short".to_owned(), ..hit("a", 1, "http://www.x.org/amp/p") };
    let rich = Hit { snippet: "a longer snippet".to_owned(), published_at: date, ..hit("b", 5, "https://x.org/p") };
    let mut fusion = ResultFusion::default();
    fusion.add(&[poor]);
    fusion.add(&[rich]);
    let best = &fusion.results(&Query::new("q"))[0];
    assert_eq!((best.url.as_str(), best.title.as_str()), ("https://x.org/p", "a 1"));
    assert_eq!((best.snippet.as_str(), best.published_at), ("a longer snippet", date));
}

#[test]
fn domain_filters_cover_subdomains_only() {
    let all = ["https://a.org/", "https://sub.a.org/", "https://nota.org/", "https://bad.a.org/", "https://b.net/"];
    let mut fusion = ResultFusion::default();
    fusion.add(&all.iter().enumerate().map(|(place, url)| hit("a", place + 1, url)).collect::<Vec<_>>());

    let only = Query {
        domains: vec!["www.A.org".to_owned()],
        exclude_domains: vec!["bad.a.org".to_owned()],
        ..Query::new("q")
    };
    assert_eq!(addresses(&fusion.results(&only)), ["https://a.org/", "https://sub.a.org/"]);
    let without = Query { exclude_domains: vec![".a.org".to_owned()], ..Query::new("q") };
    assert_eq!(addresses(&fusion.results(&without)), ["https://nota.org/", "https://b.net/"]);
}
