//! Office files: archive bombs, lying headers, entities, endless nesting.

use reader::{Format, ParseError};

use super::zip_file::{Entry, archive, docx, overlapping};
use crate::Case;

const MIB: usize = 1 << 20;

pub(crate) const CASES: [Case; 20] = [
    ("a bomb of spaces", Format::Docx, || docx(&vec![b' '; 40 * MIB], &[]), Some(refused)),
    (
        "a bomb beside an honest text",
        Format::Docx,
        || docx(HONEST, &[Entry::new("word/media/a.bin", &vec![0; 40 * MIB])]),
        Some(refused),
    ),
    (
        "a declared size beyond belief",
        Format::Docx,
        || docx(HONEST, &[Entry { size: u32::MAX, ..Entry::new("a", b"x") }]),
        Some(refused),
    ),
    ("a size that is declared small", Format::Docx, small_lie, None),
    ("more than 200 MiB at an honest ratio", Format::Docx, large, Some(too_large)),
    ("entries without end", Format::Docx, many, Some(too_large)),
    ("overlapping entries", Format::Docx, overlap, Some(refused)),
    ("archives in archives", Format::Docx, nested, Some(damaged)),
    ("a billion laughs", Format::Docx, || docx(LAUGHS, &[]), Some(refused)),
    (
        "an entity from a file",
        Format::Docx,
        || docx(br#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#, &[]),
        Some(refused),
    ),
    (
        "a document type in UTF-16",
        Format::Docx,
        || docx(&utf16("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), &[]),
        Some(refused),
    ),
    ("entities in the styles", Format::Docx, || docx(HONEST, &[Entry::new("word/styles.xml", LAUGHS)]), Some(refused)),
    (
        "entities in the relations",
        Format::Docx,
        || docx(HONEST, &[Entry::new("word/_rels/document.xml.rels", LAUGHS)]),
        Some(refused),
    ),
    (
        "an encrypted entry",
        Format::Docx,
        || docx(HONEST, &[Entry { flags: 1, ..Entry::new("a", b"x") }]),
        Some(encrypted),
    ),
    (
        "a password-protected file",
        Format::Docx,
        || [&[0xD0, 0xCF, 0x11, 0xE0][..], &[0; 600]].concat(),
        Some(encrypted),
    ),
    ("a file cut in the middle", Format::Docx, || docx(HONEST, &[])[..300].to_vec(), Some(damaged)),
    ("a wrong checksum", Format::Docx, || docx(HONEST, &[Entry { crc: 7, ..Entry::new("a", b"x") }]), Some(damaged)),
    ("an unknown compression", Format::Docx, || docx(HONEST, &[Entry { method: 99, ..Entry::new("a", b"x") }]), None),
    ("a name that climbs", Format::Docx, || archive(&[Entry::new("../../../etc/passwd", b"x")]), Some(damaged)),
    ("zeros after a good start", Format::Docx, || [&b"PK\x03\x04"[..], &vec![0; MIB]].concat(), Some(damaged)),
];

const HONEST: &[u8] = br#"<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Honest text.</w:t></w:r></w:p></w:body></w:document>"#;

const LAUGHS: &[u8] = br#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><w:document><w:t>&c;</w:t></w:document>"#;

fn refused(error: &ParseError) -> bool {
    matches!(error, ParseError::Refused(_))
}

fn too_large(error: &ParseError) -> bool {
    matches!(error, ParseError::TooLarge(_))
}

fn damaged(error: &ParseError) -> bool {
    matches!(error, ParseError::Damaged(_))
}

fn encrypted(error: &ParseError) -> bool {
    *error == ParseError::Encrypted
}

fn utf16(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn small_lie() -> Vec<u8> {
    docx(HONEST, &[Entry { size: 1000, ..Entry::new("word/media/a.bin", &vec![0; 40 * MIB]) }])
}

fn large() -> Vec<u8> {
    let stored = vec![b'x'; 70 * MIB];
    let entry =
        Entry { method: 0, data: stored, size: (70 * MIB) as u32, crc: 0, ..Entry::new("word/media/a.bin", b"") };
    let mut crc = flate2::Crc::new();
    crc.update(&entry.data);
    let entry = Entry { crc: crc.sum(), ..entry };
    docx(
        HONEST,
        &[Entry { name: "a".to_owned(), ..entry.clone() }, Entry { name: "b".to_owned(), ..entry.clone() }, entry],
    )
}

fn many() -> Vec<u8> {
    archive(&(0..10_001).map(|number| Entry::new(&number.to_string(), b"")).collect::<Vec<_>>())
}

fn overlap() -> Vec<u8> {
    let names: Vec<String> = (0..50).map(|number| format!("word/media/{number}.bin")).collect();
    overlapping(&Entry::new("word/media/0.bin", &vec![0; MIB / 2]), &names)
}

fn nested() -> Vec<u8> {
    (0..10).fold(HONEST.to_vec(), |inner, level| archive(&[Entry::new(&format!("{level}.zip"), &inner)]))
}
