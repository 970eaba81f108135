//! Whether a passage bears out the sentence that cites it.
//!
//! No model judges here, so the check is about what can be checked: numbers, dates and names must stand in the passage, a "not" must be
//! on both sides, and the words must be near. It errs towards `partial`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::facts::{Fact, facts};
use crate::language::{self, Language};
use crate::sentences::{self, Kind};
use crate::tables::{self, Place};
use crate::terms::{self, fold};
use crate::{markdown, stopwords};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The passage does not say this, or says otherwise.
    Unsupported,
    /// Part of it is there, or it cannot be told.
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
    /// Byte range of the sentences of the passage that come nearest. Empty if none has anything in common.
    pub quote: Range<usize>,
}

/// Wording from which a sentence with all its facts in place is supported, and from which it is at least partly.
const SUPPORTED: f32 = 0.55;
const PARTIAL: f32 = 0.3;
/// A sentence has no more terms or facts than fit the bits of a set.
const MAX_ITEMS: usize = 64;
/// Sentences of the longest quote.
const MAX_QUOTE: usize = 3;
/// … unless they are the items of a list.
const MAX_LIST: usize = 13;

/// Checks `sentence` (Markdown and `[n]` markers are ignored) against `passage`.
#[must_use]
pub fn check(sentence: &str, passage: &str) -> Support {
    let mut claim = Claim::read(sentence);
    let source = Source::read(&claim, passage);
    claim.weigh(&source.uses(claim.terms.len()), source.sentences.len());
    let Some(best) = source.best_window(&claim) else {
        return Support { verdict: Verdict::Unsupported, score: 0.0, quote: 0..0 };
    };
    let quote = source.quote(&best);
    let (said, near) = (source.facts_said(), best.facts);
    let hard = claim.exact.count_ones();
    let missing_hard = (claim.exact & !said).count_ones();
    let missing_names = (claim.names & !said).count_ones();
    if claim.language_differs(passage, source.terms_said()) {
        let verdict = if missing_hard > 0 || hard == 0 { Verdict::Unsupported } else { Verdict::Partial };
        return Support { verdict, score: if verdict == Verdict::Partial { 0.5 } else { 0.1 }, quote };
    }
    let everywhere = claim.weight_of(source.terms_said());
    let wording = if claim.total > 0.0 {
        0.8 * best.weight / claim.total + 0.2 * everywhere / claim.total
    } else {
        f32::from(hard > 0)
    };
    let negated = is_negated(sentence) != is_negated(&passage[quote.clone()]);
    let mut score = wording;
    score *= 0.6_f32.powf(missing_hard as f32) * 0.85_f32.powf(missing_names as f32);
    let far = (claim.exact & said & !near).count_ones();
    score *= 0.85_f32.powf(far as f32);
    if negated {
        score *= 0.5;
    }
    let score = score.clamp(0.0, 1.0);
    let all_names_missing = claim.names != 0 && claim.names & said == 0;
    let wrong = (hard > 0 && missing_hard == hard) || (all_names_missing && wording < SUPPORTED);
    let verdict = if wrong || wording < PARTIAL || score < 0.15 {
        Verdict::Unsupported
    } else if missing_hard + missing_names == 0 && !negated && score >= SUPPORTED {
        Verdict::Supported
    } else {
        Verdict::Partial
    };
    Support { verdict, score, quote }
}

/// What the sentence says, each term and fact with its bit.
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
    fn read(sentence: &str) -> Self {
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

    /// Rare words of the passage, and words it lacks, weigh more than those it uses all the time.
    fn weigh(&mut self, uses: &[usize], sentences: usize) {
        for (weight, used) in self.weights.iter_mut().zip(uses) {
            let rarity = (1.0 + sentences as f32) / (1.0 + *used as f32);
            *weight = 1.0 + 0.25 * rarity.ln();
        }
        self.total = self.weights.iter().sum();
    }

    fn weight_of(&self, set: u64) -> f32 {
        self.weights.iter().enumerate().filter(|(bit, _)| set & (1 << bit) != 0).map(|(_, weight)| weight).sum()
    }

    /// Words of different languages cannot be compared. A claim that shares half its words has the passage's language, whatever the
    /// guess says about a short sentence.
    fn language_differs(&self, passage: &str, said: u64) -> bool {
        if self.terms.len() < 3 || said.count_ones() as usize * 2 >= self.terms.len() {
            return false;
        }
        match (self.language, language::detect(passage)) {
            (Some(own), Some(other)) => own != other,
            _ => false,
        }
    }
}

