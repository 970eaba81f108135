//! A document in short: the leading sentences of its sections.

use std::collections::{BTreeMap, HashMap};

use super::candidates::{self, Candidate};
use super::question::Question;
use super::reading::Reading;
use super::select::{self, Choice};
use super::vocabulary::Term;
use super::words::Word;
use super::{Extract, extract};

/// What a word of the topic counts for in the title of a source, a heading, and a text.
const IN_TITLE: f32 = 1.0;
const IN_HEADING: f32 = 0.6;
const IN_TEXT: f32 = 0.3;
/// What speaks for a sentence: the share of its words that the rest of the document uses, too, its place and its facts.
const CENTRAL: f32 = 0.4;
const LEADS: f32 = 0.6;
const HAS_FACTS: f32 = 0.4;
const IS_ENTRY: f32 = 0.8;

/// Leading sentences of the source that `question` names, spread over its sections; `None` if no source fits.
pub(super) fn answer(question: &Question, reading: &Reading<'_>, max_sentences: usize) -> Option<Extract> {
    let source = source(&question.words, reading)?;
    let everything = Question::of(Vec::new(), question.language);
    let all = candidates::gather(&everything, reading);
    let uses = uses(&all, source);
    let mut order: Vec<usize> = (0..all.len())
        .filter(|place| all[*place].said.source == source && !all[*place].said.leans && !all[*place].said.is_copy)
        .collect();
    let worth: Vec<f32> = all.iter().map(|candidate| worth(candidate, &uses)).collect();
    order.sort_by(|a, b| worth[*b].total_cmp(&worth[*a]));
    let parts = parts(&all, &order, max_sentences);
    let mut places: Vec<usize> = Vec::new();
    // One of each part first; further ones where there is room.
    for each in 1..=max_sentences {
        for place in &order {
            let of_part = places.iter().filter(|other| parts[*other] == parts[place]).count();
            if places.len() < max_sentences && of_part < each && select::is_new(&all, *place, &places) {
                places.push(*place);
            }
        }
    }
    places.sort_by_key(|place| (reading.passages[all[*place].said.passage].start, all[*place].said.range.start));
    let made = extract(&everything, reading, &all, &Choice { direct: true, places });
    (!made.sentences.is_empty()).then_some(made)
}

/// Neighbouring sections together, so that there are at most `count` parts of the document: the part of each place.
fn parts(all: &[Candidate<'_>], places: &[usize], count: usize) -> HashMap<usize, usize> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    let mut sections: Vec<usize> = Vec::new();
    for place in &sorted {
        if !sections.contains(&all[*place].said.section) {
            sections.push(all[*place].said.section);
        }
    }
    let part = |place: &usize| {
        let number = sections.iter().position(|section| *section == all[*place].said.section).unwrap_or(0);
        number * count.min(sections.len()) / sections.len()
    };
    sorted.iter().map(|place| (*place, part(place))).collect()
}

/// The source whose title, headings and text say most of the topic; the best ranked of equals. Without a topic the best ranked one.
fn source(topic: &[Word], reading: &Reading<'_>) -> Option<u32> {
    let telling: Vec<&Word> = topic.iter().filter(|word| !word.is_light).collect();
    let mut shares: BTreeMap<u32, f32> = BTreeMap::new();
    for word in &telling {
        let near = reading.vocabulary.nearness(word);
        let most = |terms: &mut dyn Iterator<Item = &Term>| terms.map(|term| near[*term as usize]).fold(0.0, f32::max);
        let mut around: BTreeMap<u32, [f32; 2]> = BTreeMap::new();
        for (passage, title) in reading.passages.iter().zip(&reading.titles) {
            let share = around.entry(passage.source).or_default();
            share[0] = share[0].max(most(&mut title.iter()));
        }
        for said in &reading.statements {
            let share = around.entry(said.source).or_default();
            share[1] = share[1].max(most(&mut said.above.iter()));
        }
        for (source, [title, heading]) in around {
            let text = reading.said.get(&source).map_or(0.0, |said| most(&mut said.iter()));
            *shares.entry(source).or_default() += title * IN_TITLE + heading * IN_HEADING + text * IN_TEXT;
        }
    }
    let best = shares.values().copied().fold(0.0, f32::max);
    if best <= 0.0 && !telling.is_empty() {
        return None;
    }
    let ranked = reading.passages.iter().map(|passage| passage.source);
    ranked.into_iter().find(|source| shares.get(source).copied().unwrap_or(0.0) >= best)
}

/// In how many candidates of the source each term stands.
fn uses(candidates: &[Candidate<'_>], source: u32) -> HashMap<Term, usize> {
    let mut uses: HashMap<Term, usize> = HashMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.said.source == source) {
        for term in &candidate.said.own {
            *uses.entry(*term).or_default() += 1;
        }
    }
    uses
}

fn worth(candidate: &Candidate<'_>, uses: &HashMap<Term, usize>) -> f32 {
    let words = candidate.said.own.len().max(1) as f32;
    let shared = candidate.said.own.iter().filter(|term| uses.get(term).is_some_and(|count| *count > 1)).count();
    let mut worth = CENTRAL * shared as f32 / words + LEADS / (1.0 + candidate.said.depth as f32);
    if candidate.facts.iter().any(crate::facts::Fact::is_exact) {
        worth += HAS_FACTS;
    }
    if candidate.said.is_entry {
        worth -= IS_ENTRY;
    }
    if words < 5.0 { worth - HAS_FACTS } else { worth }
}
