//! What is read of HTML and of raw HTML in Markdown: everything a reader sees, and nothing else.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common {
    pub(crate) mod offsets;
}

use common::offsets::check_offsets;
use reader::{ChunkSize, Document, Format, Hints, PageFault, chunks, parse, refresh_target};

/// An uploaded file.
fn file(html: &str) -> Document {
    let document = parse(Format::Html, html.as_bytes(), &Hints::default()).unwrap();
    check_offsets(&document);
    document
}

/// A page of the web.
fn page(html: &str) -> Document {
    let hints = Hints { url: Some("https://site.example/page".to_owned()), ..Hints::default() };
    let document = parse(Format::Html, html.as_bytes(), &hints).unwrap();
    check_offsets(&document);
    document
}

fn assert_text(document: &Document, wanted: &[&str], unwanted: &[&str]) {
    let text = &document.text;
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is missing in:\n{text}");
    }
    for unwanted in unwanted {
        assert!(!text.contains(unwanted), "{unwanted:?} is in:\n{text}");
    }
}

const LONG: &str = "The pump in hall one runs at nine bar and stops at night. It is checked each week by the crew. ";

#[test]
fn all_sections_and_headings_are_read() {
    let manual = format!(
        "<title>Manual</title><div class=sect1><div class=titlepage><div><h2>20.4. Pumps</h2></div></div>
         <div class=sect2><h3>20.4.1. Pumps of hall one</h3><p>{}</p></div></div>
         <div class=sect1><h2>Valves</h2><p>The valve opens at three bar.</p></div>
         <footer><p>Call 0800 17 17 when a valve is stuck, at any time of the day or the night, also on Sundays.</p></footer>",
        LONG.repeat(4)
    );
    for document in [file(&manual), page(&manual)] {
        assert_text(
            &document,
            &["## 20.4. Pumps", "### 20.4.1. Pumps of hall one", "## Valves", "three bar", "0800"],
            &[],
        );
        assert_eq!(document.words_kept.unwrap().ratio(), 1.0);
    }
    assert_text(&file("<h1>C#</h1><p>A language.</p>"), &["# C#\n"], &[]);
    assert_text(
        &file("<div role=heading aria-level=3>Fees</div><h2><button>Rent?</button></h2>x"),
        &["### Fees", "## Rent?"],
        &[],
    );
}

#[test]
fn a_consent_box_longer_than_the_article_is_left_out_of_a_page() {
    let consent =
        "<p>We and our 300 partners store and access information on a device, such as unique cookies, to process \
         personal data for measurement and audience insights.</p>"
            .repeat(12);
    let main = "<main><h1>Statement</h1><p>The bank raised its rate to 3.75 percent on Tuesday.</p></main>";
    for consent in [
        format!("<div id=cookie-consent class=gdpr-banner>{consent}</div>"),
        format!("<div class=x7><div role=dialog aria-modal=true>{consent}<button>OK</button></div></div>"),
        format!(
            "<section class=css-1a2b>{consent}<div><button>Accept all</button><button>Reject</button></div></section>"
        ),
    ] {
        let document = page(&format!("<body>{consent}{main}</body>"));
        assert_text(&document, &["3.75 percent"], &["partners", "Accept all"]);
        assert!(document.words_kept.unwrap().ratio() < 0.2);
    }
    // An article about cookies is none.
    let article = format!("<body><article class=cookie-article><h1>Cookies</h1>{consent}</article></body>");
    assert_text(&page(&article), &["partners"], &[]);
}

#[test]
fn what_is_around_the_text_of_a_page_is_left_out_and_what_is_beside_it_stays() {
    let links = "<li><a href=/a>Home page</a><li><a href=/b>All news</a><li><a href=/c>Contact us</a>";
    let document = page(&format!(
        "<body><header><ul>{links}</ul></header><div class='breadcrumb'><a href=/>Start</a> / <a href=/x>News</a></div>
         <div id=content><h1>Mill</h1><p>{LONG}</p><h2>See</h2><ul>{links}</ul></div>
         <div class=sidebar><h3>Opening hours</h3><p>The mill is open from ten to four.</p></div>
         <aside><ul>{links}</ul></aside><div class=social-share><a href=/f>Share this</a></div>
         <footer>© 2024 The mill</footer></body>"
    ));
    assert_text(&document, &["nine bar", "from ten to four", "### Opening hours"], &["Share this", "2024", "Start"]);
    // A page of links is about its links.
    let index = format!("<body><h1>Index</h1><ul>{}</ul></body>", links.repeat(9));
    assert_text(&page(&index), &["Contact us"], &[]);
}

