//! What is fed, and what must hold whatever comes out.

use std::io::{Cursor, Read};

use reader::{Format, Hints, parse};
use text::citations::{CitationOutput, CitationResolver};
use text::passages::{PassageLimits, split};
use text::{sentences, terms};
use zip::ZipArchive;

use crate::mutator::Mutator;
use crate::offsets::check_offsets;
use crate::words::{CELLS, MARKERS, MARKS, OBJECTS, OPERATORS, OPF, PROSE, QUERIES, TAGS, XML};
use crate::{book, pdf_file, zip_file};

/// A parser, or another function that reads what strangers write.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&mut Mutator) -> Vec<u8>,
    /// Panics where something does not hold.
    pub(crate) check: fn(&[u8]),
}

pub(crate) const TARGETS: [Target; 10] = [
    Target { name: "html", make: html, check: |bytes| read(Format::Html, bytes) },
    Target { name: "markdown", make: markdown, check: |bytes| read(Format::Markdown, bytes) },
    Target { name: "csv", make: csv, check: |bytes| read(Format::Csv, bytes) },
    Target { name: "pdf", make: pdf, check: |bytes| read(Format::Pdf, bytes) },
    Target { name: "docx", make: docx, check: |bytes| read(Format::Docx, bytes) },
    Target { name: "epub", make: epub, check: |bytes| read(Format::Epub, bytes) },
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

/// A damaged archive, or a good one around damaged parts.
fn docx(mutator: &mut Mutator) -> Vec<u8> {
    if mutator.below(4) == 0 {
        return mutator.changed(&[HALL_LEASE], &[]);
    }
    let mut archive = ZipArchive::new(Cursor::new(HALL_LEASE)).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        parts.push((name, content));
    }
    packed(mutator, parts, "word/document.xml", &XML)
}

fn epub(mutator: &mut Mutator) -> Vec<u8> {
    let parts = book::PARTS.iter().map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec())).collect();
    let words = if mutator.below(2) == 0 { &TAGS[..] } else { &OPF[..] };
    packed(mutator, parts, "OEBPS/text/one.xhtml", words)
}

/// An archive of parts of which one is damaged, and often `main`, where most of the text is.
fn packed(mutator: &mut Mutator, parts: Vec<(String, Vec<u8>)>, main: &str, words: &[&str]) -> Vec<u8> {
    let damaged = mutator.below(parts.len());
    let entries = parts.into_iter().enumerate().map(|(index, (name, content))| {
        let is_changed = index == damaged || (name == main && mutator.below(2) == 0);
        let content = if is_changed { mutator.changed(&[&content], words) } else { content };
        zip_file::Entry::new(&name, &content)
    });
    zip_file::archive(&entries.collect::<Vec<_>>())
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
