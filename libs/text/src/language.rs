//! Language detection that works for a four-word question.
//!
//! Trigram statistics need a paragraph. A short question is recognised by its script, function words and typical
//! letters, so these are checked first and statistics decide the rest.

use whatlang::Lang;

use crate::{stopwords, terms};

/// A language by its ISO 639-1 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(&'static str);

impl Language {
    pub const ENGLISH: Self = Self("en");
    pub const RUSSIAN: Self = Self("ru");
    pub const GERMAN: Self = Self("de");
    pub const FRENCH: Self = Self("fr");
    pub const SPANISH: Self = Self("es");
    pub const UKRAINIAN: Self = Self("uk");

    /// The two-letter code, such as `en`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0
    }

    /// The language of a code such as `en`, `EN` or `en-US`; `None` for languages that cannot be detected.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let base = code.split(['-', '_']).next().unwrap_or(code);
        Lang::all().iter().map(|lang| Self(iso_639_1(*lang))).find(|language| language.0.eq_ignore_ascii_case(base))
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Letters examined: more do not change the result.
const SAMPLE_LETTERS: usize = 2_000;
/// Below this many letters trigram statistics are noise.
const STATISTICS_LETTERS: usize = 60;

/// The language of `text`, or `None` if it cannot be determined (no letters, or one word that several languages share).
#[must_use]
pub fn detect(text: &str) -> Option<Language> {
    let letters = LetterCounts::of(text);
    let sample = &text[..letters.sample_end];
    if letters.total == 0 {
        return None;
    }
    if letters.kana * 10 >= letters.total {
        return Some(Language("ja"));
    }
    let scripts = [
        (letters.latin, Script::Latin),
        (letters.cyrillic, Script::Cyrillic),
        (letters.han, Script::Han),
        (letters.hangul, Script::Hangul),
        (letters.other, Script::Other),
    ];
    match scripts.into_iter().max_by_key(|(count, _)| *count)?.1 {
        Script::Han => Some(Language("zh")),
        Script::Hangul => Some(Language("ko")),
        Script::Cyrillic => Some(cyrillic(sample, letters.total)),
        Script::Latin => latin(sample, letters.latin),
        Script::Other => whatlang::detect(sample).map(|info| Language(iso_639_1(info.lang()))),
    }
}

#[derive(Clone, Copy)]
enum Script {
    Latin,
    Cyrillic,
    Han,
    Hangul,
    Other,
}

#[derive(Default)]
struct LetterCounts {
    total: usize,
    latin: usize,
    cyrillic: usize,
    han: usize,
    kana: usize,
    hangul: usize,
    other: usize,
    /// Byte position where counting stopped.
    sample_end: usize,
}

impl LetterCounts {
    fn of(text: &str) -> Self {
        let mut letters = Self { sample_end: text.len(), ..Self::default() };
        for (at, c) in text.char_indices() {
            if letters.total >= SAMPLE_LETTERS || at >= SAMPLE_LETTERS * 16 {
                letters.sample_end = at;
                break;
            }
            if !c.is_alphabetic() {
                continue;
            }
            letters.total += 1;
            match c {
                'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => letters.latin += 1,
                '\u{400}'..='\u{52f}' => letters.cyrillic += 1,
                '\u{3040}'..='\u{30ff}' => letters.kana += 1,
                '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => letters.han += 1,
                '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}' => letters.hangul += 1,
                _ => letters.other += 1,
            }
        }
        letters
    }
}

