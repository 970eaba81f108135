//! Summarizes one document by the leading sentences of its sections.

use std::collections::{BTreeMap, HashMap};

use super::candidates::{self, Candidate};
use super::corpus::Corpus;
use super::query_words::QueryWord;
use super::question::Question;
use super::select::{self, Selection};
use super::vocabulary::TermId;
use super::{ExtractiveAnswer, build_answer};

/// Weight of a topic word in the title of a source, in a heading and in the text.
const IN_TITLE: f32 = 1.0;
const IN_HEADING: f32 = 0.6;
const IN_TEXT: f32 = 0.3;
/// Weights of a sentence: the share of its words that recur in the document, its position in the section, its facts; an
/// entry is penalised.
const CENTRALITY_WEIGHT: f32 = 0.4;
const LEAD_WEIGHT: f32 = 0.6;
const FACTS_WEIGHT: f32 = 0.4;
const ENTRY_PENALTY: f32 = 0.8;

/// Leading sentences of the source that `question` names, spread over its sections; `None` if no source matches.
pub(super) fn answer(question: &Question, corpus: &Corpus<'_>, max_sentences: usize) -> Option<ExtractiveAnswer> {
    let source = matching_source(&question.words, corpus)?;
    let everything = Question::about(Vec::new(), question.language);
    let candidates = candidates::score_all(&everything, corpus);
    let frequencies = term_frequencies(&candidates, source);
    let is_eligible = |index: &usize| {
        let statement = candidates[*index].statement;
        statement.source == source && !statement.is_context_dependent && !statement.is_copy
    };
    let mut order: Vec<usize> = (0..candidates.len()).filter(is_eligible).collect();
    let importance: Vec<f32> = candidates.iter().map(|candidate| importance(candidate, &frequencies)).collect();
    order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]));
    let parts = group_into_parts(&candidates, &order, max_sentences);
    let mut indices: Vec<usize> = Vec::new();
    // One sentence of each part first, further ones while there is room.
    for per_part in 1..=max_sentences {
        for index in &order {
            let of_part = indices.iter().filter(|other| parts[*other] == parts[index]).count();
            if indices.len() < max_sentences && of_part < per_part && select::is_new(&candidates, *index, &indices) {
                indices.push(*index);
            }
        }
    }
    indices.sort_by_key(|index| {
        let statement = candidates[*index].statement;
        (corpus.passages[statement.passage].start, statement.range.start)
    });
    let selection = Selection { is_direct: true, indices };
    let summary = build_answer(&everything, corpus, &candidates, &selection);
    (!summary.sentences.is_empty()).then_some(summary)
}

/// Groups neighbouring sections so that the document has at most `count` parts; returns the part of each candidate.
fn group_into_parts(candidates: &[Candidate<'_>], indices: &[usize], count: usize) -> HashMap<usize, usize> {
    let mut sorted = indices.to_vec();
    sorted.sort_unstable();
    let mut sections: Vec<usize> = Vec::new();
    for index in &sorted {
        if !sections.contains(&candidates[*index].statement.section) {
            sections.push(candidates[*index].statement.section);
        }
    }
    let part = |index: &usize| {
        let section = candidates[*index].statement.section;
        let number = sections.iter().position(|other| *other == section).unwrap_or(0);
        number * count.min(sections.len()) / sections.len()
    };
    sorted.iter().map(|index| (*index, part(index))).collect()
}

/// The source whose title, headings and text match the topic best, by rank among equals; without a topic the best
/// ranked one.
fn matching_source(topic: &[QueryWord], corpus: &Corpus<'_>) -> Option<u32> {
    let content: Vec<&QueryWord> = topic.iter().filter(|word| !word.is_generic).collect();
    let mut scores: BTreeMap<u32, f32> = BTreeMap::new();
    for word in &content {
        let similarity = corpus.vocabulary.similarities(word);
        let best =
            |terms: &mut dyn Iterator<Item = &TermId>| terms.map(|term| similarity[*term as usize]).fold(0.0, f32::max);
        // Best match in the title and in a heading.
        let mut surroundings: BTreeMap<u32, [f32; 2]> = BTreeMap::new();
        for (passage, title) in corpus.passages.iter().zip(&corpus.title_terms) {
            let matches = surroundings.entry(passage.source).or_default();
            matches[0] = matches[0].max(best(&mut title.iter()));
        }
        for statement in &corpus.statements {
            let matches = surroundings.entry(statement.source).or_default();
            matches[1] = matches[1].max(best(&mut statement.heading_terms.iter()));
        }
        for (source, [title, heading]) in surroundings {
            let text = corpus.source_terms.get(&source).map_or(0.0, |terms| best(&mut terms.iter()));
            *scores.entry(source).or_default() += title * IN_TITLE + heading * IN_HEADING + text * IN_TEXT;
        }
    }
    let best = scores.values().copied().fold(0.0, f32::max);
    if best <= 0.0 && !content.is_empty() {
        return None;
    }
    let mut ranked = corpus.passages.iter().map(|passage| passage.source);
    ranked.find(|source| scores.get(source).copied().unwrap_or(0.0) >= best)
}

/// For each term, the number of candidates of the source that contain it.
fn term_frequencies(candidates: &[Candidate<'_>], source: u32) -> HashMap<TermId, usize> {
    let mut frequencies: HashMap<TermId, usize> = HashMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.statement.source == source) {
        for term in &candidate.statement.own_terms {
            *frequencies.entry(*term).or_default() += 1;
        }
    }
    frequencies
}

fn importance(candidate: &Candidate<'_>, frequencies: &HashMap<TermId, usize>) -> f32 {
    let statement = candidate.statement;
    let words = statement.own_terms.len().max(1) as f32;
    let recurs = |term: &&TermId| frequencies.get(term).is_some_and(|count| *count > 1);
    let recurring = statement.own_terms.iter().filter(recurs).count();
    let mut importance =
        CENTRALITY_WEIGHT * recurring as f32 / words + LEAD_WEIGHT / (1.0 + statement.section_index as f32);
    if candidate.facts.iter().any(crate::facts::Fact::is_exact) {
        importance += FACTS_WEIGHT;
    }
    if statement.is_entry {
        importance -= ENTRY_PENALTY;
    }
    if words < 5.0 { importance - FACTS_WEIGHT } else { importance }
}
