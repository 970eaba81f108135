//! PDF files as programs write them: words in pieces, parts beside the text, ciphers without a password.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "hostile/pdf_file.rs"]
mod pdf_file;

use pdf_file::{file, page, stream};
use reader::{Document, Format, Hints, ParseError, parse};

fn read(bytes: &[u8]) -> Document {
    parse(Format::Pdf, bytes, &Hints::default()).unwrap()
}

/// The text of a page with this content, in Helvetica (`/F1`).
fn text(content: &str) -> String {
    read(&page(stream("", content.as_bytes()), "", vec![])).text
}

/// A file with one page for each content stream.
fn pages(contents: &[String]) -> Vec<u8> {
    let kids: Vec<String> = (0..contents.len()).map(|index| format!("{} 0 R", 4 + 2 * index)).collect();
    let mut objects = vec![
        b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
        format!("<</Type /Pages /Kids [{}] /Count {}>>", kids.join(" "), contents.len()).into_bytes(),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>".to_vec(),
    ];
    for (index, content) in contents.iter().enumerate() {
        let place = "/Parent 2 0 R /MediaBox [0 0 612 792] /Resources <</Font <</F1 3 0 R>>>>";
        objects.push(format!("<</Type /Page {place} /Contents {} 0 R>>", 5 + 2 * index).into_bytes());
        objects.push(stream("", content.as_bytes()));
    }
    file(&objects)
}

/// Lines from the top of a page.
fn lines(lines: &[&str]) -> String {
    let shown: Vec<String> = lines.iter().map(|line| format!("({line}) Tj T*")).collect();
    format!("BT /F1 11 Tf 14 TL 70 700 Td {} ET", shown.join(" "))
}

#[test]
fn words_are_told_by_the_gaps_between_glyphs() {
    for gap in [120, 160, 250, 333] {
        let line = format!("BT /F1 10 Tf 60 700 Td [(The) -{gap} (keys) -{gap} (of) -{gap} (room) -{gap} (7)] TJ ET");
        assert_eq!(text(&line), "The keys of room 7", "{gap} thousandths");
    }
    // Kerned, and numbers without white space between them.
    assert_eq!(text("BT /F1 10 Tf 60 700 Td [(A)70(V)80(A)10-260(To)15(p)] TJ ET"), "AVA Top");
    // Letters that are set apart are a word still.
    assert_eq!(text("BT /F1 14 Tf 5 Tc 60 700 Td (HOUSE RULES) Tj ET"), "HOUSE RULES");
    // Drawn twice to look bold, with one letter that follows itself.
    let bold = "BT /F1 10 Tf 60 700 Td (hall) Tj ET BT /F1 10 Tf 60.3 700 Td (hall) Tj ET";
    assert_eq!(text(bold), "hall");
    // A superscript and a subscript belong to the line.
    let formula =
        "BT /F1 12 Tf 60 700 Td (E = mc) Tj 6 Ts /F1 7 Tf (2) Tj 0 Ts /F1 12 Tf ( and x) Tj -3 Ts /F1 7 Tf (i) Tj ET";
    assert_eq!(text(formula), "E = mc2 and xi");
}

#[test]
fn a_glyph_may_stand_for_several_letters() {
    let map = "1 begincodespacerange <00> <FF> endcodespacerange 3 beginbfchar <01> <00660069> <02> <FB03> <03> <0063> endbfchar \
               1 beginbfrange <61> <7A> <0061> endbfrange";
    let font = b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 7 0 R>>".to_vec();
    let content = stream("", b"BT /F2 10 Tf 60 700 Td [<01>12(le)10( in the o)9<02>8(ce)] TJ ET");
    let file = page(content, "/Font <</F2 6 0 R>>", vec![font, stream("", map.as_bytes())]);
    // The page has two dictionaries of fonts; the last one counts.
    assert_eq!(read(&file).text, "file in the office");
}

