//! Pages made to cost more than their size: each ends at a limit, and none costs more than twice for twice its size.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../text/tests/doubling/mod.rs"]
#[expect(dead_code, reason = "other tests make more of it")]
mod doubling;
#[path = "hostile/pdf_file.rs"]
mod pdf_file;

use pdf_file::stream;
use reader::{Format, Hints, ParseError, parse};

fn read(format: Format, source: &str) -> Result<String, ParseError> {
    let hints = Hints { url: Some("https://site.example/".to_owned()), ..Hints::default() };
    parse(format, source.as_bytes(), &hints).map(|document| document.text)
}

/// What made scanners believe that the tags after it are not tags.
const DISGUISES: [&str; 45] = [
    "",
    "<!-->",
    "<!--->",
    "<!---->",
    "<!-- a --!>",
    "<!--><!-->",
    "<!-- --!> -->",
    "<!-->-->",
    "<!doctype html><!-->",
    "<?xml ?>",
    "<!x>",
    "<![CDATA[>",
    "</ >",
    "</>",
    "<iframe><!--</iframe>",
    "<iframe></iframe><!--><!-->",
    "<noframes><!--</noframes>",
    "<noembed><!--</noembed>",
    "<xmp><!--</xmp>",
    "<style><!--</style>",
    "<script></script>",
    "<script><!--</script>",
    "<script>'<!--<script'</script>",
    "<textarea><!--</textarea>",
    "<title><!--</title>",
    "<svg><title></title></svg>",
    "<svg><title>",
    "<svg><desc>",
    "<svg><style></style></svg>",
    "<svg><![CDATA[<!--]]></svg>",
    "<svg><script>",
    "<math><mi>",
    "<math><annotation-xml encoding='text/html'>",
    "<noscript>",
    "<template>",
    "<template shadowrootmode=open>",
    "<select></select>",
    "<table><tr><td>",
    "<table>",
    "<button>",
    "<a title='<!--'>",
    "<a title=\"<script>\">",
    "<p a='>' b=\"'\">",
    "<body onload='<xmp>'>",
    "<object><applet><marquee>",
];

#[test]
fn no_disguise_hides_elements_inside_each_other() {
    for disguise in DISGUISES {
        let page = format!("{disguise}{}x", "<div>".repeat(50_000));
        let result = read(Format::Html, &page);
        assert!(matches!(result, Err(ParseError::TooLarge(_))), "{disguise}: {result:?}");
    }
}

#[test]
fn floods_end_at_a_limit() {
    let numbered = |n: usize, tag: fn(usize) -> String| (0..n).map(tag).collect::<String>();
    let floods = [
        ("end tags that make paragraphs", format!("<body>{}", "</p>".repeat(400_000))),
        ("line breaks", format!("<body>{}", "</br>".repeat(400_000))),
        ("open formatting", numbered(4_000, |n| format!("<b id={n}>"))),
        ("open formatting in paragraphs", numbered(40_000, |n| format!("<p><i id={n}>x</p>"))),
        ("open formatting in cells", format!("<table>{}", "<td><b><i><u><s>".repeat(60_000))),
        (
            "formatting that is reopened",
            format!("<p>{}{}", numbered(120, |n| format!("<b id={n}>")), "</p><p>x".repeat(90_000)),
        ),
        ("adoption", "<a><div>".repeat(40_000)),
        ("adoption of many children", format!("<b><b><b><b><p>{}{}", "<br>".repeat(200_000), "</b><b>".repeat(90_000))),
        ("nested tables", "<table><tr><td>".repeat(40_000)),
        ("tables that foster", "<table><div>".repeat(40_000)),
        ("foreign elements", format!("<svg>{}", "<g>".repeat(90_000))),
        ("foreign formulas", format!("<math>{}", "<mrow>".repeat(90_000))),
        ("lists", "<ul><li>".repeat(90_000)),
        ("fonts", "<font>".repeat(90_000)),
        ("spans", "<span>".repeat(90_000)),
        ("end tags of nothing", format!("{}{}", "<span>".repeat(240), "</x>".repeat(900_000))),
        ("attributes", format!("<a {}>x", numbered(600_000, |n| format!("a{n} ")))),
        ("attributes of an end tag", format!("</a {}>x", numbered(600_000, |n| format!("a{n}=1 ")))),
        ("attributes that begin with a sign", format!("<a {}>x", numbered(600_000, |n| format!("=a{n} ")))),
        ("attributes between slashes", format!("<a/{}>x", numbered(600_000, |n| format!("a{n}/")))),
        ("attributes after quotes", format!("<a {}>x", numbered(600_000, |n| format!("a{n}=''")))),
        (
            "attributes of the end of a script",
            format!("<script></script {}>x", numbered(600_000, |n| format!("a{n} "))),
        ),
        ("attributes across brackets", format!("<a {}>x", numbered(600_000, |n| format!("<a{n} ")))),
        ("summaries", "<details><summary>x</summary>".repeat(40_000)),
        ("templates", "<template>".repeat(90_000)),
        ("elements", "<i></i>".repeat(400_000)),
    ];
    for (name, page) in floods {
        let result = read(Format::Html, &page).map(|text| text.len());
        assert!(result.as_ref().is_err_and(|error| *error != ParseError::Timeout), "{name}: {result:?}");
    }
}

