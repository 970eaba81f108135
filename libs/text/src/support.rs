//! Checks whether a passage supports the sentence that cites it.
//!
//! No model is used, only what can be compared: numbers, dates and names must occur in the passage, both must be
//! negated or neither, and the wording must be similar. In doubt the verdict is `partial`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::facts::{Fact, facts};
use crate::language::{self, Language};
use crate::sentences::{self, UnitKind};
use crate::tables::{self, TablePosition};
use crate::terms::{self, fold};
use crate::{markdown, stopwords};

/// How far a passage supports a sentence, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The passage does not say this or contradicts it.
    Unsupported,
    /// The passage says a part of it, or this cannot be determined.
    Partial,
    Supported,
}

impl Verdict {
    /// The name in events and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Partial => "partial",
            Self::Unsupported => "unsupported",
        }
    }
}

/// The result of [`check`].
#[derive(Clone, Debug, PartialEq)]
pub struct Support {
    pub verdict: Verdict,
    /// 0 to 1; a sentence copied from the passage has 1.
    pub score: f32,
    /// Byte range of the passage's closest sentences. Empty if none has anything in common.
    pub quote: Range<usize>,
}

/// Wording score from which a sentence whose facts all occur is supported, and below which it is unsupported.
const MIN_SUPPORTED: f32 = 0.55;
const MIN_PARTIAL: f32 = 0.3;
/// Terms and facts considered per sentence: the bits of a `u64` set.
const MAX_ITEMS: usize = 64;
/// Longest quote in sentences …
const MAX_QUOTE_SENTENCES: usize = 3;
/// … and with the items of a list.
const MAX_QUOTE_WITH_ITEMS: usize = 13;

/// Checks `sentence` (Markdown and `[n]` markers are ignored) against `passage`.
#[must_use]
pub fn check(sentence: &str, passage: &str) -> Support {
    let mut claim = Claim::parse(sentence);
    let source = CitedPassage::parse(&claim, passage);
    claim.weigh(&source.term_frequencies(claim.terms.len()), source.sentences.len());
    let Some(best) = source.best_window(&claim) else {
        return Support { verdict: Verdict::Unsupported, score: 0.0, quote: 0..0 };
    };
    let quote = source.quote(&best);
    let (in_passage, in_quote) = (source.facts(), best.facts);
    let exact = claim.exact.count_ones();
    let missing_exact = (claim.exact & !in_passage).count_ones();
    let missing_names = (claim.names & !in_passage).count_ones();
    if claim.language_differs(passage, source.terms()) {
        let verdict = if missing_exact > 0 || exact == 0 { Verdict::Unsupported } else { Verdict::Partial };
        return Support { verdict, score: if verdict == Verdict::Partial { 0.5 } else { 0.1 }, quote };
    }
    let weight_in_passage = claim.weight_of(source.terms());
    let wording = if claim.total > 0.0 {
        0.8 * best.weight / claim.total + 0.2 * weight_in_passage / claim.total
    } else {
        f32::from(exact > 0)
    };
    let negation_differs = is_negated(sentence) != is_negated(&passage[quote.clone()]);
    let mut score = wording;
    score *= 0.6_f32.powf(missing_exact as f32) * 0.85_f32.powf(missing_names as f32);
    let outside_quote = (claim.exact & in_passage & !in_quote).count_ones();
    score *= 0.85_f32.powf(outside_quote as f32);
    if negation_differs {
        score *= 0.5;
    }
    let score = score.clamp(0.0, 1.0);
    let all_names_missing = claim.names != 0 && claim.names & in_passage == 0;
    let is_wrong = (exact > 0 && missing_exact == exact) || (all_names_missing && wording < MIN_SUPPORTED);
    let verdict = if is_wrong || wording < MIN_PARTIAL || score < 0.15 {
        Verdict::Unsupported
    } else if missing_exact + missing_names == 0 && !negation_differs && score >= MIN_SUPPORTED {
        Verdict::Supported
    } else {
        Verdict::Partial
    };
    Support { verdict, score, quote }
}

/// The citing sentence. Each of its terms and facts has a bit in the sets below.
struct Claim {
    language: Option<Language>,
    terms: HashMap<String, usize>,
    weights: Vec<f32>,
    total: f32,
    facts: Vec<Fact>,
    exact: u64,
    names: u64,
}

impl Claim {
    fn parse(sentence: &str) -> Self {
        let plain = markdown::plain(sentence);
        let language = language::detect(&plain);
        let nouns_are_capitalised = language == Some(Language::GERMAN);
        let mut facts = facts(&plain);
        facts.retain(|fact| fact.is_exact() || !nouns_are_capitalised);
        facts.truncate(MAX_ITEMS);
        let bits = |exact: bool| {
            facts
                .iter()
                .enumerate()
                .filter(|(_, fact)| fact.is_exact() == exact)
                .fold(0, |set, (bit, _)| set | 1 << bit)
        };
        let (exact, names) = (bits(true), bits(false));
        let mut terms = HashMap::new();
        for term in content_terms(&plain) {
            if terms.len() < MAX_ITEMS {
                let bit = terms.len();
                terms.entry(term).or_insert(bit);
            }
        }
        Self { language, weights: vec![1.0; terms.len()], total: terms.len() as f32, terms, facts, exact, names }
    }

