//! Follow-up questions that the given passages can answer.

use std::collections::HashSet;

use super::SourcePassage;
use crate::language::{self, Language};
use crate::passages::SEPARATOR;
use crate::sentences::{self, UnitKind};
use crate::{markdown, terms};

const MAX_QUESTIONS: usize = 3;
const MAX_HEADING_WORDS: usize = 8;
/// Headings that say nothing about the topic.
const GENERIC_HEADINGS: [&str; 24] = [
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
    "further corpus",
    "введение",
    "содержание",
    "примечания",
    "литература",
    "ссылки",
    "см. также",
    "комментарии",
];

/// Up to three questions, each about a heading of the passages that `question` does not mention. In the language of
/// `question` if that is English or Russian; none in other languages.
#[must_use]
pub fn related(question: &str, passages: &[SourcePassage]) -> Vec<String> {
    let language = language::detect(question).unwrap_or(Language::ENGLISH);
    let mut seen = terms::index_terms(question);
    let mut questions = Vec::new();
    // A document's title heads all its passages, so it is no topic of its own.
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
        let unseen = own.iter().filter(|term| !seen.contains(term)).count();
        if unseen * 2 < own.len().max(1) || !is_topic(&heading, language) {
            continue;
        }
        let is_question = heading.ends_with('?');
        questions.push(match language {
            _ if is_question => heading,
            Language::RUSSIAN => format!("Что источники говорят на тему «{heading}»?"),
            _ => format!("What do the sources say about “{heading}”?"),
        });
        seen.extend(own);
    }
    questions
}

/// The innermost heading above the passage, then those within it.
fn headings(passage: &SourcePassage) -> Vec<String> {
    let above = passage.heading.as_deref().and_then(|path| path.rsplit(SEPARATOR).next());
    let units = sentences::units(&passage.text);
    let within =
        units.iter().filter(|unit| unit.kind == UnitKind::Heading).map(|unit| &passage.text[unit.range.clone()]);
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
    fits && (1..=MAX_HEADING_WORDS).contains(&words)
        && !GENERIC_HEADINGS.contains(&heading.to_lowercase().as_str())
        && heading.contains(char::is_alphabetic)
}
