//! Selects the sentences of the answer among the candidates.

use std::collections::HashMap;

use super::answer_type::AnswerType;
use super::candidates::Candidate;
use super::disagreement::{disagree, topic_overlap};
use super::fit::Fit;
use super::matching;
use super::query_words::QueryWord;
use super::question::Question;
use crate::terms::{self, fold};

/// Coverage from which a sentence is shown as a near miss.
const MIN_NEAR_COVERAGE: f32 = 0.28;
/// A further sentence needs this coverage, and this share of the best one's score.
const MIN_FURTHER_COVERAGE: f32 = 0.3;
const MIN_SHARE_OF_BEST: f32 = 0.75;
/// A further entry beside a best entry needs nearly the same coverage.
const MIN_ENTRY_SHARE_OF_BEST: f32 = 0.95;
/// A further sentence needs this share of the best one's context coverage.
const MIN_CONTEXT_SHARE_OF_BEST: f32 = 0.6;
/// Sentences shown when none answers.
const MAX_NEAR_SENTENCES: usize = 3;
/// A hit above this means that the sentence, its heading or its column name has the word …
const STATED: f32 = 0.55;
/// … and from this, that the sentence has it, or the question that heads it.
const IN_SENTENCE: f32 = 0.8;
const STATED_IN_HEADING: f32 = 0.6;
/// A Russian verb may be missing beside this many other words, if the question is whether something is allowed: the
/// source may have its noun.
const MIN_BESIDE_VERB: usize = 2;
/// Resemblance from which a sentence repeats another, and containment in, or topic overlap with, the other.
const REPEAT_RESEMBLANCE: f32 = 0.55;
const REPEAT_OVERLAP: f32 = 0.8;

/// Selected candidates.
pub(super) struct Selection {
    /// Indices of the candidates, in reading order.
    pub(super) indices: Vec<usize>,
    /// Whether they answer the question or are only the closest ones.
    pub(super) is_direct: bool,
}

