//! Where and how closely the passages match each word of a question.

use std::collections::{HashMap, HashSet};

use super::corpus::{Corpus, Statement};
use super::query_words::QueryWord;
use super::question::Question;
use super::value_kind::ValueKind;
use super::vocabulary::TermId;
use crate::facts::Fact;
use crate::terms;

/// Weight of a match that is not in the statement itself but only in a column name, a heading, the title of the source,
/// or elsewhere in the source.
const IN_COLUMN: f32 = 0.8;
const IN_HEADING: f32 = 0.6;
const IN_TITLE: f32 = 0.5;
const IN_SOURCE: f32 = 0.2;
/// Weight of a match in the question that heads the statement.
const IN_QUESTION: f32 = 0.9;
/// Weight of a match in what a pronoun refers to, or in the full name of what the statement names in short.
pub(super) const IN_ANTECEDENT: f32 = 0.55;
/// Credit for a word such as `price`, if the statement gives a value of that kind and has all other words.
const VALUE_CREDIT: f32 = 0.56;
/// From here on the statement itself has a word.
const TOLD: f32 = 0.8;
/// A source with a word in so many statements is about it.
const TOPIC_STATEMENTS: usize = 3;
/// The words of a question stand within so many terms if one clause speaks of them.
const CLAUSE_TERMS: usize = 24;
/// A word counts as stated from here on.
pub(super) const STATED: f32 = 0.5;
/// Share of the pairs of characters of a word without spaces that a statement needs.
const MIN_PAIRS: f32 = 0.6;

/// Where and how closely the passages match each word of the question and its context.
pub(super) struct QueryTermStats<'a> {
    corpus: &'a Corpus<'a>,
    /// For each word: similarity of each term, indexed by [`TermId`].
    similarities: Vec<Vec<f32>>,
    /// For each word: the terms that are similar to it.
    matching: Vec<Vec<TermId>>,
    /// For each word without spaces: how many pairs of characters it has; 0 for other words.
    pairs: Vec<usize>,
    /// For each word: whether it is Russian, where `the X of Y` has no word between.
    is_cyrillic: Vec<bool>,
    /// For each word: whether it may be left to the source as a whole.
    may_be_topic: Vec<bool>,
    /// For each word of the question: the one that follows it directly.
    next_words: Vec<Option<usize>>,
    /// For each word: the sources that use it, sorted.
    pub(super) sources: Vec<Vec<u32>>,
    /// For each word: the sources that use it so often that they are about it.
    frequent_in: Vec<Vec<u32>>,
}

impl<'a> QueryTermStats<'a> {
    pub(super) fn new(question: &Question, corpus: &'a Corpus<'a>) -> Self {
        let words = question.words.iter().chain(&question.context);
        let pairs = words.clone().map(|word| if word.is_unsegmented { word.terms.len() } else { 0 }).collect();
        let similarities: Vec<Vec<f32>> = words.clone().map(|word| corpus.vocabulary.similarities(word)).collect();
        let similarities = one_word_each(similarities);
        let uses =
            |similarity: &[f32], terms: &HashSet<TermId>| terms.iter().any(|term| similarity[*term as usize] > 0.0);
        let sources = similarities
            .iter()
            .map(|similarity| {
                let using = corpus.source_terms.iter().filter(|(_, terms)| uses(similarity, terms));
                using.map(|(source, _)| *source).collect()
            })
            .collect();
        let cyrillic = |word: &QueryWord| word.surface.starts_with(|c| matches!(c, '\u{400}'..='\u{4ff}'));
        let is_cyrillic = words.clone().map(cyrillic).collect();
        let may_be_topic = words.clone().map(|word| word.is_name || word.is_complement).collect();
        let frequent_in =
            similarities.iter().zip(words).map(|(similar, word)| topic_sources(corpus, similar, word)).collect();
        let matching = similarities.iter().map(|similarity| similar_terms(similarity)).collect();
        Self {
            corpus,
            similarities,
            matching,
            pairs,
            is_cyrillic,
            may_be_topic,
            next_words: question.next_words(),
            sources,
            frequent_in,
        }
    }

    /// Similarity of word number `word` to the most similar of `terms`.
    pub(super) fn similarity(&self, word: usize, terms: &[TermId]) -> f32 {
        let similarity = &self.similarities[word];
        match self.pairs[word] {
            0 => terms.iter().map(|term| similarity[*term as usize]).fold(0.0, f32::max),
            pairs => {
                let matched: HashSet<TermId> =
                    terms.iter().copied().filter(|term| similarity[*term as usize] >= 1.0).collect();
                let share = matched.len() as f32 / pairs as f32;
                if share >= MIN_PAIRS { share } else { 0.0 }
            }
        }
    }