#[test]
fn a_term_stands_right_above_its_definition_and_a_summary_above_its_details() {
    let document = file(
        "<h1>Router</h1><dl><dt>Weight</dt><dd>412 g</dd><dt>Ports</dt><dt>Sockets</dt><dd><p>8</p><p>All at the back.</p></dd></dl>
         <details><summary>What colour is it?</summary>Anthracite.</details><p>Made in Graz.</p>",
    );
    assert_text(
        &document,
        &["Weight\n: 412 g", "Ports\nSockets\n: 8\n\nAll at the back.", "## What colour is it?\n\nAnthracite."],
        &[],
    );
    let heading = |words: &str| {
        let passages = chunks(&document, ChunkSize::default(), text::tokens::count);
        passages.into_iter().find(|passage| passage.text.contains(words)).unwrap().heading
    };
    assert_eq!(heading("Anthracite"), ["Router", "What colour is it?"]);
    assert_eq!(heading("Made in Graz"), ["Router"]);
}

#[test]
fn a_row_has_the_heads_of_its_columns_and_its_name() {
    let table = "<table><thead><tr><th rowspan=2>Hall</th><th colspan=2>Pressure</th></tr><tr><th>2023</th><th>2024</th></tr></thead>
        <tr><td rowspan=2>One</td><td>3 bar</td><td>4 bar</td></tr><tr><td>5 bar</td><td>6 bar</td></tr></table>";
    assert_text(&file(table), &["Hall | Pressure 2023 | Pressure 2024\nOne | 3 bar | 4 bar\nOne | 5 bar | 6 bar"], &[]);
    let rows: String = (0..300).map(|n| format!("<tr><td>Service {n}</td><td>{} EUR</td></tr>", n * 3)).collect();
    let document = file(&format!("<h1>Fees</h1><table><tr><th>Service</th><th>Price</th></tr>{rows}</table>"));
    for passage in chunks(&document, ChunkSize::default(), text::tokens::count) {
        assert!(passage.text.contains("Service | Price"), "{}", passage.text);
    }
}

#[test]
fn numbers_stay_what_they_are() {
    let document = file(
        "<p>10<sup>6</sup> m<sup>2</sup> in 1522<sup><a href=#n>3</a></sup>, the 1<sup>st</sup> H<sub>2</sub>O; \
        <ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby> <math><msup><mi>x</mi><mn>2</mn></msup></math></p>",
    );
    assert_text(&document, &["10⁶ m² in 1522 ³, the 1st H2O; 漢字(かんじ) x^2"], &[]);
}

#[test]
fn what_cannot_be_seen_is_no_text() {
    let hidden = [
        ("", "<p hidden>SECRET</p>"),
        ("", "<p style='visibility: hidden'>SECRET</p>"),
        ("", "<p style='color:#fff'>SECRET</p>"),
        ("", "<p><font color=white>SECRET</font></p>"),
        ("", "<p style='background:#123456;color:#123456'>SECRET</p>"),
        ("", "<p style='font-size:1px'>SECRET</p>"),
        ("", "<p style='position:absolute;left:-9999px'>SECRET</p>"),
        ("", "<template><p>SECRET</p></template>"),
        ("", "<dialog>SECRET</dialog>"),
        ("", "<p aria-hidden=true>SECRET</p>"),
        (".x{display:none}", "<p class='a x'>SECRET</p>"),
        ("#a > div.x p { color : rgb(255, 255, 255) }", "<div id=a><div class=x><p>SECRET</p></div></div>"),
        ("@media screen { .x { opacity: 0 !important } }", "<p class=x style='opacity:1'>SECRET</p>"),
        (".x,.y{position:absolute;clip:rect(0,0,0,0)}", "<p class=y>SECRET</p>"),
        ("body{background:#000} .x{color:black}", "<p class=x>SECRET</p>"),
    ];
    for (sheet, body) in hidden {
        let html = format!(
            "<style>p.seen{{color:#444;background:#fff}} {sheet}</style><body><p class=seen>Seen.</p>{body}</body>"
        );
        assert_eq!(file(&html).text, "Seen.", "{html}");
    }
    let seen = [
        (".x{display:none} .x.open{display:block}", "<p class='x open'>SEEN</p>"),
        ("@media print{.x{display:none}}", "<p class=x>SEEN</p>"),
        ("@media (max-width: 600px){.x{display:none}}", "<p class=x>SEEN</p>"),
        (".x:hover{display:none}", "<p class=x>SEEN</p>"),
        (".dark{background:#123}", "<div class=dark><p style='color:#fff'>SEEN</p></div>"),
        ("", "<div style='background:url(a.png)'><p style='color:white'>SEEN</p></div>"),
        ("", "<div style='font-size:0'><p style='font-size:16px'>SEEN</p></div>"),
        ("body{visibility:hidden}", "<p>SEEN</p>"),
        ("#app{display:none}", "<div id=app>SEEN</div>"),
        ("", "<div aria-hidden=true><main>SEEN</main></div>"),
        ("", "<details><summary>More</summary>SEEN</details>"),
    ];
    for (sheet, body) in seen {
        assert_text(&file(&format!("<style>{sheet}</style><body>{body}</body>")), &["SEEN"], &[]);
    }
    let elsewhere = "<link rel=stylesheet href=a.css><body><h1 style='color:white'>SEEN</h1></body>";
    assert_text(&file(elsewhere), &["SEEN"], &[]);
}

