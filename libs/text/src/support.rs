//! Checks whether a passage supports the sentence that cites it.
//!
//! No model is used, only what can be compared. The sentence is laid beside the clauses of the passage: its words,
//! names, numbers with units and dates must stand together in one of them, or in a row of a table; both must be negated,
//! limited and hedged alike; and subject and object, cause and effect and the sides of a comparison must not be
//! exchanged. A sentence is `supported` if every part of it is found so, `unsupported` if the passage says something
//! else in its place or nothing of it, and `partial` if rules cannot tell. The last are for another judge:
//! [`Assessment::is_settled`].

mod align;
mod cells;
mod claim;
mod exchange;
mod judge;
mod lexicon;
mod matching;
mod operators;
mod parse;
mod passage;
mod rivals;
mod sentence;
mod verbatim;

use std::ops::Range;

use self::align::Alignment;
use self::judge::Ruling;
use self::matching::{Candidate, ClaimIndex, MAX_ITEMS};
use self::sentence::Sentence;
use crate::language::{self, Language};
use crate::{markdown, sentences};

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

/// What rules say of a sentence and the passages of its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Questions and announcements ("Here is a summary:") claim nothing, so nothing supports them.
    pub is_claim: bool,
    /// Whether the sentence stands in a passage word for word.
    pub is_verbatim: bool,
    /// Whether the verdict is certain: a copy, a contradiction, or a sentence found part by part. Another judge, such as
    /// a model, may change the verdicts that are not.
    pub is_settled: bool,
    /// The passage that was judged by: the index of the closest.
    pub passage: usize,
    pub support: Support,
}

/// Candidates examined per claim.
const MAX_CANDIDATES: usize = 4;

/// Checks `sentence` (Markdown and `[n]` markers are ignored) against `passage`.
#[must_use]
pub fn check(sentence: &str, passage: &str) -> Support {
    assess(sentence, &[passage]).support
}

/// Checks `sentence` against the passages of one source. One of them that supports it is enough; otherwise the closest
/// one decides.
#[must_use]
pub fn assess(sentence: &str, passages: &[&str]) -> Assessment {
    let plain = markdown::plain(sentence);
    let is_claim = claim::is_claim(&plain);
    let mut best: Option<(Ruling, f32, Assessment)> = None;
    for (index, passage) in passages.iter().enumerate() {
        let judged = judge_passage(&plain, passage);
        let is_better = best.as_ref().is_none_or(|(ruling, closeness, _)| match judged.ruling {
            Ruling::Supported => *ruling != Ruling::Supported || judged.closeness > *closeness,
            _ => *ruling != Ruling::Supported && judged.closeness > *closeness,
        });
        if !is_better {
            continue;
        }
        let Judged { ruling, is_verbatim, closeness, .. } = judged;
        let assessment = Assessment {
            is_claim,
            is_verbatim,
            is_settled: !is_claim || matches!(ruling, Ruling::Supported | Ruling::Contradicted),
            passage: index,
            support: judged.support(),
        };
        best = Some((ruling, closeness, assessment));
        if is_verbatim {
            break;
        }
    }
    let nothing = Support { verdict: Verdict::Unsupported, score: 0.0, quote: 0..0 };
    let mut assessment = best.map(|(.., assessment)| assessment).unwrap_or(Assessment {
        is_claim,
        is_verbatim: false,
        is_settled: !is_claim,
        passage: 0,
        support: nothing,
    });
    let has_words = plain.contains(char::is_alphanumeric);
    if !is_claim && has_words && !assessment.is_verbatim {
        assessment.support.verdict = Verdict::Partial;
    }
    assessment
}

/// A claim judged by one passage.
struct Judged {
    ruling: Ruling,
    is_verbatim: bool,
    /// The share of the claim that the passage speaks of.
    closeness: f32,
    quote: Range<usize>,
}

