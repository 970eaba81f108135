//! Finds a sentence word for word in a passage.

use std::ops::Range;

use crate::markdown;
use crate::sentences::TextUnit;
use crate::terms::{self, fold};

/// The words of a text, each after a space.
fn spaced_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 8);
    for word in terms::words(text) {
        words.push(' ');
        words.push_str(&fold(word));
    }
    words
}

/// The byte range of the sentences of `passage` that are, word for word, `sentence`: one or several that follow each
/// other, none cut.
pub(super) fn find(sentence: &str, passage: &str, units: &[TextUnit]) -> Option<Range<usize>> {
    let wanted = spaced_words(sentence);
    if wanted.is_empty() {
        return None;
    }
    let mut words = String::with_capacity(passage.len());
    let mut starts = Vec::with_capacity(units.len() + 1);
    for unit in units {
        starts.push(words.len());
        words.push_str(&spaced_words(&markdown::plain(&passage[unit.range.clone()])));
    }
    let end = words.len();
    for (at, _) in words.match_indices(&wanted) {
        let first = starts.binary_search(&at);
        let after = at + wanted.len();
        let next = if after == end { Ok(units.len()) } else { starts.binary_search(&after) };
        if let (Ok(first), Ok(next)) = (first, next)
            && next > first
        {
            return Some(units[first].range.start..units[next - 1].range.end);
        }
    }
    None
}

/// Shortest run of an unsegmented script that is looked for inside a sentence, in characters.
const MIN_RUN: usize = 4;

/// Like [`find`] for scripts without spaces, whose clauses are whole inside of a longer sentence.
pub(super) fn find_unsegmented(sentence: &str, passage: &str, units: &[TextUnit]) -> Option<Range<usize>> {
    let is_unsegmented = |word: &str| word.starts_with(terms::is_unsegmented);
    let wanted: String = terms::words(sentence).map(fold).collect();
    let letters = wanted.chars().count();
    if letters < MIN_RUN || wanted.chars().filter(|c| terms::is_unsegmented(*c)).count() * 2 < letters {
        return None;
    }
    let unit = units.iter().find(|unit| {
        let text = &passage[unit.range.clone()];
        let words: String = terms::words(text).map(fold).collect();
        terms::words(text).any(is_unsegmented) && words.contains(&wanted)
    })?;
    Some(unit.range.clone())
}
