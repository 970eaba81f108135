//! A web site whose every page is known beforehand, and a few addresses that misbehave.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{Response, StatusCode, header},
    response::{Html, IntoResponse, Redirect},
    routing::get,
};
use futures::stream;

use crate::{FakeServer, faults};

const SUBJECTS: [&str; 8] =
    ["lighthouse", "observatory", "aqueduct", "tramway", "glacier", "windmill", "reservoir", "monastery"];
const PLACES: [&str; 7] = ["Aldersund", "Brenovo", "Castelmar", "Dunmore", "Eskdale", "Farnholt", "Grenmark"];
const FILLERS: [&str; 6] = [
    "Travellers who pass through the region often remark on the quiet of the surrounding valley.",
    "Local archives keep letters, plans and ledgers, many of which have never been printed.",
    "The weather there changes quickly, so the paths are closed for part of the winter.",
    "A small association looks after the grounds and opens them to visitors at weekends.",
    "Several painters of the last century chose the place for their studies of light.",
    "The road that leads to it follows the river and was widened only recently.",
];

/// Size of `/huge`: more than a reader of pages has any reason to take.
const HUGE: usize = 64 * 1024 * 1024;

#[derive(Debug, Default)]
struct Script {
    delay: Duration,
    slow: Duration,
    opened: BTreeMap<String, u64>,
}

type Shared = Arc<Mutex<Script>>;

/// A web site on loopback.
///
/// `/a/{n}` is an article of about 20 KB that holds [`FakeWeb::fact`] once, among headings, filler, a table,
/// navigation and links. `/slow` answers after a minute (or [`FakeWeb::set_slow`]), `/cut` breaks off,
/// `/500` fails, `/loop` redirects to itself, `/huge` sends 64 MiB, `/pdf` is a one-page PDF that holds `fact(0)`,
/// `/wrong-type` is an image that calls itself HTML. Everything else is 404.
#[derive(Debug)]
pub struct FakeWeb {
    server: FakeServer,
    script: Shared,
}