#[test]
fn replaced_text_and_layers_are_read_as_they_are_shown() {
    let content = "BT /F1 10 Tf 60 700 Td (A ) Tj /Span <</ActualText (whole)>> BDC (wh-) Tj (le) Tj EMC ( word) Tj ET \
                   /OC /Off BDC BT /F1 10 Tf 60 650 Td (a draft that is switched off) Tj ET EMC";
    let catalog = "<</Type /Catalog /Pages 2 0 R /OCProperties <</OCGs [6 0 R] /D <</OFF [6 0 R]>>>>>>";
    let resources = "/Font <</F1 5 0 R>> /Properties <</Off 6 0 R>>";
    let objects = [
        catalog.as_bytes().to_vec(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        format!("<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <<{resources}>>>>").into_bytes(),
        stream("", content.as_bytes()),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>".to_vec(),
        b"<</Type /OCG /Name (Draft)>>".to_vec(),
    ];
    assert_eq!(read(&file(&objects)).text, "A whole word");
}

#[test]
fn a_sentence_goes_on_over_the_page_break_without_running_heads() {
    let head = |number: usize| {
        format!("BT /F1 9 Tf 70 760 Td (Gate book of the town) Tj ET BT /F1 9 Tf 300 40 Td (- {number} -) Tj ET ")
    };
    let first = lines(&[
        "In winter the gate is shut at five, in summer at nine; whoever",
        "comes later rings the small bell that hangs beside the",
    ]);
    let second = lines(&[
        "door of the tower, and waits. The keeper writes down every cart that",
        "passes and the hour at which it did so.",
    ]);
    let file = pages(&[head(1) + &first, head(2) + &second]);
    let document = read(&file);
    assert_eq!(
        document.text,
        "Gate book of the town\n\nIn winter the gate is shut at five, in summer at nine; whoever comes later rings the small bell \
         that hangs beside the door of the tower, and waits.\n\n- 1 -\n\nGate book of the town\n\nThe keeper writes down every cart \
         that passes and the hour at which it did so.\n\n- 2 -"
    );
    assert_eq!(document.sections.iter().map(|section| section.page).collect::<Vec<_>>(), [Some(1), Some(2)]);
}

#[test]
fn values_of_a_form_are_read_beside_their_labels() {
    let widget =
        |rect: &str, entries: &str| format!("<</Type /Annot /Subtype /Widget /Rect [{rect}] {entries}>>").into_bytes();
    let objects = [
        b"<</Type /Catalog /Pages 2 0 R /AcroForm <</Fields [6 0 R 8 0 R]>>>>".to_vec(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        b"<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>> /Annots [7 0 R 8 0 R 9 0 R]>>"
            .to_vec(),
        stream("", b"BT /F1 12 Tf 80 700 Td (Name of the tenant:) Tj 0 -30 Td (Room:) Tj ET"),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>".to_vec(),
        b"<</FT /Tx /T (tenant) /V <FEFF004D00610072007400610020005100FC> /Kids [7 0 R]>>".to_vec(),
        widget("210 695 400 715", "/Parent 6 0 R"),
        widget("130 665 400 685", "/FT /Ch /T (room) /V (old) /AP <</N 10 0 R>>"),
        widget("130 625 400 645", "/FT /Tx /F 2 /V (not shown)"),
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 270 20] /Resources <</Font <</F1 5 0 R>>>>",
            b"BT /F1 10 Tf 4 5 Td (Attic 4) Tj ET",
        ),
    ];
    assert_eq!(read(&file(&objects)).text, "Name of the tenant:   Marta Qü\n\nRoom:   Attic 4");
}

#[test]
fn text_that_no_one_can_read_is_refused_and_a_page_without_text_is_named() {
    let font = b"<</Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [7 0 R]>>".to_vec();
    let descendant = b"<</Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity)>>>>".to_vec();
    let content = stream("", b"BT /F2 10 Tf 60 700 Td <002400250026002700280029> Tj ET");
    let error = parse(Format::Pdf, &page(content, "/Font <</F2 6 0 R>>", vec![font, descendant]), &Hints::default())
        .unwrap_err();
    assert!(matches!(&error, ParseError::Refused(why) if why.contains("ToUnicode")), "{error}");
    let scan = "q 400 0 0 500 50 50 cm 0 0 1 1 re f Q".to_owned();
    let document = read(&pages(&[lines(&["The lamp is lit at five."]), scan, lines(&["It is put out at nine."])]));
    assert_eq!(document.pages_without_text, [2]);
    assert_eq!(document.sections[1].page, Some(3));
}

#[test]
fn files_that_open_without_a_password_are_read() {
    for file in [
        &include_bytes!("fixtures/open-rc4-40.pdf")[..],
        include_bytes!("fixtures/open-rc4-128.pdf"),
        include_bytes!("fixtures/open-aes-128.pdf"),
        include_bytes!("fixtures/open-aes-256-r5.pdf"),
        include_bytes!("fixtures/open-aes-256.pdf"),
    ] {
        let document = read(file);
        assert_eq!(document.text, "The holiday bonus is 640 euro and is paid in June.");
        assert_eq!(document.title, None, "a title that says nothing gives way to the name of the file");
        let junk = [file, &b"<!-- served by proxy -->\n".repeat(200)].concat();
        assert_eq!(read(&junk).text, document.text);
    }
}
