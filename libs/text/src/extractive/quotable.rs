//! Which parts of a page may be quoted in an answer: no headings, menus, page numbers, tables of contents or legal
//! notices.

use crate::sentences::{TextUnit, UnitKind};
use crate::{stopwords, terms};

/// Longest quotable sentence in characters; a longer one is a list or a page without punctuation.
pub(super) const MAX_SENTENCE_CHARS: usize = 700;
/// Shortest sentence of a script without spaces.
const MIN_UNSPACED_CHARS: usize = 5;
/// A line without closing punctuation is a heading if it has fewer words than this.
const MIN_STATEMENT_WORDS: usize = 10;
const BOILERPLATE: [&str; 16] = [
    "all rights reserved",
    "©",
    "we use cookies",
    "accept all cookies",
    "skip to content",
    "skip to main",
    "subscribe to our",
    "sign up for our",
    "terms of use",
    "click here",
    "for internal use only",
    "is provided for information",
    "все права защищены",
    "подпишитесь на",
    "мы используем файлы cookie",
    "только для внутреннего",
];
/// One word of each phrase in [`BOILERPLATE`], for a cheap first check.
const BOILERPLATE_WORDS: [&str; 15] = [
    "reserved",
    "cookies",
    "cookie",
    "skip",
    "subscribe",
    "sign",
    "terms",
    "click",
    "internal",
    "provided",
    "защищены",
    "Подпишитесь",
    "подпишитесь",
    "внутреннего",
    "используем",
];
const CONTENTS_TITLES: [&str; 7] =
    ["contents", "table of contents", "содержание", "оглавление", "inhalt", "inhaltsverzeichnis", "sommaire"];
const PAGE_WORDS: [&str; 6] = ["page", "seite", "стр", "страница", "лист", "página"];

/// Whether the text ends as a sentence does.
pub(super) fn ends_like_sentence(text: &str) -> bool {
    text.trim_end_matches(['*', '_', '`']).ends_with(['.', '!', '…', '。', '！', ')', '"', '»', '”', ';'])
}

/// Whether a text is a question; emphasis around it does not matter.
pub(super) fn is_question(text: &str) -> bool {
    text.trim_end_matches(['*', '_', ' ', '#']).ends_with(['?', '？', '؟'])
}

/// Whether a unit is a question on a line of its own, with its answer below.
pub(super) fn is_question_line(text: &str, unit: &TextUnit) -> bool {
    let after = text[unit.range.end..].trim_start_matches([' ', '\t', '\r']);
    unit.opens_block
        && matches!(unit.kind, UnitKind::Prose | UnitKind::Item)
        && after.starts_with('\n')
        && is_question(&text[unit.range.clone()])
}

/// Whether a text is a short reply such as `No, sorry.`, which says enough under a question.
pub(super) fn is_reply(text: &str) -> bool {
    const REPLIES: &str = "yes no not never always sometimes да нет никогда конечно ja nein oui non si";
    let first = terms::words(text).next().map(terms::fold).unwrap_or_default();
    ends_like_sentence(text) && REPLIES.split(' ').any(|reply| reply == first)
}

/// Whether a text is a value with its name before it: `Timeout: 40 s`, `**Voltage:** 12 V`.
pub(super) fn has_label(text: &str) -> bool {
    text.contains(": ") || text.contains(":** ") || text.contains("**: ") || text.contains(":__ ")
}

/// Whether a text may be quoted: no code, question, navigation or fragment. [`is_heading`] is checked before.
pub(super) fn is_quotable(text: &str, kind: UnitKind) -> bool {
    let words: Vec<&str> = terms::words(text).take(80).collect();
    if kind == UnitKind::Code || is_question(text) || text.ends_with(':') || text.chars().count() > MAX_SENTENCE_CHARS {
        return false;
    }
    if text.contains(" | ") || text.contains(" » ") || text.contains(" > ") || text.starts_with("http") {
        return false;
    }
    if is_page_footer(text, &words) || is_boilerplate(text, &words) {
        return false;
    }
    let spaced = text.contains(' ');
    let is_specific = text.contains(|c: char| c.is_ascii_digit()) || has_label(text);
    match kind {
        UnitKind::Row => words.len() >= 2,
        UnitKind::Item => words.len() >= 3 || (words.len() >= 2 && is_specific),
        _ if !spaced => text.chars().count() >= MIN_UNSPACED_CHARS && ends_like_sentence(text),
        _ if has_label(text) => words.len() >= 2,
        // Menu entries have neither a full stop nor function words.
        _ => {
            (ends_like_sentence(text) && words.len() >= 3)
                || (words.len() >= 3 && is_specific)
                || (words.len() >= MIN_STATEMENT_WORDS && count_function_words(&words) * 6 >= words.len())
        }
    }
}

