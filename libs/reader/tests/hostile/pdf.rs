//! PDF files: loops, nesting, bombs and lies.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use reader::{Format, ParseError};

use super::pdf_file::{file, page, stream};
use crate::Case;

const LEASE: &[u8] = include_bytes!("../fixtures/lease.pdf");

pub(crate) const CASES: [Case; 21] = [
    ("a file cut in the middle", Format::Pdf, || LEASE[..LEASE.len() / 2].to_vec(), Some(damaged)),
    (
        "a file that needs a password",
        Format::Pdf,
        || include_bytes!("../fixtures/locked.pdf").to_vec(),
        Some(encrypted),
    ),
    ("a scan", Format::Pdf, || include_bytes!("../fixtures/scan.pdf").to_vec(), Some(no_text)),
    ("a header and nothing else", Format::Pdf, || b"%PDF-1.7\n%%EOF".to_vec(), None),
    ("zeros after a header", Format::Pdf, || [b"%PDF-1.7\n", &vec![0; 1 << 20][..], b"\n%%EOF"].concat(), None),
    ("a table of references that loops", Format::Pdf, reference_loop, None),
    ("a page tree that loops", Format::Pdf, || tree("<</Type /Pages /Kids [2 0 R 2 0 R] /Count 2>>"), None),
    ("a page tree of pages that are missing", Format::Pdf, || tree("<</Type /Pages /Kids [9 0 R] /Count 1>>"), None),
    ("a billion pages", Format::Pdf, || tree("<</Type /Pages /Kids [] /Count 1000000000>>"), None),
    ("a page tree 20,000 deep", Format::Pdf, deep_tree, None),
    (
        "dictionaries 100,000 deep",
        Format::Pdf,
        || tree(&format!("<</Type /Pages /X {}", "<</A ".repeat(100_000))),
        None,
    ),
    ("arrays 100,000 deep", Format::Pdf, || tree(&format!("<</Type /Pages /Kids {}", "[".repeat(100_000))), None),
    ("an outline that loops", Format::Pdf, outline_loop, None),
    ("a form that draws itself", Format::Pdf, form_loop, None),
    (
        "a giant declared length",
        Format::Pdf,
        || page(b"<</Length 99999999999>>\nstream\nq Q\nendstream".to_vec(), "", vec![]),
        None,
    ),
    (
        "a length that refers to itself",
        Format::Pdf,
        || page(b"<</Length 4 0 R>>\nstream\nq Q\nendstream".to_vec(), "", vec![]),
        None,
    ),
    ("a bomb in a bomb", Format::Pdf, bomb, None),
    ("a million saved states", Format::Pdf, || page(stream("", &b"q ".repeat(1_000_000)), "", vec![]), None),
    (
        "marks that are never closed",
        Format::Pdf,
        || page(stream("", &b"/P BMC BT /F1 9 Tf (a) Tj ET ".repeat(300_000)), "", vec![]),
        Some(too_large),
    ),
    ("a map of four billion characters", Format::Pdf, character_map, None),
    (
        "an archive that calls itself PDF",
        Format::Pdf,
        || [&b"PK\x03\x04"[..], &vec![7; 4096], b"%%EOF"].concat(),
        Some(damaged),
    ),
];

fn damaged(error: &ParseError) -> bool {
    matches!(error, ParseError::Damaged(_))
}

fn encrypted(error: &ParseError) -> bool {
    *error == ParseError::Encrypted
}

fn too_large(error: &ParseError) -> bool {
    matches!(error, ParseError::TooLarge(_))
}

fn no_text(error: &ParseError) -> bool {
    *error == ParseError::NoText
}

fn tree(pages: &str) -> Vec<u8> {
    file(&["<</Type /Catalog /Pages 2 0 R>>", pages])
}

fn reference_loop() -> Vec<u8> {
    let text = String::from_utf8(tree("<</Type /Pages /Kids [] /Count 0>>")).expect("ASCII");
    let start = text.rfind("xref\n0").expect("written by hand");
    text.replace("/Root", &format!("/Prev {start} /Root")).into_bytes()
}

fn deep_tree() -> Vec<u8> {
    let mut objects = vec!["<</Type /Catalog /Pages 2 0 R>>".to_owned()];
    objects.extend((3..20_000).map(|next| format!("<</Type /Pages /Kids [{next} 0 R] /Count 1>>")));
    objects.push("<</Type /Pages /Kids [] /Count 0>>".to_owned());
    file(&objects)
}

fn outline_loop() -> Vec<u8> {
    file(&[
        "<</Type /Catalog /Pages 2 0 R /Outlines 4 0 R>>",
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>>",
        "<</First 5 0 R /Last 6 0 R>>",
        "<</Title (a) /Next 6 0 R /First 6 0 R>>",
        "<</Title (b) /Next 5 0 R /First 5 0 R>>",
    ])
}

fn form_loop() -> Vec<u8> {
    let form =
        stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</X 6 0 R>>>>", b"/X Do /X Do");
    page(stream("", b"/X Do /X Do"), "/XObject <</X 6 0 R>>", vec![form])
}

fn bomb() -> Vec<u8> {
    let layers = deflate(&deflate(&vec![b' '; 64 << 20]));
    page(stream("/Filter [/FlateDecode /FlateDecode]", &layers), "", vec![])
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("into memory");
    encoder.finish().expect("into memory")
}

fn character_map() -> Vec<u8> {
    let map = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange \
        1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange endcmap";
    let font =
        b"<</Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /ToUnicode 7 0 R /DescendantFonts []>>"
            .to_vec();
    page(stream("", b"BT /F2 12 Tf ET"), "/Font <</F2 6 0 R>>", vec![font, stream("", map)])
}
