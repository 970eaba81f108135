//! Whether a question wants a fact, two things side by side, or a whole document in short.

use crate::terms;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    Answer,
    /// The two sides as asked.
    Compare(String, String),
    Summarize,
}

const COMPARING: [&str; 14] = [
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
/// Between the sides, the clearest first.
const BETWEEN: [&str; 11] =
    [" vs. ", " vs ", " versus ", " compared to ", " compared with ", " and ", " with ", " to ", " от ", " и ", " с "];
const SUMMARIZING: [&str; 19] = [
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
/// Words about the sides that belong to neither.
const LEADS: [&str; 8] = ["the ", "in ", "of ", "между ", "both ", "me ", "please ", "мне "];

/// Reads the wish from the wording.
#[must_use]
pub fn task(question: &str) -> Task {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches(['?', '.', '!', ' ']);
    let lower = line.to_lowercase().replace('ё', "е");
    if let Some(sides) = sides(line, &lower) {
        return Task::Compare(sides.0, sides.1);
    }
    let summarizes = SUMMARIZING.iter().any(|sign| lower.contains(sign))
        || (lower.starts_with("what is") && lower.ends_with(" about"));
    if summarizes { Task::Summarize } else { Task::Answer }
}

fn sides(line: &str, lower: &str) -> Option<(String, String)> {
    // Lower case may have other lengths in rare scripts; such a question is read as a plain one.
    if line.len() != lower.len() {
        return None;
    }
    let lead = COMPARING.iter().find_map(|sign| lower.find(sign).map(|at| at + sign.len()));
    let separators = if lead.is_some() { &BETWEEN[..] } else { &BETWEEN[..3] };
    let rest = lead.unwrap_or(0);
    let between = separators.iter().find_map(|sign| lower[rest..].find(sign).map(|at| (rest + at, sign.len())))?;
    let left = trimmed(line.get(rest..between.0)?);
    let right = trimmed(line.get(between.0 + between.1..)?);
    let (left, right) = shared(&left, &right);
    let named = |side: &str| !terms::query_terms(side).is_empty();
    (named(&left) && named(&right)).then_some((left, right))
}

fn trimmed(side: &str) -> String {
    let mut side = side.trim().trim_start_matches([':', ',', ' ']);
    while let Some(rest) = LEADS.iter().find_map(|lead| side.strip_prefix(lead)) {
        side = rest.trim_start();
    }
    side.to_owned()
}

/// Gives the shorter side what the longer one says of both: `hotel limits in Germany` and `Japan`, `annual` and `sick leave`,
/// `Heron` and `Siskin budgets`.
fn shared(left: &str, right: &str) -> (String, String) {
    let (mut a, mut b): (Vec<&str>, Vec<&str>) =
        (left.split_whitespace().collect(), right.split_whitespace().collect());
    if a.len() > b.len() && !b.is_empty() {
        let common = a[..a.len() - b.len()].to_vec();
        b.splice(0..0, common);
    } else if b.len() > a.len() && !a.is_empty() {
        let common = b[a.len()..].to_vec();
        a.extend(common);
    }
    (a.join(" "), b.join(" "))
}