    /// How well a statement matches word number `word`, by itself or by its surroundings.
    pub(super) fn hit(&self, word: usize, statement: &Statement) -> f32 {
        if self.sources[word].binary_search(&statement.source).is_err() {
            return 0.0;
        }
        let own = self.similarity(word, &statement.own_terms);
        let is_in = |terms: &[TermId]| self.similarity(word, terms) > 0.0;
        if own > 0.0 {
            own
        } else if is_in(&statement.question_terms) {
            IN_QUESTION
        } else if is_in(&statement.column_terms) {
            IN_COLUMN
        } else if is_in(&statement.heading_terms) {
            IN_HEADING
        } else if is_in(&statement.antecedent_terms) || self.is_in_full_name(word, statement) {
            IN_ANTECEDENT
        } else if is_in(&self.corpus.title_terms[statement.passage]) || self.is_in_topic(word, statement) {
            IN_TITLE
        } else if statement.is_entry {
            0.0
        } else {
            IN_SOURCE
        }
    }

    /// Whether the content words that a statement has itself stand within one window, as in one clause of a long one.
    pub(super) fn is_compact(&self, question: &Question, statement: &Statement) -> bool {
        if statement.terms.len() <= CLAUSE_TERMS {
            return true;
        }
        let content = question.words.iter().enumerate().filter(|(_, word)| !word.is_generic).map(|(word, _)| word);
        let found: Vec<(usize, usize)> = content
            .flat_map(|word| {
                let terms = self.matching_terms(word);
                let places = statement.terms.iter().enumerate();
                places.filter(|(_, term)| terms.binary_search(term).is_ok()).map(move |(at, _)| (at, word))
            })
            .collect();
        shortest_window(found) <= CLAUSE_TERMS
    }

    /// Whether the source begins with a sentence about this word, and the statement has no other name for its subject.
    fn is_in_topic(&self, word: usize, statement: &Statement) -> bool {
        if !self.may_be_topic[word] {
            return false;
        }
        let names_other = || {
            let is_asked = |term: &TermId| self.similarities.iter().any(|similar| similar[*term as usize] > 0.0);
            statement.subject_names.iter().any(|term| !is_asked(term))
        };
        let topic = self.corpus.topics.get(&statement.source);
        let is_topic = topic.is_some_and(|topic| self.similarity(word, topic) > 0.0);
        let is_frequent = || self.frequent_in[word].contains(&statement.source);
        (is_topic || (!statement.is_entry && is_frequent())) && !names_other()
    }

    /// Whether the statement names in short (`the whale`) what the question and its source name in full (`fin whale`).
    fn is_in_full_name(&self, word: usize, statement: &Statement) -> bool {
        let before = self.next_words.iter().position(|next| *next == Some(word));
        let follows_noun = before.filter(|_| self.is_cyrillic[word]).is_some_and(|noun| {
            let nouns = self.matching_terms(noun);
            statement.terms.iter().any(|term| nouns.contains(term))
                && self.corpus.are_neighbours(statement.source, nouns, self.matching_terms(word))
        });
        if follows_noun {
            return true;
        }
        let Some(noun) = self.next_words.get(word).copied().flatten() else { return false };
        let nouns = self.matching_terms(noun);
        let Some(at) = statement.terms.iter().position(|term| nouns.contains(term)) else { return false };
        let is_bare =
            at.checked_sub(1).is_none_or(|before| self.corpus.vocabulary.is_function_word(statement.terms[before]));
        is_bare && self.corpus.are_neighbours(statement.source, self.matching_terms(word), nouns)
    }

    fn matching_terms(&self, word: usize) -> &[TermId] {
        &self.matching[word]
    }

    /// Whether the headings above a statement name all content words.
    pub(super) fn is_on_topic(&self, question: &Question, statement: &Statement) -> bool {
        let mut content = question.words.iter().enumerate().filter(|(_, word)| !word.is_generic).peekable();
        content.peek().is_some() && content.all(|(word, _)| self.similarity(word, &statement.heading_terms) > 0.0)
    }

    /// Whether an entry matches a specific word itself, or all content words by itself or its surroundings.
    pub(super) fn is_relevant_entry(&self, question: &Question, statement: &Statement, hits: &[f32]) -> bool {
        let has_content = question.words.iter().any(|word| !word.is_generic);
        let mut relevant = question.words.iter().zip(hits).filter(|(word, _)| !(has_content && word.is_generic));
        self.matches_specific_word(question, statement) || relevant.all(|(_, hit)| *hit > 0.0)
    }

    /// Whether a statement itself matches a content word that does more than name a kind of value.
    fn matches_specific_word(&self, question: &Question, statement: &Statement) -> bool {
        let mut words = question.words.iter().enumerate();
        words.any(|(number, word)| {
            !word.is_generic && word.value_kind.is_none() && self.similarity(number, &statement.own_terms) > 0.0
        })
    }