    /// Gives terms that are rare in the passage or missing from it more weight than frequent ones.
    fn weigh(&mut self, frequencies: &[usize], sentences: usize) {
        for (weight, frequency) in self.weights.iter_mut().zip(frequencies) {
            let rarity = (1.0 + sentences as f32) / (1.0 + *frequency as f32);
            *weight = 1.0 + 0.25 * rarity.ln();
        }
        self.total = self.weights.iter().sum();
    }

    fn weight_of(&self, set: u64) -> f32 {
        self.weights.iter().enumerate().filter(|(bit, _)| set & (1 << bit) != 0).map(|(_, weight)| weight).sum()
    }

    /// Whether the wording cannot be compared because the languages differ. A claim that shares half its terms with the
    /// passage has its language, whatever is detected for a short sentence.
    fn language_differs(&self, passage: &str, shared: u64) -> bool {
        if self.terms.len() < 3 || shared.count_ones() as usize * 2 >= self.terms.len() {
            return false;
        }
        match (self.language, language::detect(passage)) {
            (Some(own), Some(other)) => own != other,
            _ => false,
        }
    }
}

/// The terms of content words; numbers are compared as facts instead.
fn content_terms(text: &str) -> Vec<String> {
    let content = terms::words(text).filter(|word| stopwords::languages_of(&fold(word)) == 0);
    content.flat_map(terms::index_terms).filter(|term| term.contains(|c: char| !c.is_ascii_digit())).collect()
}

/// A sentence of the passage with the terms and facts of the claim that it has.
struct PassageSentence {
    range: Range<usize>,
    terms: u64,
    facts: u64,
    is_item: bool,
}

struct CitedPassage {
    sentences: Vec<PassageSentence>,
}

/// Consecutive sentences of the passage.
struct SentenceWindow {
    first: usize,
    count: usize,
    weight: f32,
    facts: u64,
}

impl CitedPassage {
    fn parse(claim: &Claim, passage: &str) -> Self {
        let units = sentences::units(passage);
        let positions = tables::positions(passage, &units);
        let sentences = units.iter().zip(positions).map(|(unit, position)| {
            let range = unit.range.clone();
            // A row is read together with its column names.
            let header = match position {
                TablePosition::Row(Some(header)) => &passage[units[header].range.clone()],
                _ => "",
            };
            let text = [header, &passage[range.clone()]].join(" ");
            let own_terms: HashSet<String> = terms::index_terms(&text).into_iter().collect();
            let terms = own_terms.iter().filter_map(|term| claim.terms.get(term)).fold(0, |set, bit| set | 1 << bit);
            let own_facts = if claim.facts.is_empty() { Vec::new() } else { facts(&markdown::plain(&text)) };
            let has_fact = |fact: &Fact| match fact {
                Fact::Name(term) | Fact::Code(term) if own_terms.contains(term) => true,
                fact => own_facts.iter().any(|own| fact.is_supported_by(own)),
            };
            let facts = claim
                .facts
                .iter()
                .enumerate()
                .filter(|(_, fact)| has_fact(fact))
                .fold(0, |set, (bit, _)| set | 1 << bit);
            PassageSentence { range, terms, facts, is_item: unit.kind == UnitKind::Item }
        });
        Self { sentences: sentences.collect() }
    }

    /// The number of sentences with each term of the claim.
    fn term_frequencies(&self, terms: usize) -> Vec<usize> {
        (0..terms)
            .map(|bit| self.sentences.iter().filter(|sentence| sentence.terms & (1 << bit) != 0).count())
            .collect()
    }

    fn terms(&self) -> u64 {
        self.sentences.iter().fold(0, |set, sentence| set | sentence.terms)
    }

    fn facts(&self) -> u64 {
        self.sentences.iter().fold(0, |set, sentence| set | sentence.facts)
    }

    /// The window that covers most of the claim; a longer one only if it covers more.
    fn best_window(&self, claim: &Claim) -> Option<SentenceWindow> {
        let mut best: Option<(f32, SentenceWindow)> = None;
        for first in 0..self.sentences.len() {
            let (mut terms, mut facts) = (0, 0);
            for (count, sentence) in self.sentences[first..].iter().take(MAX_QUOTE_WITH_ITEMS).enumerate() {
                if count >= MAX_QUOTE_SENTENCES && !sentence.is_item {
                    break;
                }
                terms |= sentence.terms;
                facts |= sentence.facts;
                let weight = claim.weight_of(terms);
                let rank = weight + facts.count_ones() as f32 - 0.4 * count as f32;
                if rank > 0.0 && best.as_ref().is_none_or(|(top, _)| rank > *top + 1e-4) {
                    best = Some((rank, SentenceWindow { first, count: count + 1, weight, facts }));
                }
            }
        }
        best.map(|(_, window)| window)
    }

    fn quote(&self, window: &SentenceWindow) -> Range<usize> {
        self.sentences[window.first].range.start..self.sentences[window.first + window.count - 1].range.end
    }
}

/// Whether a sentence is negated. "Without" and "un-" do not count: they negate only a part, and paraphrases drop them.
fn is_negated(text: &str) -> bool {
    const WORDS: [&str; 22] = [
        "not",
        "no",
        "never",
        "cannot",
        "none",
        "neither",
        "не",
        "нет",
        "нельзя",
        "никогда",
        "ни",
        "nicht",
        "kein",
        "keine",
        "keinen",
        "nie",
        "pas",
        "jamais",
        "aucun",
        "nunca",
        "ningun",
        "ninguna",
    ];
    terms::words(text).any(|word| {
        let word = fold(word);
        WORDS.contains(&word.as_str()) || word.ends_with("n't")
    })
}