/// Selects the sentences that answer `question`, or else the closest ones.
pub(super) fn select(question: &Question, candidates: &[Candidate<'_>], max_sentences: usize) -> Selection {
    let mut order: Vec<usize> =
        (0..candidates.len()).filter(|index| candidates[*index].coverage >= MIN_NEAR_COVERAGE).collect();
    order.sort_by(|a, b| candidates[*b].score.total_cmp(&candidates[*a].score));
    if let Some(best) = order.iter().copied().find(|index| is_answer(question, &candidates[*index])) {
        let indices = with_further(question, candidates, &order, best, max_sentences);
        return Selection { indices, is_direct: true };
    }
    order.retain(|index| has_content_hit(question, &candidates[*index], STATED));
    let mut indices: Vec<usize> = Vec::new();
    for index in order {
        if indices.len() < max_sentences.min(MAX_NEAR_SENTENCES) && is_new(candidates, index, &indices) {
            add_with_antecedent(candidates, index, max_sentences.min(MAX_NEAR_SENTENCES), &mut indices);
        }
    }
    sort_for_reading(candidates, &mut indices);
    Selection { indices, is_direct: false }
}

/// Whether a candidate states all that the question names, and gives what it asks for.
pub(super) fn is_answer(question: &Question, candidate: &Candidate<'_>) -> bool {
    if candidate.coverage < MIN_NEAR_COVERAGE {
        return false;
    }
    let own = question.words.len();
    let needed = question.words.iter().zip(&candidate.hits).filter(|(word, _)| !word.is_generic);
    let is_stated = |(_, hit): &(&QueryWord, &f32)| **hit >= matching::STATED;
    let stated = needed.clone().filter(is_stated).count();
    let may_lack = |word: &QueryWord| stated >= MIN_BESIDE_VERB && question.asks_permission() && word.is_infinitive();
    let states_all = needed.clone().all(|pair| is_stated(&pair) || may_lack(pair.0));
    let context = &candidate.hits[own..];
    let is_its_subject =
        !question.has_pronoun() || context.is_empty() || context.iter().any(|hit| *hit >= matching::STATED);
    let statement = candidate.statement;
    let is_headed = statement.answers_heading() && needed.clone().all(|(_, hit)| *hit >= IN_SENTENCE);
    let says_itself = needed.clone().filter(|(_, hit)| **hit >= IN_SENTENCE).count();
    let fits = match candidate.fit {
        Fit::Yes => true,
        Fit::Perhaps => says_itself > 0 && says_itself + 1 >= needed.clone().count(),
        Fit::No => false,
    };
    if asks_another_row(question, candidate) {
        return false;
    }
    // The sentence itself has to speak of half of what is asked, or of what a pronoun in it stands for.
    let is_told = |(_, hit): &(&QueryWord, &f32)| {
        **hit >= IN_SENTENCE || (matching::IN_ANTECEDENT..STATED_IN_HEADING).contains(*hit)
    };
    let told = needed.clone().filter(is_told).count();
    let to_tell = needed.clone().filter(|(word, _)| !word.is_name).count().max(1);
    let is_told_enough = statement.is_entry || candidate.is_on_topic || told * 2 >= to_tell;
    let threshold = if statement.is_entry { 0.0 } else { matching::STATED };
    let is_about = candidate.is_on_topic || has_content_hit(question, candidate, threshold);
    states_all && is_its_subject && (fits || is_headed) && is_about && is_told_enough && candidate.is_compact
}

/// Whether a value is asked for and a word of the question stands among the values of a row whose name the question
/// does not have: `flat rate` in the row of the caretaker says nothing of the rent of a flat.
fn asks_another_row(question: &Question, candidate: &Candidate<'_>) -> bool {
    let is_row = candidate.statement.is_entry && !candidate.statement.key_terms.is_empty();
    let asks_value = matches!(question.answer_type, AnswerType::Amount(_) | AnswerType::Count);
    let has_value =
        question.words.iter().zip(&candidate.hits).any(|(word, hit)| !word.is_generic && *hit > IN_SENTENCE);
    is_row && asks_value && !candidate.key_matches && has_value
}

/// Whether a candidate matches a content word by more than `threshold`. Bare numbers do not count: they occur anywhere.
fn has_content_hit(question: &Question, candidate: &Candidate<'_>, threshold: f32) -> bool {
    let is_content = |word: &&QueryWord| !word.is_generic && word.surface.contains(char::is_alphabetic);
    if !question.words.iter().any(|word| is_content(&word)) {
        return candidate.hits.iter().any(|hit| *hit > threshold);
    }
    let mut hits = question.words.iter().zip(&candidate.hits).filter(|(word, _)| is_content(word));
    hits.any(|(_, hit)| *hit > threshold)
}

/// The best sentence and those that add to it.
fn with_further(
    question: &Question,
    candidates: &[Candidate<'_>],
    order: &[usize],
    best: usize,
    max_sentences: usize,
) -> Vec<usize> {
    let top = &candidates[best];
    let mut selected: Vec<usize> = Vec::new();
    for index in std::iter::once(best).chain(order.iter().copied().filter(|index| *index != best)) {
        let candidate = &candidates[index];
        if selected.len() >= max_sentences {
            break;
        }
        let adds_word = (0..question.words.len()).any(|word| {
            candidate.hits[word] > STATED && selected.iter().all(|other| candidates[*other].hits[word] <= 0.0)
        });
        let is_strong =
            candidate.score >= top.score * MIN_SHARE_OF_BEST && (candidate.fit == Fit::Yes || top.fit != Fit::Yes);
        let is_level = match (top.statement.is_entry, candidate.statement.is_entry) {
            (_, false) => {
                (is_strong || adds_word)
                    && candidate.context_coverage >= top.context_coverage * MIN_CONTEXT_SHARE_OF_BEST
            }
            (true, true) => {
                candidate.coverage >= top.coverage * MIN_ENTRY_SHARE_OF_BEST
                    && candidate.context_coverage >= top.context_coverage * MIN_ENTRY_SHARE_OF_BEST
            }
            (false, true) => {
                candidate.score >= top.score || (is_strong && candidate.fit == Fit::Yes && top.fit != Fit::Yes)
            }
        };
        let is_padding = !adds_word && index != best && uses_other_word_forms(question, top, candidate);
        let adds = index == best || adds_word || is_answer(question, candidate);
        if adds
            && candidate.coverage >= MIN_FURTHER_COVERAGE
            && is_level
            && !is_padding
            && is_new(candidates, index, &selected)
        {
            add_with_antecedent(candidates, index, max_sentences, &mut selected);
        }
    }
    sort_for_reading(candidates, &mut selected);
    selected
}

/// Whether the best sentence has the expected type of answer and the exact words of the question, and the other has one
/// of these words only in another form: `rents` may mean something else than `rent`, or be a verb. ASCII words only,
/// because words of more inflected languages change their form in every sentence.
fn uses_other_word_forms(question: &Question, best: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let forms = |candidate: &Candidate<'_>, word: &QueryWord| -> (bool, bool) {
        let asked = fold(&word.surface);
        let folded = terms::words(&candidate.statement.text).map(fold);
        let forms: Vec<String> = folded.filter(|form| terms::index_terms(form) == word.terms).collect();
        (forms.contains(&asked), forms.is_empty())
    };
    let content = question.words.iter().filter(|word| !word.is_generic && word.surface.is_ascii());
    best.fit == Fit::Yes
        && content.into_iter().any(|word| {
            let (exact, none) = forms(other, word);
            !exact && !none && forms(best, word).0
        })
}

/// Whether a candidate neither overlaps nor repeats a selected one.
pub(super) fn is_new(candidates: &[Candidate<'_>], index: usize, selected: &[usize]) -> bool {
    let candidate = &candidates[index];
    let overlaps = |other: &Candidate<'_>| {
        other.statement.passage == candidate.statement.passage
            && other.statement.range.start < candidate.statement.range.end
            && candidate.statement.range.start < other.statement.range.end
    };
    selected.iter().all(|other| {
        let other = &candidates[*other];
        !overlaps(other) && !repeats(candidate, other)
    })
}

/// Adds a sentence; a context-dependent one together with the sentence before it, or not at all.
fn add_with_antecedent(candidates: &[Candidate<'_>], index: usize, max_sentences: usize, selected: &mut Vec<usize>) {
    let candidate = &candidates[index];
    let statement = candidate.statement;
    if !statement.is_context_dependent || statement.section_index == 0 || statement.answers_heading() {
        selected.push(index);
        return;
    }
    let antecedent = index.checked_sub(1).filter(|before| {
        let earlier = &candidates[*before];
        earlier.statement.passage == candidate.statement.passage
            && earlier.statement.unit_index + 1 == candidate.statement.unit_index
    });
    let Some(antecedent) = antecedent else { return };
    if selected.contains(&antecedent) {
        selected.push(index);
    } else if selected.len() + 2 <= max_sentences {
        selected.extend([antecedent, index]);
    }
}

/// Whether two sentences say the same in nearly the same words and with the same numbers.
fn repeats(candidate: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let is_similar = candidate.shingles.resemblance(&other.shingles) >= REPEAT_RESEMBLANCE
        || candidate.shingles.containment(&other.shingles) >= REPEAT_OVERLAP;
    (is_similar || topic_overlap(candidate, other) >= REPEAT_OVERLAP) && !disagree(candidate, other)
}

/// Sorts by passage, that with the best sentence first, and within a passage from top to bottom.
fn sort_for_reading(candidates: &[Candidate<'_>], selected: &mut [usize]) {
    let mut best: HashMap<usize, f32> = HashMap::new();
    for index in selected.iter() {
        let top = best.entry(candidates[*index].statement.passage).or_insert(f32::MIN);
        *top = top.max(candidates[*index].score);
    }
    selected.sort_by(|a, b| {
        let (a, b) = (&candidates[*a].statement, &candidates[*b].statement);
        best[&b.passage]
            .total_cmp(&best[&a.passage])
            .then(a.passage.cmp(&b.passage))
            .then(a.unit_index.cmp(&b.unit_index))
    });
}
