//! What robots.txt (RFC 9309) lets the fetcher read.

#![expect(clippy::unwrap_used, reason = "tests")]

use fetch::{FetchRequest, Fetcher, Policy, parse_cidrs};
use testkit::HostileServer;

/// What becomes of pages on a site with this robots.txt: the paths that could be read.
async fn readable<'a>(robots: &str, paths: &[&'a str]) -> Vec<&'a str> {
    let site = site(answer("200 OK", robots)).await;
    let fetcher = fetcher(&site, true);
    let mut readable = Vec::new();
    for path in paths {
        match fetcher.get(&address(&site, path), FetchRequest::default()).await {
            Ok(_) => readable.push(*path),
            Err(error) => assert_eq!(error.code(), "robots", "{path}"),
        }
    }
    readable
}

#[tokio::test]
async fn the_longest_matching_rule_decides_and_allow_wins_a_tie() {
    let robots = "User-agent: *\nDisallow: /private\nAllow: /private/open\nDisallow: /tie\nAllow: /tie\nDisallow:\n";
    let paths = ["/", "/private", "/privately", "/private/open/x", "/tie", "/PRIVATE"];
    assert_eq!(readable(robots, &paths).await, ["/", "/private/open/x", "/tie", "/PRIVATE"]);
}

#[tokio::test]
async fn wildcards_and_the_end_mark_match() {
    let robots = "User-agent: *\nDisallow: /*.pdf$\nDisallow: /a*/c\nDisallow: /exact$\nDisallow: /*?session=\n";
    let paths = ["/x.pdf", "/x.pdf?y", "/a/b/c/d", "/ac", "/exact", "/exactly", "/p?session=1", "/p?a=1"];
    assert_eq!(readable(robots, &paths).await, ["/x.pdf?y", "/ac", "/exactly", "/p?a=1"]);
}

#[tokio::test]
async fn paths_match_however_they_are_encoded() {
    let robots = "User-agent: *\nDisallow: /caf\u{e9}\nDisallow: /%7Ejoe\nDisallow: /a%3Cd\n";
    let paths = ["/caf%C3%A9", "/caf%c3%a9", "/~joe/", "/a%3cd", "/cafe"];
    assert_eq!(readable(robots, &paths).await, ["/cafe"]);
}

#[tokio::test]
async fn our_own_group_replaces_the_one_for_everyone() {
    let robots = "\u{feff}User-agent: *\r\nDisallow: /\r\n\r\nuser-agent: other\nUSER-AGENT: gooseek/2.0 # us\n\
                  Crawl-delay: 9\nDisallow: /a\n\nUser-agent: GooSeek\nDisallow: /b\n\nUser-agent: GooSeekImages\nDisallow: /c\n";
    assert_eq!(readable(robots, &["/", "/a", "/b", "/c"]).await, ["/", "/c"]);
}

#[tokio::test]
async fn a_missing_file_allows_and_a_failing_one_forbids() {
    for (status, code) in [("404 Not Found", None), ("403 Forbidden", None), ("500 Oops", Some("robots"))] {
        let site = site(answer(status, "User-agent: *\nDisallow: /")).await;
        let result = fetcher(&site, true).get(&address(&site, "/page"), FetchRequest::default()).await;
        assert_eq!(result.err().map(|error| error.code()), code, "{status}");
    }
}

#[tokio::test]
async fn a_file_is_read_once_and_not_at_all_when_the_policy_says_so() {
    let site = site(answer("200 OK", "User-agent: *\nDisallow: /private")).await;
    let obeying = fetcher(&site, true);
    for _ in 0..3 {
        obeying.get(&address(&site, "/page"), FetchRequest::default()).await.unwrap();
    }
    assert_eq!(site.accepted(), 4, "one robots.txt and three pages");

    fetcher(&site, false).get(&address(&site, "/private"), FetchRequest::default()).await.unwrap();
    assert_eq!(site.accepted(), 5);
}

#[tokio::test]
async fn a_huge_file_counts_up_to_its_512th_kibibyte() {
    let filler = "# filler\n".repeat(100_000);
    assert_eq!(readable(&format!("User-agent: *\nDisallow: /a\n{filler}Disallow: /b\n"), &["/a", "/b"]).await, ["/b"]);
}

#[tokio::test]
async fn a_file_that_redirects_inside_is_not_followed() {
    let canary = HostileServer::saying("127.0.0.1:0", |_| answer("200 OK", "")).await;
    let inside = format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\n\r\n", canary.port());
    let site = site(inside.into_bytes()).await;
    let policy = Policy { ports: vec![site.port(), canary.port()], ..policy(&site, true) };
    let error = Fetcher::new(policy).unwrap().get(&address(&site, "/page"), FetchRequest::default()).await.unwrap_err();
    assert_eq!((error.code(), canary.accepted()), ("denied_address", 0));
}

/// Answers `/robots.txt` with `robots` and everything else with a page.
async fn site(robots: Vec<u8>) -> HostileServer {
    HostileServer::saying("127.9.9.9:0", move |path| match path {
        "/robots.txt" => robots.clone(),
        _ => answer("200 OK", "<html>"),
    })
    .await
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn policy(site: &HostileServer, robots: bool) -> Policy {
    let allow_cidrs = parse_cidrs("127.9.9.9").unwrap();
    Policy { allow_cidrs, ports: vec![site.port()], robots, ..Policy::default() }
}

fn fetcher(site: &HostileServer, robots: bool) -> Fetcher {
    Fetcher::new(policy(site, robots)).unwrap()
}

fn address(site: &HostileServer, path: &str) -> String {
    format!("http://{}{path}", site.addr())
}
