//! Whether what was read is text: some files do not say which letters their glyphs stand for.

use super::content::PageContent;
use crate::ParseError;

/// A file is refused if more than this share of its glyphs is unreadable.
const MAX_UNREADABLE: f64 = 0.3;
/// Shorter text is not judged by its letters.
const MIN_LETTERS: usize = 200;
/// Least share of vowels among Latin letters: every language has far more.
const MIN_VOWELS: f64 = 0.2;
/// Least share of letters and digits among all characters.
const MIN_ALPHANUMERIC: f64 = 0.35;
/// Greatest share of accented letters among Latin letters.
const MAX_ACCENTED: f64 = 0.6;

/// Counts glyphs that can be read and those that cannot.
#[derive(Default)]
pub(super) struct Legibility {
    readable: usize,
    unreadable: usize,
    pages: Vec<bool>,
}

impl Legibility {
    pub(super) fn add(&mut self, page: &PageContent) {
        let readable = page.glyphs.iter().filter(|glyph| !glyph.text.trim().is_empty()).count();
        self.readable += readable;
        self.unreadable += page.unreadable;
        self.pages.push(readable > page.unreadable);
    }

    /// Numbers of the pages on which nothing can be read, if there are others.
    pub(super) fn blank_pages(&self) -> Vec<u32> {
        let blank = (1..).zip(&self.pages).filter(|(_, has_text)| !**has_text).map(|(number, _)| number);
        blank.collect()
    }

    /// Refuses a file of which too little can be read, and one whose text is none.
    pub(super) fn check(&self, text: &str) -> Result<(), ParseError> {
        let all = (self.readable + self.unreadable) as f64;
        if self.unreadable as f64 > all * MAX_UNREADABLE {
            let share = (self.unreadable as f64 / all * 100.0).round();
            return Err(ParseError::Refused(format!(
                "for {share} % of its glyphs the file does not say which letters they are (no usable ToUnicode map)"
            )));
        }
        if is_garbled(text) {
            return Err(ParseError::Refused(
                "its fonts name the wrong letters for its glyphs (no usable ToUnicode map), so the text is garbled"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// Whether text consists of wrong letters: codes of glyphs taken for characters, or another charset.
fn is_garbled(text: &str) -> bool {
    let (mut latin, mut vowels, mut accented, mut alphanumeric, mut all) =
        (0_usize, 0_usize, 0_usize, 0_usize, 0_usize);
    for char in text.chars() {
        // Rules and dot leaders.
        if char.is_whitespace() || matches!(char, '.' | '-' | '_' | '=' | '|' | '*' | '·' | '•') {
            continue;
        }
        all += 1;
        alphanumeric += usize::from(char.is_alphanumeric());
        if char.is_alphabetic() && char < '\u{250}' {
            latin += 1;
            vowels += usize::from(is_vowel(char));
            accented += usize::from(char > '\u{BF}');
        }
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    (all >= MIN_LETTERS && share(alphanumeric, all) < MIN_ALPHANUMERIC)
        || (latin >= MIN_LETTERS
            && latin * 2 > alphanumeric
            && (share(vowels, latin) < MIN_VOWELS || share(accented, latin) > MAX_ACCENTED))
}

fn is_vowel(char: char) -> bool {
    matches!(char.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y') || char > '\u{BF}'
}

#[cfg(test)]
mod tests {
    use super::is_garbled;

    #[test]
    fn wrong_letters_are_told_from_text() {
        let text = "The notice period is three months to the end of a month, and the rent is due on the first day. ";
        assert!(!is_garbled(&text.repeat(4)));
        assert!(!is_garbled(&"Smlouva o nájmu končí výpovědí; strč prst skrz krk. ".repeat(6)));
        assert!(!is_garbled(&"0042 | 17.5 | 1,250.00 | 9 kg\n".repeat(20)));
        assert!(!is_garbled(&"Договор аренды можно расторгнуть за три месяца. ".repeat(6)));
        let shifted: String = text.chars().map(|char| char::from_u32(char as u32 - 29).unwrap()).collect();
        assert!(is_garbled(&shifted.replace(char::is_control, " ").repeat(4)), "{shifted}");
        assert!(is_garbled(&"Äîãîâîð àðåíäû ìîæíî ðàñòîðãíóòü çà òðè ìåñÿöà. ".repeat(6)));
        assert!(is_garbled(&"!\"#$ %&'( )*+, /0!1 \"#2 $%&' ".repeat(20)));
    }
}
