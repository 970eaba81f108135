//! What a question wants: a fact, a comparison of two things, or a summary of a document.

use crate::{pasted, terms};

/// What a question wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryIntent {
    Answer,
    /// The two sides as written.
    Compare(String, String),
    Summarize,
}

const COMPARE_PHRASES: [&str; 14] = [
    "compare",
    "comparison of",
    "difference between",
    "differences between",
    "difference in",
    "сравни",
    "сравните",
    "сравнить",
    "сравнение",
    "чем отличается",
    "чем отличаются",
    "разница между",
    "различия между",
    "vergleiche",
];
/// Separators between the sides, the most specific first. The first three make a comparison on their own.
const SEPARATORS: [&str; 11] =
    [" vs. ", " vs ", " versus ", " compared to ", " compared with ", " and ", " with ", " to ", " от ", " и ", " с "];
const SUMMARY_PHRASES: [&str; 19] = [
    "summarize",
    "summarise",
    "summary",
    "sum up",
    "tl;dr",
    "tldr",
    "an overview of",
    "outline the",
    "in a nutshell",
    "кратко изложи",
    "кратко перескажи",
    "краткое содержание",
    "коротко о",
    "изложи",
    "перескажи",
    "суммируй",
    "резюме",
    "резюмируй",
    "о чем ",
];
/// What follows one of these differs between the sides.
const SIDE_PREPOSITIONS: [&str; 9] = ["of", "in", "for", "from", "at", "в", "для", "у", "из"];
/// Words before a side that are not part of it.
const SIDE_PREFIXES: [&str; 8] = ["the ", "in ", "of ", "между ", "both ", "me ", "please ", "мне "];

/// Detects the intent of a question from its wording.
#[must_use]
pub fn query_intent(question: &str) -> QueryIntent {
    let line = pasted::question(question).split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches(['?', '.', '!', ' ']);
    let lower = line.to_lowercase().replace('ё', "е");
    if let Some(sides) = sides(line, &lower) {
        return QueryIntent::Compare(sides.0, sides.1);
    }
    let summarizes = SUMMARY_PHRASES.iter().any(|phrase| lower.contains(phrase))
        || (lower.starts_with("what is") && lower.ends_with(" about"));
    if summarizes { QueryIntent::Summarize } else { QueryIntent::Answer }
}

fn sides(line: &str, lower: &str) -> Option<(String, String)> {
    // In rare scripts lower case has another length; such a question is not treated as a comparison.
    if line.len() != lower.len() {
        return None;
    }
    let lead = COMPARE_PHRASES.iter().find_map(|phrase| lower.find(phrase).map(|at| at + phrase.len()));
    let separators = if lead.is_some() { &SEPARATORS[..] } else { &SEPARATORS[..3] };
    let rest = lead.unwrap_or(0);
    let between = separators.iter().find_map(|text| lower[rest..].find(text).map(|at| (rest + at, text.len())))?;
    let left = trimmed(line.get(rest..between.0)?);
    let right = trimmed(line.get(between.0 + between.1..)?);
    let (left, right) = share_common_words(&left, &right);
    let named = |side: &str| !terms::query_terms(side).is_empty();
    (named(&left) && named(&right)).then_some((left, right))
}

fn trimmed(side: &str) -> String {
    let mut side = side.trim().trim_start_matches([':', ',', ' ']);
    while let Some(rest) = SIDE_PREFIXES.iter().find_map(|prefix| side.strip_prefix(prefix)) {
        side = rest.trim_start();
    }
    side.to_owned()
}

/// Adds to the shorter side the words that the longer one states for both: `hotel limits in Germany` and `Japan`,
/// `annual` and `sick leave`, `Heron` and `Siskin budgets`.
fn share_common_words(left: &str, right: &str) -> (String, String) {
    let (mut a, mut b): (Vec<&str>, Vec<&str>) =
        (left.split_whitespace().collect(), right.split_whitespace().collect());
    if a.len() > b.len() && !b.is_empty() {
        // `population of Corvin Falls` and `Marrow`: what stands before the preposition is common.
        let preposition = a.iter().rposition(|word| SIDE_PREPOSITIONS.contains(&word.to_lowercase().as_str()));
        let end = preposition.filter(|at| at + 1 < a.len()).map_or(a.len() - b.len(), |at| at + 1);
        let common = a[..end].to_vec();
        b.splice(0..0, common);
    } else if b.len() > a.len() && !a.is_empty() {
        let common = b[a.len()..].to_vec();
        a.extend(common);
    }
    (a.join(" "), b.join(" "))
}
