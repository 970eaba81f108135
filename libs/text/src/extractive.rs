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
mod kind;
mod question;
mod reading;
mod records;
mod related;
mod render;
mod score;
mod select;
mod stands;
mod summary;
mod task;
mod vocabulary;
mod words;

use std::ops::Range;

use chrono::{DateTime, Utc};

use self::candidates::Candidate;
use self::question::Question;
use self::reading::Reading;
pub use self::related::related;
pub use self::render::compose;
use self::select::Choice;
pub use self::task::{Task, task};
use self::words::Word;
use crate::language::Language;

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
    let reading = Reading::of(passages);
    let done = match task::task(question) {
        Task::Compare(left, right) => compare::answer([&left, &right], &reading, options, wish.language),
        Task::Summarize => summary::answer(&wish, &reading, options.max_sentences),
        Task::Answer => None,
    };
    done.unwrap_or_else(|| plain(&wish, &reading, options.max_sentences))
}

/// The telling words of a question as written, each once.
pub(crate) fn search_words(question: &str) -> Vec<String> {
    let telling = words::words(question).into_iter().filter(|word| !word.is_light);
    telling.map(|word| word.surface).collect()
}

/// The terms by which passages for a question are found and ranked: those of its telling words. None where a summary is asked for of
/// whatever there is.
#[must_use]
pub fn search_terms(question: &str) -> Vec<String> {
    let names_source = task::task(question) == Task::Summarize;
    let mut found: Vec<String> = Vec::new();
    for word in words::words(question).into_iter().filter(|word| !(names_source && word.is_light)) {
        for term in word.terms {
            if !found.contains(&term) {
                found.push(term);
            }
        }
    }
    found
}

fn plain(question: &Question, reading: &Reading<'_>, max_sentences: usize) -> Extract {
    let candidates = candidates::gather(question, reading);
    let choice = select::choose(question, &candidates, max_sentences);
    extract(question, reading, &candidates, &choice)
}

fn extract(question: &Question, reading: &Reading<'_>, candidates: &[Candidate<'_>], choice: &Choice) -> Extract {
    let covers = |index: usize| choice.places.iter().any(|place| candidates[*place].hits[index] >= COVERS);
    let covered = question.words.iter().enumerate().filter(|(index, _)| covers(*index));
    let surface = |(_, word): (usize, &Word)| word.surface.clone();
    let missing = if choice.places.is_empty() {
        telling(&question.words).map(surface).collect()
    } else {
        // The kind of thing that is asked for need not be said where the answer gives something of that kind.
        unsaid(&question.words, reading).filter(|(index, _)| !covers(*index)).map(surface).collect()
    };
    Extract {
        missing,
        covered: covered.map(|(_, word)| word.surface.clone()).collect(),
        direct: choice.direct,
        sides: Vec::new(),
        disagreeing: if choice.direct { select::disagreeing(candidates, &choice.places) } else { Vec::new() },
        sentences: choice.places.iter().map(|place| picked(&candidates[*place], reading)).collect(),
        language: question.language,
    }
}

/// A word counts as spoken of if the sentence or what stands above it says it.
const COVERS: f32 = 0.5;

/// The telling words of a question, with their positions.
fn telling(words: &[Word]) -> impl Iterator<Item = (usize, &Word)> {
    words.iter().enumerate().filter(|(_, word)| !word.is_light)
}

/// The telling words that no source says.
fn unsaid<'q>(words: &'q [Word], reading: &Reading<'_>) -> impl Iterator<Item = (usize, &'q Word)> {
    telling(words)
        .filter(|(_, word)| !word.is_verb() && reading.vocabulary.nearness(word).iter().all(|near| *near <= 0.0))
}

fn picked(candidate: &Candidate<'_>, reading: &Reading<'_>) -> Picked {
    let passage = &reading.passages[candidate.said.passage];
    Picked {
        passage: candidate.said.passage,
        source: passage.source,
        range: candidate.said.range.clone(),
        text: candidate.said.text.clone(),
        published_at: passage.published_at,
    }
}
