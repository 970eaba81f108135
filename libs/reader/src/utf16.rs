//! UTF-16 without a byte order mark, as some programs of Windows write it.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// How much of a file is looked at (bytes).
const SAMPLE: usize = 4 << 10;
/// Least share of ASCII (spaces, digits, line ends), and of letters, spaces and punctuation.
const MIN_ASCII: f32 = 0.03;
const MIN_TEXT: f32 = 0.95;

/// The encoding of bytes that are UTF-16 without a mark.
pub(crate) fn without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    // ASCII has a zero in every other place, and is in every text.
    if sample.len() < 4 || sample.iter().filter(|byte| **byte == 0).count() < 2 {
        return None;
    }
    let candidates = [(UTF_16LE, u16::from_le_bytes as fn([u8; 2]) -> u16), (UTF_16BE, u16::from_be_bytes)];
    let scored = candidates.into_iter().filter_map(|(encoding, unit)| Some((encoding, ascii_share(sample, unit)?)));
    scored.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(encoding, _)| encoding)
}

/// The share of ASCII; `None` if the bytes are no text in this encoding.
fn ascii_share(sample: &[u8], unit: fn([u8; 2]) -> u16) -> Option<f32> {
    let units = sample.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let (mut all, mut ascii, mut text) = (0.0_f32, 0.0_f32, 0.0_f32);
    for char in char::decode_utf16(units) {
        all += 1.0;
        // The sample may end within a pair.
        let Ok(char) = char else { continue };
        ascii += f32::from(u8::from(char.is_ascii()));
        let is_text = matches!(char, ' '..='~' | '\t' | '\r' | '\n' | '\u{2010}'..='\u{2044}' | '\u{3000}'..='\u{3011}' | '\u{FF00}'..='\u{FF20}' | '«' | '»')
            || char.is_alphanumeric();
        text += f32::from(u8::from(is_text));
    }
    (ascii >= all * MIN_ASCII && text >= all * MIN_TEXT).then_some(ascii / all)
}

#[cfg(test)]
mod tests {
    use super::without_mark;

    #[test]
    fn text_is_told_from_binary_data() {
        let wide = |text: &str, to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
        for text in
            ["The pump stops at 3 bar.\r\n", "Насос останавливается при 3 бар.", "ポンプは 3 bar で停止します。"]
        {
            assert_eq!(without_mark(&wide(text, u16::to_le_bytes)), Some(encoding_rs::UTF_16LE), "{text}");
            assert_eq!(without_mark(&wide(text, u16::to_be_bytes)), Some(encoding_rs::UTF_16BE), "{text}");
        }
        for other in [&[0_u8; 64][..], b"MZ\0\0\x01\0", b"Boot ok\0\nThe watchdog is on.\n", b"plain"] {
            assert_eq!(without_mark(other), None, "{other:?}");
        }
    }
}