impl Judged {
    fn support(self) -> Support {
        let Self { ruling, is_verbatim, closeness, quote } = self;
        let (verdict, score) = match ruling {
            Ruling::Supported if is_verbatim => (Verdict::Supported, 1.0),
            Ruling::Supported => (Verdict::Supported, 0.6 + 0.35 * closeness),
            Ruling::Open => (Verdict::Partial, 0.25 + 0.3 * closeness),
            Ruling::Unrelated => (Verdict::Unsupported, 0.2 * closeness),
            Ruling::Contradicted => (Verdict::Unsupported, 0.1),
        };
        Support { verdict, score: score.clamp(0.0, 1.0), quote }
    }
}

fn judge_passage(plain: &str, passage: &str) -> Judged {
    let units = sentences::units(passage);
    let copied = verbatim::find(plain, passage, &units).or_else(|| verbatim::find_unsegmented(plain, passage, &units));
    if let Some(quote) = copied {
        return Judged { ruling: Ruling::Supported, is_verbatim: true, closeness: 1.0, quote };
    }
    let language = language::detect(plain);
    let names_are_capitalised = language != Some(Language::GERMAN);
    let source = passage::sentences_of(passage, names_are_capitalised);
    let mut judged: Option<Judged> = None;
    for part in claim::parts(plain) {
        let mut claim = Sentence::parse(part, names_are_capitalised);
        let is_cut = claim.items.len() > MAX_ITEMS;
        claim.items.truncate(MAX_ITEMS);
        if claim.weight() < f32::EPSILON {
            continue;
        }
        let mut own = judge_claim(&claim, &source);
        if is_cut && own.ruling == Ruling::Supported {
            own.ruling = Ruling::Open;
        }
        judged = Some(match judged {
            Some(other) => both(other, own),
            None => own,
        });
    }
    let mut judged =
        judged.unwrap_or(Judged { ruling: Ruling::Unrelated, is_verbatim: false, closeness: 0.0, quote: 0..0 });
    if judged.ruling == Ruling::Unrelated && is_translated(plain, language, passage) {
        judged.ruling = Ruling::Open;
    }
    judged
}

/// Two parts of a sentence: it is supported if both are, and contradicted if one is.
fn both(one: Judged, other: Judged) -> Judged {
    let ruling = match (one.ruling, other.ruling) {
        (Ruling::Contradicted, _) | (_, Ruling::Contradicted) => Ruling::Contradicted,
        (one, other) if one == other => one,
        _ => Ruling::Open,
    };
    let quote = if other.quote.is_empty() { one.quote } else { other.quote };
    Judged { ruling, is_verbatim: false, closeness: f32::midpoint(one.closeness, other.closeness), quote }
}

fn judge_claim(claim: &Sentence, source: &[Sentence]) -> Judged {
    let index = ClaimIndex::new(claim);
    let all: Vec<Candidate<'_>> =
        source.iter().enumerate().map(|(at, sentence)| Candidate::new(at, sentence, &index)).collect();
    let mut order: Vec<&Candidate<'_>> = all.iter().filter(|candidate| candidate.closeness > 0.0).collect();
    order.sort_by(|a, b| b.closeness.total_cmp(&a.closeness).then(a.index.cmp(&b.index)));
    let total = claim.weight();
    let mut best: Option<Judged> = None;
    for candidate in order.into_iter().take(MAX_CANDIDATES) {
        let alignment = Alignment::new(claim, candidate);
        let ruling = judge::judge(&alignment, &all);
        let closeness = candidate.closeness / total;
        let is_better = match &best {
            None => true,
            Some(best) => ruling == Ruling::Supported || (best.ruling == Ruling::Unrelated && ruling > best.ruling),
        };
        if is_better {
            best = Some(Judged { ruling, is_verbatim: false, closeness, quote: candidate.sentence.range.clone() });
        }
        if ruling == Ruling::Supported {
            break;
        }
    }
    best.unwrap_or(Judged { ruling: Ruling::Unrelated, is_verbatim: false, closeness: 0.0, quote: 0..0 })
}

/// Whether the sentence is in another language than the passage, so that its words cannot be compared.
fn is_translated(sentence: &str, language: Option<Language>, passage: &str) -> bool {
    let has_words = crate::terms::words(sentence).nth(2).is_some();
    has_words && matches!((language, language::detect(passage)), (Some(own), Some(other)) if own != other)
}
