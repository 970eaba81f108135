//! Compression of the text of page copies (zlib), to about a third of its size.

use std::io::{self, Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

/// Longest text; more than any document that `reader` produces.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Compresses a text.
pub(crate) fn compress(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// Decompresses a text.
pub(crate) fn decompress(compressed: &[u8]) -> io::Result<String> {
    let mut text = String::with_capacity(compressed.len() * 3);
    ZlibDecoder::new(compressed).take(MAX_TEXT_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
