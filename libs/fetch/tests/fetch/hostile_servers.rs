//! Servers that send too much, too slowly, or something else than they say.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{io::Write, time::Duration};

use fetch::{
    Concurrency, ContentKind, FetchError, FetchRequest, FetchResponse, Fetcher, Limits, Phase, Policy, parse_cidrs,
};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use testkit::HostileServer;
use tokio::{io::AsyncWriteExt, sync::Semaphore};

const LOOPBACK: &str = "127.0.0.1:0";
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";

#[tokio::test]
async fn compressed_pages_are_read() {
    let page = "<html>".repeat(10_000);
    for (encoding, body) in compress_all(page.as_bytes()) {
        let fetched = fetch_from(&[("Content-Encoding", encoding)], &body, Limits::default()).await.unwrap();
        assert_eq!(fetched.body, page.as_bytes(), "{encoding}");
    }
}

#[tokio::test]
async fn what_expands_too_much_is_refused() {
    let bomb = vec![b' '; 4 << 20];
    let (_, gzip) = compress_all(&bomb).remove(0);
    let layers = compress_all(&gzip).remove(0).1;
    let error = fetch_from(&[("Content-Encoding", "gzip")], &layers, Limits::default()).await.unwrap_err();
    assert_eq!(error, FetchError::Decompression("it expands too much"), "two layers");
    for (encoding, body) in compress_all(&bomb) {
        let error = fetch_from(&[("Content-Encoding", encoding)], &body, Limits::default()).await.unwrap_err();
        assert_eq!(error, FetchError::Decompression("it expands too much"), "{encoding}");

        // With the ratio out of the way, the limit on the decoded size remains.
        let limits = Limits { ratio: usize::MAX, decoded_bytes: 2 << 20, ..Limits::default() };
        let error = fetch_from(&[("Content-Encoding", encoding)], &body, limits).await.unwrap_err();
        assert_eq!(error, FetchError::TooLarge("decompressed body"), "{encoding}");
    }
}

#[tokio::test]
async fn encodings_that_the_header_names_wrongly_are_read() {
    let page = "<html>".repeat(10_000);
    let (_, gzip) = compress_all(page.as_bytes()).remove(0);
    let twice = compress_all(&gzip).remove(0).1;
    for (encoding, body) in [
        ("utf-8", page.as_bytes()),
        ("none", page.as_bytes()),
        ("UTF-8", &gzip),
        ("gzip, utf-8", &gzip),
        ("gzip", &twice),
        ("gzip, gzip", &twice),
        ("gzip, gzip", &gzip),
    ] {
        let fetched = fetch_from(&[("Content-Encoding", encoding)], body, Limits::default()).await.unwrap();
        assert_eq!(fetched.body, page.as_bytes(), "{encoding}");
    }
}

#[tokio::test]
async fn damaged_encodings_and_layers_without_end_are_refused() {
    let (_, gzip) = compress_all(b"<html>").remove(0);
    let twice = compress_all(&gzip).remove(0).1;
    for (encoding, body) in [
        ("gzip", &gzip[..gzip.len() - 4]),
        ("gzip", b"<html> in plain text"),
        ("br", b"\xff\xff\xff\xff"),
        ("gzip, gzip, gzip", &twice),
        ("zstd", &gzip),
    ] {
        let error = fetch_from(&[("Content-Encoding", encoding)], body, Limits::default()).await.unwrap_err();
        assert_eq!(error.code(), "decompression", "{encoding}");
    }
}

#[tokio::test]
async fn an_announced_or_endless_body_stops_at_the_limit() {
    let announced = serve(&[("Content-Type", "text/html")], 6 << 20, b"").await;
    assert_eq!(get(&announced, Limits::default()).await.unwrap_err(), FetchError::TooLarge("body"));

    let endless = HostileServer::start(LOOPBACK, |_, mut connection| async move {
        let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
        let _ = connection.write_all(&[HEAD, b"Transfer-Encoding: chunked\r\n\r\n"].concat()).await;
        while connection.write_all(&chunk).await.is_ok() {}
    })
    .await;
    assert_eq!(get(&endless, Limits::default()).await.unwrap_err(), FetchError::TooLarge("body"));
}

