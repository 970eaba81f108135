//! Accents that are drawn on their own, as TeX does with its old fonts: they belong to the letter they stand over.

use unicode_normalization::UnicodeNormalization;

/// The combining form of an accent.
pub(super) fn combining(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let (Some(char), None) = (chars.next(), chars.next()) else { return None };
    Some(match char {
        '`' => '\u{300}',
        '\u{B4}' => '\u{301}',
        '^' | '\u{2C6}' => '\u{302}',
        '~' | '\u{2DC}' => '\u{303}',
        '\u{AF}' | '\u{2C9}' => '\u{304}',
        '\u{2D8}' => '\u{306}',
        '\u{2D9}' => '\u{307}',
        '\u{A8}' => '\u{308}',
        '\u{2DA}' | '\u{B0}' => '\u{30A}',
        '\u{2DD}' => '\u{30B}',
        '\u{2C7}' => '\u{30C}',
        '\u{B8}' => '\u{327}',
        '\u{2DB}' => '\u{328}',
        '\u{300}'..='\u{36F}' => char,
        _ => return None,
    })
}

/// The letter with the accent.
pub(super) fn composed(letter: &str, accent: char) -> String {
    // The dot of a letter gives way to its accent, for which fonts have letters without.
    let letter = letter.replace('\u{131}', "i").replace('\u{237}', "j");
    let mut chars: Vec<char> = letter.chars().collect();
    chars.insert(1.min(chars.len()), accent);
    chars.into_iter().nfc().collect()
}
