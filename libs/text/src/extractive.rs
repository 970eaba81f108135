//! The writer without a model: an answer made of sentences of the sources.
//!
//! It picks the sentences, rows and lists that say most of what the question asks, of the kind it asks for, and says which of its
//! words no source mentions. What only comes near is given as such. Two things are compared side by side, a document is summed up
//! by the leading sentences of its sections. It never shortens or rewrites what a source says, so every sentence can be found in
//! its passage; a row stands on one line with the names of its columns, a list with its lead-in.

mod asks;
mod candidates;
mod compare;
mod entries;
mod question;
mod records;
mod related;
mod render;
mod score;
mod select;
mod stands;
mod summary;
mod task;
mod words;

use std::collections::HashSet;
use std::ops::Range;

use chrono::{DateTime, Utc};

use self::candidates::Candidate;
use self::question::Question;
pub use self::related::related;
pub use self::render::compose;
use self::select::Choice;
pub use self::task::{Task, task};
use self::words::Word;
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
    /// Where it begins in its source, for the order of a summary.
    pub start: u64,
    pub published_at: Option<DateTime<Utc>>,
    /// Rank of the passage by whoever retrieved it; only compared with the other passages.
    pub score: f32,
}

#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub max_sentences: usize,
    /// Words of earlier questions that this one leans on ([`followup::earlier_words`](crate::followup::earlier_words)); may be empty.
    pub context: &'a str,
    /// The asker's language where it is known better than from the question.
    pub language: Option<Language>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { max_sentences: 5, context: "", language: None }
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
    /// In reading order: the passage that answers best first, each passage from top to bottom. Empty if nothing comes near.
    pub sentences: Vec<Picked>,
    /// The sentences answer; otherwise they are only the closest ones.
    pub direct: bool,
    /// What is compared, each with the position of the first of its sentences.
    pub sides: Vec<(usize, String)>,
    /// Words of the question that the sentences speak of, as asked.
    pub covered: Vec<String>,
    /// Telling words of the question that no source mentions; all of them if nothing comes near.
    pub missing: Vec<String>,
    /// Pairs of `sentences` from different sources that say the same thing with other numbers or dates.
    pub disagreeing: Vec<(usize, usize)>,
    pub language: Language,
}

/// Makes the answer.
#[must_use]
pub fn answer(question: &str, passages: &[Passage], options: Options<'_>) -> Extract {
    let wish = Question::read(question, options.context, options.language);
    let done = match task::task(question) {
        Task::Compare(left, right) => compare::answer([&left, &right], passages, options, wish.language),
        Task::Summarize => summary::answer(&wish, passages, options.max_sentences),
        Task::Answer => None,
    };
    done.unwrap_or_else(|| plain(&wish, passages, options.max_sentences))
}

/// The telling words of a question as written, each once.
pub(crate) fn search_words(question: &str) -> Vec<String> {
    let telling = words::words(question).into_iter().filter(|word| !word.is_light);
    telling.map(|word| word.surface).collect()
}

/// The terms by which passages for a question are found and ranked: those of its telling words.
#[must_use]
pub fn search_terms(question: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for term in words::words(question).into_iter().flat_map(|word| word.terms) {
        if !found.contains(&term) {
            found.push(term);
        }
    }
    found
}

fn plain(question: &Question, passages: &[Passage], max_sentences: usize) -> Extract {
    let candidates = candidates::gather(question, passages);
    let choice = select::choose(question, &candidates, max_sentences);
    extract(question, passages, &candidates, &choice)
}

fn extract(question: &Question, passages: &[Passage], candidates: &[Candidate], choice: &Choice) -> Extract {
    let covers = |index: usize| choice.places.iter().any(|place| candidates[*place].hits[index] >= COVERS);
    let covered = question.words.iter().enumerate().filter(|(index, _)| covers(*index));
    Extract {
        covered: covered.map(|(_, word)| word.surface.clone()).collect(),
        missing: missing(&question.words, passages, choice.places.is_empty()),
        direct: choice.direct,
        sides: Vec::new(),
        disagreeing: if choice.direct { select::disagreeing(candidates, &choice.places) } else { Vec::new() },
        sentences: choice.places.iter().map(|place| picked(&candidates[*place], passages)).collect(),
        language: question.language,
    }
}

/// A word counts as spoken of if the sentence or what stands above it says it.
const COVERS: f32 = 0.5;

/// The telling words that no source says, or all of them.
fn missing(words: &[Word], passages: &[Passage], all: bool) -> Vec<String> {
    let said = vocabulary(passages);
    let missing = words.iter().filter(|word| !word.is_light && (all || !(word.is_verb() || word.is_said(&said))));
    missing.map(|word| word.surface.clone()).collect()
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
