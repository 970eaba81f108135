//! No address in the corpus, however it is spelled or reached, may open a connection to a canary that listens on every
//! address of this machine.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use fetch::{FetchRequest, Fetcher, Policy, Resolve};
use testkit::HostileServer;

const CORPUS: &str = include_str!("hostile_addresses.txt");

/// Where the site listens that redirects: loopback, opened by policy, unlike every other loopback address.
const SITE: Ipv4Addr = Ipv4Addr::new(127, 9, 9, 9);

/// Codes of refusals that are made before any connection.
const REFUSALS: [&str; 6] = ["bad_url", "scheme", "port", "credentials", "denied_address", "redirect_refused"];

const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>caught</>";

/// Resolves like a hostile name server: whatever the name, the answer points inside.
struct HostileNames;

#[async_trait::async_trait]
impl Resolve for HostileNames {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let answers: &[&str] = match host {
            "site.test" => &["127.9.9.9"],
            "mixed.test" => &["93.184.216.34", "127.0.0.1"],
            "mixed-first.test" => &["127.9.9.9", "::1"],
            "mapped.test" => &["::ffff:127.0.0.1"],
            "nat64.test" => &["64:ff9b::7f00:1"],
            "sixtofour.test" => &["2002:7f00:1::"],
            "unspecified.test" => &["0.0.0.0", "::"],
            "shared.test" => &["100.64.0.1"],
            name if name.contains("metadata") || name.contains("169.254") => &["169.254.169.254", "fd00:ec2::254"],
            name if name.contains("ip6") || name.contains("localhost") => &["::1", "127.0.0.1"],
            _ => &["127.0.0.1"],
        };
        Ok(answers.iter().map(|ip| ip.parse().unwrap()).collect())
    }
}

/// Answers with 127.9.9.9, which the policy admits, and 127.0.0.1, which it does not, in turn.
#[derive(Default)]
struct Rebinding {
    lookups: AtomicUsize,
}

#[async_trait::async_trait]
impl Resolve for Rebinding {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let admitted = self.lookups.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        Ok(vec![if admitted { SITE.into() } else { Ipv4Addr::LOCALHOST.into() }])
    }
}

#[tokio::test]
async fn hostile_addresses_are_refused() {
    let canary = canary().await;
    let corpus = corpus(canary.port());
    assert!(corpus.len() >= 250, "{} addresses", corpus.len());
    let fetcher = fetcher(&[canary.port(), 80, 443], Arc::new(HostileNames));

    for address in &corpus {
        let code = code_of(&fetcher, address).await;
        assert!(REFUSALS.contains(&code), "{address:?} gave {code}");
    }
    assert_eq!(canary.accepted(), 0);
}

