//! What is fed, and what must hold whatever comes out.

use std::io::{Cursor, Read};

use reader::{Format, Hints, parse};
use text::citations::{CitationOutput, CitationResolver};
use text::passages::{PassageLimits, split};
use text::{sentences, terms};
use zip::ZipArchive;

use crate::mutator::Mutator;
use crate::offsets::check_offsets;
use crate::{pdf_file, zip_file};

/// A parser, or another function that reads what strangers write.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&mut Mutator) -> Vec<u8>,
    /// Panics where something does not hold.
    pub(crate) check: fn(&[u8]),
}

pub(crate) const TARGETS: [Target; 9] = [
    Target { name: "html", make: html, check: |bytes| read(Format::Html, bytes) },
    Target { name: "markdown", make: markdown, check: |bytes| read(Format::Markdown, bytes) },
    Target { name: "csv", make: csv, check: |bytes| read(Format::Csv, bytes) },
    Target { name: "pdf", make: pdf, check: |bytes| read(Format::Pdf, bytes) },
    Target { name: "docx", make: docx, check: |bytes| read(Format::Docx, bytes) },
    Target { name: "sentences", make: prose, check: cut_into_sentences },
    Target { name: "citations", make: answer, check: resolve_citations },
    Target { name: "terms", make: question, check: make_terms },
    Target { name: "extracts", make: prose, check: answer_and_judge },
];

const PAGE: &[u8] = include_bytes!("page.html");
const FAQ: &[u8] = include_bytes!("../../../../examples/handbook/faq.html");
const SETTINGS: &[u8] = include_bytes!("../../../../examples/handbook/it/perch-settings.md");
const FIRST_DAY: &[u8] = include_bytes!("../../../../examples/handbook/it/first-day.md");
const TRAVEL: &[u8] = include_bytes!("../../../../examples/handbook/travel/командировки.md");
const STATIONS: &[u8] = include_bytes!("../../../../examples/handbook/prices/stations.csv");
const SERVICE: &[u8] = include_bytes!("../../../../examples/handbook/contracts/chamber-service.pdf");
const HALL_LEASE: &[u8] = include_bytes!("../../../../examples/handbook/contracts/hall-lease.docx");
const PDF_FILES: [&[u8]; 6] = [
    SERVICE,
    include_bytes!("../fixtures/columns.pdf"),
    include_bytes!("../fixtures/words.pdf"),
    include_bytes!("../fixtures/open-rc4-40.pdf"),
    include_bytes!("../fixtures/open-aes-256.pdf"),
    include_bytes!("../fixtures/scan.pdf"),
];

const TAGS: [&str; 40] = [
    "<table>",
    "<tr>",
    "<td colspan=9999>",
    "<td rowspan=0>",
    "</table>",
    "<th>",
    "<ul>",
    "<ol start=99999999999>",
    "<li>",
    "<p>",
    "</p>",
    "<h1>",
    "<h6>",
    "<pre>",
    "<code>",
    "<template>",
    "<svg>",
    "<math>",
    "<select>",
    "<option>",
    "<style>.a{display:none}</style>",
    "<div style='display:none;color:#fff'>",
    "<script>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&#0;",
    "&#x110000;",
    "&nbsp;",
    "&amp",
    "<meta charset=utf-16>",
    "<meta http-equiv=refresh content='0;url=/'>",
    "<dl><dt>",
    "<dd>",
    "<a href=x>",
    "<b>",
    "<title>",
    "<time datetime=2024-02-30>",
    "<body>",
];
const MARKS: [&str; 34] = [
    "# ",
    "###### ",
    "- ",
    "1. ",
    "99999999999. ",
    "> ",
    "```",
    "~~~~",
    "    ",
    "|",
    "|---|",
    "| a | b |\n|---|---|\n| 1 | 2 |\n",
    "[a](b)",
    "![a](b)",
    "[a]: b\n",
    "[^1]",
    "[^1]: x\n",
    "**",
    "__",
    "`",
    "\\",
    "<div hidden>",
    "</div>",
    "<!--",
    "-->",
    "---\n",
    "title: x\n",
    "date: 2024-13-45\n",
    "===\n",
    "\n\n",
    "&amp;",
    "Date: 1 May 2024\n",
    "漢字",
    "e\u{301}",
];
const CELLS: [&str; 14] =
    [",", ";", "\t", "|", "\"", "\"\"", "\n", "\r\n", "a", "1.5", "\"a\nb\"", "'", "sep=;\n", "\u{feff}"];
