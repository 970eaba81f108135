//! The writer without a model: an answer made of sentences of the sources.
//!
//! It picks the sentences that say most of what the question asks, of the kind it asks for, and says which of its words no source
//! mentions. It never shortens or rewrites what a source says, so every sentence can be found in its passage; the
//! lines of a record stand together on one line.

mod candidates;
mod question;
mod records;
mod related;
mod render;
mod select;

use std::collections::HashSet;
use std::ops::Range;

use chrono::{DateTime, Utc};

use self::candidates::Candidate;
use self::question::Question;
pub use self::related::related;
pub use self::render::compose;
use crate::language::Language;
use crate::terms;

/// A passage the answer may be made of.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The number printed in the answer.
    pub source: u32,
    pub text: String,
    /// What the source is called: the title of a page, the name of a file.
    pub title: Option<String>,
    /// Headings above it, joined by ` › `.
    pub heading: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    /// Rank of the passage by whoever retrieved it; only compared with the other passages.
    pub score: f32,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub max_sentences: usize,
    /// The asker's language where it is known better than from the question.
    pub language: Option<Language>,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_sentences: 5, language: None }
    }
}

/// A sentence of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Picked {
    /// Position of its passage among those given.
    pub passage: usize,
    pub source: u32,
    /// Byte range in the passage.
    pub range: Range<usize>,
    /// The sentence without Markdown.
    pub text: String,
    pub published_at: Option<DateTime<Utc>>,
}

/// What the sources say about a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Extract {
    /// In reading order: the passage that answers best first, each passage from top to bottom. Empty if nothing answers.
    pub sentences: Vec<Picked>,
    /// Words of the question that the sentences speak of, as asked.
    pub covered: Vec<String>,
    /// Words of the question that no source mentions; all of them if nothing answers.
    pub missing: Vec<String>,
    /// Pairs of `sentences` from different sources that say the same thing with other numbers or dates.
    pub disagreeing: Vec<(usize, usize)>,
    pub language: Language,
}

/// Makes the answer.
#[must_use]
pub fn answer(question: &str, passages: &[Passage], options: Options) -> Extract {
    let question = Question::read(question, options.language);
    let candidates = candidates::gather(&question, passages);
    let chosen = select::choose(&question, &candidates, options.max_sentences);
    let said = vocabulary(passages);
    let is_said = |keyword: &terms::Keyword| keyword.terms.iter().any(|term| question::is_said(term, &said));
    let missing: Vec<String> = question
        .keywords
        .iter()
        .filter(|keyword| chosen.is_empty() || !is_said(keyword))
        .map(|keyword| keyword.surface.clone())
        .collect();
    let covers = |index: usize| chosen.iter().any(|place| candidates[*place].hits[index] > 0.0);
    let covered = question
        .keywords
        .iter()
        .enumerate()
        .filter(|(index, _)| covers(*index))
        .map(|(_, keyword)| keyword.surface.clone());
    Extract {
        covered: covered.collect(),
        missing,
        disagreeing: select::disagreeing(&candidates, &chosen),
        sentences: chosen.iter().map(|place| picked(&candidates[*place], passages)).collect(),
        language: question.language,
    }
}

fn picked(candidate: &Candidate, passages: &[Passage]) -> Picked {
    let passage = &passages[candidate.passage];
    Picked {
        passage: candidate.passage,
        source: passage.source,
        range: candidate.range.clone(),
        text: candidate.text.clone(),
        published_at: passage.published_at,
    }
}

/// Every term the sources use.
fn vocabulary(passages: &[Passage]) -> HashSet<String> {
    let texts = passages
        .iter()
        .flat_map(|passage| [Some(&passage.text), passage.heading.as_ref(), passage.title.as_ref()])
        .flatten();
    texts.flat_map(|text| terms::index_terms(text)).collect()
}
