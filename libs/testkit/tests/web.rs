//! What the fake web site promises to those who build on it.
#![expect(clippy::unwrap_used, reason = "tests")]

use testkit::FakeWeb;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn get(web: &FakeWeb, path: &str) -> String {
    let mut stream = TcpStream::connect(web.url().trim_start_matches("http://")).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn every_article_is_of_page_size_and_holds_its_fact_once() {
    for n in [0, 1, 7, 100, 1999] {
        let html = FakeWeb::html(n);
        assert!((15_000..25_000).contains(&html.len()), "{}", html.len());
        assert_eq!(html.matches(&FakeWeb::fact(n)).count(), 1);
        assert!(html.contains(&FakeWeb::title(n)) && html.contains(&FakeWeb::date(n)));
        assert_ne!(FakeWeb::fact(n), FakeWeb::fact(n + 1));
    }
}

#[tokio::test]
async fn articles_are_served_and_counted_and_the_rest_misbehaves() {
    let web = FakeWeb::start().await;
    assert!(get(&web, "/a/7").await.contains(&FakeWeb::fact(7)));
    assert_eq!(web.opened().into_iter().collect::<Vec<_>>(), [("/a/7".to_owned(), 1)]);
    for (path, beginning) in [("/500", "HTTP/1.0 500"), ("/loop", "HTTP/1.0 307"), ("/nowhere", "HTTP/1.0 404")] {
        assert!(get(&web, path).await.starts_with(beginning), "{path}");
    }
    let pdf = get(&web, "/pdf").await;
    assert!(pdf.contains("%PDF-1.4") && pdf.contains(&FakeWeb::fact(0)) && pdf.trim_end().ends_with("%%EOF"));
}