const OPERATORS: [&str; 40] = [
    "BT ",
    "ET ",
    "q ",
    "Q ",
    "/F1 12 Tf ",
    "/F9 1e9 Tf ",
    "(a) Tj ",
    "<00410042> Tj ",
    "[(a) -9999 (b)] TJ ",
    "1 0 0 1 9 9 cm ",
    "0 0 0 0 0 0 cm ",
    "1e38 0 0 1e38 0 0 Tm ",
    "nan ",
    "-",
    "T* ",
    "9 9 Td ",
    "14 TL ",
    "(a) ' ",
    "1 2 (a) \" ",
    "/P BMC ",
    "EMC ",
    "/Span <</ActualText (a)>> BDC ",
    "<< ",
    ">> ",
    "[ ",
    "] ",
    "( ",
    ") ",
    "\\777",
    "BI /W 9 /H 9 ID ",
    "EI ",
    "/X1 Do ",
    "3 Tr ",
    "100 Tz ",
    "0 Tz ",
    "-1 Tc ",
    "2147483647 Tw ",
    "9 0 R ",
    "endstream ",
    "obj ",
];
const OBJECTS: [&str; 20] = [
    "1 0 R",
    "3 0 R",
    "4 0 R",
    "99999 0 R",
    "/Type /Pages",
    "/Kids [2 0 R]",
    "/Count -1",
    "/Length 99999999",
    "/Filter /FlateDecode",
    "/Filter [/ASCII85Decode /LZWDecode]",
    "/DecodeParms <</Predictor 15 /Columns 0>>",
    "/Encoding /Identity-H",
    "/ToUnicode 4 0 R",
    "/W [0 [1 2 3]]",
    "/Widths [1e30]",
    "/FirstChar -9",
    "/Parent 3 0 R",
    "xref\n0 9999999\n",
    "trailer",
    "startxref\n7\n",
];
const XML: [&str; 28] = [
    "<w:p>",
    "</w:p>",
    "<w:r><w:t>a</w:t></w:r>",
    "<w:tbl>",
    "</w:tbl>",
    "<w:tr>",
    "<w:tc>",
    "<w:gridSpan w:val=\"99999\"/>",
    "<w:vMerge/>",
    "<w:numPr><w:ilvl w:val=\"9999\"/><w:numId w:val=\"1\"/></w:numPr>",
    "<w:pStyle w:val=\"Heading1\"/>",
    "<w:tab/>",
    "<w:br/>",
    "<w:del>",
    "<w:ins>",
    "<w:fldChar w:fldCharType=\"begin\"/>",
    "<w:fldChar w:fldCharType=\"end\"/>",
    "<w:footnoteReference w:id=\"1\"/>",
    "<m:oMath>",
    "<m:f>",
    "<w:txbxContent>",
    "<![CDATA[x]]>",
    "<?x?>",
    "&lt;",
    "&#0;",
    "<w:basedOn w:val=\"Heading1\"/>",
    "xmlns:w=\"x\"",
    "/>",
];
const PROSE: [&str; 44] = [
    "The notice period is three months. ",
    "Договор действует до 5 мая 2024 г. ",
    "a",
    "B",
    "7",
    "1,000 ",
    "2.5 million ",
    "05.11.2019",
    "31 February 2024 ",
    "99/99/9999",
    " ",
    "\n",
    "\n\n",
    ".",
    "!",
    "?",
    "…",
    "。",
    "Dr. ",
    "т. е. ",
    "e.g. ",
    "[1]",
    "[",
    "]",
    "\"",
    "»",
    "# ",
    "- ",
    "1. ",
    "| a | b |\n",
    "|---|---|\n",
    "```\n",
    ">",
    "é",
    "漢字",
    "\u{301}",
    "\r\n",
    "\t",
    "—",
    "\u{2028}",
    "😀",
    "costs 5 EUR ",
    "-",
    "not ",
];
const MARKERS: [&str; 42] = [
    "True",
    " ",
    ". ",
    "\n",
    "[1]",
    "[2, 3]",
    "[1-3]",
    "[1-4294967295]",
    "[99999999999999999999]",
    "[^1]",
    "[[1]]",
    "[Source 1]",
    "[Источник 3]",
    "【1】",
    "【4:0†source】",
    "［１］",
    "<sup>1</sup>",
    "<sup>",
    "¹",
    "²³",
    "[",
    "]",
    "(",
    ")",
    "[a](b)",
    "`",
    "``",
    "```\n",
    "~~~",
    "\\",
    "citeturn0search0",
    "\u{e200}cite\u{e202}turn0search0\u{e201}",
    "\u{e203}",
    "[1](x)",
    "[0]",
    "[-1]",
    "[１",
    "—",
    "漢",
    "😀",
    "é",
    "(see [9])",
];
const QUERIES: [&str; 40] = [
    "\"",
    "*",
    "NEAR(",
    "NEAR/2 ",
    " OR OR ",
    " AND ",
    " NOT ",
    ":",
    "^",
    "(",
    ")",
    "{",
    "}",
    "+",
    "-",
    "&",
    "|",
    "!",
    "<->",
    "'",
    "''",
    "\\",
    "\\'",
    "terms:",
    "/o/",
    "\0",
    "\u{fffd}",
    "😀",
    "\u{200d}",
    "e\u{301}",
    "\u{64b}",
    "漢字",
    "เวลา",
    "ß",
    "ǅ",
    "ﬁ",
    "1.000",
    "2-3-4-5",
    "notice",
    "аренда",
];

