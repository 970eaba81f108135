//! The text of page copies takes a third of its size when deflated.

use std::io::{self, Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

/// More than any document the reader makes.
const LONGEST: u64 = 64 << 20;

/// The form in which a text is stored.
pub(crate) fn pack(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// The text again.
pub(crate) fn unpack(packed: &[u8]) -> io::Result<String> {
    let mut text = String::with_capacity(packed.len() * 3);
    ZlibDecoder::new(packed).take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}