    /// Gives [`VALUE_CREDIT`] for a word whose kind of value the statement gives, if it states all other words. A
    /// sentence needs to have them itself; a price needs a row, since sentences name many.
    pub(super) fn credit_values(&self, question: &Question, statement: &Statement, facts: &[Fact], hits: &mut [f32]) {
        if !self.matches_specific_word(question, statement) {
            return;
        }
        let needed = if statement.is_entry { STATED } else { IN_HEADING };
        for (number, word) in question.words.iter().enumerate() {
            let Some(kind) = word.value_kind.filter(|_| hits[number] < STATED) else { continue };
            let others = question.words.iter().zip(hits.iter()).enumerate();
            let has_others =
                others.into_iter().all(|(other, (word, hit))| other == number || word.is_generic || *hit >= needed);
            let is_given = kind.is_among(facts, &statement.text) && (statement.is_entry || kind != ValueKind::Money);
            if has_others && is_given {
                hits[number] = VALUE_CREDIT;
            }
        }
    }
}

impl QueryTermStats<'_> {
    /// Leaves the complement of what is asked for (`the rent of the flat`) to a source that speaks of it somewhere, if a
    /// sentence has everything else and no complement of its own.
    pub(super) fn credit_complements(&self, question: &Question, statement: &Statement, hits: &mut [f32]) {
        let content = |hits: &[f32]| -> Vec<(usize, f32)> {
            let words = question.words.iter().zip(hits).enumerate();
            words.filter(|(_, (word, _))| !word.is_generic).map(|(number, (_, hit))| (number, *hit)).collect()
        };
        let lacking: Vec<(usize, f32)> = content(hits).into_iter().filter(|(_, hit)| *hit < STATED).collect();
        let &[(number, hit)] = lacking.as_slice() else { return };
        let word = &question.words[number];
        let is_left_out = word.is_complement && !word.is_name && hit > 0.0 && !statement.is_entry;
        let others = content(hits).into_iter().filter(|(other, _)| *other != number);
        let (told, all) = others.fold((0, 0), |(told, all), (_, hit)| (told + usize::from(hit >= TOLD), all + 1));
        if is_left_out && all > 0 && told == all && !has_complement(&statement.text) {
            hits[number] = STATED;
        }
    }
}

fn has_complement(text: &str) -> bool {
    const PREPOSITIONS: &str = "of for in у для von für im de";
    terms::words(text).any(|word| PREPOSITIONS.split(' ').any(|preposition| preposition == terms::fold(word)))
}

/// The sources with a word in at least [`TOPIC_STATEMENTS`] statements; a name has to be stated where it counts.
fn topic_sources(corpus: &Corpus<'_>, similarity: &[f32], word: &QueryWord) -> Vec<u32> {
    if word.is_name || word.is_code {
        return Vec::new();
    }
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for statement in &corpus.statements {
        let has_word = statement.own_terms.iter().any(|term| similarity[*term as usize] >= 1.0);
        *counts.entry(statement.source).or_default() += usize::from(has_word);
    }
    counts.into_iter().filter(|(_, count)| *count >= TOPIC_STATEMENTS).map(|(source, _)| source).collect()
}

/// The length of the shortest stretch with all the words that are found at all, given as places and words.
fn shortest_window(mut found: Vec<(usize, usize)>) -> usize {
    found.sort_unstable();
    let distinct: HashSet<usize> = found.iter().map(|(_, word)| *word).collect();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let (mut left, mut shortest) = (0, usize::MAX);
    for (at, word) in &found {
        *counts.entry(*word).or_default() += 1;
        while counts.len() == distinct.len() {
            let (start, leaving) = found[left];
            shortest = shortest.min(at - start);
            let count = counts.entry(leaving).or_default();
            *count -= 1;
            if *count == 0 {
                counts.remove(&leaving);
            }
            left += 1;
        }
    }
    if distinct.is_empty() { 0 } else { shortest }
}

/// Similarities without those to a term that is exactly another word of the question: in `who founded the Foundation`
/// the name does not tell who founded it.
fn one_word_each(mut similarities: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let terms = similarities.first().map_or(0, Vec::len);
    for term in 0..terms {
        if similarities.iter().any(|word| word[term] >= 1.0) {
            similarities.iter_mut().filter(|word| word[term] < 1.0).for_each(|word| word[term] = 0.0);
        }
    }
    similarities
}

fn similar_terms(similarity: &[f32]) -> Vec<TermId> {
    let similar = similarity.iter().enumerate().filter(|(_, similarity)| **similarity > 0.0);
    similar.filter_map(|(term, _)| TermId::try_from(term).ok()).collect()
}