fn html(mutator: &mut Mutator) -> Vec<u8> {
    mutator.changed(&[PAGE, FAQ], &TAGS)
}

fn markdown(mutator: &mut Mutator) -> Vec<u8> {
    if mutator.below(3) == 0 {
        mutator.assembled(&MARKS)
    } else {
        mutator.changed(&[SETTINGS, FIRST_DAY, TRAVEL], &MARKS)
    }
}

fn csv(mutator: &mut Mutator) -> Vec<u8> {
    if mutator.below(3) == 0 { mutator.assembled(&CELLS) } else { mutator.changed(&[STATIONS], &CELLS) }
}

/// A damaged file, or a good one around damaged content.
fn pdf(mutator: &mut Mutator) -> Vec<u8> {
    if mutator.below(2) == 0 {
        return mutator.changed(&PDF_FILES, &OBJECTS);
    }
    let good = b"BT /F1 12 Tf 14 TL 72 700 Td (The notice period) Tj T* [(is) -250 (three months.)] TJ ET";
    let content = mutator.changed(&[good], &OPERATORS);
    pdf_file::page(pdf_file::stream("", &content), "", vec![])
}

/// A damaged archive, or a good one around a damaged part.
fn docx(mutator: &mut Mutator) -> Vec<u8> {
    if mutator.below(4) == 0 {
        return mutator.changed(&[HALL_LEASE], &[]);
    }
    let mut archive = ZipArchive::new(Cursor::new(HALL_LEASE)).unwrap();
    let damaged = mutator.below(archive.len());
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        // Most of what is read is in the body.
        if index == damaged || (name == "word/document.xml" && mutator.below(2) == 0) {
            content = mutator.changed(&[&content], &XML);
        }
        entries.push(zip_file::Entry::new(&name, &content));
    }
    zip_file::archive(&entries)
}

fn prose(mutator: &mut Mutator) -> Vec<u8> {
    if mutator.below(2) == 0 { mutator.assembled(&PROSE) } else { mutator.changed(&[TRAVEL, SETTINGS], &PROSE) }
}

fn answer(mutator: &mut Mutator) -> Vec<u8> {
    mutator.assembled(&MARKERS)
}

fn question(mutator: &mut Mutator) -> Vec<u8> {
    mutator.assembled(&QUERIES)
}

