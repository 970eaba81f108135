//! Sentences of the passages that can stand in an answer, with what they say of the question.

use std::collections::HashSet;
use std::ops::Range;

use super::question::{Question, same_root};
use super::{Passage, records};
use crate::bm25::Bm25;
use crate::facts::{Fact, facts};
use crate::sentences::{self, Kind, Unit};
use crate::similar::Shingles;
use crate::{markdown, stopwords, terms};

/// Sentences looked at in one answer: the passages of a run have a few hundred.
const MAX_CANDIDATES: usize = 4_000;
/// A longer "sentence" is a list or a page without punctuation, in characters.
const MAX_CHARS: usize = 700;
/// What a word of the question counts for if only the heading says it, only the title of the source, or only another form is said.
const IN_HEADING: f32 = 0.6;
const IN_TITLE: f32 = 0.5;
const NEAR_FORM: f32 = 0.85;

pub(super) struct Candidate {
    pub(super) passage: usize,
    /// Position among the units of its passage.
    pub(super) unit: usize,
    pub(super) source: u32,
    pub(super) range: Range<usize>,
    pub(super) text: String,
    /// For each keyword, 0 to 1.
    pub(super) hits: Vec<f32>,
    /// Weighted share of the question that it covers, 0 to 1.
    pub(super) coverage: f32,
    pub(super) score: f32,
    pub(super) facts: Vec<Fact>,
    pub(super) shingles: Shingles,
    pub(super) terms: HashSet<String>,
    /// It begins with a word that points to the sentence before.
    pub(super) leans: bool,
}

pub(super) fn gather(question: &Question, passages: &[Passage]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut documents = Vec::new();
    for (index, passage) in passages.iter().enumerate() {
        let title = passage.title.as_deref().map(terms_of).unwrap_or_default();
        let mut above = Above::default();
        let units = records::together(&passage.text, sentences::units(&passage.text));
        for (place, unit) in units.iter().enumerate() {
            let is_head = above.pass(passage, unit);
            if is_head || found.len() >= MAX_CANDIDATES || unit.range.len() > MAX_CHARS * 4 {
                continue;
            }
            let text = display(&passage.text[unit.range.clone()], unit.kind);
            if !can_stand(&text, unit) {
                above.caption(passage, unit);
                continue;
            }
            let list = terms::index_terms(&text);
            let set: HashSet<String> = list.iter().cloned().collect();
            let is_entry = is_entry(&text, unit.kind);
            let mut hits = hits(question, &set, &above.terms(passage, is_entry), &title);
            if is_entry && !speaks_itself(question, &set, &hits) {
                hits.fill(0.0);
            }
            // The others are only there for the sentences that lean on them.
            let speaks = hits.iter().any(|hit| *hit > 0.0);
            let facts = if speaks { facts(&text) } else { Vec::new() };
            let shingles = Shingles::of_terms(if speaks { &list } else { &[] });
            documents.push(list);
            found.push(Candidate {
                passage: index,
                unit: place,
                source: passage.source,
                range: unit.range.clone(),
                hits,
                coverage: 0.0,
                score: 0.0,
                facts,
                shingles,
                terms: set,
                leans: leans(&text),
                text,
            });
        }
    }
    score(question, passages, &documents, &mut found);
    found
}

/// What stands above a sentence within its passage.
#[derive(Default)]
struct Above<'a> {
    heading: &'a str,
    /// A line above entries that is no sentence, such as a heading in a text without marks.
    caption: &'a str,
    /// The head of the table.
    columns: &'a str,
}

impl<'a> Above<'a> {
    /// Takes a unit in; whether it is the head of a table.
    fn pass(&mut self, passage: &'a Passage, unit: &Unit) -> bool {
        let raw = &passage.text[unit.range.clone()];
        if unit.kind == Kind::Heading {
            *self = Self { heading: raw, ..Self::default() };
        }
        let is_head = unit.kind == Kind::Row && heads_table(&passage.text[unit.range.end..]);
        if is_head || unit.kind != Kind::Row {
            self.columns = if is_head { raw } else { "" };
        }
        is_head
    }

    /// Takes a unit that cannot stand in an answer as what stands above the next ones.
    fn caption(&mut self, passage: &'a Passage, unit: &Unit) {
        if unit.kind == Kind::Prose && unit.opens_block {
            self.caption = &passage.text[unit.range.clone()];
        }
    }

    fn terms(&self, passage: &Passage, is_entry: bool) -> HashSet<String> {
        let caption = if is_entry { self.caption } else { "" };
        let outer = passage.heading.as_deref().unwrap_or_default();
        terms_of(&[outer, self.heading, caption, self.columns].join(" "))
    }
}

fn terms_of(text: &str) -> HashSet<String> {
    terms::index_terms(text).into_iter().collect()
}

fn display(raw: &str, kind: Kind) -> String {
    if kind == Kind::Row && raw.contains('\n') {
        return records::display(raw);
    }
    let plain = markdown::plain(raw);
    if kind != Kind::Row {
        return plain;
    }
    let cells: Vec<&str> = plain.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
    if cells.len() == 2 { cells.join(": ") } else { cells.join(", ") }
}

/// Whether the line after a table row is the rule under a table's head.
fn heads_table(after: &str) -> bool {
    let next = after.trim_start_matches(['|', ' ']).trim_start();
    ["|-", "|:", "| -", "| :", "--"].iter().any(|rule| next.starts_with(rule))
}