#[test]
fn ordinary_excess_is_read() {
    let rows = "<tr><td>a<td>b".repeat(5_000);
    let pages = [
        format!("<!doctype html><table>{rows}</table>"),
        "<p>unclosed <b>bold</b><br>".repeat(20_000),
        format!("<script>{}</script>x", "if (a<b && c < d) { e } ".repeat(9_000)),
        format!("<p>x<img src=\"data:image/svg+xml,{}\">", "a /b='c' ".repeat(9_000)),
        format!("<p>x<a href={}>y</a>", "/a".repeat(9_000)),
        "<p><a name=x>unclosed anchor ".repeat(10_000),
        "<p><font size=2>unclosed font ".repeat(5_000),
        "a < b, <3 and <".to_owned(),
        format!("<!-- {} -->x", "<a b c ".repeat(90_000)),
    ];
    for page in pages {
        let result = read(Format::Html, &page);
        assert!(result.is_ok(), "{}: {result:?}", &page[..30]);
    }
    assert!(read(Format::Html, &"<body a1=1>".repeat(100_000)).is_err(), "there is no text");
}

/// Units whose repetition costs bad parsers more than it should.
const UNITS: [&str; 64] = [
    "a",
    "1",
    " ",
    "\n",
    "\t",
    "é",
    "漢",
    "&",
    "&amp;",
    "&a",
    "&#",
    "&#x",
    "&#1;",
    "&notit;",
    "<",
    ">",
    "<a",
    "</",
    "<!",
    "<!--",
    "-->",
    "<?",
    "]]>",
    "[",
    "]",
    "[a](",
    "![",
    "](",
    "(",
    ")",
    "*",
    "**a",
    "_",
    "_a_ ",
    "`",
    "``a",
    "~~~\n",
    "```\n",
    "> ",
    ">",
    "- ",
    "- a\n",
    "1. a\n",
    "# a\n",
    "#",
    "a\n=\n",
    "| a ",
    "|a|\n|-|\n",
    "\\",
    "<b>x</b>",
    "<p>",
    "<p>x",
    "<br>",
    "<td>x",
    "<li>x",
    "<dt>x<dd>y",
    "<tr><th>a<td>b",
    "<a href=x>y</a> ",
    "<h2>x</h2>",
    "<div class=cookie>x</div>",
    "<p style='color:#fff'>x",
    "<sup>1</sup>",
    "<style>.a{color:red}</style>",
    "<p class='a b'>x",
];

/// Units of the content of a page in a PDF file.
const DRAWN: [&str; 14] = [
    "/P BMC ",
    "/P BMC (a) Tj ",
    "/P BMC EMC ",
    "/Span <</ActualText (a)>> BDC ",
    "/Span <</ActualText (a)>> BDC (a) Tj EMC ",
    "/Span /Absent BDC (a) Tj ",
    "EMC ",
    "q ",
    "q Q ",
    "BT ",
    "(a) Tj ",
    "(a b) Tj T* ",
    "[(a) 9 (b)] TJ ",
    "1 0 0 1 9 9 cm ",
];

#[test]
fn twice_the_page_costs_twice_the_work() {
    let html = UNITS.iter().filter_map(|unit| growth(Format::Html, unit, str::to_owned));
    let markdown = UNITS.iter().filter_map(|unit| growth(Format::Markdown, unit, str::to_owned));
    let grows: Vec<String> = html.chain(markdown).collect();
    assert!(grows.is_empty(), "{grows:#?}");
}

#[test]
fn twice_the_drawing_costs_twice_the_work() {
    let page = |content: &str| {
        let content = format!("BT /F1 12 Tf 14 TL 9 700 Td {content}");
        String::from_utf8(pdf_file::page(stream("", content.as_bytes()), "", vec![])).unwrap()
    };
    let grows: Vec<String> = DRAWN.iter().filter_map(|unit| growth(Format::Pdf, unit, page)).collect();
    assert!(grows.is_empty(), "{grows:#?}");
}

/// Twice a page costs at most so many times as much. A part that grows with the square is seen where it is a sixth of the cost.
const MAX_RATIO: f64 = 2.3;
/// Less (ns) is not measured: it is all noise.
const MEASURABLE: u64 = 6_000_000;

/// What is repeated and from how many bytes on, if reading it costs more than its size.
fn growth(format: Format, unit: &str, file: impl Fn(&str) -> String) -> Option<String> {
    let file = |bytes: usize| file(&unit.repeat(bytes / unit.len()));
    let mut bytes = 8 << 10;
    let mut least = cost(format, &file(bytes));
    while least < MEASURABLE && bytes < 2 << 20 {
        bytes *= 2;
        least = cost(format, &file(bytes));
    }
    let (one, two) = (file(bytes), file(bytes * 2));
    let mut least_of_two = u64::MAX;
    for _ in 0..15 {
        least_of_two = least_of_two.min(cost(format, &two));
        if least_of_two as f64 / least.max(200_000) as f64 <= MAX_RATIO {
            return None;
        }
        least = least.min(cost(format, &one));
    }
    Some(format!("{unit:?} as {format:?} from {bytes} bytes"))
}

/// Time of this thread (ns).
fn cost(format: Format, source: &str) -> u64 {
    let started = doubling::processor_time();
    let _ = read(format, source);
    u64::try_from((doubling::processor_time() - started).as_nanos()).unwrap()
}
