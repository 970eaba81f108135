//! Zip archives of XML, such as Office files and books: checked as a whole before a part of them is read.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::ParseError;
use crate::xml::{self, Element};

/// Entries of the archive.
const MAX_ENTRIES: usize = 10_000;

/// Total declared size of all entries (bytes).
const MAX_DECLARED: u64 = 1 << 30;

/// Total decompressed size of all entries (bytes).
const MAX_INFLATED: u64 = 200 << 20;

/// Compression ratio of an entry.
const MAX_RATIO: u64 = 100;

/// Smaller entries (bytes, decompressed) may have any ratio: a short run of spaces is not a bomb.
const RATIO_FLOOR: u64 = 1 << 20;

/// The parts of an archive.
pub(crate) struct Parts<'b>(ZipArchive<Cursor<&'b [u8]>>);

impl<'b> Parts<'b> {
    /// Opens an archive after checking all of it. Parts for which `is_strict` (by name and content) may not declare entities.
    pub(crate) fn open(bytes: &'b [u8], is_strict: fn(&str, &[u8]) -> bool) -> Result<Self, ParseError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        check(&mut archive, is_strict)?;
        Ok(Self(archive))
    }

    /// The bytes of a part; `None` if there is no such part.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let Ok(mut part) = self.0.by_name(name) else { return Ok(None) };
        let mut content = Vec::new();
        part.read_to_end(&mut content).map_err(|error| damaged(&error))?;
        Ok(Some(content))
    }

    /// The text of a part of XML; `None` if there is no such part.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<String>, ParseError> {
        let Some(content) = self.bytes(name)? else { return Ok(None) };
        Ok(Some(match encoding_rs::Encoding::for_bom(&content) {
            Some((encoding, _)) => encoding.decode(&content).0.into_owned(),
            None => String::from_utf8_lossy(&content).into_owned(),
        }))
    }

    /// The elements of a part; none if there is no such part.
    pub(crate) fn elements(&mut self, name: &str, root: &str) -> Result<Element, ParseError> {
        self.read(name)?.map_or_else(|| Ok(Element::default()), |xml| xml::parse(&xml, root))
    }
}

/// Whether a part of an Office file is XML.
pub(crate) fn is_xml(name: &str, content: &[u8]) -> bool {
    name.ends_with(".xml") || name.ends_with(".rels") || content.starts_with(b"<?xml")
}

fn check(archive: &mut ZipArchive<Cursor<&[u8]>>, is_strict: fn(&str, &[u8]) -> bool) -> Result<(), ParseError> {
    if archive.len() > MAX_ENTRIES {
        return Err(ParseError::TooLarge(format!("more than {MAX_ENTRIES} entries in the archive")));
    }
    if archive.has_overlapping_files().map_err(|error| damaged(&error))? {
        return Err(ParseError::Refused("entries of the archive overlap".to_owned()));
    }
    let mut declared = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| damaged(&error))?;
        if entry.encrypted() {
            return Err(ParseError::Encrypted);
        }
        declared = declared.saturating_add(entry.size());
        check_ratio(entry.size(), entry.compressed_size())?;
    }
    if declared > MAX_DECLARED {
        return Err(ParseError::TooLarge(format!("more than {} MiB once unpacked", MAX_DECLARED >> 20)));
    }
    let mut inflated = 0_u64;
    for index in 0..archive.len() {
        inflated += inflate(archive, index, MAX_INFLATED - inflated, is_strict)?;
    }
    Ok(())
}

/// Decompresses one entry within `room` bytes and checks its content.
fn inflate(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    room: u64,
    is_strict: fn(&str, &[u8]) -> bool,
) -> Result<u64, ParseError> {
    let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
    let name = entry.name().map_err(|error| damaged(&error))?.into_owned();
    let packed = entry.compressed_size();
    let mut content = Vec::new();
    let read = entry
        .by_ref()
        .take(room + 1)
        .read_to_end(&mut content)
        .map_err(|error| ParseError::Damaged(error.to_string()))?;
    let read = read as u64;
    if read > room {
        return Err(ParseError::TooLarge(format!("more than {} MiB once unpacked", MAX_INFLATED >> 20)));
    }
    check_ratio(read, packed)?;
    if is_strict(&name, &content) {
        refuse_declarations(&content, &name)?;
    }
    Ok(read)
}

fn check_ratio(size: u64, packed: u64) -> Result<(), ParseError> {
    if size > RATIO_FLOOR && size > packed.saturating_mul(MAX_RATIO) {
        return Err(ParseError::Refused(format!("an entry of the archive is packed more than {MAX_RATIO} times")));
    }
    Ok(())
}

/// Rejects XML that declares a document type or entities, in ASCII-compatible charsets and in UTF-16.
pub(crate) fn refuse_declarations(xml: &[u8], name: &str) -> Result<(), ParseError> {
    let mut window = Vec::with_capacity(10);
    let mut in_mark = false;
    for byte in xml.iter().filter(|byte| **byte != 0) {
        match byte {
            b'<' => {
                window.clear();
                in_mark = true;
            }
            _ if in_mark => {
                window.push(byte.to_ascii_uppercase());
                if window.as_slice() == b"!DOCTYPE" || window.as_slice() == b"!ENTITY" {
                    return Err(ParseError::Refused(format!("{name} declares a document type or entities")));
                }
                in_mark = window.len() < 8;
            }
            _ => {}
        }
    }
    Ok(())
}

fn damaged(error: &impl std::fmt::Display) -> ParseError {
    ParseError::Damaged(error.to_string())
}
