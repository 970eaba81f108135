//! Turns a word into its terms.

use rust_stemmers::{Algorithm, Stemmer};

use super::scan::Token;
use super::{MAX_TERM_CHARS, british, fold};

/// Passes each term of `token` to `emit`, parts before the whole.
pub(super) fn analyse(token: &Token<'_>, latin: Algorithm, emit: &mut dyn FnMut(String)) {
    if token.unsegmented {
        return bigrams(&fold(token.text), emit);
    }
    let folded = join_digits(&fold(token.text));
    if folded.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return word(&with_sign(folded, token.rest), latin, emit);
    }
    let folded = without_clitics(&folded);
    let mut parts = folded.split(is_separator).filter(|part| !part.is_empty());
    let (Some(first), second) = (parts.next(), parts.next()) else { return };
    let Some(second) = second else {
        return word(&with_sign(first.to_owned(), token.rest), latin, emit);
    };
    for part in [first, second].into_iter().chain(parts) {
        // A single letter of a compound is useless for search.
        if part.len() > 1 || part.bytes().all(|b| b.is_ascii_digit()) {
            word(part, latin, emit);
        }
    }
    if folded.len() <= MAX_TERM_CHARS {
        let whole: String = folded.chars().filter(|c| !is_separator(*c)).collect();
        word(&whole, latin, emit);
    }
}

fn is_separator(c: char) -> bool {
    !c.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(c)
}

/// Emits overlapping pairs of characters; a single character as it is.
fn bigrams(run: &str, emit: &mut dyn FnMut(String)) {
    let mut chars = run.chars();
    let Some(mut previous) = chars.next() else { return };
    let mut alone = true;
    for next in chars {
        emit([previous, next].iter().collect());
        previous = next;
        alone = false;
    }
    if alone {
        emit(previous.to_string());
    }
}

/// Removes thousands separators and replaces other dots and commas between digits by `v`.
pub(crate) fn join_digits(word: &str) -> String {
    let separates = |c: char| matches!(c, '.' | ',' | '\u{a0}' | ' ' | '\u{202f}' | '\u{2009}');
    if !word.contains(separates) {
        return word.to_owned();
    }
    let grouped = |separator: &str| {
        let mut groups = word.split(|c: char| separator.contains(c));
        let first = groups.next().unwrap_or("");
        let leads = (1..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_digit());
        let rest: Vec<&str> = groups.collect();
        leads
            && !rest.is_empty()
            && rest.iter().all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
    };
    // "1.000" may be a version or a thousand; "1.000.000" is a million.
    if grouped(",\u{a0} \u{202f}\u{2009}") || (word.matches('.').count() > 1 && grouped(".")) {
        return word.chars().filter(char::is_ascii_digit).collect();
    }
    let decimal = word.rfind([',', '.']);
    let mixed = word.contains('.') && word.contains(',');
    let mut joined = String::with_capacity(word.len());
    let bytes = word.as_bytes();
    for (at, c) in word.char_indices() {
        let inside =
            at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + c.len_utf8()).is_some_and(u8::is_ascii_digit);
        match c {
            '.' | ',' if inside && mixed && Some(at) != decimal => {}
            '.' | ',' if inside => joined.push('v'),
            ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' if inside => {}
            other => joined.push(other),
        }
    }
    joined
}

/// `tenant's` is `tenant`, `l'eau` is `eau`; other apostrophes stay as separators.
fn without_clitics(word: &str) -> String {
    let Some((before, after)) = word.split_once('\'') else { return word.to_owned() };
    if matches!(after, "s" | "ll" | "re" | "ve") {
        return before.to_owned();
    }
    if matches!(before, "l" | "d" | "j" | "m" | "n" | "s" | "t" | "c" | "qu" | "jusqu" | "lorsqu" | "puisqu")
        && after.len() > 1
    {
        return after.to_owned();
    }
    if after == "t" {
        return format!("{before}{after}");
    }
    word.to_owned()
}

/// Appends a word for the sign of `c++` and `c#`, which must not match `c`.
fn with_sign(word: String, rest: &str) -> String {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
    if rest.strip_prefix("++").is_some_and(ends) {
        return word + "plusplus";
    }
    if word.len() <= 2 && rest.strip_prefix('#').is_some_and(ends) {
        return word + "sharp";
    }
    word
}

fn word(word: &str, latin: Algorithm, emit: &mut dyn FnMut(String)) {
    if word.len() > MAX_TERM_CHARS
        && let Some((cut, _)) = word.char_indices().nth(MAX_TERM_CHARS)
    {
        return emit(word[..cut].to_owned());
    }
    emit(stem(word, latin));
}

fn stem(word: &str, latin: Algorithm) -> String {
    let Some(first) = word.chars().next() else { return String::new() };
    if word.bytes().any(|b| b.is_ascii_digit()) {
        return word.to_owned();
    }
    let algorithm = match first {
        'a'..='z' => latin,
        '\u{400}'..='\u{4ff}' => Algorithm::Russian,
        _ => return word.to_owned(),
    };
    let american = (algorithm == Algorithm::English).then(|| british::american(word)).flatten();
    let word = american.as_deref().unwrap_or(word);
    let stemmed = Stemmer::create(algorithm).stem(word);
    let stemmed = if algorithm == Algorithm::Russian { without_plural(&stemmed) } else { &stemmed };
    // The stemmers expect letters of their language and may return an empty stem for others.
    if stemmed.is_empty() { word.to_owned() } else { stemmed.to_owned() }
}

/// `содержат` has the stem of `содержит`: the stemmer does not know this ending of verbs, which follows these letters alone.
fn without_plural(stem: &str) -> &str {
    stem.strip_suffix("ат").filter(|root| root.ends_with(['ж', 'ч', 'ш', 'щ'])).unwrap_or(stem)
}