#[tokio::test]
async fn hostile_addresses_are_refused_as_targets_of_redirects() {
    let canary = canary().await;
    let corpus = Arc::new(corpus(canary.port()));
    let site = redirecting_site(Arc::clone(&corpus)).await;
    let fetcher = fetcher(&[canary.port(), site.port(), 80, 443], Arc::new(HostileNames));

    let mut asked = 0;
    for (index, address) in corpus.iter().enumerate().filter(|(_, address)| fits_in_a_header(address)) {
        for route in ["301", "302", "303", "307", "308", "second"] {
            let start = format!("http://site.test:{}/{route}/{index}", site.port());
            let code = code_of(&fetcher, &start).await;
            // Some addresses are paths when they stand in a `Location`: they lead back to the site, which does not know
            // them or sends them round in a circle.
            let harmless = ["status", "too_many_redirects"].contains(&code);
            assert!(REFUSALS.contains(&code) || harmless, "{route} to {address:?} gave {code}");
            asked += 1;
        }
    }
    assert!(site.accepted() >= asked, "every case went through the site");
    assert_eq!(canary.accepted(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_reaches_only_the_admitted_one() {
    let site = HostileServer::saying("127.9.9.9:0", |_| PAGE.to_vec()).await;
    let canary = HostileServer::saying(&format!("127.0.0.1:{}", site.port()), |_| PAGE.to_vec()).await;
    let names = Arc::new(Rebinding::default());
    let fetcher = fetcher(&[site.port()], Arc::clone(&names) as Arc<dyn Resolve>);
    let address = format!("http://rebind.test:{}/", site.port());

    let mut refused = 0;
    for _ in 0..1000 {
        match fetcher.get(&address, FetchRequest::default()).await {
            Ok(page) => assert!(page.private),
            Err(error) => {
                assert_eq!(error.code(), "denied_address");
                refused += 1;
            }
        }
    }
    assert_eq!(names.lookups.load(Ordering::SeqCst), 1000, "the address that was checked is the one connected to");
    assert_eq!((site.accepted(), refused, canary.accepted()), (500, 500, 0));
}

#[tokio::test]
async fn a_network_the_operator_opened_is_read_and_marked_private() {
    let site = HostileServer::saying("127.0.0.1:0", |_| PAGE.to_vec()).await;
    let mut policy = policy(&[site.port()]);
    policy.allow_cidrs = fetch::parse_cidrs("10.0.0.0/8, 127.0.0.0/8").unwrap();
    let fetcher = Fetcher::with_resolver(policy, Arc::new(HostileNames)).unwrap();

    for host in ["127.0.0.1", "2130706433", "intranet", "mapped.test"] {
        let page = fetcher.get(&format!("http://{host}:{}/", site.port()), FetchRequest::default()).await.unwrap();
        assert!(page.private);
        assert_eq!(&page.body[..], b"<html>caught</>");
    }
}

#[tokio::test]
async fn our_own_names_are_refused_whatever_they_resolve_to() {
    let site = HostileServer::saying("127.9.9.9:0", |_| PAGE.to_vec()).await;
    let policy = Policy { deny_hosts: vec!["Site.Test".to_owned()], ..policy(&[site.port()]) };
    let fetcher = Fetcher::with_resolver(policy, Arc::new(HostileNames)).unwrap();

    for host in ["site.test", "SITE.test."] {
        assert_eq!(code_of(&fetcher, &format!("http://{host}:{}/", site.port())).await, "denied_address");
    }
    assert_eq!(site.accepted(), 0);
}

#[tokio::test]
async fn redirects_end_after_the_fifth() {
    let site = HostileServer::saying("127.9.9.9:0", |_| redirect("302", "/again")).await;
    let fetcher = fetcher(&[site.port()], Arc::new(HostileNames));

    assert_eq!(code_of(&fetcher, &format!("http://site.test:{}/", site.port())).await, "too_many_redirects");
    assert_eq!(site.accepted(), 6, "the first request and five redirects");
}

fn policy(ports: &[u16]) -> Policy {
    let allow_cidrs = fetch::parse_cidrs("127.9.9.9").unwrap();
    Policy { allow_cidrs, ports: ports.to_vec(), robots: false, ..Policy::default() }
}

fn fetcher(ports: &[u16], names: Arc<dyn Resolve>) -> Fetcher {
    Fetcher::with_resolver(policy(ports), names).unwrap()
}

async fn code_of(fetcher: &Fetcher, address: &str) -> &'static str {
    fetcher.get(address, FetchRequest::default()).await.map_or_else(|error| error.code(), |_| "fetched")
}

/// Listens on every IPv4 and IPv6 address of the machine; on IPv4 alone where there is no IPv6.
async fn canary() -> HostileServer {
    let every = if std::net::TcpListener::bind("[::]:0").is_ok() { "[::]:0" } else { "0.0.0.0:0" };
    HostileServer::saying(every, |_| PAGE.to_vec()).await
}

/// `/{status}/{index}` redirects to a hostile address; `/second/{index}` redirects to such a redirect.
async fn redirecting_site(corpus: Arc<Vec<String>>) -> HostileServer {
    HostileServer::saying("127.9.9.9:0", move |path| {
        let (status, index) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        match (status, index.parse::<usize>()) {
            ("second", Ok(index)) => redirect("302", &format!("/307/{index}")),
            (status, Ok(index)) => redirect(status, &corpus[index]),
            _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        }
    })
    .await
}

fn redirect(status: &str, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn fits_in_a_header(address: &str) -> bool {
    !address.chars().any(|c| c.is_ascii_control() && c != '\t')
}

fn corpus(port: u16) -> Vec<String> {
    let lines = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| unescape(line).replace("{port}", &port.to_string())).collect()
}

fn unescape(line: &str) -> String {
    let mut pieces = line.split('\\');
    let mut out = pieces.next().unwrap().to_owned();
    while let Some(piece) = pieces.next() {
        match piece.chars().next() {
            // Two backslashes in a row leave an empty piece between them.
            None => {
                out.push('\\');
                out.push_str(pieces.next().unwrap_or_default());
            }
            Some('u') => {
                let (hex, rest) = piece[2..].split_once('}').unwrap();
                out.push(char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap());
                out.push_str(rest);
            }
            Some(letter) => {
                out.push(match letter {
                    't' => '\t',
                    'r' => '\r',
                    'n' => '\n',
                    other => panic!("unknown escape {other:?} in {line}"),
                });
                out.push_str(&piece[1..]);
            }
        }
    }
    out
}