impl FakeWeb {
    /// A site that answers at once.
    pub async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script { slow: Duration::from_secs(60), ..Script::default() }));
        let router = Router::new()
            .route("/a/{n}", get(article))
            .route("/slow", get(slow))
            .route("/cut", get(async || faults::cut("text/html", "<html><body><p>The beginning of")))
            .route("/500", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .route("/loop", get(async || Redirect::temporary("/loop")))
            .route("/huge", get(huge))
            .route("/pdf", get(async || ([(header::CONTENT_TYPE, "application/pdf")], pdf(&Self::fact(0)))))
            .route(
                "/wrong-type",
                get(async || ([(header::CONTENT_TYPE, "text/html")], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")),
            )
            .with_state(Arc::clone(&script));
        Self { server: FakeServer::start(router).await, script }
    }

    /// Its base address.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The address of article `n`.
    pub fn page(&self, n: u64) -> String {
        format!("{}/a/{n}", self.url())
    }

    /// How long each article takes.
    pub fn set_delay(&self, delay: Duration) {
        self.script.lock().expect("no panic while locked").delay = delay;
    }

    /// How long `/slow` takes.
    pub fn set_slow(&self, slow: Duration) {
        self.script.lock().expect("no panic while locked").slow = slow;
    }

    /// How often each article's path was asked for.
    pub fn opened(&self) -> BTreeMap<String, u64> {
        self.script.lock().expect("no panic while locked").opened.clone()
    }

    /// What article `n` is about: `the lighthouse of Aldersund 0`, say.
    pub fn subject(n: u64) -> String {
        format!("the {} of {} {n}", pick(&SUBJECTS, n), pick(&PLACES, n / SUBJECTS.len() as u64))
    }

    /// The title of article `n`.
    pub fn title(n: u64) -> String {
        format!("History of {}", Self::subject(n))
    }

    /// The one sentence with figures that article `n` is there for.
    pub fn fact(n: u64) -> String {
        let (year, metres) = (1200 + n * 7 % 700, 10 + n * 13 % 290);
        format!("Work on {} was finished in {year}, and it rises {metres} metres above the square.", Self::subject(n))
    }

    /// The day article `n` was published, as `YYYY-MM-DD`.
    pub fn date(n: u64) -> String {
        format!("{}-{:02}-{:02}", 2015 + n % 11, 1 + n % 12, 1 + n % 28)
    }

    /// The whole of article `n`.
    pub fn html(n: u64) -> String {
        let (title, date) = (Self::title(n), Self::date(n));
        let mut html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} | The Gazetteer</title>\
             <meta property=\"og:title\" content=\"{title}\"><meta name=\"author\" content=\"Ada Field\">\
             <meta property=\"article:published_time\" content=\"{date}T08:00:00Z\">\
             <script>window.tracker = {{page: {n}}};</script><style>.ad {{ color: red }}</style></head><body>\
             <header><nav><ul>"
        );
        for link in 1..=20 {
            write!(html, "<li><a href=\"/a/{}\">Section {link}</a></li>", n + link).expect("a String takes all");
        }
        write!(
            html,
            "</ul></nav></header><aside class=\"ad\">Subscribe today and save 40 percent!</aside><main><article>\
             <h1>{title}</h1><p class=\"byline\">By Ada Field, <time datetime=\"{date}\">{date}</time></p>"
        )
        .expect("a String takes all");
        for section in 0..9 {
            write!(html, "<h2>Part {} of the story</h2>", section + 1).expect("a String takes all");
            if section == 2 {
                write!(html, "<p>{} {}</p>", Self::fact(n), pick(&FILLERS, n)).expect("a String takes all");
            }
            for paragraph in 0..4 {
                html.push_str(&filler(n + section * 5 + paragraph));
            }
        }
        write!(
            html,
            "<table><tr><th>Year</th><th>Visitors</th></tr><tr><td>2019</td><td>{}</td></tr></table></article></main>\
             <footer><p>Copyright The Gazetteer. <a href=\"/privacy\">Privacy</a></p></footer></body></html>",
            1000 + n
        )
        .expect("a String takes all");
        html
    }
}

fn filler(seed: u64) -> String {
    let sentences: Vec<&str> = (0..5).map(|step| pick(&FILLERS, seed + step * (1 + seed % 5))).collect();
    format!("<p>{} See <a href=\"/a/{seed}\">a related note</a>.</p>", sentences.join(" "))
}

fn pick<'a>(list: &[&'a str], n: u64) -> &'a str {
    list[(n % list.len() as u64) as usize]
}

async fn article(State(script): State<Shared>, Path(n): Path<u64>) -> Html<String> {
    let delay = {
        let mut script = script.lock().expect("no panic while locked");
        *script.opened.entry(format!("/a/{n}")).or_default() += 1;
        script.delay
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    Html(FakeWeb::html(n))
}

async fn slow(State(script): State<Shared>) -> Html<String> {
    let slow = script.lock().expect("no panic while locked").slow;
    tokio::time::sleep(slow).await;
    Html(FakeWeb::html(0))
}

async fn huge() -> Response<Body> {
    const CHUNK: usize = 64 * 1024;
    let chunk = Bytes::from(vec![b'a'; CHUNK]);
    let chunks = stream::iter((0..HUGE / CHUNK).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(chunks)).into_response()
}

/// The smallest PDF that shows one line of text.
fn pdf(text: &str) -> Vec<u8> {
    let content = format!("BT /F1 10 Tf 20 700 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (index, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", pdf.len()).expect("a String takes all");
        write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1).expect("a String takes all");
    }
    let start = pdf.len();
    let size = objects.len() + 1;
    write!(pdf, "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n")
        .expect("a String takes all");
    pdf.into_bytes()
}