/// The terms that carry meaning; numbers are compared by value elsewhere.
fn content_terms(text: &str) -> Vec<String> {
    let content = terms::words(text).filter(|word| stopwords::languages_of(&fold(word)) == 0);
    content.flat_map(terms::index_terms).filter(|term| term.contains(|c: char| !c.is_ascii_digit())).collect()
}

/// A sentence of the passage.
struct Said {
    range: Range<usize>,
    terms: u64,
    facts: u64,
    is_item: bool,
}

struct Source {
    sentences: Vec<Said>,
}

/// Neighbouring sentences that come nearest to the claim.
struct Window {
    first: usize,
    count: usize,
    weight: f32,
    facts: u64,
}

impl Source {
    fn read(claim: &Claim, passage: &str) -> Self {
        let units = sentences::units(passage);
        let places = tables::places(passage, &units);
        let sentences = units.iter().zip(places).map(|(unit, place)| {
            let range = unit.range.clone();
            // A row says what it says together with the names of its columns.
            let head = match place {
                Place::Row(Some(head)) => &passage[units[head].range.clone()],
                _ => "",
            };
            let text = [head, &passage[range.clone()]].join(" ");
            let used: HashSet<String> = terms::index_terms(&text).into_iter().collect();
            let terms = used.iter().filter_map(|term| claim.terms.get(term)).fold(0, |set, bit| set | 1 << bit);
            let said = if claim.facts.is_empty() { Vec::new() } else { facts(&markdown::plain(&text)) };
            let holds = |fact: &Fact| match fact {
                Fact::Name(term) | Fact::Code(term) if used.contains(term) => true,
                fact => said.iter().any(|said| fact.is_said_by(said)),
            };
            let facts =
                claim.facts.iter().enumerate().filter(|(_, fact)| holds(fact)).fold(0, |set, (bit, _)| set | 1 << bit);
            Said { range, terms, facts, is_item: unit.kind == Kind::Item }
        });
        Self { sentences: sentences.collect() }
    }

    /// How many sentences use each term of the claim.
    fn uses(&self, terms: usize) -> Vec<usize> {
        (0..terms).map(|bit| self.sentences.iter().filter(|said| said.terms & (1 << bit) != 0).count()).collect()
    }

    fn terms_said(&self) -> u64 {
        self.sentences.iter().fold(0, |set, said| set | said.terms)
    }

    fn facts_said(&self) -> u64 {
        self.sentences.iter().fold(0, |set, said| set | said.facts)
    }

    /// The window with the most of the claim; a longer one only if it brings more.
    fn best_window(&self, claim: &Claim) -> Option<Window> {
        let mut best: Option<(f32, Window)> = None;
        for first in 0..self.sentences.len() {
            let (mut terms, mut facts) = (0, 0);
            for (count, said) in self.sentences[first..].iter().take(MAX_LIST).enumerate() {
                if count >= MAX_QUOTE && !said.is_item {
                    break;
                }
                terms |= said.terms;
                facts |= said.facts;
                let weight = claim.weight_of(terms);
                let rank = weight + facts.count_ones() as f32 - 0.4 * count as f32;
                if rank > 0.0 && best.as_ref().is_none_or(|(top, _)| rank > *top + 1e-4) {
                    best = Some((rank, Window { first, count: count + 1, weight, facts }));
                }
            }
        }
        best.map(|(_, window)| window)
    }

    fn quote(&self, window: &Window) -> Range<usize> {
        self.sentences[window.first].range.start..self.sentences[window.first + window.count - 1].range.end
    }
}

/// Whether a sentence denies something. "Without" and "un-" are left out: they deny a part, and paraphrases drop them.
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
