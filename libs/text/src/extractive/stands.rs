//! Which parts of a page can stand in an answer: not headings, menus, page numbers, tables of contents or small print.

use crate::sentences::{Kind, Unit};
use crate::{stopwords, terms};

/// A longer "sentence" is a list or a page without punctuation, in characters.
pub(super) const MAX_CHARS: usize = 700;
/// A line without an end that has this many words may be a statement; a shorter one is a heading.
const STATEMENT_WORDS: usize = 10;
const SMALL_PRINT: [&str; 16] = [
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
/// A word of each phrase of the small print.
const SMALL_PRINT_SIGNS: [&str; 15] = [
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
const CONTENTS: [&str; 7] =
    ["contents", "table of contents", "содержание", "оглавление", "inhalt", "inhaltsverzeichnis", "sommaire"];
const PAGES: [&str; 6] = ["page", "seite", "стр", "страница", "лист", "página"];

/// Whether the text ends as a sentence does.
pub(super) fn is_ended(text: &str) -> bool {
    text.ends_with(['.', '!', '…', '。', '！', ')', '"', '»', '”', ';'])
}

/// Leaves out code, questions, navigation and fragments. Headings are found before.
pub(super) fn can_stand(text: &str, kind: Kind) -> bool {
    let words: Vec<&str> = terms::words(text).take(80).collect();
    if kind == Kind::Code || text.ends_with(['?', '？', ':']) || text.chars().count() > MAX_CHARS {
        return false;
    }
    if text.contains(" | ") || text.contains(" » ") || text.contains(" > ") || text.starts_with("http") {
        return false;
    }
    if is_foot(text, &words) || is_small_print(text, &words) {
        return false;
    }
    let spaced = text.contains(' ');
    let telling = text.contains(|c: char| c.is_ascii_digit()) || text.contains(": ");
    match kind {
        Kind::Row => words.len() >= 2,
        Kind::Item => words.len() >= 3 || (words.len() >= 2 && telling),
        _ if !spaced => text.chars().count() >= 8 && is_ended(text),
        // Words of a menu have no grammar: neither a full stop nor a function word.
        _ => {
            (is_ended(text) && words.len() >= 3)
                || (words.len() >= 3 && telling)
                || (words.len() >= STATEMENT_WORDS && functions(&words) * 6 >= words.len())
        }
    }
}

fn functions(words: &[&str]) -> usize {
    words.iter().filter(|word| stopwords::languages_of(&terms::fold(word)) != 0).count()
}

/// `Lease – Page 3 of 12`, and lines of a table of contents.
fn is_foot(text: &str, words: &[&str]) -> bool {
    let leaders = text.contains("....") || text.contains(". . . .") || text.contains("…………");
    let short = words.len() <= STATEMENT_WORDS + 4 && !text.ends_with('.');
    let mut pairs = words.windows(2).filter(|pair| pair[1].bytes().all(|byte| byte.is_ascii_digit()));
    leaders || (short && pairs.any(|pair| PAGES.contains(&terms::fold(pair[0]).as_str())))
}

fn is_small_print(text: &str, words: &[&str]) -> bool {
    // Looking for a few words first spares most sentences the search for phrases.
    let mut signs = words.iter().filter(|word| SMALL_PRINT_SIGNS.iter().any(|sign| word.eq_ignore_ascii_case(sign)));
    if signs.next().is_none() && !text.contains('©') {
        return false;
    }
    let lower = text.to_lowercase();
    SMALL_PRINT.iter().any(|phrase| lower.contains(phrase))
}

/// Whether what stands below such a heading is a table of contents.
pub(super) fn is_contents(heading: &str) -> bool {
    let name = heading.rsplit(crate::passages::SEPARATOR).next().unwrap_or(heading);
    CONTENTS.contains(&name.trim().trim_end_matches(':').to_lowercase().as_str())
}

/// Whether a unit is a heading, marked or by its looks: a short line of its own without an end, above something else.
pub(super) fn is_heading(text: &str, units: &[Unit], place: usize) -> bool {
    let unit = &units[place];
    let raw = &text[unit.range.clone()];
    if unit.kind == Kind::Heading {
        return true;
    }
    if !matches!(unit.kind, Kind::Prose | Kind::Item)
        || raw.contains('\n')
        || is_ended(raw)
        || raw.ends_with([':', '?', ','])
    {
        return false;
    }
    let start = text[..unit.range.start].rfind('\n').map_or(0, |end| end + 1);
    let mark = text[start..unit.range.start].trim();
    let own_line = text[unit.range.end..].trim_start_matches([' ', '\t', '\r']);
    let is_line = (own_line.is_empty() || own_line.starts_with('\n')) && (unit.kind == Kind::Item || mark.is_empty());
    if !is_line || raw.split_whitespace().count() > STATEMENT_WORDS {
        return false;
    }
    let shouts = raw.chars().filter(|c| c.is_alphabetic()).count() > 3 && !raw.contains(char::is_lowercase);
    if shouts {
        return true;
    }
    if raw.contains(": ") {
        return false;
    }
    let numbered = mark.starts_with(|c: char| c.is_ascii_digit());
    match unit.kind {
        Kind::Item => numbered && units.get(place + 1).is_some_and(|next| !is_sibling(text, mark, next)),
        _ => !raw.contains(|c: char| c.is_ascii_digit()) || starts_chapter(raw),
    }
}

/// Whether the next unit is the next item of the same list: its number has as many levels.
fn is_sibling(text: &str, mark: &str, next: &Unit) -> bool {
    let start = text[..next.range.start].rfind('\n').map_or(0, |end| end + 1);
    let levels = |mark: &str| mark.split(['.', ')']).filter(|level| !level.is_empty()).count();
    let other = text[start..next.range.start].trim();
    next.kind == Kind::Item && levels(other) == levels(mark)
}

fn starts_chapter(line: &str) -> bool {
    const CHAPTERS: [&str; 14] = [
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
    terms::words(line).next().is_some_and(|word| CHAPTERS.contains(&terms::fold(word).as_str()))
}