/// Leaves out headings, code, questions, navigation and fragments.
fn can_stand(text: &str, unit: &Unit) -> bool {
    let words: Vec<&str> = terms::words(text).take(80).collect();
    let spaced = text.contains(' ');
    if matches!(unit.kind, Kind::Heading | Kind::Code)
        || text.ends_with(['?', '？', ':'])
        || text.chars().count() > MAX_CHARS
    {
        return false;
    }
    if text.contains(" | ") || text.contains(" » ") || text.contains(" > ") || text.starts_with("http") {
        return false;
    }
    let ended = text.ends_with(['.', '!', '…', '。', '！', ')', '"', '»', '”', ';']);
    let telling = text.contains(|c: char| c.is_ascii_digit()) || text.contains(':');
    match unit.kind {
        Kind::Item | Kind::Row => words.len() >= 2,
        _ if !spaced => text.chars().count() >= 8 && ended,
        // Words of a menu have no grammar: neither a full stop nor a function word.
        _ => {
            (ended && words.len() >= 3)
                || (words.len() >= 3 && telling)
                || (words.len() >= 6 && functions(&words) * 6 >= words.len())
        }
    }
}

fn functions(words: &[&str]) -> usize {
    words.iter().filter(|word| stopwords::languages_of(&terms::fold(word)) != 0).count()
}

/// Whether the sentence begins with a word that stands for something named before: a pronoun, or `this` without its noun.
fn leans(text: &str) -> bool {
    const PRONOUNS: &str = "it its he she they his her their them such however therefore thus but он она оно они его ее их однако поэтому но \
        er sie es il elle ils cela";
    const POINTERS: &str = "this these that those это этот эта эти dies diese dieser dieses ce cette ces";
    let mut words = terms::words(text).map(terms::fold);
    let Some(first) = words.next() else { return false };
    let is_in = |list: &str| list.split_whitespace().any(|word| word == first);
    let alone = words.next().is_none_or(|next| stopwords::languages_of(&next) != 0);
    is_in(PRONOUNS) || (is_in(POINTERS) && alone)
}

/// One of many of its kind: what stands above it is said of all of them.
fn is_entry(text: &str, kind: Kind) -> bool {
    kind != Kind::Prose || text.contains(": ")
}

/// Whether it says a word of the question itself, or all of them are said by what stands above it.
fn speaks_itself(question: &Question, said: &HashSet<String>, hits: &[f32]) -> bool {
    let own = |keyword: &terms::Keyword| keyword.terms.iter().any(|term| super::question::is_said(term, said));
    question.keywords.iter().any(own) || hits.iter().all(|hit| *hit > 0.0)
}

/// How far the sentence says each keyword, itself or by what stands above it.
fn hits(question: &Question, said: &HashSet<String>, above: &HashSet<String>, title: &HashSet<String>) -> Vec<f32> {
    let strength = |keyword: &terms::Keyword| {
        let of = |set: &HashSet<String>| {
            if keyword.terms.iter().any(|term| set.contains(term)) {
                1.0
            } else if keyword.terms.iter().any(|term| set.iter().any(|other| same_root(term, other))) {
                NEAR_FORM
            } else {
                0.0
            }
        };
        of(said).max(IN_HEADING * of(above)).max(IN_TITLE * of(title))
    };
    question.keywords.iter().map(strength).collect()
}

/// What else than its words speaks for a sentence, on the scale of the coverage.
const SUITS: f32 = 0.2;
const OF_RANK: f32 = 0.15;
const OF_NEARNESS: f32 = 0.1;
const OF_PLACE: f32 = 0.05;
const FRESH: f32 = 0.2;
const TOO_SHORT_OR_LONG: f32 = 0.1;

fn score(question: &Question, passages: &[Passage], documents: &[Vec<String>], candidates: &mut [Candidate]) {
    let bm25 = Bm25::new(documents);
    let weight = |keyword: &terms::Keyword| keyword.terms.iter().map(|term| bm25.idf(term)).fold(0.1, f32::max);
    let weights: Vec<f32> = question.keywords.iter().map(weight).collect();
    let total: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let wanted: Vec<String> = question.keywords.iter().flat_map(|keyword| keyword.terms.clone()).collect();
    let top = passages.iter().map(|passage| passage.score).fold(0.0, f32::max);
    let mut dates: Vec<_> = passages.iter().filter_map(|passage| passage.published_at).collect();
    dates.sort_unstable();
    dates.dedup();
    for (candidate, terms) in candidates.iter_mut().zip(documents) {
        let passage = &passages[candidate.passage];
        candidate.coverage = candidate.hits.iter().zip(&weights).map(|(hit, weight)| hit * weight).sum::<f32>() / total;
        let mut score = candidate.coverage;
        if question.suits(&candidate.text, &candidate.facts) {
            score += SUITS;
        }
        if top > 0.0 {
            score += OF_RANK * (passage.score / top).max(0.0);
        }
        score += OF_NEARNESS * crate::bm25::proximity(terms, &wanted).min(1.0);
        score += OF_PLACE / (1.0 + candidate.unit as f32);
        if question.fresh && dates.len() > 1 {
            let age = passage.published_at.and_then(|date| dates.binary_search(&date).ok());
            score += FRESH * age.map_or(0.0, |rank| rank as f32 / (dates.len() - 1) as f32);
        }
        if terms.len() < 5 || terms.len() > 60 {
            score -= TOO_SHORT_OR_LONG;
        }
        candidate.score = score;
    }
}
