//! What comes out of PDF and DOCX files.

mod common {
    pub(crate) mod offsets;
}

use common::offsets::check_offsets;
use docx_rs::{AbstractNumbering, Docx, IndentLevel, Level, LevelJc, LevelText, NumberFormat, Numbering, NumberingId};
use docx_rs::{Paragraph, Run, Start, Style, StyleType, Table, TableCell, TableRow};
use reader::{ChunkSize, Format, Hints, ParseError, chunks, parse};

const LEASE: &[u8] = include_bytes!("fixtures/lease.pdf");

#[test]
fn a_pdf_gives_pages_paragraphs_and_its_outline() {
    let document = parse(Format::Pdf, LEASE, &Hints::default()).unwrap();
    check_offsets(&document);
    assert_eq!(document.title.as_deref(), Some("Lease of the garden house"));
    assert_eq!(document.author.as_deref(), Some("Hilda Landlord"));
    assert_eq!(document.published_at.unwrap().to_rfc3339(), "2024-05-01T10:15:00+00:00");
    let text = &document.text;
    assert!(text.contains("the notice period is three months to the end of a month."), "{text}");
    assert!(
        text.contains("Договор аренды можно расторгнуть, письменно уведомив другую сторону за три месяца."),
        "{text}"
    );
    for row in [["House", "900 EUR"], ["Garden", "50 EUR"]] {
        assert!(text.lines().any(|line| row.iter().all(|cell| line.contains(cell))), "{row:?} in {text}");
    }
    let places: Vec<(Option<u32>, Option<&str>)> =
        document.sections.iter().map(|section| (section.page, section.heading.last().map(String::as_str))).collect();
    assert_eq!(
        places,
        [
            (Some(1), Some("1 Term and notice")),
            (Some(1), Some("2 Rent")),
            (Some(2), Some("3 Условия на русском языке"))
        ]
    );
    let passages = chunks(&document, ChunkSize::default(), text::tokens::count);
    assert!(passages.iter().any(|passage| passage.page == Some(2) && passage.text.contains("Залог")));
    let heading = |words: &str| {
        let passage = passages.iter().find(|passage| passage.text.contains(words)).unwrap();
        passage.heading.last().map(String::as_str)
    };
    assert_eq!(heading("the notice period is three months"), Some("1 Term and notice"));
    assert_eq!(heading("900 EUR"), Some("2 Rent"));
}

#[test]
fn a_pdf_without_text_says_why() {
    let read = |bytes: &[u8]| parse(Format::Pdf, bytes, &Hints::default());
    assert_eq!(read(include_bytes!("fixtures/scan.pdf")), Err(ParseError::NoText));
    assert_eq!(read(include_bytes!("fixtures/locked.pdf")), Err(ParseError::Encrypted));
    for cut in [LEASE.len() / 3, LEASE.len() - 200] {
        assert!(matches!(read(&LEASE[..cut]), Err(ParseError::Damaged(_))), "cut at {cut}");
    }
}

#[test]
fn a_docx_gives_headings_lists_and_tables() {
    let item = |text: &str, level| {
        Paragraph::new().add_run(Run::new().add_text(text)).numbering(NumberingId::new(2), IndentLevel::new(level))
    };
    let cells = |cells: [&str; 2]| {
        TableRow::new(
            cells
                .map(|cell| TableCell::new().add_paragraph(Paragraph::new().add_run(Run::new().add_text(cell))))
                .to_vec(),
        )
    };
    let paragraph = |text: &str| Paragraph::new().add_run(Run::new().add_text(text));
    let level =
        |at| Level::new(at, Start::new(1), NumberFormat::new("bullet"), LevelText::new("•"), LevelJc::new("left"));
    let mut bytes = std::io::Cursor::new(Vec::new());
    Docx::new()
        .add_style(Style::new("Heading1", StyleType::Paragraph).name("heading 1"))
        .add_style(Style::new("Heading2", StyleType::Paragraph).name("heading 2"))
        .add_abstract_numbering(AbstractNumbering::new(2).add_level(level(0)).add_level(level(1)))
        .add_numbering(Numbering::new(2, 2))
        .add_paragraph(paragraph("House rules").style("Heading1"))
        .add_paragraph(paragraph("Quiet after ten; тишина после десяти."))
        .add_paragraph(paragraph("Waste").style("Heading2"))
        .add_paragraph(item("Paper", 0))
        .add_paragraph(item("Boxes", 1))
        .add_table(Table::new(vec![cells(["Bin", "Day"]), cells(["Paper", "Monday"])]))
        .build()
        .pack(&mut bytes)
        .unwrap();
    let document = parse(Format::Docx, bytes.get_ref(), &Hints::default()).unwrap();
    check_offsets(&document);
    assert_eq!(
        document.text,
        "# House rules\n\nQuiet after ten; тишина после десяти.\n\n## Waste\n\n- Paper\n  - Boxes\n\nBin | Day\nPaper | Monday"
    );
    assert_eq!(document.sections[1].heading, ["House rules", "Waste"]);
    let passages = chunks(&document, ChunkSize::default(), text::tokens::count);
    assert_eq!(passages[0].heading, ["House rules"], "the quiet is no matter of waste");
    assert!(passages[0].text.ends_with("после десяти.") && passages[1].text.starts_with("## Waste"), "{passages:?}");
}