/// Russian unless letters that Russian lacks, or statistics over a longer text, indicate another language.
fn cyrillic(sample: &str, letters: usize) -> Language {
    let has = |set: &str| sample.chars().any(|c| set.contains(c));
    if has("ўЎ") {
        return Language("be");
    }
    let ukrainian = sample.chars().filter(|c| "іїєґІЇЄҐ".contains(*c)).count();
    let russian = sample.chars().filter(|c| "ыэъёЫЭЪЁ".contains(*c)).count();
    if ukrainian > russian {
        return Language::UKRAINIAN;
    }
    if has("ђћљњџјЂЋЉЊЏЈ") && russian == 0 {
        return Language("sr");
    }
    if letters < STATISTICS_LETTERS || votes(sample)[1] > 0 {
        return Language::RUSSIAN;
    }
    match whatlang::detect(sample) {
        Some(info) if info.is_reliable() => Language(iso_639_1(info.lang())),
        _ => Language::RUSSIAN,
    }
}

fn latin(sample: &str, letters: usize) -> Option<Language> {
    let votes = votes(sample);
    let mut ranked: Vec<(usize, &'static str)> = votes.into_iter().zip(stopwords::LISTED).collect();
    ranked.sort_by_key(|(vote, _)| std::cmp::Reverse(*vote));
    let (first, second) = (ranked[0], ranked[1]);
    let statistics = if letters >= STATISTICS_LETTERS { whatlang::detect(sample) } else { None };
    if let Some(info) = statistics.as_ref().filter(|info| info.is_reliable()) {
        let code = iso_639_1(info.lang());
        let listed = stopwords::LISTED.contains(&code);
        // Statistics confuse related languages, so function words take precedence. But few of them, with a language
        // detected that has no list here, mean that language.
        if !listed && first.0 * 8 < letters {
            return Some(Language(code));
        }
    }
    if first.0 > second.0 {
        return Some(Language(first.1));
    }
    if let Some(info) = statistics {
        return Some(Language(iso_639_1(info.lang())));
    }
    if first.0 > 0 {
        return Some(Language(first.1));
    }
    // Several plain ASCII words without function words are most likely English keywords.
    let words = sample.split_whitespace().count();
    (words >= 3 && sample.is_ascii()).then_some(Language::ENGLISH)
}

/// Score of each listed language: 3 for a function word of that language alone, 1 for a shared one, 1 to 4 for typical
/// letters.
fn votes(sample: &str) -> [usize; 5] {
    let mut votes = [0; 5];
    for word in terms::words(sample) {
        let folded = terms::fold(word);
        let languages = stopwords::languages_of(&folded);
        let weight = if languages.count_ones() == 1 { 3 } else { 1 };
        for (bit, vote) in votes.iter_mut().enumerate() {
            if languages & (1 << bit) != 0 {
                *vote += weight;
            }
        }
        if let Some(bit) = language_by_ending(&folded) {
            votes[bit] += 1;
        }
    }
    for c in sample.chars() {
        match c {
            'ß' | 'ä' | 'Ä' | 'Ö' => votes[2] += 2,
            'ö' | 'ü' | 'Ü' => votes[2] += 1,
            'ç' | 'œ' | 'è' | 'ê' | 'à' | 'ù' | 'î' | 'û' => votes[3] += 2,
            'ñ' | '¿' | '¡' => votes[4] += 4,
            'í' | 'ó' | 'ú' => votes[4] += 2,
            'é' => votes[3] += 1,
            _ => {}
        }
    }
    votes
}

/// Endings that are frequent in one listed language and rare in the others.
fn language_by_ending(word: &str) -> Option<usize> {
    const ENDINGS: [(&str, usize); 12] = [
        ("ing", 0),
        ("ness", 0),
        ("ship", 0),
        ("ful", 0),
        ("keit", 2),
        ("heit", 2),
        ("ungen", 2),
        ("schaft", 2),
        ("aux", 3),
        ("eur", 3),
        ("cion", 4),
        ("dad", 4),
    ];
    ENDINGS.iter().find(|(ending, _)| word.len() > ending.len() + 2 && word.ends_with(ending)).map(|(_, bit)| *bit)
}

/// ISO 639-1 code of what whatlang reports (it uses 639-3 and reports Norwegian Bokmål as a language of its own).
fn iso_639_1(lang: Lang) -> &'static str {
    match lang {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
    }
}