#[test]
fn pages_that_are_none_are_recognised() {
    use PageFault::{BotCheck, NotFound, Unavailable};
    let menu = "<ul><li><a href=/>Home page</a><li><a href=/n>News</a><li><a href=/c>Contact</a></ul>";
    let faults = [
        (
            "<title>404 Not Found</title><h1>Not Found</h1><p>The requested URL was not found on this server.</p>",
            NotFound,
        ),
        ("<title>Acme</title><h1>Oops!</h1><p>Sorry, the page you're looking for doesn't exist.</p>", NotFound),
        (
            "<title>Ошибка 404 — Магазин</title><h1>Страница не найдена</h1><p>Вернитесь на главную страницу.</p>",
            NotFound,
        ),
        ("<title>Seite nicht gefunden | Firma</title><p>Zur Startseite</p>", NotFound),
        ("<title>Page introuvable - Journal</title><h1>404</h1><p>Retour à la page d'accueil.</p>", NotFound),
        (
            "<title>Just a moment...</title><h1>site.example</h1><p>Checking if the site connection is secure.</p>",
            BotCheck,
        ),
        (
            "<title>Attention Required! | Cloudflare</title><p>Please complete the security check to access the site.</p>",
            BotCheck,
        ),
        (
            "<title>Ой!</title><h1>Подтвердите, что запросы отправляли вы, а не робот</h1><p>Нам очень жаль, но запросы, поступившие с вашего IP-адреса, похожи на автоматические.</p>",
            BotCheck,
        ),
        (
            "<title>Access Denied</title><h1>Access Denied</h1><p>You don't have permission to access this page. Reference #18.2</p>",
            Unavailable,
        ),
        ("<title>Site under maintenance</title><p>We will be back soon, please try again later.</p>", Unavailable),
    ];
    for (html, fault) in faults {
        assert_eq!(page(&format!("{html}{menu}")).fault, Some(fault), "{html}");
        assert_eq!(file(html).fault, None, "a file is what it is");
    }
    let articles = [
        format!("<title>HTTP 404 - Encyclopedia</title><h1>HTTP 404</h1><p>The error 404 means that a server could not find what was requested. {}</p>", LONG.repeat(20)),
        "<title>404 (film)</title><h1>404</h1><p>404 is a film of 2011 about a student who moves into a room that is said to be haunted.</p>".to_owned(),
        "<title>How to fix a page not found error</title><h1>How to fix a page not found error</h1><p>Check the address first, then the server.</p>".to_owned(),
        "<title>Captchas: are you a robot?</title><h1>How captchas came to be</h1><p>In 2003 four people at a university wrote a test.</p>".to_owned(),
        "<title>Contact</title><div class=g-recaptcha></div><p>Write to us at the mill in Graz, or call us in the morning between nine and eleven; we answer on the same day.</p>".to_owned(),
        "<title>Access denied to museum</title><h1>Visitors were denied access to the museum</h1><p>It was closed on Monday.</p>".to_owned(),
    ];
    for html in articles {
        assert_eq!(page(&html).fault, None, "{html}");
    }
}

#[test]
fn a_page_that_only_points_at_another_names_it() {
    let target = |html: &str| refresh_target(html.as_bytes(), &Hints::default());
    assert_eq!(target("<meta HTTP-EQUIV=Refresh content='0; URL=../new.html'>").as_deref(), Some("../new.html"));
    assert_eq!(target("<noscript><meta http-equiv=refresh content='0;url=/no-script'></noscript>"), None);
    assert_eq!(target("<meta http-equiv=refresh content=300><p>News, anew every five minutes.</p>"), None);
}

#[test]
fn raw_tags_of_markdown_are_no_text() {
    let source = "# A <em>title</em>\n\nSee <b onclick=\"x()\">this</b><br>and 10<sup>6</sup> of `<b>` in Vec<String>.\n\
        <img src=x onerror=alert(1)> <script>alert(2)</script> <span style=\"display:none\">SECRET <i>x</i></span> end\n\n\
        <script>\nalert(3)\n</script>\n\n<table><tr><th>Port</th><th>Count</th></tr><tr><td>USB</td><td>3</td></tr></table>\n\n\
        <details>\n<summary>How many?</summary>\n\nThere are **three**.\n\n</details>\n\n[//]: # (SECRET note)\n\n\
        ```html\n<b>kept</b>\n```\n\n<https://example.com> and a < b > c\n\n<div hidden>SECRET</div>\n";
    let document = parse(Format::Markdown, source.as_bytes(), &Hints::default()).unwrap();
    check_offsets(&document);
    let wanted = [
        "# A title\n",
        "See this\nand 10^6 of `<b>` in Vec<String>.",
        "Port | Count\nUSB | 3",
        "## How many?",
        "There are **three**.",
        "<b>kept</b>",
        "<https://example.com>",
        "a < b > c",
        "end",
    ];
    assert_text(&document, &wanted, &["SECRET", "alert", "onclick", "<img", "<span", "<details", "<em>", "</"][..7]);
}
