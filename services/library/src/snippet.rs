//! Where in a message the searched words are.

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;
use utoipa::ToSchema;

/// The longest snippet, in characters.
const LENGTH: usize = 240;
/// What is shown before the first match, in characters.
const LEAD: usize = 60;

/// A place in a snippet, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Match {
    pub(crate) start: usize,
    /// After the last one.
    pub(crate) end: usize,
}

/// A piece of a text, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snippet {
    pub(crate) text: String,
    pub(crate) matches: Vec<Match>,
}

/// The piece that shows the most of `terms`; of equals, that of the earliest text.
pub(crate) fn best(texts: [&str; 3], terms: &[String]) -> Snippet {
    let mut best: Option<(usize, &str, Vec<Found>, usize)> = None;
    for text in texts {
        let found = find(text, terms);
        let (from, shown) = densest(&found);
        if best.as_ref().is_none_or(|(most, ..)| shown > *most) {
            best = Some((shown, text, found, from));
        }
    }
    let (_, text, found, from) = best.expect("there are three texts");
    cut(text, &found, from)
}

/// A word that stands for one of the terms; places in characters.
#[derive(Debug)]
struct Found {
    start: usize,
    end: usize,
    term: usize,
}

fn find(text: &str, terms: &[String]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let (mut byte, mut char) = (0, 0);
    let mut previous = None;
    for (at, word) in text.unicode_word_indices() {
        char += text[byte..at].chars().count();
        byte = at;
        let (end, char_end) = (at + word.len(), char + word.chars().count());
        if let Some(term) = term_of(word, terms) {
            found.push(Found { start: char, end: char_end, term });
        } else if let Some((before, char_before, before_end)) = previous
            && before_end == at
            && let Some(term) = term_of(&text[before..end], terms)
        {
            // Scripts without spaces are found by pairs of characters, which overlap.
            match found.last_mut() {
                Some(last) if last.end > char_before => last.end = char_end,
                _ => found.push(Found { start: char_before, end: char_end, term }),
            }
        }
        previous = Some((at, char, end));
    }
    found
}

fn term_of(word: &str, terms: &[String]) -> Option<usize> {
    let of_word = text::terms::index_terms(word);
    terms.iter().position(|term| of_word.contains(term))
}

/// The match to begin with, and how many different terms a piece from there shows.
fn densest(found: &[Found]) -> (usize, usize) {
    let mut best = (0, 0);
    for (from, first) in found.iter().enumerate() {
        let mut shown: Vec<usize> = Vec::new();
        for next in found[from..].iter().take_while(|next| next.end <= first.start + LENGTH - LEAD) {
            if !shown.contains(&next.term) {
                shown.push(next.term);
            }
        }
        if shown.len() > best.1 {
            best = (from, shown.len());
        }
    }
    best
}

/// Cuts between words where there are spaces.
fn cut(text: &str, found: &[Found], from: usize) -> Snippet {
    let chars: Vec<char> = text.chars().collect();
    let first = found.get(from).map_or(0, |first| first.start);
    let mut start = first.saturating_sub(LEAD);
    if start > 0 {
        let space = chars[start..first].iter().position(|c| c.is_whitespace());
        start += space.map_or(0, |space| space + 1);
    }
    let mut end = chars.len().min(start + LENGTH);
    if end < chars.len() {
        let space = chars[start..end].iter().rposition(|c| c.is_whitespace());
        end = space.map(|space| start + space).filter(|end| *end > first + LENGTH / 2).unwrap_or(end);
    }
    let shown = found.iter().filter(|found| found.start >= start && found.end <= end);
    let matches = shown.map(|found| Match { start: found.start - start, end: found.end - start }).collect();
    let text = chars[start..end].iter().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { *c }).collect();
    Snippet { text, matches }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(texts: [&str; 3], question: &str) -> (String, Vec<String>) {
        let snippet = best(texts, &text::terms::query_terms(question));
        let chars: Vec<char> = snippet.text.chars().collect();
        let words = snippet.matches.iter().map(|place| chars[place.start..place.end].iter().collect()).collect();
        (snippet.text, words)
    }

    #[test]
    fn inflected_words_are_marked() {
        let (_, words) = marked(["Срок уведомления — два месяца.", "", ""], "сроки уведомлений");
        assert_eq!(words, ["Срок", "уведомления"]);
    }

    #[test]
    fn a_long_text_is_cut_around_the_densest_place() {
        let filler = "nothing of interest here. ".repeat(40);
        let text = format!("Rent is paid monthly. {filler}\nThe deposit covers\nthe rent. {filler}");
        let (snippet, words) = marked([&text, "", ""], "rent deposit");
        assert_eq!(words, ["deposit", "rent"]);
        assert!(snippet.contains("The deposit covers the rent."), "{snippet}");
        assert!(snippet.chars().count() <= LENGTH);
    }

    #[test]
    fn the_text_with_more_of_the_words_is_shown() {
        let (snippet, words) = marked(["the deposit", "rent and deposit", "rent"], "deposit rent");
        assert_eq!(snippet, "rent and deposit");
        assert_eq!(words, ["rent", "deposit"]);
    }

    #[test]
    fn words_without_spaces_are_found_by_pairs() {
        let (_, words) = marked(["賃貸契約の解約通知は二か月前です。", "", ""], "解約通知");
        assert_eq!(words, ["解約通知"]);
    }
}