/// Whatever is refused is refused with a reason; whatever is read keeps its bounds, as a page of the web and as a file.
fn read(format: Format, bytes: &[u8]) {
    let page = Hints { url: Some("https://site.example/".to_owned()), ..Hints::default() };
    for hints in [Hints::default(), page] {
        let Ok(document) = parse(format, bytes, &hints) else { continue };
        check_offsets(&document);
        assert!(!document.text.trim().is_empty(), "a document has text");
        assert!(!document.text.contains('\0'), "no database takes a zero");
        assert!(
            document.sections.iter().flat_map(|section| &section.heading).all(|heading| heading.chars().count() <= 200)
        );
        let title = document.title.unwrap_or_default();
        assert!(!title.contains(['\n', '\0']), "a title is a line: {title:?}");
        assert!(document.language.is_none_or(|language| language.len() == 2));
    }
}

fn cut_into_sentences(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut last = 0;
    for range in sentences::split(&text) {
        assert!(range.start >= last && range.start < range.end, "ranges are in order and not empty");
        let sentence = &text[range.clone()];
        assert_eq!(sentence, sentence.trim());
        last = range.end;
    }
    for passage in split(&text, PassageLimits::PAGE) {
        let chars = text.chars().skip(passage.chars.start).take(passage.chars.len());
        assert!(chars.eq(text[passage.range].chars()), "characters and bytes are of the same stretch");
    }
}

/// The result depends on the text alone, and a sentence is where it says.
fn resolve_citations(bytes: &[u8]) {
    let answer = String::from_utf8_lossy(bytes);
    let source = ["The route visits the stops [3,1,2] in that order; read arr[2]."];
    let run = |deltas: &mut dyn Iterator<Item = String>| {
        let mut resolver = CitationResolver::new(3).with_source_texts(source);
        let mut pieces: Vec<CitationOutput> = deltas.flat_map(|delta| resolver.push(&delta)).collect();
        pieces.extend(resolver.finish());
        let (mut text, mut sentences) = (String::new(), Vec::new());
        for piece in pieces {
            match piece {
                CitationOutput::Text(piece) => text.push_str(&piece),
                CitationOutput::Sentence { start, end, text: sentence, sources } => {
                    let stretch: String = text.chars().skip(start).take(end - start).collect();
                    assert_eq!(stretch, sentence);
                    assert!(sources.iter().all(|source| (1..=3).contains(source)), "{sources:?}");
                    sentences.push((start, end, sources));
                }
            }
        }
        (text, sentences)
    };
    let whole = run(&mut std::iter::once(answer.clone().into_owned()));
    let by_characters = run(&mut answer.chars().map(String::from));
    assert_eq!(whole, by_characters);
    assert!(whole.0.len() <= 4 * answer.len() + 64, "no marker becomes many");
}

/// Terms stand in quotes in the queries of both databases, so nothing in them may end a quote or be none.
fn make_terms(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mark = unicode_normalization::char::is_combining_mark;
    let indexed = terms::index_text(&text);
    let of_index = indexed.split(' ').filter(|_| !indexed.is_empty()).map(str::to_owned);
    for term in terms::query_terms(&text).into_iter().chain(of_index).chain(text::extractive::search_terms(&text)) {
        assert!(!term.is_empty() && term.chars().count() <= 64, "{term:?}");
        assert!(term.chars().all(|c| c.is_alphanumeric() || mark(c)), "{term:?}");
    }
}

fn answer_and_judge(bytes: &[u8]) {
    use text::extractive::{AnswerOptions, SourcePassage, answer};
    let text = String::from_utf8_lossy(bytes);
    let half = text.floor_char_boundary(text.len() / 2);
    let passage = |text: &str| SourcePassage {
        source: 1,
        text: text.to_owned(),
        title: None,
        heading: None,
        start: 0,
        published_at: None,
        score: 1.0,
    };
    let question = &text[..text.floor_char_boundary(text.len().min(200))];
    std::hint::black_box(answer(question, &[passage(&text)], AnswerOptions::default()));
    std::hint::black_box(answer("How long is the notice period?", &[passage(&text)], AnswerOptions::default()));
    std::hint::black_box(text::support::check(&text[..half], &text[half..]));
}
