//! Text on its way to the reader: citation markers are resolved while it streams, and each cited sentence is checked
//! against the passages of the source it names.

use text::{
    citations::{CitationOutput, CitationResolver},
    support::{self, Support, Verdict},
};

use super::Context;
use crate::{
    api::{Citation, Source},
    event::Event,
};

/// Where the writer's text goes.
pub(super) struct Output<'a> {
    context: &'a Context,
    sources: &'a [Source],
    resolver: CitationResolver,
    /// Characters of the answer before the first one of this writer.
    base: usize,
    /// Characters an earlier process already sent of what this writer writes again.
    skip: usize,
    /// Citations already sent.
    cited: usize,
    /// Citations met so far.
    met: usize,
}

impl<'a> Output<'a> {
    /// An output that goes on after what was sent.
    pub(super) fn after(context: &'a Context, sources: &'a [Source]) -> Self {
        let progress = context.progress();
        let base = progress.answer.chars().count();
        let cited = progress.citations.len();
        Self { met: cited, ..Self::new(context, sources, base, 0, cited) }
    }

    /// An output for a writer that writes everything again: what was sent is left out.
    pub(super) fn again(context: &'a Context, sources: &'a [Source]) -> Self {
        let progress = context.progress();
        Self::new(context, sources, 0, progress.answer.chars().count(), progress.citations.len())
    }

    fn new(context: &'a Context, sources: &'a [Source], base: usize, skip: usize, cited: usize) -> Self {
        let known = u32::try_from(sources.len()).unwrap_or(u32::MAX);
        Self { context, sources, resolver: CitationResolver::new(known), base, skip, cited, met: 0 }
    }

    pub(super) fn push(&mut self, text: &str) {
        let pieces = self.resolver.push(text);
        self.take(pieces);
    }

    pub(super) fn finish(mut self) {
        let pieces = self.resolver.finish();
        self.take(pieces);
    }

    fn take(&mut self, pieces: Vec<CitationOutput>) {
        for piece in pieces {
            match piece {
                CitationOutput::Text(text) => self.say(text),
                CitationOutput::Sentence { start, end, text, sources } => {
                    for source in sources {
                        self.cite(source, (self.base + start, self.base + end), &text);
                    }
                }
            }
        }
    }

    fn say(&mut self, text: String) {
        if self.skip == 0 {
            return self.context.say(text);
        }
        let length = text.chars().count();
        if length <= self.skip {
            self.skip -= length;
            return;
        }
        let rest = text.chars().skip(self.skip).collect();
        self.skip = 0;
        self.context.say(rest);
    }

    fn cite(&mut self, number: u32, (start, end): (usize, usize), sentence: &str) {
        self.met += 1;
        if self.met <= self.cited {
            return;
        }
        let Some(source) = self.sources.iter().find(|source| source.index == number) else { return };
        let (support, quote) = best_support(sentence, source);
        self.context.emit(Event::Citation(Citation {
            index: u32::try_from(self.met).unwrap_or(u32::MAX),
            source: number,
            start: start as u64,
            end: end as u64,
            quote,
            support: support.verdict.as_str().to_owned(),
            score: support.score,
        }));
    }
}

/// The verdict over the passage of `source` that supports the sentence best.
fn best_support(sentence: &str, source: &Source) -> (Support, String) {
    let mut best = (Support { verdict: Verdict::Unsupported, score: 0.0, quote: 0..0 }, String::new());
    for passage in &source.passages {
        let support = support::check(sentence, &passage.text);
        if support.score > best.0.score {
            let quote = passage.text.get(support.quote.clone()).unwrap_or_default().to_owned();
            let certain = support.verdict == Verdict::Supported && support.score > 0.95;
            best = (support, quote);
            if certain {
                break;
            }
        }
    }
    best
}
