//! Zip archives written by hand, so that their headers can lie.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// An entry as its headers describe it.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    pub(crate) size: u32,
}

impl Entry {
    /// An honest entry.
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).expect("into memory");
        let data = encoder.finish().expect("into memory");
        let mut crc = flate2::Crc::new();
        crc.update(content);
        Self { name: name.to_owned(), data, method: 8, flags: 0, crc: crc.sum(), size: content.len() as u32 }
    }
}

/// An archive of `entries` one after the other.
pub(crate) fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = zip.len() as u32;
        push_local(&mut zip, entry);
        push_central(&mut directory, entry, offset);
    }
    finish(zip, &directory, entries.len())
}

/// An archive whose entries all are the same bytes.
pub(crate) fn overlapping(entry: &Entry, names: &[String]) -> Vec<u8> {
    let mut zip = Vec::new();
    push_local(&mut zip, entry);
    let mut directory = Vec::new();
    for name in names {
        push_central(&mut directory, &Entry { name: name.clone(), ..entry.clone() }, 0);
    }
    finish(zip, &directory, names.len())
}

/// The smallest DOCX file around `document`, the content of `word/document.xml`.
pub(crate) fn docx(document: &[u8], extra: &[Entry]) -> Vec<u8> {
    let types = br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
    let rels = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    let mut entries = vec![
        Entry::new("[Content_Types].xml", types),
        Entry::new("_rels/.rels", rels),
        Entry::new("word/document.xml", document),
    ];
    entries.extend_from_slice(extra);
    archive(&entries)
}

fn push_local(zip: &mut Vec<u8>, entry: &Entry) {
    zip.extend_from_slice(b"PK\x03\x04\x14\0");
    push_common(zip, entry);
    zip.extend_from_slice(entry.name.as_bytes());
    zip.extend_from_slice(&entry.data);
}

fn push_central(directory: &mut Vec<u8>, entry: &Entry, offset: u32) {
    directory.extend_from_slice(b"PK\x01\x02\x14\0\x14\0");
    push_common(directory, entry);
    directory.extend_from_slice(&[0; 10]);
    directory.extend_from_slice(&offset.to_le_bytes());
    directory.extend_from_slice(entry.name.as_bytes());
}

/// The fields that both headers share, from the flags to the length of the extra field.
fn push_common(out: &mut Vec<u8>, entry: &Entry) {
    out.extend_from_slice(&entry.flags.to_le_bytes());
    out.extend_from_slice(&entry.method.to_le_bytes());
    out.extend_from_slice(&[0, 0, 0x21, 0x58]);
    out.extend_from_slice(&entry.crc.to_le_bytes());
    out.extend_from_slice(&(entry.data.len() as u32).to_le_bytes());
    out.extend_from_slice(&entry.size.to_le_bytes());
    out.extend_from_slice(&(entry.name.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0, 0]);
}

fn finish(mut zip: Vec<u8>, directory: &[u8], entries: usize) -> Vec<u8> {
    let start = zip.len() as u32;
    zip.extend_from_slice(directory);
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    zip.extend_from_slice(&[(entries as u16).to_le_bytes(), (entries as u16).to_le_bytes()].concat());
    zip.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    zip.extend_from_slice(&start.to_le_bytes());
    zip.extend_from_slice(&[0, 0]);
    zip
}