fn count_function_words(words: &[&str]) -> usize {
    words.iter().filter(|word| stopwords::languages_of(&terms::fold(word)) != 0).count()
}

/// Whether it is a page footer such as `Lease – Page 3 of 12`, or a line of a table of contents.
fn is_page_footer(text: &str, words: &[&str]) -> bool {
    let leaders = text.contains("....") || text.contains(". . . .") || text.contains("…………");
    let short = words.len() <= MIN_STATEMENT_WORDS + 4 && !text.ends_with('.');
    let mut pairs = words.windows(2).filter(|pair| pair[1].bytes().all(|byte| byte.is_ascii_digit()));
    leaders || (short && pairs.any(|pair| PAGE_WORDS.contains(&terms::fold(pair[0]).as_str())))
}

fn is_boilerplate(text: &str, words: &[&str]) -> bool {
    // The check for single words spares most sentences the slower search for phrases.
    let mut hints = words.iter().filter(|word| BOILERPLATE_WORDS.iter().any(|hint| word.eq_ignore_ascii_case(hint)));
    if hints.next().is_none() && !text.contains('©') {
        return false;
    }
    let lower = text.to_lowercase();
    BOILERPLATE.iter().any(|phrase| lower.contains(phrase))
}

/// Whether the text under this heading is a table of contents.
pub(super) fn is_table_of_contents(heading: &str) -> bool {
    let name = heading.rsplit(crate::passages::SEPARATOR).next().unwrap_or(heading);
    CONTENTS_TITLES.contains(&name.trim().trim_end_matches(':').to_lowercase().as_str())
}

/// Whether a unit is a heading: marked as one, or a short line of its own without closing punctuation above other text.
pub(super) fn is_heading(text: &str, units: &[TextUnit], place: usize) -> bool {
    let unit = &units[place];
    let raw = &text[unit.range.clone()];
    if unit.kind == UnitKind::Heading {
        return true;
    }
    if !matches!(unit.kind, UnitKind::Prose | UnitKind::Item)
        || raw.contains('\n')
        || ends_like_sentence(raw)
        || raw.ends_with([':', '?', ','])
    {
        return false;
    }
    let start = text[..unit.range.start].rfind('\n').map_or(0, |end| end + 1);
    let mark = text[start..unit.range.start].trim();
    let own_line = text[unit.range.end..].trim_start_matches([' ', '\t', '\r']);
    let is_line =
        (own_line.is_empty() || own_line.starts_with('\n')) && (unit.kind == UnitKind::Item || mark.is_empty());
    if !is_line || raw.split_whitespace().count() > MIN_STATEMENT_WORDS {
        return false;
    }
    let is_all_capitals = raw.chars().filter(|c| c.is_alphabetic()).count() > 3 && !raw.contains(char::is_lowercase);
    if is_all_capitals {
        return true;
    }
    if has_label(raw) {
        return false;
    }
    let numbered = mark.starts_with(|c: char| c.is_ascii_digit());
    match unit.kind {
        UnitKind::Item => numbered && units.get(place + 1).is_some_and(|next| !is_sibling(text, mark, next)),
        _ => !raw.contains(|c: char| c.is_ascii_digit()) || starts_chapter(raw),
    }
}

/// Whether `next` is an item of the same list: its number has the same number of levels.
fn is_sibling(text: &str, mark: &str, next: &TextUnit) -> bool {
    let start = text[..next.range.start].rfind('\n').map_or(0, |end| end + 1);
    let levels = |mark: &str| mark.split(['.', ')']).filter(|level| !level.is_empty()).count();
    let other = text[start..next.range.start].trim();
    next.kind == UnitKind::Item && levels(other) == levels(mark)
}

fn starts_chapter(line: &str) -> bool {
    const CHAPTER_WORDS: [&str; 14] = [
        "chapter",
        "section",
        "annex",
        "appendix",
        "article",
        "part",
        "schedule",
        "глава",
        "раздел",
        "статья",
        "приложение",
        "kapitel",
        "abschnitt",
        "anlage",
    ];
    terms::words(line).next().is_some_and(|word| CHAPTER_WORDS.contains(&terms::fold(word).as_str()))
}
