//! Folds words that differ only in case, compatibility form or diacritics into one spelling.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case, NFKC, Latin and Greek letters without diacritics, `ё` as `е`, one form of apostrophe.
pub(crate) fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    if word.chars().all(|c| matches!(c, '\u{410}'..='\u{44f}' | 'ё' | 'Ё')) {
        return word.chars().flat_map(char::to_lowercase).map(|c| if c == 'ё' { 'е' } else { c }).collect();
    }
    let mut folded = String::with_capacity(word.len());
    let mut bare = false;
    for c in word.nfkd().flat_map(char::to_lowercase) {
        if is_combining_mark(c) {
            let yo = c == '\u{308}' && folded.ends_with('е');
            // A stress mark over a Russian vowel is an aid for learners; the breve of й is part of the letter.
            let stress = matches!(c, '\u{300}' | '\u{301}');
            if !(bare || yo || stress) {
                folded.push(c);
            }
            continue;
        }
        bare = loses_marks(c);
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            '’' | '‘' | 'ʼ' => folded.push('\''),
            '‐' | '‑' => folded.push('-'),
            '\u{ad}' => {}
            other => folded.push(other),
        }
    }
    folded.nfc().collect()
}

fn loses_marks(c: char) -> bool {
    matches!(c, 'a'..='z' | '\u{df}'..='\u{24f}' | '\u{370}'..='\u{3ff}')
}
