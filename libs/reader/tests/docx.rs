//! Parts of DOCX files beside plain paragraphs.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, Write};

use reader::{Document, Format, Hints, parse};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const NAMESPACES: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006""#;

/// Reads a file with this body; `parts` are named after what they are (`header`, `comments`) and have the given root.
fn read(body: &str, parts: &[(&str, &str, &str)]) -> Document {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &str| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    };
    let mut relations = String::new();
    for (index, (kind, root, content)) in parts.iter().enumerate() {
        add(&format!("word/part{index}.xml"), &format!("<w:{root} {NAMESPACES}>{content}</w:{root}>"));
        relations += &format!(r#"<Relationship Id="r{index}" Type="http://x/{kind}" Target="part{index}.xml"/>"#);
    }
    let relations_namespace = r#"xmlns="http://schemas.openxmlformats.org/package/2006/relationships""#;
    add("word/_rels/document.xml.rels", &format!("<Relationships {relations_namespace}>{relations}</Relationships>"));
    add("word/document.xml", &format!("<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>"));
    let bytes = zip.finish().unwrap().into_inner();
    parse(Format::Docx, &bytes, &Hints::default()).unwrap()
}

fn run(text: &str) -> String {
    format!(r#"<w:r><w:t xml:space="preserve">{text}</w:t></w:r>"#)
}

fn paragraph(content: &str) -> String {
    format!("<w:p>{content}</w:p>")
}

#[test]
fn headers_footers_notes_and_comments_say_what_they_are() {
    let body = paragraph(&format!(
        r#"{}<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r>{}"#,
        run("The rent is 900 euros"),
        run(" &amp; due monthly.")
    )) + &paragraph(&run("Pets are allowed."));
    let note = |id: &str, text: &str| format!(r#"<w:footnote w:id="{id}">{}</w:footnote>"#, paragraph(&run(text)));
    let notes =
        r#"<w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>"#.to_owned() + &note("2", "Heating is extra.");
    let comment = format!(r#"<w:comment w:id="0" w:author="Ina">{}</w:comment>"#, paragraph(&run("Is that still so?")));
    let document = read(
        &body,
        &[
            ("header", "hdr", &paragraph(&run("File ZQ-9014"))),
            ("header", "hdr", &paragraph(&run("File ZQ-9014"))),
            ("footer", "ftr", &paragraph(&run("Valid until 30 June 2031"))),
            ("footnotes", "footnotes", &notes),
            ("comments", "comments", &comment),
        ],
    );
    assert_eq!(
        document.text,
        "[Header] File ZQ-9014\n\n[Footer] Valid until 30 June 2031\n\nThe rent is 900 euros[2] & due monthly.\n\n\
         [2] Heating is extra.\n\n[Comment by Ina] Is that still so?\n\nPets are allowed."
    );
}

#[test]
fn changes_are_accepted_and_hidden_text_is_left_out() {
    let body = [
        paragraph(&format!(
            "{}<w:del><w:r><w:delText>5</w:delText></w:r></w:del><w:ins>{}</w:ins>{}",
            run("The penalty is "),
            run("2"),
            run(" percent.")
        )),
        paragraph(&format!("<w:moveFrom>{}</w:moveFrom>", run("Notices go to room 12."))),
        paragraph(&format!("<w:moveTo>{}</w:moveTo>", run("Notices go to room 12."))),
        paragraph("<w:r><w:rPr><w:vanish/></w:rPr><w:t>The old limit was 500 kg.</w:t></w:r>"),
        paragraph(r#"<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>The limit is 640 kg.</w:t></w:r>"#),
        paragraph(&format!(
            r#"<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> REF x </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{}"#,
            run("See part B.")
        )),
    ];
    assert_eq!(
        read(&body.concat(), &[]).text,
        "The penalty is 2 percent.\n\nNotices go to room 12.\n\nThe limit is 640 kg.\n\nSee part B."
    );
}

#[test]
fn merged_cells_repeat_their_value_in_each_row_and_column() {
    let cell =
        |properties: &str, text: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", paragraph(&run(text)));
    let row = |cells: &[String]| format!("<w:tr>{}</w:tr>", cells.concat());
    let (first, next) = (r#"<w:vMerge w:val="restart"/>"#, "<w:vMerge/>");
    let inner = format!("<w:tbl>{}</w:tbl>", row(&[cell("", "Linden"), cell("", "14 seats")]));
    let table = [
        row(&[cell("", "Shift"), cell("", "Monday"), cell("", "Tuesday")]),
        row(&[cell("", "Early"), cell(r#"<w:gridSpan w:val="2"/>"#, "Olga Sample")]),
        row(&[cell("", "Late"), cell(first, "Ben Mark"), cell("", "Ida Roe")]),
        row(&[cell("", "Night"), cell(next, ""), format!("<w:tc>{}{inner}<w:p/></w:tc>", paragraph(&run("Rooms")))]),
    ];
    assert_eq!(
        read(&format!("<w:tbl>{}</w:tbl>", table.concat()), &[]).text,
        "Shift | Monday | Tuesday\nEarly | Olga Sample | Olga Sample\nLate | Ben Mark | Ida Roe\nNight | Ben Mark | Rooms Linden, 14 seats"
    );
}

#[test]
fn formulas_are_read_on_one_line() {
    let text = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let fraction = format!("<m:f><m:num>{}</m:num><m:den>{}</m:den></m:f>", text("a+b"), text("2"));
    let power = format!("<m:sSup><m:e>{}</m:e><m:sup>{}</m:sup></m:sSup>", text("r"), text("2"));
    let root = format!("<m:rad><m:deg/><m:e>{}</m:e></m:rad>", text("x"));
    let sum = format!(
        r#"<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{}</m:e></m:nary>"#,
        text("i=1"),
        text("n"),
        text("i")
    );
    let formula = |content: &str| format!("<m:oMath>{content}</m:oMath>");
    let body = [
        paragraph(&(run("The area is ") + &formula(&(text("A = π") + &power)) + &run("."))),
        paragraph(&format!(
            "<m:oMathPara>{}</m:oMathPara>",
            formula(&(text("m = ") + &fraction + &text(" − ") + &root))
        )),
        paragraph(&formula(&sum)),
    ];
    assert_eq!(read(&body.concat(), &[]).text, "The area is A = πr^2.\n\nm = (a+b)/2 − √(x)\n\n∑_(i=1)^n i");
}