#[tokio::test]
async fn a_server_that_drips_is_left() {
    let dripping = HostileServer::start(LOOPBACK, |_, mut connection| async move {
        let _ = connection.write_all(&[HEAD, b"\r\n"].concat()).await;
        while connection.write_all(b"<").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let impatient = Limits { min_rate: 1 << 20, rate_window: Duration::from_millis(100), ..Limits::default() };
    assert_eq!(get(&dripping, impatient).await.unwrap_err(), FetchError::TooSlow);

    let short = Limits { min_rate: 0, total: Duration::from_millis(300), ..Limits::default() };
    assert_eq!(get(&dripping, short).await.unwrap_err(), FetchError::Timeout(Phase::Total));
}

#[tokio::test]
async fn a_server_that_never_answers_is_left() {
    let silent = HostileServer::start(LOOPBACK, |_, connection| async move {
        std::future::pending::<()>().await;
        drop(connection);
    })
    .await;
    let brief = Duration::from_millis(50);
    let limits = Limits { dns: brief, connect: Duration::from_secs(1), first_byte: brief, ..Limits::default() };
    assert_eq!(get(&silent, limits).await.unwrap_err(), FetchError::Timeout(Phase::FirstByte));

    let request = FetchRequest { deadline: Some(std::time::Instant::now() + brief), ..FetchRequest::default() };
    let error = fetcher(&silent, Limits::default()).get(&address(&silent), request).await.unwrap_err();
    assert_eq!(error, FetchError::Timeout(Phase::Total));
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    for (bytes, code) in [(100 << 10, "too_large"), (2 << 20, "bad_response")] {
        let error = fetch_from(&[("X-Padding", &"x".repeat(bytes))], b"", Limits::default()).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    for answer in
        ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: text/html\r\n\r\n<"]
    {
        let server = HostileServer::saying(LOOPBACK, move |_| answer.as_bytes().to_vec()).await;
        assert_eq!(get(&server, Limits::default()).await.unwrap_err(), FetchError::BadResponse, "{answer:?}");
    }
}

#[tokio::test]
async fn content_is_accepted_when_type_and_bytes_agree() {
    for (content_type, body, kind) in [
        ("text/html; charset=UTF-8", "<p>a fragment", Some(ContentKind::Html)),
        ("application/xhtml+xml", "<?xml version='1.0'?><html xmlns='x'>", Some(ContentKind::Html)),
        ("text/plain", "<html> as an example", Some(ContentKind::Text)),
        ("application/pdf", "%PDF-1.7 ...", Some(ContentKind::Pdf)),
        ("application/octet-stream", "%PDF-1.7 ...", Some(ContentKind::Pdf)),
        ("application/xml", "\u{feff}<?xml version='1.0'?>\n<rss version='2.0'>", Some(ContentKind::Feed)),
        ("text/html", "<feed xmlns='http://www.w3.org/2005/Atom'>", Some(ContentKind::Feed)),
        ("application/json", "{\"version\": \"https://jsonfeed.org/version/1.1\"}", Some(ContentKind::Feed)),
        ("", "<!DOCTYPE html>", Some(ContentKind::Html)),
        ("", "plain words", Some(ContentKind::Text)),
        ("text/html", "%PDF-1.7 ...", None),
        ("text/html", "\u{7f}ELF\u{2}\u{1}", None),
        ("text/plain", "PK\u{3}\u{4}", None),
        ("application/pdf", "<html>please log in", None),
        ("application/octet-stream", "words", None),
        ("image/png", "\u{89}PNG", None),
        ("application/zip", "<html>", None),
        ("text/html text/plain", "<html>", None),
    ] {
        let headers = if content_type.is_empty() { vec![] } else { vec![("Content-Type", content_type)] };
        let server = serve(&headers, body.len(), body.as_bytes()).await;
        match (get(&server, Limits::default()).await, kind) {
            (Ok(fetched), expected) => assert_eq!(fetched.kind, expected, "{content_type} {body:?}"),
            (Err(error), None) => assert_eq!(error.code(), "content_type", "{content_type} {body:?}"),
            (Err(error), Some(_)) => panic!("{content_type} {body:?}: {error}"),
        }
    }
}

#[tokio::test]
async fn only_the_kinds_asked_for_are_accepted() {
    let server = serve(&[("Content-Type", "text/plain")], 5, b"words").await;
    let request = FetchRequest { accept: vec![ContentKind::Html, ContentKind::Feed], ..FetchRequest::default() };
    let error = fetcher(&server, Limits::default()).get(&address(&server), request).await.unwrap_err();
    assert_eq!(error, FetchError::ContentType("text/plain".to_owned()));
}

#[tokio::test]
async fn a_page_comes_with_what_its_server_said_about_it() {
    let headers = [("ETag", "\"v1\""), ("Last-Modified", "Wed, 21 Oct 2026 07:28:00 GMT")];
    let typed = [headers.as_slice(), &[("Content-Type", "Text/HTML; Charset=\"Windows-1251\"")]].concat();
    let server = serve(&typed, 6, b"<html>").await;
    let fetched = get(&server, Limits::default()).await.unwrap();
    assert_eq!((fetched.status, fetched.content_type.as_str()), (200, "text/html"));
    assert_eq!(fetched.charset.as_deref(), Some("windows-1251"));
    assert_eq!(fetched.etag.as_deref(), Some("\"v1\""));
    assert_eq!(fetched.last_modified.as_deref(), Some("Wed, 21 Oct 2026 07:28:00 GMT"));
}

#[tokio::test]
async fn an_unchanged_page_gives_304_only_to_who_has_a_copy() {
    let server = HostileServer::saying(LOOPBACK, |_| b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()).await;
    assert_eq!(get(&server, Limits::default()).await.unwrap_err(), FetchError::Status(304));

    let request = FetchRequest { if_none_match: Some("\"v1\"".to_owned()), ..FetchRequest::default() };
    let fetched = fetcher(&server, Limits::default()).get(&address(&server), request).await.unwrap();
    assert_eq!((fetched.status, fetched.kind, fetched.body.len()), (304, None, 0));
}

#[tokio::test]
async fn statuses_say_whether_to_try_again() {
    for (status, retryable) in [(404, false), (403, false), (429, true), (500, true), (503, true), (204, false)] {
        let answer = format!("HTTP/1.1 {status} Status\r\n\r\n");
        let server = HostileServer::saying(LOOPBACK, move |_| answer.clone().into_bytes()).await;
        let error = get(&server, Limits::default()).await.unwrap_err();
        assert_eq!((error.clone(), error.is_retryable()), (FetchError::Status(status), retryable));
    }
}

#[tokio::test]
async fn a_host_gets_no_more_than_its_share() {
    static GATE: Semaphore = Semaphore::const_new(0);
    let server = HostileServer::start(LOOPBACK, |_, mut connection| async move {
        GATE.acquire().await.unwrap().forget();
        let _ = connection.write_all(&[HEAD, b"Content-Length: 6\r\n\r\n<html>"].concat()).await;
    })
    .await;
    let fetcher = fetcher(&server, Limits::default());
    let address = address(&server);
    let deadline = Some(std::time::Instant::now() + Duration::from_secs(10));
    let held: Vec<_> = (0..2)
        .map(|_| {
            let (fetcher, address) = (fetcher.clone(), address.clone());
            tokio::spawn(
                async move { fetcher.get(&address, FetchRequest { deadline, ..FetchRequest::default() }).await },
            )
        })
        .collect();
    while server.accepted() < 2 {
        tokio::task::yield_now().await;
    }

    let soon = Some(std::time::Instant::now() + Duration::from_millis(50));
    let third = fetcher.get(&address, FetchRequest { deadline: soon, ..FetchRequest::default() }).await;
    assert_eq!(third.unwrap_err(), FetchError::Busy);
    assert_eq!(server.accepted(), 2);

    GATE.add_permits(3);
    for fetch in held {
        fetch.await.unwrap().unwrap();
    }
    fetcher.get(&address, FetchRequest::default()).await.unwrap();
}

/// `body` in every encoding we offer, and in the headerless form of deflate.
fn compress_all(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body).unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(body).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(body).unwrap();
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    brotli.write_all(body).unwrap();
    vec![
        ("gzip", gzip.finish().unwrap()),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", raw.finish().unwrap()),
        ("br", brotli.into_inner()),
    ]
}

/// A page with these headers and body, whatever length is announced.
async fn serve(headers: &[(&str, &str)], length: usize, body: &[u8]) -> HostileServer {
    let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
    for (name, value) in headers {
        answer.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    answer.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
    answer.extend_from_slice(body);
    HostileServer::saying(LOOPBACK, move |_| answer.clone()).await
}

async fn fetch_from(headers: &[(&str, &str)], body: &[u8], limits: Limits) -> Result<FetchResponse, FetchError> {
    let headers = [headers, &[("Content-Type", "text/html")]].concat();
    get(&serve(&headers, body.len(), body).await, limits).await
}

async fn get(server: &HostileServer, limits: Limits) -> Result<FetchResponse, FetchError> {
    fetcher(server, limits).get(&address(server), FetchRequest::default()).await
}

fn address(server: &HostileServer) -> String {
    format!("http://{}/", server.addr())
}

fn fetcher(server: &HostileServer, limits: Limits) -> Fetcher {
    Fetcher::new(Policy {
        allow_cidrs: parse_cidrs("127.0.0.0/8").unwrap(),
        ports: vec![server.port()],
        limits,
        concurrency: Concurrency { total: 64, per_host: 2 },
        robots: false,
        ..Policy::default()
    })
    .unwrap()
}
