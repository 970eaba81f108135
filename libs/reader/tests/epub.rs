//! What comes out of EPUB files, good and hostile.

#[path = "common/book.rs"]
mod book;
#[path = "common/offsets.rs"]
mod offsets;
#[path = "hostile/zip_file.rs"]
#[expect(dead_code, reason = "other tests make more of it")]
mod zip_file;

use book::{CONTAINER, PACKAGE, PARTS};
use offsets::check_offsets;
use reader::{Document, Format, Hints, ParseError, parse};
use zip_file::{Entry, archive};

/// The book with `changed` parts in place of those of the same name, or beside them.
fn read(changed: &[(&str, &str)]) -> Result<Document, ParseError> {
    let kept = PARTS.iter().filter(|(name, _)| changed.iter().all(|(other, _)| name != other));
    let entries: Vec<Entry> = kept.chain(changed).map(|(name, content)| Entry::new(name, content.as_bytes())).collect();
    parse(Format::Epub, &archive(&entries), &Hints::default())
}

#[test]
fn chapters_come_in_the_order_of_the_spine() {
    let document = read(&[]).unwrap();
    check_offsets(&document);
    assert_eq!(
        document.text,
        "# Berths\n\nA berth costs 12.50 euros.\n\n## Winter\n\n- No water\n- Half the price\n\nQuiet begins at ten.\n\nТишина после десяти."
    );
    let headings: Vec<Vec<String>> = document.sections.iter().map(|section| section.heading.clone()).collect();
    assert_eq!(headings, [vec!["Berths"], vec!["Berths", "Winter"], vec!["Quiet hours"]]);
    assert_eq!(document.words_kept.unwrap().ratio(), 1.0);
}

#[test]
fn the_package_says_whose_book_it_is() {
    let document = read(&[]).unwrap();
    assert_eq!(document.title.as_deref(), Some("The Harbour Book"));
    assert_eq!(document.author.as_deref(), Some("Ines Vermaat, Timur Abenov"));
    assert_eq!(document.published_at.unwrap().to_rfc3339(), "2025-11-03T00:00:00+00:00");
    assert_eq!(document.language.as_deref(), Some("en"));
}

#[test]
fn a_book_under_a_key_is_encrypted_and_one_with_a_hidden_font_is_not() {
    let encryption = |part: &str| {
        format!(
            r#"<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:CipherData><enc:CipherReference URI="{part}"/></enc:CipherData></enc:EncryptedData></encryption>"#
        )
    };
    let with = |part: &str| read(&[("META-INF/encryption.xml", &encryption(part))]);
    assert_eq!(with("OEBPS/text/second%20part.xhtml"), Err(ParseError::Encrypted));
    assert!(with("OEBPS/fonts/a.otf").is_ok());
}

#[test]
fn what_is_no_book_is_refused_in_words() {
    let many = "<itemref idref='one'/>".repeat(100_000);
    let often = PACKAGE.replace("<itemref idref=\"one\"/>", &many);
    assert_eq!(read(&[("OEBPS/book.opf", &often)]).unwrap().text, read(&[]).unwrap().text, "a chapter is read once");

    let elsewhere = CONTAINER.replace("OEBPS/book.opf", "../../etc/passwd");
    let entity = PACKAGE.replace("<package", "<!DOCTYPE package [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><package");
    let empty = PACKAGE.replace("idref", "ref");
    let deep = format!("<html><body>{}x", "<div>".repeat(50_000));
    let bomb = " ".repeat(40 << 20);
    type Is = fn(&ParseError) -> bool;
    let cases: [(&str, &str, Is); 7] = [
        ("META-INF/container.xml", &elsewhere, |error| matches!(error, ParseError::Damaged(_))),
        ("META-INF/container.xml", "<container/>", |error| matches!(error, ParseError::Damaged(_))),
        ("OEBPS/book.opf", "<package", |error| matches!(error, ParseError::Damaged(_))),
        ("OEBPS/book.opf", &entity, |error| matches!(error, ParseError::Refused(_))),
        ("OEBPS/book.opf", &empty, |error| *error == ParseError::NoText),
        ("OEBPS/text/one.xhtml", &deep, |error| matches!(error, ParseError::TooLarge(_))),
        ("OEBPS/cover.jpg", &bomb, |error| matches!(error, ParseError::Refused(_))),
    ];
    for (name, content, is_right) in cases {
        let error = read(&[(name, content)]).unwrap_err();
        assert!(is_right(&error), "{name}: {error:?}");
    }
    assert!(matches!(parse(Format::Epub, b"PK\x03\x04", &Hints::default()), Err(ParseError::Damaged(_))));
}
