//! Follow-up questions that the sources at hand can answer.

use std::collections::HashSet;

use super::Passage;
use crate::language::{self, Language};
use crate::passages::SEPARATOR;
use crate::sentences::{self, Kind};
use crate::{markdown, terms};

const MAX_QUESTIONS: usize = 3;
const MAX_WORDS: usize = 8;
/// Headings that every page has.
const GENERIC: [&str; 24] = [
    "introduction",
    "contents",
    "table of contents",
    "references",
    "see also",
    "external links",
    "notes",
    "conclusion",
    "summary",
    "overview",
    "about",
    "about us",
    "contact",
    "related articles",
    "comments",
    "share",
    "further reading",
    "введение",
    "содержание",
    "примечания",
    "литература",
    "ссылки",
    "см. также",
    "комментарии",
];

/// Up to three questions in the language of `question` (English or Russian, else none), each about a heading of the passages that the
/// question did not ask about.
#[must_use]
pub fn related(question: &str, passages: &[Passage]) -> Vec<String> {
    let language = language::detect(question).unwrap_or(Language::ENGLISH);
    let mut seen = terms::index_terms(question);
    let mut questions = Vec::new();
    // The title of a document is what all its passages are about.
    let titles: HashSet<&str> = passages
        .iter()
        .filter_map(|passage| passage.heading.as_deref()?.split_once(SEPARATOR))
        .map(|(title, _)| title)
        .collect();
    for heading in passages.iter().flat_map(headings) {
        if questions.len() == MAX_QUESTIONS {
            break;
        }
        if titles.contains(heading.as_str()) {
            continue;
        }
        let heading = cleaned(&heading);
        let own = terms::query_terms(&heading);
        let fresh = own.iter().filter(|term| !seen.contains(term)).count();
        if fresh * 2 < own.len().max(1) || !is_topic(&heading, language) {
            continue;
        }
        let asked = heading.ends_with('?');
        questions.push(match language {
            _ if asked => heading,
            Language::RUSSIAN => format!("Что источники говорят на тему «{heading}»?"),
            _ => format!("What do the sources say about “{heading}”?"),
        });
        seen.extend(own);
    }
    questions
}

/// The innermost heading above the passage, then those within it.
fn headings(passage: &Passage) -> Vec<String> {
    let above = passage.heading.as_deref().and_then(|path| path.rsplit(SEPARATOR).next());
    let units = sentences::units(&passage.text);
    let within = units.iter().filter(|unit| unit.kind == Kind::Heading).map(|unit| &passage.text[unit.range.clone()]);
    above.into_iter().chain(within).map(str::to_owned).collect()
}

fn cleaned(heading: &str) -> String {
    let plain = markdown::plain(heading);
    plain
        .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ' | ')' | '§'))
        .trim_end_matches([':', '.', ' ', '#'])
        .to_owned()
}

fn is_topic(heading: &str, language: Language) -> bool {
    let words = terms::words(heading).count();
    let cyrillic = heading.chars().any(|c| ('\u{400}'..='\u{4ff}').contains(&c));
    let fits = match language {
        Language::RUSSIAN => cyrillic,
        Language::ENGLISH => !cyrillic && heading.is_ascii(),
        _ => false,
    };
    fits && (1..=MAX_WORDS).contains(&words)
        && !GENERIC.contains(&heading.to_lowercase().as_str())
        && heading.contains(char::is_alphabetic)
}
